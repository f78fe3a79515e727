/** The choices that a student's peer may have made, those with the fewest deviations first. */

import type { Suite } from '../../../protocol/suites.ts'
import {
  type Choices,
  DECISIONS,
  type Decision,
  decisionsOf,
  isPossible,
  type Layer,
} from './choices.ts'

/** What one mistake changes. */
type Patch = Partial<Choices>

/** How many mistakes together are looked for in a layer: with one more, the last layer but one would take minutes. */
const TOGETHER: Readonly<Record<Layer, number>> = { 1: 5, 2: 3, 3: 3, 4: 2, 5: 4 }

/** For each decision of a layer the patches that take it in another way than `base` does; those on all lengths are one decision. */
function slotsOf(layer: Layer, suite: Suite, base: Choices): Patch[][] {
  const patchesOf = (decision: Decision): Patch[] =>
    ['right', ...Object.keys(DECISIONS[decision].variants)]
      .filter((name) => name !== base[decision] && isPossible(suite, decision, name))
      .map((name) => ({ [decision]: name }))
  const slots: Patch[][] = []
  for (const decision of decisionsOf(layer)) {
    const patches = patchesOf(decision)
    if (decision === 'shareLengths')
      // One function for all lengths is one mistake, in the shares and around them.
      slots.push([
        ...patches.map((patch) => ({ ...patch, transcriptLengths: patch.shareLengths }) as Patch),
        ...patches,
      ])
    else slots.push(patches)
  }
  return slots.filter((patches) => patches.length > 0)
}

/** All choices with exactly `count` mistakes of one layer beyond `base`. */
export function* deviating(
  layer: Layer,
  suite: Suite,
  base: Choices,
  count: number,
): Generator<Choices> {
  yield* combined(slotsOf(layer, suite, base), base, count)
}

function* combined(slots: readonly Patch[][], base: Choices, count: number): Generator<Choices> {
  if (count === 0) {
    yield base
    return
  }
  for (const [at, patches] of slots.entries())
    for (const patch of patches)
      yield* combined(slots.slice(at + 1), { ...base, ...patch }, count - 1)
}

/**
 * The choices of a layer that `fits`, with the fewest mistakes beyond `base`: all that have so few; none if it takes more
 * than `most` together.
 */
export function fewest(
  layer: Layer,
  suite: Suite,
  base: Choices,
  fits: (choices: Choices) => boolean,
  most = TOGETHER[layer],
): Choices[] {
  for (let count = 0; count <= most; count++) {
    // Of lengths, the same choices come about in two ways.
    const found = new Map<string, Choices>()
    for (const choices of deviating(layer, suite, base, count))
      if (fits(choices)) found.set(JSON.stringify(choices), choices)
    if (found.size > 0) return [...found.values()]
  }
  return []
}
