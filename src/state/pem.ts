/** Keys as PEM files that OpenSSL reads and writes: private ones as PKCS#8 or SEC 1, public ones as SPKI (RFC 8410, RFC 5480). */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { equalBytes } from '../protocol/bytes.ts'
import { CURVES, type Curve, type CurveName, KeyPair, type PublicKey } from '../protocol/curves.ts'

const TWO_HALVES = 'Its two halves do not belong together.'
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
 * The key pair in a PEM of one private key: PKCS#8 of either version or SEC 1, with or without the
 * parameters that OpenSSL writes before it.
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
  const { key, point } = parsed(() => privateKeyIn(pem))
  const raw = rawKey(key)
  // of X25519 OpenSSL takes the private key alone, and computes the other whatever the PEM says
  if (isEc(raw)) checkEcKey(key, raw)
  if (point !== null && !isPointOf(point, raw)) throw new Error(TWO_HALVES)
  return new KeyPair(raw.curve, raw.d, raw.publicKey)
}

/**
 * The private key in a PEM, and the point that a PKCS#8 of version 2 has besides (RFC 5958 section 2), else null.
 * Before 3.5, OpenSSL does not read that version, and later it does not look at that point.
 */
function privateKeyIn(pem: string): { key: KeyObject; point: Uint8Array | null } {
  const [, begin, body = '', end] = pem.split(/^-----(BEGIN|END) PRIVATE KEY-----/m)
  const isWhole = begin === 'BEGIN' && end === 'END' && /^\r?\n[\w+/=\s]+$/.test(body)
  const der = Buffer.from(isWhole ? body : '', 'base64')
  const [outer, ...behind] = elementsOf(der)
  const inside = elementsOf(outer?.content ?? der)
  const [version, algorithm, privateKey, ...more] = inside
  if (version?.content[0] !== 1) return { key: createPrivateKey(pem), point: null }
  // attributes
  if (more[0]?.tag === 0xa0) more.shift()
  const [bits] = more
  const isFull = Buffer.concat(inside.map(({ whole }) => whole)).length === outer?.content.length
  const isBits = bits === undefined || (bits.tag === 0x81 && bits.content[0] === 0)
  if (!algorithm || !privateKey || !isFull || !isBits || more.length > 1 || behind.length > 0)
    throw new Error(NOT_A_KEY)
  const parts = [Buffer.of(2, 1, 0), algorithm.whole, privateKey.whole]
  const { length } = Buffer.concat(parts)
  const first = Buffer.concat([Buffer.of(0x30, 0x82, length >> 8, length & 0xff), ...parts])
  const key = createPrivateKey({ key: first, format: 'der', type: 'pkcs8' })
  const point = bits ? Uint8Array.from(bits.content.subarray(1)) : null
  for (const secret of [der, first]) secret.fill(0)
  return { key, point }
}

/** DER as the elements that follow one another in it, as far as they are whole (X.690 section 8.1). */
function elementsOf(der: Buffer): { tag: number; content: Buffer; whole: Buffer }[] {
  const [tag = 0, short = 0] = der
  // the length itself, or how many bytes have it
  const long = short > 0x80 && short <= 0x84 ? short - 0x80 : 0
  const begin = 2 + long
  if (begin > der.length) return []
  const end = begin + (long > 0 ? der.readUIntBE(2, long) : short)
  if (end > der.length) return []
  const [whole, content] = [der.subarray(0, end), der.subarray(begin, end)]
  return [{ tag, content, whole }, ...elementsOf(der.subarray(end))]
}

/** Whether `point`, of which a P-256 one may be compressed (SEC 1 section 2.3.3), is that of a public key. */
function isPointOf(point: Uint8Array, { curve, publicKey }: PublicKey): boolean {
  const compressed = Uint8Array.of(2 + ((publicKey.at(-1) ?? 0) & 1), ...publicKey.subarray(1, 33))
  return (
    equalBytes(point, publicKey) || (isEc({ curve, publicKey }) && equalBytes(point, compressed))
  )
}

/**
 * That an EC key names its curve, and that its two halves belong together.
 * @throws Error with one fixed sentence
 */
function checkEcKey(key: KeyObject, { curve, publicKey, d }: RawKey): void {
  refuseParameters(publicDer(createPublicKey(key)), { curve, publicKey }, '')
  const own = parsed(() => curve.publicKey(d))
  if (!equalBytes(own, publicKey)) throw new Error(TWO_HALVES)
}

/** @throws Error with one fixed sentence where the SPKI DER of a key describes its curve */
function refuseParameters(der: Uint8Array, key: PublicKey, option: '' | '-pubin '): void {
  if (der.length > publicDer(keyObject(key)).length)
    throw new Error(
      `It describes its curve by parameters; ${key.curve.name} goes by its name: openssl ec ${option}-in FILE -param_enc named_curve -out NEW_FILE`,
    )
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
  const key = parsed(() => createPublicKey(pem))
  const { curve, publicKey } = rawKey(key)
  curve.checkPoint(publicKey)
  const [own, der] = [publicDer(keyObject({ curve, publicKey })), publicDer(key)]
  refuseParameters(der, { curve, publicKey }, '-pubin ')
  if (!equalBytes(own, der))
    throw new Error(
      `Its point is ${der.length < own.length ? 'compressed' : 'in the hybrid form'}, and here the plain one belongs: openssl ec -pubin -in FILE -conv_form uncompressed -out NEW_FILE`,
    )
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
  return [...pem.matchAll(/^-----BEGIN ([^\r\n]*)-----/gm)].map(([, label = '']) => label)
}

function keyObject(key: PublicKey): KeyObject {
  return createPublicKey({ key: publicJwk(key), format: 'jwk' })
}

function publicDer(key: KeyObject): Uint8Array {
  return key.export({ type: 'spki', format: 'der' })
}

/** How a JSON Web Key has a public key of each curve (RFC 8037 section 2, RFC 7518 section 6.2). */
const PUBLIC_JWKS: Readonly<Record<CurveName, (publicKey: Uint8Array) => JsonWebKey>> = {
  X25519: (u) => ({ kty: 'OKP', crv: 'X25519', x: base64url(u) }),
  'P-256': (point) => ({
    kty: 'EC',
    crv: 'P-256',
    x: base64url(point.subarray(1, 33)),
    y: base64url(point.subarray(33)),
  }),
}

function publicJwk({ curve, publicKey }: PublicKey): JsonWebKey {
  return PUBLIC_JWKS[curve.name](publicKey)
}

/** Whether OpenSSL has such a key as one of an elliptic curve in general, with parameters and two coordinates. */
function isEc(key: PublicKey): boolean {
  return publicJwk(key).kty === 'EC'
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
