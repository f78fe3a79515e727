/** A set of sequences of whole numbers, each kept as a hash of 96 bits: open addressing in one typed array. */

const WORDS = 3

export class Fingerprints {
  #capacity: number
  #table: Int32Array
  #size = 0

  constructor(capacity = 2 ** 16) {
    this.#capacity = capacity
    this.#table = new Int32Array(capacity * WORDS)
  }

  get size(): number {
    return this.#size
  }

  /** Adds the first `length` of `sequence`. Returns whether they are new. */
  add(sequence: Int32Array, length: number): boolean {
    let a = 0x243f6a88
    let b = 0x85a308d3
    let c = 0x13198a2e
    for (let i = 0; i < length; i++) {
      const value = sequence[i] ?? 0
      a = Math.imul(a ^ value, 0xcc9e2d51)
      a = ((a << 15) | (a >>> 17)) + b
      b = Math.imul(b ^ value, 0x1b873593)
      b = ((b << 13) | (b >>> 19)) + c
      c = Math.imul(c + value, 0x9e3779b1)
      c = ((c << 11) | (c >>> 21)) ^ a
    }
    a = mix(a ^ length)
    b = mix(b ^ a)
    c = mix(c ^ b) || 1
    if (!this.#put(a, b, c)) return false
    this.#size++
    if (this.#size * 3 > this.#capacity * 2) this.#grow()
    return true
  }

  #put(a: number, b: number, c: number): boolean {
    const table = this.#table
    let at = (a >>> 0) % this.#capacity
    for (;;) {
      const place = at * WORDS
      // the third word of a place that is taken is never 0
      if (table[place + 2] === 0) {
        table[place] = a
        table[place + 1] = b
        table[place + 2] = c
        return true
      }
      if (table[place] === a && table[place + 1] === b && table[place + 2] === c) return false
      at = at + 1 === this.#capacity ? 0 : at + 1
    }
  }

  #grow(): void {
    const old = this.#table
    this.#capacity *= 2
    this.#table = new Int32Array(this.#capacity * WORDS)
    for (let i = 0; i < old.length; i += WORDS)
      if (old[i + 2] !== 0) this.#put(old[i] ?? 0, old[i + 1] ?? 0, old[i + 2] ?? 0)
  }
}

/** The last step of MurmurHash3 for 32 bits: every bit of the input changes half of the output's. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
