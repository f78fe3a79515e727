/**
 * Stamps: file names that say which process made the file. So the leftovers of a process that was killed can be told
 * from files that a running process still needs.
 */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'

/** This machine's name, in characters that any file name may have. */
const HOST = os.hostname().replace(/[^\w.-]/g, '_') || 'localhost'
/** Tells this run of the program from an earlier process that had the same id. */
const RUN = randomBytes(8).toString('hex')
/**
 * The parts of a stamp: process id, when the process started, its run and a counter, PID namespace and boot, machine.
 * Stamps of version 1.0 have no namespace and no boot.
 */
const STAMP = /^(\d{1,10})\.(\d*)\.([0-9a-f]{16})-\d+\.(?:(\d+)-([0-9a-f]{8})\.)?([\w.-]+)$/

/** The state of a zombie: the process has ended, and its parent has not asked how. */
const ZOMBIE = 'Z'

/**
 * The scope of a process id on Linux: the PID namespace (namespaces(7)) and the boot. Containers may share a folder and a
 * host name, and count their processes separately. The boot is needed because the first namespace has the same number on
 * every machine. Both are undefined where the system does not tell them.
 */
const [NAMESPACE, BOOT] = scopeOfIds()
const OWN_PROCESS = `${process.pid}.${startOf(process.pid) ?? ''}.${RUN}`
const OWN_PLACE = NAMESPACE === undefined ? HOST : `${NAMESPACE}-${BOOT}.${HOST}`
let made = 0

/** A file name with this process's stamp. No two calls return the same name. */
export function newStamp(): string {
  return `${OWN_PROCESS}-${made++}.${OWN_PLACE}`
}

/** Whether a file name is a stamp, of any process on any machine. */
export function isStamp(name: string): boolean {
  return STAMP.test(name)
}

/** Names the process that made a stamp, for a person: also its machine or container, if that is another one. */
export function processOf(stamp: string): string {
  const { pid, host } = partsOf(stamp)
  if (isInOwnScope(stamp)) return `process ${pid}`
  if (host !== HOST) return `process ${pid} on ${host}`
  return isOfAnotherBoot(stamp)
    ? `process ${pid} on another machine called ${host}, or before this one started`
    : `process ${pid} in another container`
}

/** Whether the process that made a stamp still runs. Returns null where this process cannot see that one. */
export function stillRuns(stamp: string): boolean | null {
  const { pid, start, run } = partsOf(stamp)
  if (!isInOwnScope(stamp)) return null
  if (pid === process.pid) return run === RUN
  if (!isRunning(pid)) return false
  const found = startOf(pid)
  if (found === ZOMBIE) return false
  // the system may have given the id to another process since
  return found === null || start === '' || found === start
}

/** Whether a stamp was made before this machine started, or on another machine of the same name. */
export function isOfAnotherBoot(stamp: string): boolean {
  const { host, boot } = partsOf(stamp)
  return host === HOST && boot !== undefined && boot !== BOOT
}

/** Whether this machine has a process with this id, whichever user it belongs to. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether the process id in a stamp means the same process here. Version 1.0 compared machines only. */
function isInOwnScope(stamp: string): boolean {
  const { namespace, host } = partsOf(stamp)
  if (host !== HOST || isOfAnotherBoot(stamp)) return false
  return namespace === undefined || namespace === NAMESPACE
}

function partsOf(stamp: string) {
  const [, pid, start, run, namespace, boot, host] = STAMP.exec(stamp) ?? []
  return { pid: Number(pid), start, run, namespace, boot, host }
}

function scopeOfIds(): [namespace: string, boot: string] | [] {
  try {
    // pid:[4026531836]
    const namespace = fs.readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
    return [namespace, fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8)]
  } catch {
    return []
  }
}

/** When a process started, in clock ticks since the boot (proc(5), field 22); ZOMBIE for one; null where nothing tells. */
function startOf(pid: number): string | null {
  let stat: string
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
  // the second field is the program's name in parentheses, and may hold blanks and parentheses itself
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === ZOMBIE ? ZOMBIE : (fields[18] ?? null)
}
