/**
 * A key of its own for each message or picture of one direction: the symmetric-key ratchet of
 * Signal's "The Double Ratchet Algorithm", section 2.2, with the constants of its section 5.2.
 */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { DuetError } from './errors.ts'

/** Keys a chain gives, and so the first number that is refused. */
export const MAX_KEYS = 2 ** 20
/** How far beyond the next number a receiver looks: so many chain steps are the most that a forged message costs it. */
export const MAX_AHEAD = 1024

/** HMAC-SHA-256 under a chain, before its message: the key and the next chain begin with the same two blocks. */
const keyedBy = (chain: Uint8Array) => hmac.create(sha256, chain)
type Keyed = ReturnType<typeof keyedBy>

/** key = HMAC-SHA-256(chain, 01), 32 bytes. `chain` can still give the next one. */
function keyFrom(chain: Keyed): Uint8Array {
  return chain.clone().update(Uint8Array.of(1)).digest()
}

/** The next chain, HMAC-SHA-256(chain, 02), 32 bytes. `chain` gives nothing more. */
function nextFrom(chain: Keyed): Uint8Array {
  return chain.update(Uint8Array.of(2)).digest()
}

/** The chain `count` numbers on, in bytes of its own. */
function skip(chain: Uint8Array, count: number): Uint8Array {
  let at: Uint8Array = chain.slice()
  for (let i = 0; i < count; i++) {
    const next = nextFrom(keyedBy(at))
    at.fill(0)
    at = next
  }
  return at
}

/** The chain of one direction: it goes forward only, and each number has one key. */
export class KeyChain {
  readonly #what: string
  readonly #chain: Uint8Array
  #next = 0
  #erased = false

  /** Takes over `chain`, 32 bytes: chain_0. `what`: what is numbered, for errors. */
  constructor(what: 'message' | 'picture', chain: Uint8Array) {
    this.#what = what
    this.#chain = chain
  }

  /** The next number to take, or to expect. */
  get next(): number {
    return this.#next
  }

  /**
   * For a sender: the next number and its key (32 bytes, the caller's to erase), which nobody
   * can derive again from here.
   * @throws DuetError `rekey_required` after 2^20 of them
   */
  take(): { number: number; key: Uint8Array } {
    if (this.#erased) throw new Error('The key chain is erased.')
    const number = this.#next
    if (number >= MAX_KEYS)
      throw new DuetError('rekey_required', `This session has sealed all its 2^20 ${this.#what}s.`)
    const chain = keyedBy(this.#chain)
    const key = keyFrom(chain)
    this.#go(number + 1, nextFrom(chain))
    return { number, key }
  }

  /**
   * Refuses a number that has no place here, before anything is hashed for it.
   * @throws DuetError `rekey_required` `replay` `too_far_ahead`
   */
  check(number: number): void {
    if (number >= MAX_KEYS)
      throw new DuetError('rekey_required', `A session has 2^20 ${this.#what}s and no more.`)
    if (number < this.#next)
      throw new DuetError(
        'replay',
        `This ${this.#what} was accepted, or a later one: number ${number}; next expected ${this.#next}.`,
      )
    if (number > this.#next + MAX_AHEAD)
      throw new DuetError(
        'too_far_ahead',
        `The number is more than ${MAX_AHEAD} beyond the next one expected.`,
      )
  }

  /**
   * For a receiver: the key of `number` (32 bytes, the caller's to erase). The chain stays where it is until `accept`.
   * @throws DuetError as `check` does
   */
  keyOf(number: number): Uint8Array {
    this.check(number)
    if (this.#erased) throw new Error('The key chain is erased.')
    const chain = skip(this.#chain, number - this.#next)
    const keyed = keyedBy(chain)
    chain.fill(0)
    const key = keyFrom(keyed)
    keyed.destroy()
    return key
  }

  /**
   * What came under `number` was accepted: the keys up to it are gone. Returns how many numbers were skipped.
   * @throws DuetError as `check` does: a later number may have been accepted since `keyOf`
   */
  accept(number: number): number {
    this.check(number)
    const skipped = number - this.#next
    this.#go(number + 1, skip(this.#chain, skipped + 1))
    return skipped
  }

  /** Overwrites the chain; it gives no key any more. */
  erase(): void {
    this.#chain.fill(0)
    this.#erased = true
  }

  /** Takes over `chain`, that of `number`, in place of the one before. */
  #go(number: number, chain: Uint8Array): void {
    this.#next = number
    // A picture may be accepted after its session was erased: the chain stays erased, and the number counts.
    if (!this.#erased) this.#chain.set(chain)
    chain.fill(0)
  }
}
