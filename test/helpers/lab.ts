/** The attacks of the lab, run in this process (their mathematics is warm after the first time), and what their output has to be. */

import assert from 'node:assert/strict'
import type { Say } from '../../src/terminal/layout.ts'

/** Fails unless it is readable from the last row, without colour. */
export function assertForProjector(output: string): void {
  for (const line of output.split('\n')) {
    assert.ok([...line].length <= 100, `${[...line].length} columns: ${line}`)
    assert.doesNotMatch(line, /\p{Cc}|\s$/u)
  }
}

/** What an attack says, in lines that a projector shows, and what it returns. */
export async function labSays<T>(
  attack: (say: Say) => T | Promise<T>,
): Promise<{ output: string; result: T }> {
  const lines: string[] = []
  const result = await attack((...more) => lines.push(...more))
  const output = `${lines.join('\n')}\n`
  assertForProjector(output)
  return { output, result }
}
