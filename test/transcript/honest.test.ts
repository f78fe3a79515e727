/** What `check` says of honest people: nothing wrong, whatever strangers and the network do. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SUITES } from '../../src/protocol/suites.ts'
import { HonestRun, runs } from '../helpers/honest.ts'
import { reportsOf } from '../helpers/transcripts.ts'

const SLOW = process.env['SLOW'] === '1'

describe('check, of honest peers among strangers', () => {
  for (const [suite, numRuns] of [
    [SUITES.X25519, SLOW ? 17_000 : 150],
    [SUITES.X25519MLKEM768, SLOW ? 3_000 : 25],
  ] as const)
    it(`calls nothing bad in ${numRuns} random runs on ${suite.name}`, (t) => {
      const seed = Number(process.env['SEED']) || Date.now() % 2 ** 31
      t.diagnostic(`SEED=${seed}`)
      fc.assert(
        fc.property(runs, ({ resends, steps }) => {
          const run = new HonestRun(suite, resends)
          for (const step of steps) run.take(step)
          const reports = reportsOf(run.transcripts())
          assert.deepEqual(
            reports.flatMap(({ wrong }) => wrong),
            [],
          )
        }),
        { numRuns, seed },
      )
    })
})
