/** Rows of whole numbers that grow without end, in typed arrays: a state each, in the order in which they were found. */

export class Columns {
  readonly #width: number
  #rows: Int32Array
  #length = 0

  constructor(width: number) {
    this.#width = width
    this.#rows = new Int32Array(width * 1024)
  }

  get length(): number {
    return this.#length
  }

  push(row: readonly number[]): number {
    const at = this.#length * this.#width
    if (at === this.#rows.length) {
      const larger = new Int32Array(2 * at)
      larger.set(this.#rows)
      this.#rows = larger
    }
    for (let i = 0; i < this.#width; i++) this.#rows[at + i] = row[i] ?? 0
    return this.#length++
  }

  at(row: number): Int32Array {
    return this.#rows.subarray(row * this.#width, (row + 1) * this.#width)
  }
}
