/** What the folders that a peer writes have in common: errors of the disk, and processes that have ended. */

import { PeerError } from './contract.ts'

/**
 * Turns a full disk, and a folder that can't be written, into an error for their owner.
 * @throws PeerError `no_space`, and whatever is no error of the system
 */
export async function spacing<T>(what: string, operation: () => Promise<T>): Promise<T> {
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

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
