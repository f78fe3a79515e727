/** The table of stages that a report ends with. */

import { table } from '../../../terminal/layout.ts'
import type { Result, Row } from '../clause.ts'
import { pointsOfAll, rounded, stagesOf } from '../points.ts'

const WIDTHS = [17, 13, 44]
const COUNTED: readonly Result[] = ['fail', 'blocked', 'not run']

/** Lines of at most 80 columns: the points of each stage and of all, and what did not pass. */
export function stageTable(rows: readonly Row[]): string[] {
  const stages = stagesOf(rows).map(({ stage, title, points, of }) => [
    `${stage} ${title}`,
    pointsIn({ points, of }),
    countsOf(rows.filter(({ clause }) => clause.stage === stage)),
  ])
  const all = ['all', pointsIn(pointsOfAll(rows)), countsOf(rows)]
  return table(WIDTHS, ['stage', 'points', ''], [...stages, all]).map((line) => line.trimEnd())
}

/** `17.5 of 20`, or a dash where nothing counts. */
export function pointsIn({ points, of }: { points: number; of: number }): string {
  return of === 0 ? '–' : `${rounded(points)} of ${of}`
}

function countsOf(rows: readonly Row[]): string {
  return COUNTED.flatMap((result) => {
    const count = rows.filter((row) => row.result === result).length
    return count === 0 ? [] : [`${count} ${result === 'fail' ? 'failed' : result}`]
  }).join(', ')
}
