/** The way to the other peer while its address may change: a new address gets nothing but keys at first. */

import { PeerError, type Wire } from '../peer/contract.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import type { KeyForm, MessageForm } from '../protocol/messages.ts'

/**
 * A wire whose address can be changed. Texts and pictures go to the present address only once a session came about from
 * keys of ours that were sent to it: then the other peer got what was sent there, and its identity is the known one.
 */
export class MovingWire implements Wire {
  readonly #call: (url: string) => Wire
  #at: Wire
  /** The public key, as hex, that went to the present address last. */
  #offered: string | null = null
  #isConfirmed = false

  /** `call`: makes the way to one address; `url`: the first of them. */
  constructor(call: (url: string) => Wire, url: string) {
    this.#call = call
    this.#at = call(url)
  }

  get url(): string {
    return this.#at.url
  }

  /** Whether texts go to the present address. */
  get isConfirmed(): boolean {
    return this.#isConfirmed
  }

  /** From now on the other peer is looked for at `url`. Returns whether that is another address than before. */
  move(url: string): boolean {
    if (url === this.url) return false
    this.#at = this.#call(url)
    this.#offered = null
    this.#isConfirmed = false
    return true
  }

  /** To be called when a session came about; `own`: our public key in it. */
  sessionOf(own: Uint8Array): void {
    this.#isConfirmed ||= bytesToHex(own) === this.#offered
  }

  keys(form: KeyForm): ReturnType<Wire['keys']> {
    this.#offered = form.publicKey
    return this.#at.keys(form)
  }

  async message(form: MessageForm, copy: number): Promise<{ missing: number }> {
    this.#refuseUnconfirmed()
    return this.#at.message(form, copy)
  }

  async image(stream: Parameters<Wire['image']>[0]): Promise<{ bytes: number }> {
    this.#refuseUnconfirmed()
    return this.#at.image(stream)
  }

  /** @throws PeerError `peer_unreachable` */
  #refuseUnconfirmed(): void {
    if (!this.#isConfirmed)
      throw new PeerError(
        'peer_unreachable',
        'Nothing but keys goes to this address until the other peer has confirmed them.',
        null,
        'no route',
      )
  }
}
