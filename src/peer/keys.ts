/**
 * A peer's keys: `/send_keys`, and the key messages of the other peer, until both have shown that they have the same
 * session. What a key message may be is decided in `protocol/exchange.ts`; what is told of it, here.
 */

import { bytesToHex, equalBytes } from '../protocol/bytes.ts'
import { DuetError } from '../protocol/errors.ts'
import type { Exchange } from '../protocol/exchange.ts'
import {
  type AnswerForm,
  type Confirm,
  encodeAnswer,
  encodeKeyMessage,
  type KeyMessage,
  parseKeyMessage,
} from '../protocol/messages.ts'
import { safetyNumber } from '../protocol/safetyNumber.ts'
import type { Comparison } from './comparison.ts'
import { PeerError, type PeerOptions } from './contract.ts'
import { inTurn } from './inTurn.ts'
import type { Texts } from './texts.ts'

/** How long a private key waits for its confirmation before it is erased: an hour, in ms. */
const UNCONFIRMED_MS = 60 * 60 * 1000

type Options = Pick<PeerOptions, 'memory' | 'wire' | 'report' | 'showsSecrets'>

export class Keys {
  readonly #exchange: Exchange
  readonly #texts: Texts
  readonly #comparison: Comparison
  readonly #options: Options
  readonly #inTurn = inTurn()
  #expiry: NodeJS.Timeout | undefined
  /**
   * The other peer's newest public key and the session that we had when it came, if that message confirmed no session:
   * then its sender has lost ours. Anybody can send such a message, so that is told once these keys are confirmed.
   */
  #lostSession: { readonly publicKey: Uint8Array; readonly session: Uint8Array } | null = null
  /** The public key whose confirmation was refused last: its sender sends it again without one, and has lost nothing. */
  #refusedKey: Uint8Array | null = null
  /** Whether a key message of another identity was refused since keys were confirmed last. */
  #identityRefused = false
  /** Whether the memory has the other peer's identity. */
  #isRemembered: boolean
  /** The safety number with the identity that was confirmed last. */
  #number: { readonly identity: Uint8Array; readonly text: string } | null = null
  /** How to compute the shared secret that is being completed, for the terminal. */
  #work: Uint8Array | null = null

  constructor(exchange: Exchange, texts: Texts, comparison: Comparison, options: Options) {
    this.#exchange = exchange
    this.#texts = texts
    this.#comparison = comparison
    this.#options = options
    this.#isRemembered = options.memory.knownIdentity !== null
  }

  /** Keeps what `showWork` says of the exchange that is being completed, until the terminal gets it. */
  noteWork(work: Uint8Array): void {
    this.#work = work
  }

