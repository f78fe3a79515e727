/** From two shares and the shared secrets to the keys of a session: transcript, HKDF, labels. */

import { expand, extract } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { compareBytes, concatBytes, lp, u16, utf8ToBytes } from './bytes.ts'
import type { Suite } from './suites.ts'

/** What one side brings to an exchange: its long-term and its fresh public key. */
export interface Share {
  readonly identity: Uint8Array
  readonly publicKey: Uint8Array
}

/** Party 1 is the one whose encoded share comes first in bytewise order. */
export type Party = 1 | 2

/** 2 for 1, and 1 for 2. */
export function otherParty(party: Party): Party {
  return party === 1 ? 2 : 1
}

export interface Transcript {
  /** T, 32 bytes: the hash of everything that both sides have said. */
  readonly hash: Uint8Array
  /** The first 16 bytes of T. */
  readonly sessionId: Uint8Array
  /** Which of the two the caller is. */
  readonly party: Party
}

/** What one direction's keys begin with: chain_0 of its messages and of its pictures, 32 bytes each. */
export interface DirectionKeys {
  readonly chain: Uint8Array
  readonly files: Uint8Array
}

/** n of every K(label, n), in bytes. */
const KEY_BYTES = 32

/** u16 suite id ‖ lp(identity) ‖ lp(public key): 70 bytes on X25519, 136 on P-256, 1,254 on X25519MLKEM768. */
export function encodeShare(suite: Suite, share: Share): Uint8Array {
  return concatBytes(u16(suite.id), lp(share.identity), lp(share.publicKey))
}

/**
 * T and what follows from it. The order of the shares decides `party` and nothing else.
 * `ciphertext`: that of the KEM, on a suite that has one.
 */
export function transcriptOf(
  suite: Suite,
  own: Share,
  peer: Share,
  ciphertext: Uint8Array | null,
): Transcript {
  const ours = encodeShare(suite, own)
  const theirs = encodeShare(suite, peer)
  const party = compareBytes(ours, theirs) < 0 ? 1 : 2
  const [s1, s2] = party === 1 ? [ours, theirs] : [theirs, ours]
  const parts = [s1, s2, ...(ciphertext === null ? [] : [ciphertext])].map(lp)
  const hash = sha256(concatBytes(utf8ToBytes('duet/2 transcript'), ...parts))
  return { hash, sessionId: hash.slice(0, 16), party }
}

/** K(label, n) of one transcript: HKDF-SHA-256 (RFC 5869), extracted once. */
export class KeySchedule {
  readonly #transcript: Uint8Array
  readonly #prk: Uint8Array
  #erased = false

  /**
   * `ikm`: what the KEM carried (32 bytes, on a suite that has one) ‖ DH(e1, e2) ‖ DH(id1, e2) ‖ DH(e1, id2),
   * 32 bytes each. `transcript`: T, 32 bytes, the salt.
   */
  constructor(ikm: Uint8Array, transcript: Uint8Array) {
    this.#transcript = transcript
    this.#prk = extract(sha256, ikm, transcript)
  }

  /** What `from` seals with for the other party. */
  direction(from: Party): DirectionKeys {
    const arrow = from === 1 ? '1>2' : '2>1'
    return { chain: this.#expand(`chain ${arrow}`), files: this.#expand(`files ${arrow}`) }
  }

  /** HMAC-SHA-256(K("confirm i"), T): party i's proof that it has the keys, 32 bytes. */
  confirmTag(party: Party): Uint8Array {
    const key = this.#expand(`confirm ${party}`)
    const tag = hmac(sha256, key, this.#transcript)
    key.fill(0)
    return tag
  }

  /** Overwrites what the keys come from; the schedule can't be used afterwards. */
  erase(): void {
    this.#prk.fill(0)
    this.#erased = true
  }

  #expand(label: string): Uint8Array {
    if (this.#erased) throw new Error('The key schedule is erased.')
    return expand(sha256, this.#prk, utf8ToBytes(`duet/2 ${label}`), KEY_BYTES)
  }
}
