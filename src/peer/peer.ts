/**
 * A peer as its owner and the wire see it: every handler makes one call here. What it needs
 * from outside (the way to the other peer, the terminal, a memory) is handed in.
 */

import { bytesToHex, equalBytes, utf8ToBytes } from '../protocol/bytes.ts'
import { DuetError } from '../protocol/errors.ts'
import { Exchange } from '../protocol/exchange.ts'
import type { Witness } from '../protocol/keyExchange.ts'
import type { Share } from '../protocol/keySchedule.ts'
import {
  AEAD_TAG_BYTES,
  type AnswerForm,
  type Confirm,
  encodeAnswer,
  encodeKeyMessage,
  type KeyMessage,
  parseKeyMessage,
  parseMessage,
} from '../protocol/messages.ts'
import type { OpenText } from '../protocol/openText.ts'
import { safetyNumber } from '../protocol/safetyNumber.ts'
import type { Session } from '../protocol/session.ts'
import { type Aead, streamBytes } from '../protocol/stream.ts'
import type { Suite } from '../protocol/suites.ts'
import {
  type Mailbox,
  type Memory,
  type MessageAccepted,
  PeerError,
  type PeerEvent,
  type PictureAccepted,
  type PictureSource,
  type Receiver,
  type StoredPicture,
  type Wire,
} from './contract.ts'
import { type ByLetter, ENGLISH, LetterCount } from './frequency.ts'
import { inTurn } from './inTurn.ts'
import { publicStateOf } from './publicState.ts'
import { Texts } from './texts.ts'
import { beginPicture, openPicture, pictureClock, sealPicture } from './transfer.ts'

/** How long a private key waits for its confirmation before it is erased: an hour, in ms. */
const UNCONFIRMED_MS = 60 * 60 * 1000

export interface PeerOptions {
  /** The port this peer listens on. */
  readonly port: number
  readonly suite: Suite
  /** Its identity is on the suite's curve. */
  readonly memory: Memory
  readonly wire: Wire
  readonly report: (event: PeerEvent) => void
  /** URLs by which other machines reach this peer; empty if it listens on loopback alone. */
  readonly reachedAt?: readonly string[] | undefined
  /** Whether the other peer is on another machine, which cannot call this one. */
  readonly isOneWay?: boolean | undefined
  /** Whether the terminal prints secrets. */
  readonly showsSecrets: boolean
  /**
   * Says how to compute a shared secret by other means from the keys that gave it, for the
   * terminal alone. Without it no fresh private key leaves the exchange.
   */
  readonly showWork?: ((...keys: Parameters<Witness>) => Uint8Array) | undefined
  /** What `/send_msg` sends without a text; otherwise a sentence with the port. */
  readonly message?: string | undefined
  /** What `/send_image` sends without a picture. */
  readonly ownPicture: () => Promise<PictureSource>
  /** The longest picture, in bytes, that is sent or taken. */
  readonly maxImage: number
  /** For the chunks of pictures. */
  readonly aead: Aead
  /** Where mail is stored, if this peer takes any. */
  readonly mailbox?: Mailbox | undefined
}

export class Peer implements Receiver {
  readonly port: number
  readonly suite: Suite
  readonly url: string
  readonly peerUrl: string
  readonly report: (event: PeerEvent) => void
  readonly maxImage: number
  readonly #exchange: Exchange
  readonly #memory: Memory
  readonly #wire: Wire
  /** Whether the terminal prints secrets, and whether it prints how to compute one. */
  readonly showsSecrets: boolean
  readonly showsWork: boolean
  readonly #message: Uint8Array
  readonly #ownPicture: () => Promise<PictureSource>
  readonly #aead: Aead
  readonly #mailbox: Mailbox | null
  readonly #reachedAt: readonly string[]
  readonly #isOneWay: boolean
  readonly #texts: Texts
  readonly #keysInTurn = inTurn()
  readonly #picturesInTurn = inTurn()
  readonly #letters = new LetterCount()
  /** The last key message that confirmed nothing, and our session then: its sender had lost that. */
  #keysWithoutConfirm: { readonly publicKey: Uint8Array; readonly session: Uint8Array } | null =
    null
  /** The last public key that was refused with its confirmation: it comes again without one. */
  #refused: Uint8Array | null = null
  #expiry: NodeJS.Timeout | undefined
  /** Whether the memory has the other peer's identity. */
  #remembered: boolean
  /** Whether keys of another identity were refused since keys were confirmed last. */
  #identityRefused = false
  /** What `showWork` said of the exchange that is being completed. */
  #work: Uint8Array | null = null

