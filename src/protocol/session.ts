/** The keys that one exchange gives, and the counters that must never go back: seal and open. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { bytesToHex, concatBytes, equalBytes, u64, utf8ToBytes } from './bytes.ts'
import type { KeyPair } from './curves.ts'
import { DuetError } from './errors.ts'
import {
  type DirectionKeys,
  KeySchedule,
  type Party,
  type Share,
  streamKey,
  transcriptOf,
} from './keySchedule.ts'
import type { Confirm, SealedMessage } from './messages.ts'

/** Messages a session carries in each direction, and so the first sequence number that is refused. */
export const MAX_MESSAGES = 2 ** 20
/** Pictures a session carries in each direction. */
export const MAX_PICTURES = 1024

/**
 * One exchange's keys. It can receive and confirm from the start; it can send only
 * after `promote`, which happens once (a second time throws) and destroys what the sending keys come from.
 */
export class Session {
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly own: Share
  readonly peer: Share
  /** Our proof that we have the keys. */
  readonly confirm: Confirm
  readonly #party: Party
  readonly #sharedSecret: Uint8Array
  readonly #peerTag: Uint8Array
  readonly #schedule: KeySchedule
  readonly #receiving: DirectionKeys
  #sending: DirectionKeys | null = null
  #sent = 0
  #received = 0
  #expected = 0
  #picturesSent = 0
  #erased = false
  /** The salts of the pictures that were accepted, as text, since a Set compares bytes by identity. */
  readonly #salts = new Set<string>()

  /**
   * Derives from our identity and fresh key and the peer's share.
   * @throws DuetError `bad_point`
   */
  constructor(identity: KeyPair, ephemeral: KeyPair, peer: Share) {
    this.own = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
    this.peer = peer
    const { hash, sessionId, party } = transcriptOf(identity.curve, this.own, peer)
    // e, e; then id1, e2; then e1, id2: which of the last two is ours depends on our party
    const ee = ephemeral.sharedSecret(peer.publicKey)
    const se = identity.sharedSecret(peer.publicKey)
    const es = ephemeral.sharedSecret(peer.identity)
    const ikm = party === 1 ? concatBytes(ee, se, es) : concatBytes(ee, es, se)
    this.#schedule = new KeySchedule(ikm, hash)
    for (const used of [se, es, ikm]) used.fill(0)
    this.id = sessionId
    this.#party = party
    this.#sharedSecret = ee
    this.#receiving = this.#schedule.direction(other(party))
    this.#peerTag = this.#schedule.confirmTag(other(party))
    this.confirm = {
      session: sessionId,
      tag: this.#schedule.confirmTag(party),
    }
  }

  /** How many messages were sealed, and so the next sequence number. */
  get sent(): number {
    return this.#sent
  }

  /** How many messages were accepted. */
  get received(): number {
    return this.#received
  }

  /** Whether `tag` (32 bytes) proves that the peer has this session's keys. Constant time. */
  isPeerTag(tag: Uint8Array): boolean {
    return !this.#erased && equalBytes(this.#peerTag, tag)
  }

  /** Gives the session its sending keys and destroys what they came from. */
  promote(): void {
    this.#sending = this.#schedule.direction(this.#party)
    this.#schedule.erase()
  }

  /** DH(e1, e2), 32 bytes: the number that both terminals show. A copy. */
  exportSharedSecret(): Uint8Array {
    return this.#sharedSecret.slice()
  }

