/** Keys as PEM files that OpenSSL reads and writes: PKCS#8 private, SPKI public (RFC 8410, RFC 5480). */

import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { equalBytes } from '../protocol/bytes.ts'
import { type Curve, KeyPair } from '../protocol/curves.ts'

/** A key pair's private key as PKCS#8 PEM. */
export function encodePrivateKey(pair: KeyPair): string {
  const privateKey = pair.exportPrivateKey()
  const jwk = {
    ...publicJwk(pair.curve, pair.publicKey),
    d: base64url(privateKey),
  }
  privateKey.fill(0)
  return createPrivateKey({ key: jwk, format: 'jwk' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString()
}

/**
 * The key pair in a PKCS#8 PEM of `curve`.
 * @throws Error with one fixed sentence
 */
export function decodePrivateKey(curve: Curve, pem: string): KeyPair {
  const key = parsed(() => createPrivateKey(pem))
  const { d, publicKey } = rawKey(curve, key)
  if (d === undefined) throw new Error('It holds no private key.')
  const pair = new KeyPair(curve, d)
  if (!equalBytes(pair.publicKey, publicKey))
    throw new Error('Its two halves do not belong together.')
  return pair
}

/** A public key (`curve.pointBytes` long) as SPKI PEM. */
export function encodePublicKey(curve: Curve, publicKey: Uint8Array): string {
  const jwk = publicJwk(curve, publicKey)
  return createPublicKey({ key: jwk, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
}

/**
 * The public key in an SPKI PEM of `curve`, in exactly the form that we write: OpenSSL also
 * takes explicit parameters and, from a private key, derives the public one.
 * @throws Error with one fixed sentence
 */
export function decodePublicKey(curve: Curve, pem: string): Uint8Array {
  const key = parsed(() => createPublicKey(pem))
  const { publicKey } = rawKey(curve, key)
  curve.checkPoint(publicKey)
  if (encodePublicKey(curve, publicKey).trim() !== pem.trim())
    throw new Error('It is not in the form that OpenSSL writes a public key in.')
  return publicKey
}

function publicJwk(curve: Curve, publicKey: Uint8Array): JsonWebKey {
  if (curve.name === 'X25519') return { kty: 'OKP', crv: 'X25519', x: base64url(publicKey) }
  const [x, y] = [publicKey.slice(1, 33), publicKey.slice(33)]
  return { kty: 'EC', crv: curve.name, x: base64url(x), y: base64url(y) }
}

function rawKey(curve: Curve, key: KeyObject): { publicKey: Uint8Array; d?: Uint8Array } {
  const jwk = parsed(() => key.export({ format: 'jwk' }))
  if (jwk.crv !== curve.name) throw new Error(`It is not a key of ${curve.name}.`)
  const x = fromBase64url(jwk.x)
  const publicKey = jwk.y === undefined ? x : Uint8Array.of(4, ...x, ...fromBase64url(jwk.y))
  return jwk.d === undefined ? { publicKey } : { publicKey, d: fromBase64url(jwk.d) }
}

/** OpenSSL's own messages name its source files. */
function parsed<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw new Error('It is not a PEM key of a kind that this program uses.')
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

function fromBase64url(text: string | undefined): Uint8Array {
  return Uint8Array.from(Buffer.from(text ?? '', 'base64url'))
}