  close(): void {
    clearTimeout(this.#expiry)
  }

  /** As `Peer.sendKeys`. */
  send(): Promise<{ sent: true; session: string | null; refused?: 'identity_changed' }> {
    return this.#inTurn(async () => {
      const message = this.#exchange.startKeys()
      this.#expireLater()
      this.#options.report({ type: 'keys sent', publicKey: message.share.publicKey })
      await this.#deliver(message)
      const { current } = this.#exchange
      if (current !== null && this.#exchange.hasCompleted(message.share))
        return { sent: true, session: bytesToHex(current.id) }
      return {
        sent: true,
        session: null,
        ...(this.#identityRefused && { refused: 'identity_changed' }),
      }
    })
  }

  /** As `Peer.receiveKeys`. */
  receive(body: unknown): AnswerForm {
    const message = parseKeyMessage(this.#exchange.suite, body)
    const { publicKey } = message.share
    const session = this.#exchange.current?.id
    const { confirm, completed } = this.#take(message)
    this.#options.report({ type: 'keys received', publicKey })
    this.#reportProof('proof received', message.confirm)
    // whoever has a session confirms it in each key message
    const isLost =
      session !== undefined && message.confirm === undefined && !isSame(publicKey, this.#refusedKey)
    this.#lostSession = isLost ? { publicKey, session } : null
    if (completed) this.completed()
    this.#reportProof('proof sent', confirm)
    return encodeAnswer(confirm)
  }

  /** Both sides have the keys: remembers the other peer's identity, and tells the owner. */
  completed(): void {
    clearTimeout(this.#expiry)
    this.#identityRefused = false
    const { current, knownIdentity, wasKnown, suite } = this.#exchange
    if (current === null || knownIdentity === null) throw new Error('Nothing was completed.')
    const { report, showsSecrets } = this.#options
    // nothing but the terminal needs them
    if (!showsSecrets) current.eraseSharedSecrets()
    this.#texts.settle()
    const lost = this.#lostSession
    if (lost !== null && isSame(current.peer.publicKey, lost.publicKey))
      this.#texts.sessionGone(lost.session)
    const number = this.#safetyNumberWith(knownIdentity)
    report({
      type: 'keys confirmed',
      session: current.id,
      own: current.own.publicKey,
      peer: current.peer.publicKey,
      kem: suite.kem?.name ?? null,
      safetyNumber: number,
      known: wasKnown,
      compared: this.#comparison.isDone(number) === true,
    })
    this.#reportWork()
    this.#remember(knownIdentity)
  }

  /** Computed once for an identity: it stays the same from one exchange to the next. */
  #safetyNumberWith(identity: Uint8Array): string {
    if (this.#number === null || !equalBytes(this.#number.identity, identity)) {
      const { curve } = this.#exchange.suite
      const text = safetyNumber(curve, this.#options.memory.identity.publicKey, identity)
      this.#number = { identity, text }
    }
    return this.#number.text
  }

  /**
   * Sends a key message and takes the answer, and then the message that the exchange wants to be sent after it, if any.
   * @throws PeerError; DuetError `confirm_failed`
   */
  async #deliver(message: KeyMessage): Promise<void> {
    const { suite } = this.#exchange
    let next: KeyMessage | undefined = message
    let refusal: PeerError | undefined
    // once: a peer that puts another ciphertext into each answer would never let this end
    let mayFollow = true
    while (next !== undefined) {
      const sent: KeyMessage = next
      this.#reportProof('proof sent', sent.confirm)
      const { current } = this.#exchange
      try {
        const confirm = await this.#options.wire.keys(encodeKeyMessage(suite, sent))
        // a peer that has our session confirms it in its answer; one that came about meanwhile may be newer than that
        if (confirm === undefined && current !== null && current === this.#exchange.current)
          this.#texts.sessionGone(current.id)
        const { completed, again } = this.#exchange.receiveAnswer(confirm)
        this.#reportProof('proof received', confirm)
        if (completed) this.completed()
        next = mayFollow ? again : undefined
        if (again !== undefined) mayFollow = false
      } catch (error) {
        if (!(error instanceof PeerError)) throw error
        next = this.#exchange.afterRefusal(sent, error.peerCode)
        if (next === undefined) refusal ??= error
      }
    }
    if (refusal === undefined) return
    // the other peer's own key message may have completed the exchange while ours was refused
    if (refusal.peerCode === null || !this.#exchange.hasCompleted(message.share)) throw refusal
  }

  /** Gives a key message to the exchange, and keeps what its refusal means for later ones. */
  #take(message: KeyMessage): ReturnType<Exchange['receiveKeys']> {
    try {
      return this.#exchange.receiveKeys(message)
    } catch (error) {
      if (!(error instanceof DuetError)) throw error
      const { identity, publicKey } = message.share
      if (error.code === 'confirm_failed') this.#refusedKey = publicKey
      if (error.code === 'identity_changed') {
        this.#identityRefused = true
        const { place, toForget } = this.#options.memory
        this.#options.report({ type: 'identity changed', place, identity, toForget })
      }
      throw error
    }
  }

  /** Tells of a proof, and if it names another session than our keys give: its sender may compute ids otherwise. */
  #reportProof(type: 'proof sent' | 'proof received', proof: Confirm | undefined): void {
    if (proof === undefined) return
    const { report } = this.#options
    report({ type, proof })
    const given = type === 'proof received' ? this.#exchange.idBeside(proof) : null
    if (given) report({ type: 'another session', named: proof.session, given })
  }

  #reportWork(): void {
    if (this.#work === null) return
    this.#options.report({ type: 'work', SECRET: this.#work })
    this.#work.fill(0)
    this.#work = null
  }

  #remember(identity: Uint8Array): void {
    if (this.#isRemembered) return
    const { memory, report } = this.#options
    try {
      memory.remember(identity)
      this.#isRemembered = true
    } catch {
      // the session is good without it; the next one tries again
      report({ type: 'not remembered', place: memory.place })
    }
  }

  #expireLater(): void {
    clearTimeout(this.#expiry)
    this.#expiry = setTimeout(() => {
      this.#exchange.expire()
      this.#options.report({ type: 'keys expired' })
    }, UNCONFIRMED_MS)
    this.#expiry.unref()
  }
}

function isSame(publicKey: Uint8Array, other: Uint8Array | null): boolean {
  return other !== null && equalBytes(publicKey, other)
}
