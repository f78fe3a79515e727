/** What somebody with the right keys may seal that no honest peer would: pictures that don't add up. */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { concatBytes, lp } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import {
  encodeKeyMessage,
  encodeMessage,
  parseAnswer,
  parseKeyMessage,
} from '../../src/protocol/messages.ts'
import { CHUNK_BYTES, pictureTypeOf } from '../../src/protocol/stream.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { bytesOf, changed, damaged, pick, textOf } from '../helpers/mutations.ts'
import { pair } from '../helpers/pair.ts'
import { type PicturesInMemory, pictureOf, piecesOf } from '../helpers/pictures.ts'
import { assertPrintable } from '../helpers/printable.ts'
import { sealChunk, u } from '../independent/session.ts'
import { outcomeOf, target } from './target.ts'

/** A peer, and the other side of its session, which does as it likes. */
async function withInsider() {
  const suite = SUITES.X25519
  const [, victim] = pair({ suite })
  const insider = new Exchange(suite, new KeyPair(suite.curve))
  await victim.peer.sendKeys()
  insider.receiveKeys(parseKeyMessage(suite, victim.keysSent.at(-1)))
  const answer = victim.peer.receiveKeys(encodeKeyMessage(suite, insider.startKeys()))
  assert.ok(insider.receiveAnswer(parseAnswer(suite, answer)).completed)
  return { victim, insider }
}

const TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const

export const insiderPictures = target(
  "sealed pictures that don't add up",
  10,
  async (draw, tell) => {
    const { victim, insider } = await withInsider()
    const type = pick(draw, ...TYPES)
    const near = { min: CHUNK_BYTES - 200, max: CHUNK_BYTES + 100 }
    const content = pictureOf(type, draw(fc.integer, pick(draw, { min: 0, max: 40 }, near)))
    const name = `${textOf(draw, 40)}`
    const honest = { type, bytes: content.length, name }
    const metadata = JSON.stringify(changed(draw, honest))
    // nothing more is odd in half of them
    const odd = pick(draw, null, null, null, null, 'head', 'chunks', 'last', 'behind')
    const head = Buffer.from(lp(Buffer.from(metadata)))
    const plaintext = Buffer.concat([odd === 'head' ? damaged(draw, head) : head, content])
    const count = Math.ceil(plaintext.length / CHUNK_BYTES)
    const lengths: number[] =
      odd === 'chunks'
        ? draw(fc.array<number>, fc.nat(CHUNK_BYTES + 20), { maxLength: 4 })
        : Array(Math.max(0, count - 1)).fill(CHUNK_BYTES)
    // which one says that it is the last, and the number of the first
    const [lastAt, first] =
      odd === 'last' ? [draw(fc.nat, 3), draw(fc.nat, 1)] : [lengths.length, 0]
    const { header, key } = insider.sendPicture()
    const stream = [Buffer.from('DUET2'), header.session, u(8, header.number)]
    let at = 0
    for (const [i, length] of [...lengths, plaintext.length].entries()) {
      const chunk = plaintext.subarray(at, at + length)
      stream.push(sealChunk(Buffer.from(key), i + first, i === lastAt, chunk))
      at += length
    }
    const sealed = concatBytes(...stream, bytesOf(draw, odd === 'behind' ? 100 : 0))
    const pieces = piecesOf(sealed, pick(draw, 11, 3_000, 70_000))
    const outcome = await outcomeOf(() => victim.peer.receivePicture(pieces))
    tell(outcome)
    assertPrintable(victim.events)
    const store = victim.pictures as PicturesInMemory
    assert.equal(store.drafts, 0)
    if (outcome !== 'accepted') assert.equal(store.last, null)
    else {
      // what is kept is what it says that it is
      assert.ok(store.last)
      const said = JSON.parse(metadata)
      assert.deepEqual(said, { ...honest, name: said.name })
      assert.deepEqual([store.last.type, store.last.bytes], [type, content.length])
      assert.equal(pictureTypeOf(store.last.content), type)
      assert.deepEqual(store.last.content, content)
    }
    const isHonest = metadata === JSON.stringify(honest) && pictureTypeOf(content) === type
    if (isHonest && odd === null) assert.equal(outcome, 'accepted')
    // the session is as good as before
    const message = insider.current?.seal(Buffer.from('still here')) ?? assert.fail()
    victim.peer.receiveMessage(encodeMessage(message))
  },
)
