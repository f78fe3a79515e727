/** What each clause is worth in a run, and figures of points that add up when they are rounded. */

import { type Row, STAGES, type Stage } from './clause.ts'

/** A stage of a run, with what its clauses have and could have. Not rounded. */
export interface StagePoints {
  readonly stage: Stage
  readonly title: string
  readonly points: number
  readonly of: number
}

/** A row of which nobody has said yet what it is worth. */
type Pointless = Omit<Row, 'points' | 'of'>

/**
 * The rows with their points. A row's share of its stage is its weight, half of it where its clause runs in two parties, among
 * the graded rows of the stage that were asked for. With `isAttached`, a row counts only if it was run. What is
 * refused with another code than the page gives has half of its points.
 */
export function withPoints(rows: readonly Pointless[], isAttached = false): Row[] {
  const weights = rows.map((row) => (isAttached && row.result === 'not run' ? 0 : weightOf(row)))
  const total = new Map<Stage, number>()
  for (const [i, { clause }] of rows.entries())
    total.set(clause.stage, (total.get(clause.stage) ?? 0) + (weights[i] ?? 0))
  return rows.map((row, i) => {
    const { stage } = row.clause
    const weight = weights[i] ?? 0
    const of = weight === 0 ? 0 : (pointsOf(stage) * weight) / (total.get(stage) ?? 0)
    return { ...row, of, points: of * shareOf(row) }
  })
}

/** How much of a row's points it has: 0, 1/2 or 1. */
function shareOf({ result, kind }: Pointless): number {
  if (result === 'pass') return 1
  return result === 'fail' && kind === 'wrong code' ? 0.5 : 0
}

/** The stages of which there are rows. A stage has all of its points, or none if nothing in it counts. */
export function stagesOf(rows: readonly Row[]): StagePoints[] {
  return STAGES.flatMap(({ stage, title }) => {
    const own = rows.filter(({ clause }) => clause.stage === stage)
    if (own.length === 0) return []
    return [{ stage, title, points: sum(own, 'points'), of: Math.round(sum(own, 'of')) }]
  })
}

/** What all rows have and could have together. */
export function pointsOfAll(rows: readonly Row[]): { points: number; of: number } {
  return { points: sum(rows, 'points'), of: Math.round(sum(rows, 'of')) }
}

/** Whether every graded clause passes. */
export function isFull(rows: readonly Row[]): boolean {
  return rows.every(({ of, result }) => of === 0 || result === 'pass')
}

/**
 * What each row could have, and what it has, in whole parts of a point, of which a point has `perPoint`. What the rows could have
 * adds up to the points of the stages: the parts that rounding down leaves go to those that lost most by it.
 */
export function inParts(
  rows: readonly Row[],
  perPoint: number,
): { readonly points: number; readonly of: number }[] {
  const exact = rows.map(({ of }) => of * perPoint)
  // one part in a million is the computer's own rounding
  const most = exact.map((value) => Math.floor(value + 1e-6))
  let rest = pointsOfAll(rows).of * perPoint - most.reduce((all, one) => all + one, 0)
  const lost = exact.map((value, i) => ({ i, lost: value - (most[i] ?? 0) }))
  for (const { i } of lost.sort((a, b) => b.lost - a.lost || a.i - b.i)) {
    if (rest <= 0) break
    most[i] = (most[i] ?? 0) + 1
    rest--
  }
  return rows.map((row, i) => ({
    of: most[i] ?? 0,
    points: Math.floor((most[i] ?? 0) * shareOf(row)),
  }))
}

/** A number of points, rounded to hundredths. */
export function rounded(points: number): number {
  return Math.round(points * 100) / 100
}

function weightOf({ clause, result }: Pointless): number {
  return result === 'note' ? 0 : clause.weight / (clause.parties?.length ?? 1)
}

function pointsOf(stage: Stage): number {
  return STAGES.find((one) => one.stage === stage)?.points ?? 0
}

function sum(rows: readonly Row[], field: 'points' | 'of'): number {
  return rows.reduce((all, row) => all + row[field], 0)
}
