/** The other peer as a client sees it: gone, slow, wrong or lying, and that none of its words are repeated. */

import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { PeerError } from '../../src/contract.ts'
import { createClient } from '../../src/http/client.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { JSON_TYPE } from '../helpers/call.ts'
import { switching, withPeerFacing, withServer } from '../helpers/fakes.ts'
import { assertNothingInternal, assertProblem } from '../helpers/problem.ts'

const MIB = 1024 * 1024

/** Expects `/send_keys` to be refused with `code` when the other peer is served by `listener`. */
function assertBlamesPeer(code: string, listener: RequestListener, timeout?: number) {
  return withServer(listener, (url) =>
    withPeerFacing(url, timeout, async (peer) => {
      const answer = await peer.call('/send_keys')
      const problem = assertProblem(answer, code)
      assert.doesNotMatch(answer.text, /xyzzy/)
      assert.doesNotMatch(JSON.stringify(peer.events), /xyzzy/)
      assert.equal((await peer.call('/show')).status, 200)
      if (code === 'peer_refused') assert.equal(problem.peer_code, null)
      // it may be the address that is wrong
      if (code !== 'peer_timeout') assert.ok(problem.next.includes(` ${url}`), problem.next)
    }),
  )
}

function answering(status: number, type: string, body: string): RequestListener {
  return (_request, response) => response.writeHead(status, { 'content-type': type }).end(body)
}

const accepting = (body: string) => answering(201, JSON_TYPE, body)
const refusing = (body: string) => answering(400, 'application/problem+json', body)

/** Sends every request elsewhere, where all would be well. */
const redirecting =
  (status: number): RequestListener =>
  ({ url }, response) => {
    if (url === '/elsewhere') response.writeHead(201)
    else response.writeHead(status, { location: '/elsewhere' })
    response.end('{"accepted":true}')
  }

