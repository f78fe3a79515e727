/** Noble's bare arithmetic of each suite, for the references. */

import { x25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'

const X25519 = {
  generate: () => x25519.utils.randomSecretKey(),
  publicKey: (key) => x25519.getPublicKey(key),
  sharedSecret: (key, point) => x25519.getSharedSecret(key, point),
}
const P256 = {
  generate: () => p256.utils.randomSecretKey(),
  publicKey: (key) => p256.getPublicKey(key, false),
  sharedSecret: (key, point) => p256.getSharedSecret(key, point, true),
}

// X25519MLKEM768 is X25519 with ML-KEM-768 beside it
export const SUITES = {
  X25519: { curve: X25519 },
  'P-256': { curve: P256 },
  X25519MLKEM768: { curve: X25519, kem: ml_kem768 },
}

export const keyPair = (curve) => {
  const privateKey = curve.generate()
  return { privateKey, publicKey: curve.publicKey(privateKey) }
}

export const hex = (bytes) => Buffer.from(bytes).toString('hex')
