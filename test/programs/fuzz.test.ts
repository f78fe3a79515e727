/**
 * The targets of `make fuzz`, each for a moment. SLOW=1 tries fifty times as many cases; SEED=…
 * repeats those of a run. One after another: what a case may use of the processor is counted.
 */

import { describe, it } from 'node:test'
import { TARGETS } from '../fuzz/targets.ts'

const TIMES = process.env['SLOW'] === '1' ? 50 : 1
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe('whatever is tried', () => {
  for (const { name, cases, fuzz } of Object.values(TARGETS))
    it(`nothing breaks in ${cases * TIMES} cases of ${name}`, async (t) => {
      t.diagnostic(`SEED=${SEED}`)
      const outcomes = new Map<string, number>()
      await fuzz({ seed: SEED, numRuns: cases * TIMES }, (outcome) => {
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      })
      t.diagnostic([...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', '))
    })
})
