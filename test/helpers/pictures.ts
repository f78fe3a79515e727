/** Pictures for tests: small ones made here, and a store that keeps them in memory. */

import type {
  PictureDraft,
  PictureSource,
  PictureStore,
  StoredPicture,
} from '../../src/peer/contract.ts'
import { concatBytes } from '../../src/protocol/bytes.ts'
import type { PictureType } from '../../src/protocol/stream.ts'

/** Each has its end in it, and what follows is no part of the picture. */
const SIGNATURES: Record<PictureType, number[]> = {
  'image/png': [...Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\0IEND\xaeB`\x82', 'latin1')],
  'image/jpeg': [...Buffer.from('ffd8ffc0000b080001000101011100ffd9', 'hex')],
  // and a screen of one pixel: what follows would make it a large one
  'image/gif': [...Buffer.from('GIF89a\x01\0\x01\0\0\0\0;')],
  'image/webp': [...Buffer.from('RIFF\0\0\0\0WEBP')],
}

/** `length` bytes that begin as a picture of `type` does; the rest counts up, so that a shift shows, of a chunk too. */
export function pictureOf(type: PictureType, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = i * 7 + (i >> 8) + (i >> 16)
  bytes.set(SIGNATURES[type].slice(0, length))
  return bytes
}

export const pngOf = (length: number) => pictureOf('image/png', length)

/** The first 33 bytes of a PNG that says how large it is: signature and IHDR (without a right CRC). */
export function pngHead(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(25)
  header.writeUInt32BE(13, 0)
  header.write('IHDR', 4, 'latin1')
  header.writeUInt32BE(width, 8)
  header.writeUInt32BE(height, 12)
  header.set([8, 2, 0, 0, 0], 16)
  return concatBytes(pngOf(8), header)
}

/** `bytes` as a picture to send, in pieces of `size`. */
export function sourceOf(
  type: PictureType,
  bytes: Uint8Array,
  { size = 10_000, name = 'test.png', declared = bytes.length } = {},
): PictureSource {
  return { type, bytes: declared, name, content: piecesOf(bytes, size) }
}

export async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.slice(i, i + size)
}

export class PicturesInMemory implements PictureStore {
  readonly left = null
  last: (StoredPicture & { content: Uint8Array }) | null = null
  /** How many are under way, or were left behind. */
  drafts = 0
  kept = 0

  async create(): Promise<PictureDraft> {
    const pieces: Uint8Array[] = []
    let type: PictureType
    this.drafts++
    return {
      write: async (bytes) => {
        pieces.push(bytes.slice())
      },
      finish: async (claimed) => {
        type = claimed
      },
      keep: () => {
        const content = concatBytes(...pieces)
        this.drafts--
        this.kept++
        this.last = { path: 'memory', type, bytes: content.length, received: new Date(0), content }
        return { ...this.last, isRepeated: false, removed: [] }
      },
      discard: async () => {
        this.drafts--
      },
    }
  }

  close(): void {}
}
