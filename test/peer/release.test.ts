/** Memory that is given back before the engine collects it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { release } from '../../src/peer/release.ts'

describe('memory that is released', () => {
  it('is gone at once', () => {
    for (const bytes of [new Uint8Array(65_536), Buffer.from(new ArrayBuffer(8))]) {
      release(bytes)
      assert.equal(bytes.length, 0)
      assert.equal(bytes.buffer.byteLength, 0)
    }
  })

  it('is all of a buffer, and never a part of a longer one', () => {
    const whole = new Uint8Array(8).fill(7)
    for (const part of [whole.subarray(1), whole.subarray(0, 7), whole.subarray(8)]) release(part)
    const short = Buffer.from('from the memory that all short buffers share')
    release(short)
    assert.deepEqual(whole, new Uint8Array(8).fill(7))
    assert.equal(short.toString(), 'from the memory that all short buffers share')
  })

  it('may have been released before, or have no bytes', () => {
    const bytes = new Uint8Array(16)
    for (const again of [bytes, bytes, new Uint8Array(0)]) release(again)
    assert.equal(bytes.length, 0)
  })
})
