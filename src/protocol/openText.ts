/** The one text that was sealed and not yet settled: its bytes as they were sealed, and what its copies tell of it. */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes, randomBytes } from './bytes.ts'
import type { SealedMessage } from './messages.ts'

/**
 * What became of one copy. `accepted`: 201. `replay`, `unknown_session`: refused with that code. `not now`: refused
 * with any other. `no answer`: none came, or none of a peer. `unsent`: no byte of it left this machine.
 */
export type Outcome = 'accepted' | 'replay' | 'unknown_session' | 'not now' | 'no answer' | 'unsent'

/**
 * What is known of a text. `open`: a copy may still be on its way, and be taken. `arrived`: it was taken. `refused`: it
 * was not, and never will be. `unknown`: it may have been read, and nobody will be able to tell.
 */
export type Fate = 'open' | 'arrived' | 'refused' | 'unknown'

/**
 * A text from the moment it is sealed until it is settled. Of the text itself there is no more than a MAC, under
 * a random key that is erased with it: enough to know the same text when it comes again.
 */
export class OpenText {
  readonly message: SealedMessage
  readonly #key: Uint8Array
  readonly #mac: Uint8Array
  #fate: Fate = 'open'
  /** Copies that left, or may have: 2 stands for any more. */
  #copies = 0
  #isUnderWay = false

  /** `text`: what `message` seals, UTF-8. It is not kept. */
  constructor(message: SealedMessage, text: Uint8Array) {
    this.message = message
    this.#key = randomBytes(32)
    this.#mac = hmac(sha256, this.#key, text)
  }

  get fate(): Fate {
    return this.#fate
  }

  /** Whether a copy left and nobody has said yet what became of it. */
  get isUnderWay(): boolean {
    return this.#isUnderWay
  }

  /** Whether a copy left, or may have. */
  get hasLeft(): boolean {
    return this.#copies > 0
  }

  /** Whether `text` is this one, compared in constant time. Nobody can tell once it is settled. */
  isSame(text: Uint8Array): boolean {
    return equalBytes(hmac(sha256, this.#key, text), this.#mac)
  }

  /** A copy leaves: the same bytes each time. The next one waits until `learn` has said what became of it. */
  copy(): SealedMessage {
    if (this.#fate !== 'open' || this.#isUnderWay) throw new Error('No copy may leave now.')
    this.#isUnderWay = true
    this.#copies = Math.min(2, this.#copies + 1)
    return this.message
  }

  /** What became of the copy that left last, and what is known of the text with it. */
  learn(outcome: Outcome): Fate {
    if (!this.#isUnderWay) throw new Error('No copy is under way.')
    this.#isUnderWay = false
    const isOnlyCopy = this.#copies === 1
    if (outcome === 'accepted' || outcome === 'replay') return this.settle('arrived')
    if (outcome === 'unknown_session') return this.settle(isOnlyCopy ? 'refused' : 'unknown')
    if (outcome === 'unsent' && isOnlyCopy) this.#copies = 0
    return this.#fate
  }

  /** Nothing more is learnt of it: what it could be told by is erased. */
  settle(fate: Exclude<Fate, 'open'>): Fate {
    this.#fate = fate
    this.#key.fill(0)
    this.#mac.fill(0)
    return fate
  }
}
