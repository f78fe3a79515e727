/** Files that begin as pictures do: what a receiver looks into before it keeps one. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import fc from 'fast-check'
import { PictureSize } from '../../src/peer/pictureSize.ts'
import { pictureTypeOf } from '../../src/protocol/stream.ts'
import { openPictures } from '../../src/state/pictureStore.ts'
import { anyBytes, damages, seldom, weighted } from '../helpers/mutations.ts'
import { u } from '../independent/session.ts'
import { inFolder, outcomeOf, target } from './target.ts'

const SAMPLE = fs.readFileSync(new URL('../../src/sample/curve.png', import.meta.url))

const number = (size: 2 | 4, ...odd: number[]) =>
  fc.oneof(fc.nat(256 ** size - 1), fc.constantFrom(0, 1, ...odd)).map((value) => u(size, value))
const u16 = number(2, 2, 8, 2 ** 16 - 1)
const u32 = number(4, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1)
/** In the other order of bytes. */
const swapped = (number: fc.Arbitrary<Buffer>) =>
  number.map((bytes) => Buffer.from(bytes).reverse())
const bytes = anyBytes(60)
const oneOf = (...texts: string[]) =>
  fc.constantFrom(...texts).map((text) => Buffer.from(text, 'latin1'))
/** These, one after another. */
const row = (...parts: fc.Arbitrary<Buffer>[]) => fc.tuple(...parts).map(Buffer.concat)
const several = (maxLength: number, part: fc.Arbitrary<Buffer>) =>
  fc.array(part, { maxLength }).map(Buffer.concat)

const chunk = row(u32, oneOf('IHDR', 'CgBI', 'iCCP', 'fcTL', 'IDAT', 'IEND'), u32, u32, bytes)
const png = row(fc.constant(SAMPLE.subarray(0, 8)), several(4, chunk))

/** The orientation of a JPEG is in a TIFF directory: byte order, offset, entries. */
const exif = fc.oneof(
  row(oneOf('Exif\0\0MM\0*'), u32, u16, bytes),
  row(oneOf('Exif\0\0II*\0'), swapped(u32), swapped(u16), bytes),
)
const markers = [0xe0, 0xe1, 0xe1, 0xc0, 0xc1, 0xc2, 0xc4, 0xda, 0xdb, 0xff, 0x00, 0xd8]
/** A segment whose length is right or not. */
const segment = fc
  .tuple(fc.constantFrom(...markers), fc.oneof(bytes, exif), seldom(2, u16))
  .map(([marker, payload, length = u(2, payload.length + 2)]) =>
    Buffer.concat([Buffer.of(0xff, marker), length, payload]),
  )
const jpeg = row(fc.constant(Buffer.of(0xff, 0xd8)), several(8, segment))

const webpLength = weighted([1, fc.constant(Buffer.of(16, 0, 0, 0))], [1, swapped(u32)])
const webpChunk = row(oneOf('VP8 ', 'VP8L', 'VP8X', 'ANMF', 'ALPH'), webpLength, bytes)
const webp = row(oneOf('RIFF'), swapped(u32), oneOf('WEBP'), several(4, webpChunk))
const gif = row(oneOf('GIF87a', 'GIF89a'), bytes, several(4, row(oneOf(',', '!', ';'), bytes)))

const anyPicture = fc.oneof(png, jpeg, webp, gif)
/** One that is longer than what is looked into, of a piece that comes again and again. */
const long = row(
  anyPicture,
  bytes.map((piece) => Buffer.alloc(600_000, piece.length > 0 ? piece : 0)),
)

const cases = fc.record({
  content: weighted([10, anyPicture], [2, damages.map((damage) => damage(SAMPLE))], [1, long]),
  /** Of the pieces in which it comes. */
  size: fc.constantFrom(100, 70_000, 2_000_000),
})

function* inPieces(content: Buffer, size: number) {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size)
}

export const pictureFiles = target(
  'files that begin as pictures do',
  50,
  cases,
  ({ content, size }, tell) =>
    inFolder(async (dir) => {
      const type = pictureTypeOf(content)
      // of another type it would not have come so far
      if (type === null) return tell('no picture')
      const look = (size: number) =>
        outcomeOf(() => {
          const looked = new PictureSize(type)
          for (const piece of inPieces(content, size)) looked.read(piece)
        })
      const verdict = await look(size)
      assert.equal(await look(1), verdict)
      if (verdict !== 'accepted') return tell(verdict)
      const store = openPictures(dir)
      const draft = await store.create()
      const outcome = await outcomeOf(async () => {
        for (const piece of inPieces(content, size)) await draft.write(piece)
        await draft.finish(type)
      })
      tell(outcome)
      if (outcome === 'accepted') {
        const kept = draft.keep()
        assert.equal(store.last?.path, kept.path)
        assert.deepEqual([kept.type, kept.bytes], [type, content.length])
        assert.ok(fs.readFileSync(kept.path).equals(content))
        fs.rmSync(kept.path)
      } else await draft.discard()
      assert.deepEqual(fs.readdirSync(dir), [])
    }),
)
