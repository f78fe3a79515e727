/** Files that begin as pictures do: what a receiver looks into before it keeps one. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import fc from 'fast-check'
import { PictureSize } from '../../src/peer/pictureSize.ts'
import { pictureTypeOf } from '../../src/protocol/stream.ts'
import { openPictures } from '../../src/state/pictureStore.ts'
import { bytesOf, type Draw, damaged, pick, weigh } from '../helpers/mutations.ts'
import { u } from '../independent/session.ts'
import { inFolder, outcomeOf, target } from './target.ts'

const SAMPLE = fs.readFileSync(new URL('../../src/sample/curve.png', import.meta.url))

const u16 = (draw: Draw) => u(2, pick(draw, draw(fc.nat, 0xffff), 0, 1, 2, 8, 0xffff))
const ODD_NUMBERS = [0, 1, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1]
const u32 = (draw: Draw) => u(4, pick(draw, draw(fc.nat, 2 ** 32 - 1), ...ODD_NUMBERS))
const latin1 = (draw: Draw, ...texts: string[]) => Buffer.from(pick(draw, ...texts), 'latin1')
const some = (draw: Draw, most: number, part: () => Buffer[]) =>
  Array.from({ length: draw(fc.nat, most) }, part).flat()

/** A file of each type, in parts. */
const HEADS: Readonly<Record<string, (draw: Draw, more: () => Buffer) => Buffer[]>> = {
  png: (draw, more) => [
    SAMPLE.subarray(0, 8),
    ...some(draw, 4, () => {
      const type = latin1(draw, 'IHDR', 'CgBI', 'iCCP', 'fcTL', 'IDAT', 'IEND')
      return [u32(draw), type, u32(draw), u32(draw), more()]
    }),
  ],
  jpeg: (draw, more) => [
    Buffer.of(0xff, 0xd8),
    ...some(draw, 8, () => {
      const marker = pick(draw, 0xe0, 0xe1, 0xe1, 0xc0, 0xc1, 0xc2, 0xc4, 0xda, 0xdb, 0xff, 0, 0xd8)
      // the orientation is in a TIFF directory: byte order, offset, entries
      const exif = pick(
        draw,
        [Buffer.from('Exif\0\0MM\0*'), u32(draw), u16(draw)],
        [Buffer.from('Exif\0\0II*\0'), u32(draw).reverse(), u16(draw).reverse()],
        [],
      )
      const payload = Buffer.concat([...exif, more()])
      const length = draw(fc.boolean) ? u(2, payload.length + 2) : u16(draw)
      return [Buffer.of(0xff, marker), length, payload]
    }),
  ],
  webp: (draw, more) => [
    ...[Buffer.from('RIFF'), u32(draw).reverse(), Buffer.from('WEBP')],
    ...some(draw, 4, () => {
      const length = draw(fc.boolean) ? Buffer.of(16, 0, 0, 0) : u32(draw).reverse()
      return [latin1(draw, 'VP8 ', 'VP8L', 'VP8X', 'ANMF', 'ALPH'), length, more()]
    }),
  ],
  gif: (draw, more) => [
    ...[latin1(draw, 'GIF87a', 'GIF89a'), more()],
    ...some(draw, 4, () => [latin1(draw, ',', '!', ';'), more()]),
  ],
}

function fileLikeAPicture(draw: Draw): Buffer {
  const more = () => bytesOf(draw, 60)
  const head = Buffer.concat(pick(draw, ...Object.values(HEADS))(draw, more))
  // some are longer than what is looked into, with a piece that comes again and again
  const long = () => Buffer.concat([head, Buffer.alloc(600_000, bytesOf(draw, 60, 1))])
  return weigh(draw, [10, () => head], [2, () => damaged(draw, SAMPLE)], [1, long])
}

function* inPieces(content: Buffer, size: number) {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size)
}

export const pictureFiles = target('files that begin as pictures do', 50, (draw, tell) =>
  inFolder(async (dir) => {
    const content = fileLikeAPicture(draw)
    const size = pick(draw, 100, 70_000, 2_000_000)
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
