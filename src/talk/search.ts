/** Looks for somebody to talk with, and asks which one it is to be. */

import type { Other } from '../nearby/nearby.ts'
import { Finding } from './finding.ts'
import type { Screen } from './screen.ts'
import type { TypedLine } from './typing.ts'

/** How long, in ms, nobody is found before it is said what to type instead. */
const NOBODY_MS = 5000
/** How often, in ms, it is looked at what has changed. */
const LOOK_MS = 250

export interface SearchOptions {
  readonly screen: Screen
  /** The name of our suite. */
  readonly suite: string
  /** Takes the only one that was found. Where somebody is known: each one, until the known one answers. */
  readonly yes: boolean
  readonly isKnown: boolean
  /** Who is there by now. */
  readonly others: () => readonly Other[]
  /** Says what to type instead. */
  readonly adviseInstead: () => void
  readonly chosen: (other: Other) => void
}

export class Search {
  readonly #options: SearchOptions
  readonly #finding: Finding
  readonly #timer: NodeJS.Timeout
  readonly #begun = performance.now()
  #isAdvised = false
  #isOpen = true

  constructor(options: SearchOptions) {
    this.#options = options
    this.#finding = new Finding(options.suite)
    this.#timer = setInterval(() => this.look(), LOOK_MS)
    this.look()
  }

  /** Whether a line that is typed answers its question. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** How a label is shown. */
  nameOf(other: Other): string {
    return this.#finding.nameOf(other)
  }

  /** Takes a line that was typed. */
  answer({ text, mayBeCommand }: TypedLine): void {
    const answer = mayBeCommand ? this.#finding.answer(text, performance.now()) : 'again'
    if (typeof answer === 'object') this.#choose(answer)
    else this.look()
  }

  /** Whoever is at `url` was tried, and is not the one: looks on. */
  leave(url: string): void {
    this.#finding.leave(url)
    this.#isOpen = true
    this.look()
  }

  end(): void {
    clearInterval(this.#timer)
  }

  /** To be called when somebody has come or gone. */
  look(): void {
    if (!this.#isOpen) return
    const { screen, yes, isKnown, others, adviseInstead } = this.#options
    const now = performance.now()
    this.#finding.found(others(), now)
    if (yes && isKnown) this.#finding.tryAllAgain()
    const { candidates } = this.#finding
    const [first] = candidates
    if (yes && first !== undefined && this.#finding.isGathered(now))
      if (isKnown || candidates.length === 1) {
        this.#choose(first)
        return
      }
    if (candidates.length === 0 && !this.#isAdvised && now - this.#begun >= NOBODY_MS) {
      this.#isAdvised = true
      adviseInstead()
    }
    const question = this.#finding.question(now)
    screen.notes = question?.rows.map((row) => `  ${row}`) ?? [
      '  looking for others on this network …',
      ...this.#finding.ofOtherSuites
        .slice(0, 3)
        .map(({ label, suite }) => `  (${label} is there, and needs --curve ${suite})`),
    ]
    screen.head = question?.head ?? '> '
  }

  #choose(other: Other): void {
    const { screen, chosen } = this.#options
    this.#isOpen = false
    screen.notes = []
    screen.head = '> '
    chosen(other)
  }
}
