/** Fernet tokens (https://github.com/fernet/spec): AES-128-CBC, then HMAC-SHA-256 over all of it. */

import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'

const VERSION = 0x80
const CIPHER = 'aes-128-cbc'
const TAG_BYTES = 32
/** Version, timestamp, IV. */
const HEAD_BYTES = 1 + 8 + 16

/** `key`: 32 bytes in base64url. `iv`: 16 bytes. `time`: seconds since 1970. */
export function sealFernet(key: string, iv: Uint8Array, time: number, content: Uint8Array): string {
  const { signing, encryption } = halves(key)
  const head = Buffer.alloc(HEAD_BYTES)
  head[0] = VERSION
  head.writeBigUInt64BE(BigInt(time), 1)
  head.set(iv, 9)
  const cipher = createCipheriv(CIPHER, encryption, iv)
  const signed = Buffer.concat([head, cipher.update(content), cipher.final()])
  return base64url(Buffer.concat([signed, tagOf(signing, signed)]))
}

/** The content. Throws for a token that this key did not make. */
export function openFernet(key: string, token: string): Uint8Array {
  const { signing, encryption } = halves(key)
  const bytes = Buffer.from(token, 'base64url')
  const signed = bytes.subarray(0, -TAG_BYTES)
  if (signed.length < HEAD_BYTES || signed[0] !== VERSION) throw new Error('Not a Fernet token.')
  if (!timingSafeEqual(bytes.subarray(-TAG_BYTES), tagOf(signing, signed)))
    throw new Error('The token was made with another key, or changed.')
  const decipher = createDecipheriv(CIPHER, encryption, signed.subarray(9, HEAD_BYTES))
  return Buffer.concat([decipher.update(signed.subarray(HEAD_BYTES)), decipher.final()])
}

function halves(key: string): { signing: Buffer; encryption: Buffer } {
  const bytes = Buffer.from(key, 'base64url')
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16, 32) }
}

function tagOf(signing: Uint8Array, signed: Uint8Array): Buffer {
  return createHmac('sha256', signing).update(signed).digest()
}

/** With its padding, as the specification's examples have it. */
function base64url(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}
