/** How a command ends that goes on until somebody ends it, or whose output nobody reads any more. */

import fs from 'node:fs'
import os from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import tty from 'node:tty'
import { onOutputClosed, outputTaken, print, tell } from '../terminal/output.ts'
import { said } from '../terminal/said.ts'

/** How long, in ms, the end waits for a slow reader of standard output to read the last lines. */
const LAST_LINES_MS = 2000

/** Signals within so many ms are one Ctrl-C: npm passes on the signal that the terminal has sent to the program already. */
const ONE_CTRL_C_MS = 200

/** Which of standard input, output and error were a terminal at the start. A terminal that was closed is none any more. */
const TERMINALS = [0, 1, 2].filter((fd) => tty.isatty(fd))

export interface EndOptions {
  /** Whether a hangup ends the program although no stream is a terminal: for programs with files that only their end removes. */
  readonly alwaysAtHangup?: boolean
  /** Whether the end would lose something that the person at the terminal can still save. */
  readonly wouldLose?: () => boolean
  /** Says what would be lost. */
  readonly warn?: () => void
}

/**
 * Resolves with the exit code when somebody asks for the end, by a signal or by closing standard output. Later signals do
 * not keep the program from ending in order. At a terminal, the first Ctrl-C only warns if the end `wouldLose` something. A
 * hangup counts where one of the streams was a terminal. Elsewhere the program goes on, as under `nohup`: Node undoes that
 * a process ignores SIGHUP from its start.
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
    // a terminal that takes no more was closed, which is a hangup
    onOutputClosed(() => end(TERMINALS.includes(1) ? 0 : 1))
    process.on('SIGTERM', () => end(0))
    process.on('SIGHUP', () => endsAtHangup && end(0))
    process.on('SIGINT', async () => {
      if (isSameCtrlC) return
      // the terminal has shown ^C, and what is said next belongs on a line of its own
      if (isAtTerminal) print('')
      if (mayWarn && wouldLose()) {
        isSameCtrlC = true
        await delay(ONE_CTRL_C_MS)
        isSameCtrlC = false
        // the texts may have been read meanwhile, or another signal may have come
        if (mayWarn && wouldLose()) {
          mayWarn = false
          return warn()
        }
      }
      end(0)
    })
  })
}

/** Has signals end the process by `exit`, with the exit code of that signal, so that what is removed at the exit is removed. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => exit(128 + os.constants.signals[signal]))
}

/** Resolves when a reader of standard output has had time for the last lines. */
export const lastLines = () => delay(LAST_LINES_MS)

/** Ends the process with the exit code when that is known. It does not wait for a request to the other peer that is under way. */
export async function untilTheEnd(exitCode: Promise<number>): Promise<never> {
  const code = await exitCode
  await Promise.race([outputTaken(), lastLines()])
  exit(code)
}

function exit(code: number): never {
  // at the exit, Node 20 resets each terminal, and crashes on one that was closed
  for (const fd of TERMINALS) if (!tty.isatty(fd)) fs.closeSync(fd)
  process.exit(code)
}

/** Says where secrets go, if that is no terminal and perhaps nobody looks there. */
export function tellWhereSecretsGo(): void {
  if (!process.stdout.isTTY) tell(said`secrets go to standard output, which is not a terminal`)
}
