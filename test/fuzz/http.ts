/**
 * Random requests to a running pair, many at once. Their order on the wire may differ a little
 * from one run of a seed to the next.
 */

import assert from 'node:assert/strict'
import http from 'node:http'
import fc from 'fast-check'
import { bytesToHex } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { MLKEM768 } from '../../src/protocol/kem.ts'
import { EphemeralKeys, publicKeyBytes, SUITES, type Suite } from '../../src/protocol/suites.ts'
import { call } from '../helpers/call.ts'
import { Clock } from '../helpers/clock.ts'
import { mailboxInMemory } from '../helpers/mail.ts'
import { type Form, hex } from '../helpers/mutations.ts'
import { assertNoDefect, assertProper, assertStillWorks } from '../helpers/proper.ts'
import { sendRaw } from '../helpers/raw.ts'
import { requests, streams } from '../helpers/requests.ts'
import { agree, type TestPeer, withPeers } from '../helpers/with-peers.ts'
import { beginBeside, inBatches, type Target } from './target.ts'

const suites = Object.values(SUITES)

/** How long the program waits for the rest of a stream, in ms, and how long at most until it ends one. */
const patience = { headers: 1_000, request: 2_000 }
const STREAM_LIMIT = 60_000

export const httpRequests: Target = {
  name: 'HTTP requests to a running pair',
  cases: 100,
  fuzz: (seed, limits, tell) =>
    // small batches, so that each run has all suites in turn
    inBatches(seed, limits, 500, (seed, numRuns) => {
      const suite = suites[seed % suites.length] as Suite
      return withPeers({ suite, openMailbox: mailboxInMemory }, async (a, b) => {
        const { keys, messages, session } = await validForms(suite, [a, b])
        // the steps among the requests make new sessions: the messages speak of the latest one shown
        let latest = session
        const cases = fc.sample(requests(keys, messages), { seed, numRuns })
        const clock = new Clock()
        const begin = beginBeside(clock)
        const agent = new http.Agent({ keepAlive: true, maxSockets: 12 })
        try {
          await forAll(cases, 24, seed, async ({ to, body, ...request }) => {
            const { url } = [a, b][to] as TestPeer
            const inTime = begin()
            const answer = await call(url, {
              ...request,
              agent,
              ...(body && { body: replaced(body, session, latest) }),
            })
            inTime()
            assertProper(answer, request.method === 'HEAD')
            latest = /"session": \{\s*"id": "(\w+)"/.exec(answer.text)?.[1] ?? latest
            // each request is whole, and both peers answer: none waits for its time to be over
            assert.ok(answer.status !== 408 && answer.status !== 504, `${answer.status}`)
            tell(/"code": "(\w+)"/.exec(answer.text)?.[1] ?? 'done')
          })
        } finally {
          agent.destroy()
          clock.stop()
        }
        assertNoDefect(a, b)
        await assertStillWorks(a, b)
      })
    }),
}

export const httpStreams: Target = {
  name: 'bytes that are hardly HTTP, to a running pair',
  cases: 40,
  fuzz: (seed, limits, tell) =>
    inBatches(seed, limits, 400, (seed, numRuns) =>
      withPeers({ openMailbox: mailboxInMemory, patience }, async (a, b) => {
        await agree(a, b)
        const cases = fc.sample(streams, { seed, numRuns })
        await forAll(cases, 48, seed, async ({ to, bytes, halfClose }) => {
          const { port } = [a, b][to] as TestPeer
          const isHead = /^[\r\n]*HEAD /.test(bytes.toString('latin1'))
          // two line ends finish whatever headers there are
          const sent = halfClose ? bytes : Buffer.concat([bytes, Buffer.from('\r\n\r\n')])
          const options = { first: true, halfClose, limit: STREAM_LIMIT }
          const answers = await sendRaw(port, sent, options)
          for (const answer of answers) assertProper(answer, isHead)
          tell(answers.length > 0 ? String(answers[0]?.status) : 'no answer')
        })
        assertNoDefect(a, b)
        await assertStillWorks(a, b)
      }),
    ),
}

/** Runs `task` for each item, `width` at a time; a failure names the item, its place and the seed. */
async function forAll<T>(
  items: readonly T[],
  width: number,
  seed: number,
  task: (item: T) => Promise<void>,
) {
  const rest = items.entries()
  const work = async () => {
    for (const [i, item] of rest)
      try {
        await task(item)
      } catch (cause) {
        const what = `SEED=${seed}, number ${i}: ${textOf(item)}`
        throw new Error(`${what}: ${(cause as Error).message}`, { cause })
      }
  }
  await Promise.all(Array.from({ length: width }, work))
}

/** Bytes as characters. */
function textOf(item: unknown): string {
  const text = (_key: string, value: unknown) =>
    (value as { type?: string } | null)?.type === 'Buffer'
      ? Buffer.from(value as Uint8Array).toString('latin1')
      : value
  return JSON.stringify(item, text).slice(0, 4_000)
}

/** What an eavesdropper has after an honest exchange: all that valid forms are made of. */
async function validForms(suite: Suite, peers: [TestPeer, TestPeer]) {
  const [a, b] = peers
  await agree(a, b)
  for (let i = 0; i < 3; i++)
    for (const peer of peers) assert.equal((await peer.call('/send_msg')).status, 201)
  const shown = [(await a.call('/show')).json, (await b.call('/show')).json]
  const strangers = Array.from({ length: 8 }, () => [
    bytesToHex(new KeyPair(suite.curve).publicKey),
    bytesToHex(new EphemeralKeys(suite).publicKey),
  ])
  const ours = shown.flatMap((s): string[] => [s.identity, s.publicKey])
  const key = fc.constantFrom(...strangers.flat(), ...ours)
  const session = fc.constantFrom(...shown.map((s): string => s.session.id), '00'.repeat(16))
  const keys = fc.record(
    {
      v: fc.constant(2),
      curve: fc.constant(suite.name),
      basePoint: fc.constant(shown[0].basePoint),
      identity: fc.oneof(fc.constantFrom(...shown.map((s): string => s.identity)), key),
      publicKey: fc.oneof(key, hex(publicKeyBytes(suite))),
      confirm: fc.record(
        { session, tag: hex(32), ciphertext: hex(MLKEM768.ciphertextBytes) },
        { requiredKeys: ['session', 'tag'] },
      ),
    },
    { requiredKeys: ['v', 'curve', 'basePoint', 'identity', 'publicKey'] },
  )
  const waiting = shown.flatMap((s) => s.waiting)
  assert.equal(waiting.length, 6)
  const messages = fc.constantFrom(...waiting.map((message): Form => ({ v: 2, ...message })))
  return { keys, messages, session: shown[0].session.id as string }
}

function replaced(body: Uint8Array, text: string, by: string): Uint8Array {
  return Buffer.from(Buffer.from(body).toString('latin1').replaceAll(text, by), 'latin1')
}
