/**
 * A Maildir (https://cr.yp.to/proto/maildir.html) of sealed messages. A message is written in the folder `tmp`, waits in
 * `new`, and moves to `cur` when it was read, or to `failed` if it does not open.
 *
 * The id of a message is the SHA-256 of its sealed bytes, and also the name of its file. Each move is a rename within one
 * file system. So a message is always whole, and whenever a process is killed, a move has happened or it has not.
 *
 * No message is lost. A server answers 201 only when the file, and then its name in `new`, are on the disk. (Messages that
 * come at the same time share the wait for their names.) A watcher moves a message out of `new` only after it has printed
 * it, or told that it does not open.
 *
 * No message is read twice. Whoever looks for a message looks in `new`, `failed` and `cur`, in the order in which it moves,
 * and so finds one that moves meanwhile. Two servers that get the same bytes at the same moment may both find nothing. Then
 * both write the same file; or, if a watcher has read the first one by then, it finds that one in `cur` and removes the
 * second. Only one watcher at a time reads a Maildir (`disk/lock.ts`), so what it finds in `cur` is final. One case is left:
 * if a watcher is killed between printing a message and moving it, the next watcher prints it again.
 */

import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileIn, type NamedFile } from '../disk/fileName.ts'
import { orNoSpace } from '../disk/noSpace.ts'
import { writeNewInBackground } from '../disk/open.ts'
import { newStamp, stillRuns } from '../disk/stamp.ts'
import { sharedSync, syncFolder } from '../disk/sync.ts'
import { PeerError } from '../peer/contract.ts'
import { DuetError } from '../protocol/errors.ts'
import { Shares } from './shares.ts'

/** How many messages may wait in `new`. */
export const MAX_WAITING = 10_000
/** How many of one sender may wait, or lie in `failed`: a twentieth. */
export const MAX_OF_ONE = 500
/** How many files a watcher may put into `failed`. */
export const MAX_SET_ASIDE = 10_000

/** How often, in ms, a full folder is listed at most: that takes longer than all else that a refusal needs. */
const LIST_AGAIN_MS = 100
/** After so many ms a file in `tmp` is abandoned, says the specification of Maildir. */
const ABANDONED_MS = 36 * 60 * 60 * 1000
/** The longest file name that every common file system takes. */
const MAX_NAME_BYTES = 255
/** Ends the name of a message that was read: the flag S for seen. Windows allows no colon in names. */
const SEEN = process.platform === 'win32' ? ';2,S' : ':2,S'

/** A file, or whatever else somebody put there, in `new`. */
export interface Entry extends NamedFile {
  readonly stat: fs.Stats
}

export class Maildir {
  readonly dir: string
  readonly tmp: string
  readonly new: string
  readonly cur: string
  readonly failed: string
  /** Brings the names in `new` to the disk. */
  readonly #syncNew: () => Promise<void>
  /** How many entries `new` has, valid as long as the folder's modification time is `changed`. */
  #waiting = { count: 0, changed: -1n, at: Number.NEGATIVE_INFINITY }
  /** What came by this process. Other servers have their own. */
  readonly #shares = new Shares(MAX_OF_ONE)
  #lookedOver = Number.NEGATIVE_INFINITY

  /**
   * Opens the Maildir in the existing folder `dir`. Folders that it lacks are made, for the owner alone.
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
    this.#syncNew = sharedSync(this.new)
    // even if the folders exist: the process that made them may not have synced their names yet
    syncFolder(dir)
  }

  /** Removes drafts from `tmp` whose processes have ended, and files there that are abandoned. */
  sweep(): void {
    for (const bytes of fs.readdirSync(this.tmp, { encoding: 'buffer' })) {
      const { path: file, name } = fileIn(this.tmp, bytes)
      const stat = fs.lstatSync(file, { throwIfNoEntry: false })
      if (stat === undefined) continue
      const abandoned = stat.isFile() && Date.now() - stat.mtimeMs > ABANDONED_MS
      if (abandoned || stillRuns(name) === false) fs.rmSync(file, { recursive: true, force: true })
    }
  }

  /**
   * Puts a message into `new`, unless this Maildir has it already. Resolves when it is on the disk, with its id and whether
   * it is a new one. `sender`: whose share of the places it takes; null for nobody's.
   * @throws DuetError `inbox_full`; PeerError `no_space` `mailbox_share_full`
   */
  async deliver(
    sealed: Uint8Array,
    sender: string | null = null,
  ): Promise<{ id: string; fresh: boolean }> {
    const id = idOf(sealed)
    return orNoSpace('message', async () => {
      if (this.#has(id, sealed.length)) {
        // the request that put it there may still wait for this sync
        await this.#syncNew()
        return { id, fresh: false }
      }
      this.#refuseShare(sender)
      this.#refuseFull()
      const draft = path.join(this.tmp, newStamp())
      let fresh: boolean
      try {
        await writeNewInBackground(draft, sealed)
        fresh = this.#place(draft, id, sealed.length, sender)
      } finally {
        fs.rmSync(draft, { force: true })
      }
      // if this fails the message stays all the same: another request may have been told that it is stored
      await this.#syncNew()
      return { id, fresh }
    })
  }

