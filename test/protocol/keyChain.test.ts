/** Key chains: a key for each number, taken or looked up ahead, and nothing left of those that are gone. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { hmac } from '@noble/hashes/hmac.js'
import fc from 'fast-check'
import type { ProtocolCode } from '../../src/protocol/errors.ts'
import { type KeyAhead, KeyChain, MAX_AHEAD, MAX_KEYS } from '../../src/protocol/keyChain.ts'
import { countBlocks, recordValues } from '../helpers/hashed.ts'
import { refuses } from '../helpers/refuses.ts'
import { hides } from '../helpers/secrecy.ts'
import { toHex } from '../helpers/vectors.ts'
import { Chain } from '../independent/session.ts'

const SLOW = process.env['SLOW'] === '1'
const TIMES = SLOW ? 10 : 1
const ZEROS = new Uint8Array(32)

const independent = (start: Uint8Array) => new Chain(Buffer.from(start))
/** key_n and chain_n of a chain that begins with `start`, as the independent peer computes them. */
const keyOf = (start: Uint8Array, n: number) => toHex(independent(start).ahead(n).key)
const chainAt = (start: Uint8Array, n: number) =>
  toHex(n === 0 ? start : independent(start).ahead(n - 1).chain)

/** A chain, the array that it took over, and a copy of what was in it. */
function begin(start: Uint8Array = new Uint8Array(randomBytes(32))) {
  const held = start.slice()
  return { chain: new KeyChain('message', held), held, start: start.slice() }
}

/** What a number is refused as where `next` is expected. */
function codeOf(number: number, next: number): ProtocolCode | null {
  if (number >= 2 ** 20) return 'rekey_required'
  if (number < next) return 'replay'
  return number > next + 1024 ? 'too_far_ahead' : null
}

