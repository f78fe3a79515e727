/** How large a picture is once it is drawn, and whether it is whole, read from its bytes while they pass by. */

import { DuetError } from '../protocol/errors.ts'
import type { PictureType } from '../protocol/stream.ts'

/** No JPEG and no GIF can have a longer side. */
const MAX_SIDE = 65_535
/** A browser takes four bytes of memory for each pixel, whatever few bytes the file has. */
const MAX_PIXELS = 64_000_000

/** Reads what has come, and yields for more. */
type Reader = Generator<void, void, void>

/**
 * Follows the structure of a picture of `type` and looks at each size in it: not only at the first one, since browsers take
 * the memory for a frame that is larger than the canvas too. What no browser can draw is not looked at any further.
 */
export class PictureSize {
  readonly #input = new Input()
  readonly #reader: Reader
  #bytes = 0
  #isDone = false

  constructor(type: PictureType) {
    this.#reader = READERS[type](this.#input)
  }

  /**
   * Takes the next bytes of the picture.
   * @throws DuetError `bad_image` for a side or an area that is too large, and for a WebP with reserved bits
   */
  read(piece: Uint8Array): void {
    this.#bytes += piece.length
    if (this.#isDone) return
    this.#input.next(piece)
    this.#isDone = this.#reader.next().done ?? false
  }

  /** Whether all that its format wants has come; more may follow, and does in the files of some cameras. */
  get isWhole(): boolean {
    return this.#bytes >= this.#input.wanted
  }
}

/** @throws DuetError `bad_image` */
function claim(width: number, height: number): void {
  if (Math.max(width, height) > MAX_SIDE)
    throw new DuetError('bad_image', `The picture claims a side of more than ${MAX_SIDE} pixels.`)
  if (width * height > MAX_PIXELS)
    throw new DuetError(
      'bad_image',
      `The picture claims ${width} × ${height} pixels, which is more than ${MAX_PIXELS / 1e6} megapixels.`,
    )
}

/** The bytes of a picture, piece by piece. */
class Input {
  /** What `has` was asked for. */
  readonly head = new DataView(new ArrayBuffer(16))
  /** How many bytes the picture has at least, once that is known; 0 once its end has come. */
  wanted = Number.POSITIVE_INFINITY
  #filled = 0
  #skip = 0
  #piece: Uint8Array = new Uint8Array(0)
  #at = 0

  next(piece: Uint8Array): void {
    this.#piece = piece
    this.#at = 0
  }

  /** Passes over the next `count` bytes, once they come. */
  skip(count: number): void {
    this.#skip += count
  }

  /** Passes over what is here until such a byte comes, and over that; returns whether it came. */
  find(byte: number): boolean {
    if (!this.has(0)) return false
    const at = this.#piece.indexOf(byte, this.#at)
    this.#at = at < 0 ? this.#piece.length : at + 1
    return at >= 0
  }

