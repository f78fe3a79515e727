/** What somebody with the right keys may seal that no honest peer would: pictures that don't add up. */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { nodeAead } from '../../src/http/pictures.ts'
import { concatBytes, lp, u64 } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import {
  encodeKeyMessage,
  encodeMessage,
  parseAnswer,
  parseKeyMessage,
} from '../../src/protocol/messages.ts'
import { CHUNK_BYTES, type PictureType, pictureTypeOf } from '../../src/protocol/stream.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { anyBytes, changedBy, changes, seldom } from '../helpers/mutations.ts'
import { pair, type WiredPeer } from '../helpers/pair.ts'
import { type PicturesInMemory, pictureOf, piecesOf } from '../helpers/pictures.ts'
import { assertPrintable } from '../helpers/printable.ts'
import { codeOf, hold, promptly, type Target } from './target.ts'

/** A peer, and the other side of its session, which does as it likes. */
async function withInsider(): Promise<{ victim: WiredPeer; insider: Exchange }> {
  const suite = SUITES.X25519
  const [, victim] = pair({ suite })
  const insider = new Exchange(suite, new KeyPair(suite.curve))
  await victim.peer.sendKeys()
  insider.receiveKeys(parseKeyMessage(suite, victim.keysSent.at(-1)))
  const answer = victim.peer.receiveKeys(encodeKeyMessage(suite, insider.startKeys()))
  assert.ok(insider.receiveAnswer(parseAnswer(suite, answer)).completed)
  return { victim, insider }
}

const picture = fc.record({
  type: fc.constantFrom<PictureType>('image/png', 'image/jpeg', 'image/webp', 'image/gif'),
  length: fc.oneof(fc.nat(40), fc.integer({ min: CHUNK_BYTES - 200, max: CHUNK_BYTES + 100 })),
  name: fc.string({ unit: 'binary', maxLength: 40 }),
  /** Of what it says of itself. */
  changes,
  metadataLength: seldom(6, fc.nat(2 ** 16 - 1)),
  metadata: seldom(6, fc.oneof(anyBytes(30), anyBytes(1_100, 1_000))),
  /** Lengths of chunks, before one with all that is left. */
  chunks: seldom(4, fc.array(fc.nat(CHUNK_BYTES + 20), { maxLength: 4 })),
  /** Which chunk says that it is the last, beside the last or instead of it. */
  lastAt: seldom(6, fc.nat(3)),
  counterFrom: seldom(10, fc.nat(3)),
  afterwards: seldom(10, anyBytes(100)),
  pieces: fc.constantFrom(11, 3_000, 70_000),
})

/** u88 counter ‖ u8 last. */
function nonceOf(counter: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(counter, 7)
  nonce[11] = last ? 1 : 0
  return nonce
}

export const insiderPictures: Target = {
  name: "sealed pictures that don't add up",
  cases: 10,
  fuzz: (seed, limits, tell) =>
    hold(seed, limits, picture, async (plan) => {
      const { victim, insider } = await withInsider()
      const content = pictureOf(plan.type, plan.length)
      const honest = { type: plan.type, bytes: content.length, name: plan.name }
      const text = JSON.stringify(changedBy(plan.changes, honest))
      // a field that was made undefined is in no JSON
      const said = JSON.parse(text)
      const json = plan.metadata ?? Buffer.from(text)
      const head = Buffer.from(lp(json))
      if (plan.metadataLength !== undefined) head.writeUInt16BE(plan.metadataLength)
      const plaintext = concatBytes(head, content)
      const { header, key } = insider.sendPicture()
      const stream = [Buffer.from('DUET2'), header.session, u64(header.number)]
      const lengths =
        plan.chunks ?? Array(Math.ceil(plaintext.length / CHUNK_BYTES) - 1).fill(CHUNK_BYTES)
      let at = 0
      for (const [i, length] of [...lengths, plaintext.length].entries()) {
        const chunk = plaintext.subarray(at, at + length)
        const last = i === (plan.lastAt ?? lengths.length)
        stream.push(...nodeAead.seal(key, nonceOf(i + (plan.counterFrom ?? 0), last), chunk))
        at += length
      }
      if (plan.afterwards) stream.push(plan.afterwards)

      const store = victim.pictures as PicturesInMemory
      let outcome = 'accepted'
      try {
        const pieces = piecesOf(concatBytes(...stream), plan.pieces)
        await promptly(() => victim.peer.receivePicture(pieces))
      } catch (error) {
        outcome = codeOf(error)
      }
      tell(outcome)
      assert.equal(store.drafts, 0)
      assertPrintable(victim.events)
      if (outcome !== 'accepted') assert.equal(store.last, null)
      else {
        // what is kept is what it says that it is
        assert.ok(store.last)
        const { type, bytes, content: kept } = store.last
        assert.deepEqual(said, { ...honest, name: said['name'] })
        assert.deepEqual([type, bytes, pictureTypeOf(kept)], [plan.type, kept.length, plan.type])
        assert.deepEqual(Buffer.from(kept), Buffer.from(content))
      }
      const isHonest = text === JSON.stringify(honest) && pictureTypeOf(content) === plan.type
      const { metadata, metadataLength, chunks, lastAt, counterFrom, afterwards } = plan
      const odd = [metadata, metadataLength, chunks, lastAt, counterFrom, afterwards]
      if (isHonest && odd.every((change) => change === undefined)) assert.equal(outcome, 'accepted')
      // the session is as good as before
      const message = insider.current?.seal(Buffer.from('still here'))
      assert.ok(message)
      victim.peer.receiveMessage(encodeMessage(message))
    }),
}
