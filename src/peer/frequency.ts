/** The letters of English, and those of a ciphertext: the oldest attack on ciphers, and why it finds nothing here. */

import { concatBytes } from '../protocol/bytes.ts'

export const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'] as const

/** A number for each letter from a to z. */
export type ByLetter<T> = Readonly<Record<string, T>>

/**
 * How often each letter stands in English texts, in percent. Source: Robert Edward Lewand,
 * Cryptological Mathematics, The Mathematical Association of America, 2000, page 36
 * (ISBN 978-0-88385-719-9), as in Wikipedia's article "Letter frequency".
 */
export const ENGLISH: ByLetter<number> = {
  a: 8.167,
  b: 1.492,
  c: 2.782,
  d: 4.253,
  e: 12.702,
  f: 2.228,
  g: 2.015,
  h: 6.094,
  i: 6.966,
  j: 0.153,
  k: 0.772,
  l: 4.025,
  m: 2.406,
  n: 6.749,
  o: 7.507,
  p: 1.929,
  q: 0.095,
  r: 5.987,
  s: 6.327,
  t: 9.056,
  u: 2.758,
  v: 0.978,
  w: 2.36,
  x: 0.15,
  y: 1.974,
  z: 0.074,
}

/** So many bytes are counted, those that came last: more would not make the shares more even than anybody sees. */
export const MAX_COUNTED = 64 * 1024

/**
 * Counts the letters that bytes have as base64, capitals and small ones alike: what a person sees who looks at a
 * ciphertext. What is added piece by piece counts as one string of bytes. It is counted when somebody asks.
 */
export class LetterCount {
  /** The last bytes, in a ring. */
  #kept = new Uint8Array(0)
  /** Where the next byte goes: the oldest one stands there, once there are `MAX_COUNTED`. */
  #end = 0
  #isFull = false

  add(bytes: Uint8Array): void {
    if (this.#kept.length === 0) this.#kept = new Uint8Array(MAX_COUNTED)
    const last = bytes.subarray(-MAX_COUNTED)
    const room = MAX_COUNTED - this.#end
    this.#kept.set(last.subarray(0, room), this.#end)
    this.#kept.set(last.subarray(room))
    this.#isFull ||= last.length >= room
    this.#end = (this.#end + last.length) % MAX_COUNTED
  }

  /** How many letters there are, and each one's share in percent: null while there are none. */
  frequencies(): { sample: number; percent: ByLetter<number | null> } {
    const sextets = sextetsIn(this.#inOrder())
    const counts = LETTERS.map((_, i) => (sextets[i] ?? 0) + (sextets[i + 26] ?? 0))
    const sample = counts.reduce((sum, count) => sum + count, 0)
    const percent = (count: number) =>
      sample === 0 ? null : Math.round((100_000 * count) / sample) / 1000
    return {
      sample,
      percent: Object.fromEntries(LETTERS.map((letter, i) => [letter, percent(counts[i] ?? 0)])),
    }
  }

  #inOrder(): Uint8Array {
    const newest = this.#kept.subarray(0, this.#end)
    return this.#isFull ? concatBytes(this.#kept.subarray(this.#end), newest) : newest
  }
}

/** How often each value of six bits stands in `bytes` (RFC 4648 section 4: 0 to 25 are A to Z, 26 to 51 are a to z). */
function sextetsIn(bytes: Uint8Array): Uint32Array {
  const counts = new Uint32Array(64)
  const count = (value: number) => {
    counts[value] = (counts[value] ?? 0) + 1
  }
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    // at the end base64 fills up with zeros
    const [a, b, c] = [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0]
    count(a >> 2)
    count(((a & 0x03) << 4) | (b >> 4))
    if (left > 1) count(((b & 0x0f) << 2) | (c >> 6))
    if (left > 2) count(c & 0x3f)
  }
  return counts
}
