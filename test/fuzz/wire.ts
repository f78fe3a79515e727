/**
 * What comes over the wire to a peer, changed on its way. Each is taken or refused by a code of
 * the protocol, and what was refused left nothing behind: all goes on as if it had never come.
 */

import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { PeerError } from '../../src/peer/contract.ts'
import { HEADER_BYTES, SEALED_CHUNK_BYTES } from '../../src/protocol/stream.ts'
import { SUITES, type SuiteName } from '../../src/protocol/suites.ts'
import { changed, type Draw, damaged, type Form, pick, seldom } from '../helpers/mutations.ts'
import { copy, pair } from '../helpers/pair.ts'
import { type PicturesInMemory, piecesOf, pngOf, sourceOf } from '../helpers/pictures.ts'
import { assertPrintable } from '../helpers/printable.ts'
import { outcomeOf, type Tell, target } from './target.ts'

/** An act of one side, which may get lost on its way. */
interface Act {
  readonly do: 'keys' | 'message' | 'picture' | 'read'
  readonly side: 0 | 1
  readonly lost: boolean
}

/** A form with fields of another one, or another one. */
function mixed(draw: Draw, form: Form, others: readonly Form[]): Form {
  const other = pick(draw, form, ...others)
  const fields = Object.keys({ ...form, ...other })
  const taken = seldom(draw, 5) ? fields : [pick(draw, ...fields)]
  return Object.fromEntries(fields.map((key) => [key, (taken.includes(key) ? other : form)[key]]))
}

/** A picture with its chunks in another order, some of them missing or there twice. */
function reordered(draw: Draw, stream: Buffer): Buffer {
  const count = Math.ceil((stream.length - HEADER_BYTES) / SEALED_CHUNK_BYTES)
  const chunks = draw(fc.array<number>, fc.nat(count - 1), { maxLength: 6 }).map((i) => {
    const at = HEADER_BYTES + i * SEALED_CHUNK_BYTES
    return stream.subarray(at, at + SEALED_CHUNK_BYTES)
  })
  return Buffer.concat([stream.subarray(0, HEADER_BYTES), ...chunks])
}

const change = (draw: Draw, thing: Form | Uint8Array, others: readonly Form[]) => {
  if (thing instanceof Uint8Array)
    return (seldom(draw, 5) ? reordered : damaged)(draw, Buffer.from(thing))
  return seldom(draw, 2) ? mixed(draw, thing, others) : changed(draw, thing)
}

const KEYS = ['keys', 'message'] as const
const drawCase = (draw: Draw) => ({
  suite: pick(draw, 'X25519', 'X25519', 'P-256', 'X25519MLKEM768', 'X25519MLKEM768'),
  hasSession: !seldom(draw, 4),
  /** What happened before. */
  before: Array.from(
    { length: draw(fc.nat, 6) },
    (): Act => ({
      do: pick(draw, 'keys', 'keys', 'message', 'picture', 'read'),
      side: pick(draw, 0, 1),
      lost: draw(fc.boolean),
    }),
  ),
  what: pick(draw, ...KEYS, ...KEYS, ...KEYS, 'picture', 'picture'),
  /** Of the picture, in bytes. */
  length: draw(fc.integer, { min: 20, max: pick(draw, 300, 200_000) }),
  /** How long the pieces are in which it comes. */
  pieces: pick(draw, 7, 1_000, 70_000),
})
type Case = ReturnType<typeof drawCase>

const BOTH = [0, 1] as const

/** Two peers whose wire can lose what one of them sends. */
class World {
  readonly sides: ReturnType<typeof pair>
  #isLost = false
  #stream: Uint8Array | null = null

