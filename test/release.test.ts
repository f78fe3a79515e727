import assert from 'node:assert/strict'
import { test } from 'node:test'
import { release } from '../src/protocol/release.ts'

test('memory that is released is gone at once', () => {
  for (const bytes of [new Uint8Array(65_536), Buffer.from(new ArrayBuffer(8))]) {
    release(bytes)
    assert.equal(bytes.length, 0)
    assert.equal(bytes.buffer.byteLength, 0)
  }
})

test('a part of a longer buffer is not released', () => {
  const whole = new Uint8Array(8).fill(7)
  for (const part of [whole.subarray(1), whole.subarray(0, 7), whole.subarray(8)]) release(part)
  const short = Buffer.from('from the memory that all short buffers share')
  release(short)
  assert.deepEqual(whole, new Uint8Array(8).fill(7))
  assert.equal(short.toString(), 'from the memory that all short buffers share')
})

test('no bytes, and what was released before, can be released', () => {
  const bytes = new Uint8Array(16)
  for (const again of [bytes, bytes, new Uint8Array(0)]) release(again)
  assert.equal(bytes.length, 0)
})
