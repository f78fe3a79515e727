/** The other peer as a client sees it: gone, slow, wrong or lying, and that none of its words are repeated. */

import assert from 'node:assert/strict'
import dns from 'node:dns'
import fs from 'node:fs'
import type { RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { afterEach, describe, it, mock } from 'node:test'
import { createClient } from '../../src/http/client.ts'
import { commandsOf } from '../../src/http/nextCommands.ts'
import { problemOf } from '../../src/http/problems.ts'
import { PeerError, type Wire } from '../../src/peer/contract.ts'
import type { KeyForm } from '../../src/protocol/messages.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { JSON_TYPE } from '../helpers/call.ts'
import { switching, withFullListener, withServer } from '../helpers/fakes.ts'
import { freePorts } from '../helpers/ports.ts'
import { assertNothingInternal, assertProblem, type Problem } from '../helpers/problem.ts'
import { withOnePeer } from '../helpers/with-peers.ts'

const MIB = 1024 * 1024

/** Expects `/send_keys` to be refused with `code` when the other peer is served by `listener`; returns the problem. */
async function assertBlamesPeer(code: string, listener: RequestListener, timeout?: number) {
  let problem: Problem | undefined
  await withServer(listener, (peerUrl) =>
    withOnePeer({ peerUrl, timeout }, async (peer) => {
      const answer = await peer.call('/send_keys')
      problem = assertProblem(answer, code)
      assert.doesNotMatch(answer.text + peer.shown(), /xyzzy/)
      assert.equal((await peer.call('/show')).status, 200)
      // it may be the address that is wrong
      if (code !== 'peer_timeout' && !problem.peer_code)
        assert.ok(problem.next.includes(` ${peerUrl}`), problem.next)
    }),
  )
  return problem ?? assert.fail()
}

const answering =
  (status: number, body: string, type = JSON_TYPE): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': type }).end(body)

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
    withOnePeer({ peerUrl: 'http://127.0.0.1:9' }, async (peer) => {
      assertProblem(await peer.call('/send_keys'), 'peer_unreachable')
      assertProblem(await peer.call('/send_msg'), 'no_session')
    }))

  it('is called again on the same connection', () => {
    let connections = 0
    return withServer(answering(201, '{"accepted":true}'), (peerUrl, server) => {
      server.on('connection', () => connections++)
      return withOnePeer({ peerUrl }, async (peer) => {
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
        answering(201, `{"accepted":true,"bytes":${bytes}}`)(request, response),
      )
    }
    return withServer(listener, async (url) => {
      const stream = { bytes: PIECE * PIECES, content: content() }
      assert.equal((await createClient(url, SUITES.X25519).image(stream)).bytes, stream.bytes)
      assert.deepEqual([...others], [])
    })
  })

  for (const [what, code, listener] of [
    [
      'hangs up in the middle of its answer',
      'peer_unreachable',
      (_request, response) =>
        response
          .writeHead(201, { 'content-length': '100' })
          .write('{"acc', () => response.destroy()),
    ],
    ['speaks no HTTP', 'peer_unreachable', ({ socket }) => socket.end('xyzzy\r\n\r\n')],
    ['never ends its answer', 'peer_timeout', (_, response) => response.writeHead(201).write('{')],
  ] as [string, string, RequestListener][])
    it(`that ${what} is ${code}`, async () => {
      await assertBlamesPeer(code, listener, code === 'peer_timeout' ? 200 : undefined)
    })

  const confirming = (confirm: string) => `{"accepted":true,"confirm":${confirm}}`
  for (const [what, listener] of [
    ['HTML', answering(200, '<h1>xyzzy</h1>', 'text/html')],
    ['201 with HTML', answering(201, '<h1>xyzzy</h1>', 'text/html')],
    ['nothing', answering(204, '', 'text/plain')],
    ['201 with nothing', answering(201, '')],
    ['200 with the right body', answering(200, '{"accepted":true}')],
    ['accepted: false', answering(201, '{"accepted":false}')],
    ['an empty object', answering(201, '{}')],
    ['null', answering(201, 'null')],
    ['a list', answering(201, '[{"accepted":true}]')],
    ['half of an answer', answering(201, '{"accepted":true')],
    ['an unknown field', answering(201, '{"accepted":true,"xyzzy":1}')],
    ['a field twice', answering(201, '{"accepted":false,"accepted":true}')],
    ['a confirmation of the wrong form', answering(201, confirming('{}'))],
    ['one of the wrong length', answering(201, confirming('{"session":"00","tag":"00"}'))],
    ['an unknown code', answering(400, '{"code":"xyzzy","detail":"xyzzy"}')],
    ['a code that every object has', answering(400, '{"code":"constructor"}')],
    ['a code that is none', answering(400, '{"code":["no_session"]}')],
    [
      'a compressed body',
      (_request, response) => response.writeHead(201, { 'content-encoding': 'gzip' }).end('xyzzy'),
    ],
    ['that it goes on in another protocol', switching],
    ...[301, 302, 303, 307, 308].map((status) => [`${status}`, redirecting(status)] as const),
  ] as [string, RequestListener][])
    it(`that answers ${what} is peer_refused without a code`, async () =>
      assert.equal((await assertBlamesPeer('peer_refused', listener)).peer_code, null))

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

  for (const [code, next] of [
    ['stale_keys', /^curl \S+send_keys && curl/],
    // its keys are not what is wrong
    ['internal', /^Look at the other terminal/],
  ] as const)
    it(`that refuses with ${code} is peer_refused, and its words are not repeated`, async () => {
      const words = `{"code":"${code}","title":"xyzzy","detail":"xyzzy","next":"xyzzy"}`
      const problem = await assertBlamesPeer('peer_refused', answering(409, words))
      assert.equal(problem.peer_code, code)
      assert.match(problem.next, next)
    })

  for (const [what, body] of [
    ['an unknown field', '{"accepted":true,"missing":0,"xyzzy":1}'],
    ['no count', '{"accepted":true}'],
    ['a count below zero', '{"accepted":true,"missing":-1}'],
    ['a count that is a text', '{"accepted":true,"missing":"0"}'],
  ] as const)
    it(`that answers a message with ${what} is peer_refused without a code`, () =>
      withServer(answering(201, body), async (url) => {
        const message = { v: 2 as const, session: '00', seq: 0, ciphertext: '00' }
        await assert.rejects(createClient(url, SUITES.X25519).message(message, 2), (error) => {
          assert.ok(error instanceof PeerError)
          assert.deepEqual([error.code, error.peerCode], ['peer_refused', null])
          assertNothingInternal(error.message)
          return true
        })
      }))
})

