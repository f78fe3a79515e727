/** Pictures as a stream of sealed chunks: a sealer and an opener that hold one chunk and never the picture. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import * as v from 'valibot'
import { concatBytes, equalBytes, lp, readU64, u64, utf8ToBytes } from './bytes.ts'
import { DuetError } from './errors.ts'
import { ImageAnswerForm, Metadata } from './forms.ts'
import { parseJson } from './json.ts'
import { AEAD_TAG_BYTES, SESSION_ID_BYTES } from './messages.ts'

export const MAGIC = utf8ToBytes('DUET2')
export const MAGIC_BYTES = MAGIC.length
export const NUMBER_BYTES = 8
/** Magic, session id, number. */
export const HEADER_BYTES = MAGIC_BYTES + SESSION_ID_BYTES + NUMBER_BYTES
/** Plaintext of a chunk; the last one may be shorter. */
export const CHUNK_BYTES = 64 * 1024
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + AEAD_TAG_BYTES
const MAX_METADATA_BYTES = 1024
/** WebP's signature is the longest. */
const SIGNATURE_BYTES = 12

/** ChaCha20-Poly1305 (RFC 8439 section 2.8): a 32-byte key, a 12-byte nonce, no associated data. */
export interface Aead {
  /** The ciphertext, then the 16-byte tag, in as many pieces as they come in. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): readonly Uint8Array[]
  /** The plaintext. Throws some error if it does not open. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array
}

export const nobleAead: Aead = {
  seal: (key, nonce, plaintext) => [chacha20poly1305(key, nonce).encrypt(plaintext)],
  open: (key, nonce, sealed) => chacha20poly1305(key, nonce).decrypt(sealed),
}

export type PictureType = 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif'

/** What is sealed before the picture. */
export interface PictureMetadata {
  readonly type: PictureType
  /** The picture's length. */
  readonly bytes: number
  /** A label, and never a path. */
  readonly name: string
}

/** What stands in clear before the chunks, `HEADER_BYTES` long. */
export interface StreamHeader {
  /** Session id, 16 bytes. */
  readonly session: Uint8Array
  /** Its place among the pictures of its session and direction, from 0. */
  readonly number: number
}

/** Whether pictures may have this content type. SVG is none of theirs, since it can run scripts. */
export function isPictureType(type: string): type is PictureType {
  return (Metadata.entries.type.options as readonly string[]).includes(type)
}

/** The type that a picture's first bytes say it has (12 are enough), or null. */
export function pictureTypeOf(head: Uint8Array): PictureType | null {
  const text = String.fromCharCode(...head.subarray(0, SIGNATURE_BYTES))
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'image/gif'
  if (/^RIFF[\s\S]{4}WEBP/.test(text)) return 'image/webp'
  return null
}

/**
 * The header in the first `HEADER_BYTES` bytes of a stream.
 * @throws DuetError `bad_image`
 */
export function parseHeader(bytes: Uint8Array): StreamHeader {
  if (bytes.length < HEADER_BYTES || !equalBytes(bytes.subarray(0, MAGIC_BYTES), MAGIC))
    throw new DuetError(
      'bad_image',
      `A picture begins with DUET2 and has ${HEADER_BYTES} bytes before its chunks.`,
    )
  const at = MAGIC_BYTES + SESSION_ID_BYTES
  // `slice` of a Buffer is no copy
  const session = new Uint8Array(bytes.subarray(MAGIC_BYTES, at))
  return { session, number: readU64(bytes.subarray(at)) }
}

/**
 * The answer to a picture that was received whole.
 * @throws DuetError `bad_message`
 */
export function parseImageAnswer(body: unknown): { accepted: true; bytes: number } {
  if (v.is(ImageAnswerForm, body)) return body
  throw new DuetError('bad_message', 'The answer to a picture has `accepted` and `bytes`.')
}

/** The length of a whole stream for `metadata`, header and tags counted. */
export function streamBytes(metadata: PictureMetadata): number {
  const plaintext = encodeMetadata(metadata).length + metadata.bytes
  return HEADER_BYTES + plaintext + Math.ceil(plaintext / CHUNK_BYTES) * AEAD_TAG_BYTES
}

/** The longest stream of a picture of at most `bytes`. */
export function maxStreamBytes(bytes: number): number {
  const plaintext = 2 + MAX_METADATA_BYTES + bytes
  return HEADER_BYTES + plaintext + Math.ceil(plaintext / CHUNK_BYTES) * AEAD_TAG_BYTES
}

/** u88 counter ‖ u8 last, 12 bytes; the counter is far below 2^53. */
function nonceOf(counter: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  const view = new DataView(nonce.buffer)
  view.setBigUint64(3, BigInt(counter))
  view.setUint8(11, last ? 1 : 0)
  return nonce
}

/** Seals a picture, piece by piece as it is read. */
export class PictureSealer {
  /** Goes out first, `HEADER_BYTES` long. */
  readonly header: Uint8Array
  readonly #key: Uint8Array
  readonly #aead: Aead
  readonly #chunk = new Uint8Array(CHUNK_BYTES)
  #filled = 0
  #counter = 0
  #left: number
  #erased = false

