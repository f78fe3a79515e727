/** Pictures for the clauses: random bytes in a form that every reader of the four types takes for whole, 16 by 16 pixels. */

import { crc32 } from 'node:zlib'
import { concatBytes, utf8ToBytes } from '../../../../protocol/bytes.ts'
import type { PictureType } from '../../../../protocol/stream.ts'
import type { Random } from '../../computation/random.ts'

export const TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const

/** Random bytes are repeated after so many: they only have to differ between pictures. */
const PERIOD = 64 * 1024

const JPEG_HEAD = bytesOfHex(
  'ffd8 ffc0001108001000100301220002110103 1101 ffda000c03010002110311003f00',
)
const GIF_HEAD = bytesOfHex('474946383961 10001000000000 2c000000001000100000 02')

/** A whole picture of exactly `bytes` bytes; where that is too few for a whole one, the beginning of one. */
export function pictureOf(random: Random, type: PictureType, bytes: number): Uint8Array {
  const whole = MAKERS[type](random, bytes)
  const rest = noise(random, Math.max(0, bytes - whole.length))
  return concatBytes(whole, rest).slice(0, bytes)
}

/** A PNG whose head says another size: `width` × `height` pixels. */
export function pngOfSize(random: Random, width: number, height: number): Uint8Array {
  return png(noise(random, 64), width, height)
}

type Maker = (random: Random, bytes: number) => Uint8Array

const MAKERS: Readonly<Record<PictureType, Maker>> = {
  // The signature, three chunks of 12 bytes beside their data, and the 13 bytes of the first one.
  'image/png': (random, bytes) => png(noise(random, Math.max(0, bytes - 57))),
  'image/jpeg': (random, bytes) => {
    // ff would begin a marker
    const scan = noise(random, Math.max(0, bytes - JPEG_HEAD.length - 2)).map((byte) => byte & 0x7f)
    return concatBytes(JPEG_HEAD, scan, Uint8Array.of(0xff, 0xd9))
  },
  'image/gif': (random, bytes) => {
    const data = noise(random, Math.max(0, bytes - GIF_HEAD.length - 2))
    // Blocks of up to 255 bytes, each behind its length; a single byte that is left over is no block.
    for (let at = 0; at < data.length; at += 256) data[at] = Math.min(255, data.length - at - 1)
    const end = data.at(-1) === 0 && data.length % 256 === 1 ? [0x3b] : [0, 0x3b]
    return concatBytes(GIF_HEAD, data, Uint8Array.from(end))
  },
  'image/webp': (random, bytes) => {
    const even = bytes - (bytes % 2)
    const [all, chunk] = [new Uint8Array(4), new Uint8Array(4)]
    new DataView(all.buffer).setUint32(0, Math.max(0, even - 8), true)
    new DataView(chunk.buffer).setUint32(0, Math.max(5, even - 20), true)
    return concatBytes(
      utf8ToBytes('RIFF'),
      all,
      utf8ToBytes('WEBPVP8L'),
      chunk,
      // both sides less one, in 14 bits each
      Uint8Array.of(0x2f, 0x0f, 0xc0, 0x03, 0x00),
      noise(random, Math.max(0, even - 25)),
    )
  },
}

function png(data: Uint8Array, width = 16, height = 16): Uint8Array {
  const head = new Uint8Array(13)
  const view = new DataView(head.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  head.set([8, 2], 8)
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
  return concatBytes(
    signature,
    pngChunk('IHDR', head),
    ...(data.length > 0 ? [pngChunk('IDAT', data)] : []),
    pngChunk('IEND', new Uint8Array(0)),
  )
}

/** Length, type, data, and the CRC of type and data. */
function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const named = concatBytes(utf8ToBytes(type), data)
  const chunk = new Uint8Array(named.length + 8)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, data.length)
  chunk.set(named, 4)
  view.setUint32(named.length + 4, crc32(named))
  return chunk
}

/** `count` bytes without order. */
function noise(random: Random, count: number): Uint8Array {
  const bytes = new Uint8Array(count)
  const period = random.bytes(Math.min(count, PERIOD))
  for (let at = 0; at < count; at += PERIOD) bytes.set(period.subarray(0, count - at), at)
  return bytes
}

function bytesOfHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}
