/** HPKE base mode in one shot (RFC 9180 section 6.1) on this program's keys. npm's hpke is used here and nowhere else. */

import * as HPKE from 'hpke'
import type { Curve, CurveName, KeyPair, PublicKey } from '../protocol/curves.ts'

/** What is left to choose: the KEM goes by the recipient's curve, and the KDF is HKDF-SHA256. */
export interface Parameters {
  readonly aead: keyof typeof AEADS
  readonly info: Uint8Array
  readonly aad: Uint8Array
}

/** For keys of each curve (RFC 9180 section 7.1). */
const KEMS: Readonly<Record<CurveName, HPKE.KEMFactory>> = {
  X25519: HPKE.KEM_DHKEM_X25519_HKDF_SHA256,
  'P-256': HPKE.KEM_DHKEM_P256_HKDF_SHA256,
}
const AEADS = {
  'AES-128-GCM': HPKE.AEAD_AES_128_GCM,
  'AES-256-GCM': HPKE.AEAD_AES_256_GCM,
}

/** Seals to `recipient`; returns enc (`curve.pointBytes` long) and the ciphertext with its 16-byte tag. */
export async function sealBase(
  { aead, info, aad }: Parameters,
  { curve, publicKey }: PublicKey,
  plaintext: Uint8Array,
): Promise<{ enc: Uint8Array; ciphertext: Uint8Array }> {
  const suite = suiteOf(curve, aead)
  const recipient = await suite.DeserializePublicKey(publicKey)
  const { encapsulatedSecret, ciphertext } = await suite.Seal(recipient, plaintext, { info, aad })
  return { enc: encapsulatedSecret, ciphertext }
}

/**
 * Opens what was sealed to `pair`.
 * @throws an error of hpke's, whatever is wrong
 */
export async function openBase(
  { aead, info, aad }: Parameters,
  pair: KeyPair,
  enc: Uint8Array,
  ciphertext: Uint8Array,
): Promise<Uint8Array> {
  const suite = suiteOf(pair.curve, aead)
  const raw = pair.exportPrivateKey()
  try {
    const recipient = {
      privateKey: await suite.DeserializePrivateKey(raw),
      // hpke would have to export the private key again to know this half
      publicKey: await suite.DeserializePublicKey(pair.publicKey),
    }
    return await suite.Open(recipient, enc, ciphertext, { info, aad })
  } finally {
    raw.fill(0)
  }
}

function suiteOf({ name }: Curve, aead: Parameters['aead']) {
  return new HPKE.CipherSuite(KEMS[name], HPKE.KDF_HKDF_SHA256, AEADS[aead])
}
