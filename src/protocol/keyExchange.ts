/**
 * The keys of duet/2: from key messages to confirmed sessions. What may come next follows from what the
 * peer holds, and there is no state beside it.
 */

import { compareBytes, equalBytes } from './bytes.ts'
import type { KeyPair } from './curves.ts'
import { DuetError } from './errors.ts'
import { type Share, transcriptOf } from './keySchedule.ts'
import type { Confirm, KeyMessage } from './messages.ts'
import { Session } from './session.ts'
import { checkPublicKey, EphemeralKeys, halvesOf, type Suite } from './suites.ts'

/** Used shares that are remembered. */
const MAX_STALE = 64

/**
 * `idle`: neither a private key of ours nor a share of the peer's.
 * `offered`: our private key; the peer's share is to come.
 * `invited`: the peer's share; our private key is to come.
 * `agreed`: both, and so a candidate, which waits for the peer's confirmation.
 */
export type State = 'idle' | 'offered' | 'invited' | 'agreed'

/**
 * Called with the fresh keys and the peer's public key that gave a session, and the ciphertext if
 * the peer made one, right before the private keys are erased. It may not throw.
 */
export type Witness = (
  own: EphemeralKeys,
  peerPublicKey: Uint8Array,
  ciphertext: Uint8Array | null,
) => void

/** What an answer to our key message did. */
export interface Answered {
  /** Whether it completed the exchange. */
  readonly completed: boolean
  /** To be sent at once, within the same /send_keys: the peer has no confirmation of this session yet. */
  readonly again?: KeyMessage
}

/**
 * What a confirmation says. `candidate`: it proves that the peer has the candidate's keys. `derived`: it proves the same
 * of `session`, which our private key gives with the peer's share, and which is new. `previous`: it names the session
 * before. `unknown`: it names no session that is held or derived. `wrong`: it names one and proves nothing. Null: it says
 * nothing new.
 */
type Finding =
  | { readonly kind: 'candidate' | 'derived'; readonly session: Session }
  | { readonly kind: 'previous' | 'unknown' | 'wrong' }
  | null

/** Sends and takes key messages, and promotes a session once the peer has confirmed it. */
export class KeyExchange {
  readonly suite: Suite
  readonly identity: KeyPair
  #ephemeral: EphemeralKeys | null = null
  #share: Share | null = null
  #publicKey: Uint8Array | null = null
  #peerPublicKey: Uint8Array | null = null
  #candidate: Session | null = null
  #current: Session | null = null
  #previous: Session | null = null
  /** A confirmation from an answer that overtook the key message it belongs to. */
  #slot: Confirm | undefined
  readonly #stale: Share[] = []
  /** How many shares were replaced beside the present private key. */
  #replaced = 0
  #knownIdentity: Uint8Array | null
  #wasKnown: boolean
  readonly #witness: Witness | undefined

  /** `identity`: on the suite's curve. `knownIdentity`: the peer's, if it is remembered from before. */
  constructor(
    suite: Suite,
    identity: KeyPair,
    knownIdentity: Uint8Array | null = null,
    witness: Witness | undefined = undefined,
  ) {
    this.suite = suite
    this.identity = identity
    this.#witness = witness
    this.#knownIdentity = knownIdentity
    this.#wasKnown = knownIdentity !== null
  }

