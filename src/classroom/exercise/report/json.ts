/** `--json`: the report for scripts. The first fields of it and of its clauses are fixed, with their order. */

import type { Report, Row } from '../clause.ts'
import { pointsOfAll, rounded, stagesOf } from '../points.ts'
import { plain } from './plain.ts'

/** The report as JSON. Rows of a clause that runs in two parties are two entries. Secrets are not in it. */
export function asJson(report: Report): string {
  const { curve, seed, version, clauses, rows, seconds, subject, remarks } = report
  const all = pointsOfAll(rows)
  const value = {
    format: 'ecdh-duet exercise',
    version: 1,
    curve,
    seed,
    points: rounded(all.points),
    of: all.of,
    stages: stagesOf(rows).map((stage) => ({ ...stage, points: rounded(stage.points) })),
    clauses: rows.map(entryOf),
    program: version,
    subject: plain(subject),
    list: clauses,
    seconds: rounded(seconds),
    remarks: remarks.map(plain),
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

function entryOf({ clause, party, result, points, of, finding, ...row }: Row) {
  const text = (value: string | null | undefined) => (value == null ? null : plain(value))
  return {
    id: clause.id,
    stage: clause.stage,
    title: clause.title,
    section: clause.section,
    result,
    party,
    did: text(finding?.did),
    wanted: text(finding?.wanted),
    got: text(finding?.got),
    cause: text(finding?.cause),
    kind: row.kind,
    points: rounded(points),
    of: rounded(of),
    reason: text(row.reason),
    notes: row.notes.map(plain),
    values: (finding?.values ?? []).map(([name, value]) => ({
      name: plain(name),
      value: plain(value),
    })),
    seconds: rounded(row.seconds),
  }
}
