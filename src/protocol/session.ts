/** A session: the keys that one exchange gives. It seals and opens, and its chains never go back. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes, u64, utf8ToBytes } from './bytes.ts'
import type { KeyPair } from './curves.ts'
import { DuetError } from './errors.ts'
import { KeyChain } from './keyChain.ts'
import {
  type DirectionKeys,
  KeySchedule,
  otherParty,
  type Party,
  type Share,
  transcriptOf,
} from './keySchedule.ts'
import type { Confirm, SealedMessage } from './messages.ts'
import type { StreamHeader } from './stream.ts'
import { type EphemeralKeys, halvesOf } from './suites.ts'

const LABEL = utf8ToBytes('duet/2 message')
/** How many accepted messages of a session are remembered, so that a copy of one is known for a copy. */
const MAX_ACCEPTED = 64
/** A ciphertext of at most so many bytes is remembered as it is: most are short, and to hash one takes longer than to open it. */
const MAX_WHOLE_BYTES = 2048

/** One direction's chains: a key for each message, a key for each picture. */
class Direction {
  readonly messages: KeyChain
  readonly pictures: KeyChain

  constructor({ chain, files }: DirectionKeys) {
    this.messages = new KeyChain('message', chain)
    this.pictures = new KeyChain('picture', files)
  }

  erase(): void {
    this.messages.erase()
    this.pictures.erase()
  }
}

/** A message that came, still sealed, beside the one key that opens it. */
export class KeyedMessage implements SealedMessage {
  readonly session: Uint8Array
  readonly seq: number
  readonly ciphertext: Uint8Array
  readonly #sender: Party
  readonly #key: Uint8Array

  /** Takes over `key`, 32 bytes. */
  constructor({ session, seq, ciphertext }: SealedMessage, sender: Party, key: Uint8Array) {
    this.session = session
    this.seq = seq
    this.ciphertext = ciphertext
    this.#sender = sender
    this.#key = key
  }

  /**
   * The text's bytes, the caller's to erase.
   * @throws DuetError `decrypt_failed`, whatever the reason
   */
  open(): Uint8Array {
    const { session, seq, ciphertext } = this
    try {
      return messageAead(this.#key, session, this.#sender, seq).decrypt(ciphertext)
    } catch {
      throw new DuetError('decrypt_failed', 'The message does not open under this session.')
    }
  }

  /** Overwrites the key: nothing opens this message any more. */
  erase(): void {
    this.#key.fill(0)
  }
}

/** A message that was accepted, its ciphertext's length, and what is remembered of it. */
interface Accepted {
  readonly seq: number
  readonly length: number
  readonly remembered: Uint8Array
}

/** A ciphertext, or SHA-256 of a long one. */
function rememberedOf(ciphertext: Uint8Array): Uint8Array {
  return ciphertext.length > MAX_WHOLE_BYTES ? sha256(ciphertext) : ciphertext
}

/** A secret that both sides of a session have, for their terminals. */
export interface SharedSecrets {
  /** DH(e1, e2), 32 bytes. */
  readonly ecdh: Uint8Array
  /** What the KEM carried, 32 bytes; null on a suite without one. */
  readonly kem: Uint8Array | null
}

/**
 * One exchange's keys. It can receive and confirm from the start; it can send only
 * after `promote`, which happens once (a second time throws) and destroys what the sending keys come from.
 */
export class Session {
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly own: Share
  readonly peer: Share
  /** Which of the two we are. */
  readonly party: Party
  /** Our proof that we have the keys, with the ciphertext if we made it. */
  readonly confirm: Confirm
  /** The KEM's ciphertext if the peer made it; null if we made it, or there is no KEM. */
  readonly peerCiphertext: Uint8Array | null
  readonly #ecdh: Uint8Array
  readonly #kemSecret: Uint8Array | null
  readonly #peerTag: Uint8Array
  readonly #schedule: KeySchedule
  readonly #receiving: Direction
  #sending: Direction | null = null
  #received = 0
  /** The last messages that were accepted, oldest first. */
  readonly #accepted: Accepted[] = []
  #confirmed = false
  #erased = false

