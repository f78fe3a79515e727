/** Whom to talk with: who was found is shown, and somebody says yes, or a number. */

import { type Other, shownAs } from '../nearby/nearby.ts'
import { columnsOf } from '../terminal/rows.ts'

/** How long, in ms, others are waited for once somebody was found, before it is asked. */
const GATHERED_MS = 1000
/** How long, in ms, a question stands in the place of another before an answer counts: it may have been typed for that one. */
const READ_MS = 500
/** So many are shown, and the number of the others. */
const MAX_SHOWN = 9
/** What stands behind a label begins here. */
const LABEL_COLUMNS = 26
/** So many are remembered at all, whoever has gone included: a number stays that of one machine. */
const MAX_SLOTS = 256

interface Slot {
  readonly url: string
  other: Other
  isThere: boolean
  /** Whether somebody said no to it, or it was tried and is somebody else. */
  isOut: boolean
}

export interface Question {
  /** Rows above the question: our own words and labels. */
  readonly rows: readonly string[]
  readonly head: string
}

/** Pure: it is told who is there, and what was typed. `now`s are in ms of one clock. */
export class Finding {
  readonly #slots: Slot[] = []
  readonly #suite: string
  #first: number | null = null
  #asked = ''
  #isFirst = true
  #since = 0

  /** `suite`: the name of our own. Whoever has another one can't be talked with. */
  constructor(suite: string) {
    this.#suite = suite
  }

  /** Who is there by now. */
  found(others: readonly Other[], now: number): void {
    for (const slot of this.#slots) slot.isThere = false
    for (const other of others) {
      const known = this.#slots.find(({ url }) => url === other.url)
      if (known)
        Object.assign(known, {
          other,
          isThere: true,
          isOut: known.isOut && known.other.id === other.id,
        })
      else if (this.#slots.length < MAX_SLOTS)
        this.#slots.push({ url: other.url, other, isThere: true, isOut: false })
    }
    if (this.candidates.length > 0) this.#first ??= now
  }

  /** With whom one can talk. */
  get candidates(): readonly Other[] {
    return this.#open.map(({ other }) => other)
  }

  /** Others are there, but start with another --curve: how many. */
  get ofOtherSuites(): readonly Other[] {
    return this.#slots
      .filter(({ isThere, other }) => isThere && !this.#fits(other))
      .map(({ other }) => other)
  }

  /** Whether nobody else is waited for any more. */
  isGathered(now: number): boolean {
    return this.#first !== null && now - this.#first >= GATHERED_MS
  }

  /** What to ask now; null for nothing. */
  question(now: number): Question | null {
    const open = this.#open
    const all = open.map(({ other }) => other)
    if (open.length === 0 || !this.isGathered(now)) {
      this.#asked = ''
      return null
    }
    const asked = open.length === 1 ? (open[0]?.other.id ?? '') : 'list'
    if (asked !== this.#asked) {
      this.#since = this.#isFirst ? Number.NEGATIVE_INFINITY : now
      this.#isFirst = false
      this.#asked = asked
    }
    const [only] = all
    if (open.length === 1 && only !== undefined)
      return {
        rows: [`Found, by the name that it gives itself (unverified): ${only.label}`],
        head: `Talk with ${only.label} (${placeOf(only)})? [y/n] `,
      }
    const numbered = this.#slots
      .map((slot, i) => ({ slot, number: i + 1 }))
      .filter(({ slot }) => open.includes(slot))
    const rows = numbered
      .slice(0, MAX_SHOWN)
      .map(
        ({ slot: { other }, number }) =>
          `${`${number}`.padStart(4)}  ${padded(other.label)}${placeOf(other)}`,
      )
    const more = open.length - rows.length
    if (more > 0) rows.push(`      and ${more} more: --peer names one of them`)
    return {
      rows: ['Found, by the names that they give themselves (unverified):', ...rows],
      head: 'Which one? (its number) ',
    }
  }

  /**
   * What somebody typed. Returns the one that was chosen; `again` if the answer was none, or came too early to be meant;
   * `no` if the one was refused.
   */
  answer(text: string, now: number): Other | 'again' | 'no' {
    const open = this.#open
    if (this.#asked === '' || now - this.#since < READ_MS) return 'again'
    const word = text.trim().toLowerCase()
    const [only] = open
    if (open.length === 1 && only !== undefined && only.other.id === this.#asked) {
      if (['y', 'yes'].includes(word)) return only.other
      if (!['n', 'no'].includes(word)) return 'again'
      only.isOut = true
      return 'no'
    }
    const slot = /^\d{1,3}$/.test(word) ? this.#slots[Number(word) - 1] : undefined
    return slot !== undefined && open.includes(slot) ? slot.other : 'again'
  }

  /** Whoever is there was tried, and is not the one. */
  leave(url: string): void {
    for (const slot of this.#slots) if (slot.url === url) slot.isOut = true
  }

  /** Once all were tried, each may be tried again. */
  tryAllAgain(): void {
    if (this.#open.length === 0) for (const slot of this.#slots) slot.isOut = false
  }

  /** How a label is shown. */
  nameOf(other: Other): string {
    return shownAs(
      other,
      this.#slots.filter(({ isThere }) => isThere).map(({ other }) => other),
    )
  }

  get #open(): Slot[] {
    return this.#slots.filter(({ isThere, isOut, other }) => isThere && !isOut && this.#fits(other))
  }

  /** Whoever names no suite may have ours. */
  #fits({ suite }: Other): boolean {
    return suite === '' || suite === this.#suite
  }
}

function padded(label: string): string {
  return label + ' '.repeat(Math.max(2, LABEL_COLUMNS - columnsOf(label)))
}

function placeOf({ address, port }: Other): string {
  return address === '127.0.0.1' ? `this machine, port ${port}` : `${address}:${port}`
}
