/** Files that begin as pictures do: what a receiver looks into before it keeps one. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import fc from 'fast-check'
import { pictureTypeOf } from '../../src/protocol/stream.ts'
import { openPictures } from '../../src/state/pictures.ts'
import { anyBytes, damagedBy, damages, weighted } from '../helpers/mutations.ts'
import { codeOf, hold, inFolder, promptly, type Target } from './target.ts'

const SAMPLE = fs.readFileSync(new URL('../../src/sample/curve.png', import.meta.url))

const u16 = fc.oneof(fc.nat(2 ** 16 - 1), fc.constantFrom(0, 1, 2, 8, 0xffff))
const u32 = fc.oneof(
  fc.nat(2 ** 32 - 1),
  fc.constantFrom(0, 1, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1),
)
const bytes = anyBytes(60)

const be16 = (value: number) => Buffer.of(value >> 8, value & 0xff)
const be32 = (value: number) => {
  const four = Buffer.alloc(4)
  four.writeUInt32BE(value)
  return four
}
const le32 = (value: number) => be32(value).reverse()

const png = fc
  .array(fc.tuple(u32, fc.constantFrom('IHDR', 'CgBI', 'iCCP', 'IDAT', 'IEND'), u32, u32, bytes), {
    maxLength: 4,
  })
  .map((chunks) =>
    Buffer.concat([
      SAMPLE.subarray(0, 8),
      ...chunks.flatMap(([length, type, width, height, rest]) => [
        be32(length),
        Buffer.from(type),
        be32(width),
        be32(height),
        rest,
      ]),
    ]),
  )

/** The orientation of a JPEG is in a TIFF directory: byte order, offset, entries. */
const exif = fc
  .tuple(fc.constantFrom('MM\0*', 'II*\0'), u32, u16, bytes)
  .map(([order, offset, entries, rest]) =>
    Buffer.concat([
      Buffer.from(`Exif\0\0${order}`, 'latin1'),
      order === 'MM\0*' ? be32(offset) : le32(offset),
      order === 'MM\0*' ? be16(entries) : be16(entries).reverse(),
      rest,
    ]),
  )

/** Segments whose length is right or not. */
const jpeg = fc
  .array(
    fc.tuple(
      fc.constantFrom(0xe0, 0xe1, 0xe1, 0xc0, 0xc1, 0xc2, 0xc4, 0xda, 0xdb, 0xff, 0x00, 0xd8),
      fc.oneof(bytes, exif),
      fc.option(u16, { nil: undefined }),
    ),
    { maxLength: 8 },
  )
  .map((segments) =>
    Buffer.concat([
      Buffer.of(0xff, 0xd8),
      ...segments.flatMap(([marker, payload, length = payload.length + 2]) => [
        Buffer.of(0xff, marker),
        be16(length),
        payload,
      ]),
    ]),
  )

const webp = fc
  .tuple(u32, fc.constantFrom('VP8 ', 'VP8L', 'VP8X', 'ALPH'), u32, bytes)
  .map(([size, kind, length, rest]) =>
    Buffer.concat([
      Buffer.from('RIFF'),
      le32(size),
      Buffer.from(`WEBP${kind}`),
      le32(length),
      rest,
    ]),
  )

const gif = fc
  .tuple(fc.constantFrom('GIF87a', 'GIF89a'), bytes)
  .map(([signature, rest]) => Buffer.concat([Buffer.from(signature), rest]))

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

export const pictureFiles: Target = {
  name: 'files that begin as pictures do',
  cases: 50,
  fuzz: (seed, limits, tell) =>
    inFolder(async (dir) => {
      const store = openPictures(dir)
      await hold(
        fc.asyncProperty(pictures, async ({ content, size, type }) => {
          // of another type it would not have come so far
          if (type === null) return tell('no picture')
          const draft = await store.create()
          try {
            for (let at = 0; at < content.length; at += size)
              await draft.write(content.subarray(at, at + size))
            await promptly(() => draft.finish(type))
            const kept = draft.keep()
            tell('kept')
            assert.equal(store.last, kept)
            assert.deepEqual([kept.type, kept.bytes], [type, content.length])
            assert.ok(fs.readFileSync(kept.path).equals(content))
            fs.rmSync(kept.path)
          } catch (error) {
            tell(codeOf(error))
            await draft.discard()
          }
          assert.deepEqual(fs.readdirSync(dir), [])
        }),
        seed,
        limits,
      )
    }),
}
