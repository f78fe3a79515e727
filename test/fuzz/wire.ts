/**
 * What comes over the wire to a peer, changed on its way. Each is taken or refused by a code of
 * the protocol, and what was refused left nothing behind: all goes on as if it had never come.
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PeerError } from '../../src/peer/contract.ts'
import { CHUNK_BYTES, HEADER_BYTES } from '../../src/protocol/stream.ts'
import { SUITES, type SuiteName } from '../../src/protocol/suites.ts'
import {
  changedBy,
  changes,
  damagedBy,
  damages,
  type Form,
  weighted,
} from '../helpers/mutations.ts'
import { copy, pair, type WiredPeer } from '../helpers/pair.ts'
import { type PicturesInMemory, piecesOf, pngOf, sourceOf } from '../helpers/pictures.ts'
import { assertPrintable } from '../helpers/printable.ts'
import { codeOf, hold, promptly, type Target, type Tell } from './target.ts'

const SEALED_CHUNK_BYTES = CHUNK_BYTES + 16

/** What happened before: an act of one side, which may get lost on its way. */
interface Act {
  readonly do: 'keys' | 'message' | 'picture' | 'read'
  readonly side: 0 | 1
  readonly lost?: boolean
}

/** `others`: what else was sent that has this form. */
type FormChange = (form: Form, others: readonly Form[]) => Form
type StreamChange = (stream: Buffer) => Buffer

interface Case {
  readonly suite: SuiteName
  readonly before: readonly Act[]
  readonly what: 'keys' | 'message' | 'picture'
  /** Of the picture, in bytes. */
  readonly length: number
  /** How long the pieces are in which it comes. */
  readonly pieces: number
  /** What is made of it: of a key message or a message, or of a picture. */
  readonly changes: readonly { readonly form: FormChange; readonly stream: StreamChange }[]
}

const formChange: fc.Arbitrary<FormChange> = weighted(
  [6, changes.map((changes) => (form: Form) => changedBy(changes, form))],
  // a field of another one
  [
    4,
    fc.tuple(fc.nat(20), fc.nat(50)).map(
      ([i, j]): FormChange =>
        (form, others) => {
          const field = Object.keys(form)[i % Object.keys(form).length] ?? ''
          return { ...form, [field]: others[j % others.length]?.[field] }
        },
    ),
  ],
  // another one
  [
    1,
    fc.nat(50).map(
      (i): FormChange =>
        (form, others) =>
          others[i % others.length] ?? form,
    ),
  ],
)

const chunksOf = (stream: Buffer) => {
  const count = Math.ceil((stream.length - HEADER_BYTES) / SEALED_CHUNK_BYTES)
  const at = (i: number) => HEADER_BYTES + i * SEALED_CHUNK_BYTES
  return Array.from({ length: count }, (_, i) => stream.subarray(at(i), at(i + 1)))
}

/** A place in a stream. */
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const streamChange: fc.Arbitrary<StreamChange> = fc.oneof(
  damages.map((damages) => (stream: Buffer) => damagedBy(damages, stream)),
  // a byte anywhere
  fc.tuple(share, fc.integer({ min: 1, max: 255 })).map(([share, by]) => (stream: Buffer) => {
    const copy = Buffer.from(stream)
    const at = Math.floor(share * copy.length)
    copy[at] = (copy[at] ?? 0) ^ by
    return copy
  }),
  // the end anywhere
  share.map((share) => (stream: Buffer) => stream.subarray(0, Math.floor(share * stream.length))),
  // the chunks in another order, some of them missing or there twice
  fc.array(fc.nat(5), { maxLength: 6 }).map((order) => (stream: Buffer) => {
    const chunks = chunksOf(stream)
    const picked = order.map((i) => chunks[i % chunks.length] ?? Buffer.alloc(0))
    return Buffer.concat([stream.subarray(0, HEADER_BYTES), ...picked])
  }),
)

const SESSION: Act[] = [
  { do: 'keys', side: 0 },
  { do: 'keys', side: 1 },
]
const act = fc.record<Act>({
  do: fc.constantFrom('keys', 'keys', 'message', 'picture', 'read'),
  side: fc.constantFrom(0, 1),
  lost: fc.boolean(),
})

const cases = fc.record<Case>({
  suite: fc.constantFrom('X25519', 'X25519', 'P-256', 'X25519MLKEM768', 'X25519MLKEM768'),
  before: fc
    .tuple(fc.constantFrom([], SESSION, SESSION, SESSION), fc.array(act, { maxLength: 6 }))
    .map((acts) => acts.flat()),
  what: weighted([3, fc.constantFrom('keys', 'message')], [1, fc.constant('picture' as const)]),
  length: fc.oneof(fc.integer({ min: 20, max: 300 }), fc.integer({ min: 20, max: 200_000 })),
  pieces: fc.constantFrom(7, 1_000, 70_000),
  changes: fc.array(fc.record({ form: formChange, stream: streamChange }), {
    minLength: 1,
    maxLength: 4,
  }),
})

/** What came of it: "accepted", or the code of the refusal. */
async function attempt(run: () => unknown): Promise<string> {
  try {
    await run()
    return 'accepted'
  } catch (error) {
    return codeOf(error)
  }
}