  /** @throws DuetError `bad_image` for metadata over 1 KiB */
  constructor(
    header: StreamHeader,
    key: Uint8Array,
    metadata: PictureMetadata,
    aead: Aead = nobleAead,
  ) {
    this.header = concatBytes(MAGIC, header.session, u64(header.number))
    this.#key = key
    this.#aead = aead
    this.#left = metadata.bytes
    const first = encodeMetadata(metadata)
    this.#chunk.set(first)
    this.#filled = first.length
  }

  /**
   * Takes more of the picture; gives the chunks that are full, in pieces.
   * @throws DuetError `bad_image` for more bytes than the metadata said
   */
  *seal(piece: Uint8Array): Generator<Uint8Array> {
    this.#left -= piece.length
    if (this.#left < 0) throw wrongLength()
    for (let taken = 0; taken < piece.length; ) {
      // Keep a full chunk until more follows: it may be the last one, which has another nonce.
      if (this.#filled === CHUNK_BYTES) yield* this.#next(false)
      const part = piece.subarray(taken, taken + CHUNK_BYTES - this.#filled)
      this.#chunk.set(part, this.#filled)
      this.#filled += part.length
      taken += part.length
    }
  }

  /**
   * The last chunk, in pieces.
   * @throws DuetError `bad_image` for fewer bytes than the metadata said
   */
  end(): readonly Uint8Array[] {
    if (this.#left !== 0) throw wrongLength()
    return this.#next(true)
  }

  /** Overwrites the key and the chunk that is being filled; nothing can be sealed afterwards. */
  erase(): void {
    this.#key.fill(0)
    this.#chunk.fill(0)
    this.#erased = true
  }

  #next(last: boolean): readonly Uint8Array[] {
    // Anybody could open what is sealed under a key of zeros.
    if (this.#erased) throw new Error('The key of this picture is erased.')
    const nonce = nonceOf(this.#counter++, last)
    const sealed = this.#aead.seal(this.#key, nonce, this.#chunk.subarray(0, this.#filled))
    this.#filled = 0
    return sealed
  }
}

/** Opens a picture, piece by piece as it arrives, after its header. */
export class PictureOpener {
  readonly #key: Uint8Array
  readonly #maxBytes: number
  readonly #aead: Aead
  readonly #sealed = new Uint8Array(SEALED_CHUNK_BYTES)
  #filled = 0
  #counter = 0
  /** How many bytes of the picture are still to come. */
  #left = 0
  #metadata: PictureMetadata | null = null

  /** `maxBytes`: the longest picture that is taken. */
  constructor(key: Uint8Array, maxBytes: number, aead: Aead = nobleAead) {
    this.#key = key
    this.#maxBytes = maxBytes
    this.#aead = aead
  }

  /** The picture's metadata, or null until the first chunk has opened. */
  get metadata(): PictureMetadata | null {
    return this.#metadata
  }

  /**
   * Takes more of the stream; gives what it opens of the picture. Nothing that was not
   * authenticated leaves it.
   * @throws DuetError `decrypt_failed` `bad_image` `too_large`
   */
  *open(piece: Uint8Array): Generator<Uint8Array> {
    for (let taken = 0; taken < piece.length; ) {
      if (this.#filled === SEALED_CHUNK_BYTES) yield this.#next(false)
      const part = piece.subarray(taken, taken + SEALED_CHUNK_BYTES - this.#filled)
      this.#sealed.set(part, this.#filled)
      this.#filled += part.length
      taken += part.length
    }
  }

  /**
   * The end of the stream: what the last chunk holds of the picture.
   * @throws DuetError `decrypt_failed` `bad_image` `too_large`
   */
  end(): Uint8Array {
    const isOnlyOne = this.#counter === 0
    const last = this.#next(true)
    // The last chunk can only be empty if it is the first one: else a picture that fills it would have two forms.
    if (!isOnlyOne && last.length === 0)
      throw new DuetError('bad_image', 'The last chunk is empty, and not the only one.')
    if (this.#left !== 0) throw wrongLength()
    return last
  }

  /** Overwrites the key. */
  erase(): void {
    this.#key.fill(0)
  }

  #next(last: boolean): Uint8Array {
    const nonce = nonceOf(this.#counter++, last)
    let plaintext: Uint8Array
    try {
      plaintext = this.#aead.open(this.#key, nonce, this.#sealed.subarray(0, this.#filled))
    } catch {
      throw new DuetError('decrypt_failed', 'The picture is not whole, or was changed on its way.')
    }
    this.#filled = 0
    const picture = this.#metadata === null ? this.#begin(plaintext) : plaintext
    this.#left -= picture.length
    if (this.#left < 0) throw wrongLength()
    return picture
  }

  /** Splits the first chunk into metadata and picture, and checks the type that the picture's first bytes show. */
  #begin(plaintext: Uint8Array): Uint8Array {
    const { metadata, picture } = splitMetadata(plaintext)
    if (metadata.bytes > this.#maxBytes)
      throw new DuetError(
        'too_large',
        `This peer takes pictures of at most ${this.#maxBytes} bytes.`,
      )
    if (pictureTypeOf(picture) !== metadata.type)
      throw new DuetError('bad_image', 'The picture is not of the type that it claims to be.')
    this.#metadata = metadata
    this.#left = metadata.bytes
    return picture
  }
}

/** lp(metadata JSON). */
function encodeMetadata(metadata: PictureMetadata): Uint8Array {
  const { type, bytes, name } = metadata
  const json = utf8ToBytes(JSON.stringify({ type, bytes, name }))
  if (json.length > MAX_METADATA_BYTES)
    throw new DuetError('bad_image', 'The name of the picture is too long.')
  return lp(json)
}

function splitMetadata(plaintext: Uint8Array): { metadata: PictureMetadata; picture: Uint8Array } {
  const [high = 0, low = 0] = plaintext
  const end = 2 + high * 256 + low
  const json = plaintext.subarray(2, end)
  if (end > 2 + MAX_METADATA_BYTES || end > plaintext.length) throw notMetadata()
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(json)
    return { metadata: v.parse(Metadata, parseJson(text)), picture: plaintext.subarray(end) }
  } catch {
    throw notMetadata()
  }
}

function notMetadata(): DuetError {
  return new DuetError('bad_image', 'What stands before the picture is not its metadata.')
}

/** How many chunks a stream of `bytes` bytes has behind its header, and how long each one and the last one is. */
export function chunksOf(bytes: number): { count: number; each: number; last: number } {
  const sealed = Math.max(0, bytes - HEADER_BYTES)
  const count = Math.ceil(sealed / SEALED_CHUNK_BYTES)
  return {
    count,
    each: SEALED_CHUNK_BYTES,
    last: sealed - Math.max(0, count - 1) * SEALED_CHUNK_BYTES,
  }
}

function wrongLength(): DuetError {
  return new DuetError('bad_image', 'The picture does not have the length that it declared.')
}
