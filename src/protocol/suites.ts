/**
 * What two peers can be started with: a curve alone, or a curve and a KEM joined, so that it is not
 * enough to break one of them.
 */

import { concatBytes } from './bytes.ts'
import { type Curve, KeyPair, P256, X25519 } from './curves.ts'
import { type Kem, MLKEM768 } from './kem.ts'

/** One record for each suite; what other rooms know of a suite is a `Record<SuiteName, …>` of theirs. */
const ALL = {
  X25519: { name: 'X25519', id: X25519.id, curve: X25519, kem: null },
  'P-256': { name: 'P-256', id: P256.id, curve: P256, kem: null },
  // draft-ietf-tls-ecdhe-mlkem: in public keys and in what the keys come from, ML-KEM stands first
  X25519MLKEM768: { name: 'X25519MLKEM768', id: 3, curve: X25519, kem: MLKEM768 },
} as const

/** The name of a suite, as a key message has it in `curve`. */
export type SuiteName = keyof typeof ALL

/** What both peers are started with: nothing is negotiated. */
export interface Suite {
  /** As `curve` in a key message and `--curve` have it. */
  readonly name: SuiteName
  /** As in the transcript: 1 for X25519, 2 for P-256, 3 for X25519MLKEM768. */
  readonly id: number
  /** For Diffie-Hellman and for identities. */
  readonly curve: Curve
  /** Joined to it, or null. */
  readonly kem: Kem | null
}

/** X25519 (RFC 7748), P-256 (FIPS 186-5), and X25519 joined with ML-KEM-768 (FIPS 203), by their names. */
export const SUITES: Readonly<Record<SuiteName, Suite>> = ALL
/** The names of all of them. */
export const SUITE_NAMES = Object.keys(SUITES) as readonly SuiteName[]

/** The suite that is this curve and nothing more. */
export function suiteOf(curve: Curve): Suite {
  return { name: curve.name, id: curve.id, curve, kem: null }
}

/** Length of a public key: 32, 65, or 1,216 (an encapsulation key, then a point). */
export function publicKeyBytes({ curve, kem }: Suite): number {
  return (kem?.encapsulationKeyBytes ?? 0) + curve.pointBytes
}

/** The two halves of a public key; `encapsulationKey` is empty where there is no KEM. */
export function halvesOf(
  { kem }: Suite,
  publicKey: Uint8Array,
): { encapsulationKey: Uint8Array; point: Uint8Array } {
  const at = kem?.encapsulationKeyBytes ?? 0
  return { encapsulationKey: publicKey.subarray(0, at), point: publicKey.subarray(at) }
}

/**
 * Accepts `publicKey` (`publicKeyBytes` long) as somebody's fresh one.
 * @throws DuetError `bad_point`
 */
export function checkPublicKey(suite: Suite, publicKey: Uint8Array): void {
  const { encapsulationKey, point } = halvesOf(suite, publicKey)
  suite.kem?.checkEncapsulationKey(encapsulationKey)
  suite.curve.checkPoint(point)
}

/** The private half of a KEM. */
class DecapsulationKey {
  readonly encapsulationKey: Uint8Array
  readonly #kem: Kem
  readonly #seed: Uint8Array
  readonly #key: Uint8Array
  #erased = false

  /** Takes over `seed`. */
  constructor(kem: Kem, seed: Uint8Array) {
    const { encapsulationKey, decapsulationKey } = kem.keyPair(seed)
    this.#kem = kem
    this.#seed = seed
    this.#key = decapsulationKey
    this.encapsulationKey = encapsulationKey
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    if (this.#erased) throw new Error('The decapsulation key is erased.')
    return this.#kem.decapsulate(this.#key, ciphertext)
  }

  exportSeed(): Uint8Array {
    return this.#seed.slice()
  }

  erase(): void {
    this.#seed.fill(0)
    this.#key.fill(0)
    this.#erased = true
  }
}

/** The fresh keys of one exchange: private halves, which nothing that prints objects shows, beside the public key. */
export class EphemeralKeys {
  readonly suite: Suite
  /** `publicKeyBytes` long. */
  readonly publicKey: Uint8Array
  /** The half on the curve. */
  readonly pair: KeyPair
  readonly #kem: DecapsulationKey | null

  constructor(suite: Suite) {
    this.suite = suite
    this.pair = new KeyPair(suite.curve)
    this.#kem = suite.kem && new DecapsulationKey(suite.kem, suite.kem.generateSeed())
    this.publicKey = concatBytes(
      this.#kem?.encapsulationKey ?? new Uint8Array(0),
      this.pair.publicKey,
    )
  }

  /** What the other side encapsulated in `ciphertext`, 32 bytes: whatever it was, a secret comes out. */
  decapsulate(ciphertext: Uint8Array): Uint8Array {
    if (this.#kem === null) throw new Error(`${this.suite.name} has no KEM.`)
    return this.#kem.decapsulate(ciphertext)
  }

  /** A copy of the KEM's seed (64 bytes), or null: for an owner who asked to see the work. */
  exportSeed(): Uint8Array | null {
    return this.#kem?.exportSeed() ?? null
  }

  /** Overwrites the private halves; the keys can't be used afterwards. */
  erase(): void {
    this.pair.erase()
    this.#kem?.erase()
  }
}
