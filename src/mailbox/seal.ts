/**
 * Sealed texts of the mailbox: HPKE in base mode (RFC 9180), as enc ‖ ciphertext. Everybody who has the public key can seal,
 * so nothing proves the sender.
 */

import { concatBytes, utf8ToBytes } from '../protocol/bytes.ts'
import type { Curve, KeyPair, PublicKey } from '../protocol/curves.ts'
import { DuetError } from '../protocol/errors.ts'
import type { Parameters } from './hpke.ts'

/** The longest text in bytes: 64 KiB. */
export const MAX_MAIL_BYTES = 64 * 1024

/** The tag of AES-256-GCM. */
const TAG_BYTES = 16

const MAILBOX: Parameters = {
  aead: 'AES-256-GCM',
  info: utf8ToBytes('duet-mailbox/1'),
  aad: new Uint8Array(0),
}

/** How many bytes a sealed text has, if the text has `length` bytes. */
export function sealedBytes(curve: Curve, length: number): number {
  return curve.pointBytes + length + TAG_BYTES
}

/**
 * Seals a text (UTF-8, at most 64 KiB), so that only the holder of the private key opens it.
 * @throws DuetError `too_large` `bad_point`
 */
export async function seal(recipient: PublicKey, text: Uint8Array): Promise<Uint8Array> {
  if (text.length > MAX_MAIL_BYTES) throw tooLarge()
  recipient.curve.checkPoint(recipient.publicKey)
  const { sealBase } = await hpke()
  const { enc, ciphertext } = await sealBase(MAILBOX, recipient, text)
  return concatBytes(enc, ciphertext)
}

/**
 * Opens what `seal` made; returns the text's bytes.
 * @throws DuetError `decrypt_failed`, which never tells why
 */
export async function open(pair: KeyPair, sealed: Uint8Array): Promise<Uint8Array> {
  const { openBase } = await hpke()
  const { pointBytes } = pair.curve
  try {
    checkSealed(pair.curve, sealed)
    return await openBase(MAILBOX, pair, sealed.slice(0, pointBytes), sealed.slice(pointBytes))
  } catch {
    throw new DuetError('decrypt_failed', 'It was not sealed to this key, or it was changed.')
  }
}

/**
 * Checks what can be checked without the private key: the length, and that it begins with a point of `curve`.
 * @throws DuetError `bad_encoding` `too_large` `bad_point`
 */
export function checkSealed(curve: Curve, sealed: Uint8Array): void {
  const shortest = sealedBytes(curve, 0)
  if (sealed.length < shortest)
    throw new DuetError(
      'bad_encoding',
      `What is sealed to a key of ${curve.name} has at least ${shortest} bytes, and this has ${sealed.length}.`,
    )
  if (sealed.length > sealedBytes(curve, MAX_MAIL_BYTES)) throw tooLarge()
  curve.checkPoint(sealed.subarray(0, curve.pointBytes))
}

/** Loaded for the first text that is sealed or opened. A server only checks, and never needs it. */
const hpke = () => import('./hpke.ts')

function tooLarge(): DuetError {
  return new DuetError('too_large', `A text has at most ${MAX_MAIL_BYTES} bytes.`)
}