  /** What is in `new`, oldest first. */
  async entries(): Promise<Entry[]> {
    const names = await fs.promises.readdir(this.new, { encoding: 'buffer' })
    return names
      .map((bytes) => {
        const file = fileIn(this.new, bytes)
        return { ...file, stat: fs.lstatSync(file.path, { throwIfNoEntry: false }) }
      })
      .filter((entry): entry is Entry => entry.stat !== undefined)
      .sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs || (a.name < b.name ? -1 : 1))
  }

  /** How many files are in `failed`. */
  async setAside(): Promise<number> {
    return (await fs.promises.readdir(this.failed)).length
  }

  isRead(id: string): boolean {
    return fs.existsSync(this.placeInCur(id))
  }

  /** Where a message goes when it was read: under its id, whatever its file is called. */
  placeInCur(id: string): string {
    return path.join(this.cur, `${id}${SEEN}`)
  }

  /** Where an entry goes that does not open: under its own name, or a longer or another one if that is taken or too long. */
  placeInFailed({ name }: Entry): string {
    const stamp = newStamp()
    const places = [name, `${name}.${stamp}`, stamp]
      .filter((name) => Buffer.byteLength(name) <= MAX_NAME_BYTES)
      .map((name) => path.join(this.failed, name))
    return places.find((place) => !fs.existsSync(place)) as string
  }

  /** Whether the message is here, looked for in the order in which it moves. */
  #has(id: string, length: number): boolean {
    const places = [path.join(this.new, id), path.join(this.failed, id), this.placeInCur(id)]
    return places.some((file) => {
      const stat = fs.lstatSync(file, { throwIfNoEntry: false })
      return stat?.isFile() && stat.size === length
    })
  }

  /** Looks, counts and places at once: no other request of this process can come in between. */
  #place(draft: string, id: string, length: number, sender: string | null): boolean {
    if (this.#has(id, length)) return false
    this.#refuseShare(sender)
    this.#refuseFull()
    fs.renameSync(draft, path.join(this.new, id))
    const { count, at } = this.#waiting
    this.#waiting = { count: count + 1, changed: this.#lastChange(), at }
    if (sender !== null) {
      if (this.#shares.areMany) this.#lookOver()
      this.#shares.take(sender, id)
    }
    return true
  }

  /**
   * A place is free again when its message was read, or removed from `failed`: what does not open keeps it.
   * @throws PeerError `mailbox_share_full`
   */
  #refuseShare(sender: string | null): void {
    if (sender === null || !this.#shares.isUsed(sender)) return
    this.#lookOver()
    if (this.#shares.isUsed(sender))
      throw new PeerError(
        'mailbox_share_full',
        `${MAX_OF_ONE} messages from ${sender} wait to be read or did not open, and no address may have more.`,
      )
  }

  #lookOver(): void {
    const now = performance.now()
    if (now - this.#lookedOver < LIST_AGAIN_MS) return
    this.#lookedOver = now
    // in the order in which messages move
    this.#shares.keep(new Set([...fs.readdirSync(this.new), ...fs.readdirSync(this.failed)]))
  }

  /** @throws DuetError `inbox_full` */
  #refuseFull(): void {
    // to list 10,000 names takes longer than to write a message, so we list them only if somebody else changed the folder
    if (this.#waiting.changed !== this.#lastChange()) this.#count()
    if (this.#waiting.count < MAX_WAITING) return
    // a change in the same tick of the file system's clock as our own does not show
    if (performance.now() - this.#waiting.at >= LIST_AGAIN_MS) this.#count()
    if (this.#waiting.count >= MAX_WAITING)
      throw new DuetError('inbox_full', `${MAX_WAITING} messages wait to be read.`)
  }

  #count(): void {
    const changed = this.#lastChange()
    this.#waiting = { count: fs.readdirSync(this.new).length, changed, at: performance.now() }
  }

  #lastChange(): bigint {
    return fs.statSync(this.new, { bigint: true }).mtimeNs
  }
}

/** SHA-256 of the sealed bytes, as hex. */
export function idOf(sealed: Uint8Array): string {
  return createHash('sha256').update(sealed).digest('hex')
}
