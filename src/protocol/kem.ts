/** ML-KEM-768 behind one small interface: all that the protocol uses of noble/post-quantum. */

import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { randomBytes } from './bytes.ts'
import { DuetError } from './errors.ts'

/** What the protocol needs of a key encapsulation mechanism. Shared secrets are 32 bytes. */
export interface Kem {
  readonly name: string
  /** Length of an encapsulation key, the public half: 1,184. */
  readonly encapsulationKeyBytes: number
  /** Length of a ciphertext: 1,088. */
  readonly ciphertextBytes: number
  /** What a key pair comes from: d ‖ z, 64 random bytes (FIPS 203 section 7.1). */
  generateSeed(): Uint8Array
  /** The key pair of a seed (FIPS 203 algorithm 16). `decapsulationKey`: 2,400 bytes, the caller's to erase. */
  keyPair(seed: Uint8Array): { encapsulationKey: Uint8Array; decapsulationKey: Uint8Array }
  /**
   * Accepts `key` (`encapsulationKeyBytes` long) as somebody's encapsulation key.
   * @throws DuetError `bad_point`
   */
  checkEncapsulationKey(key: Uint8Array): void
  /**
   * A fresh shared secret, 32 bytes, and the ciphertext that carries it to the owner of `key`
   * (FIPS 203 algorithm 20). `m`: 32 random bytes, its own unless a test gives them.
   * @throws DuetError `bad_point`
   */
  encapsulate(key: Uint8Array, m?: Uint8Array): { ciphertext: Uint8Array; sharedSecret: Uint8Array }
  /**
   * The shared secret in `ciphertext` (`ciphertextBytes` long), 32 bytes. A ciphertext that was
   * not made for this key gives another one, as good as random (implicit rejection, FIPS 203
   * algorithm 18), and no error.
   */
  decapsulate(decapsulationKey: Uint8Array, ciphertext: Uint8Array): Uint8Array
}

/** FIPS 203 section 8, table 2. */
const Q = 3329
/** t, as 768 coefficients of 12 bits; 32 bytes of the seed rho follow. */
const T_BYTES = 1152

/** Whether each coefficient is below q: ByteEncode12(ByteDecode12(t)) = t (FIPS 203 section 7.2, modulus check). */
function isReduced(key: Uint8Array): boolean {
  for (let i = 0; i < T_BYTES; i += 3) {
    const [low = 0, middle = 0, high = 0] = key.subarray(i, i + 3)
    // two coefficients in three bytes, little-endian (FIPS 203 algorithm 6)
    if ((low | ((middle & 15) << 8)) >= Q || ((middle >> 4) | (high << 4)) >= Q) return false
  }
  return true
}

/** FIPS 203, with the parameters of its section 8. */
export const MLKEM768: Kem = {
  name: 'ML-KEM-768',
  encapsulationKeyBytes: 1184,
  ciphertextBytes: 1088,
  generateSeed: () => randomBytes(64),
  keyPair(seed) {
    const { publicKey, secretKey } = ml_kem768.keygen(seed)
    return { encapsulationKey: publicKey, decapsulationKey: secretKey }
  },
  checkEncapsulationKey(key) {
    if (key.length !== 1184 || !isReduced(key))
      throw new DuetError(
        'bad_point',
        'An encapsulation key of ML-KEM-768 has 1,184 bytes and coefficients below 3329.',
      )
  },
  encapsulate(key, m) {
    MLKEM768.checkEncapsulationKey(key)
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(key, m)
    return { ciphertext: cipherText, sharedSecret }
  },
  decapsulate: (decapsulationKey, ciphertext) =>
    ml_kem768.decapsulate(ciphertext, decapsulationKey),
}
