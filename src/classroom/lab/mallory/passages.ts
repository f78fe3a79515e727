/** What she passes on: which of the requests that she sends came of which that she got. Numbers alone, no texts. */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Peer } from '../../../peer/peer.ts'
import { MAX_EVENTS, MAX_PINNED, type Way } from '../../../wirelog/events.ts'
import type { Events } from '../../../wirelog/ring.ts'
import type { Passed } from './page/match.ts'

/** One of her peers, with its log. */
export interface Log {
  readonly peer: Peer
  readonly events: Events
  /** Whom it faces, by the port. */
  readonly victim: string
}

/** What a request that came is known by while she handles it. */
interface Errand {
  readonly side: number
  n: number | null
  isAltered: boolean
}

export class Passages {
  readonly #errand = new AsyncLocalStorage<Errand>()
  readonly #passed: Passed[][] = [[], []]

  /** Handles a request that came to one side: all that is sent meanwhile is sent on account of it. */
  handle<T>(side: number, work: () => T): T {
    return this.#errand.run({ side, n: null, isAltered: false }, work)
  }

  /** What `work` sends is sent on account of the request that is handled now, whenever it runs. */
  later(work: () => Promise<void>): () => Promise<void> {
    const errand = this.#errand.getStore()
    return errand === undefined ? work : () => this.#errand.run(errand, work)
  }

  /** Notes request number `n` in the log of a side. */
  note(side: number, way: Way, n: number, log: Events): void {
    const errand = this.#errand.getStore()
    if (errand === undefined) return
    if (way === 'received') errand.n = n
    else if (errand.n !== null) {
      const passed = this.#passed[side] ?? []
      passed.push({ n, of: errand.n, isAltered: errand.isAltered })
      if (passed.length <= MAX_EVENTS + MAX_PINNED) return
      const gone = passed.findIndex(({ n }) => log.after(n - 1)?.n !== n)
      passed.splice(gone, 1)
    }
  }

  /** What is passed on from now on has another text than what came. */
  alter(): void {
    const errand = this.#errand.getStore()
    if (errand !== undefined) errand.isAltered = true
  }

  /** What was passed on by a side, oldest first. */
  of(side: number): readonly Passed[] {
    return this.#passed[side] ?? []
  }
}
