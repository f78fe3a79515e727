/** The attacks of the lab, run in this process (their mathematics is warm after the first time), and what their output has to be. */

import assert from 'node:assert/strict'
import { type Say, shownLines } from '../../src/terminal/layout.ts'

/** Fails unless it is readable without colour in 80 columns, but for a value that stands alone. */
export function assertForProjector(output: string): void {
  for (const line of output.split('\n')) {
    assert.ok([...line].length <= 80 || /^\S+$/.test(line), `${[...line].length} columns: ${line}`)
    assert.doesNotMatch(line, /\p{Cc}|\s$/u)
  }
}

/** What an attack says, in lines that a projector shows, and what it returns. */
export async function labSays<T>(
  attack: (say: Say) => T | Promise<T>,
): Promise<{ output: string; result: T }> {
  const lines: string[] = []
  const result = await attack((...more) => lines.push(...shownLines(more)))
  const output = `${lines.join('\n')}\n`
  assertForProjector(output)
  return { output, result }
}