describe('a key chain', () => {
  it('does what a model does, whatever is taken, looked up, accepted, forgotten or refused', () => {
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('look ahead' as const),
          off: fc.oneof(
            { weight: 9, arbitrary: fc.integer({ min: -3, max: 6 }) },
            { weight: 1, arbitrary: fc.constantFrom(1024, 1025, 2 ** 20 - 1, 2 ** 20, 2 ** 64) },
          ),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constantFrom('accept' as const, 'forget' as const),
          which: fc.nat({ max: 3 }),
        }),
      },
    )
    const starts = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(starts, fc.array(step, { maxLength: 20 }), (start, steps) => {
        const { chain, held } = begin(start)
        const looked: { number: number; ahead: KeyAhead; isForgotten: boolean }[] = []
        let next = 0
        for (const each of steps) {
          if (each.do === 'take') {
            const { number, key } = chain.take()
            assert.deepEqual([number, toHex(key)], [next, keyOf(start, next)])
            next++
          } else if (each.do === 'look ahead') {
            const number = Math.max(0, next + each.off)
            const code = codeOf(number, next)
            if (code === null) {
              chain.check(number)
              looked.push({ number, ahead: chain.ahead(number), isForgotten: false })
              assert.equal(toHex(looked.at(-1)?.ahead.key ?? ZEROS), keyOf(start, number))
            } else {
              refuses(code, () => chain.check(number))
              refuses(code, () => chain.ahead(number))
            }
          } else {
            // several may be under way, and each may be accepted or forgotten twice
            const one = looked[each.which]
            if (one === undefined) continue
            if (each.do === 'forget') {
              one.ahead.forget()
              one.isForgotten = true
            } else if (one.isForgotten) assert.throws(() => one.ahead.accept(), /It was forgotten/)
            else if (one.number < next) refuses('replay', () => one.ahead.accept())
            else {
              assert.equal(one.ahead.accept(), one.number - next)
              next = one.number + 1
            }
            assert.equal(toHex(one.ahead.key), keyOf(start, one.number), 'its owner erases it')
          }
          assert.deepEqual([chain.next, toHex(held)], [next, chainAt(start, next)])
        }
      }),
      { numRuns: 100 * TIMES },
    )
  })

  it('gives the keys of a chain of zeros, by OpenSSL', () => {
    // printf '\001' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0000…
    const { chain } = begin(ZEROS)
    for (const key of [
      '3d7afb663124ecbf2c953f863d4fc8796eeb2d372b64aad58697ec5264649cdb',
      'e43cd1fae55cf944828336e277738f684c1e221777e6ea5f036642c10053f158',
    ])
      assert.equal(toHex(chain.take().key), key)
  })

  it('does not go on from zeros: what was forgotten is not accepted', () => {
    const { chain, start, held } = begin()
    const ahead = chain.ahead(2)
    ahead.forget()
    assert.throws(() => ahead.accept(), /It was forgotten/)
    assert.deepEqual([chain.next, held], [0, start])
  })

  it('shows neither chain nor key to anything that prints objects', () => {
    const { chain, start } = begin()
    const bytes = (hex: string) => Buffer.from(hex, 'hex')
    const ahead = chain.ahead(3)
    hides(chain, start, ahead.key)
    hides(ahead, ...[1, 3, 4].map((number) => bytes(chainAt(start, number))))
    ahead.accept()
    for (const number of [0, 3, 4])
      hides(chain, bytes(chainAt(start, number)), bytes(keyOf(start, number)))
  })

  it('gives its last key, and ends, at 2^20: for a sender and for a receiver', (t) => {
    assert.equal(MAX_KEYS, 2 ** 20)
    const { chain } = begin()
    // what is hashed is not looked at here, and 2^20 steps of it take long
    const same = { clone: () => same, update: () => same, digest: () => new Uint8Array(32) }
    const { create } = hmac
    t.after(() => Object.assign(hmac, { create }))
    if (!SLOW) Object.assign(hmac, { create: () => same })
    // as far ahead as it goes each time
    while (chain.next < MAX_KEYS - 2)
      chain.ahead(Math.min(chain.next + MAX_AHEAD, MAX_KEYS - 3)).accept()
    chain.ahead(MAX_KEYS - 1).forget()
    assert.equal(chain.take().number, MAX_KEYS - 2)
    assert.equal(chain.ahead(MAX_KEYS - 1).accept(), 0)
    assert.equal(chain.next, MAX_KEYS)
    for (let i = 0; i < 3; i++) refuses('rekey_required', () => chain.take())
    refuses('rekey_required', () => chain.ahead(MAX_KEYS))
    refuses('replay', () => chain.ahead(MAX_KEYS - 1))
    refuses('replay', () => chain.check(0))
    assert.equal(chain.next, MAX_KEYS)
  })

  it('hashes nothing for a number that it refuses, and of each in between the next chain alone', (t) => {
    const { chain, held, start } = begin()
    chain.ahead(9).accept()
    const blocks = countBlocks(t)
    for (const number of [0, 9, 10 + 1025, 2 ** 20 - 1, 2 ** 20, 2 ** 53 - 1, 2 ** 64]) {
      const code = codeOf(number, 10) ?? assert.fail()
      refuses(code, () => chain.check(number))
      refuses(code, () => chain.ahead(number))
    }
    assert.equal(blocks(), 0)
    // the count is one of what is hashed
    chain.ahead(10).forget()
    const one = blocks()
    assert.ok(one > 0)
    const farthest = chain.ahead(10 + 1024)
    // its two pads, what is hashed, and the outer hash
    assert.equal(blocks() - one, 1024 * 4 + one)
    assert.equal(toHex(held), chainAt(start, 10))
    assert.equal(toHex(farthest.key), keyOf(start, 10 + 1024))
    assert.equal(farthest.accept(), MAX_AHEAD)
  })

  it('names in a refusal what it counts, and the numbers of a replay', () => {
    for (const what of ['message', 'picture'] as const) {
      const chain = new KeyChain(what, new Uint8Array(32))
      chain.take()
      const [replay, rekey] = [0, 2 ** 20].map((number) =>
        refuses(codeOf(number, 1) ?? assert.fail(), () => chain.check(number)),
      )
      const says = `This ${what} was accepted, or a later one: number 0; next expected 1.`
      assert.equal(replay?.message, says)
      assert.match(rekey?.message ?? '', new RegExp(`2\\^20 ${what}s`))
    }
  })
})

describe('what a chain leaves behind', () => {
  it('is zero in every array that it used, but for the key that it gave', (t) => {
    const looked = (chain: KeyChain, end: 'accept' | 'forget') => {
      const ahead = chain.ahead(20)
      ahead[end]()
      return ahead.key
    }
    const uses: [number, (chain: KeyChain) => Uint8Array][] = [
      [2, (chain) => chain.take().key],
      [22, (chain) => looked(chain, 'accept')],
      [22, (chain) => looked(chain, 'forget')],
    ]
    const values = recordValues(t)
    for (const [count, use] of uses) {
      values.length = 0
      const key = use(begin().chain)
      assert.equal(values.length, count)
      for (const [hex, value] of values)
        assert.equal(toHex(value), value === key ? hex : toHex(ZEROS), String(use))
      assert.ok(values.some(([, value]) => value === key))
    }
  })

  it('is nothing at all after erase(), which ends it', () => {
    const { chain, held } = begin()
    const ahead = chain.ahead(4)
    chain.take()
    chain.erase()
    // a picture that was coming is whole, and brings no chain back
    for (const end of [() => {}, () => assert.equal(ahead.accept(), 3)]) {
      end()
      assert.deepEqual(held, ZEROS)
      assert.throws(() => chain.take(), /erased/)
      assert.throws(() => chain.ahead(6), /erased/)
    }
  })
})
