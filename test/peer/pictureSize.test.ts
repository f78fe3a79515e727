/** How large pictures claim to be, wherever in the file they say so, and whether they are whole: what is refused, and what is not. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { PictureSize } from '../../src/peer/pictureSize.ts'
import { type PictureType, pictureTypeOf } from '../../src/protocol/stream.ts'

/** Numbers of so many bytes each, the highest byte first, or the lowest one. */
const be = (bytes: number, ...values: number[]) =>
  Buffer.from(values.flatMap((value) => bytesOf(value, bytes).reverse()))
const le = (bytes: number, ...values: number[]) =>
  Buffer.from(values.flatMap((value) => bytesOf(value, bytes)))
const bytesOf = (value: number, bytes: number) =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256)
const join = (...parts: (Buffer | string)[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  )

const pngChunk = (type: string, data: Buffer) => join(be(4, data.length), type, data, be(4, 0))
const ihdr = (width: number, height: number) =>
  pngChunk('IHDR', join(be(4, width, height), be(1, 8, 2, 0, 0, 0)))
const png = (...chunks: Buffer[]) => join('\x89PNG\r\n\x1a\n', ...chunks)

const segment = (marker: number, data: Buffer) =>
  join(be(1, 0xff, marker), be(2, data.length + 2), data)
const frame = (marker: number, width: number, height: number) =>
  segment(marker, join(be(1, 8), be(2, height, width), be(1, 1, 1, 0x11, 0)))
const jpeg = (...parts: (Buffer | string)[]) => join('\xff\xd8', ...parts)

const COLOURS = Buffer.alloc(6)
const image = (x: number, y: number, width: number, height: number) =>
  join(',', le(2, x, y, width, height), be(1, 0x80), COLOURS, be(1, 2, 2, 0x4c, 1, 0))
const gif = (width: number, height: number, ...blocks: (Buffer | string)[]) =>
  join('GIF89a', le(2, width, height), be(1, 0x80, 0, 0), COLOURS, ...blocks)
const COMMENT = join('!\xfe', be(1, 200), Buffer.alloc(200, 0x2c), be(1, 3), ',,,', be(1, 0))

const chunk = (name: string, data: Buffer) =>
  join(name, le(4, data.length), data, Buffer.alloc(data.length % 2))
const webp = (...chunks: Buffer[]) => join('RIFF', le(4, 0), 'WEBP', ...chunks)
const vp8x = (width: number, height: number, flags = 0, reserved = 0) =>
  chunk('VP8X', join(be(1, flags), le(3, reserved, width - 1, height - 1)))
const vp8 = (width: number, height: number) =>
  chunk('VP8 ', join(be(1, 0, 0, 0), '\x9d\x01\x2a', le(2, width, height), be(1, 0)))
const vp8l = (width: number, height: number) =>
  chunk('VP8L', join('/', le(4, (width - 1) | ((height - 1) << 14)), be(1, 0, 0)))
const anmf = (x: number, width: number, height: number, ...chunks: Buffer[]) =>
  chunk('ANMF', join(le(3, x / 2, 0, width - 1, height - 1, 0), be(1, 0), ...chunks))

type Make = (width: number, height: number) => Buffer
/** Pictures that claim a size in one place, and are small everywhere else. */
const PLACES: Record<PictureType, Record<string, Make>> = {
  'image/png': {
    'a PNG': (w, h) => png(ihdr(w, h)),
    'a PNG in the form of Apple': (w, h) => png(pngChunk('CgBI', be(4, 0)), ihdr(w, h)),
    'its second head': (w, h) => png(ihdr(1, 1), pngChunk('tEXt', be(4, 9)), ihdr(w, h)),
    'a frame of it': (w, h) =>
      png(ihdr(1, 1), pngChunk('fcTL', join(be(4, 0, w, h, 0, 0), be(2, 1, 1), be(1, 0, 0)))),
  },
  'image/jpeg': {
    'a JPEG': (w, h) => jpeg(frame(0xc0, w, h)),
    'a progressive JPEG': (w, h) => jpeg(frame(0xc2, w, h)),
    'an arithmetic JPEG': (w, h) => jpeg(frame(0xc9, w, h)),
    'a JPEG behind a thumbnail and 128 KiB of metadata': (w, h) =>
      jpeg(
        segment(0xe1, join('Exif\0\0', jpeg(frame(0xc0, 1, 1)), Buffer.alloc(65_000))),
        segment(0xe2, Buffer.alloc(65_000)),
        segment(0xc4, Buffer.alloc(20)),
        frame(0xc0, w, h),
      ),
    'a JPEG behind bytes that are no segment': (w, h) =>
      jpeg('what\xff\0is\xff\xd0\xff\x01this\xff\xff\xff', frame(0xc0, w, h)),
  },
  'image/gif': {
    'the screen of a GIF': (w, h) => gif(w, h, image(0, 0, 1, 1), ';'),
    'a frame of a GIF': (w, h) => gif(1, 1, COMMENT, image(0, 0, 1, 1), COMMENT, image(0, 0, w, h)),
  },
  'image/webp': {
    'the canvas of a WebP': (w, h) => webp(vp8x(w, h), vp8(1, 1)),
    'a frame of a WebP': (w, h) =>
      webp(vp8x(1, 1, 2), chunk('ANIM', be(1, 0, 0, 0, 0, 0, 0)), anmf(0, w, h)),
  },
}
/** Those whose sides have 14 bits. */
const SHORT: Record<string, Make> = {
  'a WebP': (w, h) => webp(vp8(w, h)),
  'a lossless WebP': (w, h) => webp(vp8l(w, h)),
  'what is in its canvas': (w, h) => webp(vp8x(1, 1), chunk('ICCP', be(1, 7)), vp8(w, h)),
  'what is in its frame': (w, h) =>
    webp(vp8x(1, 1, 2), anmf(0, 1, 1, vp8l(1, 1)), anmf(0, 1, 1, vp8l(w, h))),
}
const ALL = [...Object.entries(PLACES), ['image/webp', SHORT] as const].flatMap(([type, places]) =>
  Object.entries(places).map(([place, make]) => ({ place, type: type as PictureType, make })),
)

/** Reads it in pieces of `size`. */
function look(type: PictureType, bytes: Uint8Array, size = bytes.length): PictureSize {
  const looked = new PictureSize(type)
  for (let at = 0; at < bytes.length; at += size) looked.read(bytes.subarray(at, at + size))
  return looked
}

const AREA = /^The picture claims \d+ × \d+ pixels, which is more than 64 megapixels\.$/
const SIDE = /^The picture claims a side of more than 65535 pixels\.$/

const tooLarge = (message: RegExp) => ({ code: 'bad_image', message })

describe('the size that a picture claims', () => {
  for (const { place, type, make } of ALL)
    it(`may be 64 megapixels and no more (${place})`, () => {
      for (const size of [1, 7, 100_000]) {
        look(type, make(8000, 8000), size)
        look(type, make(16_000, 4000), size)
        for (const bytes of [make(8000, 8001), make(8001, 8000), make(16_383, 16_383)])
          assert.throws(() => look(type, bytes, size), tooLarge(AREA))
      }
    })

  for (const type of ['image/png', 'image/webp'] as const)
    for (const [place, make] of Object.entries(PLACES[type]))
      it(`may have a side of 65,535 pixels and no more (${place})`, () => {
        for (const bytes of [make(65_535, 1), make(1, 65_535)]) look(type, bytes)
        for (const bytes of [make(65_536, 1), make(1, 65_536)])
          assert.throws(() => look(type, bytes), tooLarge(SIDE))
      })

  it('is how far a frame reaches beyond the screen of a GIF, or the canvas of a WebP', () => {
    look('image/gif', gif(65_535, 900, image(0, 0, 65_535, 900)))
    const inGif = gif(1, 1, image(60_000, 0, 5536, 1))
    assert.throws(() => look('image/gif', inGif), tooLarge(SIDE))
    const inWebp = webp(vp8x(1, 1, 2), anmf(60_000, 5536, 1))
    assert.throws(() => look('image/webp', inWebp), tooLarge(SIDE))
  })

  it('is looked for no further than decoders look', () => {
    const huge = frame(0xc0, 65_535, 65_535)
    for (const end of ['\xff\xd9', '\xff\xda', '\xff\xd8', '\xff\xe0\0\x01', frame(0xc0, 1, 1)])
      look('image/jpeg', jpeg(end, huge))
    look('image/gif', gif(1, 1, ';', image(0, 0, 65_535, 65_535)))
  })

  it('is that of the sample and of nothing that can not be drawn', () => {
    look('image/png', fs.readFileSync(new URL('../../src/sample/curve.png', import.meta.url)))
    for (const type of ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const)
      for (const length of [0, 5, 300]) look(type, Buffer.alloc(length))
  })
})

describe('the head of a WebP', () => {
  it('has no reserved bits', () => {
    for (const flags of [0, 2, 0x3e]) look('image/webp', webp(vp8x(1, 1, flags)))
    const message = 'The head of the WebP has bits that are reserved.'
    for (const head of [vp8x(1, 1, 1), vp8x(1, 1, 0x40), vp8x(1, 1, 0x80), vp8x(1, 1, 0, 2 ** 23)])
      assert.throws(() => look('image/webp', webp(head)), { code: 'bad_image', message })
  })
})

const scan = (...data: string[]) => join(segment(0xda, Buffer.alloc(10)), ...data)
const IEND = pngChunk('IEND', Buffer.alloc(0))
/** A whole JPEG, as a thumbnail is one. */
const THUMBNAIL = jpeg(frame(0xc0, 1, 1), scan('a'), '\xff\xd9')
const TABLE = segment(0xc4, Buffer.from('\xff\xd9', 'latin1'))
/** Each ends with the last byte that its format wants. */
const WHOLE: Record<string, [PictureType, Buffer]> = {
  'a PNG': ['image/png', png(ihdr(1, 1), pngChunk('IDAT', Buffer.from('IEND')), IEND)],
  'a JPEG with a whole one in its metadata': [
    'image/jpeg',
    jpeg(
      segment(0xe1, join('Exif\0\0', THUMBNAIL)),
      frame(0xc0, 1, 1),
      scan('a\xff\0b\xff\xd0c'),
      '\xff\xd9',
    ),
  ],
  'a progressive JPEG': [
    'image/jpeg',
    jpeg(frame(0xc2, 1, 1), scan('a', '\xff'), TABLE, scan('b'), '\xff\xff\xd9'),
  ],
  'a GIF that moves': ['image/gif', gif(1, 1, image(0, 0, 1, 1), COMMENT, image(0, 0, 1, 1), ';')],
  'a WebP': ['image/webp', join('RIFF', le(4, 22), 'WEBP', vp8(1, 1).subarray(0, 18))],
}

/** Whether `bytes` are a whole picture, in pieces of `each`. */
const isWhole = (type: PictureType, bytes: Uint8Array, each?: number) =>
  look(type, bytes, each).isWhole

describe('the end of a picture', () => {
  for (const [what, [type, whole]] of Object.entries(WHOLE)) {
    it(`is there, whatever follows it (${what})`, () => {
      const more = [Buffer.alloc(0), Buffer.alloc(1), whole, Buffer.from('\xff\xd8SEFT', 'latin1')]
      for (const each of [1, 2, 7, 1000])
        for (const after of more) assert.ok(isWhole(type, join(whole, after), each), `${each}`)
    })

    it(`is not there before the last byte (${what})`, () => {
      for (let length = 0; length < whole.length; length++)
        for (const each of [1, 1000])
          assert.ok(!isWhole(type, whole.subarray(0, length), each), `${length}`)
    })

    it(`is not there where curl -d left bytes out (${what})`, () => {
      const head = pictureTypeOf(whole)
      // line ends, and all from the first 0 on, or each 0: it depends on curl's version
      for (const left of [/\0[\s\S]*|[\r\n]/g, /[\0\r\n]/g]) {
        const bytes = join(whole.toString('latin1').replace(left, ''))
        assert.ok(pictureTypeOf(bytes) !== head || !isWhole(type, bytes))
      }
    })
  }

  it('is that of the sample', () => {
    const sample = fs.readFileSync(new URL('../../src/sample/curve.png', import.meta.url))
    assert.ok(isWhole('image/png', sample, 1000))
    assert.ok(!isWhole('image/png', sample.subarray(0, -1)))
  })
})
