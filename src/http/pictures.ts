/** Pictures over HTTP: Node's own cipher for the chunks, and bodies read no faster than they are used. */

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { BadPicture, type PictureSource } from '../peer/contract.ts'
import { release } from '../peer/release.ts'
import { DuetError } from '../protocol/errors.ts'
import { AEAD_TAG_BYTES } from '../protocol/messages.ts'
import {
  type Aead,
  HEADER_BYTES,
  isPictureType,
  nobleAead,
  type PictureType,
  pictureTypeOf,
} from '../protocol/stream.ts'
import { binaryType, hasBody, tooLarge } from './bodies.ts'
import { HttpError } from './problems.ts'
import type { Ctx } from './routes.ts'

/** What the page draws of a sealed picture: 128 by 128 pixels of three bytes. */
const HEAD_BYTES = HEADER_BYTES + 128 * 128 * 3

/** Other names that programs give them, as browsers take them too: those of old ones, and of a PNG that moves. */
const ALIASES: ReadonlyMap<string, PictureType> = new Map([
  ['image/jpg', 'image/jpeg'],
  ['image/pjpeg', 'image/jpeg'],
  ['image/x-png', 'image/png'],
  ['image/apng', 'image/png'],
])

const CIPHER = 'chacha20-poly1305'
const OPTIONS = { authTagLength: AEAD_TAG_BYTES }

/** The same as noble's, and many times faster; not every runtime has this cipher. */
export const nodeAead: Aead = {
  seal(key, nonce, plaintext) {
    const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS)
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    // joined they would be one more copy of every picture
    return [ciphertext, cipher.getAuthTag()]
  },
  open(key, nonce, sealed) {
    const end = sealed.length - AEAD_TAG_BYTES
    const decipher = createDecipheriv(CIPHER, key, nonce, OPTIONS)
    decipher.setAuthTag(sealed.subarray(Math.max(0, end)))
    const plaintext = decipher.update(sealed.subarray(0, Math.max(0, end)))
    decipher.final()
    return plaintext
  },
}

/** The quickest cipher for pictures that is here: one try tells. */
export function quickAead(): Aead {
  try {
    const [key, nonce, text] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(1)]
    nodeAead.open(key, nonce, Buffer.concat(nodeAead.seal(key, nonce, text)))
    return nodeAead
  } catch {
    return nobleAead
  }
}

/**
 * The sealed picture in a request of the other peer's, of at most `maxBytes` bytes.
 * @throws HttpError `unsupported_type` `too_large`, and `bad_request` while it is read
 */
export function streamIn(ctx: Ctx, maxBytes: number): AsyncIterable<Uint8Array> {
  if (binaryType(ctx) !== 'application/octet-stream')
    throw new HttpError('unsupported_type', 'This route takes application/octet-stream.')
  if ((ctx.request.length ?? 0) > maxBytes) throw tooLarge(maxBytes)
  return piecesOf(ctx)
}

/**
 * The picture in a request of the owner's, or undefined if there is none.
 * @throws HttpError `unsupported_type` `bad_request`; DuetError `bad_image`
 */
export async function pictureIn(ctx: Ctx): Promise<PictureSource | undefined> {
  const said = binaryType(ctx)
  const type = ALIASES.get(said) ?? said
  if (!hasBody(ctx)) {
    // curl sends an empty body, too, if it does not find the file
    if (isPictureType(type))
      throw new DuetError('bad_image', 'The picture is empty: is there such a file?')
    return undefined
  }
  if (!isPictureType(type)) throw await unsupported(ctx)
  const bytes = ctx.request.length
  if (bytes === undefined)
    throw new DuetError('bad_image', 'A picture is sent with its Content-Length.')
  return { type, bytes, name: nameOf(ctx), content: piecesOf(ctx) }
}

/** The refusal of a content type, which says what the body itself is. */
async function unsupported(ctx: Ctx): Promise<DuetError<string>> {
  for await (const piece of piecesOf(ctx))
    return new BadPicture(
      'unsupported_type',
      'A picture is a PNG, JPEG, WebP or GIF, and its Content-Type says which.',
      pictureTypeOf(piece),
    )
  return new HttpError('bad_request', 'The picture broke off on its way.')
}

/** A label for the picture, percent-encoded in a header of ours; the receiver uses it for nothing else. */
function nameOf(ctx: Ctx): string {
  try {
    return decodeURIComponent(ctx.get('picture-name'))
  } catch {
    throw new DuetError('bad_image', 'Picture-Name is percent-encoded UTF-8.')
  }
}

/**
 * The pieces of a body, read no faster than they are used; each is gone once the next one is asked for. Where the reader
 * stops, the rest is read and dropped, and the connection stays open for the answer.
 */
async function* piecesOf(ctx: Ctx): AsyncGenerator<Uint8Array> {
  const pieces = ctx.req.iterator({ destroyOnReturn: false })
  try {
    for (;;) {
      const { done, value } = await pieces.next().catch(() => {
        throw new HttpError('bad_request', 'The picture broke off on its way.')
      })
      if (done) return
      yield value
      release(value)
    }
  } finally {
    // a stream flows on only when nobody iterates over it
    await pieces.return?.()
    ctx.req.resume()
  }
}

/** Lets a picture's stream through, and keeps its beginning for the page. */
export class StreamHead {
  readonly #begun: (header: Uint8Array) => void
  readonly #bytes = new Uint8Array(HEAD_BYTES)
  #filled = 0

  /** `begun` is called once, with the header or with as much of it as came. */
  constructor(begun: (header: Uint8Array) => void) {
    this.#begun = begun
  }

  /** The stream's first bytes. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#filled)
  }

  /** The same pieces; from the one that fills the head on, straight from their source. */
  of(stream: AsyncIterable<Uint8Array>): AsyncIterableIterator<Uint8Array> {
    const source = stream[Symbol.asyncIterator]()
    let told = false
    const tell = () => {
      if (!told) this.#begun(this.bytes.slice(0, HEADER_BYTES))
      told = true
    }
    const noted = async (): Promise<IteratorResult<Uint8Array>> => {
      try {
        const result = await source.next()
        if (result.done) tell()
        else this.#keep(result.value)
        if (this.#filled >= HEADER_BYTES) tell()
        return result
      } catch (error) {
        tell()
        throw error
      }
    }
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      next: () => (this.#filled < HEAD_BYTES ? noted() : source.next()),
      return: async () => {
        tell()
        await source.return?.()
        return { done: true, value: undefined }
      },
    }
  }

  #keep(piece: Uint8Array): void {
    const part = piece.subarray(0, HEAD_BYTES - this.#filled)
    this.#bytes.set(part, this.#filled)
    this.#filled += part.length
  }
}
