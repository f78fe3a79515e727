/** The program's suites with arithmetic that protects nothing and takes no time: what crosses the wire has their names, lengths and forms. */

import { concatBytes } from '../../src/protocol/bytes.ts'
import type { Curve } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import type { Kem } from '../../src/protocol/kem.ts'
import type { Suite } from '../../src/protocol/suites.ts'

/** The integers mod this prime under addition: "private key times base point" is one multiplication. */
const ORDER = 2n ** 61n - 1n
const BASE = 9n

/**
 * `suite`, which has the curve X25519, with quick keys. They are counted up from `last`, so that a schedule runs the same
 * each time.
 */
export function quick(suite: Suite, last = 1_000n): Suite {
  const curve: Curve = {
    ...suite.curve,
    // neighbours in the count are far apart
    generatePrivateKey: () => encode((++last * 0x9e3779b97f4a7c15n) % ORDER),
    publicKey: (privateKey) => encode((decode(privateKey) * BASE) % ORDER),
    sharedSecret(privateKey, point) {
      suite.curve.checkPoint(point)
      if (decode(point) >= ORDER) throw new DuetError('bad_point', 'Not in the quick group.')
      return encode((decode(privateKey) * decode(point)) % ORDER)
    },
  }
  return { ...suite, curve, kem: suite.kem && quickKem(suite.kem, curve) }
}

/** Diffie-Hellman in the same group as a KEM: a wrong ciphertext gives another secret, as ML-KEM does. */
function quickKem(kem: Kem, curve: Curve): Kem {
  const { encapsulationKeyBytes, ciphertextBytes } = kem
  const filler = (length: number) => new Uint8Array(length - 32)
  return {
    ...kem,
    generateSeed: () => concatBytes(curve.generatePrivateKey(), new Uint8Array(32)),
    keyPair: (seed) => ({
      // the last 32 bytes of an encapsulation key may be any
      encapsulationKey: concatBytes(filler(encapsulationKeyBytes), curve.publicKey(seed)),
      decapsulationKey: seed.slice(),
    }),
    encapsulate(key) {
      const once = curve.generatePrivateKey()
      return {
        ciphertext: concatBytes(curve.publicKey(once), filler(ciphertextBytes)),
        sharedSecret: curve.sharedSecret(once, key.subarray(-32)),
      }
    },
    decapsulate: (key, ciphertext) => curve.sharedSecret(key, ciphertext.subarray(0, 32)),
  }
}

/** Little-endian in 32 bytes, as X25519 has it. */
function encode(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setBigUint64(0, value, true)
  return bytes
}

function decode(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
}
