/** Byte strings as the wire has them. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { equalBytes, hexToBytes } from '../../src/protocol/bytes.ts'

describe('hex', () => {
  it('is refused where it has an odd number of digits, capitals, or something else among them', () => {
    for (const text of ['a', 'abc', '0g', 'ab ', 'zz', 'AB', 'aB'])
      assert.throws(() => hexToBytes(text), {
        name: 'RangeError',
        message: 'This is not hex in lower case.',
      })
  })
})

describe('two byte strings', () => {
  it('are not equal where one begins with the other', () => {
    for (const [a, b] of [
      ['', '00'],
      ['aabb', 'aabb00'],
      ['aabb', 'aabbcc'],
    ] as const) {
      assert.equal(equalBytes(hexToBytes(a), hexToBytes(b)), false)
      assert.equal(equalBytes(hexToBytes(b), hexToBytes(a)), false)
    }
  })
})
