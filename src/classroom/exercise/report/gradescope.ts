/** `--gradescope`: Gradescope's `results.json`. */

import type { Report, Row } from '../clause.ts'
import { inParts } from '../points.ts'
import { cutToBytes, linesOf, nameOf, originOf, plain } from './plain.ts'
import { stageTable } from './stages.ts'

/** Clauses whose results students see after the due date only. */
export type Held = ReadonlySet<string>

/**
 * The report in Gradescope's form. There is no `score` at the top, which would take the place of the sum. What students see
 * of the program's output is nothing, since it has what `held` keeps back.
 */
export function asGradescope(report: Report, held: Held): string {
  const { rows, seconds, remarks } = report
  const scores = inParts(rows, 100)
  // the table has the sum, which would tell what is kept back
  const table = held.size > 0 ? [] : [...stageTable(rows), '', ...remarks.map(plain)]
  const output = [...table, originOf(report)]
  const value = {
    execution_time: Math.round(seconds),
    output: cutToBytes(output.join('\n')),
    output_format: 'text',
    stdout_visibility: 'hidden',
    tests: rows.map((row, i) => testOf(report, row, scores[i] ?? { points: 0, of: 0 }, held)),
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

function testOf(
  { seed }: Report,
  row: Row,
  { points, of }: { points: number; of: number },
  held: Held,
) {
  const { clause, party, result, finding } = row
  const [, number = ''] = clause.id.split('/')
  return {
    name: `${nameOf(row)}: ${clause.title}`,
    number: [clause.stage, number, ...(party === null ? [] : [party])].join('.'),
    ...(of > 0 && { score: points / 100, max_score: of / 100 }),
    status: result === 'pass' || result === 'note' ? 'passed' : 'failed',
    output: cutToBytes(linesOf(row).join('\n')),
    output_format: 'text',
    tags: [`stage ${clause.stage}`],
    visibility: held.has(clause.id) ? 'after_due_date' : 'visible',
    extra_data: {
      id: clause.id,
      party,
      result,
      cause: finding?.cause == null ? null : plain(finding.cause),
      seed,
    },
  }
}
