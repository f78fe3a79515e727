/** Key chains: a key for each number, taken or looked up ahead, and nothing left of those that are gone. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { hmac } from '@noble/hashes/hmac.js'
import fc from 'fast-check'
import type { ProtocolCode } from '../../src/protocol/errors.ts'
import { KeyChain, MAX_AHEAD, MAX_KEYS } from '../../src/protocol/keyChain.ts'
import { countBlocks, recordValues } from '../helpers/hashed.ts'
import { refuses } from '../helpers/refuses.ts'
import { hides } from '../helpers/secrecy.ts'
import { hex, toHex } from '../helpers/vectors.ts'
import { Chain } from '../independent/session.ts'

const SLOW = process.env['SLOW'] === '1'
const ZEROS = new Uint8Array(32)

const independent = (start: Uint8Array) => new Chain(Buffer.from(start))
/** key_n and chain_n of a chain that begins with `start`, as the independent peer computes them. */
const keyAt = (start: Uint8Array, n: number) => toHex(independent(start).ahead(n).key)
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
  it('does what a model does, whatever is taken, looked up, accepted or refused', () => {
    const off = fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: -3, max: 6 }) },
      { weight: 1, arbitrary: fc.constantFrom(1024, 1025, 2 ** 20 - 1, 2 ** 20, 2 ** 64) },
    )
    const step = fc.record({ do: fc.constantFrom('take', 'look ahead', 'accept'), off })
    const starts = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(starts, fc.array(step, { maxLength: 20 }), (start, steps) => {
        const { chain, held } = begin(start)
        let next = 0
        for (const { do: what, off } of steps) {
          const number = Math.max(0, next + off)
          const code = codeOf(number, next)
          if (what === 'take') {
            const { number, key } = chain.take()
            assert.deepEqual([number, toHex(key)], [next, keyAt(start, next)])
            next++
          } else if (code !== null) {
            refuses(code, () => chain.check(number))
            refuses(code, () => chain.keyOf(number))
            refuses(code, () => chain.accept(number))
          } else if (what === 'look ahead') {
            chain.check(number)
            assert.equal(toHex(chain.keyOf(number)), keyAt(start, number))
          } else {
            assert.equal(chain.accept(number), number - next)
            next = number + 1
          }
          assert.deepEqual([chain.next, toHex(held)], [next, chainAt(start, next)])
        }
      }),
      { numRuns: SLOW ? 1_000 : 100 },
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

  it('shows neither chain nor key to anything that prints objects', () => {
    const { chain, start } = begin()
    hides(chain, start, chain.keyOf(3))
    chain.accept(3)
    for (const number of [0, 3, 4])
      hides(chain, hex(chainAt(start, number)), hex(keyAt(start, number)))
  })

  it('gives its last key, and ends, at 2^20: for a sender and for a receiver', (t) => {
    assert.equal(MAX_KEYS, 2 ** 20)
    const { chain } = begin()
    // what is hashed is not looked at here, and 2^20 steps of it take long
    const digest = () => new Uint8Array(32)
    const same = { clone: () => same, update: () => same, digest, destroy: () => {} }
    const { create } = hmac
    t.after(() => Object.assign(hmac, { create }))
    if (!SLOW) Object.assign(hmac, { create: () => same })
    // as far ahead as it goes each time
    while (chain.next < MAX_KEYS - 2) chain.accept(Math.min(chain.next + MAX_AHEAD, MAX_KEYS - 3))
    chain.keyOf(MAX_KEYS - 1)
    assert.equal(chain.take().number, MAX_KEYS - 2)
    assert.equal(chain.accept(MAX_KEYS - 1), 0)
    for (let i = 0; i < 3; i++) refuses('rekey_required', () => chain.take())
    refuses('rekey_required', () => chain.keyOf(MAX_KEYS))
    refuses('replay', () => chain.keyOf(MAX_KEYS - 1))
    assert.equal(chain.next, MAX_KEYS)
  })

  it('hashes nothing for a number that it refuses, and of each in between the next chain alone', (t) => {
    const { chain, held, start } = begin()
    chain.accept(9)
    const blocks = countBlocks(t)
    for (const number of [0, 9, 10 + 1025, 2 ** 20 - 1, 2 ** 20, 2 ** 53 - 1, 2 ** 64]) {
      const code = codeOf(number, 10) ?? assert.fail()
      for (const call of ['check', 'keyOf', 'accept'] as const)
        refuses(code, () => chain[call](number))
    }
    assert.equal(blocks(), 0)
    const farthest = chain.keyOf(10 + 1024)
    // four for each HMAC: its two pads, what is hashed, and the outer hash
    assert.equal(blocks(), (1024 + 1) * 4)
    assert.equal(toHex(held), chainAt(start, 10))
    assert.equal(toHex(farthest), keyAt(start, 10 + 1024))
    assert.equal(chain.accept(10 + 1024), MAX_AHEAD)
  })

  it('names in a refusal what it counts, and the numbers of a replay', () => {
    for (const what of ['message', 'picture'] as const) {
      const chain = new KeyChain(what, new Uint8Array(32))
      chain.take()
      const says = `This ${what} was accepted, or a later one: number 0; next expected 1.`
      assert.equal(refuses('replay', () => chain.check(0)).message, says)
      const rekey = refuses('rekey_required', () => chain.check(2 ** 20))
      assert.match(rekey.message, new RegExp(`2\\^20 ${what}s`))
    }
  })
})

describe('what a chain leaves behind', () => {
  const uses: [what: string, hashed: number, use: (chain: KeyChain) => Uint8Array | null][] = [
    ['take', 2, (chain) => chain.take().key],
    ['keyOf', 21, (chain) => chain.keyOf(20)],
    [
      'accept',
      21,
      (chain) => {
        chain.accept(20)
        return null
      },
    ],
  ]
  for (const [what, hashed, use] of uses)
    it(`is zero in every array that ${what} used, but for the key that it gave`, (t) => {
      const { chain } = begin()
      const values = recordValues(t)
      const key = use(chain)
      assert.equal(values.length, hashed)
      for (const [hex, value] of values)
        assert.equal(toHex(value), value === key ? hex : toHex(ZEROS))
      assert.equal(
        values.some(([, value]) => value === key),
        key !== null,
      )
    })

  it('is nothing at all after erase(), which ends it: a picture that was coming brings no chain back', () => {
    const { chain, held } = begin()
    chain.take()
    chain.erase()
    for (const accept of [() => {}, () => assert.equal(chain.accept(4), 3)]) {
      accept()
      assert.deepEqual(held, ZEROS)
      assert.throws(() => chain.take(), /erased/)
      assert.throws(() => chain.keyOf(6), /erased/)
    }
    refuses('replay', () => chain.accept(4))
  })
})