/** As the specification has it. */
const MAYBE_REFUSED = 'Perhaps it refused the picture while it still came: its terminal says why. '

const WAYS = {
  'a key message': { path: '/send_keys', send: (wire: Wire) => wire.keys({} as KeyForm) },
  'a picture': {
    path: '/send_image',
    send: (wire: Wire) => wire.image({ bytes: MIB, content: Readable.from([Buffer.alloc(MIB)]) }),
  },
}

/** What is said, in one text, of a request to `url` that gets no answer. */
async function said(way: keyof typeof WAYS, url: string, code: string, timeout?: number) {
  const { path, send } = WAYS[way]
  const error = await send(createClient(url, SUITES.X25519, undefined, timeout)).then(
    () => assert.fail(),
    (error: unknown) => error,
  )
  const commands = commandsOf({ url: 'http://127.0.0.1:5000', peerUrl: url })
  const problem = problemOf(error, commands, path)
  assert.equal(problem.code, code)
  const text = `${problem.detail} ${problem.next}`
  return text.replaceAll(url, 'URL').replaceAll(new URL(url).host, 'HOST')
}

type LookupCallback = (error: Error | null, addresses: dns.LookupAddress[]) => void
/** Every name has these addresses; without any, the answer comes too late. */
function resolving(...addresses: dns.LookupAddress[]): void {
  mock.method(dns, 'lookup', (_name: string, _options: object, done: LookupCallback) => {
    setTimeout(done, addresses.length > 0 ? 0 : 10 * SHORT, null, addresses)
  })
}

/** How long a request waits, in ms. */
const SHORT = 200
const NAMED = 'http://lab.example'
const NOT_LINUX =
  process.platform !== 'linux' && 'how long the queue of a listener is, is known on Linux'

