/**
 * A Maildir (https://cr.yp.to/proto/maildir.html) of sealed messages: `tmp` to write in, `new` for
 * what waits, `cur` for what was read; and `failed` for what would not open.
 *
 * A message's id is the SHA-256 of its sealed bytes, and the name of its file. It goes one way:
 * tmp → new → cur or failed, by renames within one file system, so that it is whole wherever it
 * is, and each step is done or not done whenever a process is killed.
 *
 * Nothing is lost: the answer is 201 only once the file and then its name in `new` are on the disk. (Messages
 * that come at the same time share the wait for their names.) A message leaves `new` only after it was printed,
 * or to go into `failed`.
 *
 * Nothing is read twice: whoever looks for a message looks along its way, from `new` on, so a message that moves
 * at that time is not missed, and a resend is found wherever the first one is. Two servers that get the same bytes
 * at the same moment may both miss it. Then both write the same file; or, if a watcher reads the first one in
 * between, it finds that one in `cur` and drops the second. Only one watcher moves messages (turn.ts), so it is
 * never wrong about that. If a watcher is killed after it printed a message and before it moved it, the message
 * stays in `new` and is printed again.
 */

import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { newMark, stillRuns } from '../disk/mark.ts'
import { keepNames, keepNamesMeanwhile, orNoSpace } from '../disk/system.ts'
import { DuetError } from '../protocol/errors.ts'
import { shared } from './sharedSync.ts'

/** How many messages may wait. */
export const MAX_WAITING = 10_000

/** After this many ms a file in `tmp` is nobody's any more, says the specification. */
const ABANDONED_MS = 36 * 60 * 60 * 1000
/** The longest name of a file that any common system takes. */
const MAX_NAME_BYTES = 255
/** What a read message's name ends with: the flag S for seen. Windows knows no colon in names. */
const READ = process.platform === 'win32' ? ';2,S' : ':2,S'

/** Something in `new`. */
export interface Entry {
  readonly name: string
  readonly path: string
  readonly stat: fs.Stats
}

export class Maildir {
  readonly dir: string
  readonly tmp: string
  readonly new: string
  readonly cur: string
  readonly failed: string
  /** Brings the names in `new` to the disk. */
  readonly #keepNew: () => Promise<void>
  /** How many are in `new`, as long as its time of change is `stamp`. */
  #waiting = { count: 0, stamp: -1n }

  /**
   * Opens the Maildir in `dir`, a folder that is there; what it lacks is made, for its owner alone.
   * @throws the system's errors
   */
  constructor(dir: string) {
    const folder = (name: string) => {
      const folder = path.join(dir, name)
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
      fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
      return folder
    }
    this.dir = dir
    this.tmp = folder('tmp')
    this.new = folder('new')
    this.cur = folder('cur')
    this.failed = folder('failed')
    this.#keepNew = shared(() => keepNamesMeanwhile(this.new))
    // whoever made them may not have come to this yet
    keepNames(dir)
  }

  /** Removes what was half written by processes that are gone, and leaves what others write now. */
  sweep(): void {
    for (const name of fs.readdirSync(this.tmp)) {
      const file = path.join(this.tmp, name)
      const stat = fs.lstatSync(file, { throwIfNoEntry: false })
      if (stat === undefined) continue
      const abandoned = stat.isFile() && Date.now() - stat.mtimeMs > ABANDONED_MS
      if (abandoned || stillRuns(name) === false) fs.rmSync(file, { recursive: true, force: true })
    }
  }

  /**
   * Puts a message into `new`, unless it is or was there. Returns its id and whether it is a new
   * one; it is on the disk then.
   * @throws DuetError `inbox_full`; PeerError `no_space`
   */
  async deliver(sealed: Uint8Array): Promise<{ id: string; fresh: boolean }> {
    const id = idOf(sealed)
    return orNoSpace('message', async () => {
      if (this.#has(id, sealed.length)) {
        // whoever put it there may not have come to this yet
        await this.#keepNew()
        return { id, fresh: false }
      }
      this.#refuseFull()
      const draft = path.join(this.tmp, newMark())
      let fresh: boolean
      try {
        await writeWhole(draft, sealed)
        fresh = this.#place(draft, id, sealed.length)
      } finally {
        fs.rmSync(draft, { force: true })
      }
      // from here on the message stays, come what may: another request may have been told that it is there
      await this.#keepNew()
      return { id, fresh }
    })
  }

  /** What is in `new`, oldest first. */
  async entries(): Promise<Entry[]> {
    const names = await fs.promises.readdir(this.new)
    const entries = names.map((name) => {
      const file = path.join(this.new, name)
      return { name, path: file, stat: fs.lstatSync(file, { throwIfNoEntry: false }) }
    })
    return entries
      .filter((entry): entry is Entry => entry.stat !== undefined)
      .sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs || (a.name < b.name ? -1 : 1))
  }

  isRead(id: string): boolean {
    return fs.existsSync(this.readPlace(id))
  }

  /** Where a message goes once it is read: under its id, whatever it was called. */
  readPlace(id: string): string {
    return path.join(this.cur, `${id}${READ}`)
  }

  /** Where an entry goes that would not open: over no other. */
  asidePlace({ name }: Entry): string {
    const place = path.join(this.failed, name)
    if (!fs.existsSync(place)) return place
    const mark = newMark()
    const marked = `${name}.${mark}`
    return path.join(this.failed, Buffer.byteLength(marked) <= MAX_NAME_BYTES ? marked : mark)
  }

  /** Looks along a message's way. */
  #has(id: string, length: number): boolean {
    const places = [path.join(this.new, id), path.join(this.failed, id), this.readPlace(id)]
    return places.some((file) => {
      const stat = fs.lstatSync(file, { throwIfNoEntry: false })
      return stat?.isFile() && stat.size === length
    })
  }

  /** Looks, counts and places in one step that nothing of this process can interleave. */
  #place(draft: string, id: string, length: number): boolean {
    if (this.#has(id, length)) return false
    this.#refuseFull()
    fs.renameSync(draft, path.join(this.new, id))
    this.#waiting = { count: this.#waiting.count + 1, stamp: this.#stamp() }
    return true
  }

  /** @throws DuetError `inbox_full` */
  #refuseFull(): void {
    // to read a folder of 10,000 takes longer than to write a message: only if somebody else changed it
    if (this.#waiting.stamp !== this.#stamp()) this.#count()
    if (this.#waiting.count < MAX_WAITING) return
    // a change in the same tick of the clock as our own does not show
    this.#count()
    if (this.#waiting.count >= MAX_WAITING)
      throw new DuetError('inbox_full', `${MAX_WAITING} messages wait to be read.`)
  }

  #count(): void {
    const stamp = this.#stamp()
    this.#waiting = { count: fs.readdirSync(this.new).length, stamp }
  }

  #stamp(): bigint {
    return fs.statSync(this.new, { bigint: true }).mtimeNs
  }
}

/** SHA-256 of the sealed bytes, as hex. */
export function idOf(sealed: Uint8Array): string {
  return createHash('sha256').update(sealed).digest('hex')
}

/**
 * The calls that wait for the disk, and so the only asynchronous ones here: a file system with a journal makes no
 * file while it writes that. For the others, a turn of the event loop takes longer than the call.
 */
const create = (file: string) => promisify(fs.open)(file, 'wx', 0o600)
const fsync = (fd: number) => promisify(fs.fsync)(fd)

/** Writes a file that isn't there, for its owner alone, down to the disk. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const fd = await create(file)
  try {
    fs.writeFileSync(fd, bytes)
    await fsync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
