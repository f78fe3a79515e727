/**
 * HPKE base mode written anew from RFC 9180 on node:crypto, with nothing of src/: DHKEM of both
 * curves with HKDF-SHA256, and AES-GCM. Keys come as PEM.
 */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'

type Bytes = Uint8Array

interface Suite {
  readonly aead: 'AES-128-GCM' | 'AES-256-GCM'
  readonly info: Bytes
  readonly aad: Bytes
}

const NONE = Buffer.alloc(0)

const MAILBOX: Suite = { aead: 'AES-256-GCM', info: Buffer.from('duet-mailbox/1'), aad: NONE }

/** Section 7.3: identifier and key length. */
const AEADS = {
  'AES-128-GCM': { id: 1, cipher: 'aes-128-gcm', Nk: 16 },
  'AES-256-GCM': { id: 2, cipher: 'aes-256-gcm', Nk: 32 },
} as const

const TAG = 16

/** Section 7.1: identifier and length of enc. */
const kemOf = (key: KeyObject) =>
  key.asymmetricKeyType === 'x25519' ? { id: 0x0020, Nenc: 32 } : { id: 0x0010, Nenc: 65 }

const i2osp = (value: number, length: number) => {
  const bytes = Buffer.alloc(length)
  bytes.writeUIntBE(value, 0, length)
  return bytes
}

/** Section 4: LabeledExtract and LabeledExpand, over HKDF-SHA256 (RFC 5869). */
const labeled = (suiteId: Bytes) => ({
  extract: (salt: Bytes, label: string, ikm: Bytes) =>
    createHmac('sha256', salt.length === 0 ? Buffer.alloc(32) : salt)
      .update(Buffer.concat([Buffer.from('HPKE-v1'), suiteId, Buffer.from(label), ikm]))
      .digest(),
  expand: (prk: Bytes, label: string, info: Bytes, length: number) => {
    const head = [i2osp(length, 2), Buffer.from('HPKE-v1'), suiteId, Buffer.from(label), info]
    // no length here is above one block of SHA-256
    return createHmac('sha256', prk)
      .update(Buffer.concat([...head, Buffer.of(1)]))
      .digest()
      .subarray(0, length)
  },
})

/** Section 4.1: the part of DHKEM that both sides do. */
function extractAndExpand(dh: Bytes, kemContext: Bytes, kemId: number): Buffer {
  const { extract, expand } = labeled(Buffer.concat([Buffer.from('KEM'), i2osp(kemId, 2)]))
  return expand(extract(NONE, 'eae_prk', dh), 'shared_secret', kemContext, 32)
}

/** Section 5.1, mode_base. */
function keySchedule(sharedSecret: Bytes, kemId: number, { aead, info }: Suite) {
  const { id, Nk } = AEADS[aead]
  const suiteId = Buffer.concat([
    Buffer.from('HPKE'),
    i2osp(kemId, 2),
    i2osp(0x0001, 2),
    i2osp(id, 2),
  ])
  const { extract, expand } = labeled(suiteId)
  const context = Buffer.concat([
    Buffer.of(0x00),
    extract(NONE, 'psk_id_hash', NONE),
    extract(NONE, 'info_hash', info),
  ])
  const secret = extract(sharedSecret, 'secret', NONE)
  return {
    key: expand(secret, 'key', context, Nk),
    baseNonce: expand(secret, 'base_nonce', context, 12),
  }
}

/** Section 7.1.1: the public key of either half as it is sent. */
function serialize(key: KeyObject): Buffer {
  const { x = '', y } = key.export({ format: 'jwk' })
  const [u, v] = [Buffer.from(x, 'base64url'), Buffer.from(y ?? '', 'base64url')]
  return y === undefined ? u : Buffer.concat([Buffer.of(4), u, v])
}

/** The public key that was sent, as a key on the curve of `beside`. */
function deserialize(enc: Bytes, beside: KeyObject): KeyObject {
  const part = (from: number, to: number) => Buffer.from(enc.slice(from, to)).toString('base64url')
  const key =
    beside.asymmetricKeyType === 'x25519'
      ? { kty: 'OKP', crv: 'X25519', x: part(0, 32) }
      : { kty: 'EC', crv: 'P-256', x: part(1, 33), y: part(33, 65) }
  return createPublicKey({ key, format: 'jwk' })
}

function freshOn(recipient: KeyObject): KeyObject {
  return recipient.asymmetricKeyType === 'x25519'
    ? generateKeyPairSync('x25519').privateKey
    : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/** Seals to a public key, and tells what it computed on the way. */
export function independentSeal(
  publicPem: string,
  plaintext: Bytes,
  suite = MAILBOX,
  ephemeralPem?: string,
) {
  const pkR = createPublicKey(publicPem)
  const skE = ephemeralPem === undefined ? freshOn(pkR) : createPrivateKey(ephemeralPem)
  const { id } = kemOf(pkR)
  const enc = serialize(createPublicKey(skE))
  const dh = diffieHellman({ privateKey: skE, publicKey: pkR })
  const sharedSecret = extractAndExpand(dh, Buffer.concat([enc, serialize(pkR)]), id)
  const { key, baseNonce } = keySchedule(sharedSecret, id, suite)
  const cipher = createCipheriv(AEADS[suite.aead].cipher, key, baseNonce).setAAD(suite.aad)
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  return { sealed: Buffer.concat([enc, ciphertext]), enc, ciphertext, sharedSecret, key, baseNonce }
}

/** Opens enc ‖ ciphertext with a private key; throws what OpenSSL throws. */
export function independentOpen(privatePem: string, sealed: Bytes, suite = MAILBOX): Buffer {
  const skR = createPrivateKey(privatePem)
  const { id, Nenc } = kemOf(skR)
  const enc = sealed.subarray(0, Nenc)
  const dh = diffieHellman({ privateKey: skR, publicKey: deserialize(enc, skR) })
  const kemContext = Buffer.concat([enc, serialize(createPublicKey(skR))])
  const { key, baseNonce } = keySchedule(extractAndExpand(dh, kemContext, id), id, suite)
  const decipher = createDecipheriv(AEADS[suite.aead].cipher, key, baseNonce)
    .setAAD(suite.aad)
    .setAuthTag(sealed.subarray(-TAG))
  return Buffer.concat([decipher.update(sealed.subarray(Nenc, -TAG)), decipher.final()])
}
