/** A suite whose fresh keys and ciphertexts are known beforehand. */

import { EphemeralKeys, type Suite } from '../../src/protocol/suites.ts'

export interface Fixed {
  /** The private key on the curve, 32 bytes. */
  readonly privateKey: Uint8Array
  /** The KEM's d ‖ z, 64 bytes. */
  readonly seed?: Uint8Array | undefined
  /** What the KEM encapsulates with, 32 bytes. */
  readonly m?: Uint8Array | undefined
}

function fixedSuite(suite: Suite, { privateKey, seed, m }: Fixed): Suite {
  const { curve, kem } = suite
  const given = (bytes: Uint8Array | undefined): Uint8Array => {
    if (bytes === undefined) throw new Error('No value was given for this.')
    return bytes.slice()
  }
  return {
    ...suite,
    curve: { ...curve, generatePrivateKey: () => given(privateKey) },
    kem: kem && {
      ...kem,
      generateSeed: () => given(seed),
      encapsulate: (key) => kem.encapsulate(key, given(m)),
    },
  }
}

/** Fresh keys that are not. */
export function fixedKeys(suite: Suite, fixed: Fixed): EphemeralKeys {
  return new EphemeralKeys(fixedSuite(suite, fixed))
}
