/** What is asked for: the clauses of a run, and its report before anything was run. */

import type { SuiteName } from '../../protocol/suites.ts'
import type { Clause, Report } from './clause.ts'
import { CLAUSES, hashOfClauses } from './clauses/all.ts'
import { withPoints } from './points.ts'

/** Which clauses, on which suite: up to a stage, or by their ids. */
export interface Choice {
  readonly curve: SuiteName
  readonly stage?: number
  readonly only?: readonly string[]
}

/** The clauses that a run has, in the order of the reports. */
export function chosen({ curve, stage, only }: Choice): readonly Clause[] {
  return CLAUSES.filter(
    ({ id, stage: own, suites }) =>
      (suites === undefined || suites.includes(curve)) &&
      (stage === undefined || own <= stage) &&
      (only === undefined || only.includes(id)),
  )
}

/** Of `ids`, those that no clause of the suite has. */
export function unknownIds(ids: readonly string[], curve: SuiteName): string[] {
  const known = new Set(chosen({ curve }).map(({ id }) => id))
  return ids.filter((id) => !known.has(id))
}

/** A report in which nothing was run yet. */
export function blankReport(
  choice: Choice,
  facts: Pick<Report, 'seed' | 'version' | 'subject'>,
): Report {
  const rows = chosen(choice).flatMap((clause) =>
    (clause.parties ?? [null]).map((party) => ({
      clause,
      party,
      result: 'not run' as const,
      finding: null,
      kind: null,
      notes: [],
      reason: 'the run ended before',
      seconds: 0,
    })),
  )
  return {
    curve: choice.curve,
    ...facts,
    clauses: hashOfClauses(),
    rows: withPoints(rows),
    seconds: 0,
    remarks: [],
  }
}
