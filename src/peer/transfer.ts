/** Pictures through a session, piece by piece: what goes out sealed, what comes in opened and kept. */

import { concatBytes } from '../protocol/bytes.ts'
import {
  type Aead,
  CHUNK_BYTES,
  HEADER_BYTES,
  PictureOpener,
  PictureSealer,
  parseHeader,
  pictureTypeOf,
  SEALED_CHUNK_BYTES,
  type StreamHeader,
} from '../protocol/stream.ts'
import {
  BadPicture,
  type KeptPicture,
  type PeerEvent,
  type PictureDraft,
  type PictureSource,
  type PictureStore,
} from './contract.ts'
import { PictureSize } from './pictureSize.ts'
import { release } from './release.ts'

/** A picture that takes longer than this, in ms, is reported on its way, and as often. */
const PROGRESS_MS = 1000
/** As many chunks as the reading of a file gives at once. */
const BATCH_BYTES = 4 * SEALED_CHUNK_BYTES
/** What is looked at before anything is sent: most pictures say here how large they are. */
const HEAD_BYTES = CHUNK_BYTES

/**
 * The stream of a picture, header first. A piece is overwritten once the next one is asked for. `progress` is told
 * how many bytes of the picture went out.
 * @throws DuetError `bad_image`, while it runs
 */
export async function* sealPicture(
  { type, bytes, name, content }: PictureSource,
  { header, key }: { header: StreamHeader; key: Uint8Array },
  aead: Aead,
  progress: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const sealer = new PictureSealer(header, key, { type, bytes, name }, aead)
  // a few chunks go out as one: each piece has a long way to the socket
  const batch = new Uint8Array(BATCH_BYTES)
  try {
    yield sealer.header
    let sent = 0
    for await (const piece of content) {
      let filled = 0
      for (const part of sealer.seal(piece)) {
        if (filled + part.length > BATCH_BYTES) {
          yield batch.subarray(0, filled)
          filled = 0
        }
        batch.set(part, filled)
        filled += part.length
        release(part)
      }
      if (filled > 0) yield batch.subarray(0, filled)
      sent += piece.length
      progress(sent)
    }
    yield concatBytes(...sealer.end())
  } finally {
    sealer.erase()
  }
}

/**
 * The same picture once its beginning was read and looked at; the rest is looked at on its way. Whoever has it calls `end`,
 * which closes what it is read from.
 * @throws DuetError `bad_image` for another type than it claims, for what takes too much memory once it is drawn, and
 *   for what ends too early, which for a long picture is known at its end
 */
export async function beginPicture(
  picture: PictureSource,
): Promise<PictureSource & { end(): void }> {
  const looked = lookedAt(picture)
  const first = await looked.next()
  // of a short one, all that there is
  const second = picture.bytes <= HEAD_BYTES && !first.done ? await looked.next() : null
  async function* content() {
    if (!first.done) yield first.value
    if (second !== null && !second.done) yield second.value
    yield* looked
  }
  const end = () => {
    looked.return(undefined).catch(() => {})
  }
  return { ...picture, content: content(), end }
}

async function* lookedAt({ type, content }: PictureSource): AsyncGenerator<Uint8Array, undefined> {
  const size = new PictureSize(type)
  let isFirst = true
  for await (const piece of headFirst(content, HEAD_BYTES)) {
    const found = isFirst ? pictureTypeOf(piece) : type
    if (found !== type)
      throw new BadPicture(
        'bad_image',
        'The picture is not of the type that it claims to be.',
        found,
      )
    isFirst = false
    size.read(piece)
    yield piece
  }
  if (!size.isWhole)
    throw new BadPicture(
      'bad_image',
      'The picture ends before its format does: the file is not whole, or curl left bytes out, as it does with -d.',
      type,
    )
}

/**
 * Opens a picture's stream into `store`. `begin` gives the key for a header, and two functions: `accept` for a
 * picture that has opened whole, `forget` for one that failed. A picture that fails leaves nothing.
 * `firstChunk`: the first chunk as it came, sealed.
 * @throws DuetError `bad_image` `decrypt_failed` `too_large`, and what `begin` and `store` throw
 */
export async function openPicture(
  stream: AsyncIterable<Uint8Array>,
  begin: (header: StreamHeader) => { key: Uint8Array; accept(): void; forget(): void },
  store: PictureStore,
  { aead, maxBytes }: { aead: Aead; maxBytes: number },
  progress: (done: number, total: number) => void,
): Promise<{
  picture: KeptPicture
  name: string
  firstChunk: Uint8Array
}> {
  const pieces = headFirst(stream, HEADER_BYTES)
  let draft: PictureDraft | undefined
  let opener: PictureOpener | undefined
  let forget = () => {}
  try {
    const { value: header } = await pieces.next()
    const { key, accept, ...begun } = begin(parseHeader(header ?? new Uint8Array(0)))
    forget = begun.forget
    opener = new PictureOpener(key, maxBytes, aead)
    draft = await store.create()
    const firstChunk = await writeAll(opener, pieces, draft, progress)
    const { metadata } = opener
    if (metadata === null) throw new Error('A stream that has ended has metadata.')
    await draft.finish(metadata.type)
    // from here on nothing waits and nothing fails: accepted and kept are one step
    accept()
    const picture = draft.keep()
    return { picture, name: metadata.name, firstChunk }
  } catch (error) {
    await draft?.discard()
    throw error
  } finally {
    opener?.erase()
    forget()
    await pieces.return(undefined)
  }
}

/** Returns a copy of the first chunk as it came. */
async function writeAll(
  opener: PictureOpener,
  sealed: AsyncIterable<Uint8Array>,
  draft: PictureDraft,
  progress: (done: number, total: number) => void,
): Promise<Uint8Array> {
  const firstChunk = new Uint8Array(SEALED_CHUNK_BYTES)
  let filled = 0
  let written = 0
  let size: PictureSize | undefined
  const write = async (picture: Uint8Array) => {
    const { length } = picture
    if (opener.metadata !== null) size ??= new PictureSize(opener.metadata.type)
    size?.read(picture)
    await draft.write(picture)
    release(picture)
    written += length
    progress(written, opener.metadata?.bytes ?? 0)
  }
  for await (const piece of sealed) {
    const part = piece.subarray(0, SEALED_CHUNK_BYTES - filled)
    firstChunk.set(part, filled)
    filled += part.length
    for (const picture of opener.open(piece)) await write(picture)
  }
  await write(opener.end())
  return firstChunk.subarray(0, filled)
}

/** The same stream in other pieces: the first has `length` bytes, unless the stream is shorter. */
async function* headFirst(
  stream: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array, undefined> {
  const head = new Uint8Array(length)
  let filled = 0
  for await (const piece of stream) {
    const part = piece.subarray(0, length - filled)
    head.set(part, filled)
    filled += part.length
    if (part.length > 0 && filled === length) yield head
    if (part.length < piece.length) yield piece.subarray(part.length)
  }
  if (filled < length) yield head.subarray(0, filled)
}

/** Measures how long a picture takes, and reports the progress of a slow one. */
export function pictureClock(way: 'sent' | 'received', report: (event: PeerEvent) => void) {
  const begin = performance.now()
  let next = PROGRESS_MS
  const ms = () => performance.now() - begin
  return {
    ms,
    progress: (done: number, total: number) => {
      if (ms() < next) return
      next = ms() + PROGRESS_MS
      report({ type: 'picture progress', way, done, total, ms: ms() })
    },
  }
}
