/**
 * The targets of `make fuzz`, each for a moment, or for its share of MINUTES. SLOW=1 tries fifty times as many cases. SEED and
 * ONLY=… repeat those of a run. One after another: what a case may use of the processor is counted.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hostileServers } from '../fuzz/answers.ts'
import { httpRequests, httpStreams } from '../fuzz/http.ts'
import { insiderPictures } from '../fuzz/insider.ts'
import { pemTexts, stateFolders } from '../fuzz/keys.ts'
import { maildirs } from '../fuzz/maildir.ts'
import { pictureFiles } from '../fuzz/pictures.ts'
import { wire } from '../fuzz/wire.ts'

/** By the name that ONLY takes. */
const TARGETS = {
  requests: httpRequests,
  streams: httpStreams,
  wire,
  answers: hostileServers,
  pictures: insiderPictures,
  files: pictureFiles,
  pem: pemTexts,
  state: stateFolders,
  maildir: maildirs,
}
const { SLOW, MINUTES = 0, ONLY, SEED = Math.random() * 2 ** 30 } = process.env
const tried = Object.entries(TARGETS).filter(([name]) => !ONLY || name === ONLY)
assert.ok(tried.length > 0, `ONLY is one of ${Object.keys(TARGETS).join(', ')}`)
const ms = (Number(MINUTES) / tried.length) * 60_000

describe('whatever is tried', () => {
  for (const [target, { name, cases, fuzz }] of tried)
    it(`nothing breaks in ${name}`, async (t) => {
      const outcomes = new Map<string, number>()
      const tell = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      const end = performance.now() + ms
      const numRuns = cases * (SLOW === '1' ? 50 : 1)
      let seed = Math.floor(Number(SEED))
      t.diagnostic(`ONLY=${target} SEED=${seed}`)
      do await fuzz({ seed, numRuns }, tell)
      while (performance.now() < end && ++seed)
      t.diagnostic([...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', '))
    })
})