class World {
  readonly #pieces: number
  readonly sides: readonly [WiredPeer, WiredPeer]
  #lost = false
  #stream: Uint8Array | null = null

  constructor({ suite, pieces }: Case) {
    this.#pieces = pieces
    this.sides = pair({
      suite: SUITES[suite],
      intercept: (kind) => {
        // a picture is lost below, once it is sealed
        if (this.#lost && kind !== 'image') throw new PeerError('peer_unreachable', 'It is lost.')
      },
      tamper: (stream) => {
        this.#stream = stream
        return this.#lost ? new Uint8Array(0) : stream
      },
    })
  }

  async act({ do: what, side, lost = false }: Act, length = 100): Promise<string> {
    const { peer } = this.sides[side]
    this.#lost = lost
    return attempt(() => {
      if (what === 'keys') return peer.sendKeys()
      if (what === 'message') return peer.sendMessage()
      if (what === 'picture') return peer.sendPicture(sourceOf('image/png', pngOf(length)))
      return peer.decryptMessages()
    })
  }

  /** What the first side sends, and what else was sent that has this form; the second never gets it. */
  async intended({
    what,
    length,
  }: Case): Promise<{ thing: Form | Uint8Array; others: Form[] } | null> {
    const [a, b] = this.sides
    this.#stream = null
    const outcome = await this.act({ do: what, side: 0, lost: true }, length)
    if (outcome === 'no_session') return null
    if (what === 'picture') return this.#stream && { thing: this.#stream, others: [] }
    const sent = ({ keysSent, messagesSent }: WiredPeer): Form[] =>
      what === 'keys' ? [...keysSent] : [...messagesSent]
    const thing = sent(a).at(-1)
    return thing === undefined ? null : { thing, others: [...sent(a), ...sent(b)] }
  }

  /** Hands it to the second side. */
  deliver(what: Case['what'], thing: Form | Uint8Array): Promise<string> {
    const { peer } = this.sides[1]
    return attempt(() =>
      promptly<unknown>(() => {
        if (thing instanceof Uint8Array) return peer.receivePicture(piecesOf(thing, this.#pieces))
        // as it is after it was JSON
        const form = copy(thing)
        return what === 'keys' ? peer.receiveKeys(form) : peer.receiveMessage(form)
      }),
    )
  }

  /** All that can be seen of the second side. */
  seen(): string {
    const { peer, remembered, pictures } = this.sides[1]
    return JSON.stringify([peer.show(), remembered.length, (pictures as PicturesInMemory).kept])
  }

  /** Both send what they have in doubt, read, agree anew and talk. */
  async assertWorks(): Promise<void> {
    for (const side of [0, 1] as const) await this.act({ do: 'message', side })
    for (const side of [0, 1] as const) await this.act({ do: 'read', side })
    for (const side of [0, 1] as const)
      assert.equal(await this.act({ do: 'keys', side }), 'accepted')
    const [one, two] = this.sides.map(({ peer }) => peer.show().session?.id)
    assert.ok(one)
    assert.equal(one, two)
    for (const what of ['message', 'picture', 'read'] as const)
      for (const side of [0, 1] as const)
        assert.equal(await this.act({ do: what, side }), 'accepted', what)
    for (const { events, pictures } of this.sides) {
      assert.equal((pictures as PicturesInMemory).drafts, 0)
      assertPrintable(events)
    }
  }
}

/** Plays a case, with its changes or without. Returns what came of the unchanged thing at last, or null if nothing was sent. */
async function play(which: Case, withChanges: boolean, tell?: Tell): Promise<string | null> {
  const world = new World(which)
  for (const act of which.before) await world.act(act)
  const intended = await world.intended(which)
  if (intended === null) return null
  const { thing, others } = intended
  let taken = false
  for (const { form, stream } of withChanges ? which.changes : []) {
    const other = thing instanceof Uint8Array ? stream(Buffer.from(thing)) : form(thing, others)
    const before = world.seen()
    const outcome = await world.deliver(which.what, other)
    tell?.(outcome)
    if (outcome !== 'accepted')
      assert.equal(world.seen(), before, `${outcome} left something behind`)
    // whatever has a tag is taken in one form only
    else if (which.what !== 'keys' && !others.includes(other as Form))
      assert.deepEqual(copyOf(other), copyOf(thing), 'it was taken, and is another')
    taken ||= outcome === 'accepted'
  }
  const outcome = await world.deliver(which.what, thing)
  await world.assertWorks()
  return taken ? null : outcome
}

const copyOf = (thing: Form | Uint8Array) =>
  thing instanceof Uint8Array ? Buffer.from(thing) : copy(thing)

export const wire: Target = {
  name: 'key messages, messages and pictures that were changed on their way',
  cases: 10,
  fuzz: (seed, limits, tell) =>
    hold(seed, limits, cases, async (which) => {
      const outcome = await play(which, true, tell)
      // an honest thing that is refused has to be refused without the changes too
      if (outcome !== null && outcome !== 'accepted')
        assert.equal(await play(which, false), outcome)
    }),
}