  /**
   * Takes the next sequence number and seals `text` (UTF-8) under it, in one step that nothing interleaves.
   * @throws DuetError `no_session` before promotion, `rekey_required` after 2^20 messages
   */
  seal(text: Uint8Array): SealedMessage {
    if (this.#sending === null) throw notConfirmed()
    if (this.#sent >= MAX_MESSAGES)
      throw new DuetError('rekey_required', 'This session has sealed all its 2^20 messages.')
    const seq = this.#sent++
    const aead = this.#aead(this.#sending, this.#party, seq)
    return { session: this.id, seq, ciphertext: aead.encrypt(text) }
  }

  /**
   * Refuses a sequence number that has no place here any more.
   * @throws DuetError `rekey_required` `replay`
   */
  checkSequence(seq: number): void {
    if (seq >= MAX_MESSAGES)
      throw new DuetError('rekey_required', 'A session has 2^20 messages and no more.')
    if (seq < this.#expected)
      throw new DuetError(
        'replay',
        'A message with this sequence number or a later one was accepted.',
      )
  }

  /**
   * Opens a message, which changes nothing.
   * @returns the text's bytes
   * @throws DuetError `decrypt_failed`, whatever the reason
   */
  open(seq: number, ciphertext: Uint8Array): Uint8Array {
    try {
      if (this.#erased) throw new Error('The session is erased.')
      return this.#aead(this.#receiving, other(this.#party), seq).decrypt(ciphertext)
    } catch {
      throw new DuetError('decrypt_failed', 'The message does not open under this session.')
    }
  }

  /** Counts message `seq` as accepted. Returns how many between it and the one before are missing. */
  accept(seq: number): number {
    const missing = seq - this.#expected
    this.#expected = seq + 1
    this.#received++
    return missing
  }

  /**
   * The key for one more picture to send, under its fresh `salt` (16 bytes): 32 bytes, the caller's to erase.
   * @throws DuetError `no_session` before promotion, `rekey_required` after 1,024 pictures
   */
  sealingKey(salt: Uint8Array): Uint8Array {
    if (this.#sending === null) throw notConfirmed()
    if (this.#picturesSent >= MAX_PICTURES)
      throw new DuetError('rekey_required', 'This session has sealed all its 1,024 pictures.')
    this.#picturesSent++
    return streamKey(this.#sending.file, salt, this.id)
  }

  /**
   * The key of a picture that begins to arrive: 32 bytes, the caller's to erase.
   * @throws DuetError `rekey_required` `replay`
   */
  openingKey(salt: Uint8Array): Uint8Array {
    this.checkSalt(salt)
    if (this.#erased) throw new Error('The session is erased.')
    return streamKey(this.#receiving.file, salt, this.id)
  }

  /**
   * Refuses a salt that has no place here any more.
   * @throws DuetError `replay` `rekey_required`
   */
  checkSalt(salt: Uint8Array): void {
    if (this.#salts.has(bytesToHex(salt)))
      throw new DuetError('replay', 'A picture with this salt was accepted before.')
    if (this.#salts.size >= MAX_PICTURES)
      throw new DuetError('rekey_required', 'A session has 1,024 pictures and no more.')
  }

  /** Counts the picture under `salt` as accepted. */
  acceptSalt(salt: Uint8Array): void {
    this.#salts.add(bytesToHex(salt))
  }

  /** Overwrites what only a current session needs: another one is sent on and shown from now on. */
  demote(): void {
    for (const keys of [this.#sending?.key, this.#sending?.iv, this.#sending?.file]) keys?.fill(0)
    this.#sending = null
    this.#sharedSecret.fill(0)
  }

  /** Overwrites every key; the session can't be used afterwards. */
  erase(): void {
    this.#schedule.erase()
    this.demote()
    const { key, iv, file } = this.#receiving
    for (const secret of [key, iv, file, this.#peerTag]) secret.fill(0)
    this.#erased = true
  }

  /** RFC 8439 section 2.8. nonce = iv XOR (four zero bytes ‖ u64 seq), as in RFC 8446 section 5.3. */
  #aead(keys: DirectionKeys, sender: Party, seq: number) {
    const nonce = keys.iv.slice()
    u64(seq).forEach((byte, i) => {
      nonce[4 + i] = (nonce[4 + i] ?? 0) ^ byte
    })
    const associatedData = concatBytes(
      utf8ToBytes('duet/1 message'),
      this.id,
      Uint8Array.of(sender),
      u64(seq),
    )
    return chacha20poly1305(keys.key, nonce, associatedData)
  }
}

function other(party: Party): Party {
  return party === 1 ? 2 : 1
}

function notConfirmed(): DuetError {
  return new DuetError('no_session', 'The peer has not confirmed the keys yet.')
}
