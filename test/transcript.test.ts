/** The transcript: that whoever has it can check it, by the script in its documentation, and that a changed one fails. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { SUITES } from '../src/protocol/suites.ts'
import { INDEPENDENT_CURVES, safetyNumber } from './helpers/independent-peer.ts'
import { scripted, wholeRound } from './helpers/transcripts.ts'
import { withPeers } from './helpers/with-peers.ts'

const documentation = fs.readFileSync(new URL('../src/page/README.md', import.meta.url), 'utf8')

describe('a transcript', () => {
  for (const suite of Object.values(SUITES))
    it(`is checked by the documented script, on ${suite.name}`, () =>
      withPeers({ suite }, async (a, b) => {
        await wholeRound(a, b)
        for (const peer of [a, b]) {
          const answer = await peer.call('/transcript')
          assert.match(String(answer.headers['content-disposition']), /^attachment; filename="ecdh/)
          const transcript = answer.json
          const { session, safetyNumber: number } = (await peer.call('/show')).json
          const { status, output } = scripted(JSON.stringify(transcript))
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

  for (const suite of [SUITES.X25519, SUITES.X25519MLKEM768])
    it(`that was changed in any of this fails, on ${suite.name}`, () =>
      withPeers({ suite }, async (a, b) => {
        await wholeRound(a, b)
        const { text } = await a.call('/transcript')
        const other = (digit: string) => (digit === '7' ? '8' : '7')
        // biome-ignore lint/suspicious/noExplicitAny: JSON as it came
        const changes: ((transcript: any) => void)[] = [
          ({ state }) => {
            state.session.id = state.session.id.replace(/^./, other)
          },
          ({ state }) => {
            state.safetyNumber = state.safetyNumber.replace(/^./, other)
          },
          ({ events }) => {
            for (const { form, parts } of events)
              if (form === 'key message')
                for (const part of parts)
                  if (part.field === 'publicKey') part.text = part.text.replace(/^./, other)
          },
          ...(suite.kem === null
            ? []
            : ['x25519', 'confirm.ciphertext'].map(
                // biome-ignore lint/suspicious/noExplicitAny: JSON as it came
                (field) => (transcript: any) => {
                  for (const { parts = [] } of transcript.events)
                    for (const part of parts)
                      if (part.field === field) part.text = part.text.replace(/^./, other)
                },
              )),
          ({ events }) => {
            events.find(({ form }: { form: string }) => form === 'sealed message').parts.pop()
          },
        ]
        for (const change of changes) {
          const transcript = JSON.parse(text)
          change(transcript)
          const { status, output } = scripted(JSON.stringify(transcript))
          assert.equal(status, 1, output)
          assert.match(output, /^BAD /m)
        }
      }))

  it('has the fields that its documentation names, and no others', () =>
    withPeers({}, async (a, b) => {
      await wholeRound(a, b)
      await a.call('/show', { method: 'PUT' })
      const transcript = (await b.call('/transcript')).json
      const names = new Set([...documentation.matchAll(/`(\w+)`/g)].map(([, name]) => name))
      for (const name of Object.keys(transcript)) assert.ok(names.has(name), name)
      for (const event of transcript.events)
        for (const name of Object.keys(event)) assert.ok(names.has(name), name)
    }))
})
