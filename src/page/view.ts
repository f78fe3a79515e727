/** What every component of the page is given: the words, what never changes in a run, what happened, and what a press does. */

import type { SuiteName } from '../protocol/suites.ts'
import type { Language } from '../wirelog/annotate.ts'
import type { Model, State } from './model.ts'
import type { Words } from './words/en.ts'

/** What stays as it is while the peer runs. The browser gets it in the page. */
export interface Setting {
  readonly language: Language
  /** Whether the reader chose the language. Then links keep it. */
  readonly isChosen: boolean
  /** Whether it is shown one idea a screen (`?present`). */
  readonly isPresented: boolean
  readonly port: number
  readonly suite: SuiteName
  /** Whether the suite joins a KEM. */
  readonly hasKem: boolean
  /** Where the other peer is: its port if it is on this machine, else its host. */
  readonly peerName: string
  /** Its page, if it is on this machine. */
  readonly peerPage: string | null
  /** Whether `/other/...` runs its steps. */
  readonly runsOther: boolean
  readonly showsSecrets: boolean
  readonly showsWork: boolean
  /** What commands to this peer begin with, up to the path. */
  readonly own: string
  /** What commands to the other one begin with, and what stands behind the path. */
  readonly other: readonly [before: string, behind: string]
  /** What words stand in that are typed behind a command: on Windows double quotes. */
  readonly quote: "'" | '"'
}

/** A step that a button runs; `other` runs it on the other peer of the same launch. */
export type StepRoute = '/send_keys' | '/show' | '/send_msg' | '/decrypt_msg' | '/send_image'

/** What a step came to. */
export interface Outcome {
  readonly isGood: boolean
  /** In the reader's language, or in English if the peer refused. */
  readonly text: string
  /** The command that a refusal gives. */
  readonly next: string | null
  readonly holds: (now: State) => boolean
}

/** What stands on the page and not in the peer: what somebody types, and what a press came to. */
export interface Desk {
  /** null: not connected; the page looks for the peer. */
  readonly isConnected: boolean | null
  readonly text: string
  /** The number that the other side told. */
  readonly theirs: string
  readonly file: { readonly name: string; readonly type: string } | null
  readonly isDragging: boolean
  /** How much of a picture is sent, from 0 to 1; null while none is. */
  readonly progress: number | null
  /** Steps that are under way, and the outcomes of those before. By `data-step`. */
  readonly running: ReadonlySet<string>
  readonly outcomes: ReadonlyMap<string, Outcome>
  /** What a screen reader is told. */
  readonly news: string
  /** The answer of /frequency. */
  readonly letters: Letters | null
  /** The first bytes of the last picture as they crossed the wire; null if there are none. */
  readonly sealed: Uint8Array | null
}

export interface Letters {
  readonly english: Readonly<Record<string, number>>
  readonly ciphertext: Readonly<Record<string, number | null>>
  readonly sample: number
}

/** What a browser does for the page. Without its script there is none of it. */
export interface Actions {
  /** Runs a step of this peer, or of the other one of the same launch. */
  run(route: StepRoute, isOther?: boolean): void
  /** Tells the peer the number that the other side told. */
  compare(): void
  type(text: string): void
  typeTheirs(text: string): void
  choose(files: unknown): void
  drag(isOver: boolean): void
  drop(event: unknown): void
  copy(text: string): Promise<void>
  print(): void
  /** Goes to an element by its id, and gives it the focus. */
  go(id: string): void
}

export interface View {
  readonly words: Words
  readonly setting: Setting
  readonly model: Model
  readonly desk: Desk
  /** null where there is no script. */
  readonly act: Actions | null
}

export const EMPTY_DESK: Desk = {
  isConnected: null,
  text: '',
  theirs: '',
  file: null,
  isDragging: false,
  progress: null,
  running: new Set(),
  outcomes: new Map(),
  news: '',
  letters: null,
  sealed: null,
}

/** A command that runs a step of this peer. */
export const ownCommand = ({ own }: Setting, path: string) => `${own}${path}`
/** A command that runs a step of the other one. */
export const othersCommand = ({ other: [before, behind] }: Setting, path: string) =>
  `${before}${path}${behind}`
