/**
 * What the peers of one terminal tell alike, so that it is said once: only what this process compared itself, byte by byte.
 * A terminal with one peer has nothing to compare with.
 */

import type { PeerEvent } from '../peer/contract.ts'
import { equalBytes } from '../protocol/bytes.ts'

type Agreed = Extract<PeerEvent, { type: 'keys confirmed' }>
type Crossing = 'keys' | 'proof' | 'message'

export class Alike {
  /** What each port has sent last, and agreed on last. */
  readonly #sent = new Map<number, Partial<Record<Crossing, Uint8Array>>>()
  readonly #agreed = new Map<number, Agreed>()

  sent(port: number, what: Crossing, bytes: Uint8Array): void {
    this.#sent.set(port, { ...this.#sent.get(port), [what]: bytes })
  }

  agreed(port: number, event: Agreed): void {
    this.#agreed.set(port, event)
  }

  /** What follows is told whole: something that it would be compared with was not shown. */
  forget(): void {
    this.#sent.clear()
    this.#agreed.clear()
  }

  /** The other port that has sent these bytes last, or undefined. */
  senderOf(port: number, what: Crossing, bytes: Uint8Array): number | undefined {
    for (const [other, { [what]: sent }] of this.#sent)
      if (other !== port && sent !== undefined && equalBytes(sent, bytes)) return other
    return undefined
  }

  /** Whether another port has agreed with this one: on the session, from these two public keys, and on the safety number. */
  isAgreed(port: number, { session, own, peer, safetyNumber, known, compared }: Agreed): boolean {
    return [...this.#agreed].some(
      ([other, its]) =>
        other !== port &&
        equalBytes(its.session, session) &&
        equalBytes(its.own, peer) &&
        equalBytes(its.peer, own) &&
        its.safetyNumber === safetyNumber &&
        // what is said of the number follows from these
        its.known === known &&
        its.compared === compared,
    )
  }
}
