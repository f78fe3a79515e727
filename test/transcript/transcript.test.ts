/** The transcript: that whoever has it can check it, by the script in its documentation. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { SUITES } from '../../src/protocol/suites.ts'
import { scripted, wholeRound } from '../helpers/transcripts.ts'
import { withPeers } from '../helpers/with-peers.ts'
import { safetyNumber } from '../independent/session.ts'
import { INDEPENDENT_CURVES } from '../independent/suites.ts'

const documentation = fs.readFileSync(new URL('../../src/page/README.md', import.meta.url), 'utf8')

/** What its documentation names. */
const names = new Set([...documentation.matchAll(/`(\w+)`/g)].map(([, name]) => name))

describe('a transcript', () => {
  for (const suite of Object.values(SUITES))
    it(`has the documented fields and is checked by the documented script, on ${suite.name}`, () =>
      withPeers({ suite }, async (a, b) => {
        await wholeRound(a, b)
        await b.call('/show', { method: 'PUT' })
        const answers = [await a.call('/transcript'), await b.call('/transcript')]
        const said = scripted(answers.map(({ text }) => text))
        for (const [i, { headers, json: transcript }] of answers.entries()) {
          assert.match(String(headers['content-disposition']), /^attachment; filename="ecdh/)
          for (const one of [transcript, ...transcript.events])
            for (const name of Object.keys(one)) assert.ok(names.has(name), name)

          const { session, safetyNumber: number } = (await (i === 0 ? a : b).call('/show')).json
          const { status, output } = said[i] ?? assert.fail()
          assert.equal(status, 0, output)
          assert.match(output, new RegExp(`^good {2}session ${session.id}$`, 'm'))
          assert.match(output, new RegExp(`^good {2}safety number ${number}$`, 'm'))
          assert.match(output, /^good {2}3 messages (sent|received), none/m)
          const independent = Object.values(INDEPENDENT_CURVES).find(
            ({ name }) => name === suite.curve.name,
          )
          assert.ok(independent)
          const { identity, peer: other } = transcript.state
          const pair = [Buffer.from(identity, 'hex'), Buffer.from(other.identity, 'hex')] as const
          assert.equal(safetyNumber(independent, pair), number)
        }
      }))
})
