/**
 * What must hold in the exchange, whatever the order in which things happen: long schedules, at random. The short ones
 * are all in `make explore`, which also runs them with real keys.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareBytes, equalBytes } from '../../src/protocol/bytes.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import {
  assertTogether,
  codeOfText,
  exchange,
  fakeSuites,
  restarted,
  two,
} from '../helpers/exchanges.ts'
import { fakeHybrid, fakeSuite } from '../helpers/fake-curve.ts'
import { type Step, World, withEverything, withoutLoss, withReplays } from '../helpers/schedule.ts'

const SLOW = process.env['SLOW'] === '1'

function onTheSameSessionOrNone(world: World): void {
  const [a, b] = world.sessions()
  assert.equal(a, b)
  for (const side of [0, 1] as const) world.read(side)
}

/** Where the two are on different sessions, whoever sends a text is told, or the text brings them together. */
function isVisibleIfApart(world: World): void {
  const apart = () => {
    const [a, b] = world.sessions()
    return a !== b
  }
  if (!apart()) return
  for (const side of [0, 1] as const) world.read(side)
  const codes = ([0, 1] as const).map((side) => world.codeOfText(side))
  if (apart()) assert.match(codes.join(' '), /no_session|unknown_session/)
}

function recoversByKeysOnBoth(world: World): void {
  isVisibleIfApart(world)
  world.sendKeysOnBoth()
  const [a, b] = world.sessions()
  assert.notEqual(a, null)
  assert.equal(a, b)
  world.talk()
}

for (const suite of [fakeSuite, fakeHybrid])
  describe(`random schedules on a ${suite().name}`, () => {
    /** Runs every schedule in a world of its own, to the end of what is under way, and checks it there. */
    const holds = (
      schedules: fc.Arbitrary<Step[]>,
      numRuns: number,
      check: (world: World) => void,
    ) =>
      fc.assert(
        fc.property(schedules, (steps) => {
          const world = new World(suite())
          for (const step of steps) world.take(step)
          world.settle()
          check(world)
        }),
        // with SLOW=1 these are 100,000 on each
        { numRuns: numRuns * (SLOW ? 1_000 : 3) },
      )

    it('end on the same session or none, without loss', () =>
      holds(withoutLoss, 40, onTheSameSessionOrNone))

    it('end on the same session or none, with replays', () =>
      holds(withReplays, 20, onTheSameSessionOrNone))

    it('show where they are apart, and recover by /send_keys on both, after anything', () =>
      holds(withEverything, 40, recoversByKeysOnBoth))
  })

/**
 * How two exchanges can be apart once nothing is under way: the ways that the short run of `make explore` is too short
 * for, each by a shortest schedule. `texts`: what A is told of a text, and then B. `meet`: whether these two bring
 * them together.
 */
const waysApart: {
  what: string
  happens(a: Exchange, b: Exchange): Exchange
  texts: [string | null, string | null]
  meet: boolean
}[] = [
  {
    what: 'one restarted, and a copy of an old key message came: each has a session that the other does not have',
    happens(a, b) {
      const keysA = a.startKeys()
      const lateB = b.startKeys()
      const answerB = b.receiveKeys(keysA)
      const later = restarted(b)
      const answerA = a.receiveKeys(later.startKeys())
      a.receiveAnswer(answerB.confirm)
      assert.equal(a.receiveKeys(lateB).completed, true)
      later.receiveAnswer(answerA.confirm)
      assert.equal(later.receiveKeys(keysA).completed, true)
      return later
    },
    texts: ['unknown_session', 'unknown_session'],
    meet: false,
  },
  {
    what: 'one restarted, and an answer is lost: one is on a session of the run before, and waits for the other one',
    happens(a, b) {
      const keysA = a.startKeys()
      const lateB = b.startKeys()
      const answerB = b.receiveKeys(keysA)
      const later = restarted(b)
      const keysB = later.startKeys()
      a.receiveAnswer(answerB.confirm)
      assert.equal(a.receiveKeys(lateB).completed, true)
      const answerA = a.receiveKeys(keysB)
      assert.equal(later.receiveKeys(a.startKeys()).completed, true)
      later.receiveAnswer(answerA.confirm)
      return later
    },
    texts: ['unknown_session', null],
    meet: true,
  },
]

const isTogether = (a: Exchange, b: Exchange) =>
  a.current !== null && b.current !== null && equalBytes(a.current.id, b.current.id)

describe('two exchanges', () => {
  for (const { what, happens, texts, meet } of waysApart)
    it(`are apart where ${what}; a text tells it or ends it, and keys from both end it`, () => {
      for (const kind of fakeSuites())
        for (const smaller of [0, 1]) {
          // whichever of the two is party 1
          const pair = two(kind).sort((one, other) =>
            compareBytes(one.identity.publicKey, other.identity.publicKey),
          )
          const [a, first] = smaller === 0 ? pair : pair.reverse()
          assert.ok(a && first)
          const b = happens(a, first)
          assert.equal(isTogether(a, b), false)
          assert.deepEqual([codeOfText(a, b), codeOfText(b, a)], texts, kind.name)
          assert.equal(isTogether(a, b), meet, kind.name)
          exchange(a, b)
          assertTogether(a, b)
        }
    })
})