  /**
   * Derives from our identity and fresh keys and the peer's share. On a suite with a KEM,
   * `ciphertext` is the one that the peer made; without it, this makes one.
   * @throws DuetError `bad_point`
   */
  constructor(
    identity: KeyPair,
    ephemeral: EphemeralKeys,
    peer: Share,
    ciphertext: Uint8Array | null = null,
  ) {
    const { suite } = ephemeral
    this.own = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
    this.peer = peer
    const { encapsulationKey, point } = halvesOf(suite, peer.publicKey)
    const made = ciphertext === null ? (suite.kem?.encapsulate(encapsulationKey) ?? null) : null
    const kemSecret =
      ciphertext === null ? (made?.sharedSecret ?? null) : ephemeral.decapsulate(ciphertext)
    const { hash, sessionId, party } = transcriptOf(
      suite,
      this.own,
      peer,
      ciphertext ?? made?.ciphertext ?? null,
    )
    // DH(e1, e2), DH(id1, e2), DH(e1, id2): our party decides which of the last two our identity is in.
    const ee = ephemeral.pair.sharedSecret(point)
    const se = identity.sharedSecret(point)
    const es = ephemeral.pair.sharedSecret(peer.identity)
    const dh = party === 1 ? [ee, se, es] : [ee, es, se]
    const ikm = concatBytes(kemSecret ?? new Uint8Array(0), ...dh)
    this.#schedule = new KeySchedule(ikm, hash)
    for (const used of [se, es, ikm]) used.fill(0)
    this.id = sessionId
    this.party = party
    this.#ecdh = ee
    this.#kemSecret = kemSecret
    this.peerCiphertext = ciphertext
    this.#receiving = new Direction(this.#schedule.direction(otherParty(party)))
    this.#peerTag = this.#schedule.confirmTag(otherParty(party))
    this.confirm = {
      session: sessionId,
      tag: this.#schedule.confirmTag(party),
      ...(made && { ciphertext: made.ciphertext }),
    }
  }

  /** How many messages were sealed, and so the next sequence number. */
  get sent(): number {
    return this.#sending?.messages.next ?? 0
  }

  /** Whether it was promoted at some time. One that was replaced before that may be a stranger's. */
  get isConfirmed(): boolean {
    return this.#confirmed
  }

  /** How many messages were accepted. */
  get received(): number {
    return this.#received
  }

  /**
   * Whether `confirm`, which names this session, proves that the peer has its keys: the right tag (in
   * constant time), and a ciphertext exactly if the peer made it.
   */
  isProvenBy({ tag, ciphertext }: Confirm): boolean {
    const expected = this.peerCiphertext
    const isItsOwn = ciphertext ? expected !== null && equalBytes(ciphertext, expected) : !expected
    return !this.#erased && isItsOwn && equalBytes(this.#peerTag, tag)
  }

  /** Gives the session its sending keys and destroys what they came from. */
  promote(): void {
    this.#sending = new Direction(this.#schedule.direction(this.party))
    this.#schedule.erase()
    this.#confirmed = true
  }

