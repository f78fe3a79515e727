/** X25519 and P-256 behind one small interface: all that the protocol uses of noble/curves. */

import { x25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { compareBytes, equalBytes, hexToBytes } from './bytes.ts'
import { DuetError } from './errors.ts'

export type CurveName = 'X25519' | 'P-256'

/** What the protocol needs of a curve. Private keys and shared secrets are 32 bytes on both of ours. */
export interface Curve {
  /** As in a key message and in `--curve`. */
  readonly name: CurveName
  /** As in the transcript: 1 for X25519, 2 for P-256. */
  readonly id: number
  /** Length of an encoded point: 32 for X25519, 65 for P-256. */
  readonly pointBytes: number
  /** The generator, encoded as a public key is. */
  readonly basePoint: Uint8Array
  /** A fresh private key, 32 random bytes in the curve's range. */
  generatePrivateKey(): Uint8Array
  /** Private key times base point, `pointBytes` long. */
  publicKey(privateKey: Uint8Array): Uint8Array
  /**
   * Accepts `point` (`pointBytes` long) as somebody's public key.
   * @throws DuetError `bad_point`
   */
  checkPoint(point: Uint8Array): void
  /**
   * ECDH(`privateKey`, `point`), 32 bytes.
   * @throws DuetError `bad_point`
   */
  sharedSecret(privateKey: Uint8Array, point: Uint8Array): Uint8Array
}

/**
 * The points of order 1, 2, 4 and 8 of Curve25519 and its twist that are canonical:
 * whatever the private key, the shared secret would be all zero.
 * Source: https://cr.yp.to/ecdh.html#validate
 */
export const LOW_ORDER: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(hexToBytes)

/** p = 2^255 - 19, big-endian (RFC 7748 section 4.1). */
const P_25519 = hexToBytes('7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed')

/** Whether the little-endian u is below p. RFC 7748 section 5 reduces a greater one; here each point has one form. */
function isCanonical(u: Uint8Array): boolean {
  return compareBytes(u.toReversed(), P_25519) < 0
}

/** X25519, RFC 7748 section 5. Points are u coordinates, 32 bytes, little-endian. */
export const X25519: Curve = {
  name: 'X25519',
  id: 1,
  pointBytes: 32,
  basePoint: hexToBytes('0900000000000000000000000000000000000000000000000000000000000000'),
  generatePrivateKey: () => x25519.utils.randomSecretKey(),
  publicKey: (privateKey) => x25519.getPublicKey(privateKey),
  checkPoint(point) {
    if (point.length !== 32 || !isCanonical(point))
      throw new DuetError('bad_point', 'A u coordinate is below 2^255 - 19, in 32 bytes.')
    if (LOW_ORDER.some((low) => equalBytes(low, point)))
      throw new DuetError(
        'bad_point',
        'The point has low order: every private key would give zero.',
      )
  },
  sharedSecret(privateKey, point) {
    X25519.checkPoint(point)
    return x25519.getSharedSecret(privateKey, point)
  },
}

/** NIST P-256, SEC 1 section 3.3.1. Points are uncompressed: 04, x, y, 65 bytes. */
export const P256: Curve = {
  name: 'P-256',
  id: 2,
  pointBytes: 65,
  basePoint: p256.Point.BASE.toBytes(false),
  generatePrivateKey: () => p256.utils.randomSecretKey(),
  publicKey: (privateKey) => p256.getPublicKey(privateKey, false),
  checkPoint(point) {
    // noble takes the compressed form too, in 33 bytes
    if (point.length !== 65) throw new DuetError('bad_point', 'A P-256 point is 65 bytes.')
    try {
      p256.Point.fromBytes(point).assertValidity()
    } catch (cause) {
      throw new DuetError('bad_point', 'The point is not on P-256.', { cause })
    }
  },
  sharedSecret(privateKey, point) {
    P256.checkPoint(point)
    // noble gives the compressed point, 33 bytes; the shared secret is its x coordinate
    return p256.getSharedSecret(privateKey, point, true).slice(1)
  },
}

/** By their names: X25519 (RFC 7748 section 5), P-256 (FIPS 186-5; ECDH by SEC 1 section 3.3.1). */
export const CURVES: Readonly<Record<CurveName, Curve>> = {
  X25519,
  'P-256': P256,
}

/** Somebody's public key (`curve.pointBytes` long) and the curve that it is on; a KeyPair is one too. */
export interface PublicKey {
  readonly curve: Curve
  readonly publicKey: Uint8Array
}

/** A private key, which nothing that prints objects shows, beside its public key (`curve.pointBytes` long). */
export class KeyPair implements PublicKey {
  readonly curve: Curve
  readonly publicKey: Uint8Array
  readonly #privateKey: Uint8Array
  #erased = false

  /**
   * Takes over `privateKey` (32 bytes), or makes a fresh one. Who gives `publicKey` has checked that it is the
   * private key's; else it is computed.
   */
  constructor(
    curve: Curve,
    privateKey: Uint8Array = curve.generatePrivateKey(),
    publicKey: Uint8Array = curve.publicKey(privateKey),
  ) {
    this.curve = curve
    this.#privateKey = privateKey
    this.publicKey = publicKey
  }

  /**
   * ECDH with somebody's public key, 32 bytes.
   * @throws DuetError `bad_point`
   */
  sharedSecret(point: Uint8Array): Uint8Array {
    // Anyone could compute what a private key of zeros gives.
    if (this.#erased) throw new Error('The private key is erased.')
    return this.curve.sharedSecret(this.#privateKey, point)
  }

  /** A copy of the private key: for the identity's own file, and for an owner who asked to see the work. */
  exportPrivateKey(): Uint8Array {
    // `slice` of a Buffer is no copy
    return new Uint8Array(this.#privateKey)
  }

  /** Overwrites the private key; the pair can't be used afterwards. */
  erase(): void {
    this.#privateKey.fill(0)
    this.#erased = true
  }
}
