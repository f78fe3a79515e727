/**
 * The state machine of duet/2: from key messages to sessions, and the messages they carry.
 * A state says what the peer has in hand; the transition table stands at the foot of the file.
 */

import { compareBytes, equalBytes } from './bytes.ts'
import type { KeyPair } from './curves.ts'
import { CopyError, DuetError } from './errors.ts'
import { type Share, transcriptOf } from './keySchedule.ts'
import { type Confirm, type KeyMessage, MAX_TEXT_BYTES, type SealedMessage } from './messages.ts'
import { type Fate, OpenText, type Outcome } from './openText.ts'
import { Session, type WaitingMessage } from './session.ts'
import type { StreamHeader } from './stream.ts'
import { checkPublicKey, EphemeralKeys, halvesOf, type Suite } from './suites.ts'

/** Messages that may wait to be read. */
export const MAX_WAITING = 32
/** Used shares that are remembered. */
const MAX_STALE = 64

export interface OpenedMessage {
  readonly session: Uint8Array
  readonly seq: number
  /** UTF-8. */
  readonly text: Uint8Array
}

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
 * One peer's side of the protocol: pure and synchronous. Every method either does all
 * that it says or throws a DuetError and leaves the state as it was.
 */
export class Exchange {
  readonly suite: Suite
  readonly identity: KeyPair
  #state: State = 'idle'
  #ephemeral: EphemeralKeys | null = null
  #share: Share | null = null
  #publicKey: Uint8Array | null = null
  #peerPublicKey: Uint8Array | null = null
  #candidate: Session | null = null
  #current: Session | null = null
  #previous: Session | null = null
  /** A confirmation from an answer that overtook the key message it belongs to. */
  #slot: Confirm | null = null
  readonly #stale: Share[] = []
  /** How many shares were replaced beside the present private key. */
  #replaced = 0
  readonly #waiting: WaitingMessage[] = []
  /** What was sealed and is not settled: nothing else is sealed meanwhile. */
  #openText: OpenText | null = null
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
    return this.#state
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

  /** The messages that wait to be read, oldest first. */
  get waiting(): readonly WaitingMessage[] {
    return this.#waiting
  }

  /** The text that was sealed and is not settled, or null. */
  get openText(): OpenText | null {
    return this.#openText
  }