  get state(): State {
    if (this.#ephemeral === null) return this.#share === null ? 'idle' : 'invited'
    return this.#share === null ? 'offered' : 'agreed'
  }

  /** The session to send on, or null. */
  get current(): Session | null {
    return this.#current
  }

  /** Our public key of the last exchange, or null. */
  get publicKey(): Uint8Array | null {
    return this.#publicKey
  }

  /** The peer's public key of the last exchange, or null. */
  get peerPublicKey(): Uint8Array | null {
    return this.#peerPublicKey
  }

  /** The peer's identity: the known one, else the one it claims, else null. */
  get peerIdentity(): Uint8Array | null {
    return this.#knownIdentity ?? this.#share?.identity ?? null
  }

  /** The peer's identity, once it was confirmed, or null. */
  get knownIdentity(): Uint8Array | null {
    return this.#knownIdentity
  }

  /** Whether the peer's identity was remembered from before the present session. */
  get wasKnown(): boolean {
    return this.#wasKnown
  }

  /**
   * Makes a fresh key pair and the message that carries it. The one before is erased with
   * its candidate. The caller waits for the answer before it calls again.
   */
  startKeys(): KeyMessage {
    this.#slot = undefined
    const ephemeral = new EphemeralKeys(this.suite)
    const candidate = this.#share && new Session(this.identity, ephemeral, this.#share)
    this.#hold(ephemeral, this.#share, candidate)
    return { share: this.#ownShare(ephemeral), ...this.#confirm() }
  }

  /**
   * Takes the answer to our key message.
   * @throws DuetError `confirm_failed`
   */
  receiveAnswer(confirm: Confirm | undefined): Answered {
    const finding = this.#classify(confirm, this.#share)
    switch (finding?.kind) {
      case 'wrong':
        throw confirmFailed()
      case 'candidate':
        this.#promote(finding.session)
        return { completed: true }
      case 'derived': {
        // Both sides encapsulated; the peer's ciphertext wins. Keep our private key until the peer has our
        // confirmation: its owner may send other keys meanwhile, and this key has to answer those.
        this.#hold(this.#ephemeral, this.#share, finding.session)
        return { completed: false, again: { share: finding.session.own, ...this.#confirm() } }
      }
      case 'previous':
      case 'unknown':
        this.#slot = confirm
    }
    return { completed: false }
  }

  /**
   * What to send after the peer refused the message with `code`: on a suite with a KEM, the same keys without the
   * confirmation, which it does not know. Then it has these keys, and both can send keys anew.
   */
  afterRefusal({ share, confirm }: KeyMessage, code: string | null): KeyMessage | undefined {
    if (this.suite.kem === null || code !== 'confirm_failed' || confirm === undefined)
      return undefined
    return isKeyOf(this.#ephemeral, share) ? { share } : undefined
  }

  /** Whether the current session is that of `share`, one of our own. */
  hasCompleted(share: Share): boolean {
    return isKeyOf(this.#current?.own, share)
  }

  /**
   * Takes the peer's key message. Returns the confirmation for the answer, and whether the message completed an exchange.
   * @throws DuetError `bad_point` `reflection` `identity_changed` `stale_keys` `confirm_failed`
   */
  receiveKeys({ share, confirm }: KeyMessage): { confirm?: Confirm; completed: boolean } {
    this.#checkShare(share, confirm)
    const finding = this.#classify(confirm, share)
    // With a KEM, a confirmation that this peer does not know has to follow from these two shares.
    const mustFollow = this.suite.kem !== null && this.#ephemeral !== null
    if (finding?.kind === 'wrong' || (finding?.kind === 'unknown' && mustFollow))
      throw confirmFailed()
    if (finding?.kind === 'candidate') {
      this.#promote(finding.session)
      // The share of a promoted session is used up; another share opens the next exchange.
      if (!sameShare(finding.session.peer, share)) this.#hold(null, share, null)
      return { ...this.#confirm(), completed: true }
    }
    const proven = finding?.kind === 'derived' ? finding.session : this.#provenBySlot(share)
    if (!this.#isKept(share)) {
      const candidate =
        proven ?? (this.#ephemeral && new Session(this.identity, this.#ephemeral, share))
      if (this.#share !== null) this.#retire(this.#share)
      this.#hold(this.#ephemeral, share, candidate)
    }
    if (proven !== null) this.#promote(proven)
    // A share that is forgotten could come again, and give a session again that was denied since.
    if (this.#replaced === MAX_STALE) this.expire()
    return { ...this.#confirm(), completed: proven !== null }
  }

  /** The candidate's id, 16 bytes, if `confirm` names a session that is not held: its sender may compute ids in another way. */
  idBeside(confirm: Confirm): Uint8Array | null {
    return this.heldSession(confirm.session) ? null : (this.#candidate?.id ?? null)
  }

  /** Erases a private key that was never confirmed, with its candidate. */
  expire(): void {
    this.#hold(null, this.#share, null)
  }

  /** Erases the private key and every session. */
  erase(): void {
    this.expire()
    for (const session of this.#sessions) session.erase()
  }

  /** The session of this id, 16 bytes, if it is the current, the candidate or the previous one. */
  protected heldSession(id: Uint8Array): Session | undefined {
    return this.#sessions.find((session) => equalBytes(session.id, id))
  }

  /** Whether nobody has confirmed `session`, and it was replaced: then it may be a stranger's. */
  protected isReplaced(session: Session): boolean {
    return session !== this.#candidate && !session.isConfirmed
  }

  /** A message or a picture was accepted: under the candidate it proves as much as a tag does. */
  protected promoteBy(session: Session): boolean {
    const completed = session === this.#candidate
    if (completed) this.#promote(session)
    return completed
  }

  /** Called once a session was promoted, and the one before the previous one is gone. */
  protected afterPromotion(): void {}

  get #sessions(): Session[] {
    const sessions = [this.#current, this.#candidate, this.#previous]
    return sessions.filter((session) => session !== null)
  }

  #ownShare({ publicKey }: EphemeralKeys): Share {
    return { identity: this.identity.publicKey, publicKey }
  }

  #checkShare(share: Share, confirm: Confirm | undefined): void {
    const { suite } = this
    suite.curve.checkPoint(share.identity)
    checkPublicKey(suite, share.publicKey)
    const { encapsulationKey, point } = halvesOf(suite, share.publicKey)
    if (equalBytes(share.identity, point))
      throw new DuetError('bad_point', 'The identity and the public key are the same point.')
    const publicKeys = this.#sessions.map(({ own }) => own.publicKey)
    if (this.#ephemeral !== null) publicKeys.push(this.#ephemeral.publicKey)
    const ours = [
      this.identity.publicKey,
      ...publicKeys.flatMap((key) => Object.values(halvesOf(suite, key))),
    ]
    // Without a KEM its half is empty, on both sides.
    const theirs = [share.identity, encapsulationKey, point].filter(({ length }) => length > 0)
    if (theirs.some((key) => ours.some((own) => equalBytes(own, key))))
      throw new DuetError('reflection', 'One of the keys is our own.')
    // To take a message that confirms the candidate makes its identity the known one.
    const finding = this.#classify(confirm, null)
    const confirmed = finding?.kind === 'candidate' ? finding.session.peer.identity : null
    const known = this.#knownIdentity ?? confirmed
    if (known !== null && !equalBytes(known, share.identity))
      throw new DuetError('identity_changed', 'The identity is not the one that this peer knows.')
    if (this.#stale.some((used) => sameShare(used, share)))
      throw new DuetError('stale_keys', 'This public key was used or replaced before.')
  }

  /**
   * What `confirm` says. `share`: the one that our private key may give the session with; null to derive nothing.
   * A session that was derived is the caller's to hold or to erase.
   */
  #classify(confirm: Confirm | undefined, share: Share | null): Finding {
    if (confirm === undefined) return null
    const names = (session: Session | null): session is Session =>
      session !== null && equalBytes(session.id, confirm.session)
    const candidate = this.#candidate
    if (names(candidate))
      return candidate.isProvenBy(confirm)
        ? { kind: 'candidate', session: candidate }
        : { kind: 'wrong' }
    if (names(this.#current)) return this.#current.isProvenBy(confirm) ? null : { kind: 'wrong' }
    if (names(this.#previous)) return { kind: 'previous' }
    const { suite, identity } = this
    const { ciphertext = null } = confirm
    const ephemeral = this.#ephemeral
    if (ephemeral === null || share === null || (suite.kem === null) !== (ciphertext === null))
      return { kind: 'unknown' }
    const { sessionId, party } = transcriptOf(suite, this.#ownShare(ephemeral), share, ciphertext)
    if (!equalBytes(sessionId, confirm.session)) return { kind: 'unknown' }
    // Both sides encapsulated for a kept share, and the ciphertext of party 1 wins: that is the candidate's.
    if (this.#isKept(share) && party === 1) return null
    const session = new Session(identity, ephemeral, share, ciphertext)
    if (session.isProvenBy(confirm)) return { kind: 'derived', session }
    session.erase()
    return { kind: 'wrong' }
  }

  /** The session that our private key gives with `share`, if the confirmation in the slot proves it. */
  #provenBySlot(share: Share): Session | null {
    // It came with an answer: if it is wrong, that is no reason to refuse this key message.
    const finding = this.#classify(this.#slot, share)
    return finding?.kind === 'derived' ? finding.session : null
  }

  /** Whether it is the share of the peer's that we hold. If we have a private key too, the candidate comes from it. */
  #isKept(share: Share): boolean {
    return this.#share !== null && sameShare(this.#share, share)
  }

  /** The confirmation of our newest session. */
  #confirm(): { confirm?: Confirm } {
    const newest = this.#candidate ?? this.#current
    return newest ? { confirm: newest.confirm } : {}
  }

  /** Makes the candidate, or another session of the same keys, the current one, and destroys what it was made from. */
  #promote(session: Session): void {
    this.#previous?.erase()
    this.#previous = this.#current
    this.#previous?.demote()
    this.#current = session
    // #hold erases the candidate that it replaces, and this one lives on.
    if (this.#candidate === session) this.#candidate = null
    session.promote()
    this.#retire(session.peer)
    this.#slot = undefined
    this.#wasKnown = this.#knownIdentity !== null
    this.#knownIdentity = session.peer.identity
    if (this.#ephemeral !== null)
      this.#witness?.(this.#ephemeral, session.peer.publicKey, session.peerCiphertext)
    this.#hold(null, null, null)
    this.afterPromotion()
  }

  /** Holds these from now on, and erases a private key and a candidate that they replace. */
  #hold(ephemeral: EphemeralKeys | null, share: Share | null, candidate: Session | null): void {
    if (this.#ephemeral !== ephemeral) {
      this.#ephemeral?.erase()
      this.#replaced = 0
    }
    this.#candidate?.erase()
    this.#ephemeral = ephemeral
    this.#share = share
    this.#candidate = candidate
    this.#publicKey = ephemeral?.publicKey ?? this.#publicKey
    this.#peerPublicKey = share?.publicKey ?? this.#peerPublicKey
  }

  #retire(share: Share): void {
    this.#stale.push(share)
    if (this.#ephemeral !== null) this.#replaced++
    if (this.#stale.length > MAX_STALE) this.#stale.shift()
  }
}

function confirmFailed(): DuetError {
  return new DuetError('confirm_failed', 'The confirmation is not what the keys give.')
}

/** Whether the public key in `share`, which may be a copy, is that of `own`. */
function isKeyOf(own: Pick<Share, 'publicKey'> | null | undefined, share: Share): boolean {
  return own != null && compareBytes(own.publicKey, share.publicKey) === 0
}

/** Not in constant time: shares are public, and one is compared with all that were used. */
function sameShare(a: Share, b: Share): boolean {
  return compareBytes(a.publicKey, b.publicKey) === 0 && compareBytes(a.identity, b.identity) === 0
}
