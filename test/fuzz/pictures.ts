/** Files that begin as pictures do: what a receiver looks into before it keeps one. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import fc from 'fast-check'
import { PictureSize } from '../../src/peer/pictureSize.ts'
import { type PictureType, pictureTypeOf } from '../../src/protocol/stream.ts'
import { openPictures } from '../../src/state/pictureStore.ts'
import { anyBytes, damagedBy, damages, seldom, weighted } from '../helpers/mutations.ts'
import { codeOf, hold, inFolder, promptly, type Target } from './target.ts'

const SAMPLE = fs.readFileSync(new URL('../../src/sample/curve.png', import.meta.url))

const u16 = fc.oneof(fc.nat(2 ** 16 - 1), fc.constantFrom(0, 1, 2, 8, 0xffff)).map(be16)
const u32 = fc
  .oneof(fc.nat(2 ** 32 - 1), fc.constantFrom(0, 1, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1))
  .map((value) => Buffer.concat([be16(value >>> 16), be16(value & 0xffff)]))
/** In the other order of bytes. */
const le32 = u32.map((four) => Buffer.from(four).reverse())
const bytes = anyBytes(60)
const oneOf = (...texts: string[]) =>
  fc.constantFrom(...texts).map((text) => Buffer.from(text, 'latin1'))
/** These, one after another. */
const row = (...parts: fc.Arbitrary<Buffer>[]) => fc.tuple(...parts).map(Buffer.concat)

function be16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}

const png = row(
  fc.constant(SAMPLE.subarray(0, 8)),
  fc
    .array(row(u32, oneOf('IHDR', 'CgBI', 'iCCP', 'fcTL', 'IDAT', 'IEND'), u32, u32, bytes), {
      maxLength: 4,
    })
    .map(Buffer.concat),
)

/** The orientation of a JPEG is in a TIFF directory: byte order, offset, entries. */
const exif = fc.oneof(
  row(oneOf('Exif\0\0MM\0*'), u32, u16, bytes),
  row(
    oneOf('Exif\0\0II*\0'),
    le32,
    u16.map((two) => Buffer.from(two).reverse()),
    bytes,
  ),
)

const markers = fc.constantFrom(
  ...[0xe0, 0xe1, 0xe1, 0xc0, 0xc1, 0xc2, 0xc4, 0xda, 0xdb, 0xff, 0x00, 0xd8],
)
/** Segments whose length is right or not. */
const jpeg = fc
  .array(fc.tuple(markers, fc.oneof(bytes, exif), seldom(2, u16)), { maxLength: 8 })
  .map((segments) =>
    Buffer.concat([
      Buffer.of(0xff, 0xd8),
      ...segments.flatMap(([marker, payload, length = be16(payload.length + 2)]) => [
        Buffer.of(0xff, marker),
        length,
        payload,
      ]),
    ]),
  )

const webp = row(
  ...[oneOf('RIFF'), le32, oneOf('WEBP')],
  fc
    .array(
      row(
        oneOf('VP8 ', 'VP8L', 'VP8X', 'ANMF', 'ALPH'),
        seldom(2, le32).map((length) => length ?? Buffer.of(16, 0, 0, 0)),
        bytes,
      ),
      { maxLength: 4 },
    )
    .map(Buffer.concat),
)
const gif = row(
  oneOf('GIF87a', 'GIF89a'),
  bytes,
  fc.array(row(oneOf(',', '!', ';'), bytes), { maxLength: 4 }).map(Buffer.concat),
)

/** One that is longer than what is looked into, of a piece that comes again and again. */
const long = fc
  .tuple(fc.oneof(png, jpeg, webp, gif), bytes)
  .map(([head, piece]) =>
    Buffer.concat([head, Buffer.alloc(600_000, piece.length > 0 ? piece : 0)]),
  )

const pictures = fc
  .tuple(
    weighted(
      [10, fc.oneof(png, jpeg, webp, gif)],
      [2, damages.map((damages) => damagedBy(damages, SAMPLE))],
      [1, long],
    ),
    fc.constantFrom(100, 70_000, 2_000_000),
  )
  .map(([content, size]) => ({ content, size, type: pictureTypeOf(content) }))

/** The code that a picture is refused with if it comes in pieces of `size`, or null. */
function lookAt(type: PictureType, content: Buffer, size: number): string | null {
  const looked = new PictureSize(type)
  try {
    for (let at = 0; at < content.length; at += size) looked.read(content.subarray(at, at + size))
    return null
  } catch (error) {
    return codeOf(error)
  }
}

export const pictureFiles: Target = {
  name: 'files that begin as pictures do',
  cases: 50,
  fuzz: (seed, limits, tell) =>
    inFolder(async (dir) => {
      const store = openPictures(dir)
      await hold(seed, limits, pictures, async ({ content, size, type }) => {
        // of another type it would not have come so far
        if (type === null) return tell('no picture')
        const verdict = await promptly(() => lookAt(type, content, size))
        assert.equal(lookAt(type, content, 1), verdict)
        if (verdict !== null) return tell(verdict)
        const draft = await store.create()
        try {
          for (let at = 0; at < content.length; at += size)
            await draft.write(content.subarray(at, at + size))
          await draft.finish(type)
          const kept = draft.keep()
          tell('kept')
          assert.equal(store.last?.path, kept.path)
          assert.deepEqual([kept.type, kept.bytes], [type, content.length])
          assert.ok(fs.readFileSync(kept.path).equals(content))
          fs.rmSync(kept.path)
        } catch (error) {
          tell(codeOf(error))
          await draft.discard()
        }
        assert.deepEqual(fs.readdirSync(dir), [])
      })
    }),
}
