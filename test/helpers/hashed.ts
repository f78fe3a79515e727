/** What the program hashes while a test runs. */

import type { TestContext } from 'node:test'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from './vectors.ts'

const HMAC = Object.getPrototypeOf(hmac.create(sha256, new Uint8Array(32)))
const HASH = Object.getPrototypeOf(Object.getPrototypeOf(sha256.create()))

/** Every value that HMAC gives from here on: as hex, and the array that it was in. */
export function recordValues(t: TestContext): [hex: string, array: Uint8Array][] {
  const values: [string, Uint8Array][] = []
  const { digest } = HMAC
  t.mock.method(HMAC, 'digest', function (this: object) {
    const value: Uint8Array = digest.call(this)
    values.push([toHex(value), value])
    return value
  })
  return values
}

/** Counts the blocks that SHA-256 compresses from here on, whatever calls it. */
export function countBlocks(t: TestContext): () => number {
  const { mock } = t.mock.method(HASH, 'process')
  return () => mock.callCount()
}
