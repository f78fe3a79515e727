/**
 * A peer as its owner and the wire see it: every handler makes one call here. What it needs
 * from outside (the way to the other peer, the terminal, a memory) is handed in.
 */

import { bytesToHex, utf8ToBytes } from './protocol/bytes.ts'
import type { KeyPair } from './protocol/curves.ts'
import { DuetError } from './protocol/errors.ts'
import { Exchange } from './protocol/exchange.ts'
import {
  type AnswerForm,
  type Confirm,
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  type KeyForm,
  type MessageForm,
  parseKeyMessage,
  parseMessage,
} from './protocol/messages.ts'
import { safetyNumber } from './protocol/safetyNumber.ts'

/** How long a private key waits for its confirmation before it is erased: an hour, in ms. */
const UNCONFIRMED_MS = 60 * 60 * 1000

/** What can go wrong around the protocol, on this peer's side of the wire. */
export type PeerCode = 'peer_unreachable' | 'peer_refused' | 'peer_timeout' | 'secrets_hidden'

/** The other peer could not be reached, or refused: then `peerCode` is its own code, if it gave a known one. */
export class PeerError extends DuetError<PeerCode> {
  readonly peerCode: string | null

  constructor(code: PeerCode, detail: string, peerCode: string | null = null) {
    super(code, detail)
    this.peerCode = peerCode
  }
}

/** The way to the other peer: one function for each wire route. Each throws PeerError. */
export interface Wire {
  /** Its base URL, as the command line gave it. */
  readonly url: string
  /** Returns the confirmation that the answer carries, if any. */
  keys(form: KeyForm): Promise<Confirm | undefined>
  /** Returns how many messages before this one the receiver misses. */
  message(form: MessageForm): Promise<{ missing: number }>
}

/** What a peer keeps from one run to the next. */
export interface Memory {
  readonly identity: KeyPair
  /** The other peer's identity as it was confirmed once, or null. */
  readonly knownIdentity: Uint8Array | null
  /** Keeps a confirmed identity; it is the known one from now on. */
  remember(identity: Uint8Array): void
  /** Where all this is kept, for the owner. */
  readonly place: string
  /** What the owner does to forget the known identity. */
  readonly toForget: string
}

/** What happens to a peer, as its terminal tells it. Bytes are public except where the type says SECRET. */
export type PeerEvent =
  | {
      type: 'ready'
      url: string
      peerUrl: string
      curve: string
      identity: Uint8Array
      place: string
    }
  | { type: 'keys sent'; publicKey: Uint8Array }
  | { type: 'keys received'; publicKey: Uint8Array }
  | {
      type: 'keys confirmed'
      session: Uint8Array
      safetyNumber: string
      known: boolean
    }
  | { type: 'not remembered'; place: string }
  | { type: 'identity changed'; identity: Uint8Array; toForget: string }
  | { type: 'keys expired' }
  | { type: 'shared secret'; session: Uint8Array; SECRET: Uint8Array }
  | { type: 'no shared secret' }
  | { type: 'message sent'; seq: number; ciphertext: Uint8Array }
  | {
      type: 'message received'
      seq: number
      ciphertext: Uint8Array
      missing: number
    }
  | { type: 'message opened'; seq: number; SECRET: Uint8Array }
  | { type: 'refused'; request: string; code: string; detail: string }
  | { type: 'defect'; where: string }

export interface PeerOptions {
  /** The port this peer listens on. */
  readonly port: number
  readonly memory: Memory
  readonly wire: Wire
  readonly report: (event: PeerEvent) => void
  /** Whether the terminal prints secrets. */
  readonly showsSecrets: boolean
  /** What `/send_msg` sends without a text; otherwise a sentence with the port. */
  readonly message?: string | undefined
}

export type Shown = ReturnType<Peer['show']>

export class Peer {
  readonly port: number
  readonly url: string
  readonly peerUrl: string
  readonly report: (event: PeerEvent) => void
  readonly #exchange: Exchange
  readonly #memory: Memory
  readonly #wire: Wire
  readonly #showsSecrets: boolean
  readonly #message: Uint8Array
  readonly #keysInTurn = inTurn()
  readonly #messagesInTurn = inTurn()
  #expiry: NodeJS.Timeout | undefined

  constructor({ port, memory, wire, report, showsSecrets, message }: PeerOptions) {
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.peerUrl = wire.url
    this.report = report
    this.#exchange = new Exchange(memory.identity, memory.knownIdentity)
    this.#memory = memory
    this.#wire = wire
    this.#showsSecrets = showsSecrets
    this.#message = utf8ToBytes(message ?? `This is a secret message from port ${port}!`)
  }

  /** Tells the terminal who this is. */
  start(): void {
    this.report({
      type: 'ready',
      url: this.url,
      peerUrl: this.peerUrl,
      curve: this.#curve.name,
      identity: this.#memory.identity.publicKey,
      place: this.#memory.place,
    })
  }

