/**
 * Bringing the names in a folder to the disk. The fsync of a file keeps its content over a power cut, and says nothing of
 * its name.
 */

import fs from 'node:fs'
import { promisify } from 'node:util'

/** What systems answer that open no folder as a file, let nobody read this one, or have no fsync for one. */
const UNSUPPORTED = ['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOSYS', 'ENOTSUP']

/**
 * Brings the names in a folder to the disk, where the system can do that. Returns when they are there.
 * @throws the system's errors
 */
export function syncFolder(folder: string): void {
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

/**
 * Makes a function that does the same without blocking, and that callers share: what databases call a group commit. Its
 * promise resolves after an fsync that began later than the call, and rejects with the error of that fsync.
 */
export function sharedSync(folder: string): () => Promise<void> {
  let current: Promise<unknown> = Promise.resolve()
  let next: Promise<void> | null = null
  const begin = () => {
    next = null
    const sync = syncInBackground(folder)
    current = sync.catch(() => {})
    return sync
  }
  return () => {
    // the current one may have begun before the caller's name was there, so the caller waits for the next
    next ??= current.then(begin)
    return next
  }
}

async function syncInBackground(folder: string): Promise<void> {
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

/** Returns null where no sync is possible. Windows opens no folder as a file, and keeps its changes in order by itself. */
function openFolder(folder: string): number | null {
  if (process.platform === 'win32') return null
  try {
    return fs.openSync(folder, 'r')
  } catch (error) {
    return forgive(error)
  }
}

function forgive(error: unknown): null {
  if (UNSUPPORTED.includes(String((error as NodeJS.ErrnoException).code))) return null
  throw error
}
