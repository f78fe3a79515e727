/** The pictures that a peer keeps: which one came last, which are removed for want of room, and which are the same. */

import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type { KeptPicture, PictureStore, StoredPicture } from '../peer/contract.ts'
import type { PictureType } from '../protocol/stream.ts'

const EXTENSIONS: Readonly<Record<PictureType, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
}
const TYPES = new Map(
  (Object.keys(EXTENSIONS) as PictureType[]).map((type) => [EXTENSIONS[type], type]),
)
const NAME = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3}Z)-[0-9a-f]{16}\.(png|jpg|webp|gif)$/
/** The last moment that a name can say. */
const MAX_TIME = Date.parse('9999-12-31T23:59:59.999Z')
/** File systems give a file whole blocks, so that a small picture takes more room than its bytes. */
const BLOCK_BYTES = 4096

interface Kept {
  readonly bytes: number
  readonly type: PictureType
  /** SHA-256 of the content; null until somebody needs it. */
  digest: string | null
}

/** How much room a file of `bytes` bytes takes on the disk. */
export function roomOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES
}

export class KeptPictures {
  readonly #limit: number
  /** By path, the oldest first. */
  readonly #all = new Map<string, Kept>()
  #room = 0
  /** The time in the name that was given out last. */
  #time = 0

  /** Takes those of `names` in `dir` that are names of ours. All other files there are somebody else's. */
  constructor(dir: string, names: readonly string[], limit: number) {
    this.#limit = limit
    for (const name of names.filter((name) => timeOf(name) !== null).sort()) {
      const file = path.join(dir, name)
      const stat = fs.lstatSync(file, { throwIfNoEntry: false })
      if (stat?.isFile()) this.#put(file, { bytes: stat.size, type: typeOf(name), digest: null })
      this.#time = timeOf(name) ?? 0
    }
  }

  /** How many pictures there are, and their room and the limit in bytes, if they take more than the limit. Null if not. */
  get left(): PictureStore['left'] {
    if (this.hasRoomFor(0)) return null
    return { count: this.#all.size, bytes: this.#room, limit: this.#limit }
  }

  /** Whether the limit leaves room for so many more bytes on the disk. */
  hasRoomFor(room: number): boolean {
    return this.#room + room <= this.#limit
  }

  /** The picture that came last, or null. */
  get last(): StoredPicture | null {
    const file = [...this.#all.keys()].at(-1)
    return file === undefined ? null : storedAt(file)
  }

  /** A name for the next picture. Names sort in the order in which pictures came, even if the clock was put back. */
  nameFor(type: PictureType, id: string): string {
    this.#time = Math.min(Math.max(Date.now(), this.#time + 1), MAX_TIME)
    const time = new Date(this.#time).toISOString().replace(/[:.]/g, '-')
    return `${time}-${id}.${EXTENSIONS[type]}`
  }

  /** Whether there is a picture of this type and length, which may be the same one. */
  hasLike(type: PictureType, bytes: number): boolean {
    return this.#like(type, bytes).length > 0
  }

  /** Computes the digests of those of this type and length, each once in a run. */
  async digestLike(type: PictureType, bytes: number): Promise<void> {
    for (const [file, kept] of this.#like(type, bytes))
      kept.digest ??= await digestOf(file).catch(() => null)
  }

  /**
   * Adds a picture, which becomes the last one. `digest`: SHA-256 of its content, or null if no other picture can be the
   * same. Removes the same picture of before, and then the oldest ones as long as all take more room than the limit; the
   * last one stays, however large it is. What can't be removed is no error: it goes the next time.
   */
  add(
    { path: file, type, bytes }: StoredPicture,
    digest: string | null,
  ): Pick<KeptPicture, 'isRepeated' | 'removed'> {
    const same = this.#like(type, bytes).filter(
      ([, kept]) => digest !== null && kept.digest === digest,
    )
    this.#put(file, { type, bytes, digest })
    for (const [path] of same) this.#remove(path)
    const removed: { path: string; bytes: number }[] = []
    for (const [path, { bytes }] of this.#all) {
      if (this.hasRoomFor(0) || path === file) break
      if (this.#remove(path)) removed.push({ path, bytes })
    }
    return { isRepeated: same.length > 0, removed }
  }

  #like(type: PictureType, bytes: number): [string, Kept][] {
    return [...this.#all].filter(([, kept]) => kept.bytes === bytes && kept.type === type)
  }

  #put(file: string, kept: Kept): void {
    this.#all.set(file, kept)
    this.#room += roomOf(kept.bytes)
  }

  #remove(file: string): boolean {
    try {
      fs.rmSync(file, { force: true })
    } catch {
      return false
    }
    this.#room -= roomOf(this.#all.get(file)?.bytes ?? 0)
    return this.#all.delete(file)
  }
}

export function storedAt(file: string): StoredPicture {
  const { size, mtime } = fs.statSync(file)
  return { path: file, type: typeOf(file), bytes: size, received: mtime }
}

/** SHA-256 of a file. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of fs.createReadStream(file, { highWaterMark: 256 * 1024 }))
    hash.update(piece)
  return hash.digest('hex')
}

/** The time that a name of ours says, or null for another name. */
function timeOf(name: string): number | null {
  const [, hour, minute, second, rest] = NAME.exec(name) ?? []
  const time = Date.parse(`${hour}:${minute}:${second}.${rest}`)
  return Number.isNaN(time) ? null : time
}

function typeOf(name: string): PictureType {
  return TYPES.get(path.extname(name).slice(1)) as PictureType
}
