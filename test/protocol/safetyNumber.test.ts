/** The safety number: what two people compare. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CURVES, KeyPair } from '../../src/protocol/curves.ts'
import { safetyNumber } from '../../src/protocol/safetyNumber.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import * as independent from '../independent/session.ts'
import { INDEPENDENT_CURVES } from '../independent/suites.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1

for (const theirs of INDEPENDENT_CURVES) {
  const { name, basePoint } = theirs
  const curve = Object.values(CURVES).find((one) => one.name === name) ?? assert.fail()
  const { length } = basePoint
  const identities = fc.uint8Array({ minLength: length, maxLength: length })

  describe(`a safety number on ${name}`, () => {
    it('is that of the independent peer, in twelve groups of five digits, and the same on both sides', () => {
      fc.assert(
        fc.property(identities, identities, (a, b) => {
          const number = safetyNumber(curve, a, b)
          assert.match(number, /^\d{5}( \d{5}){11}$/)
          assert.equal(number, independent.safetyNumber(theirs, [Buffer.from(a), Buffer.from(b)]))
          assert.equal(number, safetyNumber(curve, b, a))
        }),
        { numRuns: 200 * TIMES },
      )
    })

    it('has a half for each identity: the other one stays as it was', () => {
      const [own, peer, other] = [1, 2, 3].map((byte) => new Uint8Array(length).fill(byte))
      assert.ok(own && peer && other)
      const halves = (number: string) => [number.slice(0, 35), number.slice(36)]
      const [one, another] = [own, other].map((each) => halves(safetyNumber(curve, each, peer)))
      const [half] = halves(safetyNumber(curve, peer, peer))
      assert.ok(half && one?.includes(half) && another?.includes(half))
      assert.notDeepEqual(one, another)
    })
  })
}

describe('a safety number', () => {
  it('is made on the curve of the identities: the same on X25519MLKEM768 as on X25519', () => {
    const [a, b] = [1, 2].map(() => new KeyPair(SUITES.X25519.curve).publicKey)
    assert.ok(a && b)
    const [number, hybrid] = [SUITES.X25519, SUITES.X25519MLKEM768].map(({ curve }) =>
      safetyNumber(curve, a, b),
    )
    assert.equal(hybrid, number)
  })
})
