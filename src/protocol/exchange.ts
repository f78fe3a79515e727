/**
 * The state machine of duet/1: from key messages to sessions, and the messages they carry.
 * A state says what the peer has in hand; the transition table stands at the foot of the file.
 */

import { equalBytes, randomBytes } from './bytes.ts'
import { KeyPair } from './curves.ts'
import { DuetError } from './errors.ts'
import type { Share } from './keySchedule.ts'
import { type Confirm, type KeyMessage, MAX_TEXT_BYTES, type SealedMessage } from './messages.ts'
import { Session } from './session.ts'
import { SALT_BYTES, type StreamHeader } from './stream.ts'

/** Messages that may wait to be read. */
export const MAX_WAITING = 32
/** Used shares that are remembered. */
const MAX_STALE = 64

/** A message that was authenticated and not yet read. */
export interface WaitingMessage extends SealedMessage {
  readonly from: Session
}

export interface OpenedMessage {
  readonly session: Uint8Array
  readonly seq: number
  /** UTF-8. */
  readonly text: Uint8Array
}

/**
 * Is shown the key pair and the peer's public key that gave a session, right before the private
 * key is erased. It may not throw.
 */
export type Witness = (own: KeyPair, peerPublicKey: Uint8Array) => void

/**
 * One peer's side of the protocol: pure and synchronous. Every method either does all
 * that it says or throws a DuetError and leaves the state as it was.
 */
export class Exchange {
  readonly identity: KeyPair
  #state: State = 'idle'
  #ephemeral: KeyPair | null = null
  #share: Share | null = null
  #publicKey: Uint8Array | null = null
  #peerPublicKey: Uint8Array | null = null
  #candidate: Session | null = null
  #current: Session | null = null
  #previous: Session | null = null
  /** A confirmation from an answer that overtook the key message it belongs to. */
  #slot: Confirm | null = null
  readonly #stale: Share[] = []
  readonly #waiting: WaitingMessage[] = []
  #knownIdentity: Uint8Array | null
  #wasKnown: boolean
  readonly #witness: Witness | undefined

