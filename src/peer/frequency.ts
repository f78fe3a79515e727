/** The letters of English, and those of a ciphertext: the oldest attack on ciphers, and why it finds nothing here. */

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

/**
 * Counts the letters that bytes have as base64, capitals and small ones alike: what a person
 * sees who looks at a ciphertext. What is added piece by piece counts as one string of bytes.
 */
export class LetterCount {
  /** By the value of six bits (RFC 4648 section 4: 0 to 25 are A to Z, 26 to 51 are a to z). */
  readonly #sextets = new Float64Array(64)
  /** The bits that wait for the next byte, at most five. */
  #held = 0
  #bits = 0

  add(bytes: Uint8Array): void {
    const sextets = this.#sextets
    let at = 0
    while (this.#bits > 0 && at < bytes.length) this.#addByte(bytes[at++] ?? 0)
    // three bytes are four letters: several times as fast as byte by byte
    for (; at + 2 < bytes.length; at += 3) {
      const [a, b, c] = [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0]
      count(sextets, a >> 2)
      count(sextets, ((a & 0x03) << 4) | (b >> 4))
      count(sextets, ((b & 0x0f) << 2) | (c >> 6))
      count(sextets, c & 0x3f)
    }
    while (at < bytes.length) this.#addByte(bytes[at++] ?? 0)
  }

  /** How many letters there are, and each one's share in percent: null while there are none. */
  frequencies(): { sample: number; percent: ByLetter<number | null> } {
    const sextets = this.#sextets.slice()
    // at the end base64 fills up with zeros
    if (this.#bits > 0) count(sextets, this.#held << (6 - this.#bits))
    const counts = LETTERS.map((_, i) => (sextets[i] ?? 0) + (sextets[i + 26] ?? 0))
    const sample = counts.reduce((sum, count) => sum + count, 0)
    const percent = (count: number) =>
      sample === 0 ? null : Math.round((100_000 * count) / sample) / 1000
    return {
      sample,
      percent: Object.fromEntries(LETTERS.map((letter, i) => [letter, percent(counts[i] ?? 0)])),
    }
  }

  #addByte(byte: number): void {
    this.#held = (this.#held << 8) | byte
    this.#bits += 8
    while (this.#bits >= 6) {
      this.#bits -= 6
      count(this.#sextets, this.#held >> this.#bits)
      this.#held &= (1 << this.#bits) - 1
    }
  }
}

function count(sextets: Float64Array, value: number): void {
  sextets[value] = (sextets[value] ?? 0) + 1
}
