/**
 * `--classroom50`: the `result.json` of Classroom 50, whose scores are whole numbers: ten to the point. Fields and variables are
 * those of https://github.com/foundation50/classroom50/wiki/Advanced-Autograding.
 */

import type { Report } from '../clause.ts'
import { inParts } from '../points.ts'
import { nameOf } from './plain.ts'

const TO_THE_POINT = 10

/** The report in Classroom 50's form. What is not graded is not in it. `now`: when it was graded. */
export function asClassroom50(report: Report, environment: NodeJS.ProcessEnv, now: Date): string {
  const { rows } = report
  const scores = inParts(rows, TO_THE_POINT)
  const tests = rows.flatMap((row, i) => {
    const { points = 0, of = 0 } = scores[i] ?? {}
    if (row.of === 0) return []
    const name = `${nameOf(row)}: ${row.clause.title}`
    const passed = row.result === 'pass'
    return [{ 'test-name': name, passed, score: points, 'max-score': of }]
  })
  const given = (name: string) => environment[name] ?? ''
  const value = {
    schema: 'classroom50/result/v1',
    classroom: given('CLASSROOM'),
    assignment: given('ASSIGNMENT'),
    submission: given('SUBMISSION_TAG'),
    commit: given('COMMIT_URL'),
    release: given('RELEASE_URL'),
    review: given('REVIEW_URL') || given('COMMIT_URL'),
    datetime: now.toISOString().replace(/\.\d+/, ''),
    score: tests.reduce((all, { score }) => all + score, 0),
    'max-score': tests.reduce((all, test) => all + test['max-score'], 0),
    tests,
  }
  return `${JSON.stringify(value, null, 2)}\n`
}
