/** What the folders that a peer writes have in common: errors of the disk, power cuts, and processes that have ended. */

import fs from 'node:fs'
import { PeerError } from './contract.ts'

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

/** The codes of a system that can't bring a folder to the disk, or lets nobody read this one. */
const NO_PROMISE = ['EINVAL', 'ENOTSUP', 'EACCES']

/**
 * Makes sure that the names in a folder are there after a power cut too, as far as the system
 * promises that: a file's own fsync says nothing of its name.
 */
export function keepNames(folder: string): void {
  // Windows opens no folder as a file, and writes its changes in their order by itself
  if (process.platform === 'win32') return
  try {
    const fd = fs.openSync(folder, 'r')
    try {
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    if (!NO_PROMISE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
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
