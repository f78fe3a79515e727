/** What is fuzzed, for how long, and what no case may do. */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DuetError, type ProtocolCode } from '../../src/protocol/errors.ts'

/** So many cases, or as many as there is time for, in ms. */
export type Limits = { readonly cases: number } | { readonly ms: number }

/** How often a case ended in each way: "accepted", or a code. */
export type Outcomes = Map<string, number>

export interface Target {
  /** As a sentence's subject. */
  readonly name: string
  /** How many cases are tried where there is little time. */
  readonly cases: number
  /** Tries the cases of `seed`. @throws an error that names the seed and the case, if one is not as it should be */
  fuzz(seed: number, limits: Limits): Promise<Outcomes>
}

export function count(outcomes: Outcomes, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
}

/** Holds a property against the cases of `seed`. */
export async function hold<T extends [unknown, ...unknown[]]>(
  property: fc.IAsyncPropertyWithHooks<T> | fc.IPropertyWithHooks<T>,
  seed: number,
  limits: Limits,
): Promise<void> {
  await fc.assert(
    property,
    'cases' in limits
      ? { seed, numRuns: limits.cases }
      : {
          seed,
          numRuns: Number.MAX_SAFE_INTEGER,
          interruptAfterTimeLimit: limits.ms,
          markInterruptAsFailure: false,
        },
  )
}

/** Any longer is a hang, in ms. */
const HANG = 1_000
const TICK = 50

/**
 * Tells a hang from a machine that has much to do: what counts is the time in which this process
 * could have worked and had nothing to do, and work that let nothing else be done.
 */
export class Clock {
  #idle = 0
  #longestWork = 0
  readonly #timer: NodeJS.Timeout

  constructor() {
    let used = process.cpuUsage()
    this.#timer = setInterval(() => {
      const { user, system } = process.cpuUsage(used)
      const worked = (user + system) / 1000
      // a tick that comes late was the machine's affair, or work
      this.#idle += Math.max(0, TICK - worked)
      this.#longestWork = Math.max(this.#longestWork, worked)
      used = process.cpuUsage()
    }, TICK)
  }

  /** Begins a case; what it returns ends it. @throws AssertionError if it hung for more than a second, but for `allowed` ms */
  start(allowed = 0): () => void {
    const begin = this.#idle
    return () => {
      const idle = this.#idle - begin - allowed
      assert.ok(idle <= HANG, `nothing happened for ${idle.toFixed()} ms`)
      assert.ok(this.#longestWork <= HANG, `${this.#longestWork.toFixed()} ms went by on one thing`)
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Runs a case that nothing runs beside. @throws AssertionError if it uses the processor for more than a second */
export async function promptly<T>(run: () => T | Promise<T>): Promise<T> {
  const begin = process.cpuUsage()
  try {
    return await run()
  } finally {
    const { user, system } = process.cpuUsage(begin)
    assert.ok((user + system) / 1000 <= HANG, 'it took more than a second')
  }
}

/** The code of a refusal. @throws what is no refusal: an unknown error */
export function codeOf(error: unknown): ProtocolCode {
  if (!(error instanceof DuetError)) throw error
  return error.code
}
