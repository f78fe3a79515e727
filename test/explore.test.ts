/** `make explore` within small bounds: every schedule there is, and that each planted mistake is found. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KINDS, SHORT } from './explore/bounds.ts'
import { load } from './explore/load.ts'
import { MISTAKES } from './explore/mistakes.ts'
import { type Result, search } from './explore/search.ts'

describe('every schedule', () => {
  for (const kind of KINDS)
    for (const bounds of SHORT)
      it(`keeps what must hold, ${kind}, with ${bounds.troubles} troubles`, async (t) => {
        const { walk, flaw } = search(await load(), kind, bounds)
        assert.equal(flaw && `${flaw.what}\n${flaw.schedule}`, null)
        t.diagnostic(`${walk.states} states, ${walk.steps} steps`)
        assert.equal(walk.disagreements.size > 0, bounds.troubles > 0)
      })
})

describe('the walk', () => {
  for (const mistake of MISTAKES)
    it(`notices that ${mistake.what}`, async (t) => {
      const protocol = await load(mistake)
      let result: Result | null = null
      for (const bounds of SHORT)
        for (const kind of KINDS) {
          if (result?.flaw) break
          result = search(protocol, kind, bounds)
          if (result.flaw) t.diagnostic(`${kind}, ${result.flaw.steps} steps: ${result.flaw.what}`)
        }
      assert.ok(result?.flaw, 'not found')
    })
})
