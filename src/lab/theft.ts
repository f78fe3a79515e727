/**
 * What somebody computes who recorded the wire and got hold of keys: written from the
 * specification of duet/1, as she would write it.
 */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concatBytes, u64, utf8ToBytes } from '../protocol/bytes.ts'
import { type Curve, KeyPair } from '../protocol/curves.ts'
import {
  type DirectionKeys,
  KeySchedule,
  type Party,
  type Share,
  transcriptOf,
} from '../protocol/keySchedule.ts'
import type { SealedMessage } from '../protocol/messages.ts'

export interface LeakyMemory {
  readonly identity: KeyPair
  /** The fresh key pair of each /send_keys, oldest first. */
  readonly ephemeral: readonly KeyPair[]
}

/** An identity whose peer makes its fresh keys in the open: each one is copied as it is made. */
export function leakyMemory(curve: Curve): LeakyMemory {
  const ephemeral: KeyPair[] = []
  const leaky: Curve = {
    ...curve,
    generatePrivateKey() {
      const privateKey = curve.generatePrivateKey()
      ephemeral.push(new KeyPair(curve, privateKey.slice()))
      return privateKey
    },
  }
  return { identity: new KeyPair(leaky, curve.generatePrivateKey()), ephemeral }
}

/** One side's keys of a session, from both its private keys. */
export interface SessionKeys {
  readonly party: Party
  readonly sending: DirectionKeys
  readonly receiving: DirectionKeys
}

/** Section "Keys" of the specification: what a session of `identity` and `ephemeral` with `peer` has. */
export function sessionKeys(identity: KeyPair, ephemeral: KeyPair, peer: Share): SessionKeys {
  const { curve } = identity
  const own = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
  const { hash, party } = transcriptOf(curve, own, peer)
  const ee = ephemeral.sharedSecret(peer.publicKey)
  const mine = identity.sharedSecret(peer.publicKey)
  const theirs = ephemeral.sharedSecret(peer.identity)
  const schedule = new KeySchedule(concatBytes(ee, ...inOrder(party, mine, theirs)), hash)
  return {
    party,
    sending: schedule.direction(party),
    receiving: schedule.direction(other(party)),
  }
}

/** DH(id1, e2), then DH(e1, id2): `mine` is the one with the own identity. */
function inOrder<T>(party: Party, mine: T, theirs: T): [T, T] {
  return party === 1 ? [mine, theirs] : [theirs, mine]
}

export function other(party: Party): Party {
  return party === 1 ? 2 : 1
}

/** nonce = iv XOR (four zero bytes ‖ u64 seq). */
export function nonceOf(iv: Uint8Array, seq: number): Uint8Array {
  const count = concatBytes(new Uint8Array(4), u64(seq))
  return iv.map((byte, i) => byte ^ (count[i] ?? 0))
}

/** The text of a message under the keys of its direction, or null. */
export function openMessage(
  keys: DirectionKeys,
  sender: Party,
  { session, seq, ciphertext }: SealedMessage,
): Uint8Array | null {
  const associatedData = concatBytes(
    utf8ToBytes('duet/1 message'),
    session,
    Uint8Array.of(sender),
    u64(seq),
  )
  try {
    return chacha20poly1305(keys.key, nonceOf(keys.iv, seq), associatedData).decrypt(ciphertext)
  } catch {
    return null
  }
}

/** What was stolen. */
export interface Loot {
  /** Both identities, private keys included. */
  readonly identities: readonly [KeyPair, KeyPair]
  /** Keys of sessions, whichever direction. */
  readonly directions: readonly DirectionKeys[]
  /** Shared secrets DH(e1, e2) that were found. */
  readonly sharedSecrets: readonly Uint8Array[]
}

/** One exchange and what was said after it, as it went over the wire. */
export interface RecordedSession {
  /** In the order of the identities in a `Loot`. */
  readonly shares: readonly [Share, Share]
  readonly messages: readonly SealedMessage[]
}

/**
 * Tries everything that `loot` gives on `message`: every stolen direction key as either
 * party's, and, with the identities, the key schedule of the message's own session `shares`, with
 * every secret that can be computed in the place of the one that is missing.
 */
export function tryEverything(
  message: SealedMessage,
  shares: RecordedSession['shares'],
  recordedPoints: readonly Uint8Array[],
  loot: Loot,
): { text: Uint8Array | null; tries: number } {
  const parties: readonly Party[] = [1, 2]
  const candidates = [
    ...loot.directions,
    ...guessedSchedules(shares, recordedPoints, loot).flatMap((schedule) =>
      parties.map((party) => schedule.direction(party)),
    ),
  ]
  let tries = 0
  for (const keys of candidates)
    for (const party of parties) {
      tries++
      const text = openMessage(keys, party, message)
      if (text !== null) return { text, tries }
    }
  return { text: null, tries }
}

/** Two of the three shared secrets follow from the identities; each guess at DH(e1, e2) makes a schedule. */
function guessedSchedules(
  [first, second]: RecordedSession['shares'],
  points: readonly Uint8Array[],
  { identities: [one, two], sharedSecrets }: Loot,
): KeySchedule[] {
  const { hash, party } = transcriptOf(one.curve, first, second)
  const known = inOrder(
    party,
    one.sharedSecret(second.publicKey),
    two.sharedSecret(first.publicKey),
  )
  const guesses = [
    new Uint8Array(32),
    ...sharedSecrets,
    ...[one, two].flatMap((identity) => points.map((point) => identity.sharedSecret(point))),
  ]
  return guesses.map((ee) => new KeySchedule(concatBytes(ee, ...known), hash))
}
