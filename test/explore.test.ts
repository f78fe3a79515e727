/** `make explore` within small bounds: every schedule there is, and that each planted mistake is found. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compareBytes, equalBytes, utf8ToBytes } from '../src/protocol/bytes.ts'
import { KeyPair } from '../src/protocol/curves.ts'
import { Exchange } from '../src/protocol/exchange.ts'
import { SUITES, type Suite } from '../src/protocol/suites.ts'
import { KINDS, type Kind, SHORT } from './explore/bounds.ts'
import { load, type Protocol } from './explore/load.ts'
import { MISTAKES } from './explore/mistakes.ts'
import { type Result, search } from './explore/search.ts'
import { type Line, printed, tell } from './explore/tell.ts'

describe('every schedule', () => {
  for (const kind of KINDS)
    for (const bounds of SHORT[kind])
      it(`keeps what must hold, ${kind}, with ${bounds.troubles} troubles`, async (t) => {
        const { walk, flaw } = search(await load(), kind, bounds)
        assert.equal(flaw && `${flaw.what}\n${flaw.schedule}`, null)
        t.diagnostic(`${walk.states} states, ${walk.steps} steps`)
        assert.equal(walk.disagreements.size > 0, bounds.troubles > 0)
      })
})

/** What is found first: with nothing that goes wrong, then with one thing, on each kind of suite. */
function shortestFlaw(protocol: Protocol): Result['flaw'] {
  for (const i of [0, 1])
    for (const kind of KINDS) {
      const bounds = SHORT[kind][i]
      const flaw = bounds ? search(protocol, kind, bounds).flaw : null
      if (flaw) return flaw
    }
  return null
}

/** Two real exchanges after the calls of `lines`, A's identity the smaller one: what matters of them. */
function afterCalls(suite: Suite, lines: readonly Line[]): unknown[] {
  const identities = [new KeyPair(suite.curve), new KeyPair(suite.curve)]
  identities.sort((one, other) => compareBytes(one.publicKey, other.publicKey))
  const [a, b] = identities.map((identity) => new Exchange(suite, identity))
  const calls = lines.map(({ code }) => code).join('\n')
  const run = new Function(
    ...['a', 'b', 'suite', 'Exchange', 'assert', 'utf8ToBytes'],
    `${calls}\nreturn [a, b]`,
  )
  return summaryOf(run(a, b, suite, Exchange, assert, utf8ToBytes))
}

function summaryOf(peers: readonly [Exchange, Exchange]): unknown[] {
  const [a, b] = peers.map(({ current }) => current?.id)
  const each = peers.map(({ state, current, waiting }) => [
    state,
    current && [current.sent, current.received],
    waiting.length,
  ])
  return [...each, a && b && equalBytes(a, b)]
}

describe('the calls that it prints', () => {
  const suites: Record<Kind, Suite[]> = {
    classical: [SUITES.X25519, SUITES['P-256']],
    hybrid: [SUITES.X25519MLKEM768],
  }
  for (const kind of KINDS)
    it(`lead to the same state with real keys, ${kind}`, async () => {
      const [, bounds] = SHORT[kind]
      assert.ok(bounds)
      const { walk } = search(await load(), kind, bounds)
      const apart = [...walk.disagreements.values()].map(({ state }) => state)
      const some = Array.from({ length: 12 }, (_, i) => Math.floor((walk.states * (i + 1)) / 13))
      for (const state of [...apart, ...some]) {
        const lines = tell(walk.world, walk.wayTo(state))
        const [a, b] = walk.peersIn(state)
        for (const suite of suites[kind])
          assert.deepEqual(afterCalls(suite, lines), summaryOf([a, b]), printed(lines))
      }
    })
})

describe('the walk', () => {
  for (const mistake of MISTAKES)
    it(`notices that ${mistake.what}`, async (t) => {
      const protocol = await load(mistake)
      const flaw = shortestFlaw(protocol)
      assert.ok(flaw, 'not found')
      t.diagnostic(`${flaw.steps} steps: ${flaw.what}`)
    })
})
