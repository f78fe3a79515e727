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
import { type Draw, type Form, hexOf, pick } from '../helpers/mutations.ts'
import { assertNoDefect, assertProper, assertStillWorks } from '../helpers/proper.ts'
import { sendRaw } from '../helpers/raw.ts'
import { drawRequest, drawStream, type RawRequest, type Request } from '../helpers/requests.ts'
import { agree, type TestPeer, withPeers } from '../helpers/with-peers.ts'
import { keyForm } from '../independent/forms.ts'
import { INDEPENDENT_SUITES, type Suite } from '../independent/suites.ts'
import { hold, type Target, withoutHangs } from './target.ts'

type Pair = readonly [TestPeer, TestPeer]

/** How long the program waits for the rest of a stream, in ms, and how long at most until it ends one. */
const patience = { headers: 1_000, request: 2_000 }
const STREAM_LIMIT = 60_000

/** Bytes as characters. */
const asText = (one: unknown) =>
  JSON.stringify(one, (_key, value) =>
    value?.type === 'Buffer' ? Buffer.from(value).toString('latin1') : value,
  ).slice(0, 4_000)

/** Tries up to so many at once. A failure names the one that failed. */
async function atOnce<T>(draw: Draw, most: number, one: () => T, check: (one: T) => Promise<void>) {
  const all = Array.from({ length: draw(fc.integer, { min: 1, max: most }) }, one)
  const named = async (one: T) => {
    try {
      await check(one)
    } catch (cause) {
      throw new Error(`${asText(one)}: ${(cause as Error).message}`, { cause })
    }
  }
  await Promise.all(all.map(named))
}

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
        await hold({ ...run, endOnFailure: true }, (draw) =>
          atOnce(
            draw,
            24,
            () =>
              drawRequest(
                draw,
                () => keys(draw),
                () => pick(draw, ...messages),
              ),
            check,
          ),
        )
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
      const check = async ({ to, bytes, halfClose }: RawRequest) => {
        const isHead = /^[\r\n]*HEAD /.test(bytes.toString('latin1'))
        // two line ends finish whatever headers there are
        const sent = halfClose ? bytes : Buffer.concat([bytes, Buffer.from('\r\n\r\n')])
        const options = { first: true, halfClose, limit: STREAM_LIMIT }
        const answers = await sendRaw(peers[to].port, sent, options)
        for (const answer of answers) assertProper(answer, isHead)
        tell(answers.length > 0 ? String(answers[0]?.status) : 'no answer')
      }
      await hold({ ...run, endOnFailure: true }, (draw) =>
        atOnce(draw, 48, () => drawStream(draw), check),
      )
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
  const identities = [...shown, ...strangers].map((form): string => form.identity)
  const publicKeys = [...shown, ...strangers].map((form): string => form.publicKey)
  const keys = (draw: Draw): Form => {
    const ciphertext = draw(fc.boolean) && { ciphertext: hexOf(draw, MLKEM768.ciphertextBytes) }
    const id = pick(draw, session, '00'.repeat(16))
    const confirm = { session: id, tag: hexOf(draw, 32), ...ciphertext }
    return {
      ...strangers[0],
      // a peer takes keys of the other's identity alone: the first two are theirs
      identity: pick(draw, ...(draw(fc.boolean) ? identities : identities.slice(0, 2))),
      publicKey: pick(draw, ...publicKeys),
      ...(draw(fc.boolean) && { confirm }),
    }
  }
  const waiting: Form[] = shown.flatMap((s) => s.waiting)
  assert.equal(waiting.length, 6)
  const messages = waiting.map((message): Form => ({ v: 2, ...message }))
  return { keys, messages, session }
}

function replaced(body: Uint8Array, text: string, by: string): Uint8Array {
  return Buffer.from(Buffer.from(body).toString('latin1').replaceAll(text, by), 'latin1')
}
