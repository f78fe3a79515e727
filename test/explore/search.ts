/** One walk from beginning to end, and what it found, told. */

import type { Kind } from './bounds.ts'
import type { Protocol } from './load.ts'
import { Sides } from './side.ts'
import { printed, tell } from './tell.ts'
import { type Progress, Walk } from './walk.ts'
import type { Bounds } from './world.ts'

export interface Result {
  readonly walk: Walk
  /** What must not be and is, with a shortest schedule that leads there, or null. */
  readonly flaw: { readonly what: string; readonly steps: number; readonly schedule: string } | null
}

/** Walks on a suite of `kind` within `bounds`. `depth`: steps at most. */
export function search(
  protocol: Protocol,
  kind: Kind,
  bounds: Bounds,
  depth = Number.POSITIVE_INFINITY,
  progress?: (progress: Progress) => void,
): Result {
  const walk = new Walk(new Sides(protocol, kind === 'hybrid'), bounds)
  const found = walk.run(depth, progress)
  if (found === null) return { walk, flaw: null }
  const schedule = printed(tell(walk.world, found.steps))
  return { walk, flaw: { what: found.what, steps: found.steps.length, schedule } }
}