  constructor(suite: SuiteName) {
    this.sides = pair({
      suite: SUITES[suite],
      intercept: (kind) => {
        // a picture is lost below, once it is sealed
        if (this.#isLost && kind !== 'image') throw new PeerError('peer_unreachable', 'It is lost.')
      },
      tamper: (stream) => {
        this.#stream = stream
        return this.#isLost ? new Uint8Array(0) : stream
      },
    })
  }

  act({ do: what, side, lost }: Act, length = 100): Promise<string> {
    const { peer } = this.sides[side]
    this.#isLost = lost
    return outcomeOf(() => {
      if (what === 'keys') return peer.sendKeys()
      if (what === 'message') return peer.sendMessage()
      if (what === 'picture') return peer.sendPicture(sourceOf('image/png', pngOf(length)))
      return peer.decryptMessages()
    })
  }

  async bothAct(what: Act['do']): Promise<string[]> {
    const outcomes: string[] = []
    for (const side of BOTH) outcomes.push(await this.act({ do: what, side, lost: false }))
    return outcomes
  }

  /** What the first side sends and the second never gets, and what else was sent that has this form. */
  async intended(what: Case['what'], length: number) {
    this.#stream = null
    const outcome = await this.act({ do: what, side: 0, lost: true }, length)
    if (outcome === 'no_session') return null
    if (what === 'picture') return this.#stream && { thing: this.#stream, others: [] }
    const sent = this.sides.map(({ keysSent, messagesSent }): Form[] =>
      what === 'keys' ? [...keysSent] : [...messagesSent],
    )
    const thing = sent[0]?.at(-1)
    return thing === undefined ? null : { thing, others: sent.flat() }
  }

  /** All that can be seen of the second side. */
  seen(): string {
    const { peer, remembered, pictures } = this.sides[1]
    return JSON.stringify([peer.show(), remembered.length, (pictures as PicturesInMemory).kept])
  }

  /** Both send what they have in doubt, read, agree anew and talk. */
  async assertWorks(): Promise<void> {
    for (const what of ['message', 'read'] as const) await this.bothAct(what)
    for (const what of ['keys', 'message', 'picture', 'read'] as const)
      assert.deepEqual(await this.bothAct(what), ['accepted', 'accepted'], what)
    const [one, two] = this.sides.map(({ peer }) => peer.show().session?.id)
    assert.ok(one && one === two)
    for (const { events, pictures } of this.sides) {
      assert.equal((pictures as PicturesInMemory).drafts, 0)
      assertPrintable(events)
    }
  }
}

const plain = (thing: Form | Uint8Array) =>
  thing instanceof Uint8Array ? Buffer.from(thing) : copy(thing)

/**
 * Plays a case, with so many changes of what is sent. Returns what came of the unchanged thing at last, or null if nothing was
 * sent or a change was taken.
 */
async function play(which: Case, changes: number, draw: Draw, tell: Tell): Promise<string | null> {
  const { suite, hasSession, before, what, length, pieces } = which
  const world = new World(suite)
  if (hasSession) await world.bothAct('keys')
  for (const act of before) await world.act(act)
  const intended = await world.intended(what, length)
  if (intended === null) return null
  const { thing, others } = intended
  const { peer } = world.sides[1]
  const deliver = (thing: Form | Uint8Array) =>
    outcomeOf(() => {
      if (thing instanceof Uint8Array) return peer.receivePicture(piecesOf(thing, pieces))
      // as it is after it was JSON
      return what === 'keys' ? peer.receiveKeys(copy(thing)) : peer.receiveMessage(copy(thing))
    })
  let taken = false
  for (let i = 0; i < changes; i++) {
    const other = change(draw, thing, others)
    const before = world.seen()
    const outcome = await deliver(other)
    tell(outcome)
    if (outcome !== 'accepted')
      assert.equal(world.seen(), before, `${outcome} left something behind`)
    // whatever has a tag is taken only as somebody sent it
    else if (what !== 'keys') {
      const isSent = [thing, ...others].some((sent) => isDeepStrictEqual(plain(sent), plain(other)))
      assert.ok(isSent, 'it was taken, and nobody sent it')
    }
    taken ||= outcome === 'accepted'
  }
  const outcome = await deliver(thing)
  await world.assertWorks()
  return taken ? null : outcome
}

export const wire = target(
  'key messages, messages and pictures that were changed on their way',
  10,
  async (draw, tell) => {
    const which = drawCase(draw)
    const outcome = await play(which, draw(fc.integer, { min: 1, max: 4 }), draw, tell)
    // an honest thing that is refused has to be refused without the changes too
    if (outcome !== null && outcome !== 'accepted')
      assert.equal(await play(which, 0, draw, tell), outcome)
  },
)
