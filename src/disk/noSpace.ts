/** Errors of a disk that takes no more, in words for the peer's owner. */

import { PeerError } from '../peer/contract.ts'

/**
 * Runs `operation`, which writes a `what` (a message, a picture). The system's errors, such as a full disk or a folder
 * that can't be written, become `no_space`.
 * @throws PeerError `no_space`, and every error that is not the system's
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
