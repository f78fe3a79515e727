/** What a clause of the examiner is, and what becomes of it. */

import type { Party } from '../../protocol/keySchedule.ts'
import type { SuiteName } from '../../protocol/suites.ts'
import type { Context } from './context.ts'
import type { FailureKind, Finding } from './failure.ts'

export type { FailureKind, Finding } from './failure.ts'

/** The parts of the exercise, in the order in which a student builds. */
export const STAGES = [
  { stage: 1, title: 'a key message', points: 20 },
  { stage: 2, title: 'a session', points: 25 },
  { stage: 3, title: 'messages', points: 20 },
  { stage: 4, title: 'pictures', points: 10 },
  { stage: 5, title: 'disorder', points: 15 },
  { stage: 6, title: 'the owner', points: 10 },
  { stage: 7, title: 'the KEM', points: 20 },
] as const

export type Stage = (typeof STAGES)[number]['stage']

/**
 * What a clause runs against. `shared`: one process for all of them, for which the examiner stays a stranger. `agreed`: one
 * process for each party, with a session that is made anew for each clause. `own`: what it starts itself.
 */
export type Start = 'shared' | 'agreed' | 'own'

export interface Clause {
  /** As in `--only`: the stage's name and a number that no other clause ever had, such as `keys/2`. */
  readonly id: string
  readonly stage: Stage
  /** In a few words, for a line of the report. */
  readonly title: string
  /** The heading in the specification, or `contract` for the chapter on the owner's steps. */
  readonly section: string
  /** The sentence that it tests, word by word. */
  readonly sentence: string
  /** Its share of the stage's points, in relation to those of the others; 0 for what is looked at and not graded. */
  readonly weight: number
  readonly start: Start
  /** It runs once with the student's peer as each of these parties; null where the party does not matter. */
  readonly parties: readonly Party[] | null
  /** The ids of what has to pass before it, in the same party. `agreement`: session/2 or session/4. */
  readonly needs: readonly string[]
  /** Present where it runs on one suite only. */
  readonly suites?: readonly SuiteName[]
  /** True for what takes seconds by its nature: it begins before the others of its stage. */
  readonly isSlow?: true
  /** Needs a process that the examiner started: its output, its state or a restart. With `--attach` it is not run. */
  readonly needsStart?: true
  /** Passes by returning. @throws Failure */
  run(context: Context): Promise<void>
}

export type Result = 'pass' | 'fail' | 'blocked' | 'not run' | 'note'

/** One line of the report: a clause, in one of its parties where it has some. */
export interface Row {
  readonly clause: Clause
  readonly party: Party | null
  readonly result: Result
  /** Points that it has, and those that it could have: 0 where it is not graded. Not rounded. */
  readonly points: number
  readonly of: number
  /** Null where it passed without a word. */
  readonly finding: Finding | null
  readonly kind: FailureKind | null
  /** What stands beside a pass or a note: "slow", "with your transcript", "your output is buffered; …". Whole texts. */
  readonly notes: readonly string[]
  /** Why it was blocked or not run, such as the clause that it builds on; else null. */
  readonly reason: string | null
  readonly seconds: number
}

/** What the reports are made of. Rows stand in the order of the clauses, party 1 before party 2. */
export interface Report {
  readonly curve: SuiteName
  readonly seed: number
  /** Of the program that examined. */
  readonly version: string
  /** The first 16 hex digits of a hash of the clauses: results are comparable if it and the version agree. */
  readonly clauses: string
  readonly rows: readonly Row[]
  readonly seconds: number
  /** The command that was examined, as it was given, or the URL of what ran already. */
  readonly subject: string
  /** Sentences on the run as a whole, such as a cause that several clauses share. */
  readonly remarks: readonly string[]
}
