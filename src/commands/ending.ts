/** How a command ends before its time: one that goes on and on, and one whose output nobody reads any more. */

import { tell } from '../terminal.ts'

/** Resolves with the exit code once somebody asks for the end: by a signal, or by closing standard output. */
export function askedToEnd(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(0))
    process.stdout.on('error', () => {
      // nothing more could be shown
      tell('standard output was closed')
      resolve(1)
    })
  })
}

/** Says where secrets go if nobody may be looking there. */
export function tellWhereSecretsGo(): void {
  if (!process.stdout.isTTY) tell('secrets go to standard output, which is not a terminal')
}

/** Nobody reads on: `| head` has what it wanted. */
export function endWithOutput(): void {
  process.stdout.once('error', () => {
    tell('standard output was closed')
    process.exit(1)
  })
}
