/** Tries stolen values on everything that was recorded. */

import { equalBytes } from '../../protocol/bytes.ts'
import { KeyPair } from '../../protocol/curves.ts'
import { type Party, transcriptOf } from '../../protocol/keySchedule.ts'
import { halvesOf } from '../../protocol/suites.ts'
import {
  diffieHellman,
  firstChain,
  keyOfNumber,
  pseudorandomKey,
  type RecordedSession,
  type Sealed,
  stepChain,
} from './keys.ts'

const PARTIES: readonly Party[] = [1, 2]
const KEY_BYTES = 32
/** d ‖ z, FIPS 203 section 7.1. */
const KEM_SEED_BYTES = 64

/** What stolen values open: for each session what each message or picture says, or null, and how many keys were tried. */
export interface Attempt {
  readonly texts: readonly (readonly (Uint8Array | null)[])[]
  readonly tries: number
}

/**
 * Tries each of `values` (32 bytes, or a KEM's private key) on each message and picture that was recorded:
 * - as its key; as a chain, at any number up to its own; as the pseudorandom key of its session;
 * - as a private key, if its public key was on the wire: computes the secrets that follow, and puts every value in
 *   the place of each secret that is still missing;
 * - as the KEM's private key, which opens the session's ciphertext: the secret in it is one more value to put there.
 *
 * Values that went over the wire are no secrets, and are left out.
 */
export function tryEverything(
  recorded: readonly RecordedSession[],
  values: readonly Uint8Array[],
): Attempt {
  const known = publicValues(recorded)
  const isKey = ({ length }: Uint8Array) => length === KEY_BYTES
  const secrets = values.filter(
    (value) => isKey(value) && !known.some((each) => equalBytes(each, value)),
  )
  const longer = values.filter((value) => !isKey(value))
  const privateKeys = privateKeysIn(recorded, secrets)
  let tries = 0
  const texts = recorded.map((session) => {
    const guesses = [new Uint8Array(KEY_BYTES), ...secrets, ...decapsulated(session, longer)]
    const prks = [...secrets, ...guessedKeys(session, guesses, privateKeys)]
    return session.sealed.map((sealed) => {
      for (const { key, sender } of keysFor(sealed, secrets, prks)) {
        tries++
        const text = sealed.open(key, sender)
        if (text !== null) return text
      }
      return null
    })
  })
  return { texts, tries }
}

/** Keys that may open `sealed`, each with the party that would have sealed with it. */
function* keysFor(
  { of, number }: Sealed,
  values: readonly Uint8Array[],
  prks: readonly Uint8Array[],
): Generator<{ key: Uint8Array; sender: Party }> {
  for (const sender of PARTIES) {
    for (const key of values) yield { key, sender }
    for (const value of values)
      for (let chain = value, at = 0; at <= number; at++) {
        const { key, next } = stepChain(chain)
        yield { key, sender }
        chain = next
      }
    for (const prk of prks) yield { key: keyOfNumber(firstChain(prk, sender, of), number), sender }
  }
}

/** Those of `values` that are the private key to a public key on the wire. */
function privateKeysIn(
  recorded: readonly RecordedSession[],
  values: readonly Uint8Array[],
): KeyPair[] {
  return values.flatMap((value) => {
    for (const { suite, shares } of recorded)
      try {
        const pair = new KeyPair(suite.curve, value.slice())
        if (pointsOf({ suite, shares }).some((point) => equalBytes(point, pair.publicKey)))
          return [pair]
      } catch {
        // on P-256 not every 32 bytes are a private key
      }
    return []
  })
}

/** Pseudorandom keys of a session: what the private keys give, and every guess at what they don't. */
function guessedKeys(
  session: RecordedSession,
  guesses: readonly Uint8Array[],
  known: readonly KeyPair[],
): Uint8Array[] {
  const prks: Uint8Array[] = []
  // with no private key at all, every guess would be one at everything
  if (known.length === 0) return prks
  const { ee, se, es } = diffieHellman(session, known)
  const of = (secret: Uint8Array | null) => (secret === null ? guesses : [secret])
  for (const kem of session.ciphertext === null ? [null] : guesses)
    for (const first of of(ee))
      for (const second of of(se))
        for (const third of of(es))
          prks.push(pseudorandomKey(session, { kem, ee: first, se: second, es: third }))
  return prks
}

/** What each of `values` makes of the session's ciphertext, as a decapsulation key or as the seed of one. */
function decapsulated(
  { suite: { kem }, ciphertext }: RecordedSession,
  values: readonly Uint8Array[],
): Uint8Array[] {
  if (kem === null || ciphertext === null) return []
  return values.flatMap((value) => {
    try {
      const key = value.length === KEM_SEED_BYTES ? kem.keyPair(value).decapsulationKey : value
      return [kem.decapsulate(key, ciphertext)]
    } catch {
      // it has a hash of its public half in it (FIPS 203 section 7.3), so not every value of that length is one
      return []
    }
  })
}

/** The values of 32 bytes that are on the wire, or follow from it alone. A stolen memory holds them too. */
function publicValues(recorded: readonly RecordedSession[]): Uint8Array[] {
  return recorded.flatMap(({ suite, shares, ciphertext, tags }) => [
    suite.curve.basePoint,
    transcriptOf(suite, ...shares, ciphertext).hash,
    ...tags,
    ...pointsOf({ suite, shares }),
  ])
}

function pointsOf({ suite, shares }: Pick<RecordedSession, 'suite' | 'shares'>): Uint8Array[] {
  return shares.flatMap(({ identity, publicKey }) => [identity, halvesOf(suite, publicKey).point])
}
