/** From two shares and three shared secrets to the keys of a session: transcript, HKDF, labels. */

import { expand, extract, hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { compareBytes, concatBytes, lp, u16, utf8ToBytes } from './bytes.ts'
import type { Curve } from './curves.ts'

/** What one side brings to an exchange: its long-term and its fresh public key. */
export interface Share {
  readonly identity: Uint8Array
  readonly publicKey: Uint8Array
}

/** Party 1 is the one whose encoded share comes first in bytewise order. */
export type Party = 1 | 2

export interface Transcript {
  /** T, 32 bytes: the hash of everything that both sides have said. */
  readonly hash: Uint8Array
  /** The first 16 bytes of T. */
  readonly sessionId: Uint8Array
  /** Which of the two the caller is. */
  readonly party: Party
}

/** One direction's keys: for messages 32 bytes and the iv's 12, for pictures 32. */
export interface DirectionKeys {
  readonly key: Uint8Array
  readonly iv: Uint8Array
  readonly file: Uint8Array
}

/** The labels of K(label, n), each with its n in bytes. */
const LENGTHS = { key: 32, iv: 12, file: 32, confirm: 32 } as const

/** u16 curve id ‖ lp(identity) ‖ lp(public key): 70 bytes for X25519, 136 for P-256. */
export function encodeShare(curve: Curve, share: Share): Uint8Array {
  return concatBytes(u16(curve.id), lp(share.identity), lp(share.publicKey))
}

/** T and what follows from it. The order of the arguments decides `party` and nothing else. */
export function transcriptOf(curve: Curve, own: Share, peer: Share): Transcript {
  const ours = encodeShare(curve, own)
  const theirs = encodeShare(curve, peer)
  const party = compareBytes(ours, theirs) < 0 ? 1 : 2
  const [s1, s2] = party === 1 ? [ours, theirs] : [theirs, ours]
  const hash = sha256(concatBytes(utf8ToBytes('duet/1 transcript'), lp(s1), lp(s2)))
  return { hash, sessionId: hash.slice(0, 16), party }
}

/** K(label, n) of one transcript: HKDF-SHA-256 (RFC 5869), extracted once. */
export class KeySchedule {
  readonly #transcript: Uint8Array
  readonly #prk: Uint8Array
  #erased = false

  /** `ikm`: DH(e1, e2) ‖ DH(id1, e2) ‖ DH(e1, id2), 96 bytes. `transcript`: T, 32 bytes, the salt. */
  constructor(ikm: Uint8Array, transcript: Uint8Array) {
    this.#transcript = transcript
    this.#prk = extract(sha256, ikm, transcript)
  }

  /** What `from` seals with for the other party. */
  direction(from: Party): DirectionKeys {
    const arrow = from === 1 ? '1>2' : '2>1'
    return {
      key: this.#expand(`key ${arrow}`, LENGTHS.key),
      iv: this.#expand(`iv ${arrow}`, LENGTHS.iv),
      file: this.#expand(`file ${arrow}`, LENGTHS.file),
    }
  }

  /** HMAC-SHA-256(K("confirm i"), T): party i's proof that it has the keys, 32 bytes. */
  confirmTag(party: Party): Uint8Array {
    const key = this.#expand(`confirm ${party}`, LENGTHS.confirm)
    const tag = hmac(sha256, key, this.#transcript)
    key.fill(0)
    return tag
  }

  /** Overwrites what the keys come from; the schedule can't be used afterwards. */
  erase(): void {
    this.#prk.fill(0)
    this.#erased = true
  }

  #expand(label: string, length: number): Uint8Array {
    if (this.#erased) throw new Error('The key schedule is erased.')
    return expand(sha256, this.#prk, utf8ToBytes(`duet/1 ${label}`), length)
  }
}

/** The key of one picture, 32 bytes, from its direction's `file` key and its salt (16 bytes). */
export function streamKey(file: Uint8Array, salt: Uint8Array, session: Uint8Array): Uint8Array {
  return hkdf(sha256, file, salt, concatBytes(utf8ToBytes('duet/1 stream'), session), 32)
}
