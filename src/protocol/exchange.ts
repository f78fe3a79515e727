/** One peer's side of duet/2: the keys, and the messages and pictures that they seal and open. */

import { CopyError, DuetError } from './errors.ts'
import { KeyExchange } from './keyExchange.ts'
import { MAX_TEXT_BYTES, type SealedMessage } from './messages.ts'
import { type Fate, OpenText, type Outcome } from './openText.ts'
import type { KeyedMessage, Session } from './session.ts'
import type { StreamHeader } from './stream.ts'

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Messages that may wait to be read. */
export const MAX_WAITING = 32

/** A text that came and was opened: the session's id (16 bytes), and its number there, from 0. */
export interface OpenedMessage {
  readonly session: Uint8Array
  readonly seq: number
  /** UTF-8. */
  readonly text: Uint8Array
}

/**
 * Pure and synchronous: every method either does all that it says, or throws a DuetError and leaves the state as it was.
 * It keeps the arrays that it is given, and no copies: nobody may change them afterwards.
 */
export class Exchange extends KeyExchange {
  readonly #waiting: KeyedMessage[] = []
  /** What was sealed and is not settled: nothing else is sealed meanwhile. */
  #openText: OpenText | null = null

  /** The messages that wait to be read, oldest first. */
  get waiting(): readonly KeyedMessage[] {
    return this.#waiting
  }

  /** The text that was sealed and is not settled, or null. */
  get openText(): OpenText | null {
    return this.#openText
  }

  /** Erases everything: no message can be sent, received or read afterwards. */
  override erase(): void {
    super.erase()
    for (const message of this.#waiting) message.erase()
    this.#settle('unknown')
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
    // It was settled by the end of this peer.
    if (open === null) return 'unknown'
    if (open.learn(outcome) === 'open') this.#settleDropped()
    else this.#openText = null
    return open.fate
  }

  /** No more copies leave in this step: an open text of which none has left is refused, since nobody has it. */
  giveUpUnsent(): void {
    if (this.#openText?.hasLeft === false) this.#settle('refused')
  }

  /**
   * Authenticates a message and lets it wait. Returns how many before it are missing, and
   * whether it completed an exchange.
   * @throws DuetError `unknown_session` `rekey_required` `replay` `too_far_ahead` `inbox_full`
   *   `decrypt_failed` `bad_text`; CopyError `replay` if these very bytes were accepted
   */
  receiveMessage(message: SealedMessage): { missing: number; completed: boolean } {
    const session = this.#receivingSession(message.session)
    try {
      session.checkSequence(message.seq)
    } catch (error) {
      if (!(error instanceof DuetError) || !session.hasAccepted(message)) throw error
      throw new CopyError(message.seq, error.message)
    }
    if (this.#waiting.length >= MAX_WAITING)
      throw new DuetError('inbox_full', `${MAX_WAITING} messages wait to be read already.`)
    const keyed = session.receive(message)
    try {
      const text = keyed.open()
      try {
        checkText(text)
      } finally {
        text.fill(0)
      }
    } catch (error) {
      keyed.erase()
      throw error
    }
    const missing = session.accept(message)
    this.#waiting.push(keyed)
    return { missing, completed: this.promoteBy(session) }
  }

  /**
   * Begins to send a picture on the current session: what its stream begins with, and its key.
   * @throws DuetError `no_session` `rekey_required`
   */
  sendPicture(): { header: StreamHeader; key: Uint8Array } {
    return this.#sendingSession().sealPicture()
  }

  /**
   * Begins to receive a picture: its key (32 bytes, the caller's to erase), and what accepts it once all of it has
   * opened. `accept` returns whether that completed an exchange. A picture that fails needs no call.
   * @throws DuetError `unknown_session` `rekey_required` `replay` `too_far_ahead`; `accept`:
   *   `unknown_session` `replay`
   */
  receivePicture({ session: id, number }: StreamHeader): { key: Uint8Array; accept(): boolean } {
    const session = this.#receivingSession(id)
    const accept = () => {
      if (this.isReplaced(session)) throw unknownSession()
      session.acceptPicture(number)
      return this.promoteBy(session)
    }
    return { key: session.pictureKey(number), accept }
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

  protected override afterPromotion(): void {
    this.#settleDropped()
  }

  /** An open text whose session is gone is unknown, unless a copy of it still waits for its answer. */
  #settleDropped(): void {
    const open = this.#openText
    if (open === null || open.isUnderWay) return
    if (!this.heldSession(open.message.session)) this.#settle('unknown')
  }

  #settle(fate: Exclude<Fate, 'open'>): void {
    this.#openText?.settle(fate)
    this.#openText = null
  }

  #sendingSession(): Session {
    if (this.current !== null) return this.current
    throw new DuetError('no_session', 'There is no session yet: the keys come first.')
  }

  #receivingSession(id: Uint8Array): Session {
    const session = this.heldSession(id)
    if (session) return session
    throw unknownSession()
  }
}

function unknownSession(): DuetError {
  return new DuetError('unknown_session', 'This peer has no session of that id.')
}

/** @throws DuetError `bad_text` */
function checkText(text: Uint8Array): void {
  if (text.length > MAX_TEXT_BYTES)
    throw new DuetError('bad_text', `A text has at most ${MAX_TEXT_BYTES} bytes.`)
  try {
    UTF8.decode(text)
  } catch {
    throw new DuetError('bad_text', 'A text is UTF-8.')
  }
}
