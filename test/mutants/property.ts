/**
 * Stands in for fast-check while mutants run: every property is tried with one seed and fewer cases, so that
 * a mutant has the same fate each time. Nothing is shrunk: a mutant is killed by whatever fails.
 */

import fc from 'fast-check'

const SEED = 1
const MOST = 50

const assert = (property: fc.IRawProperty<unknown>, parameters: fc.Parameters<unknown> = {}) =>
  fc.assert(property, {
    ...parameters,
    seed: SEED,
    numRuns: Math.min(parameters.numRuns ?? 100, MOST),
    endOnFailure: true,
  })

export default { ...fc, assert }
