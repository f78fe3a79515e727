/** Names that say which process made them: what a killed one left is told from what a live one still needs. */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import { isRunning } from './system.ts'

/** As in a file's name, whatever the system lets a machine be called. */
const HOST = os.hostname().replace(/[^\w.-]/g, '_') || 'localhost'
/** Tells this run from one that had the same process id. */
const RUN = randomBytes(8).toString('hex')
/** Process id, its start, its run and a number, machine. */
const MARK = /^(\d{1,10})\.(\d*)\.([0-9a-f]{16})-\d+\.([\w.-]+)$/

/** The state of a zombie, which has ended: only its parent has not noticed. */
const ENDED = 'Z'

/** This process, in every name that it makes. */
const OWN = `${process.pid}.${startOf(process.pid) ?? ''}.${RUN}`
let made = 0

/** A name for a file of this process, never given twice. */
export function newMark(): string {
  return `${OWN}-${made++}.${HOST}`
}

/** Whether a name is a mark, of whichever process and machine. */
export function isMark(name: string): boolean {
  return MARK.test(name)
}

/** For a person: the process that made a mark, and its machine if that is another one. */
export function processOf(mark: string): string {
  const [, pid, , , host] = MARK.exec(mark) ?? []
  return host === HOST ? `process ${pid}` : `process ${pid} on ${host}`
}

/** Whether the process that made a mark still runs; null if that is not for this machine to say. */
export function stillRuns(mark: string): boolean | null {
  const [, pid, start, run, host] = MARK.exec(mark) ?? []
  if (host !== HOST) return null
  if (Number(pid) === process.pid) return run === RUN
  if (!isRunning(Number(pid))) return false
  const found = startOf(Number(pid))
  if (found === ENDED) return false
  // another process may have got the number since
  return found === null || start === '' || found === start
}

/** When a process started, in ticks of Linux's since boot (proc(5), field 22), or ENDED; null where that isn't told. */
function startOf(pid: number): string | null {
  let stat: string
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
  // the second field is the program's name, in parentheses, and may hold anything
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === ENDED ? ENDED : (fields[18] ?? null)
}
