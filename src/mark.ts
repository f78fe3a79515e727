/** Names that say which process made them: what a killed one left is told from what a live one still needs. */

import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import { isRunning } from './system.ts'

/** As in a file's name, whatever the system lets a machine be called. */
const HOST = os.hostname().replace(/[^\w.-]/g, '_') || 'localhost'
/** Tells this run from one that had the same process id. */
const RUN = randomBytes(8).toString('hex')
/** Process id, its start, its run and a number, where ids are counted (version 1.0 has no such field), machine. */
const MARK = /^(\d{1,10})\.(\d*)\.([0-9a-f]{16})-\d+\.(?:ids-([0-9a-f]{16})\.)?([\w.-]+)$/

/** The state of a zombie, which has ended: only its parent has not noticed. */
const ENDED = 'Z'

/**
 * Where a process id means a process: one PID namespace (namespaces(7)) of Linux from one boot to the next. Containers may
 * share a folder and a host name, and each has its own. null where the system tells no namespace.
 */
const NAMESPACE = namespace()
/** This process, in every name that it makes. */
const OWN = `${process.pid}.${startOf(process.pid) ?? ''}.${RUN}`
/** The end of every name. */
const PLACE = NAMESPACE === null ? HOST : `ids-${NAMESPACE}.${HOST}`
let made = 0

/** A name for a file of this process, never given twice. */
export function newMark(): string {
  return `${OWN}-${made++}.${PLACE}`
}

/** Whether a name is a mark, of whichever process and machine. */
export function isMark(name: string): boolean {
  return MARK.test(name)
}

/** For a person: the process that made a mark, and where that is unless it can be seen from here. */
export function processOf(mark: string): string {
  const { pid, host } = partsOf(mark)
  if (isHere(mark)) return `process ${pid}`
  if (host !== HOST) return `process ${pid} on ${host}`
  return `process ${pid} of another container, another machine called ${host}, or an earlier boot`
}

/** Whether the process that made a mark still runs; null if that is not to be seen from here. */
export function stillRuns(mark: string): boolean | null {
  const { pid, start, run } = partsOf(mark)
  if (!isHere(mark)) return null
  if (pid === process.pid) return run === RUN
  if (!isRunning(pid)) return false
  const found = startOf(pid)
  if (found === ENDED) return false
  // another process may have got the number since
  return found === null || start === '' || found === start
}

/** Whether a mark's process has its id from where this one has it. Version 1.0 knew machines only. */
function isHere(mark: string): boolean {
  const { namespace, host } = partsOf(mark)
  return host === HOST && (namespace === undefined || namespace === NAMESPACE)
}

function partsOf(mark: string) {
  const [, pid, start, run, namespace, host] = MARK.exec(mark) ?? []
  return { pid: Number(pid), start, run, namespace, host }
}

function namespace(): string | null {
  let id: string
  try {
    id = fs.readlinkSync('/proc/self/ns/pid')
  } catch {
    return null
  }
  // the first namespace has the same number on every machine
  const boot = readProc('sys/kernel/random/boot_id') ?? ''
  return createHash('sha256').update(`${boot}${id}`).digest('hex').slice(0, 16)
}

/** When a process started, in ticks of Linux's since boot (proc(5), field 22), or ENDED; null where that isn't told. */
function startOf(pid: number): string | null {
  const stat = readProc(`${pid}/stat`)
  if (stat === null) return null
  // the second field is the program's name, in parentheses, and may hold anything
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === ENDED ? ENDED : (fields[18] ?? null)
}

function readProc(name: string): string | null {
  try {
    return fs.readFileSync(`/proc/${name}`, 'latin1')
  } catch {
    return null
  }
}
