/**
 * A key of its own for each message or picture of one direction: the symmetric-key ratchet of
 * Signal's "The Double Ratchet Algorithm", section 2.2, with the constants of its section 5.2.
 */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { DuetError } from './errors.ts'

/** Keys a chain gives, and so the first number that is refused. */
export const MAX_KEYS = 2 ** 20
/** How far beyond the next number a receiver looks: so many hashes are the most that anybody can make it do. */
export const MAX_AHEAD = 1024

const FOR_KEY = Uint8Array.of(1)
const FOR_CHAIN = Uint8Array.of(2)

/** key = HMAC-SHA-256(chain, 01), next = HMAC-SHA-256(chain, 02), 32 bytes each. */
function step(chain: Uint8Array): { key: Uint8Array; next: Uint8Array } {
  const keyed = hmac.create(sha256, chain)
  const forKey = keyed.clone()
  return { key: forKey.update(FOR_KEY).digest(), next: keyed.update(FOR_CHAIN).digest() }
}

/** The chain `count` numbers on, in bytes of its own. No key in between is ever computed. */
function skip(chain: Uint8Array, count: number): Uint8Array {
  let at = chain.slice()
  for (let i = 0; i < count; i++) {
    const next = hmac.create(sha256, at).update(FOR_CHAIN).digest()
    at.fill(0)
    at = next
  }
  return at
}

/** The key of one number, and the chain that comes after it. The receiver's own chain stays until `accept`. */
export interface KeyAhead {
  /** 32 bytes, the caller's to erase. */
  readonly key: Uint8Array
  /**
   * What came under this key was accepted: the keys up to it are gone. Returns how many numbers were skipped.
   * @throws DuetError `replay` if a later one was accepted meanwhile
   */
  accept(): number
  /** It was not accepted: nothing of it is kept. Does nothing after `accept`. */
  forget(): void
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
    const { key, next } = step(this.#chain)
    this.#become(next, number + 1)
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
   * For a receiver: the key of `number`, on a copy of the chain.
   * @throws DuetError as `check` does
   */
  ahead(number: number): KeyAhead {
    this.check(number)
    if (this.#erased) throw new Error('The key chain is erased.')
    const at = skip(this.#chain, number - this.#next)
    const { key, next } = step(at)
    at.fill(0)
    let isForgotten = false
    return {
      key,
      accept: () => {
        if (isForgotten) throw new Error('It was forgotten, and its chain with it.')
        this.check(number)
        const skipped = number - this.#next
        this.#become(next, number + 1)
        return skipped
      },
      forget: () => {
        isForgotten = true
        next.fill(0)
      },
    }
  }

  /** Overwrites the chain; it gives no key any more. */
  erase(): void {
    this.#chain.fill(0)
    this.#erased = true
  }

  /** Copies `next` over the chain and erases it; `number` is the next one from now on. */
  #become(next: Uint8Array, number: number): void {
    // a chain that was erased while a picture came has no next key
    if (!this.#erased) this.#chain.set(next)
    next.fill(0)
    this.#next = number
  }
}
