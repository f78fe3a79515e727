/**
 * A peer's texts on their way out, one at a time: the copies of each within one step, and what is said of one that
 * nobody acknowledged. The rule is in `protocol/README.md`, "A text arrives once".
 */

import { bytesToHex, equalBytes } from '../protocol/bytes.ts'
import type { Exchange } from '../protocol/exchange.ts'
import { encodeMessage, type SealedMessage } from '../protocol/messages.ts'
import type { OpenText, Outcome } from '../protocol/openText.ts'
import {
  COPY_SHARES,
  type Failure,
  PeerError,
  type PeerEvent,
  TextError,
  type Wire,
} from './contract.ts'
import { inTurn } from './inTurn.ts'

export class Texts {
  readonly #exchange: Exchange
  readonly #wire: Wire
  readonly #report: (event: PeerEvent) => void
  readonly #inTurn = inTurn()
  /** The open text that its sender was told of, or null. */
  #inDoubt: OpenText | null = null
  /** How many steps have left a text in doubt, and the other peer's code in the last of them, if it refused. */
  #leftOpen = 0
  #lastPeerCode: string | null = null
  /** A text that was settled as unknown between two steps: the next step tells of it. */
  #untold: OpenText | null = null
  /** The session that was reported last as gone. */
  #gone: Uint8Array | null = null

  constructor(exchange: Exchange, wire: Wire, report: (event: PeerEvent) => void) {
    this.#exchange = exchange
    this.#wire = wire
    this.#report = report
  }

  /** The text that may have arrived, and whose sender was told so; or null. */
  get inDoubt(): OpenText | null {
    return this.#inDoubt
  }

  /**
   * Sends `text`, which is erased, or `standard` where there is none, once what is in doubt has arrived. `inDoubt`:
   * what was in doubt when the request came; with the same text or none, the request is about that very message.
   * Returns the message that arrived.
   * @throws as `Peer.sendMessage` does
   */
  send(
    text: Uint8Array | undefined,
    standard: Uint8Array,
    inDoubt: OpenText | null,
  ): Promise<SealedMessage> {
    const isSame = inDoubt !== null && (text === undefined || inDoubt.isSame(text))
    const leftOpen = this.#leftOpen
    return this.#inTurn(async () => {
      try {
        const { openText } = this.#exchange
        if (openText === null) this.#tellSettled(isSame ? inDoubt : null)
        // this request came before the text was known to be in doubt
        else if (openText !== inDoubt) throw stillInDoubt(openText, false, null)
        // another step tried it while this one waited: if sixteen tried one after another, that would take a minute
        else if (this.#leftOpen !== leftOpen)
          throw stillInDoubt(openText, isSame, this.#lastPeerCode)
        else {
          await this.#sendCopies(openText, isSame)
          if (isSame) return openText.message
        }
        return await this.#seal(text ?? standard)
      } finally {
        text?.fill(0)
      }
    })
  }

  /** Erases the exchange. Nobody will learn what became of an open text. */
  close(): void {
    const { openText } = this.#exchange
    this.#exchange.erase()
    if (openText !== null) this.#reportSettled(openText, false)
  }

  /** To be called when keys were confirmed: the session of a text in doubt may be gone by that. */
  settle(): void {
    const inDoubt = this.#inDoubt
    if (inDoubt === null || inDoubt.fate === 'open') return
    this.#inDoubt = null
    this.#untold = inDoubt
    this.#reportSettled(inDoubt, false)
  }

  /** Reports, once, that the other peer does not have `session` any more. `open`: a text that may be on it. */
  sessionGone(session: Uint8Array, open: OpenText | null = this.#inDoubt): void {
    if (this.#gone !== null && equalBytes(this.#gone, session)) return
    this.#gone = session
    const inDoubt =
      open !== null && equalBytes(open.message.session, session) ? open.message.seq : null
    this.#report({ type: 'session gone', session, inDoubt })
  }

  async #seal(text: Uint8Array): Promise<SealedMessage> {
    const message = this.#exchange.sendMessage(text)
    const { openText } = this.#exchange
    if (openText === null) throw new Error('What was sealed is not open.')
    const { seq, ciphertext } = message
    this.#report({ type: 'message sent', seq, ciphertext })
    await this.#sendCopies(openText, true, message)
    return message
  }

