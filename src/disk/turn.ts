/** Whose turn it is in a folder: one process's at a time (a Maildir's watcher, a state's peer), and the next one's when that has ended. */

import fs from 'node:fs'
import path from 'node:path'
import { isMark, newMark, stillRuns } from './mark.ts'

const FREE = 'free'
/** How long a process that can't be seen from here may be silent, in ms, before its turn is over. */
export const SILENCE_MS = 2 * 60 * 1000

/**
 * A folder (a Maildir's is `watching`) holds one file, whose name says whose turn it is: `free`, or the mark of a
 * process. To take the turn is to rename that file from what was seen to a fresh mark: of all
 * who try, one finds it there. A mark never comes back, so nobody wins by an old look.
 */
export class Turn {
  /** Where the file is. */
  readonly folder: string
  readonly #tmp: string
  #mark: string | null = null
  /** The mark of whoever had the turn instead of us when we asked last. */
  holder: string | null = null

  /** For the folder `dir`, by default a Maildir. In it, `folder` is where the turn's file is, and `tmp` is where that folder is made before it moves to its place. */
  constructor(dir: string, { folder = 'watching', tmp = 'tmp' } = {}) {
    this.folder = path.join(dir, folder)
    this.#tmp = path.join(dir, tmp)
  }

  /** Takes the turn, or says that we still have it; false while it is somebody else's. */
  take(): boolean {
    if (this.#mark !== null && this.#touch(this.#mark)) return true
    this.#mark = null
    const names = this.#names()
    if (names.length === 0) names.push(...this.#publish())
    this.holder = names.find((name) => this.#isHeld(name)) ?? null
    if (this.holder !== null) return false
    const mark = newMark()
    if (!names.some((name) => this.#rename(name, mark))) return false
    this.#mark = mark
    // the file is as old as the turn before
    return this.#touch(mark)
  }

  release(): void {
    if (this.#mark !== null) this.#rename(this.#mark, FREE)
    this.#mark = null
  }

  #names(): string[] {
    if (!fs.existsSync(this.folder)) return []
    return fs.readdirSync(this.folder).filter((name) => name === FREE || isMark(name))
  }

  #isHeld(name: string): boolean {
    if (name === FREE) return false
    const runs = stillRuns(name)
    if (runs !== null) return runs
    const stat = fs.statSync(path.join(this.folder, name), { throwIfNoEntry: false })
    return stat !== undefined && Date.now() - stat.mtimeMs < SILENCE_MS
  }

  /** The folder comes with its file in it, and so it comes once: one that isn't empty is never replaced. */
  #publish(): string[] {
    const draft = path.join(this.#tmp, newMark())
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
    return ifThere(() => fs.renameSync(path.join(this.folder, from), path.join(this.folder, to)))
  }

  #touch(mark: string): boolean {
    const now = new Date()
    return ifThere(() => fs.utimesSync(path.join(this.folder, mark), now, now))
  }
}

/** Whether the file was there to be used. */
function ifThere(use: () => void): boolean {
  try {
    use()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
