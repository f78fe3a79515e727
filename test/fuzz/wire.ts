/**
 * What comes over the wire to a peer, changed on its way. Each is taken or refused by a code of
 * the protocol, and what was refused left nothing behind: all goes on as if it had never come.
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PeerError } from '../../src/contract.ts'
import { CHUNK_BYTES, HEADER_BYTES } from '../../src/protocol/stream.ts'
import { SUITES, type Suite, type SuiteName } from '../../src/protocol/suites.ts'
import { fakeHybrid, fakeSuite } from '../helpers/fake-curve.ts'
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

/** A suite of ours, or a fake one, with a KEM or without, and where its private keys begin. */
type SuiteChoice = SuiteName | { readonly kem: boolean; readonly start: number }

type Case = {
  readonly suite: SuiteChoice
  readonly before: readonly Act[]
  readonly pieces: number
} & (
  | { readonly what: 'keys' | 'message'; readonly changes: readonly FormChange[] }
  | { readonly what: 'picture'; readonly length: number; readonly changes: readonly StreamChange[] }
)

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

const streamChange: fc.Arbitrary<StreamChange> = fc.oneof(
  damages.map((damages) => (stream: Buffer) => damagedBy(damages, stream)),
  // a byte anywhere
  fc
    .tuple(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 255 }),
    )
    .map(([share, by]) => (stream: Buffer) => {
      const copy = Buffer.from(stream)
      const at = Math.floor(share * copy.length)
      copy[at] = (copy[at] ?? 0) ^ by
      return copy
    }),
  // the end anywhere
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((share) => (stream: Buffer) => stream.subarray(0, Math.floor(share * stream.length))),
  // the chunks in another order, some of them missing or there twice
  fc.array(fc.nat(5), { maxLength: 6 }).map((order) => (stream: Buffer) => {
    const chunks = chunksOf(stream)
    const picked = order.map((i) => chunks[i % chunks.length] ?? Buffer.alloc(0))
    return Buffer.concat([stream.subarray(0, HEADER_BYTES), ...picked])
  }),
)

const common = {
  suite: weighted(
    [3, fc.constant<SuiteChoice>('X25519')],
    [1, fc.constant<SuiteChoice>('P-256')],
    [3, fc.constant<SuiteChoice>('X25519MLKEM768')],
    [3, fc.record({ kem: fc.boolean(), start: fc.nat(1e6) })],
  ),
  before: weighted([1, acts(0)], [3, acts(2)]),
  pieces: fc.constantFrom(7, 1_000, 70_000),
}

/** Some acts, after so many that bring a session. */
function acts(first: 0 | 2): fc.Arbitrary<Act[]> {
  const act = fc.record<Act>({
    do: fc.constantFrom('keys', 'keys', 'message', 'picture', 'read'),
    side: fc.constantFrom<0 | 1>(0, 1),
    lost: fc.boolean(),
  })
  const session: Act[] = [
    { do: 'keys', side: 0 },
    { do: 'keys', side: 1 },
  ]
  return fc.array(act, { maxLength: 6 }).map((acts) => [...session.slice(0, first), ...acts])
}

const cases: fc.Arbitrary<Case> = weighted(
  [
    3,
    fc.record({
      ...common,
      what: fc.constantFrom('keys', 'message'),
      changes: fc.array(formChange, { minLength: 1, maxLength: 4 }),
    }),
  ],
  [
    1,
    fc.record({
      ...common,
      what: fc.constant('picture' as const),
      length: fc.oneof(fc.integer({ min: 12, max: 300 }), fc.integer({ min: 12, max: 200_000 })),
      changes: fc.array(streamChange, { minLength: 1, maxLength: 3 }),
    }),
  ],
)

/** What came of it: "accepted", or the code of the refusal. */
async function attempt(run: () => unknown): Promise<string> {
  try {
    await run()
    return 'accepted'
  } catch (error) {
    return codeOf(error)
  }
}

function suiteOf(choice: SuiteChoice): Suite {
  if (typeof choice === 'string') return SUITES[choice]
  return choice.kem ? fakeHybrid(choice.start) : fakeSuite(choice.start)
}

class World {
  readonly #pieces: number
  readonly sides: readonly [WiredPeer, WiredPeer]
  #lost = false
  #stream: Uint8Array | null = null

  constructor({ suite, pieces }: Case) {
    this.#pieces = pieces
    this.sides = pair({
      suite: suiteOf(suite),
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
  async intended(which: Case): Promise<{ thing: Form | Uint8Array; others: Form[] } | null> {
    const [a, b] = this.sides
    this.#stream = null
    const length = which.what === 'picture' ? which.length : 0
    const outcome = await this.act({ do: which.what, side: 0, lost: true }, length)
    if (outcome === 'no_session') return null
    if (which.what === 'picture') return this.#stream && { thing: this.#stream, others: [] }
    const sent = ({ keysSent, messagesSent }: WiredPeer): Form[] =>
      which.what === 'keys' ? [...keysSent] : [...messagesSent]
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
    const [, b] = this.sides
    return JSON.stringify([
      b.peer.show(),
      b.remembered.length,
      (b.pictures as PicturesInMemory).kept,
    ])
  }

  /** Both read, agree anew and talk. */
  async assertWorks(): Promise<void> {
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
  const changed: (Form | Buffer)[] = !withChanges
    ? []
    : thing instanceof Uint8Array
      ? which.changes.map((change) => (change as StreamChange)(Buffer.from(thing)))
      : which.changes.map((change) => (change as FormChange)(thing, others))
  let taken = false
  for (const other of changed) {
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
  async fuzz(seed, limits, tell) {
    await hold(
      fc.asyncProperty(cases, async (which) => {
        const outcome = await play(which, true, tell)
        // an honest thing that is refused has to be refused without the changes too
        if (outcome !== null && outcome !== 'accepted')
          assert.equal(await play(which, false), outcome)
      }),
      seed,
      limits,
    )
  },
}
