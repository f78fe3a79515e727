/** Names that say which process made them: what a killed one left is told from what a live one still needs. */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import { isRunning } from './system.ts'

/** As in a file's name, whatever the system lets a machine be called. */
const HOST = os.hostname().replace(/[^\w.-]/g, '_') || 'localhost'
/** Tells this run from one that had the same process id. */
const RUN = randomBytes(8).toString('hex')
/** Process id, its start, its run and a number, PID namespace and boot (not in marks of version 1.0), machine. */
const MARK = /^(\d{1,10})\.(\d*)\.([0-9a-f]{16})-\d+\.(?:(\d+)-([0-9a-f]{8})\.)?([\w.-]+)$/

/** The state of a zombie, which has ended: only its parent has not noticed. */
const ENDED = 'Z'

/**
 * Where a process id means a process: a PID namespace of Linux (namespaces(7)), and the boot, since the first namespace has
 * the same number on every machine. Containers may share a folder and a host name, and each has a namespace of its own.
 * undefined where the system tells none.
 */
const [NAMESPACE, BOOT] = space()
/** This process, in every name that it makes. */
const OWN = `${process.pid}.${startOf(process.pid) ?? ''}.${RUN}`
/** The end of every name. */
const PLACE = NAMESPACE === undefined ? HOST : `${NAMESPACE}-${BOOT}.${HOST}`
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
  return isOfAnotherBoot(mark)
    ? `process ${pid} on another machine called ${host}, or before this one started`
    : `process ${pid} in another container`
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

/** Whether a mark was made before this machine started, or on another one that has its name. */
export function isOfAnotherBoot(mark: string): boolean {
  const { host, boot } = partsOf(mark)
  return host === HOST && boot !== undefined && boot !== BOOT
}

/** Whether a mark's process has its id from where this one has it. Version 1.0 knew machines only. */
function isHere(mark: string): boolean {
  const { namespace, host } = partsOf(mark)
  if (host !== HOST || isOfAnotherBoot(mark)) return false
  return namespace === undefined || namespace === NAMESPACE
}

function partsOf(mark: string) {
  const [, pid, start, run, namespace, boot, host] = MARK.exec(mark) ?? []
  return { pid: Number(pid), start, run, namespace, boot, host }
}

function space(): [namespace: string, boot: string] | [] {
  try {
    const [namespace = ''] = /\d+/.exec(fs.readlinkSync('/proc/self/ns/pid')) ?? []
    return [namespace, fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8)]
  } catch {
    return []
  }
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