  /**
   * Makes a fresh key pair and the message that carries it. The one before is erased with
   * its candidate. The caller waits for the answer before it calls again.
   */
  startKeys(): KeyMessage {
    this.#slot = null
    const ephemeral = new EphemeralKeys(this.suite)
    const candidate = this.#share && new Session(this.identity, ephemeral, this.#share)
    this.#move('send keys', ephemeral, this.#share, candidate)
    return { share: this.#ownShare(ephemeral), ...this.#confirm() }
  }

  /**
   * Takes the answer to our key message.
   * @throws DuetError `confirm_failed`
   */
  receiveAnswer(confirm: Confirm | undefined): Answered {
    if (confirm === undefined) return { completed: false }
    if (this.#proves(confirm, this.#candidate)) {
      this.#promote(this.#candidate)
      return { completed: true }
    }
    if (this.#proves(confirm, this.#current)) return { completed: false }
    const named = this.#share && this.#named(confirm, this.#share)
    if (named instanceof Session) {
      // both made a ciphertext, and the peer's counts. It still waits for our confirmation. Until that
      // comes, its owner may send other keys, and our private key has to answer those: so it is kept
      this.#move('key message', this.#ephemeral, this.#share, named)
      return { completed: false, again: { share: named.own, ...this.#confirm() } }
    }
    if (named !== 'ours first') this.#slot = confirm
    return { completed: false }
  }

  /**
   * What to send after the peer refused the message with `code`: on a suite with a KEM, the same keys without the
   * confirmation, which it does not know. Then it has these keys, and both can send keys anew.
   */
  afterRefusal({ share, confirm }: KeyMessage, code: string | null): KeyMessage | undefined {
    if (this.suite.kem === null || code !== 'confirm_failed' || confirm === undefined)
      return undefined
    return this.#ephemeral?.publicKey === share.publicKey ? { share } : undefined
  }

  /** Whether the current session is that of `share`, one of our own. */
  hasCompleted(share: Share): boolean {
    return this.#current?.own.publicKey === share.publicKey
  }

  /**
   * Takes the peer's key message. Returns the confirmation for the answer, and whether the message completed an exchange.
   * @throws DuetError `bad_point` `reflection` `identity_changed` `stale_keys` `confirm_failed`
   */
  receiveKeys(message: KeyMessage): { confirm?: Confirm; completed: boolean } {
    const { share, confirm } = message
    this.#checkShare(share, confirm)
    if (confirm !== undefined && this.#proves(confirm, this.#candidate)) {
      const { peer } = this.#candidate
      this.#promote(this.#candidate)
      // a share that was just promoted is used up; another one opens the next exchange
      if (!sameShare(peer, share)) this.#move('key message', null, share, null)
      return { ...this.#confirm(), completed: true }
    }
    const proven = this.#provenBy(confirm, share)
    const candidate =
      proven ??
      (this.#isKept(share)
        ? this.#candidate
        : this.#ephemeral && new Session(this.identity, this.#ephemeral, share))
    // nothing below this line throws
    if (!this.#isKept(share)) {
      if (this.#share !== null) this.#retire(this.#share)
      this.#move('key message', this.#ephemeral, share, candidate)
    }
    if (proven !== null) this.#promote(proven)
    // a share that is forgotten could come again, and give a session again that was denied since
    if (this.#replaced === MAX_STALE) this.expire()
    return { ...this.#confirm(), completed: proven !== null }
  }

  /** The candidate's id, 16 bytes, if `confirm` names a session that is not held: its sender may compute ids in another way. */
  idBeside(confirm: Confirm): Uint8Array | null {
    const held = [this.#candidate, this.#current, this.#previous]
    const isHeld = held.some((session) => session && equalBytes(session.id, confirm.session))
    return isHeld ? null : (this.#candidate?.id ?? null)
  }

  /** Erases everything: no message can be sent, received or read afterwards. */
  erase(): void {
    this.expire()
    for (const keys of [this.#current, this.#previous, ...this.#waiting]) keys?.erase()
    this.#openText?.settle('unknown')
    this.#openText = null
  }

  /** Erases a private key that was never confirmed, with its candidate. */
  expire(): void {
    if (this.#ephemeral !== null) this.#move('expire', null, this.#share, null)
  }

  /**
   * Seals `text`, UTF-8, at most 16 KiB, on the current session: the first copy, which leaves now. The
   * text is open then, until `messageAnswered` settles it.
   * @throws DuetError `bad_text` `in_doubt` `no_session` `rekey_required`
   */
  sendMessage(text: Uint8Array): SealedMessage {
    checkText(text)
    if (this.#openText !== null)
      throw new DuetError('in_doubt', 'Another text is open: none is sealed meanwhile.')
    this.#openText = new OpenText(this.#sendingSession().seal(text), text)
    return this.#openText.copy()
  }

  /** Another copy of the open text, which leaves now: the same bytes, whatever the current session is. */
  repeatMessage(): SealedMessage {
    if (this.#openText === null) throw new Error('No text is open.')
    return this.#openText.copy()
  }

  /** What became of the copy of the open text that left last. Returns what is known of the text with it. */
  messageAnswered(outcome: Outcome): Fate {
    const open = this.#openText
    // it was settled by the end of this peer
    if (open === null) return 'unknown'
    if (open.learn(outcome) === 'open') this.#settleDropped()
    else this.#openText = null
    return open.fate
  }

  /** No more copies leave in this step: an open text of which none has left is refused, since nobody has it. */
  giveUpUnsent(): void {
    if (this.#openText === null || this.#openText.hasLeft) return
    this.#openText.settle('refused')
    this.#openText = null
  }

  /**
   * Authenticates a message and lets it wait. Returns how many before it are missing, and
   * whether it completed an exchange.
   * @throws DuetError `unknown_session` `rekey_required` `replay` `too_far_ahead` `inbox_full`
   *   `decrypt_failed` `bad_text`; CopyError `replay` if these very bytes were accepted
   */
  receiveMessage(message: SealedMessage): {
    missing: number
    completed: boolean
  } {
    const session = this.#receivingSession(message.session)
    try {
      session.checkSequence(message.seq)
    } catch (error) {
      if (!(error instanceof DuetError) || !session.hasAccepted(message)) throw error
      throw new CopyError(message.seq, error.message)
    }
    if (this.#waiting.length >= MAX_WAITING)
      throw new DuetError('inbox_full', `${MAX_WAITING} messages wait to be read already.`)
    const { text, accept, forget } = session.open(message)
    try {
      checkText(text)
    } catch (error) {
      forget()
      throw error
    } finally {
      text.fill(0)
    }
    const { missing, waiting } = accept()
    this.#waiting.push(waiting)
    return { missing, completed: this.#promoteBy(session) }
  }

  /**
   * Begins to send a picture on the current session: what its stream begins with, and its key.
   * @throws DuetError `no_session` `rekey_required`
   */
  sendPicture(): { header: StreamHeader; key: Uint8Array } {
    return this.#sendingSession().sealPicture()
  }

  /**
   * Begins to receive a picture: its key, and what accepts it once all of it has opened.
   * `accept` returns whether that completed an exchange; `forget` is for one that failed.
   * @throws DuetError `unknown_session` `rekey_required` `replay` `too_far_ahead`; `accept`:
   *   `unknown_session` `replay`
   */
  receivePicture({ session: id, number }: StreamHeader): {
    key: Uint8Array
    accept(): boolean
    forget(): void
  } {
    const session = this.#receivingSession(id)
    const { key, accept, forget } = session.openPicture(number)
    return {
      key,
      accept: () => {
        // nobody has confirmed a candidate that was replaced: it may be a stranger's
        if (session !== this.#candidate && !session.isConfirmed) throw unknownSession()
        // this one or a later one may have been accepted while it arrived
        accept()
        return this.#promoteBy(session)
      },
      forget,
    }
  }

  /**
   * Opens the oldest message that waits, and forgets it with its key.
   * @throws DuetError `nothing_waiting`
   */
  openOldest(): OpenedMessage {
    const message = this.#waiting.shift()
    if (message === undefined)
      throw new DuetError('nothing_waiting', 'No message waits to be read.')
    const { session, seq } = message
    try {
      return { session, seq, text: message.open() }
    } finally {
      message.erase()
    }
  }

  /** A text on a session that is dropped is open no longer, unless an answer may still tell of it. */
  #settleDropped(): void {
    const open = this.#openText
    if (open === null || open.isUnderWay) return
    const held = [this.#current, this.#previous]
    if (held.some((session) => session && equalBytes(session.id, open.message.session))) return
    open.settle('unknown')
    this.#openText = null
  }

  #sendingSession(): Session {
    if (this.#current !== null) return this.#current
    throw new DuetError('no_session', 'There is no session yet: the keys come first.')
  }

  #receivingSession(id: Uint8Array): Session {
    const session = [this.#current, this.#candidate, this.#previous].find(
      (session) => session !== null && equalBytes(session.id, id),
    )
    if (session) return session
    throw unknownSession()
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
    const publicKeys = [
      this.#ephemeral?.publicKey,
      this.#current?.own.publicKey,
      this.#previous?.own.publicKey,
    ]
    const ours = [
      this.identity.publicKey,
      ...publicKeys.flatMap((key) => (key ? Object.values(halvesOf(suite, key)) : [])),
    ]
    // without a KEM its half is empty, on both sides
    const theirs = [share.identity, encapsulationKey, point].filter(({ length }) => length > 0)
    if (theirs.some((key) => ours.some((own) => equalBytes(own, key))))
      throw new DuetError('reflection', 'One of the keys is our own.')
    const known = this.#knownIdentity ?? this.#identityMadeKnownBy(confirm)
    if (known !== null && !equalBytes(known, share.identity))
      throw new DuetError('identity_changed', 'The identity is not the one that this peer knows.')
    if (this.#stale.some((used) => sameShare(used, share)))
      throw new DuetError('stale_keys', 'This public key was used or replaced before.')
  }

  /**
   * The candidate's identity, if `confirm` proves that the peer has the candidate's keys; else null. To take the
   * message would make it the known identity, so the message is refused already now if it has another one.
   */
  #identityMadeKnownBy(confirm: Confirm | undefined): Uint8Array | null {
    const candidate = this.#candidate
    if (confirm === undefined || candidate === null) return null
    const proves = equalBytes(confirm.session, candidate.id) && candidate.isProvenBy(confirm)
    return proves ? candidate.peer.identity : null
  }

  /**
   * Whether `confirm` speaks of `session` and proves that the peer has its keys.
   * @throws DuetError `confirm_failed` if it speaks of it and proves nothing
   */
  #proves(confirm: Confirm, session: Session | null): session is Session {
    if (session === null || !equalBytes(confirm.session, session.id)) return false
    if (!session.isProvenBy(confirm)) throw confirmFailed()
    return true
  }

  /**
   * The session that our fresh keys give with `share`, if a key message's `confirm` proves it, or
   * else the confirmation in the slot. Null if neither does.
   * @throws DuetError `confirm_failed` for a `confirm` that proves nothing
   */
  #provenBy(confirm: Confirm | undefined, share: Share): Session | null {
    const known = confirm === undefined || this.#isKnown(confirm)
    if (this.#ephemeral === null) return null
    if (!known) {
      const named = this.#named(confirm, share)
      if (named instanceof Session) return named
      // on a suite with a KEM, a confirmation that we do not know has to follow from these two shares
      if (named === 'another' && this.suite.kem !== null) throw confirmFailed()
    }
    if (this.#slot === null) return null
    try {
      const named = this.#named(this.#slot, share)
      return named instanceof Session ? named : null
    } catch {
      // what is in the slot came with an answer: its wrong tag is no reason to refuse this message
      return null
    }
  }

  /**
   * Whether `confirm` speaks of the current session or of the one before, which says nothing new.
   * @throws DuetError `confirm_failed` for a wrong tag of the current one
   */
  #isKnown(confirm: Confirm): boolean {
    if (this.#proves(confirm, this.#current)) return true
    return this.#previous !== null && equalBytes(confirm.session, this.#previous.id)
  }

  /**
   * The session that our fresh keys give with `share`, if `confirm` names and proves it. 'another':
   * it names another session. 'ours first': both sides made a ciphertext, and ours is the one that counts.
   * @throws DuetError `confirm_failed` if it proves nothing
   */
  #named(confirm: Confirm, share: Share): Session | 'another' | 'ours first' {
    const { suite, identity } = this
    const { ciphertext = null } = confirm
    const ephemeral = this.#ephemeral
    if (ephemeral === null || (suite.kem === null) !== (ciphertext === null)) return 'another'
    const own = this.#ownShare(ephemeral)
    const { sessionId, party } = transcriptOf(suite, own, share, ciphertext)
    if (!equalBytes(sessionId, confirm.session)) return 'another'
    // the candidate of a kept share has a ciphertext of ours; that of party 1 counts
    if (this.#isKept(share) && party === 1) return 'ours first'
    const named = new Session(identity, ephemeral, share, ciphertext)
    if (named.isProvenBy(confirm)) return named
    named.erase()
    throw confirmFailed()
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

  /** A message or a picture was accepted: under the candidate it proves as much as a tag does. */
  #promoteBy(session: Session): boolean {
    const completed = session === this.#candidate
    if (completed) this.#promote(session)
    return completed
  }

  /** Makes the candidate, or another session of the same keys, the current one, and destroys what it was made from. */
  #promote(promoted: Session): void {
    this.#previous?.erase()
    this.#previous = this.#current
    this.#previous?.demote()
    this.#current = promoted
    // so that #move, which erases the candidate, does not erase this one
    if (this.#candidate === promoted) this.#candidate = null
    promoted.promote()
    this.#retire(promoted.peer)
    this.#slot = null
    this.#wasKnown = this.#knownIdentity !== null
    this.#knownIdentity = promoted.peer.identity
    if (this.#ephemeral !== null)
      this.#witness?.(this.#ephemeral, promoted.peer.publicKey, promoted.peerCiphertext)
    this.#move('promote', null, null, null)
    this.#settleDropped()
  }

  /** Takes the event's step in the transition table, and erases what it leaves behind. */
  #move(
    event: Event,
    ephemeral: EphemeralKeys | null,
    share: Share | null,
    candidate: Session | null,
  ): void {
    const to = TRANSITIONS[this.#state][event]
    if (to !== stateOf(ephemeral, share))
      throw new Error(`No transition: ${this.#state}, ${event}.`)
    if (this.#ephemeral !== ephemeral) {
      this.#ephemeral?.erase()
      this.#replaced = 0
    }
    this.#candidate?.erase()
    this.#state = to
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

function unknownSession(): DuetError {
  return new DuetError('unknown_session', 'This peer has no session of that id.')
}

function confirmFailed(): DuetError {
  return new DuetError('confirm_failed', 'The confirmation is not what the keys give.')
}

/** @throws DuetError `bad_text` */
function checkText(text: Uint8Array): void {
  if (text.length > MAX_TEXT_BYTES)
    throw new DuetError('bad_text', `A text has at most ${MAX_TEXT_BYTES} bytes.`)
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(text)
  } catch {
    throw new DuetError('bad_text', 'A text is UTF-8.')
  }
}

/** Not in constant time: shares are public, and one is compared with all that were used. */
function sameShare(a: Share, b: Share): boolean {
  return compareBytes(a.publicKey, b.publicKey) === 0 && compareBytes(a.identity, b.identity) === 0
}

function stateOf(ephemeral: EphemeralKeys | null, share: Share | null): State {
  if (ephemeral === null) return share === null ? 'idle' : 'invited'
  return share === null ? 'offered' : 'agreed'
}

/**
 * `idle`: no private key of ours, no share of the peer's.
 * `offered`: our private key; the peer's share is to come.
 * `invited`: the peer's share; our private key is to come.
 * `agreed`: both, and so a candidate, which waits for the peer's confirmation.
 */
export type State = 'idle' | 'offered' | 'invited' | 'agreed'

/**
 * `send keys`: our owner made a fresh key pair. `key message`: the peer's share came.
 * `promote`: the peer proved that it has the candidate's keys, by a tag or by a message that opens.
 * `expire`: an hour went by without that.
 */
export type Event = 'send keys' | 'key message' | 'promote' | 'expire'

export const TRANSITIONS: Readonly<Record<State, Readonly<Partial<Record<Event, State>>>>> = {
  idle: { 'send keys': 'offered', 'key message': 'invited' },
  offered: { 'send keys': 'offered', 'key message': 'agreed', expire: 'idle' },
  invited: { 'send keys': 'agreed', 'key message': 'invited' },
  agreed: {
    'send keys': 'agreed',
    'key message': 'agreed',
    promote: 'idle',
    expire: 'invited',
  },
}
