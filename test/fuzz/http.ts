/**
 * Random requests to a running pair, many at once. Their order on the wire may differ a little
 * from one run of a seed to the next.
 */

import assert from 'node:assert/strict'
import http from 'node:http'
import fc from 'fast-check'
import { MLKEM768 } from '../../src/protocol/kem.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { stranger } from '../helpers/bad-input.ts'
import { call } from '../helpers/call.ts'
import { mailboxInMemory } from '../helpers/mail.ts'
import { type Form, hex } from '../helpers/mutations.ts'
import { assertNoDefect, assertProper, assertStillWorks } from '../helpers/proper.ts'
import { sendRaw } from '../helpers/raw.ts'
import { type Request, requests, streams } from '../helpers/requests.ts'
import { agree, type TestPeer, withPeers } from '../helpers/with-peers.ts'
import { keyForm } from '../independent/forms.ts'
import { INDEPENDENT_SUITES, type Suite } from '../independent/suites.ts'
import { type Target, withoutHangs } from './target.ts'

type Pair = readonly [TestPeer, TestPeer]

/** How long the program waits for the rest of a stream, in ms, and how long at most until it ends one. */
const patience = { headers: 1_000, request: 2_000 }
const STREAM_LIMIT = 60_000

/** Some cases at once. */
const atOnce = <T>(cases: fc.Arbitrary<T>, most: number, check: (value: T) => Promise<void>) =>
  fc.asyncProperty(
    fc.array(cases, { minLength: 1, maxLength: most, size: 'max' }),
    async (cases) => {
      await Promise.all(cases.map(check))
    },
  )

export const httpRequests: Target = {
  name: 'HTTP requests to a running pair, up to 24 at once',
  cases: 10,
  fuzz(run, tell) {
    // each run has one suite, and they take turns
    const suite = INDEPENDENT_SUITES[run.seed % INDEPENDENT_SUITES.length] as Suite
    const options = {
      suite: SUITES[suite.name as keyof typeof SUITES],
      openMailbox: mailboxInMemory,
    }
    return withPeers(options, async (...peers) => {
      const { keys, messages, session } = await validForms(suite, peers)
      // the steps among the requests make new sessions: the messages speak of the latest one shown
      let latest = session
      const agent = new http.Agent({ keepAlive: true, maxSockets: 12 })
      await withoutHangs(async (begin) => {
        const check = async ({ to, body, ...request }: Request) => {
          const ended = begin()
          const answer = await call(peers[to].url, {
            ...request,
            agent,
            ...(body && { body: replaced(body, session, latest) }),
          })
          ended()
          assertProper(answer, request.method === 'HEAD')
          latest = /"session": \{\s*"id": "(\w+)"/.exec(answer.text)?.[1] ?? latest
          // each request is whole, and both peers answer: none waits for its time to be over
          assert.ok(answer.status !== 408 && answer.status !== 504, `${answer.status}`)
          tell(/"code": "(\w+)"/.exec(answer.text)?.[1] ?? 'done')
        }
        await fc.assert(atOnce(requests(keys, messages), 24, check), run)
      }).finally(() => agent.destroy())
      assertNoDefect(...peers)
      await assertStillWorks(...peers)
    })
  },
}

export const httpStreams: Target = {
  name: 'bytes that are hardly HTTP, to a running pair, up to 48 at once',
  cases: 2,
  fuzz: (run, tell) =>
    withPeers({ openMailbox: mailboxInMemory, patience }, async (...peers) => {
      await agree(...peers)
      const property = atOnce(streams, 48, async ({ to, bytes, halfClose }) => {
        const isHead = /^[\r\n]*HEAD /.test(bytes.toString('latin1'))
        // two line ends finish whatever headers there are
        const sent = halfClose ? bytes : Buffer.concat([bytes, Buffer.from('\r\n\r\n')])
        const options = { first: true, halfClose, limit: STREAM_LIMIT }
        const answers = await sendRaw(peers[to].port, sent, options)
        for (const answer of answers) assertProper(answer, isHead)
        tell(answers.length > 0 ? String(answers[0]?.status) : 'no answer')
      })
      await fc.assert(property, run)
      assertNoDefect(...peers)
      await assertStillWorks(...peers)
    }),
}

/** What an eavesdropper has after an honest exchange: all that valid forms are made of. */
async function validForms(suite: Suite, peers: Pair) {
  const [a, b] = peers
  await agree(a, b)
  for (let i = 0; i < 3; i++)
    for (const peer of peers) assert.equal((await peer.call('/send_msg')).status, 201)
  const shown = [(await a.call('/show')).json, (await b.call('/show')).json]
  const session: string = shown[0].session.id
  const strangers = Array.from({ length: 8 }, () => keyForm(suite, stranger(suite)))
  const ofAny = (field: 'identity' | 'publicKey') =>
    [...shown, ...strangers].map((form): string => form[field])
  const confirm = fc.record(
    {
      session: fc.constantFrom(session, '00'.repeat(16)),
      tag: hex(32),
      ciphertext: hex(MLKEM768.ciphertextBytes),
    },
    { requiredKeys: ['session', 'tag'] },
  )
  const own = {
    // a peer takes keys of the other's identity alone
    identity: fc.oneof(
      fc.constantFrom(...shown.map((form): string => form.identity)),
      fc.constantFrom(...ofAny('identity')),
    ),
    publicKey: fc.constantFrom(...ofAny('publicKey')),
    confirm,
  }
  const keys = fc
    .record(own, { requiredKeys: ['identity', 'publicKey'] })
    .map((own): Form => ({ ...strangers[0], ...own }))
  const waiting: Form[] = shown.flatMap((s) => s.waiting)
  assert.equal(waiting.length, 6)
  const messages = fc.constantFrom(...waiting.map((message) => ({ v: 2, ...message })))
  return { keys, messages, session }
}

function replaced(body: Uint8Array, text: string, by: string): Uint8Array {
  return Buffer.from(Buffer.from(body).toString('latin1').replaceAll(text, by), 'latin1')
}
