/** `make explore` within small bounds: every schedule there is, and that each planted mistake is found. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { compareBytes, equalBytes, utf8ToBytes } from '../src/protocol/bytes.ts'
import { KeyPair } from '../src/protocol/curves.ts'
import { Exchange } from '../src/protocol/exchange.ts'
import { SUITES, type Suite } from '../src/protocol/suites.ts'
import { inWords, KINDS, type Kind, SHORT } from './explore/bounds.ts'
import { Fingerprints } from './explore/fingerprints.ts'
import { load } from './explore/load.ts'
import { MISTAKES } from './explore/mistakes.ts'
import { type Result, search } from './explore/search.ts'
import { type Line, printed, tell } from './explore/tell.ts'
import { WAYS } from './explore/ways.ts'
import type { Bounds } from './explore/world.ts'
import { root } from './helpers/documents.ts'

const SLOW = process.env['SLOW'] === '1'
const skipOf = (slow = false) => slow && !SLOW && 'takes longer: SLOW=1 runs it'

const walks = new Map<Bounds, Result>()
async function walked(kind: Kind, bounds: Bounds): Promise<Result> {
  const result = walks.get(bounds) ?? search(await load(), kind, bounds)
  walks.set(bounds, result)
  return result
}

describe('every schedule', () => {
  for (const kind of KINDS)
    for (const bounds of SHORT[kind])
      it(`keeps what must hold, ${kind}, with ${inWords(bounds)}`, {
        skip: skipOf(bounds.slow),
      }, async (t) => {
        const { walk, flaw } = await walked(kind, bounds)
        assert.equal(flaw && `${flaw.what}\n${flaw.schedule}`, null)
        t.diagnostic(`${walk.states} states, ${walk.steps} steps`)
        const ways = [...walk.disagreements.keys()].sort()
        // with one key each, nobody has left a session for another
        const expected = bounds.keys > 1 ? WAYS : WAYS.slice(0, 2)
        assert.deepEqual(ways, bounds.troubles > 0 ? expected : [])
      })
})

describe('the set of fingerprints', () => {
  it('knows what was added, and takes nothing else for it, however much there is', () => {
    const seen = new Fingerprints(4)
    const sequence = new Int32Array(3)
    // neighbours in every place, and all lengths
    const addAll = () => {
      let added = 0
      for (let i = 0; i < 20_000; i++) {
        sequence.set([i % 20, Math.floor(i / 20) % 50, Math.floor(i / 1_000)])
        for (const length of [3, 2, 1, 0]) if (seen.add(sequence, length)) added++
      }
      return added
    }
    assert.equal(addAll(), 20_000 + 1_000 + 20 + 1)
    assert.equal(addAll(), 0)
    assert.equal(seen.size, 21_021)
  })
})

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
      const bounds = SHORT[kind].findLast(({ troubles, slow }) => troubles > 0 && (SLOW || !slow))
      assert.ok(bounds)
      const { walk } = await walked(kind, bounds)
      const apart = [...walk.disagreements.values()].map(({ state }) => state)
      const count = SLOW ? 6 : 3
      const some = Array.from({ length: count }, (_, i) =>
        Math.floor((walk.states * (i + 1)) / (count + 1)),
      )
      for (const [i, state] of [...apart, ...some].entries()) {
        const lines = tell(walk.world, walk.wayTo(state))
        const [a, b] = walk.peersIn(state)
        // what matters most on each, the rest on one
        for (const suite of suites[kind].slice(0, i < apart.length ? 2 : 1))
          assert.deepEqual(afterCalls(suite, lines), summaryOf([a, b]), printed(lines))
      }
    })
})

describe('the planted mistakes', () => {
  it('each change what stands in the source once, those of SLOW=1 too', () => {
    for (const { file, from, what } of MISTAKES.flatMap(({ mistakes }) => mistakes)) {
      const source = fs.readFileSync(path.join(root, 'src/protocol', file), 'utf8')
      assert.equal(source.split(from).length, 2, what)
    }
  })
})

describe('the walk', () => {
  for (const { kind, bounds, mistakes } of MISTAKES)
    for (const mistake of mistakes)
      it(`notices, ${kind}, with ${bounds.troubles} troubles, that ${mistake.what}`, {
        skip: skipOf(mistake.isSlow),
      }, async (t) => {
        const { flaw } = search(await load(mistake), kind, bounds)
        assert.ok(flaw, 'not found')
        t.diagnostic(`${flaw.steps} steps: ${flaw.what}`)
      })
})
