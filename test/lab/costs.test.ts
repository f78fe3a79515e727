/** `lab quantum`: what it says of a difference that it measured, and of one that it could not. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { difference } from '../../src/classroom/lab/quantum/costs.ts'

const rounds = (differences: readonly number[]) =>
  differences.map((each) => [100, 100 + each] as const)

describe('the cost of ML-KEM', () => {
  it('is the middle difference, with what it lies between', () => {
    const shown = difference(rounds(Array.from({ length: 25 }, (_, i) => i + 1)))
    assert.equal(shown, '13.0 ms more (with 95 % confidence 7.0 ms to 19.0 ms)')
  })

  it('is no figure where the machine does not tell, or too few rounds were made', () => {
    const mixed = [-3, 2, -1, 5, 4, -2, 1, 3, -6, 2]
    const says = 'too small for what this machine can tell now: ML-KEM was slower in'
    assert.equal(difference(rounds(mixed)), `${says} 6 of 10 rounds`)
    assert.equal(difference(rounds([12])), `${says} 1 of 1 rounds`)
    assert.equal(difference(rounds([])), `${says} 0 of 0 rounds`)
  })

  it('is never negative', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 60 }), (differences) =>
        assert.doesNotMatch(difference(rounds(differences)), /-\d|Infinity/),
      ),
    ))
})
