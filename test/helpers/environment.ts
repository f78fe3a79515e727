/** What `make soak`, `make fuzz` and `make demo` are given: MINUTES, TEXTS, SEED and CURVE. They end with 2 for what is none. */

import { parseCurve } from '../../src/commands/arguments.ts'
import type { SuiteName } from '../../src/protocol/suites.ts'

/** `minutes` if none are given; without a seed, one that nobody chose. */
export function environment(minutes: number): { minutes: number; seed: number } {
  return {
    minutes: number('MINUTES', minutes),
    // room for the seeds that are counted up from it
    seed: Math.floor(number('SEED', Math.random() * 1e9)) % 1e9,
  }
}

/** How many texts are the end of the run; null if it ends by the clock. */
export function environmentTexts(): number | null {
  return process.env['TEXTS'] ? number('TEXTS', 0) : null
}

/** X25519 if none is given. */
export function environmentSuite(): SuiteName {
  const name = process.env['CURVE'] || 'X25519'
  try {
    return parseCurve(name)
  } catch {
    return refuse('CURVE is X25519, P-256 or X25519MLKEM768', name)
  }
}

function number(name: 'MINUTES' | 'TEXTS' | 'SEED', otherwise: number): number {
  const text = process.env[name] || String(otherwise)
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : refuse(`${name} is a number`, text)
}

function refuse(rule: string, text: string): never {
  process.stderr.write(`${rule}, and not ${JSON.stringify(text)}.\n`)
  process.exit(2)
}
