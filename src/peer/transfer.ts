/** Streams of pictures, piece by piece: checked and sealed on their way out, opened on their way in. */

import { concatBytes } from '../protocol/bytes.ts'
import {
  type Aead,
  CHUNK_BYTES,
  type PictureMetadata,
  type PictureOpener,
  PictureSealer,
  pictureTypeOf,
  SEALED_CHUNK_BYTES,
  type StreamHeader,
} from '../protocol/stream.ts'
import { BadPicture, type PictureDraft, type PictureSource } from './contract.ts'
import { PictureSize } from './pictureSize.ts'
import { release } from './release.ts'

/** So many chunks go to the socket as one piece, which costs less than a piece for each. A file is read as many at a time. */
const BATCH_BYTES = 4 * SEALED_CHUNK_BYTES
/** How much is checked before anything is sent: most pictures say here how large they are. */
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
 * Reads the beginning of a picture and checks it. Returns the same picture, the rest of which is checked while it is
 * read. Whoever has it calls `end`, which closes what the picture is read from.
 * @throws DuetError `bad_image` for another type than it claims, for what takes too much memory once it is drawn, and
 *   for what ends too early, which for a long picture is known at its end
 */
export async function checkBeginning(
  picture: PictureSource,
): Promise<PictureSource & { end(): void }> {
  const pieces = checked(picture)
  const first = await pieces.next()
  // a short picture is checked to its end
  const second = picture.bytes <= HEAD_BYTES && !first.done ? await pieces.next() : null
  async function* content() {
    if (!first.done) yield first.value
    if (second !== null && !second.done) yield second.value
    yield* pieces
  }
  const end = () => {
    pieces.return(undefined).catch(() => {})
  }
  return { ...picture, content: content(), end }
}

async function* checked({ type, content }: PictureSource): AsyncGenerator<Uint8Array, undefined> {
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
 * Opens the sealed chunks of a picture and writes the picture to `draft`. Returns what the picture's sender says of it,
 * and a copy of the first chunk as it came.
 * @throws DuetError `bad_image` `decrypt_failed` `too_large`; PeerError `no_space`
 */
export async function openInto(
  draft: PictureDraft,
  opener: PictureOpener,
  chunks: AsyncIterable<Uint8Array>,
  progress: (done: number, total: number) => void,
): Promise<{ metadata: PictureMetadata; firstChunk: Uint8Array }> {
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
  for await (const piece of chunks) {
    const part = piece.subarray(0, SEALED_CHUNK_BYTES - filled)
    firstChunk.set(part, filled)
    filled += part.length
    for (const picture of opener.open(piece)) await write(picture)
  }
  await write(opener.end())
  const { metadata } = opener
  if (metadata === null) throw new Error('A stream that has ended has metadata.')
  return { metadata, firstChunk: firstChunk.subarray(0, filled) }
}

/** The same stream in other pieces: the first has `length` bytes, unless the stream is shorter. */
export async function* headFirst(
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
