/** The safety number: what two people compare. */

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CURVES, type Curve, type CurveName, KeyPair, X25519 } from '../src/protocol/curves.ts'
import { safetyNumber } from '../src/protocol/safetyNumber.ts'
import { SUITES } from '../src/protocol/suites.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1
const CURVE_IDS = { X25519: 1, 'P-256': 2 } as const
const FORMAT = /^\d{5}( \d{5}){11}$/

/** Six groups by the design's formula, with node:crypto and big integers. */
function halfOf(id: number, identity: Uint8Array): string {
  const hash = crypto
    .createHash('sha512')
    .update('duet/2 safety number')
    .update(Uint8Array.of(0, id, identity.length >> 8, identity.length & 255))
    .update(identity)
    .digest('hex')
  return [0, 1, 2, 3, 4, 5]
    .map((i) => BigInt(`0x${hash.slice(10 * i, 10 * i + 10)}`) % 100_000n)
    .map((value) => value.toString().padStart(5, '0'))
    .join(' ')
}

/** The two halves of a safety number. */
function halves(number: string): [string, string] {
  return [number.slice(0, 35), number.slice(36)]
}

for (const [name, curve] of Object.entries(CURVES) as [CurveName, Curve][]) {
  const id = CURVE_IDS[name]
  const identities = fc.uint8Array({ minLength: curve.pointBytes, maxLength: curve.pointBytes })

  describe(`a safety number on ${name}`, () => {
    it('is twelve groups of five digits with one space between groups', () => {
      fc.assert(
        fc.property(identities, identities, (a, b) => {
          assert.match(safetyNumber(curve, a, b), FORMAT)
        }),
        { numRuns: 200 * TIMES },
      )
    })

    it('is the same on both sides', () => {
      const [a, b] = [new KeyPair(curve).publicKey, new KeyPair(curve).publicKey]
      assert.equal(safetyNumber(curve, a, b), safetyNumber(curve, b, a))
      fc.assert(
        fc.property(identities, identities, (a, b) => {
          assert.equal(safetyNumber(curve, a, b), safetyNumber(curve, b, a))
        }),
        { numRuns: 100 * TIMES },
      )
    })

    it('is what the formula gives, the smaller half first', () => {
      fc.assert(
        fc.property(identities, identities, (a, b) => {
          const [one, two] = [halfOf(id, a), halfOf(id, b)]
          const expected = one < two ? `${one} ${two}` : `${two} ${one}`
          assert.equal(safetyNumber(curve, a, b), expected)
          const [first, second] = halves(safetyNumber(curve, a, b))
          assert.ok(first <= second)
        }),
        { numRuns: 200 * TIMES },
      )
    })

    it('changes in one half when one identity changes by a bit, and keeps the other', () => {
      const bits = fc.nat({ max: 8 * curve.pointBytes - 1 })
      fc.assert(
        fc.property(identities, identities, bits, (own, peer, bit) => {
          const changed = own.slice()
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          const before = safetyNumber(curve, own, peer)
          for (const after of [
            safetyNumber(curve, changed, peer),
            safetyNumber(curve, peer, changed),
          ]) {
            assert.notEqual(after, before)
            assert.ok(halves(after).includes(halfOf(id, peer)))
            assert.ok(
              !halves(after).includes(halfOf(id, own)) || halfOf(id, own) === halfOf(id, peer),
            )
          }
        }),
        { numRuns: 100 * TIMES },
      )
    })

    it('keeps the zeros that a group begins with', () => {
      // a group begins with a zero one time in ten: 1,200 groups have some
      let zeros = 0
      for (let i = 0; i < 100; i++) {
        const [a, b] = [0, 1].map((side) => new Uint8Array(curve.pointBytes).fill(2 * i + side))
        assert.ok(a && b)
        const number = safetyNumber(curve, a, b)
        assert.match(number, FORMAT)
        zeros += number.split(' ').filter((group) => group.startsWith('0')).length
      }
      assert.ok(zeros > 0)
    })
  })
}

describe('a safety number', () => {
  it('is made on the curve of the identities: the same on X25519MLKEM768 as on X25519', () => {
    const [a, b] = [new KeyPair(X25519).publicKey, new KeyPair(X25519).publicKey]
    const [one = '', two = ''] = [halfOf(1, a), halfOf(1, b)].sort()
    for (const { curve } of [SUITES.X25519, SUITES.X25519MLKEM768])
      assert.equal(safetyNumber(curve, a, b), `${one} ${two}`)
  })

  it('has the curve id in both halves', () => {
    const other: Curve = { ...X25519, id: 2 }
    const [a, b] = [new KeyPair(X25519).publicKey, new KeyPair(X25519).publicKey]
    const [first, second] = halves(safetyNumber(X25519, a, b))
    const number = halves(safetyNumber(other, a, b))
    assert.ok(!number.includes(first) && !number.includes(second))
  })

  it('has the length of the identity in it: a key with a zero at its end is another', () => {
    const short = new Uint8Array(31).fill(7)
    const long = Uint8Array.of(...short, 0)
    assert.notEqual(safetyNumber(X25519, short, short), safetyNumber(X25519, long, long))
  })

  it('has two equal halves for one identity on both sides', () => {
    const { publicKey } = new KeyPair(X25519)
    const [first, second] = halves(safetyNumber(X25519, publicKey, publicKey))
    assert.equal(first, second)
  })
})
