/** `make explore` within small bounds: every schedule there is, and that each planted mistake is found. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { compareBytes, equalBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { inWords, KINDS, type Kind, SHORT, WAYS } from '../explore/bounds.ts'
import { load } from '../explore/load.ts'
import { MISTAKES } from '../explore/mistakes.ts'
import { tell } from '../explore/tell.ts'
import { Walk } from '../explore/walk.ts'
import type { Bounds } from '../explore/world.ts'
import { edited } from '../helpers/changes.ts'
import { root } from '../helpers/documents.ts'

const SLOW = process.env['SLOW'] === '1'
const skipOf = (slow = false) => slow && !SLOW && 'takes longer: SLOW=1 runs it'

/** What a walk finds that must not be, as a text, or null. */
function flawIn(walk: Walk): string | null {
  const flaw = walk.run()
  return (
    flaw && `${flaw.steps.length} steps: ${flaw.what}\n${tell(walk.world, flaw.steps).join('\n')}`
  )
}

const walks = new Map<Bounds, Promise<{ walk: Walk; flaw: string | null }>>()
/** One walk for all that want its states. */
function walked(kind: Kind, bounds: Bounds) {
  const walking = async () => {
    const walk = new Walk(await load(), kind, bounds)
    return { walk, flaw: flawIn(walk) }
  }
  const result = walks.get(bounds) ?? walking()
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
        assert.equal(flaw, null)
        t.diagnostic(`${walk.reached.length} states, ${walk.steps} steps`)
        const ways = [...walk.disagreements.keys()].sort()
        // with one key each, nobody has left a session for another
        const expected = bounds.keys > 1 ? WAYS : WAYS.slice(0, 2)
        assert.deepEqual(ways, bounds.troubles > 0 ? expected : [])
      })
})

/** Two real exchanges after `calls`, A's identity the smaller one: what matters of them. */
function afterCalls(suite: Suite, calls: string): unknown[] {
  const identities = [new KeyPair(suite.curve), new KeyPair(suite.curve)]
  identities.sort((one, other) => compareBytes(one.publicKey, other.publicKey))
  const [a, b] = identities.map((identity) => new Exchange(suite, identity))
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
      // in the walk an inbox has room for one text
      const bounds = SHORT[kind].findLast(
        ({ texts, troubles, slow }) => texts < 2 && troubles > 0 && (SLOW || !slow),
      )
      assert.ok(bounds)
      const { walk } = await walked(kind, bounds)
      const apart = [...walk.disagreements.values()].map(({ first }) => first)
      const every = Math.floor(walk.reached.length / (SLOW ? 6 : 3))
      const some = walk.reached.filter((_, i) => i % every === every - 1)
      for (const [i, state] of [...apart, ...some].entries()) {
        const calls = tell(walk.world, walk.wayTo(state)).join('\n')
        // what matters most on each, the rest on one
        for (const suite of suites[kind].slice(0, i < apart.length ? 2 : 1))
          assert.deepEqual(afterCalls(suite, calls), summaryOf(walk.peersIn(state)), calls)
      }
    })
})

describe('the planted mistakes', () => {
  it('each change what stands in the source once, those of SLOW=1 too', () => {
    for (const edit of MISTAKES.flatMap(({ mistakes }) => mistakes.flatMap(({ edits }) => edits)))
      edited(fs.readFileSync(path.join(root, 'src/protocol', edit.file), 'utf8'), edit)
  })
})

describe('the walk', () => {
  for (const { kind, bounds, mistakes } of MISTAKES)
    for (const { what, marks, edits } of mistakes)
      it(`notices, ${kind}, with ${bounds.troubles} troubles, that ${what}`, {
        skip: skipOf(marks.includes('slow')),
      }, async (t) => {
        const [edit] = edits
        const flaw = flawIn(new Walk(await load(edit), kind, bounds))
        assert.ok(edit && flaw, 'not found')
        t.diagnostic(flaw)
      })
})
