/**
 * Many key pairs for a search, each a step along the curve from the one before. A step costs an addition of points, where a
 * fresh pair costs a multiplication: a fiftieth of the time. Nobody sees more than one of them.
 */

import { normalizeZ } from '@noble/curves/abstract/curve.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { hexToBytes } from '../../../protocol/bytes.ts'
import { KeyPair } from '../../../protocol/curves.ts'
import type { Suite } from '../../../protocol/suites.ts'
import type { Random } from './random.ts'

/** Points that share one inversion in the field. */
const BATCH = 32

/** A private key that has room for many steps: below P-256's order, and as X25519 clamps it (RFC 7748 section 5). */
function firstKey(random: Random): bigint {
  const bytes = random.bytes(32)
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x1f)
  bytes[31] = (bytes[31] ?? 0) & 0xf8
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

/** A pair on the suite's curve. */
export function keyPair(random: Random, suite: Suite): KeyPair {
  return new KeyPair(suite.curve, privateKeyOf(suite, firstKey(random)))
}

/** Key pairs without an end. */
export function* keyPairs(random: Random, suite: Suite): Generator<KeyPair> {
  const isP256 = suite.curve.name === 'P-256'
  const first = firstKey(random)
  const publicKeys = isP256 ? pointsOfP256(first) : pointsOfX25519(first)
  let key = first
  for (const publicKey of publicKeys) {
    yield new KeyPair(suite.curve, privateKeyOf(suite, key), publicKey)
    key += STEP
  }
}

/** The cofactor of Curve25519: X25519 takes multiples of it only. */
const STEP = 8n

function privateKeyOf({ curve }: Suite, key: bigint): Uint8Array {
  const bytes = hexToBytes(key.toString(16).padStart(64, '0'))
  return curve.name === 'P-256' ? bytes : bytes.reverse()
}

function* pointsOfP256(first: bigint): Generator<Uint8Array> {
  const step = p256.Point.BASE.multiply(STEP)
  for (let point = p256.Point.BASE.multiply(first); ; ) {
    const batch = Array.from({ length: BATCH }, () => {
      const last = point
      point = point.add(step)
      return last
    })
    for (const one of normalizeZ(p256.Point, batch)) yield one.toBytes(false)
  }
}

/** By way of edwards25519, on which points can be added: u = (1 + y) / (1 - y) (RFC 7748 section 4.1). */
function* pointsOfX25519(first: bigint): Generator<Uint8Array> {
  const { Point } = ed25519
  const step = Point.BASE.multiply(STEP)
  for (let point = Point.BASE.multiply(first % Point.Fn.ORDER); ; ) {
    const batch = Array.from({ length: BATCH }, () => {
      const last = point
      point = point.add(step)
      return last
    })
    const inverses = Point.Fp.invertBatch(batch.map(({ Y, Z }) => Point.Fp.sub(Z, Y)))
    for (const [i, { Y, Z }] of batch.entries())
      yield Point.Fp.toBytes(Point.Fp.mul(Point.Fp.add(Z, Y), inverses[i] ?? 0n))
  }
}