describe('an other peer', () => {
  it('that is not there is peer_unreachable', () =>
    withPeerFacing('http://127.0.0.1:9', undefined, async (peer) => {
      assertProblem(await peer.call('/send_keys'), 'peer_unreachable')
      assertProblem(await peer.call('/send_msg'), 'no_session')
    }))

  it('of a name that is none is peer_unreachable', () =>
    withPeerFacing('http://peer.invalid:5001', undefined, async (peer) => {
      assertProblem(await peer.call('/send_keys'), 'peer_unreachable')
    }))

  it('is called again on the same connection', () => {
    let connections = 0
    return withServer(accepting('{"accepted":true}'), (url, server) => {
      server.on('connection', () => connections++)
      return withPeerFacing(url, undefined, async (peer) => {
        for (let i = 0; i < 3; i++) assert.equal((await peer.call('/send_keys')).status, 201)
        assert.equal(connections, 1)
      })
    })
  })

  it('that is slow has each piece of a picture before the next one is written over it', () => {
    const PIECE = 256 * 1024
    const PIECES = 24
    async function* content() {
      const piece = new Uint8Array(PIECE)
      for (let i = 0; i < PIECES; i++) yield piece.fill(i)
    }
    let bytes = 0
    const others = new Set<string>()
    const listener: RequestListener = (request, response) => {
      request.on('data', (read: Buffer) => {
        for (const byte of read) {
          const expected = Math.floor(bytes++ / PIECE)
          if (byte !== expected) others.add(`${byte} in the place of ${expected}`)
        }
        request.pause()
        setTimeout(() => request.resume(), 1)
      })
      request.on('end', () =>
        accepting(JSON.stringify({ accepted: true, bytes }))(request, response),
      )
    }
    return withServer(listener, async (url) => {
      const stream = { bytes: PIECE * PIECES, content: content() }
      assert.equal((await createClient(url, SUITES.X25519).image(stream)).bytes, stream.bytes)
      assert.deepEqual([...others], [])
    })
  })

  it('that hangs up is peer_unreachable', () =>
    assertBlamesPeer('peer_unreachable', (request) => request.socket.destroy()))

  it('that hangs up in the middle of its answer is peer_unreachable', () =>
    assertBlamesPeer('peer_unreachable', (_request, response) => {
      response.writeHead(201, { 'content-length': '100' }).write('{"acc', () => response.destroy())
    }))

  it('that does not speak HTTP is peer_unreachable', () =>
    assertBlamesPeer('peer_unreachable', (request) => request.socket.end('xyzzy\r\n\r\n')))

  it('that never answers is peer_timeout', () => assertBlamesPeer('peer_timeout', () => {}, 200))

  it('that never ends its answer is peer_timeout', () =>
    assertBlamesPeer(
      'peer_timeout',
      (_request, response) => {
        response.writeHead(201).write('{')
      },
      200,
    ))

  for (const [what, listener] of [
    ['HTML', answering(200, 'text/html', '<h1>xyzzy</h1>')],
    ['201 with HTML', answering(201, 'text/html', '<h1>xyzzy</h1>')],
    ['nothing', answering(204, 'text/plain', '')],
    ['201 with nothing', accepting('')],
    ['200 with the right body', answering(200, JSON_TYPE, '{"accepted":true}')],
    ['accepted: false', accepting('{"accepted":false}')],
    ['an empty object', accepting('{}')],
    ['null', accepting('null')],
    ['a list', accepting('[{"accepted":true}]')],
    ['half of an answer', accepting('{"accepted":true')],
    ['an unknown field', accepting('{"accepted":true,"xyzzy":1}')],
    ['a field twice', accepting('{"accepted":false,"accepted":true}')],
    ['a confirmation of the wrong form', accepting('{"accepted":true,"confirm":{}}')],
    [
      'a confirmation of the wrong length',
      accepting('{"accepted":true,"confirm":{"session":"00","tag":"00"}}'),
    ],
    ['an unknown code', refusing('{"code":"xyzzy","detail":"xyzzy"}')],
    ['a code that every object has', refusing('{"code":"constructor"}')],
    ['a code that is none', refusing('{"code":["no_session"]}')],
    [
      'a compressed body',
      ((_request, response) => {
        response.writeHead(201, { 'content-encoding': 'gzip' }).end('xyzzy')
      }) as RequestListener,
    ],
    ['that it goes on in another protocol', switching],
    ...[301, 302, 303, 307, 308].map(
      (status) => [`${status}, a redirection`, redirecting(status)] as const,
    ),
  ] as const)
    it(`that answers ${what} is peer_refused without a code`, () =>
      assertBlamesPeer('peer_refused', listener))

  it('whose answer does not end is peer_refused, long before it ends', async () => {
    let written = 0
    await assertBlamesPeer('peer_refused', (_request, response) => {
      function* endless() {
        for (; ; written += MIB) yield 'x'.repeat(MIB)
      }
      // a loop of `write` and its callback is not ended by the connection's end: Node 26 calls back, with an error, before it says so
      Readable.from(endless()).pipe(response.on('error', () => {}).writeHead(201))
    })
    assert.ok(written < 64 * MIB, `${written} bytes`)
  })

  it('that refuses is peer_refused with its code, and its words are not repeated', () =>
    withServer(
      answering(
        409,
        'application/problem+json',
        '{"code":"stale_keys","title":"xyzzy","detail":"xyzzy","next":"xyzzy","status":409}',
      ),
      (url) =>
        withPeerFacing(url, undefined, async (peer) => {
          const answer = await peer.call('/send_keys')
          assert.equal(assertProblem(answer, 'peer_refused').peer_code, 'stale_keys')
          assert.ok(!answer.text.includes('xyzzy'))
          assert.doesNotMatch(JSON.stringify(peer.events), /xyzzy/)
        }),
    ))

  it('that has a defect is one to look at: its keys are not what is wrong', () =>
    withServer(answering(500, 'application/problem+json', '{"code":"internal"}'), (url) =>
      withPeerFacing(url, undefined, async (peer) => {
        const problem = assertProblem(await peer.call('/send_keys'), 'peer_refused')
        assert.equal(problem.peer_code, 'internal')
        assert.match(problem.next, /^Look at the other terminal/)
      }),
    ))

  for (const [what, body] of [
    ['an unknown field', '{"accepted":true,"missing":0,"xyzzy":1}'],
    ['no count', '{"accepted":true}'],
    ['a count below zero', '{"accepted":true,"missing":-1}'],
    ['a count that is a text', '{"accepted":true,"missing":"0"}'],
  ] as const)
    it(`that answers a message with ${what} is peer_refused without a code`, () =>
      withServer(accepting(body), async (url) => {
        const message = { v: 2 as const, session: '00', seq: 0, ciphertext: '00' }
        await assert.rejects(createClient(url, SUITES.X25519).message(message, 2), (error) => {
          assert.ok(error instanceof PeerError)
          assert.deepEqual([error.code, error.peerCode], ['peer_refused', null])
          assertNothingInternal(error.message)
          return true
        })
      }))
})
