/** A group small and fast enough for thousands of exchanges, and a KEM in it; they protect nothing. */

import { concatBytes, u64 } from '../../src/protocol/bytes.ts'
import type { Curve } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import type { Kem } from '../../src/protocol/kem.ts'
import { type Suite, suiteOf } from '../../src/protocol/suites.ts'

/** The integers mod this prime under addition: "private key times base point" is one multiplication. */
const ORDER = 2n ** 61n - 1n
const BASE = 9n

/** Private keys are counted up from `start`, so that a schedule runs the same each time. */
function fakeCurve(start = 1_000): Curve {
  let last = BigInt(start)
  const encode = (value: bigint) => u64FromBig(value)
  return {
    // one of the names that the program knows
    name: 'X25519',
    id: 0xffff,
    pointBytes: 8,
    basePoint: encode(BASE),
    generatePrivateKey: () => concatBytes(new Uint8Array(24), encode(scramble(++last))),
    publicKey: (privateKey) => encode((decode(privateKey.slice(24)) * BASE) % ORDER),
    checkPoint(point) {
      if (point.length !== 8 || decode(point) === 0n || decode(point) >= ORDER)
        throw new DuetError('bad_point', 'Not in the fake group.')
    },
    sharedSecret: (privateKey, point) =>
      concatBytes(
        new Uint8Array(24),
        encode((decode(privateKey.slice(24)) * decode(point)) % ORDER),
      ),
  }
}

/** Diffie-Hellman in the same group as a KEM: a wrong ciphertext gives another secret, as ML-KEM does. */
function fakeKem(curve: Curve): Kem {
  return {
    name: 'fake KEM',
    encapsulationKeyBytes: 8,
    ciphertextBytes: 8,
    generateSeed: () => concatBytes(new Uint8Array(32), curve.generatePrivateKey()),
    keyPair: (seed) => ({
      encapsulationKey: curve.publicKey(seed.slice(32)),
      decapsulationKey: seed.slice(32),
    }),
    checkEncapsulationKey: (key) => curve.checkPoint(key),
    encapsulate(key) {
      const once = curve.generatePrivateKey()
      return { ciphertext: curve.publicKey(once), sharedSecret: curve.sharedSecret(once, key) }
    },
    decapsulate: (key, ciphertext) => curve.sharedSecret(key, ciphertext),
  }
}

/** The fake curve alone. */
export const fakeSuite = (start?: number): Suite => suiteOf(fakeCurve(start))

/** The fake curve with the fake KEM. */
export function fakeHybrid(start?: number): Suite {
  const curve = fakeCurve(start)
  return { name: 'X25519MLKEM768', id: 0xfffe, curve, kem: fakeKem(curve) }
}

/** Neighbours in the count get private keys far apart, in no order of size. */
function scramble(count: bigint): bigint {
  return (count * 0x9e3779b97f4a7c15n) % ORDER || 1n
}

function u64FromBig(value: bigint): Uint8Array {
  const bytes = u64(0)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}

function decode(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0)
}
