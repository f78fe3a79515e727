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
import { CHUNK_BYTES, type PictureType, pictureTypeOf } from '../../src/protocol/stream.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { anyBytes, changes } from '../helpers/mutations.ts'
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

interface Odd {
  readonly metadata: Buffer
  readonly metadataLength: number
  /** Lengths of chunks, before one with all that is left. */
  readonly chunks: readonly number[]
  /** Which chunk says that it is the last, instead of the last. */
  readonly lastAt: number
  readonly counterFrom: number
  readonly afterwards: Buffer
}

const oneOdd = fc.oneof(
  fc.record({ metadata: fc.oneof(anyBytes(30), anyBytes(1_100, 1_000)) }),
  fc.record({ metadataLength: fc.nat(2 ** 16 - 1) }),
  fc.record({ chunks: fc.array(fc.nat(CHUNK_BYTES + 20), { maxLength: 4 }) }),
  fc.record({ lastAt: fc.nat(3) }),
  fc.record({ counterFrom: fc.nat(3) }),
  fc.record({ afterwards: anyBytes(100) }),
)

const picture = fc.record({
  type: fc.constantFrom<PictureType>('image/png', 'image/jpeg', 'image/webp', 'image/gif'),
  length: fc.oneof(fc.nat(40), fc.integer({ min: CHUNK_BYTES - 200, max: CHUNK_BYTES + 100 })),
  name: fc.string({ unit: 'binary', maxLength: 40 }),
  /** Of what it says of itself. */
  change: changes,
  odd: fc.array(oneOdd, { maxLength: 2 }).map((odd): Partial<Odd> => Object.assign({}, ...odd)),
  pieces: fc.constantFrom(11, 3_000, 70_000),
})

export const insiderPictures = target(
  "sealed pictures that don't add up",
  10,
  picture,
  async ({ type, length, name, change, odd, pieces }, tell) => {
    const { victim, insider } = await withInsider()
    const content = pictureOf(type, length)
    const honest = { type, bytes: content.length, name }
    const metadata = JSON.stringify(change(honest))
    const head = Buffer.from(lp(odd.metadata ?? Buffer.from(metadata)))
    if (odd.metadataLength !== undefined) head.writeUInt16BE(odd.metadataLength)
    const plaintext = Buffer.concat([head, content])
    const { header, key } = insider.sendPicture()
    const stream = [Buffer.from('DUET2'), header.session, u(8, header.number)]
    const { chunks = Array(Math.ceil(plaintext.length / CHUNK_BYTES) - 1).fill(CHUNK_BYTES) } = odd
    const { lastAt = chunks.length, counterFrom = 0, afterwards = Buffer.alloc(0) } = odd
    let at = 0
    for (const [i, length] of [...chunks, plaintext.length].entries()) {
      const chunk = plaintext.subarray(at, at + length)
      stream.push(sealChunk(Buffer.from(key), i + counterFrom, i === lastAt, chunk))
      at += length
    }
    const sealed = concatBytes(...stream, afterwards)
    const outcome = await outcomeOf(() => victim.peer.receivePicture(piecesOf(sealed, pieces)))
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
    if (isHonest && Object.keys(odd).length === 0) assert.equal(outcome, 'accepted')
    // the session is as good as before
    const message = insider.current?.seal(Buffer.from('still here')) ?? assert.fail()
    victim.peer.receiveMessage(encodeMessage(message))
  },
)