for (const way of ['a key message', 'a picture'] as const)
  describe(`${way} without an answer says why, and what to do about it`, () => {
    afterEach(() => mock.restoreAll())

    const none = 'No connection to the peer at HOST:'
    const again = 'then run this step again.'
    const refused = `${none} it was refused. No program listens there, or a firewall forbids it.`
    const start = (how: string) => `Start the other peer${how}, so that it answers at URL, ${again}`
    const correct = 'Correct the name in --peer, URL, or give an address in its place.'
    const look = (how: string) =>
      `See that --peer, URL, has the right address, that a peer was started there${how}, and that no firewall is between, ${again}`
    const late = `${none} nothing came back in time.`
    const broke = 'The connection to the peer at HOST broke before the whole answer had come.'
    const maybe = way === 'a picture' ? MAYBE_REFUSED : ''
    const silent = 'The peer at HOST was reached, but did not answer in time.'
    const isOther = `See that the other peer is what answers at URL (--peer names it), ${again}`

    it('where nobody listens, at an address or at one of those of a name', async () => {
      const [port] = await freePorts(1)
      const nobody = `http://127.0.0.1:${port}`
      assert.equal(await said(way, nobody, 'peer_unreachable'), `${refused} ${start('')}`)
      resolving({ address: '224.0.0.1', family: 4 }, { address: '127.0.0.1', family: 4 })
      const text = await said(way, `${NAMED}:${port}`, 'peer_unreachable')
      assert.equal(text, `${refused} ${start(' with --host')}`)
    })

    it('where the name is none', async () => {
      const text = await said(way, 'http://peer.invalid:5001', 'peer_unreachable')
      // a system may take its time over that
      assert.equal(
        text.replace(' in time', ''),
        `${none} no address was found for that name. ${correct}`,
      )
    })

    it('where the name is looked up for too long, and where the URL has no port', async () => {
      resolving()
      assert.equal(
        await said(way, `${NAMED}:5001`, 'peer_unreachable', SHORT),
        `${none} no address was found for that name in time. ${correct}`,
      )
      assert.match(
        await said(way, NAMED, 'peer_unreachable', SHORT),
        /^No connection to the peer at HOST:80 \(a URL without a port means 80\): /,
      )
    })

    it('where no way leads to the address', async () => {
      // an address for a group, which nobody can have a connection to
      const text = await said(way, 'http://224.0.0.1:5001', 'peer_unreachable')
      assert.equal(
        text.replace(/\(E[A-Z]+\)/, '(CODE)'),
        `${none} this machine finds no way there (CODE). ${look(' with --host')}`,
      )
    })

    it('where no connection comes about in time', { skip: NOT_LINUX }, () =>
      withFullListener(async (url) => {
        assert.equal(await said(way, url, 'peer_unreachable', SHORT), `${late} ${look('')}`)
        resolving({ address: '127.0.0.1', family: 4 })
        const text = await said(way, `${NAMED}:${new URL(url).port}`, 'peer_unreachable', SHORT)
        assert.equal(text, `${late} ${look(' with --host')}`)
      }),
    )

    for (const [what, code, listener, expected] of [
      [
        'it was reached and is silent',
        'peer_timeout',
        () => {},
        `${silent} Look at the other terminal, ${again}`,
      ],
      [
        'the connection breaks',
        'peer_unreachable',
        ({ socket }) => socket.destroy(),
        `${broke} ${maybe}Look at the terminal of the peer at URL, ${again}`,
      ],
      [
        'something else than HTTP comes',
        'peer_unreachable',
        ({ socket }) => socket.end('SSH-2.0-somebody\r\n'),
        `What answers at HOST does not speak HTTP as a peer does. ${isOther}`,
      ],
    ] as [string, string, RequestListener, string][])
      it(`where ${what}`, () =>
        withServer(listener, async (url) => {
          const timeout = code === 'peer_timeout' ? 5 * SHORT : undefined
          assert.equal(await said(way, url, code, timeout), expected)
        }))
  })

it('the specification says what is shown where a picture may have been refused', () => {
  const specification = fs.readFileSync('src/protocol/README.md', 'utf8').replaceAll('\n', ' ')
  assert.ok(specification.includes(`"${MAYBE_REFUSED.trim()}"`))
})