  constructor(options: PeerOptions) {
    const { port, suite, memory, wire, showWork } = options
    this.port = port
    this.suite = suite
    this.url = `http://127.0.0.1:${port}`
    this.peerUrl = wire.url
    this.report = options.report
    this.maxImage = options.maxImage
    this.#exchange = new Exchange(
      suite,
      memory.identity,
      memory.knownIdentity,
      showWork &&
        ((...keys) => {
          this.#work = showWork(...keys)
        }),
    )
    this.#memory = memory
    this.#remembered = memory.knownIdentity !== null
    this.#wire = wire
    this.#texts = new Texts(this.#exchange, wire, options.report)
    this.showsSecrets = options.showsSecrets
    this.showsWork = options.showsSecrets && showWork !== undefined
    this.#message = utf8ToBytes(options.message ?? `This is a secret message from port ${port}!`)
    this.#ownPicture = options.ownPicture
    this.#aead = options.aead
    this.#mailbox = options.mailbox ?? null
    this.#reachedAt = options.reachedAt ?? []
    this.#isOneWay = options.isOneWay ?? false
  }

  /** Tells the terminal who this is. */
  start(): void {
    this.report({
      type: 'ready',
      url: this.url,
      reachedAt: this.#reachedAt,
      peerUrl: this.peerUrl,
      isOneWay: this.#isOneWay,
      curve: this.suite.name,
      identity: this.#memory.identity.publicKey,
      place: this.#memory.place,
      mailbox: this.#mailbox,
    })
    const { left } = this.#memory.pictures
    if (left !== null) this.report({ type: 'pictures left', ...left })
  }

  /** Erases the keys of every session, and removes what is not kept for the next run. */
  close(): void {
    clearTimeout(this.#expiry)
    this.#texts.close()
    this.#memory.pictures.close()
  }

  /** Whether there is a session to send on. */
  get hasSession(): boolean {
    return this.#exchange.current !== null
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
    return this.#memory.pictures.last
  }

  /**
   * Makes a fresh key pair and sends the public key. `session`: the id of the session that
   * this completed, as hex, or null while the other peer's keys are missing. `refused`: they did come, from
   * another identity than the known one.
   * @throws PeerError; DuetError `confirm_failed`
   */
  sendKeys(): Promise<{ sent: true; session: string | null; refused?: 'identity_changed' }> {
    return this.#keysInTurn(async () => {
      const message = this.#exchange.startKeys()
      const { publicKey } = message.share
      this.#expireLater()
      this.report({ type: 'keys sent', publicKey })
      await this.#deliver(message)
      const { current } = this.#exchange
      const completed = this.#exchange.hasCompleted(message.share)
      const session = completed && current ? bytesToHex(current.id) : null
      const isRefused = session === null && this.#identityRefused
      return { sent: true, session, ...(isRefused && { refused: 'identity_changed' }) }
    })
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
      identity: this.#memory.identity.publicKey,
      exchange: this.#exchange,
      inDoubt: this.textInDoubt?.message ?? null,
      picture: this.lastPicture,
    })
  }

  /**
   * Seals a text (UTF-8; without one, the peer's own) and sends it. One that is in doubt goes first, and is this very
   * message if `text` is the same, or is missing. `text` is erased. `inDoubt`: what was in doubt when the request came.
   * @throws PeerError; DuetError `bad_text` `no_session` `rekey_required`; TextError `in_doubt` `maybe_read`
   *   `already_sent`
   */
  async sendMessage(text?: Uint8Array, inDoubt = this.textInDoubt) {
    const { session, seq, ciphertext } = await this.#texts.send(text, this.#message, inDoubt)
    const bytes = ciphertext.length - AEAD_TAG_BYTES
    return { sent: true, session: bytesToHex(session), seq, bytes } as const
  }

  /**
   * Opens every message that waits, oldest first, and prints each in the terminal.
   * @throws PeerError `secrets_hidden`; DuetError `nothing_waiting`
   */
  decryptMessages(): { decrypted: number } {
    if (!this.showsSecrets)
      throw new PeerError('secrets_hidden', 'This peer was started with --no-secrets.')
    let decrypted = 0
    do {
      const { seq, text } = this.#exchange.openOldest()
      this.report({ type: 'message opened', seq, SECRET: text })
      text.fill(0)
      decrypted++
    } while (this.#exchange.waiting.length > 0)
    return { decrypted }
  }

  /**
   * Takes the other peer's key message, as parsed JSON.
   * @throws DuetError
   */
  receiveKeys(body: unknown): AnswerForm {
    const message = parseKeyMessage(this.suite, body)
    const session = this.#exchange.current?.id
    const { confirm, completed } = this.#noting(message.share, () =>
      this.#exchange.receiveKeys(message),
    )
    const { publicKey } = message.share
    this.report({ type: 'keys received', publicKey })
    this.#tellOfAnotherSession(message.confirm)
    this.#keysWithoutConfirm =
      session !== undefined && message.confirm === undefined && !isSame(publicKey, this.#refused)
        ? { publicKey, session }
        : null
    if (completed) this.#completed()
    return encodeAnswer(confirm)
  }

  /**
   * Takes a sealed message, as parsed JSON, authenticates it and lets it wait.
   * @throws DuetError
   */
  receiveMessage(body: unknown): MessageAccepted {
    const message = parseMessage(body)
    const { missing, completed } = this.#exchange.receiveMessage(message)
    if (completed) this.#completed()
    const { seq, ciphertext } = message
    this.countLetters(ciphertext)
    this.report({ type: 'message received', seq, ciphertext, missing })
    return { accepted: true, missing }
  }

  /**
   * Seals a picture (without one, the peer's own) and sends it, one after another: on the way two
   * might overtake each other, and the one that was overtaken is lost.
   * @throws PeerError; DuetError `no_session` `rekey_required` `bad_image` `too_large`
   */
  sendPicture(given?: PictureSource) {
    return this.#picturesInTurn(async () => {
      const picture = given ?? (await this.#ownPicture())
      const { type, bytes, name } = picture
      if (bytes > this.maxImage)
        throw new DuetError(
          'too_large',
          `This peer sends pictures of at most ${this.maxImage} bytes.`,
        )
      const length = streamBytes(picture)
      const begun = await beginPicture(picture)
      const clock = pictureClock('sent', this.report)
      try {
        // from here on the session has one picture less to send
        const keys = this.#exchange.sendPicture()
        const content = sealPicture(begun, keys, this.#aead, (done) => clock.progress(done, bytes))
        try {
          await this.#wire.image({ bytes: length, content })
        } catch (error) {
          if (error instanceof PeerError && error.peerCode === 'unknown_session')
            this.#texts.sessionGone(keys.header.session)
          throw error
        } finally {
          // once nothing is sealed any more: the wire may have failed before it asked for any of it, and after
          // an early refusal what was asked for may still be on its way
          const erase = () => keys.key.fill(0)
          content.return(undefined).then(erase, erase)
        }
      } finally {
        begun.end()
      }
      this.report({ type: 'picture sent', picture: { type, bytes, name }, ms: clock.ms() })
      return { sent: true, bytes, type } as const
    })
  }

  /**
   * Takes a picture's stream, and keeps the picture once all of it has opened.
   * @throws PeerError `no_space`; DuetError
   */
  async receivePicture(stream: AsyncIterable<Uint8Array>): Promise<PictureAccepted> {
    const clock = pictureClock('received', this.report)
    const { picture, name, firstChunk } = await openPicture(
      stream,
      (header) => {
        const { key, accept } = this.#exchange.receivePicture(header)
        // at once: what runs next may begin another exchange
        return { key, accept: () => accept() && this.#completed() }
      },
      this.#memory.pictures,
      { aead: this.#aead, maxBytes: this.maxImage },
      clock.progress,
    )
    this.countLetters(firstChunk)
    const { path, type, bytes, isRepeated, removed } = picture
    const facts = { type, bytes, name }
    this.report({ type: 'picture received', picture: facts, path, ms: clock.ms(), isRepeated })
    if (removed.length > 0) this.report({ type: 'pictures removed', removed })
    return { accepted: true, bytes }
  }

  /** Ciphertext that was accepted, for `frequency`. Of a picture the first chunk is enough. */
  countLetters(ciphertext: Uint8Array): void {
    this.#letters.add(ciphertext)
  }

  /**
   * How often each letter stands in English and in the ciphertext received so far (as base64,
   * letters folded to a-z), in percent: null while there is none. `sample`: how many letters of
   * ciphertext were counted.
   */
  frequency(): { english: ByLetter<number>; ciphertext: ByLetter<number | null>; sample: number } {
    const { sample, percent } = this.#letters.frequencies()
    return { english: ENGLISH, ciphertext: percent, sample }
  }

  /** What mail for this peer's mailbox is sealed to, as SPKI PEM; null without a mailbox. */
  get mailboxKey(): string | null {
    return this.#mailbox?.publicKey ?? null
  }

  /**
   * Stores a text that was sealed to the mailbox key. A resend has the same id and is stored once.
   * @throws PeerError `no_space`; DuetError `bad_encoding` `bad_point` `too_large` `inbox_full`
   */
  async receiveMail(sealed: Uint8Array): Promise<{ stored: true; id: string }> {
    if (this.#mailbox === null) throw new Error('This peer has no mailbox.')
    const { id, fresh } = await this.#mailbox.store(sealed)
    if (fresh) {
      this.report({ type: 'mail stored', id, bytes: sealed.length })
      this.countLetters(sealed)
    }
    return { stored: true, id }
  }

  /**
   * Sends a key message and takes the answer; then what the exchange wants to be sent after it.
   * @throws PeerError; DuetError `confirm_failed`
   */
  async #deliver(message: KeyMessage): Promise<void> {
    let next: KeyMessage | undefined = message
    let refusal: PeerError | undefined
    // a peer that makes another ciphertext in each answer would keep this going for good
    let mayRepeat = true
    while (next !== undefined) {
      const sent: KeyMessage = next
      try {
        const confirm = await this.#wire.keys(encodeKeyMessage(this.suite, sent))
        // whoever has a session confirms it
        const { current } = this.#exchange
        if (confirm === undefined && current !== null) this.#texts.sessionGone(current.id)
        const { completed, again } = this.#exchange.receiveAnswer(confirm)
        this.#tellOfAnotherSession(confirm)
        if (completed) this.#completed()
        next = mayRepeat ? again : undefined
        if (again !== undefined) mayRepeat = false
      } catch (error) {
        if (!(error instanceof PeerError)) throw error
        next = this.#exchange.afterRefusal(sent, error.peerCode)
        if (next === undefined) refusal ??= error
      }
    }
    if (refusal === undefined) return
    // refused; but what came meanwhile may have given both these keys all the same
    if (refusal.peerCode === null || !this.#exchange.hasCompleted(message.share)) throw refusal
  }

  /** Both sides have the keys: remembers the peer, and tells the owner. */
  #completed(): void {
    clearTimeout(this.#expiry)
    this.#identityRefused = false
    const { current, knownIdentity, wasKnown } = this.#exchange
    if (current === null || knownIdentity === null) throw new Error('Nothing was completed.')
    // they are kept for /show alone
    if (!this.showsSecrets) current.eraseSharedSecrets()
    this.#texts.settle()
    const keys = this.#keysWithoutConfirm
    if (keys !== null && isSame(current.peer.publicKey, keys.publicKey))
      this.#texts.sessionGone(keys.session)
    const own = this.#memory.identity.publicKey
    this.report({
      type: 'keys confirmed',
      session: current.id,
      own: current.own.publicKey,
      peer: current.peer.publicKey,
      kem: this.suite.kem?.name ?? null,
      safetyNumber: safetyNumber(this.suite.curve, own, knownIdentity),
      known: wasKnown,
    })
    this.#reportWork()
    if (this.#remembered) return
    try {
      this.#memory.remember(knownIdentity)
      this.#remembered = true
    } catch {
      // the session is good without it; the next one tries again
      this.report({ type: 'not remembered', place: this.#memory.place })
    }
  }

  #tellOfAnotherSession(confirm: Confirm | undefined): void {
    const given = confirm && this.#exchange.idBeside(confirm)
    if (given) this.report({ type: 'another session', named: confirm.session, given })
  }

  #reportSharedSecret(session: Session): void {
    const { ecdh, kem } = session.exportSharedSecrets()
    this.report({ type: 'shared secret', session: session.id, SECRET: ecdh })
    if (kem !== null) this.report({ type: 'KEM secret', SECRET: kem })
    for (const secret of [ecdh, kem]) secret?.fill(0)
  }

  #reportWork(): void {
    if (this.#work === null) return
    this.report({ type: 'work', SECRET: this.#work })
    this.#work.fill(0)
    this.#work = null
  }

  /** Takes keys. What their refusal tells is remembered, and another identity is told of. */
  #noting<T>({ identity, publicKey }: Share, take: () => T): T {
    try {
      return take()
    } catch (error) {
      if (!(error instanceof DuetError)) throw error
      if (error.code === 'confirm_failed') this.#refused = publicKey
      if (error.code === 'identity_changed') {
        this.#identityRefused = true
        this.report({
          type: 'identity changed',
          place: this.#memory.place,
          identity,
          toForget: this.#memory.toForget,
        })
      }
      throw error
    }
  }

  #expireLater(): void {
    clearTimeout(this.#expiry)
    this.#expiry = setTimeout(() => {
      this.#exchange.expire()
      this.report({ type: 'keys expired' })
    }, UNCONFIRMED_MS)
    this.#expiry.unref()
  }
}

function isSame(publicKey: Uint8Array, other: Uint8Array | null): boolean {
  return other !== null && equalBytes(publicKey, other)
}
