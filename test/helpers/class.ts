/** The transcripts of a class: pairs of honest peers, each pair with keys of its own, made in this process within a second. */

import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { honestRun, type Step } from './honest.ts'

/** `do`, and for `talk` how many texts each side sends less one. */
type Plan = readonly (readonly [kind: Step['do'], side?: 0 | 1, pick?: number])[]

/** An exchange, a text each way and a picture. */
const LESSON: Plan = [['agree'], ['talk', 0, 1], ['send a picture', 1], ['settle'], ['read']]
/** More records than a transcript keeps: of some 1,250, the last 200 and those of the keys stay. */
const LONG: Plan = Array.from({ length: 7 }, () => [['agree'], ['talk', 0, 43]] as const).flat()

export interface ClassPlan {
  readonly suite?: Suite
  /** Whether each has some thousand records behind it. */
  readonly isLong?: boolean
  /** The class has other keys than that of another seed. */
  readonly seed?: number
  readonly plan?: Plan
}

/** Both transcripts of each of so many pairs. */
export function classOf(
  pairs: number,
  {
    suite = SUITES.X25519,
    isLong = false,
    seed = 0,
    plan = isLong ? LONG : LESSON,
  }: ClassPlan = {},
): [string, string][] {
  const steps = plan.map(([kind, side = 0, pick = 0]) => ({ do: kind, side, pick }))
  return Array.from({ length: pairs }, (_, i) => {
    // the keys are counted up, and no pair makes a hundred thousand
    const first = BigInt(1 + seed * pairs + i) * 100_000n
    const [a = '', b = ''] = honestRun(suite, steps, true, () => {}, first).slice(-2)
    return [a, b]
  })
}
