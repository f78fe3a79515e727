/**
 * What comes over the wire to a peer, changed on its way. Each is taken or refused by a code of
 * the protocol, and what was refused left nothing behind: all goes on as if it had never come.
 */

import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { PeerError } from '../../src/peer/contract.ts'
import { CHUNK_BYTES, HEADER_BYTES } from '../../src/protocol/stream.ts'
import { SUITES, type SuiteName } from '../../src/protocol/suites.ts'
import { changes, damages, type Form, weighted } from '../helpers/mutations.ts'
import { copy, pair } from '../helpers/pair.ts'
import { type PicturesInMemory, piecesOf, pngOf, sourceOf } from '../helpers/pictures.ts'
import { assertPrintable } from '../helpers/printable.ts'
import { outcomeOf, type Tell, target } from './target.ts'

const SEALED_CHUNK_BYTES = CHUNK_BYTES + 16

/** An act of one side, which may get lost on its way. */
interface Act {
  readonly do: 'keys' | 'message' | 'picture' | 'read'
  readonly side: 0 | 1
  readonly lost: boolean
}

interface Change {
  /** `others`: what else was sent that has this form. */
  readonly form: (form: Form, others: readonly Form[]) => Form
  readonly stream: (stream: Buffer) => Buffer
}

/** Fields of another thing in the place of these, or all of that thing. */
const mixed = fc
  .tuple(fc.nat(50), fc.constantFrom(1, 2, 4, 8, 16, 32, 63))
  .map(([i, places]): Change['form'] => (form, others) => {
    const other = others[i % others.length] ?? form
    const fields = [...new Set([...Object.keys(form), ...Object.keys(other)])]
    return Object.fromEntries(
      fields.map((field, at) => [field, ((places >> at) & 1 ? other : form)[field]]),
    )
  })

/** The chunks in another order, some of them missing or there twice. */
const reordered = fc.array(fc.nat(5), { maxLength: 6 }).map((order) => (stream: Buffer) => {
  const count = Math.ceil((stream.length - HEADER_BYTES) / SEALED_CHUNK_BYTES)
  const at = (i: number) => HEADER_BYTES + (i % count) * SEALED_CHUNK_BYTES
  const chunks = order.map((i) => stream.subarray(at(i), at(i) + SEALED_CHUNK_BYTES))
  return Buffer.concat([stream.subarray(0, HEADER_BYTES), ...chunks])
})

const change = fc.record<Change>({
  form: weighted([6, changes], [5, mixed]),
  stream: weighted([4, damages], [1, reordered]),
})
const act = fc.record<Act>({
  do: fc.constantFrom('keys', 'keys', 'message', 'picture', 'read'),
  side: fc.constantFrom(0, 1),
  lost: fc.boolean(),
})

interface Case {
  readonly suite: SuiteName
  readonly hasSession: boolean
  /** What happened before. */
  readonly before: readonly Act[]
  readonly what: 'keys' | 'message' | 'picture'
  /** Of the picture, in bytes. */
  readonly length: number
  /** How long the pieces are in which it comes. */
  readonly pieces: number
  readonly changes: readonly Change[]
}

const cases = fc.record<Case>({
  suite: fc.constantFrom('X25519', 'X25519', 'P-256', 'X25519MLKEM768', 'X25519MLKEM768'),
  hasSession: weighted([1, fc.constant(false)], [3, fc.constant(true)]),
  before: fc.array(act, { maxLength: 6 }),
  what: weighted([3, fc.constantFrom('keys', 'message')], [1, fc.constant('picture')]),
  length: fc.oneof(fc.integer({ min: 20, max: 300 }), fc.integer({ min: 20, max: 200_000 })),
  pieces: fc.constantFrom(7, 1_000, 70_000),
  changes: fc.array(change, { minLength: 1, maxLength: 4 }),
})

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

/** Plays a case with these changes. Returns what came of the unchanged thing at last, or null if nothing was sent or a change was taken. */
async function play(which: Case, changes: Case['changes'], tell: Tell): Promise<string | null> {
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
  for (const { form, stream } of changes) {
    const other = thing instanceof Uint8Array ? stream(Buffer.from(thing)) : form(thing, others)
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
  cases,
  async (which, tell) => {
    const outcome = await play(which, which.changes, tell)
    // an honest thing that is refused has to be refused without the changes too
    if (outcome !== null && outcome !== 'accepted')
      assert.equal(await play(which, [], tell), outcome)
  },
)
