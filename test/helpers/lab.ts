/** The attacks of the lab, run in this process: their mathematics is warm after the first time. */

import type { Say } from '../../src/lab/layout.ts'
import { assertForProjector } from './projector.ts'

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
