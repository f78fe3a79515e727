/** What the folders that a peer writes have in common: errors of the disk, power cuts, and processes that have ended. */

import fs from 'node:fs'
import { promisify } from 'node:util'
import { PeerError } from '../peer/contract.ts'

/**
 * Runs `operation`, which writes a `what`. A full disk, or a folder that can't be written, becomes an error
 * for their owner.
 * @throws PeerError `no_space`, and whatever is no error of the system
 */
export async function orNoSpace<T>(what: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new PeerError('no_space', `The ${what} does not fit on the disk.`)
    if (!code?.startsWith('E')) throw error
    throw new PeerError('no_space', `The folder for ${what}s can't be written (${code}).`)
  }
}

/** The codes of systems that open no folder as a file, or let nobody read this one, or can't bring one to the disk. */
const NO_PROMISE = ['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOSYS', 'ENOTSUP']

/**
 * Makes sure that the names in a folder are there after a power cut too, as far as the system
 * promises that: a file's own fsync says nothing of its name.
 */
export function keepNames(folder: string): void {
  const fd = openFolder(folder)
  if (fd === null) return
  try {
    fs.fsyncSync(fd)
  } catch (error) {
    forgive(error)
  } finally {
    fs.closeSync(fd)
  }
}

/** The same, for whoever has other things to do while the disk writes. */
export async function keepNamesMeanwhile(folder: string): Promise<void> {
  const fd = openFolder(folder)
  if (fd === null) return
  try {
    await promisify(fs.fsync)(fd)
  } catch (error) {
    forgive(error)
  } finally {
    fs.closeSync(fd)
  }
}

/** null where nothing is promised. Windows opens no folder as a file, and writes its changes in their order by itself. */
function openFolder(folder: string): number | null {
  if (process.platform === 'win32') return null
  try {
    return fs.openSync(folder, 'r')
  } catch (error) {
    return forgive(error)
  }
}

function forgive(error: unknown): null {
  if (NO_PROMISE.includes((error as NodeJS.ErrnoException).code ?? '')) return null
  throw error
}

/** Whether this machine has a process with this id, whoever it belongs to. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
