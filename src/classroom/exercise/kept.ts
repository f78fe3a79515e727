/** What a student's process prints, as much of it as we keep. */

/** Bytes that are kept of one stream; what comes after them takes the place of the oldest. */
const MAX_KEPT = 1024 * 1024
/** More than this is too much for the last lines of a report. */
const MAX_TAIL = 2048
/** Between two looks at what came: a look at each piece of a flood would take longer than the pieces do. */
const LOOK_MS = 10

export class Kept {
  #pieces: Buffer[] = []
  #length = 0
  /** How many bytes came before those that are kept. */
  #dropped = 0

  /** How many bytes have come: what `since` takes. */
  get mark(): number {
    return this.#dropped + this.#length
  }

  write(chunk: Uint8Array): void {
    this.#pieces.push(Buffer.from(chunk))
    this.#length += chunk.length
    while (this.#length > MAX_KEPT) {
      const [first = Buffer.alloc(0)] = this.#pieces
      const excess = this.#length - MAX_KEPT
      const taken = Math.min(excess, first.length)
      if (taken === first.length) this.#pieces.shift()
      else this.#pieces[0] = first.subarray(taken)
      this.#length -= taken
      this.#dropped += taken
    }
  }

  /** What came after `mark`, as far as it is kept. */
  since(mark: number): Buffer {
    const all = Buffer.concat(this.#pieces)
    return all.subarray(Math.max(0, mark - this.#dropped))
  }

  /** The last lines, at most `count` of them. They are the student's: who shows them makes them printable. */
  tail(count: number): string[] {
    const text = this.since(Math.max(0, this.mark - MAX_TAIL)).toString('utf8')
    return text.trimEnd().split('\n').slice(-count)
  }

  /** Resolves with true once `isThere` holds of what came since `mark`, and with false after `ms` milliseconds. */
  async waitFor(mark: number, isThere: (bytes: Buffer) => boolean, ms: number): Promise<boolean> {
    const until = performance.now() + ms
    let looked = -1
    for (;;) {
      const isLate = performance.now() >= until
      if (this.mark !== looked) {
        looked = this.mark
        if (isThere(this.since(mark))) return true
      }
      if (isLate) return false
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }
}
