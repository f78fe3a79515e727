/** Received pictures as files: written beside, checked, and renamed; and the owner's own picture to send. */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { namedFile, orAlike } from '../disk/fileName.ts'
import { isMark, isOfAnotherBoot, newMark, stillRuns } from '../disk/mark.ts'
import { isRunning, orNoSpace } from '../disk/system.ts'
import {
  PeerError,
  type PictureDraft,
  type PictureSource,
  type PictureStore,
  type StoredPicture,
} from '../peer/contract.ts'
import { DuetError } from '../protocol/errors.ts'
import { pictureTypeOf } from '../protocol/stream.ts'
import { digestOf, KeptPictures, roomOf, storedAt } from './keptPictures.ts'

/** src/sample/draw.ts draws it. */
const SAMPLE = fileURLToPath(new URL('../../src/sample/curve.png', import.meta.url))
const READ_BYTES = 256 * 1024
/** What is gathered for one write: the system takes few long ones much faster than many short ones. */
const WRITE_BYTES = 1024 * 1024
/** The same of one picture of many that come at once: each has its own. */
const MIN_WRITE_BYTES = 128 * 1024

/** How much room received pictures may take on the disk, in bytes, unless the owner says otherwise. */
const KEPT_BYTES = 256 * 1024 * 1024

const ENDED = 'This peer has ended.'
const DROPPED = 'There is no room for several pictures at a time, and this one waited longest.'

const TEMPORARY = /^incoming-[0-9a-f]{16}\.tmp$/
/** Folders of peers without a state, in the system's folder for temporary files: with its process's id and its mark, or (those of version 1.0) with the id alone. */
const PRIVATE_FOLDER = /^ecdh-duet-(\d+)-(.+)$/

/**
 * Pictures below `dir`, which is made when the first one comes. What a killed run left half written is removed. `limit`: how
 * much room they may take on the disk, in bytes; what earlier runs left counts from the next picture on.
 */
export function openPictures(dir: string, limit = KEPT_BYTES): PictureStore {
  const names = namesIn(dir)
  for (const name of names.filter((name) => TEMPORARY.test(name))) fs.rmSync(path.join(dir, name))
  const folder = () => {
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 })
    return dir
  }
  return new Pictures(folder, new KeptPictures(dir, names, limit))
}

/** Pictures of a peer without a state: in a private folder, made when the first one comes, removed by `close`. */
export function temporaryPictures(limit = KEPT_BYTES): PictureStore {
  for (const name of namesIn(os.tmpdir())) {
    const [, pid, mark = ''] = PRIVATE_FOLDER.exec(name) ?? []
    const isLeft = isMark(mark)
      ? stillRuns(mark) === false || isOfAnotherBoot(mark)
      : /^\w+$/.test(mark) && !isRunning(Number(pid))
    if (isLeft) removeOwn(path.join(os.tmpdir(), name))
  }
  let dir: string | null = null
  const folder = () => {
    if (dir === null) {
      const fresh = path.join(os.tmpdir(), `ecdh-duet-${process.pid}-${newMark()}`)
      fs.mkdirSync(fresh, { mode: 0o700 })
      dir = fresh
      // where nobody comes to close it
      process.once('exit', remove)
    }
    return dir
  }
  const remove = () => {
    if (dir !== null) fs.rmSync(dir, { recursive: true, force: true })
    process.off('exit', remove)
  }
  return new Pictures(folder, new KeptPictures('', [], limit), remove)
}

/** The picture that a peer sends if it is given none: `image`, else the original's own, else the sample. */
export function ownPicture(image?: string): () => Promise<PictureSource> {
  return () => pictureFile(image ?? (fs.existsSync('imagen.jpg') ? 'imagen.jpg' : SAMPLE))
}

/**
 * A file as a picture to send.
 * @throws DuetError `bad_image`
 */
