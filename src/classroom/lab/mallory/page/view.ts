/** What every component of Mallory's page is given. */

import type { Language } from '../../../../wirelog/annotate.ts'
import type { Hers } from './en.ts'
import type { Index, Sides } from './match.ts'

/** What stays as it is while she runs. The browser gets it in the page. */
export interface Setting {
  readonly language: Language
  /** Whether the reader chose the language. Then links keep it. */
  readonly isChosen: boolean
  /** At which of her two ports this page is. */
  readonly index: Index
  /** Where her two peers are, and whom each faces. */
  readonly places: readonly [Place, Place]
}

export interface Place {
  readonly port: number
  readonly victim: string
}

export interface View {
  readonly hers: Hers
  readonly setting: Setting
  readonly sides: Sides
  /** null: not yet, or there is no script. */
  readonly isConnected: boolean | null
  /** What a screen reader is told. */
  readonly news: string
}