  /** `knownIdentity`: the peer's, if it is remembered from before. */
  constructor(
    identity: KeyPair,
    knownIdentity: Uint8Array | null = null,
    witness: Witness | undefined = undefined,
  ) {
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

  /**
   * Makes a fresh key pair and the message that carries it. The one before is erased with
   * its candidate. The caller waits for the answer before it calls again.
   */
  startKeys(): KeyMessage {
    this.#slot = null
    const ephemeral = new KeyPair(this.identity.curve)
    const candidate = this.#share && new Session(this.identity, ephemeral, this.#share)
    this.#move('send keys', ephemeral, this.#share, candidate)
    const share = {
      identity: this.identity.publicKey,
      publicKey: ephemeral.publicKey,
    }
    return { share, ...this.#confirm() }
  }

  /**
   * Takes the answer to our key message. Returns whether it completed the exchange.
   * @throws DuetError `confirm_failed`
   */
  receiveAnswer(confirm: Confirm | undefined): boolean {
    if (confirm === undefined) return false
    if (this.#proves(confirm, this.#candidate)) {
      this.#promote()
      return true
    }
    if (!this.#proves(confirm, this.#current)) this.#slot = confirm
    return false
  }

  /**
   * Takes the peer's key message. Returns the confirmation for the answer, and whether the message completed an exchange.
   * @throws DuetError `bad_point` `reflection` `identity_changed` `stale_keys` `confirm_failed`
   */
  receiveKeys(message: KeyMessage): { confirm?: Confirm; completed: boolean } {
    const { share, confirm } = message
    this.#checkShare(share)
    const completes = confirm !== undefined && this.#proves(confirm, this.#candidate)
    if (confirm !== undefined && !completes) this.#proves(confirm, this.#current)
    if (completes) {
      // promotion makes the candidate's identity the known one, so another is refused already now
      if (!equalBytes(this.#candidate?.peer.identity ?? share.identity, share.identity))
        throw identityChanged()
      const promoted = this.#promote()
      // a share that was just promoted is used up; another one opens the next exchange
      if (!sameShare(promoted.peer, share)) this.#move('key message', null, share, null)
      return { ...this.#confirm(), completed: true }
    }
    const repeated = this.#share !== null && sameShare(this.#share, share)
    const candidate = repeated
      ? this.#candidate
      : this.#ephemeral && new Session(this.identity, this.#ephemeral, share)
    let confirmed = false
    try {
      confirmed = confirm !== undefined && this.#proves(confirm, candidate)
    } catch (error) {
      if (!repeated) candidate?.erase()
      throw error
    }
    // nothing below this line throws
    if (!repeated) {
      if (this.#share !== null) this.#retire(this.#share)
      this.#move('key message', this.#ephemeral, share, candidate)
    }
    const completed = confirmed || this.#slotProves(candidate)
    if (completed) this.#promote()
    return { ...this.#confirm(), completed }
  }

  /** Erases everything: no message can be sent, received or read afterwards. */
  erase(): void {
    this.expire()
    for (const session of [this.#current, this.#previous, ...this.#waiting.map(({ from }) => from)])
      session?.erase()
  }

  /** Erases a private key that was never confirmed, with its candidate. */
  expire(): void {
    if (this.#ephemeral !== null) this.#move('expire', null, this.#share, null)
  }

  /**
   * Seals `text`, UTF-8, at most 16 KiB, on the current session.
   * @throws DuetError `bad_text` `no_session` `rekey_required`
   */
  sendMessage(text: Uint8Array): SealedMessage {
    checkText(text)
    return this.#sendingSession().seal(text)
  }

  /**
   * Authenticates a message and lets it wait. Returns how many before it are missing, and
   * whether it completed an exchange.
   * @throws DuetError `unknown_session` `rekey_required` `replay` `inbox_full` `decrypt_failed` `bad_text`
   */
  receiveMessage(message: SealedMessage): {
    missing: number
    completed: boolean
  } {
    const from = this.#receivingSession(message.session)
    from.checkSequence(message.seq)
    if (this.#waiting.length >= MAX_WAITING)
      throw new DuetError('inbox_full', `${MAX_WAITING} messages wait to be read already.`)
    const text = from.open(message.seq, message.ciphertext)
    try {
      checkText(text)
    } finally {
      text.fill(0)
    }
    const completed = from === this.#candidate
    if (completed) this.#promote()
    this.#waiting.push({ ...message, from })
    return { missing: from.accept(message.seq), completed }
  }

  /**
   * Begins to send a picture on the current session: what its stream begins with, and its key.
   * @throws DuetError `no_session` `rekey_required`
   */
  sendPicture(): { header: StreamHeader; key: Uint8Array } {
    const session = this.#sendingSession()
    const salt = randomBytes(SALT_BYTES)
    return { header: { session: session.id, salt }, key: session.sealingKey(salt) }
  }

  /**
   * Begins to receive a picture: its key, and what accepts it once all of it has opened.
   * `accept` returns whether that completed an exchange.
   * @throws DuetError `unknown_session` `rekey_required` `replay`, both now and in `accept`
   */
  receivePicture({ session: id, salt }: StreamHeader): { key: Uint8Array; accept(): boolean } {
    const session = this.#receivingSession(id)
    const key = session.openingKey(salt)
    return {
      key,
      accept: () => {
        // another stream under the same salt may have been accepted while this one arrived
        session.checkSalt(salt)
        session.acceptSalt(salt)
        const completed = session === this.#candidate
        if (completed) this.#promote()
        return completed
      },
    }
  }

  /**
   * Opens the oldest message that waits, and forgets it.
   * @throws DuetError `nothing_waiting`
   */
  openOldest(): OpenedMessage {
    const message = this.#waiting.shift()
    if (message === undefined)
      throw new DuetError('nothing_waiting', 'No message waits to be read.')
    const text = message.from.open(message.seq, message.ciphertext)
    this.#eraseUnneeded(message.from)
    return { session: message.session, seq: message.seq, text }
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
    throw new DuetError('unknown_session', 'This peer has no session of that id.')
  }

  #checkShare(share: Share): void {
    const { curve } = this.identity
    curve.checkPoint(share.identity)
    curve.checkPoint(share.publicKey)
    if (equalBytes(share.identity, share.publicKey))
      throw new DuetError('bad_point', 'The identity and the public key are the same point.')
    const ours = [
      this.identity.publicKey,
      this.#ephemeral?.publicKey,
      this.#current?.own.publicKey,
      this.#previous?.own.publicKey,
    ]
    if (
      ours.some(
        (key) => key && (equalBytes(key, share.identity) || equalBytes(key, share.publicKey)),
      )
    )
      throw new DuetError('reflection', 'One of the keys is our own.')
    if (this.#knownIdentity && !equalBytes(this.#knownIdentity, share.identity))
      throw identityChanged()
    if (this.#stale.some((used) => sameShare(used, share)))
      throw new DuetError('stale_keys', 'This public key was used or replaced before.')
  }

  /**
   * Whether `confirm` speaks of `session` and proves that the peer has its keys.
   * @throws DuetError `confirm_failed` if it speaks of it and proves nothing
   */
  #proves(confirm: Confirm, session: Session | null): boolean {
    if (session === null || !equalBytes(confirm.session, session.id)) return false
    if (!session.isPeerTag(confirm.tag))
      throw new DuetError('confirm_failed', 'The tag is not the one that the keys give.')
    return true
  }

  /** The same of what waits in the slot; a wrong tag there was an answer's fault and proves nothing. */
  #slotProves(session: Session | null): boolean {
    if (this.#slot === null || session === null) return false
    return equalBytes(this.#slot.session, session.id) && session.isPeerTag(this.#slot.tag)
  }

  /** The confirmation of our newest session. */
  #confirm(): { confirm?: Confirm } {
    const newest = this.#candidate ?? this.#current
    return newest ? { confirm: newest.confirm } : {}
  }

  /** Makes the candidate the current session, and destroys what it was made from. */
  #promote(): Session {
    const promoted = this.#candidate
    if (promoted === null) throw new Error('There is no candidate to promote.')
    const replaced = this.#previous
    this.#previous = this.#current
    this.#previous?.demote()
    this.#current = promoted
    this.#candidate = null
    promoted.promote()
    this.#retire(promoted.peer)
    this.#slot = null
    this.#wasKnown = this.#knownIdentity !== null
    this.#knownIdentity = promoted.peer.identity
    if (this.#ephemeral !== null) this.#witness?.(this.#ephemeral, promoted.peer.publicKey)
    this.#move('promote', null, null, null)
    if (replaced !== null) this.#eraseUnneeded(replaced)
    return promoted
  }

  /** Takes the event's step in the transition table, and erases what it leaves behind. */
  #move(
    event: Event,
    ephemeral: KeyPair | null,
    share: Share | null,
    candidate: Session | null,
  ): void {
    const to = TRANSITIONS[this.#state][event]
    if (to === undefined || to !== stateOf(ephemeral, share))
      throw new Error(`No transition: ${this.#state}, ${event}.`)
    if (this.#ephemeral !== ephemeral) this.#ephemeral?.erase()
    if (this.#candidate !== candidate) this.#candidate?.erase()
    this.#state = to
    this.#ephemeral = ephemeral
    this.#share = share
    this.#candidate = candidate
    this.#publicKey = ephemeral?.publicKey ?? this.#publicKey
    this.#peerPublicKey = share?.publicKey ?? this.#peerPublicKey
  }

  #retire(share: Share): void {
    this.#stale.push(share)
    if (this.#stale.length > MAX_STALE) this.#stale.shift()
  }

  /** A session that is neither in use nor needed by a message that waits has no keys any more. */
  #eraseUnneeded(session: Session): void {
    const used = [this.#candidate, this.#current, this.#previous].includes(session)
    if (!used && !this.#waiting.some((message) => message.from === session)) session.erase()
  }
}

function identityChanged(): DuetError {
  return new DuetError('identity_changed', 'The identity is not the one that this peer knows.')
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

function sameShare(a: Share, b: Share): boolean {
  return equalBytes(a.publicKey, b.publicKey) && equalBytes(a.identity, b.identity)
}

function stateOf(ephemeral: KeyPair | null, share: Share | null): State {
  if (ephemeral === null) return share === null ? 'idle' : 'invited'
  return share === null ? 'offered' : 'agreed'
}

/**
 * `idle`: no private key of ours, no share of the peer's.
 * `offered`: our private key; the peer's share is to come.
 * `invited`: the peer's share; our private key is to come.
 * `agreed`: both, and so a candidate, which only the peer's confirmation is missing to.
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
