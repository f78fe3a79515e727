/**
 * The lines that were typed, on their way out: what is to be done next, and what is known of each. It is pure: whoever
 * runs it does what `next` says and tells it how that ended.
 */

/** What is known of a line. `waits`: nothing of it left. `doubt`: it may have arrived. `unknown`: nobody will ever know. */
export type Mark = 'waits' | 'doubt' | 'arrived' | 'unknown' | 'refused'

export interface Line {
  /** UTF-8. Erased once the line is settled. */
  readonly text: Uint8Array
  readonly mark: Mark
}

/**
 * What to do now. `keys`: send keys, since there is no session at the present address. `text`: send this line as a new
 * text. `again`: send the text in doubt again, as the same bytes.
 */
export type Task =
  | { readonly do: 'keys' }
  | { readonly do: 'text' | 'again'; readonly line: Line }
  | null

/**
 * How a task ended. `arrived`: the other peer answered that it has the text. `doubt`: it may have it. `unknown`: it may have
 * it, and will never be asked again. `not sent`: it does not have it, and never will have these bytes. `no keys`: the same,
 * and its session is gone. `refused`: this can't be sent at all.
 */
export type Outcome = 'arrived' | 'doubt' | 'unknown' | 'not sent' | 'no keys' | 'refused'

const MARK_AFTER: Readonly<Record<Outcome, Mark>> = {
  arrived: 'arrived',
  doubt: 'doubt',
  unknown: 'unknown',
  'not sent': 'waits',
  'no keys': 'waits',
  refused: 'refused',
}

/** A task that failed is tried again after these times, in ms; the last one is for all that follow. */
const PAUSES_MS: readonly number[] = [500, 1000, 2000, 3000, 5000]

interface Held extends Line {
  mark: Mark
}

export class Outbox {
  readonly #lines: Held[] = []
  readonly #tell: (line: Line, isNews: boolean) => void
  #hasKeys = false
  #isHeld = false
  #failures = 0

  /** `tell` is called after each task about a line, with whether its mark has changed; last when it is settled. */
  constructor(tell: (line: Line, isNews: boolean) => void) {
    this.#tell = tell
  }

  /** What is not settled, oldest first. */
  get lines(): readonly Line[] {
    return this.#lines
  }

  /** Adds a line, 1 to 16,384 bytes of UTF-8. */
  add(text: Uint8Array): void {
    this.#lines.push({ text, mark: 'waits' })
  }

  /** A session came about at the present address. */
  keysAgreed(): void {
    this.#hasKeys = true
    this.#failures = 0
  }

  /** The session is gone, or the address has changed, or the other peer wants another session. */
  keysNeeded(): void {
    this.#hasKeys = false
  }

  /** Whether nothing is to be done for now, since nobody knows where to. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld
  }

  /** How often it failed since it went well last. */
  get failures(): number {
    return this.#failures
  }

  /** What to do now; null for nothing. A text in doubt is settled before the next one goes. */
  next(): Task {
    if (this.#isHeld) return null
    if (!this.#hasKeys) return { do: 'keys' }
    const [line] = this.#lines
    if (line === undefined) return null
    return { do: line.mark === 'doubt' ? 'again' : 'text', line }
  }

  /** How a task about the first line ended. */
  learn(outcome: Outcome): void {
    const [line] = this.#lines
    if (line === undefined) throw new Error('There is no line.')
    if (outcome === 'no keys') this.#hasKeys = false
    const mark = MARK_AFTER[outcome]
    if (mark === 'waits' || mark === 'doubt') this.#failures++
    else {
      this.#failures = 0
      this.#lines.shift()
    }
    const isNews = line.mark !== mark
    line.mark = mark
    this.#tell(line, isNews)
    if (this.#lines[0] !== line) line.text.fill(0)
  }

  /** Keys were sent, and no session came of it. */
  keysFailed(): void {
    this.#failures++
  }

  /** How long to wait before the next task, in ms: 0 unless the last one failed. */
  get pause(): number {
    if (this.#failures === 0) return 0
    return PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length) - 1] ?? 0
  }
}