  /**
   * Sends copies of the open text until it has arrived, within the time of a step. `sealed`: whether it is the text of
   * this request; `first`: its first copy, which leaves already.
   * @throws PeerError if it was refused; TextError `in_doubt` `maybe_read`
   */
  async #sendCopies(open: OpenText, sealed: boolean, first?: SealedMessage): Promise<void> {
    const wasInDoubt = this.#inDoubt === open
    let failure: PeerError | null = null
    try {
      for (const copy of COPY_SHARES.keys()) {
        failure = await this.#sendCopy(copy === 0 && first ? first : this.#repeat(), copy)
        if (open.fate !== 'open' || !isRepeated(failure, open)) break
      }
    } finally {
      this.#exchange.giveUpUnsent()
      this.#inDoubt = open.fate === 'open' ? open : null
    }
    const peerCode = failure?.peerCode ?? null
    if (peerCode === 'unknown_session')
      this.sessionGone(open.message.session, open.fate === 'refused' ? null : open)
    this.#lastPeerCode = peerCode
    if (open.fate === 'open') {
      this.#leftOpen++
      throw stillInDoubt(open, sealed, peerCode)
    }
    if (open.fate === 'unknown') throw maybeRead(open, sealed, peerCode)
    if (failure !== null && open.fate === 'refused') throw refusalOf(failure)
    if (wasInDoubt) this.#reportSettled(open, true)
  }

  #repeat(): SealedMessage {
    const message = this.#exchange.repeatMessage()
    this.#report({ type: 'message repeated', seq: message.seq })
    return message
  }

  /** Sends one copy, and tells the exchange what became of it. Returns why it failed, or null. */
  async #sendCopy(message: SealedMessage, copy: number): Promise<PeerError | null> {
    try {
      await this.#wire.message(encodeMessage(message), copy)
      this.#exchange.messageAnswered('accepted')
      return null
    } catch (error) {
      this.#exchange.messageAnswered(outcomeOf(error))
      if (!(error instanceof PeerError)) throw error
      return error
    }
  }

  /**
   * `same`: the text that this request is about, if it is about one that was in doubt when it came.
   * @throws TextError about a text that was settled, and whose sender does not know
   */
  #tellSettled(same: OpenText | null): void {
    const untold = this.#untold
    this.#untold = null
    if (untold !== null) throw maybeRead(untold, false, null)
    if (same === null) return
    throw same.fate === 'arrived' ? alreadySent(same) : maybeRead(same, true, null)
  }

  #reportSettled({ message: { session, seq } }: OpenText, arrived: boolean): void {
    this.#report({ type: 'message settled', session, seq, arrived })
  }
}

/** What a request that failed says of the copy that it carried. */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof PeerError)) return 'no answer'
  const { isUnsent, peerCode } = error
  if (isUnsent) return 'unsent'
  if (peerCode === null) return 'no answer'
  return peerCode === 'replay' || peerCode === 'unknown_session' ? peerCode : 'not now'
}

/** Failures after which the next copy, which waits longer, may succeed. */
const LATE: ReadonlySet<Failure | null> = new Set([
  'name not resolved in time',
  'no connection in time',
])

/** Whether another copy follows in this step: not after a refusal, and not where the other peer can't be reached at all. */
function isRepeated(error: PeerError | null, open: OpenText): boolean {
  if (error?.peerCode !== null) return false
  return open.hasLeft || !error.isUnsent || LATE.has(error.failure)
}

/** Of a text that was not taken, and never will be. */
function refusalOf({ peerCode, message, failure }: PeerError): PeerError {
  if (peerCode === 'unknown_session')
    return new PeerError(
      'peer_refused',
      'The other peer does not have this session any more, and did not take the text. If it was restarted, texts that waited there unread are gone too.',
      peerCode,
    )
  const detail = `${message} Nothing of the text was sent.`
  return new PeerError('peer_unreachable', detail, null, failure)
}

const nameOf = ({ message: { session, seq } }: OpenText, sealed: boolean) => ({
  session: bytesToHex(session),
  seq,
  sealed,
})

const NOT_SEALED = 'The text of this request was not sealed.'

function stillInDoubt(open: OpenText, sealed: boolean, peerCode: string | null): TextError {
  const { seq } = open.message
  const what =
    peerCode === null
      ? `Message ${seq} may have arrived: nobody has acknowledged it.`
      : `The other peer answered: ${peerCode}. It may still get another copy of message ${seq}.`
  const how = sealed
    ? 'The same text again, or none, is this message, and goes out as the same bytes.'
    : `${NOT_SEALED} /send_msg without a text sends message ${seq} again, as the same bytes.`
  const detail = `${what} ${how}`
  return new TextError('in_doubt', detail, nameOf(open, sealed), peerCode)
}

function maybeRead(open: OpenText, sealed: boolean, peerCode: string | null): TextError {
  const gone =
    peerCode === 'unknown_session'
      ? ' The other peer does not have its session any more; if it was restarted, texts that waited there unread are gone too.'
      : ' Its session is over.'
  const detail = `Nobody can tell whether message ${open.message.seq} arrived: it may have been read.${gone}${sealed ? '' : ` ${NOT_SEALED}`}`
  return new TextError('maybe_read', detail, nameOf(open, sealed), peerCode)
}

function alreadySent(open: OpenText): TextError {
  const detail = `It is message ${open.message.seq}, which was in doubt, and has arrived since. If you mean another text of the same words, send it again.`
  return new TextError('already_sent', detail, nameOf(open, true))
}
