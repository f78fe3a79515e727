/** The examiner's choices: a stream of bytes that a seed and a label decide, so that a run can be repeated. */

import { chacha20 } from '@noble/ciphers/chacha.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '../../../protocol/bytes.ts'

/**
 * Repeatable bytes, for keys that are thrown away. Each clause has a label of its own, so that none depends on which
 * other ones ran before it, or beside it.
 */
export class Random {
  readonly #key: Uint8Array
  #calls = 0

  constructor(seed: number, label: string) {
    this.#key = sha256(utf8ToBytes(`ecdh-duet exercise ${seed} ${label}`))
  }

  /** Another stream, for what happens beside this one. */
  fork(label: string): Random {
    return new Random(0, `${bytesToHex(this.#key)} ${label}`)
  }

  /** `count` bytes: the ChaCha20 stream (RFC 8439 section 2.4) under a nonce that counts the calls. */
  bytes(count: number): Uint8Array {
    const nonce = new Uint8Array(12)
    new DataView(nonce.buffer).setUint32(0, this.#calls++)
    return chacha20(this.#key, nonce, new Uint8Array(count))
  }

  /** An integer from 0 to `limit` - 1, `limit` at most 2^32. */
  below(limit: number): number {
    const bytes = this.bytes(6)
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % limit
  }

  /** One of `list`, which is not empty. */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)]
    if (picked === undefined) throw new RangeError('There is nothing to pick from.')
    return picked
  }
}