  /** Erases what waits for a confirmation, and stops the clock. */
  close(): void {
    clearTimeout(this.#expiry)
    this.#exchange.expire()
  }

  /**
   * Makes a fresh key pair and sends the public key. `session`: the id of the session that
   * this completed, as hex, or null while the other peer's keys are missing.
   * @throws PeerError; DuetError `confirm_failed`
   */
  sendKeys(): Promise<{ sent: true; session: string | null }> {
    return this.#keysInTurn(async () => {
      const message = this.#exchange.startKeys()
      const { publicKey } = message.share
      this.#expireLater()
      this.report({ type: 'keys sent', publicKey })
      const confirm = await this.#wire.keys(encodeKeyMessage(this.#curve, message))
      if (this.#exchange.receiveAnswer(confirm)) this.#completed()
      const current = this.#exchange.current
      return {
        sent: true,
        session: current?.own.publicKey === publicKey ? bytesToHex(current.id) : null,
      }
    })
  }

  /** Prints the shared secret in the terminal; returns the public side of everything. */
  show() {
    const exchange = this.#exchange
    const { current, knownIdentity } = exchange
    if (current === null) this.report({ type: 'no shared secret' })
    else
      this.report({
        type: 'shared secret',
        session: current.id,
        SECRET: current.exportSharedSecret(),
      })
    const own = this.#memory.identity.publicKey
    return {
      port: this.port,
      curve: this.#curve.name,
      basePoint: bytesToHex(this.#curve.basePoint),
      publicKey: hexOrNull(exchange.publicKey),
      identity: bytesToHex(own),
      safetyNumber: knownIdentity && safetyNumber(this.#curve, own, knownIdentity),
      peer: {
        url: this.peerUrl,
        basePoint: exchange.peerPublicKey && bytesToHex(this.#curve.basePoint),
        publicKey: hexOrNull(exchange.peerPublicKey),
        identity: hexOrNull(exchange.peerIdentity),
        known: exchange.wasKnown,
      },
      session: current && {
        id: bytesToHex(current.id),
        sent: current.sent,
        received: current.received,
      },
      waiting: exchange.waiting.map(({ session, seq, ciphertext }) => ({
        session: bytesToHex(session),
        seq,
        ciphertext: bytesToHex(ciphertext),
      })),
      image: null,
    }
  }

  /**
   * Seals a text (UTF-8; without one, the peer's own) and sends it.
   * @throws PeerError; DuetError `bad_text` `no_session` `rekey_required`
   */
  sendMessage(text: Uint8Array = this.#message) {
    return this.#messagesInTurn(async () => {
      const message = this.#exchange.sendMessage(text)
      const { session, seq, ciphertext } = message
      this.report({ type: 'message sent', seq, ciphertext })
      await this.#wire.message(encodeMessage(message))
      return {
        sent: true,
        session: bytesToHex(session),
        seq,
        bytes: text.length,
      } as const
    })
  }

  /**
   * Opens every message that waits, oldest first, and prints each in the terminal.
   * @throws PeerError `secrets_hidden`; DuetError `nothing_waiting`
   */
  decryptMessages(): { decrypted: number } {
    if (!this.#showsSecrets)
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
    const message = parseKeyMessage(this.#curve, body)
    const { confirm, completed } = this.#tellingOfAnotherIdentity(message.share.identity, () =>
      this.#exchange.receiveKeys(message),
    )
    this.report({ type: 'keys received', publicKey: message.share.publicKey })
    if (completed) this.#completed()
    return encodeAnswer(confirm)
  }

  /**
   * Takes a sealed message, as parsed JSON, authenticates it and lets it wait.
   * @throws DuetError
   */
  receiveMessage(body: unknown): { accepted: true; missing: number } {
    const message = parseMessage(body)
    const { missing, completed } = this.#exchange.receiveMessage(message)
    if (completed) this.#completed()
    const { seq, ciphertext } = message
    this.report({ type: 'message received', seq, ciphertext, missing })
    return { accepted: true, missing }
  }

  get #curve() {
    return this.#memory.identity.curve
  }

  /** Both sides have the keys: remembers the peer, and tells the owner. */
  #completed(): void {
    clearTimeout(this.#expiry)
    const { current, knownIdentity, wasKnown } = this.#exchange
    if (current === null || knownIdentity === null) throw new Error('Nothing was completed.')
    const own = this.#memory.identity.publicKey
    this.report({
      type: 'keys confirmed',
      session: current.id,
      safetyNumber: safetyNumber(this.#curve, own, knownIdentity),
      known: wasKnown,
    })
    if (wasKnown) return
    try {
      this.#memory.remember(knownIdentity)
    } catch {
      // the session is good without it, and the next run will ask again
      this.report({ type: 'not remembered', place: this.#memory.place })
    }
  }

  #tellingOfAnotherIdentity<T>(identity: Uint8Array, take: () => T): T {
    try {
      return take()
    } catch (error) {
      if (error instanceof DuetError && error.code === 'identity_changed')
        this.report({
          type: 'identity changed',
          identity,
          toForget: this.#memory.toForget,
        })
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

/** Runs tasks one after another: each begins when the one before has ended, well or badly. */
function inTurn(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = last.then(task)
    last = result.catch(() => {})
    return result
  }
}

function hexOrNull(bytes: Uint8Array | null): string | null {
  return bytes && bytesToHex(bytes)
}
