/** Received pictures as files: each is written under a temporary name, checked, and renamed. */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { GatheringWriter } from '../disk/gatheringWriter.ts'
import { orNoSpace } from '../disk/noSpace.ts'
import { isOfAnotherBoot, isRunning, isStamp, newStamp, stillRuns } from '../disk/stamp.ts'
import {
  PeerError,
  type PictureDraft,
  type PictureStore,
  type StoredPicture,
} from '../peer/contract.ts'
import { digestOf, KeptPictures, roomOf, storedAt } from './keptPictures.ts'

/** How much of a picture is gathered for one write. */
const WRITE_BYTES = 1024 * 1024
/** Pictures that come at the same time share that, and each gathers so much at least. */
const MIN_WRITE_BYTES = 128 * 1024

/** How much room received pictures may take on the disk, in bytes, unless the owner says otherwise. */
const KEPT_BYTES = 256 * 1024 * 1024

const ENDED = 'This peer has ended.'
const DROPPED = 'There is no room for several pictures at a time, and this one waited longest.'

const TEMPORARY = /^incoming-[0-9a-f]{16}\.tmp$/
/**
 * The folder of a peer without a state, in the system's folder for temporary files: the process's id, and behind it a stamp
 * or, of version 1.0, some letters and digits.
 */
const PRIVATE_FOLDER = /^ecdh-duet-(\d+)-(.+)$/

/**
 * The pictures in the folder `dir`, which is made when the first one comes. Removes what a killed run left half written.
 * `limit`: how much room they may take on the disk, in bytes. Those of earlier runs count as soon as the next picture comes.
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

/**
 * The pictures of a peer without a state, in a private folder that is made when the first one comes, and that `close`
 * removes. Also removes such folders of processes that have ended.
 */
export function temporaryPictures(limit = KEPT_BYTES): PictureStore {
  for (const name of namesIn(os.tmpdir())) {
    const [, pid, rest = ''] = PRIVATE_FOLDER.exec(name) ?? []
    const isLeft = isStamp(rest)
      ? stillRuns(rest) === false || isOfAnotherBoot(rest)
      : /^\w+$/.test(rest) && !isRunning(Number(pid))
    if (isLeft) removeOwn(path.join(os.tmpdir(), name))
  }
  let dir: string | null = null
  const folder = () => {
    if (dir === null) {
      const fresh = path.join(os.tmpdir(), `ecdh-duet-${process.pid}-${newStamp()}`)
      fs.mkdirSync(fresh, { mode: 0o700 })
      dir = fresh
      // for a process that ends without `close`
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

/** A picture that is being received. */
interface Draft {
  /** How many bytes have come. */
  bytes: number
  /** All bytes have come: the next thing that happens is that it is kept or discarded. */
  isWhole: boolean
  /** Removes its file. */
  remove(): void
  /** Waits until no write is under way, and removes its file. */
  discard(): Promise<void>
}

class Pictures implements PictureStore {
  readonly #folder: () => string
  readonly #kept: KeptPictures
  readonly #close: () => void
  /** In the order of their last bytes: the first one has waited longest. */
  readonly #drafts = new Set<Draft>()
  /** How often the store was closed: it can be used again afterwards. */
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
    const assertNotDropped = () => {
      if (!this.#drafts.has(draft)) throw new PeerError('no_space', isClosed() ? ENDED : DROPPED)
    }
    assertNotDropped()
    /** Runs an operation of this draft. If the draft was dropped meanwhile, that is the error, and not what failed because of it. */
    const use = async <T>(operation: () => Promise<T>) => {
      assertNotDropped()
      return await orNoSpace('picture', operation).finally(assertNotDropped)
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
          // of two that come at the same time, the second one is compared with the first, so both digests are needed
          if (this.#drafts.size > 1 || this.#kept.hasLike(type, draft.bytes)) {
            await this.#kept.digestLike(type, draft.bytes)
            digest = await digestOf(file)
          }
          assertNotDropped()
          const whole = path.join(dir, this.#kept.nameFor(type, id))
          await fs.promises.rename(file, whole)
          file = whole
          // dropped, or the store closed, while the file got its name
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
   * Makes room for the bytes of `draft` that have come. While all drafts but the largest need more room than the kept
   * pictures leave, drops the draft that has waited longest: a sender that begins another picture has given up the one
   * before. The largest does not count, since there is always room for one picture.
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

/** The names in a folder. None if it can't be read: that is told when a picture comes. */
function namesIn(dir: string): string[] {
  try {
    return fs.readdirSync(dir)
  } catch {
    return []
  }
}

/** Removes a folder, unless it belongs to another user. */
function removeOwn(dir: string): void {
  const stat = fs.lstatSync(dir, { throwIfNoEntry: false })
  if (stat?.isDirectory() && stat.uid === process.getuid?.())
    fs.rmSync(dir, { recursive: true, force: true })
}
