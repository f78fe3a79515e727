/** Reads a Maildir: the messages that wait, then each that comes. */

import { isUtf8 } from 'node:buffer'
import fs from 'node:fs'
import path from 'node:path'
import { Lock } from '../disk/lock.ts'
import { readAtMost, TO_READ_NO_LINK } from '../disk/open.ts'
import { processOf } from '../disk/stamp.ts'
import type { NoMail, WatchEvent } from '../peer/contract.ts'
import type { KeyPair } from '../protocol/curves.ts'
import { DuetError } from '../protocol/errors.ts'
import { type Entry, idOf, MAX_SET_ASIDE, type Maildir } from './maildir.ts'
import { MAX_MAIL_BYTES, open, sealedBytes } from './seal.ts'

/** How often, in ms, to look anyway: the system may not report a change, and never reports that another watcher has ended. */
const LOOK_AGAIN_MS = 1000
/** For so many ms after its last change, a file that does not open may still be growing. */
const GROWING_MS = 1000
/** While more and more of it comes, what does not open is set aside this often, in ms, and else once it comes to an end. */
const FLOOD_MS = 10_000
/** So many looks in a row have to find the lock free, and not take it, before that is told: others may change the lock as we look. */
const LOOKS = 3

export interface WatchOptions {
  readonly maildir: Maildir
  readonly pair: KeyPair
  /** Tells the owner, and resolves when that is done. A message counts as read only then. */
  readonly tell: (event: WatchEvent) => Promise<void>
  /** Ends the watching, after the message that is under way. */
  readonly signal: AbortSignal
}

/**
 * Opens every message that waits, oldest first, and then each that comes, until the signal.
 * @throws the system's errors, and what `tell` throws
 */
export async function watchMaildir({ maildir, pair, tell, signal }: WatchOptions): Promise<void> {
  const lock = new Lock(path.join(maildir.dir, 'watching'), maildir.tmp)
  const readAll = createReader(maildir, pair, tell)
  const bell = new Bell()
  signal.addEventListener('abort', bell.ring)
  let changes: fs.FSWatcher | null = null
  let lastTold: string | null = null
  let looksInVain = 0
  try {
    while (!signal.aborted) {
      const isOurs = lock.take()
      const holder = isOurs ? 'this watcher' : lock.holder
      if (holder !== null && holder !== lastTold) {
        lastTold = holder
        await tell(
          isOurs
            ? { type: 'watching', place: maildir.dir }
            : { type: 'other watcher', process: processOf(holder) },
        )
      }
      looksInVain = holder === null ? looksInVain + 1 : 0
      if (looksInVain === LOOKS) await tell({ type: 'lock unusable', place: lock.folder })
      if (isOurs) {
        changes ??= watchFolder(maildir.new, bell.ring)
        await readAll(() => !signal.aborted && lock.take())
      }
      await bell.rung(LOOK_AGAIN_MS)
    }
  } finally {
    changes?.close()
    lock.release()
  }
}

/** Calls `ring` at every change in a folder. Returns null if the system can't watch one more folder: the clock has to do then. */
function watchFolder(folder: string, ring: () => void): fs.FSWatcher | null {
  try {
    return fs.watch(folder, ring).on('error', () => {})
  } catch {
    return null
  }
}

/** Wakes whoever waits for it. If nobody waits, the next one who does is woken at once. */
class Bell {
  #hasRung = false
  #wake = () => {}

  readonly ring = (): void => {
    this.#hasRung = true
    this.#wake()
  }

