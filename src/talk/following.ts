/** Where to look for the other peer once it does not answer where it was. */

import { skeletonOf } from '../nearby/labels.ts'
import type { Other } from '../nearby/nearby.ts'

/** After so many failures in a row, another address is tried. */
const FAILURES = 2
/** How long, in ms, an address is tried before the next one. */
const TRIED_MS = 8000

/**
 * The addresses of one peer. Whoever announces the same record, or the same label, may be it: keys decide. Every second
 * one that is tried is the address where its identity was confirmed last, so that a thousand false ones do not keep us from it.
 */
export class Following {
  readonly #one: Other
  #home: string
  #at: string
  #since: number
  readonly #tried = new Set<string>()

  constructor(one: Other, now: number) {
    this.#one = one
    this.#home = one.url
    this.#at = one.url
    this.#since = now
  }

  /** The known identity was confirmed where we look now. */
  confirmed(): void {
    this.#home = this.#at
    this.#tried.clear()
  }

  /** The URL to try from now on; null to stay. `failures`: how many in a row there were. */
  next(others: readonly Other[], failures: number, now: number): string | null {
    if (failures < FAILURES || now - this.#since < TRIED_MS) return null
    if (this.#at !== this.#home) return this.#go(this.#home, now)
    const open = others
      .filter((other) => this.#mayBe(other))
      .map(({ url }) => url)
      .filter((url) => url !== this.#home)
    const untried = open.find((url) => !this.#tried.has(url))
    if (untried === undefined) this.#tried.clear()
    const url = untried ?? open[0]
    return url === undefined ? null : this.#go(url, now)
  }

  #go(url: string, now: number): string {
    this.#tried.add(url)
    this.#at = url
    this.#since = now
    return url
  }

  #mayBe(other: Other): boolean {
    if (other.suite !== this.#one.suite) return false
    return other.id === this.#one.id || skeletonOf(other.label) === skeletonOf(this.#one.label)
  }
}
