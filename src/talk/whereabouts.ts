/** Where the other one is: whoever was found and chosen, also after it has moved. */

import { Nearby, type Other } from '../nearby/nearby.ts'
import { Following } from './following.ts'
import type { Screen } from './screen.ts'
import { Search } from './search.ts'
import type { TypedLine } from './typing.ts'

/** How often, in ms, it is looked whether the other one has moved. */
const FOLLOW_MS = 1000
/** How long, in ms, one of several is tried before the next, where somebody is known and nobody is asked. */
const TRIED_MS = 8000

export interface WhereaboutsOptions {
  readonly screen: Screen
  /** What is announced of us. */
  readonly own: { readonly label: string; readonly port: number; readonly suite: string }
  /** What our peer listens on. */
  readonly host: string
  /** Whether nobody is asked. */
  readonly yes: boolean
  /** Whether the other one is known from before. */
  readonly isKnown: boolean
  /** The other one is looked for at a URL from now on, or nowhere. */
  readonly aim: (url: string | null) => void
  /** How often in a row it was tried in vain. */
  readonly failures: () => number
  readonly adviseInstead: () => void
}

export class Whereabouts {
  readonly #options: WhereaboutsOptions
  readonly #nearby: Nearby
  readonly #search: Search
  readonly #timer: NodeJS.Timeout
  #other: Other | null = null
  #following: Following | null = null
  #aimed = 0
  /** Whether the other one was there, in this run. */
  #isMet = false

  constructor(options: WhereaboutsOptions) {
    const { screen, own, host, yes, isKnown, adviseInstead } = options
    this.#options = options
    this.#nearby = new Nearby({
      announced: own,
      host,
      looks: true,
      failed: (code) => {
        screen.lines.say('✗', `Nobody can be found here: there is no multicast (${code}).`)
      },
    })
    this.#search = new Search({
      screen,
      suite: own.suite,
      yes,
      isKnown,
      others: () => this.#nearby.others,
      adviseInstead,
      chosen: (other) => this.#chosen(other),
    })
    this.#timer = setInterval(() => this.#follow(), FOLLOW_MS)
  }

  /** The label of the other one, or null while nobody was chosen. */
  get label(): string | null {
    return this.#other && this.#search.nameOf(this.#other)
  }

  /** Who is on this network, as far as they say so. */
  get others(): readonly Other[] {
    return this.#nearby.others
  }

  /** Takes a line that answers a question; returns whether there is one. */
  answer(line: TypedLine): boolean {
    if (!this.#search.isOpen) return false
    this.#search.answer(line)
    return true
  }

  /** The other one's identity was confirmed where it is looked for. */
  confirmed(): void {
    this.#isMet = true
    this.#following?.confirmed()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#search.end()
    await this.#nearby.close()
  }

  #chosen(other: Other): void {
    const now = performance.now()
    this.#other = other
    this.#following = new Following(other, now)
    this.#aimed = now
    this.#options.aim(other.url)
  }

  /** Looks for another one in the place of the one that was chosen. */
  #leave(): void {
    if (this.#other === null) return
    this.#options.aim(null)
    this.#search.leave(this.#other.url)
  }

  #follow(): void {
    const { yes, isKnown, aim, failures } = this.#options
    if (this.#search.isOpen) return
    const now = performance.now()
    // whom nobody has chosen may be anybody
    if (!this.#isMet && yes && isKnown && failures() > 0 && now - this.#aimed > TRIED_MS)
      this.#leave()
    if (!this.#isMet) return
    const url = this.#following?.next(this.#nearby.others, failures(), now) ?? null
    if (url !== null) aim(url)
  }
}