  /** Whether the next `count` bytes have come, at most 16: then they are in `head`. Until then it is asked again for each piece. */
  has(count: number): boolean {
    const over = Math.min(this.#skip, this.#piece.length - this.#at)
    this.#at += over
    this.#skip -= over
    while (this.#filled < count && this.#at < this.#piece.length)
      this.head.setUint8(this.#filled++, this.#piece[this.#at++] ?? 0)
    if (this.#filled < count || this.#skip > 0) return false
    this.#filled = 0
    return true
  }
}

const READERS: Readonly<Record<PictureType, (input: Input) => Reader>> = {
  'image/png': readPng,
  'image/jpeg': readJpeg,
  'image/gif': readGif,
  'image/webp': readWebp,
}

/** Four letters as the number that they are read as, the first one the highest byte. */
const code = (letters: string) => Buffer.from(letters, 'latin1').readUInt32BE()
const [IHDR, FCTL, IEND] = [code('IHDR'), code('fcTL'), code('IEND')]
const [VP8X, ANMF, VP8, VP8L] = [code('VP8X'), code('ANMF'), code('VP8 '), code('VP8L')]

/** How much of such a chunk says how large something is, in bytes. */
const WEBP_HEADS = new Map([
  [VP8X, 10],
  [ANMF, 16],
  [VP8, 10],
  [VP8L, 5],
])

/** The size of the canvas, and that of each frame of an animation (PNG, third edition, sections 11.2.1 and 11.3.6.2). */
function* readPng(input: Input): Reader {
  const { head } = input
  input.skip(8)
  for (;;) {
    while (!input.has(8)) yield
    let left = head.getUint32(0) + 4
    const type = head.getUint32(4)
    if (type === IHDR || type === FCTL) {
      // the number of the frame
      if (type === FCTL) input.skip(4)
      while (!input.has(8)) yield
      claim(head.getUint32(0), head.getUint32(4))
      left -= type === FCTL ? 12 : 8
    }
    input.skip(Math.max(0, left))
    if (type !== IEND) continue
    while (!input.has(0)) yield
    input.wanted = 0
    return
  }
}

/** What the first start of frame says (ITU T.81, section B.2.2): decoders refuse a second one, and one that is not as long as its parts. */
function* readJpeg(input: Input): Reader {
  const { head } = input
  const next = () => head.getUint8(0)
  let hasFrame = false
  input.skip(2)
  for (;;) {
    // decoders pass over what stands between two segments; it is the data of a scan as well
    while (!input.find(0xff)) yield
    do {
      while (!input.has(1)) yield
    } while (next() === 0xff)
    const marker = next()
    // no marker but a byte of data; TEM and RST, which stand alone
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue
    // SOI and EOI
    if (marker === 0xd8 || marker === 0xd9) {
      if (marker === 0xd9 && hasFrame) input.wanted = 0
      return
    }
    while (!input.has(2)) yield
    const length = head.getUint16(0)
    if (length < 2) return
    // all but DHT, JPG and DAC
    const isFrame =
      marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame && !hasFrame) {
      while (!input.has(6)) yield
      claim(head.getUint16(3), head.getUint16(1))
      if (length !== 8 + 3 * head.getUint8(5)) return
      hasFrame = true
      input.skip(length - 8)
    } else input.skip(length - 2)
  }
}

/** The screen, and how far each frame reaches: decoders make the screen larger for a frame (GIF89a, sections 18 and 20). */
function* readGif(input: Input): Reader {
  const { head } = input
  input.skip(6)
  while (!input.has(7)) yield
  const [width, height] = [head.getUint16(0, true), head.getUint16(2, true)]
  claim(width, height)
  input.skip(tableBytes(head.getUint8(4)))
  for (;;) {
    while (!input.has(1)) yield
    const kind = head.getUint8(0)
    if (kind === 0x2c) {
      while (!input.has(9)) yield
      const reach = (at: number) => head.getUint16(at, true) + head.getUint16(at + 4, true)
      claim(Math.max(width, reach(0)), Math.max(height, reach(2)))
      input.skip(tableBytes(head.getUint8(8)))
    } else if (kind !== 0x21) {
      // the trailer
      if (kind === 0x3b) input.wanted = 0
      return
    }
    // how long a code is, or what the extension is for
    input.skip(1)
    // parts of up to 255 bytes, and an empty one at their end
    do {
      while (!input.has(1)) yield
      input.skip(head.getUint8(0))
    } while (head.getUint8(0) > 0)
  }
}

/** How long the table of colours is that such flags announce. */
const tableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)

/** Canvas, frames, and the bitstreams in them, each of which has a size of its own (RFC 9649, section 2; RFC 6386, section 9.1). */
function* readWebp(input: Input): Reader {
  const { head } = input
  const u24 = (at: number) => head.getUint16(at, true) + head.getUint8(at + 2) * 2 ** 16
  while (!input.has(12)) yield
  input.wanted = 8 + head.getUint32(4, true)
  for (;;) {
    while (!input.has(8)) yield
    const chunk = head.getUint32(0)
    const length = head.getUint32(4, true)
    const read = WEBP_HEADS.get(chunk) ?? 0
    while (!input.has(read)) yield
    if (chunk === VP8X) {
      // readers may ignore them, and so one may see another picture than the next
      if ((head.getUint8(0) & 0xc1) !== 0 || u24(1) !== 0)
        throw new DuetError('bad_image', 'The head of the WebP has bits that are reserved.')
      claim(u24(4) + 1, u24(7) + 1)
    } else if (chunk === ANMF) claim(2 * u24(0) + u24(6) + 1, 2 * u24(3) + u24(9) + 1)
    else if (chunk === VP8)
      claim(head.getUint16(6, true) & 0x3fff, head.getUint16(8, true) & 0x3fff)
    else if (chunk === VP8L) {
      const sides = head.getUint32(1, true)
      claim((sides & 0x3fff) + 1, ((sides >>> 14) & 0x3fff) + 1)
    }
    // the chunks in a frame of an animation are looked at like all others
    if (chunk !== ANMF) input.skip(Math.max(0, length + (length % 2) - read))
  }
}
