/** `make explore` within small bounds: every schedule there is, and that each planted mistake is found. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compareBytes, equalBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { inWords, KINDS, type Kind, SHORT, WAYS } from '../explore/bounds.ts'
import { load } from '../explore/load.ts'
import { MISTAKES, plant } from '../explore/mistakes.ts'
import { type Body, type Done, perform } from '../explore/peer.ts'
import { type Reached, Walk } from '../explore/walk.ts'
import type { Bounds } from '../explore/world.ts'
import { restarted } from '../helpers/exchanges.ts'

const SLOW = process.env['SLOW'] === '1'

const walks = new Map<Bounds, Promise<Walk>>()
/** One walk for all that want its states. */
function walked(kind: Kind, bounds: Bounds): Promise<Walk> {
  const walking = async () => {
    const walk = new Walk(await load(), kind, bounds)
    const flaw = walk.run()
    assert.equal(flaw, null, flaw ? `${flaw.what}\n${flaw.way.join('\n')}` : '')
    return walk
  }
  const result = walks.get(bounds) ?? walking()
  walks.set(bounds, result)
  return result
}

describe('every schedule', () => {
  for (const kind of KINDS)
    for (const bounds of SHORT[kind])
      it(`keeps what must hold, ${kind}, with ${inWords(bounds)}`, {
        skip: bounds.slow && !SLOW && 'takes longer: SLOW=1 runs it',
      }, async (t) => {
        const walk = await walked(kind, bounds)
        t.diagnostic(`${walk.reached.length} states, ${walk.steps} steps`)
        // with one key each, nobody has left a session for another
        const expected = bounds.keys > 1 ? WAYS : WAYS.slice(0, 2)
        const ways = [...walk.disagreements.keys()].sort()
        assert.deepEqual(ways, bounds.troubles > 0 ? expected : [])
      })
})

/** What matters of two exchanges. */
const summaryOf = ([a, b]: readonly Exchange[]) => [
  ...[a, b].map((side) => [side?.state, side?.current?.sent, side?.current?.received]),
  [a, b].map((side) => side?.waiting.length),
  a?.current && b?.current && equalBytes(a.current.id, b.current.id),
]

/** Makes the calls that lead to a state of the walk, with real keys: each has the same outcome. Returns both exchanges. */
function replay({ world }: Walk, way: ReturnType<Walk['callsTo']>, suite: Suite) {
  const identities = [new KeyPair(suite.curve), new KeyPair(suite.curve)]
  identities.sort((one, other) => compareBytes(one.publicKey, other.publicKey))
  const exchanges = identities.map((identity) => new Exchange(suite, identity))
  const bodies = new Map<number, Body>()
  // an answer that is a code alone has no keys in it
  const bodyOf = (id: number) => bodies.get(id) ?? (id < 0 ? null : world.sides.message(id).body)
  for (const { side, op, message, answer, outcome } of way) {
    const exchange = exchanges[side] ?? assert.fail()
    if (op === 'restart') {
      exchanges[side] = restarted(exchange)
      continue
    }
    let done: Done
    try {
      const peer = { exchange, sealed: [], told: [], taken: [], run: 0 }
      done = perform(peer, op, bodyOf(message), bodyOf(answer))
    } catch (error) {
      assert.ok(error instanceof DuetError)
      done = { code: error.code }
    }
    assert.equal(done.code ?? null, outcome.code, op)
    if (done.body && outcome.out !== null) bodies.set(outcome.out, done.body)
  }
  return exchanges
}

describe('the calls on a way to a state', () => {
  const suites: Record<Kind, Suite[]> = {
    classical: [SUITES.X25519, SUITES['P-256']],
    hybrid: [SUITES.X25519MLKEM768],
  }
  for (const kind of KINDS)
    it(`lead to the same state with real keys, ${kind}`, async () => {
      // in the walk an inbox has room for one text
      const bounds = SHORT[kind].findLast(
        ({ texts, troubles, slow }) => texts < 2 && troubles > 0 && (SLOW || !slow),
      )
      assert.ok(bounds)
      const walk = await walked(kind, bounds)
      const apart = [...walk.disagreements.values()].map(({ first }) => first)
      const every = Math.floor(walk.reached.length / (SLOW ? 60 : 20))
      const some = walk.reached.filter((_, i) => i % every === every - 1)
      const check = (reached: Reached, suite: Suite) => {
        const way = walk.callsTo(reached)
        const told = way.map((call) => walk.tell(call)).join('\n')
        const ideal = ([0, 1] as const).map(
          (side) => walk.world.local(reached.state, side).peer.exchange,
        )
        assert.deepEqual(summaryOf(replay(walk, way, suite)), summaryOf(ideal), told)
      }
      for (const suite of suites[kind]) for (const state of apart) check(state, suite)
      for (const state of some) check(state, suites[kind][0] ?? assert.fail())
    })
})

describe('the walk', () => {
  for (const { kind, bounds, mistakes } of MISTAKES)
    for (const mistake of mistakes)
      it(`notices, ${kind}, with ${bounds.troubles} troubles, that ${mistake[0]}`, async (t) => {
        const protocol = await load()
        t.after(plant(protocol, mistake))
        const flaw = new Walk(protocol, kind, bounds).run()
        assert.ok(flaw, 'not found')
        t.diagnostic(`${flaw.what}\n${flaw.way.join('\n')}`)
      })
})
