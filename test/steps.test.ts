/** The owner's routes, over real ports. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SUITES } from '../src/protocol/suites.ts'
import { withPeers } from './helpers/with-peers.ts'

for (const suite of Object.values(SUITES)) {
  describe(`six steps on ${suite.name}`, () => {
    it('give both the same shared secret, and the text to the receiver only', () =>
      withPeers({ suite, message: 'Hello, Bob' }, async (a, b) => {
        const first = await a.call('/send_keys')
        assert.deepEqual([first.status, first.json.session], [201, null])
        const second = await b.call('/send_keys')
        assert.match(second.json.session, /^[0-9a-f]{32}$/)
        const shown = [await a.call('/show'), await b.call('/show')]
        assert.deepEqual(
          shown.map((answer) => answer.json.session.id),
          [second.json.session, second.json.session],
        )
        // what the curve gives, and beside it what the KEM carried
        const shared = a.secrets()
        assert.equal(shared.length, suite.kem === null ? 1 : 2)
        assert.equal(new Set(shared).size, shared.length)
        for (const secret of shared) assert.match(secret, /^[0-9a-f]{64}$/)
        assert.deepEqual(shared, b.secrets())
        const sent = await a.call('/send_msg')
        assert.equal(sent.status, 201)
        assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
        assert.deepEqual(b.secrets(), [...shared, 'Hello, Bob'])
        assert.deepEqual(a.secrets(), shared)
      }))
  })
}
