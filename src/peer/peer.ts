/**
 * A peer as its owner and the wire see it: every handler of HTTP makes one call here. Keys, texts and pictures have a
 * file each beside this one. What a peer needs from outside (the way to the other peer, the terminal, a memory) is
 * handed in.
 */

import { bytesToHex, utf8ToBytes } from '../protocol/bytes.ts'
import { DuetError } from '../protocol/errors.ts'
import { Exchange, type OpenedMessage } from '../protocol/exchange.ts'
import type { State as ExchangeState, Witness } from '../protocol/keyExchange.ts'
import { AEAD_TAG_BYTES, type AnswerForm, parseMessage } from '../protocol/messages.ts'
import type { OpenText } from '../protocol/openText.ts'
import type { Session } from '../protocol/session.ts'
import type { Suite } from '../protocol/suites.ts'
import { Comparison } from './comparison.ts'
import {
  type MailSender,
  type MessageAccepted,
  type MessageSent,
  PeerError,
  type PeerEvent,
  type PeerOptions,
  type PictureAccepted,
  type PictureSource,
  type ReadMessage,
  type Receiver,
  type StoredPicture,
} from './contract.ts'
import { type ByLetter, ENGLISH, LetterCount } from './frequency.ts'
import { Keys } from './keys.ts'
import { Pictures } from './pictures.ts'
import { publicStateOf } from './publicState.ts'
import { Texts } from './texts.ts'

export class Peer implements Receiver {
  readonly port: number
  readonly suite: Suite
  readonly url: string
  readonly report: (event: PeerEvent) => void
  readonly maxImage: number
  /** Whether the terminal prints secrets, and whether it prints how to compute one. */
  readonly showsSecrets: boolean
  readonly showsWork: boolean
  readonly #options: PeerOptions
  readonly #exchange: Exchange
  readonly #keys: Keys
  readonly #texts: Texts
  readonly #pictures: Pictures
  readonly #comparison: Comparison
  readonly #message: Uint8Array
  /** Of the ciphertexts that were accepted last. */
  readonly #letters = new LetterCount()

