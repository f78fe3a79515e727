/**
 * duet/2 a second time, from the design's formulas and with node:crypto alone, so that
 * the tests have something to compare with that shares no code with the program.
 */

import crypto from 'node:crypto'
import type { CurveName } from '../../src/protocol/curves.ts'
import type { SuiteName } from '../../src/protocol/suites.ts'

/** The two private keys of one side, 32 bytes each. */
export interface PrivateKeys {
  readonly identity: Uint8Array
  readonly ephemeral: Uint8Array
}

/** What a KEM brings to an exchange: both encapsulation keys, the ciphertext, and what it carried. */
export interface Encapsulated {
  readonly own: Uint8Array
  readonly peer: Uint8Array
  readonly ciphertext: Uint8Array
  readonly secret: Uint8Array
}

const SUITE_IDS = { X25519: 1, 'P-256': 2, X25519MLKEM768: 3 } as const
const CURVE_OF = { X25519: 'X25519', 'P-256': 'P-256', X25519MLKEM768: 'X25519' } as const

const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex')

/** Private key times base point, as a key message has it. */
export function publicKeyOf(curve: CurveName, privateKey: Uint8Array): Buffer {
  if (curve === 'P-256') {
    const ecdh = crypto.createECDH('prime256v1')
    ecdh.setPrivateKey(privateKey)
    return ecdh.getPublicKey()
  }
  const publicKey = crypto.createPublicKey(privateKeyObject(curve, privateKey))
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_X25519.length)
}

/** ECDH by OpenSSL, 32 bytes. */
export function dh(curve: CurveName, privateKey: Uint8Array, point: Uint8Array): Buffer {
  return crypto.diffieHellman({
    privateKey: privateKeyObject(curve, privateKey),
    publicKey: publicKeyObject(curve, point),
  })
}

function privateKeyObject(curve: CurveName, privateKey: Uint8Array): crypto.KeyObject {
  if (curve === 'X25519') {
    const key = Buffer.concat([PKCS8_X25519, privateKey])
    return crypto.createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  }
  const d = Buffer.from(privateKey).toString('base64url')
  const key = { kty: 'EC', crv: 'P-256', d, ...coordinates(publicKeyOf(curve, privateKey)) }
  return crypto.createPrivateKey({ key, format: 'jwk' })
}

function publicKeyObject(curve: CurveName, point: Uint8Array): crypto.KeyObject {
  if (curve === 'X25519') {
    const key = Buffer.concat([SPKI_X25519, point])
    return crypto.createPublicKey({ key, format: 'der', type: 'spki' })
  }
  const key = { kty: 'EC', crv: 'P-256', ...coordinates(point) }
  return crypto.createPublicKey({ key, format: 'jwk' })
}

function coordinates(point: Uint8Array): { x: string; y: string } {
  const bytes = Buffer.from(point)
  return {
    x: bytes.subarray(1, 33).toString('base64url'),
    y: bytes.subarray(33).toString('base64url'),
  }
}

/** `value` in `length` bytes, big-endian. */
function integer(value: number, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')
}

/** lp(x): a two-byte length and x. */
function prefixed(bytes: Uint8Array): Buffer {
  return Buffer.concat([integer(bytes.length, 2), bytes])
}

export function share(suite: SuiteName, identity: Uint8Array, publicKey: Uint8Array): Buffer {
  return Buffer.concat([integer(SUITE_IDS[suite], 2), prefixed(identity), prefixed(publicKey)])
}

/** T of two shares, in whatever order they are given, and of the ciphertext if there is one. */
export function transcript(
  one: Uint8Array,
  other: Uint8Array,
  ciphertext: Uint8Array | null,
): Buffer {
  const [s1 = one, s2 = other] = [one, other].sort(Buffer.compare)
  const hash = crypto
    .createHash('sha256')
    .update('duet/2 transcript')
    .update(prefixed(s1))
    .update(prefixed(s2))
  if (ciphertext !== null) hash.update(prefixed(ciphertext))
  return hash.digest()
}

/** K(label, n). */
export function K(ikm: Uint8Array, T: Uint8Array, label: string, n: number): Buffer {
  return Buffer.from(crypto.hkdfSync('sha256', ikm, T, `duet/2 ${label}`, n))
}

function hmac(key: Uint8Array, ...bytes: Uint8Array[]): Buffer {
  return crypto.createHmac('sha256', key).update(Buffer.concat(bytes)).digest()
}

/** The tag of party i. */
export function confirmTag(ikm: Uint8Array, T: Uint8Array, party: 1 | 2): Buffer {
  return hmac(K(ikm, T, `confirm ${party}`, 32), T)
}

/** chain_n of a chain that begins with `chain`. */
export function chainAt(chain: Uint8Array, n: number): Buffer {
  let at: Buffer = Buffer.from(chain)
  for (let i = 0; i < n; i++) at = hmac(at, Uint8Array.of(2))
  return at
}

/** key_n of the same. */
export function keyOf(chain: Uint8Array, n: number): Buffer {
  return hmac(chainAt(chain, n), Uint8Array.of(1))
}

/** Everything that one exchange gives, as `own` sees it. */
export function exchange(
  suite: SuiteName,
  own: PrivateKeys,
  peer: PrivateKeys,
  encapsulated: Encapsulated | null,
) {
  const curve = CURVE_OF[suite]
  const shareOf = (keys: PrivateKeys, encapsulationKey: Uint8Array = Buffer.alloc(0)) =>
    share(
      suite,
      publicKeyOf(curve, keys.identity),
      Buffer.concat([encapsulationKey, publicKeyOf(curve, keys.ephemeral)]),
    )
  const [ours, theirs] = [shareOf(own, encapsulated?.own), shareOf(peer, encapsulated?.peer)]
  const T = transcript(ours, theirs, encapsulated?.ciphertext ?? null)
  const party: 1 | 2 = Buffer.compare(ours, theirs) < 0 ? 1 : 2
  const [one, two] = party === 1 ? [own, peer] : [peer, own]
  const e2 = publicKeyOf(curve, two.ephemeral)
  const id2 = publicKeyOf(curve, two.identity)
  const sharedSecret = dh(curve, one.ephemeral, e2)
  const ikm = Buffer.concat([
    encapsulated?.secret ?? Buffer.alloc(0),
    sharedSecret,
    dh(curve, one.identity, e2),
    dh(curve, one.ephemeral, id2),
  ])
  return { T, sessionId: T.subarray(0, 16), party, ikm, sharedSecret }
}

/** ChaCha20-Poly1305 by OpenSSL: the ciphertext, then the 16-byte tag. */
export function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Buffer {
  const cipher = crypto.createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  cipher.setAAD(aad, { plaintextLength: plaintext.length })
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** The same backwards; throws if the tag is wrong. */
export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Buffer {
  const end = sealed.length - 16
  const decipher = crypto.createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  decipher.setAAD(aad, { plaintextLength: end })
  decipher.setAuthTag(sealed.subarray(end))
  return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()])
}

/** A message as `sender` seals it in the exchange with this ikm and T. */
export function sealMessage(
  ikm: Uint8Array,
  T: Uint8Array,
  sender: 1 | 2,
  seq: number,
  text: Uint8Array,
): Buffer {
  const chain = K(ikm, T, `chain ${sender === 1 ? '1>2' : '2>1'}`, 32)
  const aad = Buffer.concat([
    Buffer.from('duet/2 message'),
    T.subarray(0, 16),
    integer(sender, 1),
    integer(seq, 8),
  ])
  return aeadSeal(keyOf(chain, seq), integer(seq, 12), aad, text)
}
