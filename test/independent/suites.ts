/** The suites of duet/2: curves of node:crypto, ML-KEM-768 of the package mlkem. */

import crypto from 'node:crypto'
import { createMlKem768 } from 'mlkem'

export interface Curve {
  readonly name: string
  readonly id: number
  readonly basePoint: Buffer
  publicKey(privateKey: Buffer): Buffer
  /** Throws on a point that OpenSSL doesn't take. */
  dh(privateKey: Buffer, point: Buffer): Buffer
  isBad(point: Buffer): boolean
}

/** Of the KEM, `publicKey` is the encapsulation key. */
export type KeyPair = Readonly<Record<'privateKey' | 'publicKey', Buffer>>
/** A ciphertext, 1,088 bytes, and the 32 bytes that it carries. */
export type Encapsulated = Readonly<Record<'ciphertext' | 'secret', Buffer>>

export interface Kem {
  readonly encapsulationKeyLength: number
  readonly ciphertextLength: number
  /** `seed`: d ‖ z, 64 bytes. */
  keyPair(seed: Buffer): KeyPair
  /** `m`: the 32 random bytes of FIPS 203 algorithm 17. */
  encapsulate(encapsulationKey: Buffer, m: Buffer): Encapsulated
  decapsulate(privateKey: Buffer, ciphertext: Buffer): Buffer
  isBad(encapsulationKey: Buffer): boolean
}

export interface Suite {
  readonly name: string
  readonly id: number
  readonly curve: Curve
  readonly kem: Kem | null
  readonly publicKeyLength: number
  /** The longest body of a key message. */
  readonly bodyLimit: number
}

/** A key pair for one key message; `publicKey` is what the wire carries. */
export interface Ephemeral {
  readonly point: KeyPair
  readonly kem: KeyPair | null
  readonly publicKey: Buffer
}

const bytes = (hex: string) => Buffer.from(hex, 'hex')

function throws(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch {
    return true
  }
}

/** What stands before the 32 bytes of a private key in its PKCS#8 (RFC 8410 section 7). A JWK would need the public half too. */
const PKCS8 = bytes('302e020100300506032b656e04220420')
const ONE = Buffer.alloc(32, 1)
const PRIME_25519 = bytes(`7f${'ff'.repeat(30)}ed`)

const X25519: Curve = {
  name: 'X25519',
  id: 1,
  basePoint: bytes(`09${'00'.repeat(31)}`),
  publicKey: (privateKey) => X25519.dh(privateKey, X25519.basePoint),
  dh(privateKey, point) {
    const key = Buffer.concat([PKCS8, privateKey])
    // OpenSSL 3.0 takes ten times as long to read a public key in DER
    const jwk = { kty: 'OKP', crv: 'X25519', x: point.toString('base64url') }
    return crypto.diffieHellman({
      privateKey: crypto.createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
      publicKey: crypto.createPublicKey({ key: jwk, format: 'jwk' }),
    })
  },
  isBad: (point) =>
    Buffer.from(point).reverse().compare(PRIME_25519) >= 0 || throws(() => X25519.dh(ONE, point)),
}

const P256: Curve = {
  name: 'P-256',
  id: 2,
  basePoint: bytes(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
      '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  ),
  publicKey: (privateKey) => p256(privateKey).getPublicKey(),
  dh: (privateKey, point) => p256(privateKey).computeSecret(point),
  isBad: (point) => point[0] !== 4 || throws(() => P256.dh(ONE, point)),
}

function p256(privateKey: Buffer): crypto.ECDH {
  const ecdh = crypto.createECDH('prime256v1')
  ecdh.setPrivateKey(privateKey)
  return ecdh
}

const mlKem = await createMlKem768()
const NUMBERS = 768
const MODULUS = 3329

const ML_KEM_768: Kem = {
  encapsulationKeyLength: 1_184,
  ciphertextLength: 1_088,
  keyPair(seed) {
    const [publicKey, privateKey] = mlKem.deriveKeyPair(seed)
    return { privateKey: Buffer.from(privateKey), publicKey: Buffer.from(publicKey) }
  },
  encapsulate(encapsulationKey, m) {
    const [ciphertext, secret] = mlKem.encap(encapsulationKey, m)
    return { ciphertext: Buffer.from(ciphertext), secret: Buffer.from(secret) }
  },
  decapsulate: (privateKey, ciphertext) => Buffer.from(mlKem.decap(ciphertext, privateKey)),
  isBad: (key) =>
    Array.from({ length: NUMBERS }, (_, i) => numberAt(key, i)).some((one) => one >= MODULUS),
}

/** Number `i` of 12 bits, two in three bytes, the lower bits first (FIPS 203 algorithm 6). */
function numberAt(key: Buffer, i: number): number {
  const two = key.readUInt16LE(Math.floor(1.5 * i))
  return i % 2 ? two >> 4 : two & 0xfff
}

/** A copy of an encapsulation key, number `i` of which is `number`. */
export function withNumber(key: Buffer, i: number, number: number): Buffer {
  const [copy, at] = [Buffer.from(key), Math.floor(1.5 * i)]
  const two = copy.readUInt16LE(at)
  copy.writeUInt16LE(i % 2 ? (two & 0xf) | (number << 4) : (two & 0xf000) | number, at)
  return copy
}

export const INDEPENDENT_CURVES: readonly Curve[] = [X25519, P256]

const suite = (
  name: string,
  id: number,
  curve: Curve,
  kem: Kem | null,
  publicKeyLength: number,
): Suite => ({ name, id, curve, kem, publicKeyLength, bodyLimit: kem ? 8_192 : 4_096 })

export const INDEPENDENT_SUITES: readonly Suite[] = [
  suite('X25519', 1, X25519, null, 32),
  suite('P-256', 2, P256, null, 65),
  suite('X25519MLKEM768', 3, X25519, ML_KEM_768, 1_216),
]

export function keyPair(curve: Curve, privateKey: Buffer = crypto.randomBytes(32)): KeyPair {
  return { privateKey, publicKey: curve.publicKey(privateKey) }
}

export function ephemeralKeys(
  { curve, kem }: Suite,
  privateKey = crypto.randomBytes(32),
  seed = crypto.randomBytes(64),
): Ephemeral {
  const [point, pair] = [keyPair(curve, privateKey), kem?.keyPair(seed) ?? null]
  const publicKey = Buffer.concat([pair?.publicKey ?? bytes(''), point.publicKey])
  return { point, kem: pair, publicKey }
}

/** The halves of a public key; without a KEM the first is null. */
export function halves({ kem }: Suite, publicKey: Buffer): [key: Buffer | null, point: Buffer] {
  const length = kem?.encapsulationKeyLength ?? 0
  return [kem && publicKey.subarray(0, length), publicKey.subarray(length)]
}