  /** The numbers that both terminals show. Copies, the caller's to erase. */
  exportSharedSecrets(): SharedSecrets {
    return { ecdh: this.#ecdh.slice(), kem: this.#kemSecret?.slice() ?? null }
  }

  /**
   * Takes the next sequence number and seals `text` (UTF-8) under its key, which is gone then: one
   * step that nothing interleaves.
   * @throws DuetError `no_session` before promotion, `rekey_required` after 2^20 messages
   */
  seal(text: Uint8Array): SealedMessage {
    if (this.#sending === null) throw notConfirmed()
    const { number: seq, key } = this.#sending.messages.take()
    const ciphertext = messageAead(key, this.id, this.party, seq).encrypt(text)
    key.fill(0)
    return { session: this.id, seq, ciphertext }
  }

  /**
   * Refuses a sequence number that has no place here, before anything is computed for it.
   * @throws DuetError `rekey_required` `replay` `too_far_ahead`
   */
  checkSequence(seq: number): void {
    this.#receiving.messages.check(seq)
  }

  /** Whether these very bytes were accepted under this number, as far as that is remembered: the last 64 messages. */
  hasAccepted({ seq, ciphertext }: SealedMessage): boolean {
    const accepted = this.#accepted.find((one) => one.seq === seq)
    if (accepted?.length !== ciphertext.length) return false
    return equalBytes(accepted.remembered, rememberedOf(ciphertext))
  }

  /**
   * A message with the key of its number: whether it opens is not known yet, and nothing is counted before `accept`.
   * @throws DuetError `rekey_required` `replay` `too_far_ahead`; `decrypt_failed` if the session is erased
   */
  receive(message: SealedMessage): KeyedMessage {
    const key = this.#keyOf(this.#receiving.messages, message.seq)
    return new KeyedMessage(message, otherParty(this.party), key)
  }

  /** Counts a message that has opened. Returns how many before it are missing. */
  accept({ seq, ciphertext }: SealedMessage): number {
    const missing = this.#receiving.messages.accept(seq)
    this.#received++
    const { length } = ciphertext
    this.#accepted.push({ seq, length, remembered: rememberedOf(ciphertext) })
    if (this.#accepted.length > MAX_ACCEPTED) this.#accepted.shift()
    return missing
  }

  /**
   * The number of one more picture to send, and its key (32 bytes, the caller's to erase).
   * @throws DuetError `no_session` before promotion, `rekey_required` after 2^20 pictures
   */
  sealPicture(): { header: StreamHeader; key: Uint8Array } {
    if (this.#sending === null) throw notConfirmed()
    const { number, key } = this.#sending.pictures.take()
    return { header: { session: this.id, number }, key }
  }

  /**
   * The key of picture `number`, which begins to arrive: 32 bytes, the caller's to erase.
   * @throws DuetError `rekey_required` `replay` `too_far_ahead`; `decrypt_failed` if the session is erased
   */
  pictureKey(number: number): Uint8Array {
    return this.#keyOf(this.#receiving.pictures, number)
  }

  /**
   * Counts picture `number`, all of which has opened.
   * @throws DuetError `replay` if this one or a later one was accepted while it arrived
   */
  acceptPicture(number: number): void {
    this.#receiving.pictures.accept(number)
  }

  /** Overwrites what only a current session needs: another one is sent on and shown from now on. */
  demote(): void {
    this.#sending?.erase()
    this.#sending = null
    this.eraseSharedSecrets()
  }

  /** Overwrites what `exportSharedSecrets` gives: with both identities' private keys it gives every key again. */
  eraseSharedSecrets(): void {
    this.#ecdh.fill(0)
    this.#kemSecret?.fill(0)
  }

  /** Overwrites every key; the session can't be used afterwards. */
  erase(): void {
    this.#schedule.erase()
    this.demote()
    this.#receiving.erase()
    this.#peerTag.fill(0)
    this.#erased = true
  }

  #keyOf(chain: KeyChain, number: number): Uint8Array {
    if (this.#erased) throw new DuetError('decrypt_failed', 'The keys of this session are erased.')
    return chain.keyOf(number)
  }
}

/**
 * ChaCha20-Poly1305 (RFC 8439 section 2.8) for one message, under its own key (32 bytes): nonce = four zero
 * bytes ‖ u64 seq, associated data = "duet/2 message" ‖ session id ‖ u8 sender's party ‖ u64 seq.
 */
function messageAead(key: Uint8Array, session: Uint8Array, sender: Party, seq: number) {
  const count = u64(seq)
  const nonce = new Uint8Array(12)
  nonce.set(count, 4)
  const associatedData = concatBytes(LABEL, session, Uint8Array.of(sender), count)
  return chacha20poly1305(key, nonce, associatedData)
}

function notConfirmed(): DuetError {
  return new DuetError('no_session', 'The peer has not confirmed the keys yet.')
}
