/** Reads a Maildir: what waits, then what comes. */

import { isUtf8 } from 'node:buffer'
import fs from 'node:fs'
import { processOf } from '../disk/mark.ts'
import { Turn } from '../disk/turn.ts'
import type { WatchEvent } from '../peer/contract.ts'
import type { KeyPair } from '../protocol/curves.ts'
import { DuetError } from '../protocol/errors.ts'
import { type Entry, idOf, type Maildir } from './maildir.ts'
import { MAX_MAIL_BYTES, open, sealedBytes } from './seal.ts'

/** How often, in ms, to look without being told: for a change that the system did not report, or the end of another watcher. */
const LOOK_AGAIN_MS = 1000
/** How long, in ms, after it was last written to, a file that does not open may still be growing. */
const GROWING_MS = 1000
/** How many looks find nobody's turn before that is told: others may change the file as we look. */
const LOOKS = 3

export interface WatchOptions {
  readonly maildir: Maildir
  readonly pair: KeyPair
  /** Resolves when it is told; only then a message counts as read. */
  readonly tell: (event: WatchEvent) => Promise<void>
  /** Ends the watching, after the message that is under way. */
  readonly signal: AbortSignal
}

/**
 * Opens every message that waits, oldest first, and then each that comes, until the signal.
 * @throws the system's errors, and what `tell` throws
 */
export async function watch({ maildir, pair, tell, signal }: WatchOptions): Promise<void> {
  const turn = new Turn(maildir.dir)
  const readAll = createReader(maildir, pair, tell)
  const bell = new Bell()
  signal.addEventListener('abort', bell.ring)
  let eye: fs.FSWatcher | null = null
  let reading: string | null = null
  let nobody = 0
  try {
    while (!signal.aborted) {
      const mine = turn.take()
      const now = mine ? 'mine' : turn.holder
      if (now !== null && now !== reading) {
        reading = now
        await tell(
          mine
            ? { type: 'watching', place: maildir.dir }
            : { type: 'other watcher', process: processOf(now) },
        )
      }
      nobody = now === null ? nobody + 1 : 0
      if (nobody === LOOKS) await tell({ type: 'no turn', place: turn.folder })
      if (mine) {
        eye ??= lookAt(maildir.new, bell.ring)
        await readAll(() => !signal.aborted && turn.take())
      }
      await bell.rung(LOOK_AGAIN_MS)
    }
  } finally {
    eye?.close()
    turn.release()
  }
}

/**
 * Calls `ring` at every change in a folder, and now and then without one. Null where the system can't watch one
 * more folder: then only the clock rings.
 */
function lookAt(folder: string, ring: () => void): fs.FSWatcher | null {
  try {
    return fs.watch(folder, ring).on('error', () => {})
  } catch {
    return null
  }
}

/** Wakes whoever waits for it; a ring that nobody waits for is kept. */
class Bell {
  #rings = false
  #wake = () => {}

  readonly ring = (): void => {
    this.#rings = true
    this.#wake()
  }

  /** Resolves at a ring, or after `ms`. */
  async rung(ms: number): Promise<void> {
    if (!this.#rings)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    this.#rings = false
  }
}

/** Makes a function that reads what is in `new`, as long as `mayGoOn`. */
function createReader(maildir: Maildir, pair: KeyPair, tell: WatchOptions['tell']) {
  /** One more than a message has, so that a longer file is no message. */
  const maxBytes = sealedBytes(pair.curve, MAX_MAIL_BYTES) + 1
  /** What is passed over is told of once. */
  let passedOver = new Set<string>()

  return async (mayGoOn: () => boolean): Promise<void> => {
    const stays = new Set<string>()
    for (const entry of await maildir.entries()) {
      if (!mayGoOn()) return
      const why = await read(entry)
      if (why === null) continue
      stays.add(entry.name)
      if (!passedOver.has(entry.name)) await tell({ type: 'passed over', name: entry.name, why })
    }
    passedOver = stays
  }

  /** Reads an entry or sets it aside; returns why it stays, if it does. */
  async function read(entry: Entry): Promise<string | null> {
    if (entry.name.startsWith('.')) return 'A name that begins with a dot is not a message.'
    if (!entry.stat.isFile()) return 'It is not a file.'
    const sealed = contentOf(entry.path, maxBytes)
    // somebody took it
    if (sealed === 'ENOENT') return null
    if (typeof sealed === 'string') return `It can't be read (${sealed}).`
    const id = idOf(sealed)
    if (maildir.isRead(id)) {
      fs.rmSync(entry.path, { force: true })
      return null
    }
    const text = await textOf(pair, sealed)
    if (typeof text === 'string') {
      if (mayGrow(entry)) return null
      const place = maildir.asidePlace(entry)
      await tell({ type: 'set aside', place, why: text })
      move(entry, place)
    } else {
      await tell({ type: 'mail', stored: entry.stat.mtime, SECRET: text })
      text.fill(0)
      move(entry, maildir.readPlace(id))
    }
    return null
  }
}

function move(entry: Entry, place: string): void {
  try {
    fs.renameSync(entry.path, place)
  } catch (error) {
    // unless somebody took it, it would be told of again and again
    if (fs.existsSync(entry.path)) throw error
  }
}

/** A server's messages come whole; what somebody copies into `new` by hand is looked at again later. */
function mayGrow({ stat }: Entry): boolean {
  // what was written just now can be younger than a clock of whole milliseconds says
  return Math.abs(Date.now() - stat.mtimeMs) < GROWING_MS
}

/** A file's first `length` bytes, or why there are none: the system's code. */
function contentOf(file: string, length: number): Uint8Array | string {
  try {
    // not through a link that took the file's place, and not to wait for the other end of a pipe
    const fd = fs.openSync(
      file,
      fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0),
    )
    try {
      const bytes = Buffer.alloc(length)
      let read = 0
      for (let more = -1; more !== 0; read += more)
        more = fs.readSync(fd, bytes, read, length - read, null)
      return bytes.subarray(0, read)
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

/** The text that was sealed, as UTF-8, or why there is none. */
async function textOf(pair: KeyPair, sealed: Uint8Array): Promise<Uint8Array | string> {
  if (sealed.length === 0) return 'It is empty.'
  try {
    const text = await open(pair, sealed)
    return isUtf8(text) ? text : 'It holds no text in UTF-8.'
  } catch (error) {
    if (error instanceof DuetError) return error.message
    throw error
  }
}
