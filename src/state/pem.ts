/** Keys as PEM files that OpenSSL reads and writes: private ones as PKCS#8 or SEC 1, public ones as SPKI (RFC 8410, RFC 5480). */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { equalBytes } from '../protocol/bytes.ts'
import { CURVES, type Curve, KeyPair, type PublicKey } from '../protocol/curves.ts'

const NOT_A_KEY = 'It is not a PEM key of a kind that this program uses.'

/** A key pair's private key as PKCS#8 PEM. */
export function encodePrivateKey(pair: KeyPair): string {
  const privateKey = pair.exportPrivateKey()
  const jwk = { ...publicJwk(pair), d: base64url(privateKey) }
  privateKey.fill(0)
  return createPrivateKey({ key: jwk, format: 'jwk' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString()
}

/**
 * The key pair in a PEM of one private key: PKCS#8 or SEC 1, with or without the parameters
 * that OpenSSL writes before it.
 * @throws Error with one fixed sentence
 */
export function decodePrivateKey(pem: string): KeyPair {
  refusePublicKey(pem)
  const [label, ...more] = labelsOf(pem).filter((label) => label !== 'EC PARAMETERS')
  if (label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: 4,ENCRYPTED\r?$/m.test(pem))
    throw new Error(
      'It is encrypted, and this program asks for no passphrase. To take it off: openssl pkey -in FILE -out NEW_FILE',
    )
  if (more.length > 0) throw new Error('It holds more than a private key.')
  const key = parsed(() => createPrivateKey(pem))
  const raw = rawKey(key)
  // of X25519 OpenSSL takes the private key alone, and computes the other whatever the PEM says
  if (raw.curve.name !== 'X25519') checkEcKey(key, raw)
  return new KeyPair(raw.curve, raw.d, raw.publicKey)
}

/**
 * That an EC key names its curve, and that its two halves belong together.
 * @throws Error with one fixed sentence
 */
function checkEcKey(key: KeyObject, { curve, publicKey, d }: RawKey): void {
  if (publicDer(createPublicKey(key)).length > publicDer(keyObject({ curve, publicKey })).length)
    throw new Error(`It describes its curve by parameters; ${curve.name} goes by its name.`)
  const own = parsed(() => curve.publicKey(d))
  if (!equalBytes(own, publicKey)) throw new Error('Its two halves do not belong together.')
}

/** @throws Error with one fixed sentence if there is a public key, and no private one beside it */
export function refusePublicKey(pem: string): void {
  const labels = labelsOf(pem)
  if (labels.length > 0 && labels.every((label) => label === 'PUBLIC KEY'))
    throw new Error('It is a public key, and here the private one belongs.')
}

/** A public key as SPKI PEM. */
export function encodePublicKey(key: PublicKey): string {
  return keyObject(key).export({ type: 'spki', format: 'pem' }).toString()
}

/**
 * The public key in an SPKI PEM, in exactly the form that we write: OpenSSL also takes explicit
 * parameters and compressed points and, from a private key, derives the public one.
 * @throws Error with one fixed sentence
 */
export function decodePublicKey(pem: string): PublicKey {
  if (labelsOf(pem).some((label) => label.endsWith('PRIVATE KEY')))
    throw new Error(
      'It is a private key, which belongs to nobody else. Its public one: openssl pkey -in FILE -pubout -out NEW_FILE',
    )
  const { curve, publicKey } = rawKey(parsed(() => createPublicKey(pem)))
  curve.checkPoint(publicKey)
  if (encodePublicKey({ curve, publicKey }).trim() !== pem.replaceAll('\r\n', '\n').trim())
    throw new Error('It is not in the form that OpenSSL writes a public key in.')
  return { curve, publicKey }
}

/**
 * `key` itself, if it is one of `curve`.
 * @throws Error with one fixed sentence
 */
export function onCurve<Key extends PublicKey>(curve: Curve, key: Key): Key {
  if (key.curve !== curve)
    throw new Error(`It is a key of ${key.curve.name}, and not a key of ${curve.name}.`)
  return key
}

/**
 * What two people compare to know that they have the same public key: SHA-256 of its SPKI DER,
 * as `openssl pkey -pubin -in FILE -outform DER | openssl dgst -sha256 -binary | base64` gives
 * it, in the form of OpenSSH: "SHA256:" and 43 characters of base64.
 */
export function fingerprint(key: PublicKey): string {
  const hash = createHash('sha256')
    .update(publicDer(keyObject(key)))
    .digest('base64')
  return `SHA256:${hash.replace('=', '')}`
}

/** What the blocks of a PEM say that they hold (RFC 7468 section 2). */
function labelsOf(pem: string): string[] {
  return [...pem.matchAll(/(?<=^-----BEGIN )[^\r\n]*(?=-----)/gm)].map(([label]) => label)
}

function keyObject(key: PublicKey): KeyObject {
  return createPublicKey({ key: publicJwk(key), format: 'jwk' })
}

function publicDer(key: KeyObject): Uint8Array {
  return key.export({ type: 'spki', format: 'der' })
}

function publicJwk({ curve, publicKey }: PublicKey): JsonWebKey {
  if (curve.name === 'X25519') return { kty: 'OKP', crv: 'X25519', x: base64url(publicKey) }
  const [x, y] = [publicKey.slice(1, 33), publicKey.slice(33)]
  return { kty: 'EC', crv: curve.name, x: base64url(x), y: base64url(y) }
}

/** `d`: the private key; empty for a public one. */
type RawKey = PublicKey & { readonly d: Uint8Array }

function rawKey(key: KeyObject): RawKey {
  const jwk = parsed(() => key.export({ format: 'jwk' }))
  const curve = Object.values(CURVES).find(({ name }) => name === jwk.crv)
  if (curve === undefined)
    throw new Error(
      `It is a key of another kind; this program takes ${Object.keys(CURVES).join(' and ')}.`,
    )
  const x = fromBase64url(jwk.x)
  const publicKey = jwk.y === undefined ? x : Uint8Array.of(4, ...x, ...fromBase64url(jwk.y))
  return { curve, publicKey, d: fromBase64url(jwk.d) }
}

/** OpenSSL's own messages name its source files. */
function parsed<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw new Error(NOT_A_KEY)
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

function fromBase64url(text: string | undefined): Uint8Array {
  return Uint8Array.from(Buffer.from(text ?? '', 'base64url'))
}
