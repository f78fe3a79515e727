/** One text or chunk, sealed and opened in the ways of students. */

import { gcm } from '@noble/ciphers/aes.js'
import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '../../../protocol/bytes.ts'
import { AEAD_TAG_BYTES } from '../../../protocol/messages.ts'
import type { Choices } from './choices.ts'

/** A key that is not of 32 bytes is hashed: some value has to be taken, and no cipher takes it. */
function cipherKey(key: Uint8Array): Uint8Array {
  return key.length === 32 ? key : sha256(key)
}

/** `nonce`: 12 bytes. The result has the 16-byte tag where the choice has one. */
export function sealUnder(
  choice: Choices['seal'],
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData?: Uint8Array,
): Uint8Array {
  // ChaCha20-Poly1305 keeps block 0 for its own key (RFC 8439 section 2.8); libraries of ChaCha20 alone begin there or at 1.
  if (choice === 'seal-no-tag') return chacha20(cipherKey(key), nonce, plaintext, undefined, 1)
  if (choice === 'seal-aes-gcm')
    return gcm(cipherKey(key), nonce, associatedData).encrypt(plaintext)
  const sealed = chacha20poly1305(cipherKey(key), nonce, associatedData).encrypt(plaintext)
  if (choice === 'right') return sealed
  return concatBytes(sealed.subarray(-AEAD_TAG_BYTES), sealed.subarray(0, -AEAD_TAG_BYTES))
}

/** The plaintext, or null if it does not open. Without a tag everything does. */
export function openUnder(
  choice: Choices['seal'],
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associatedData?: Uint8Array,
): Uint8Array | null {
  if (choice === 'seal-no-tag') return sealUnder(choice, key, nonce, sealed)
  if (sealed.length < AEAD_TAG_BYTES) return null
  try {
    if (choice === 'seal-aes-gcm') return gcm(cipherKey(key), nonce, associatedData).decrypt(sealed)
    const inOrder =
      choice === 'right'
        ? sealed
        : concatBytes(sealed.subarray(AEAD_TAG_BYTES), sealed.subarray(0, AEAD_TAG_BYTES))
    return chacha20poly1305(cipherKey(key), nonce, associatedData).decrypt(inOrder)
  } catch {
    return null
  }
}
