/** Byte strings as the wire has them. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as bytes from '../../src/protocol/bytes.ts'

const { compareBytes, equalBytes } = bytes

/** The module as it is where `Buffer` is `found`, and bytes have no hex of their own. */
async function withBuffer(name: string, found: unknown): Promise<typeof bytes> {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'Buffer') as PropertyDescriptor
  Object.defineProperty(globalThis, 'Buffer', { value: found, configurable: true })
  try {
    return await import(`../../src/protocol/bytes.ts?${name}`)
  } finally {
    Object.defineProperty(globalThis, 'Buffer', own)
  }
}

/** As bundlers have one for browsers: slower, and otherwise the same. */
class Polyfill extends Uint8Array {
  static override from = ((bytes: ArrayBuffer, at?: number, length?: number) =>
    new Polyfill(bytes, at, length)) as unknown as typeof Uint8Array.from
  override toString(): string {
    return [...this].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  }
  write(hex: string): number {
    const parsed = (hex.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16))
    const end = parsed.findIndex(Number.isNaN)
    this.set(end < 0 ? parsed : parsed.slice(0, end))
    return end
  }
}

const FOUND: Record<string, unknown> = {
  'that of Node': Buffer,
  none: undefined,
  'one for browsers': Polyfill,
  'something else, as a page may name it': { from: () => ({ write() {} }) },
  'no function either': Object.create(null),
}
// before any test runs: they use the one of Node
const modules: [string, typeof bytes][] = []
for (const [name, found] of Object.entries(FOUND))
  modules.push([name, await withBuffer(name, found)])

for (const [name, { bytesToHex, hexToBytes }] of modules)
  describe(`hex where Buffer is ${name}`, () => {
    it('is what Node makes of any bytes, and gives them back in memory that is theirs alone', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
          const hex = Buffer.from(bytes).toString('hex')
          for (const given of [
            bytes,
            Buffer.from(bytes),
            new Uint8Array([7, ...bytes]).subarray(1),
          ])
            assert.equal(bytesToHex(given), hex)
          const back = hexToBytes(hex)
          assert.deepEqual(back, bytes)
          assert.equal(back.buffer.byteLength, bytes.length)
        }),
      )
    })

    it('is refused where it has an odd number of digits, capitals, or something else among them', () => {
      for (const text of [
        'a',
        'abc',
        '0g',
        'g0',
        'ab ',
        'zz',
        'AB',
        'aB',
        'é',
        '\ud800',
        '0\u0130',
      ])
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
