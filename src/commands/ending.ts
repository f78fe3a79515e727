/** How a command ends before its time: one that goes on and on, and one whose output nobody reads any more. */

import { setTimeout as delay } from 'node:timers/promises'
import { onOutputClosed, outputTaken, tell } from '../terminal/output.ts'

/** How long, in ms, the end waits for whoever reads standard output to come to its last lines. */
const LAST_LINES_MS = 2000

/** Resolves with the exit code once somebody asks for the end: by a signal, or by closing standard output. */
export function askedToEnd(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(0))
    onOutputClosed(() => resolve(1))
  })
}

/** Resolves when whoever reads standard output has had the time for that. */
export const lastLines = () => delay(LAST_LINES_MS)

/** Ends the process with the exit code, once it is there. A request to the other peer may be under way; nobody waits for it any more. */
export async function untilTheEnd(exitCode: Promise<number>): Promise<never> {
  const code = await exitCode
  await Promise.race([outputTaken(), lastLines()])
  process.exit(code)
}

/** Says where secrets go if nobody may be looking there. */
export function tellWhereSecretsGo(): void {
  if (!process.stdout.isTTY) tell('secrets go to standard output, which is not a terminal')
}
