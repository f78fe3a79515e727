/** The way to the other peer while its address may change: a new address gets nothing but keys at first. */

import { PeerError, type Wire } from '../peer/contract.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import type { Confirm, KeyForm, MessageForm } from '../protocol/messages.ts'

/** Stands for the address while nobody knows one: nothing is sent there. */
const NOWHERE = 'http://0.0.0.0:9'

/**
 * A wire whose address can be changed. Texts and pictures go to the present address only once a session came about from
 * keys of ours that were sent to it: then the other peer got what was sent there, and its identity is the known one.
 */
export class MovingWire implements Wire {
  readonly #call: (url: string) => Wire
  #at: Wire | null = null
  /** The public key, as hex, that went to the present address last. */
  #offered: string | null = null
  #isConfirmed = false

  /** `call`: makes the way to one address. There is none before `move`. */
  constructor(call: (url: string) => Wire) {
    this.#call = call
  }

  get url(): string {
    return this.#at?.url ?? NOWHERE
  }

  /** Whether texts go to the present address. */
  get isConfirmed(): boolean {
    return this.#isConfirmed
  }

  /** From now on the other peer is looked for at `url`, or nowhere. */
  move(url: string | null): void {
    if (url !== null && url === this.url) return
    this.#at = url === null ? null : this.#call(url)
    this.#offered = null
    this.#isConfirmed = false
  }

  /** To be called when a session came about; `own`: our public key in it. */
  sessionOf(own: Uint8Array): void {
    this.#isConfirmed ||= bytesToHex(own) === this.#offered
  }

  async keys(form: KeyForm): Promise<Confirm | undefined> {
    if (this.#at === null) throw refusal('Nobody was chosen to talk with yet.')
    this.#offered = form.publicKey
    return this.#at.keys(form)
  }

  async message(form: MessageForm, copy: number): Promise<{ missing: number }> {
    return this.#confirmed().message(form, copy)
  }

  async image(stream: Parameters<Wire['image']>[0]): Promise<{ bytes: number }> {
    return this.#confirmed().image(stream)
  }

  /** @throws PeerError `peer_unreachable` */
  #confirmed(): Wire {
    if (this.#at !== null && this.#isConfirmed) return this.#at
    throw refusal('Nothing but keys goes to this address until they are confirmed there.')
  }
}

/** Nothing left this machine. */
function refusal(detail: string): PeerError {
  return new PeerError('peer_unreachable', detail, null, 'no route')
}
