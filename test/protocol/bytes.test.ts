/** Byte strings as the wire has them. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytesToHex, compareBytes, equalBytes, hexToBytes } from '../../src/protocol/bytes.ts'

describe('hex', () => {
  it('is what Node makes of any bytes, and gives them back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const hex = bytesToHex(bytes)
        assert.equal(hex, Buffer.from(bytes).toString('hex'))
        assert.deepEqual(hexToBytes(hex), bytes)
      }),
    )
  })

  it('is refused where it has an odd number of digits, capitals, or something else among them', () => {
    for (const text of ['a', 'abc', '0g', 'g0', 'ab ', 'zz', 'AB', 'aB', 'é', '\ud800', '0\u0130'])
      assert.throws(() => hexToBytes(text), {
        name: 'RangeError',
        message: 'This is not hex in lower case.',
      })
  })
})

describe('two byte strings', () => {
  it('are equal, or one is before the other, as Node says', () => {
    const few = fc.uint8Array({ max: 2, maxLength: 3 })
    fc.assert(
      fc.property(few, few, (a, b) => {
        assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(a, b))
        assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0)
      }),
      { numRuns: 1000 },
    )
  })
})