export async function pictureFile(argument: string): Promise<PictureSource> {
  const { path: file, name: shown } = namedFile(argument)
  const name = path.basename(shown)
  const refuse = (why: string) => new DuetError('bad_image', `${name} ${why}`)
  // not to wait for the other end of a pipe
  const flags = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0)
  const handle = await fs.promises.open(file, flags).catch((error: NodeJS.ErrnoException) => {
    const isThere = error.code !== 'ENOENT'
    throw new DuetError(
      'bad_image',
      isThere
        ? `${name} can not be read.`
        : `There is no picture ${JSON.stringify(shown)}.${orAlike(shown)}`,
    )
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw refuse('is not a file.')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0)
    const type = pictureTypeOf(buffer.subarray(0, bytesRead))
    if (type === null) throw refuse('is not a PNG, JPEG, WebP or GIF.')
    return { type, bytes: stat.size, name, content: contentOf(file) }
  } finally {
    await handle.close()
  }
}

/** Opens the file when it is read, so that a picture that is never sent leaves nothing open. */
async function* contentOf(file: string | Buffer): AsyncGenerator<Uint8Array> {
  const handle = await fs.promises.open(file)
  try {
    // one buffer for all of it: with a fresh one a piece, collecting them takes longer than sealing
    const buffer = Buffer.alloc(READ_BYTES)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** One that is being received. */
interface Draft {
  /** How many bytes came. */
  bytes: number
  /** All of it did, and before anything else happens it is kept or discarded. */
  isWhole: boolean
  /** Removes its file. */
  remove(): void
  /** The same, once nothing is under way. */
  discard(): Promise<void>
}

class Pictures implements PictureStore {
  readonly #folder: () => string
  readonly #kept: KeptPictures
  readonly #close: () => void
  /** The one that has waited longest for its next bytes is the first. */
  readonly #drafts = new Set<Draft>()
  /** How often it was closed. */
  #closings = 0
  readonly left: PictureStore['left']
  last: StoredPicture | null

  constructor(folder: () => string, kept: KeptPictures, close: () => void = () => {}) {
    this.#folder = folder
    this.#kept = kept
    this.#close = close
    this.left = kept.left
    this.last = kept.last
  }

  async create(): Promise<PictureDraft> {
    const before = this.#closings
    const isClosed = () => this.#closings !== before
    const dir = await orNoSpace('picture', async () => this.#folder())
    const id = randomBytes(8).toString('hex')
    let file = path.join(dir, `incoming-${id}.tmp`)
    const draft: Draft = {
      bytes: 0,
      isWhole: false,
      remove: () => fs.rmSync(file, { force: true }),
      discard: async () => {},
    }
    this.#drafts.add(draft)
    const gathered = Math.max(MIN_WRITE_BYTES, Math.floor(WRITE_BYTES / this.#drafts.size))
    const handle = await orNoSpace('picture', () => fs.promises.open(file, 'wx+', 0o600)).catch(
      (error) => {
        this.#drafts.delete(draft)
        throw error
      },
    )
    const writer = new GatheringWriter(handle, gathered)
    draft.discard = async () => {
      await writer.idle()
      await handle.close().catch(() => {})
      draft.remove()
      this.#drafts.delete(draft)
    }
    // closed while the file was being made
    if (isClosed()) await draft.discard()
    const goOn = () => {
      if (!this.#drafts.has(draft)) throw new PeerError('no_space', isClosed() ? ENDED : DROPPED)
    }
    goOn()
    /** Whatever fails since it was dropped meanwhile says so. */
    const use = async <T>(operation: () => Promise<T>) => {
      goOn()
      return await orNoSpace('picture', operation).finally(goOn)
    }
    let digest: string | null = null
    let stored: StoredPicture
    return {
      write: (bytes) => {
        draft.bytes += bytes.length
        return use(async () => {
          await this.#makeRoom(draft)
          await writer.write(bytes)
        })
      },
      finish: (type) =>
        use(async () => {
          await writer.flush()
          await handle.close()
          // of two that come at the same time the second one has to know both
          if (this.#drafts.size > 1 || this.#kept.hasLike(type, draft.bytes)) {
            await this.#kept.compareLike(type, draft.bytes)
            digest = await digestOf(file)
          }
          goOn()
          const whole = path.join(dir, this.#kept.nameFor(type, id))
          await fs.promises.rename(file, whole)
          file = whole
          // dropped meanwhile, or the store was closed
          if (!this.#drafts.has(draft)) draft.remove()
          stored = storedAt(whole)
          draft.isWhole = true
        }),
      keep: () => {
        this.#drafts.delete(draft)
        this.last = stored
        return { ...stored, ...this.#kept.add(stored, digest) }
      },
      discard: draft.discard,
    }
  }

  /**
   * Drops pictures that are being received as long as several of them need more room than there is beside the kept
   * ones: first the one that has waited longest, since a sender that begins another picture has given up the one before. The
   * largest does not count: for one there is always room.
   */
  async #makeRoom(draft: Draft): Promise<void> {
    this.#drafts.delete(draft)
    this.#drafts.add(draft)
    for (const stalest of this.#drafts) {
      const rooms = [...this.#drafts].map(({ bytes }) => roomOf(bytes))
      const beside = rooms.reduce((all, room) => all + room, 0) - Math.max(...rooms)
      if (beside === 0 || this.#kept.hasRoomFor(beside)) return
      if (stalest === draft || stalest.isWhole || stalest.bytes === 0) continue
      this.#drafts.delete(stalest)
      await stalest.discard()
    }
  }

  close(): void {
    this.#closings++
    for (const { remove } of this.#drafts) remove()
    this.#drafts.clear()
    this.#close()
  }
}

/** Writes a file in long pieces: one is gathered while the one before is on its way. */
class GatheringWriter {
  readonly #handle: fs.promises.FileHandle
  #gathering: Buffer
  #spare: Buffer
  #filled = 0
  #position = 0
  #writing: Promise<void> = Promise.resolve()

  /** `length`: how many bytes are gathered for a write. */
  constructor(handle: fs.promises.FileHandle, length: number) {
    this.#handle = handle
    this.#gathering = Buffer.allocUnsafeSlow(length)
    this.#spare = Buffer.allocUnsafeSlow(length)
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length; ) {
      const part = bytes.subarray(taken, taken + this.#gathering.length - this.#filled)
      this.#gathering.set(part, this.#filled)
      this.#filled += part.length
      taken += part.length
      if (this.#filled === this.#gathering.length) await this.#next()
    }
  }

  /** Writes what is left, and waits until all of it is written. */
  async flush(): Promise<void> {
    await this.#next()
    await this.#writing
  }

  /** Waits until nothing is under way, well or badly. */
  async idle(): Promise<void> {
    await this.#writing.catch(() => {})
  }

  async #next(): Promise<void> {
    await this.#writing
    const full = this.#gathering
    this.#writing = writeAt(this.#handle, full.subarray(0, this.#filled), this.#position)
    // whoever waits for it sees the error; until then it is nobody's
    this.#writing.catch(() => {})
    this.#position += this.#filled
    this.#gathering = this.#spare
    this.#spare = full
    this.#filled = 0
  }
}

/** All of `bytes` at `position`; the system may take fewer at a time. */
async function writeAt(
  handle: fs.promises.FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const rest = bytes.subarray(done)
    const { bytesWritten } = await handle.write(rest, 0, rest.length, position + done)
    done += bytesWritten
  }
}

/** The names in a folder; none if it can't be read: that becomes an error when a picture comes. */
function namesIn(dir: string): string[] {
  try {
    return fs.readdirSync(dir)
  } catch {
    return []
  }
}

/** Removes a folder unless it is somebody else's. */
function removeOwn(dir: string): void {
  const stat = fs.lstatSync(dir, { throwIfNoEntry: false })
  if (stat?.isDirectory() && stat.uid === process.getuid?.())
    fs.rmSync(dir, { recursive: true, force: true })
}
