/** Reading files that somebody else may have put there, and writing files that are not there yet. */

import fs from 'node:fs'
import { promisify } from 'node:util'

const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants

/** Flags to open a file that a person has named. Without O_NONBLOCK, a FIFO keeps us waiting for its other end. */
export const TO_READ = O_RDONLY | O_NONBLOCK
/** Flags to open a file where only a file belongs: the system refuses a link, with ELOOP. */
export const TO_READ_NO_LINK = TO_READ | O_NOFOLLOW

/** How much is read at a time: first so little that a short file costs little, then four times as much each time. */
const FIRST_PIECE_BYTES = 16 * 1024
const PIECE_BYTES = 1024 * 1024

/**
 * What an open file holds, up to `most` bytes. How long the file says that it is does not count: it may grow meanwhile, and
 * files of the system say 0. `read`: fs.readSync, or what stands in for it.
 * @throws the system's errors
 */
export function readAtMost(
  fd: number,
  most: number,
  read: (fd: number, into: Buffer) => number = fs.readSync,
): Buffer {
  const pieces: Buffer[] = []
  let size = FIRST_PIECE_BYTES
  for (let rest = most; rest > 0; size = Math.min(4 * size, PIECE_BYTES)) {
    const piece = Buffer.alloc(Math.min(rest, size))
    const length = read(fd, piece)
    if (length === 0) break
    pieces.push(piece.subarray(0, length))
    rest -= length
  }
  return Buffer.concat(pieces)
}

/**
 * Writes a file that is not there yet, and returns once its content is on the disk. Its name is there after `syncFolder`.
 * Of two processes that write the same file, one fails with EEXIST. A file that could not be written whole is removed.
 * @throws the system's errors
 */
export function writeNew(file: string, content: string, mode: number): void {
  const fd = fs.openSync(file, 'wx', mode)
  try {
    fs.writeFileSync(fd, content)
    fs.fsyncSync(fd)
  } catch (error) {
    fs.rmSync(file, { force: true })
    throw error
  } finally {
    fs.closeSync(fd)
  }
}

/**
 * The same without blocking, for the owner alone. Only the two calls that wait for the disk are asynchronous: a file system
 * with a journal makes no file while it writes that. For the others, a turn of the event loop takes longer than the call.
 * @throws the system's errors
 */
export async function writeNewInBackground(file: string, content: Uint8Array): Promise<void> {
  const fd = await promisify(fs.open)(file, 'wx', 0o600)
  try {
    fs.writeFileSync(fd, content)
    await promisify(fs.fsync)(fd)
  } catch (error) {
    fs.rmSync(file, { force: true })
    throw error
  } finally {
    fs.closeSync(fd)
  }
}
