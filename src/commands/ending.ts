/** How a command ends before its time: one that goes on and on, and one whose output nobody reads any more. */

import fs from 'node:fs'
import os from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import tty from 'node:tty'
import { onOutputClosed, outputTaken, print, tell } from '../terminal/output.ts'
import { said } from '../terminal/said.ts'

/** How long, in ms, the end waits for whoever reads standard output to come to its last lines. */
const LAST_LINES_MS = 2000

/** Signals within this many ms are one Ctrl-C: what the terminal has sent to the program already, npm passes on once more. */
const ONE_CTRL_C_MS = 200

/** Those of standard input, output and error that were a terminal at the start: one that was closed is none any more. */
const TERMINALS = [0, 1, 2].filter((fd) => tty.isatty(fd))

export interface EndOptions {
  /** Whether a hangup asks for the end although no stream is a terminal: for a program with files that only its end removes. */
  readonly alwaysAtHangup?: boolean
  /** Whether the end loses something that the person at the terminal can still save. */
  readonly wouldLose?: () => boolean
  /** Says what that is. */
  readonly warn?: () => void
}

/**
 * Resolves with the exit code once somebody asks for the end: by a signal, or by closing standard output. Whatever comes
 * after that does not keep the program from ending in order. The first Ctrl-C at a terminal only warns if the end `wouldLose`
 * something. A hangup counts where one of the streams was a terminal; otherwise the program goes on, under `nohup` too
 * (Node undoes that a process ignores SIGHUP from its start).
 */
export function askedToEnd({
  alwaysAtHangup = false,
  wouldLose = () => false,
  warn = () => {},
}: EndOptions = {}): Promise<number> {
  const isAtTerminal = TERMINALS.includes(0) && TERMINALS.includes(1)
  const endsAtHangup = alwaysAtHangup || TERMINALS.length > 0
  let mayWarn = isAtTerminal
  let isSameCtrlC = false
  return new Promise((resolve) => {
    const end = (exitCode: number) => {
      mayWarn = false
      resolve(exitCode)
    }
    // a terminal that takes no more was closed, and its SIGHUP is on its way
    onOutputClosed(() => end(TERMINALS.includes(1) ? 0 : 1))
    process.on('SIGTERM', () => end(0))
    process.on('SIGHUP', () => endsAtHangup && end(0))
    process.on('SIGINT', async () => {
      if (isSameCtrlC) return
      // what is said next begins a line, and not behind ^C
      if (isAtTerminal) print('')
      if (mayWarn && wouldLose()) {
        isSameCtrlC = true
        await delay(ONE_CTRL_C_MS)
        isSameCtrlC = false
        // unless they were read meanwhile, or something else asked for the end
        if (mayWarn && wouldLose()) {
          mayWarn = false
          return warn()
        }
      }
      end(0)
    })
  })
}

/** Has a signal end the process with an exit code of its own, so that what is to be removed at the end is removed. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => exit(128 + os.constants.signals[signal]))
}

/** Resolves when whoever reads standard output has had the time for that. */
export const lastLines = () => delay(LAST_LINES_MS)

/** Ends the process with the exit code, once it is there. A request to the other peer may be under way; nobody waits for it any more. */
export async function untilTheEnd(exitCode: Promise<number>): Promise<never> {
  const code = await exitCode
  await Promise.race([outputTaken(), lastLines()])
  exit(code)
}

function exit(code: number): never {
  // Node 20 resets each terminal at its end, and crashes on one that was closed
  for (const fd of TERMINALS) if (!tty.isatty(fd)) fs.closeSync(fd)
  process.exit(code)
}

/** Says where secrets go if nobody may be looking there. */
export function tellWhereSecretsGo(): void {
  if (!process.stdout.isTTY) tell(said`secrets go to standard output, which is not a terminal`)
}
