/** How the examiner weighs what comes in place of a refusal, and puts it into words, whatever that is. */

import assert from 'node:assert/strict'
import type http from 'node:http'
import { describe, it } from 'node:test'
import { Questions } from '../../src/classroom/exercise/clauses/questions.ts'
import { Ledger } from '../../src/classroom/exercise/computation/ledger.ts'
import { Random } from '../../src/classroom/exercise/computation/random.ts'
import { Failure } from '../../src/classroom/exercise/failure.ts'
import { OtherPeer } from '../../src/classroom/exercise/otherPeer.ts'
import { Scene } from '../../src/classroom/exercise/scene.ts'
import { withServer } from '../helpers/fakes.ts'

type Answer = (response: http.ServerResponse) => void

const json =
  (status: number, body: object): Answer =>
  (response) =>
    void response.writeHead(status).end(JSON.stringify(body))
const raw =
  (text: string): Answer =>
  ({ socket }) =>
    void socket?.end(text)

/** The Failure of a clause whose messages should be refused as `bad_encoding` and get `answers`, and a genuine one `last`. */
async function askedOf(
  answers: Readonly<Record<string, Answer>>,
  last: Answer = json(201, { accepted: true }),
): Promise<Failure | null> {
  const waiting = Object.values(answers)
  const handler: http.RequestListener = (request, response) => {
    request.resume()
    const answer = waiting.shift() ?? last
    answer(response)
  }
  let failure: Failure | null = null
  await withServer(handler, async (origin) => {
    const other = await OtherPeer.listen()
    const [random, ledger] = [new Random(1, 'questions'), new Ledger()]
    const shown = { status: 200, headers: {}, body: Buffer.alloc(0), json: {}, code: null }
    const scene = new Scene({
      ...{ curve: 'X25519', student: null, origin, state: null, other, party: 1, random, ledger },
      shown: { ...shown, ms: 0, isEarly: false },
    })
    const ask = new Questions(scene)
    for (const what of Object.keys(answers))
      await ask.refused(what, 'bad_encoding', {}, { because: { taken: 'Hex passes: %.' } })
    await ask.genuine()
    try {
      ask.end('hex', '`bad_encoding`')
    } catch (error) {
      assert.ok(error instanceof Failure)
      failure = error
    } finally {
      other.close()
    }
  })
  return failure
}

const right = json(400, { code: 'bad_encoding' })

describe('what comes in place of a refusal', () => {
  it('passes where it is the right one', async () => {
    assert.equal(await askedOf({ one: right, two: right }), null)
  })

  it('is told by what it is, once for all that share it', async () => {
    const failure = await askedOf({
      'upper case': json(201, { accepted: true }),
      'a blank': json(409, { code: 'bad_point' }),
      right: right,
      'a sign': json(400, { code: 'bad_message' }),
      'a word': json(400, { error: 'no' }),
      'a page': raw('HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n'),
      'a trap': json(500, {}),
      'a half': raw('HTTP/1.1 400 No\r\nContent-Length: 9\r\n\r\n{'),
      'a change': raw('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
      'a flood': (response) => void response.writeHead(400).end(Buffer.alloc(3 * 1024 * 1024)),
    })
    assert.equal(failure?.kind, 'wrong')
    assert.match(
      failure.finding.got,
      /^2 of 11 probes are right\. The first .* upper case: status 201$/,
    )
    assert.equal(
      failure.finding.cause,
      [
        'Hex passes: upper case; a blank.',
        'It is refused, with another code than the page gives: a sign.',
        'A refusal is JSON with a `code`, and this one has none: a word.',
        'A refusal has a status of 400 or more, and this one has not: a page.',
        'The request ends with an exception that your peer does not catch: a trap; a half.',
        'What comes is no answer of HTTP, or a very long one: a change; a flood.',
      ].join(' '),
    )
  })

  it('has half the points where only codes are wrong, and tells of the state where only the last is refused', async () => {
    const code = await askedOf({ one: json(400, { code: 'bad_hex' }), two: right })
    assert.equal(code?.kind, 'wrong code')
    const state = await askedOf({ one: right }, json(409, { code: 'stale_keys' }))
    assert.equal(state?.kind, 'wrong')
    assert.match(state.finding.cause ?? '', /^What is refused changes the state/)
  })
})
