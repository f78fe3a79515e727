/** The owner's routes, over real ports. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CURVES } from '../src/protocol/curves.ts'
import { withPeers } from './helpers/with-peers.ts'

for (const curve of Object.values(CURVES)) {
  describe(`six steps on ${curve.name}`, () => {
    it('give both the same shared secret, and the text to the receiver only', () =>
      withPeers({ curve, message: 'Hello, Bob' }, async (a, b) => {
        const first = await a.call('/send_keys')
        assert.deepEqual([first.status, first.json.session], [201, null])
        const second = await b.call('/send_keys')
        assert.match(second.json.session, /^[0-9a-f]{32}$/)
        const shown = [await a.call('/show'), await b.call('/show')]
        assert.deepEqual(
          shown.map((answer) => answer.json.session.id),
          [second.json.session, second.json.session],
        )
        assert.match(a.secrets()[0] ?? '', /^[0-9a-f]{64}$/)
        assert.deepEqual(a.secrets(), b.secrets())
        const sent = await a.call('/send_msg')
        assert.equal(sent.status, 201)
        assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
        assert.equal(b.secrets()[1], 'Hello, Bob')
        assert.equal(a.secrets().length, 1)
      }))
  })
}