  constructor(options: PeerOptions) {
    const { port, suite, memory, wire, showWork } = options
    this.#options = options
    this.port = port
    this.suite = suite
    this.url = options.url ?? `http://127.0.0.1:${port}`
    this.report = options.report
    this.maxImage = options.maxImage
    this.showsSecrets = options.showsSecrets
    this.showsWork = options.showsSecrets && showWork !== undefined
    this.#message = utf8ToBytes(options.message ?? `This is a secret message from port ${port}!`)
    const noteWork: Witness | undefined =
      showWork && ((...keys) => this.#keys.noteWork(showWork(...keys)))
    this.#exchange = new Exchange(suite, memory.identity, memory.knownIdentity, noteWork)
    this.#texts = new Texts(this.#exchange, wire, options.report)
    this.#comparison = new Comparison(options)
    this.#keys = new Keys(this.#exchange, this.#texts, this.#comparison, options)
    this.#pictures = new Pictures(this.#exchange, this.#keys, this.#texts, this.#letters, options)
  }

  /** Tells the terminal who this is. */
  start(): void {
    const { memory, isOneWay = false, mailbox = null } = this.#options
    this.report({
      type: 'ready',
      url: this.url,
      reachedAt: this.reachedAt,
      peerUrl: this.peerUrl,
      isOneWay,
      curve: this.suite.name,
      identity: memory.identity.publicKey,
      place: memory.place,
      mailbox,
    })
    const { left } = memory.pictures
    if (left !== null) this.report({ type: 'pictures left', ...left })
  }

  /** Erases the keys of every session, and removes what is not kept for the next run. */
  close(): void {
    this.#keys.close()
    this.#texts.close()
    this.#options.memory.pictures.close()
    this.#options.memory.release?.()
  }

  /** URLs by which other machines reach this peer; empty if it listens on loopback alone. */
  get reachedAt(): readonly string[] {
    return this.#options.reachedAt ?? []
  }

  /** Where the other peer is, by now. */
  get peerUrl(): string {
    return this.#options.wire.url
  }

  /** Whether there is a session to send on. */
  get hasSession(): boolean {
    return this.#exchange.current !== null
  }

  /** Which keys are there for an exchange that is not completed: whether this peer's own, whether the other one's. */
  get exchangeState(): ExchangeState {
    return this.#exchange.state
  }

  /**
   * Whether keys of the other peer came that no session has come of, so that it waits for ours. Not while a session
   * stands and both have sent keys: that exchange ends by itself, and two programs that answer one another would never.
   */
  get owesKeys(): boolean {
    const { exchangeState } = this
    return exchangeState === 'invited' || (exchangeState === 'agreed' && !this.hasSession)
  }

  /** How many texts wait to be read. */
  get unread(): number {
    return this.#exchange.waiting.length
  }

  /**
   * The text that may have arrived and that nobody acknowledged, or null: what comes from now on with the same text,
   * or without one, is the same message.
   */
  get textInDoubt(): OpenText | null {
    return this.#texts.inDoubt
  }

  /** The picture that came last, or null. */
  get lastPicture(): StoredPicture | null {
    return this.#options.memory.pictures.last
  }

  /**
   * Makes a fresh key pair and sends the public key. `session`: the id of the session that
   * this completed, as hex, or null while the other peer's keys are missing. `refused`: they did come, from
   * another identity than the known one.
   * @throws PeerError; DuetError `confirm_failed`
   */
  sendKeys(): Promise<{ sent: true; session: string | null; refused?: 'identity_changed' }> {
    return this.#keys.send()
  }

  /** Prints the shared secret in the terminal; returns the public side of everything. */
  show() {
    const { current } = this.#exchange
    if (current === null) this.report({ type: 'no shared secret' })
    else this.#reportSharedSecret(current)
    const waiting = this.#exchange.waiting.map(({ session, seq, ciphertext }) => ({
      session: bytesToHex(session),
      seq,
      ciphertext: bytesToHex(ciphertext),
    }))
    return { ...this.publicState(), waiting }
  }

  /** All that this peer knows and anybody may know; of messages that wait, how long they are. */
  publicState() {
    return publicStateOf({
      port: this.port,
      peerUrl: this.peerUrl,
      suite: this.suite,
      identity: this.#options.memory.identity.publicKey,
      exchange: this.#exchange,
      comparison: this.#comparison,
      inDoubt: this.textInDoubt?.message ?? null,
      picture: this.lastPicture,
    })
  }

  /**
   * Compares the safety number with the one that the other side has, `written` in any form that people write it in. It
   * counts as compared as long as the two identities are the same.
   * @throws DuetError `no_session` if there is no number; PeerError `bad_number` `number_differs`
   */
  compare(written: string): { compared: true } {
    this.#comparison.compare(this.publicState().safetyNumber, written)
    return { compared: true }
  }

  /**
   * Seals a text (as it is, or its UTF-8; without one, the peer's own; at most 16 KiB) and sends it. One that is in doubt
   * goes first, and is this very message if `text` is the same, or is missing. Bytes are erased. `inDoubt`: what was in
   * doubt when the request came. Returns the id of the session (16 bytes, as hex), the number of the message in it, and
   * the length of the text in bytes, once the other peer has it.
   * @throws PeerError; DuetError `bad_text` `no_session` `rekey_required`; TextError `in_doubt` `maybe_read`
   *   `already_sent`
   */
  async sendMessage(text?: Uint8Array | string, inDoubt = this.textInDoubt): Promise<MessageSent> {
    const bytes = typeof text === 'string' ? utf8ToBytes(text) : text
    const { session, seq, ciphertext } = await this.#texts.send(bytes, this.#message, inDoubt)
    const length = ciphertext.length - AEAD_TAG_BYTES
    return { sent: true, session: bytesToHex(session), seq, bytes: length }
  }

  /** Opens every message that waits, oldest first, for the program that has this peer: nothing is reported of them. */
  readMessages(): ReadMessage[] {
    return this.#open(({ session, seq, text }) => {
      const read = { session: bytesToHex(session), seq, text: new TextDecoder().decode(text) }
      text.fill(0)
      return read
    })
  }

  /**
   * Opens every message that waits, oldest first, and prints each in the terminal.
   * @throws PeerError `secrets_hidden`; DuetError `nothing_waiting`
   */
  decryptMessages(): { decrypted: number } {
    if (!this.showsSecrets)
      throw new PeerError(
        'secrets_hidden',
        'This peer was started with --no-secrets, or by a program that takes no secrets (onSecret).',
      )
    if (this.unread === 0) throw new DuetError('nothing_waiting', 'No message waits to be read.')
    const opened = this.#open(({ seq, text }) => {
      this.report({ type: 'message opened', seq, SECRET: text })
      text.fill(0)
    })
    return { decrypted: opened.length }
  }

  #open<T>(use: (message: OpenedMessage) => T): T[] {
    const opened: T[] = []
    while (this.#exchange.waiting.length > 0) opened.push(use(this.#exchange.openOldest()))
    return opened
  }

  /**
   * Takes the other peer's key message, as parsed JSON.
   * @throws DuetError
   */
  receiveKeys(body: unknown): AnswerForm {
    return this.#keys.receive(body)
  }

  /**
   * Takes a sealed message, as parsed JSON, authenticates it and lets it wait.
   * @throws DuetError
   */
  receiveMessage(body: unknown): MessageAccepted {
    const message = parseMessage(body)
    const { missing, completed } = this.#exchange.receiveMessage(message)
    if (completed) this.#keys.completed()
    const { seq, ciphertext } = message
    this.#letters.add(ciphertext)
    this.report({ type: 'message received', seq, ciphertext, missing })
    return { accepted: true, missing }
  }

  /**
   * Seals a picture (without one, the peer's own) and sends it.
   * @throws PeerError; DuetError `no_session` `rekey_required` `bad_image` `too_large`
   */
  sendPicture(picture?: PictureSource) {
    return this.#pictures.send(picture)
  }

  /**
   * Takes a picture's stream, and keeps the picture once all of it has opened.
   * @throws PeerError `no_space`; DuetError
   */
  receivePicture(stream: AsyncIterable<Uint8Array>): Promise<PictureAccepted> {
    return this.#pictures.receive(stream)
  }

  /**
   * How often each letter stands in English and in the last 64 KiB of the ciphertext received so far (as base64,
   * letters folded to a-z), in percent: null while there is none. `sample`: how many letters of
   * ciphertext were counted.
   */
  frequency(): { english: ByLetter<number>; ciphertext: ByLetter<number | null>; sample: number } {
    const { sample, percent } = this.#letters.frequencies()
    return { english: ENGLISH, ciphertext: percent, sample }
  }

  /** What mail for this peer's mailbox is sealed to, as SPKI PEM; null without a mailbox. */
  get mailboxKey(): string | null {
    return this.#options.mailbox?.publicKey ?? null
  }

  /**
   * Stores a text that was sealed to the mailbox key. A resend has the same id and is stored once.
   * @throws PeerError `no_space` `mailbox_share_full`; DuetError `bad_encoding` `bad_point` `too_large` `inbox_full`
   */
  async receiveMail(sealed: Uint8Array, sender: MailSender): Promise<{ stored: true; id: string }> {
    const { mailbox } = this.#options
    if (!mailbox) throw new Error('This peer has no mailbox.')
    const { id, fresh } = await mailbox.store(sealed, sender)
    if (fresh) {
      this.report({ type: 'mail stored', id, bytes: sealed.length, from: sender.address })
      this.#letters.add(sealed)
    }
    return { stored: true, id }
  }

  #reportSharedSecret(session: Session): void {
    const { ecdh, kem } = session.exportSharedSecrets()
    this.report({ type: 'shared secret', session: session.id, SECRET: ecdh })
    if (kem !== null) this.report({ type: 'KEM secret', SECRET: kem })
    for (const secret of [ecdh, kem]) secret?.fill(0)
  }
}