  /** Resolves when the bell rings, or after `ms`. */
  async rung(ms: number): Promise<void> {
    if (!this.#hasRung)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    this.#hasRung = false
  }
}

/** A file that does not open, and how it was when that was found out. */
interface Junk {
  readonly entry: Entry
  readonly why: NoMail
  /** Whether nothing more is written to it. */
  readonly isWhole: boolean
}

/** Makes a function that reads what is in `new`, as long as `mayGoOn` says so. */
function createReader(maildir: Maildir, pair: KeyPair, tell: WatchOptions['tell']) {
  /** One more than the longest message, so that a longer file does not open. */
  const maxBytes = sealedBytes(pair.curve, MAX_MAIL_BYTES) + 1
  /** The names that were told as passed over: each is told once. */
  let passedOver = new Set<string>()
  /** What does not open and is still in `new`, by its name: it is opened again only if it has changed. */
  let junk = new Map<string, Junk>()
  let isFull = false

  return async (mayGoOn: () => boolean): Promise<void> => {
    const staying = new Set<string>()
    const closed = new Map<string, Junk>()
    // to open thousands takes longer than a second, and more of them may come meanwhile
    const now = Date.now()
    for (const entry of await maildir.entries()) {
      if (!mayGoOn()) return
      const why = wasJunk(entry) ?? (await read(entry, now))
      if (why === null) continue
      if (typeof why === 'string') {
        staying.add(entry.name)
        if (!passedOver.has(entry.name)) await tell({ type: 'passed over', name: entry.name, why })
      } else closed.set(entry.name, why)
    }
    passedOver = staying
    junk = closed
    if (junk.size > 0) await setAside([...junk.values()], now)
  }

  /** What was found out of a file that is as it was then. */
  function wasJunk(entry: Entry): Junk | null {
    const known = junk.get(entry.name)
    if (!known?.isWhole) return null
    const { ino, size, mtimeMs, ctimeMs } = known.entry.stat
    const { stat } = entry
    const isSame = stat.ino === ino && stat.size === size && stat.mtimeMs === mtimeMs
    return isSame && stat.ctimeMs === ctimeMs ? known : null
  }

  /** Reads an entry. Returns null then, and else why it stays where it is. */
  async function read(entry: Entry, now: number): Promise<string | Junk | null> {
    if (entry.name.startsWith('.')) return 'A name that begins with a dot is not a message.'
    if (!entry.stat.isFile()) return 'It is not a file.'
    const sealed = contentOf(entry.path, maxBytes)
    // somebody took it away
    if (sealed === 'ENOENT') return null
    if (typeof sealed === 'string') return `It can't be read (${sealed}).`
    const id = idOf(sealed)
    if (maildir.isRead(id)) {
      fs.rmSync(entry.path, { force: true })
      return null
    }
    const text = await textOf(pair, sealed)
    if (typeof text === 'string')
      // what has its own name came whole, from a server
      return { entry, why: text, isWhole: id === entry.name || !mayGrow(entry, now) }
    await tell({ type: 'mail', stored: entry.stat.mtime, SECRET: text })
    text.fill(0)
    move(entry, maildir.placeInCur(id))
    return null
  }

  /** Moves what does not open to `failed`, and tells of it once: when no more of it comes, or it has come for long. */
  async function setAside(junk: readonly Junk[], now: number): Promise<void> {
    const old = junk.filter(({ entry }) => !mayGrow(entry, now))
    const isOver = old.length === junk.length
    if (!isOver && !old.some(({ entry }) => ageOf(entry, now) >= FLOOD_MS)) return
    const count = await maildir.setAside()
    const room = Math.max(0, MAX_SET_ASIDE - count)
    const going = old.slice(0, room)
    for (const why of new Set(going.map(({ why }) => why))) {
      const [first, ...others] = going.filter((one) => one.why === why) as [Junk, ...Junk[]]
      const place = maildir.placeInFailed(first.entry)
      await tell({ type: 'set aside', count: 1 + others.length, place, why })
      move(first.entry, place)
      for (const { entry } of others) move(entry, maildir.placeInFailed(entry))
    }
    const left = old.length - room
    if (left > 0 && !isFull)
      await tell({ type: 'set aside no more', count: count + room, place: maildir.failed, left })
    isFull = left > 0
  }
}

function move(entry: Entry, place: string): void {
  try {
    fs.renameSync(entry.path, place)
  } catch (error) {
    // if somebody took it away, all is well; if it stays, it would be told again at every look
    if (fs.existsSync(entry.path)) throw error
  }
}

/** Whether a file may still be growing. A server's messages come whole; what somebody copies into `new` by hand does not. */
function mayGrow(entry: Entry, now: number): boolean {
  return ageOf(entry, now) < GROWING_MS
}

/** How long ago, in ms, a file was written to. Its time may be that of another clock, so how far off it is counts. */
function ageOf({ stat }: Entry, now: number): number {
  // the file system's clock is finer than ours, so a file that was written just now can be a bit younger than now
  return Math.abs(now - stat.mtimeMs)
}

/** The first `most` bytes of a file, or the system's code if there are none. */
function contentOf(file: string | Buffer, most: number): Uint8Array | string {
  try {
    // a link or a FIFO may have taken the file's place since we looked at it
    const fd = fs.openSync(file, TO_READ_NO_LINK)
    try {
      return readAtMost(fd, most)
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

/** The text that was sealed, as UTF-8, or why there is none. */
async function textOf(pair: KeyPair, sealed: Uint8Array): Promise<Uint8Array | NoMail> {
  if (sealed.length === 0) return 'empty'
  try {
    const text = await open(pair, sealed)
    return isUtf8(text) ? text : 'no text'
  } catch (error) {
    if (error instanceof DuetError) return 'not sealed'
    throw error
  }
}
