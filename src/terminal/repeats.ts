/** Blocks that a terminal has shown a moment ago. The same block again is counted, and its count is shown once. */

import { onExit } from './output.ts'

/** How long, in ms, nobody repeats a block before its count is shown, and how long a count waits at most. */
const QUIET_MS = 1000
const LONGEST_MS = 10_000
/** So many of the last blocks can be repeated, and only short ones: a stranger may make a peer say as much as it likes. */
const MAX_BLOCKS = 16
const MAX_LENGTH = 2048

interface Shown {
  readonly tell: (times: number) => void
  last: number
  since: number
  times: number
}

export class Repeats {
  readonly #shown = new Map<string, Shown>()
  #timer: NodeJS.Timeout | undefined
  readonly #flush = () => this.flush()

  /** Whether the block, with its `time`, is counted, and not to be shown now. `tell`: says how many times it came again. */
  has(shown: string, time: string, tell: Shown['tell']): boolean {
    if (shown.length > MAX_LENGTH) return false
    // the first is ours, and others may stand in a text from outside
    const block = shown.replace(time, '')
    const now = performance.now()
    const before = this.#shown.get(block)
    if (before !== undefined && (before.times > 0 || now - before.last < QUIET_MS)) {
      if (before.times++ === 0) before.since = now
      before.last = now
      if (this.#timer === undefined) {
        this.#timer = setInterval(() => this.#tell(performance.now()), QUIET_MS / 2)
        this.#timer.unref()
        onExit.add(this.#flush)
      }
      return true
    }
    this.#shown.delete(block)
    this.#shown.set(block, { tell, last: now, since: now, times: 0 })
    if (this.#shown.size > MAX_BLOCKS) {
      const [oldest = ''] = this.#shown.keys()
      this.#end(oldest)
    }
    return false
  }

  /** Shows all counts now. */
  flush(): void {
    this.#tell(Number.POSITIVE_INFINITY)
  }

  #tell(now: number): void {
    let waiting = 0
    for (const [block, { last, since, times }] of this.#shown)
      if (times === 0) continue
      else if (now - last >= QUIET_MS || now - since >= LONGEST_MS) this.#end(block)
      else waiting++
    if (waiting > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    onExit.delete(this.#flush)
  }

  #end(block: string): void {
    const shown = this.#shown.get(block)
    this.#shown.delete(block)
    if (shown !== undefined && shown.times > 0) shown.tell(shown.times)
  }
}
