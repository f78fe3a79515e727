/** A lock on a folder, which one process at a time holds. It is free again as soon as that process has ended, even by kill -9. */

import fs from 'node:fs'
import path from 'node:path'
import { isStamp, newStamp, stillRuns } from './stamp.ts'

const FREE = 'free'
/** A holder that cannot be seen from here loses the lock after so many ms without a sign of life. */
export const SILENCE_MS = 2 * 60 * 1000

/**
 * The lock is a folder with one file, whose name says who holds the lock: `free`, or the stamp of a process. To take the
 * lock is to rename that file from the name that was read to a fresh stamp. The system lets only one such rename succeed,
 * and no stamp is ever used again, so nobody takes the lock by an outdated look at the folder.
 */
export class Lock {
  readonly folder: string
  readonly #drafts: string
  #stamp: string | null = null
  /** The stamp of another process that held the lock when we last asked; null if none did. */
  holder: string | null = null

  /** `folder`: the lock. `drafts`: a folder of the same file system, where a new lock is made before it is moved to its place. */
  constructor(folder: string, drafts: string) {
    this.folder = folder
    this.#drafts = drafts
  }

  /**
   * Takes the lock, or confirms that we still hold it, which is also our sign of life. Returns whether it is ours.
   * @throws the system's errors
   */
  take(): boolean {
    if (this.#stamp !== null && this.#touch(this.#stamp)) return true
    this.#stamp = null
    const names = this.#names()
    if (names.length === 0) names.push(...this.#publish())
    this.holder = names.find((name) => this.#isHeld(name)) ?? null
    if (this.holder !== null) return false
    const stamp = newStamp()
    if (!names.some((name) => this.#rename(name, stamp))) return false
    this.#stamp = stamp
    // a rename keeps the file's time, which is that of the holder before us
    return this.#touch(stamp)
  }

  release(): void {
    if (this.#stamp !== null) this.#rename(this.#stamp, FREE)
    this.#stamp = null
  }

  #names(): string[] {
    if (!fs.existsSync(this.folder)) return []
    return fs.readdirSync(this.folder).filter((name) => name === FREE || isStamp(name))
  }

  #isHeld(name: string): boolean {
    if (name === FREE) return false
    const runs = stillRuns(name)
    if (runs !== null) return runs
    const stat = fs.statSync(path.join(this.folder, name), { throwIfNoEntry: false })
    return stat !== undefined && Date.now() - stat.mtimeMs < SILENCE_MS
  }

  /** Makes the folder with its file. A rename never replaces a folder that has files, so of two processes one succeeds. */
  #publish(): string[] {
    const draft = path.join(this.#drafts, newStamp())
    fs.mkdirSync(draft, { mode: 0o700 })
    fs.writeFileSync(path.join(draft, FREE), '', { mode: 0o600 })
    try {
      fs.renameSync(draft, this.folder)
    } catch (error) {
      fs.rmSync(draft, { recursive: true })
      if (!fs.existsSync(this.folder)) throw error
    }
    return this.#names()
  }

  #rename(from: string, to: string): boolean {
    return found(() => fs.renameSync(path.join(this.folder, from), path.join(this.folder, to)))
  }

  #touch(stamp: string): boolean {
    const now = new Date()
    return found(() => fs.utimesSync(path.join(this.folder, stamp), now, now))
  }
}

/** Runs `use`, and returns whether the file that it is about exists. */
function found(use: () => void): boolean {
  try {
    use()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
