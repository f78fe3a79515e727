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
import { switching, withFullListener, withPeerFacing, withServer } from '../helpers/fakes.ts'
import { freePorts } from '../helpers/ports.ts'
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
const NAMED = 'http://lab.example:5001'
const NOT_LINUX =
  process.platform !== 'linux' && 'how long the queue of a listener is, is known on Linux'

for (const way of ['a key message', 'a picture'] as const)
  describe(`${way} without an answer says why, and what to do about it`, () => {
    afterEach(() => mock.restoreAll())

    const none = 'No connection to the peer at HOST:'
    const again = 'then run this step again.'
    const refused = `${none} it was refused. No program listens there, or a firewall forbids it.`
    const correct = 'Correct the name in --peer, URL, or give an address in its place.'
    const look = (start: string) =>
      `See that --peer, URL, has the right address, that a peer was started there${start}, and that no firewall is between, ${again}`

    it('where nobody listens', async () => {
      const [port] = await freePorts(1)
      assert.equal(
        await said(way, `http://127.0.0.1:${port}`, 'peer_unreachable'),
        `${refused} Start the other peer, so that it answers at URL, ${again}`,
      )
    })

    it('where nobody listens on the one address of a name that leads somewhere', async () => {
      const [port] = await freePorts(1)
      resolving({ address: '224.0.0.1', family: 4 }, { address: '127.0.0.1', family: 4 })
      assert.equal(
        await said(way, `http://lab.example:${port}`, 'peer_unreachable'),
        `${refused} Start the other peer with --host, so that it answers at URL, ${again}`,
      )
    })

    it('where the name is none', async () =>
      // a system may take its time over that
      assert.equal(
        (await said(way, 'http://peer.invalid:5001', 'peer_unreachable')).replace(' in time', ''),
        `${none} no address was found for that name. ${correct}`,
      ))

    it('where the name is looked up for too long', async () => {
      resolving()
      assert.equal(
        await said(way, NAMED, 'peer_unreachable', SHORT),
        `${none} no address was found for that name in time. ${correct}`,
      )
    })

    it('where no way leads to the address', async () =>
      assert.match(
        // an address for a group, which nobody can have a connection to
        await said(way, 'http://224.0.0.1:5001', 'peer_unreachable'),
        new RegExp(
          `^${none} this machine finds no way there \\(E[A-Z]+\\)\\. ${look(' with --host')}$`,
        ),
      ))

    it('where no connection comes about in time', { skip: NOT_LINUX }, () =>
      withFullListener(async (url) => {
        assert.equal(
          await said(way, url, 'peer_unreachable', SHORT),
          `${none} nothing came back in time. ${look('')}`,
        )
        const { port } = new URL(url)
        resolving({ address: '127.0.0.1', family: 4 })
        assert.equal(
          await said(way, `http://lab.example:${port}`, 'peer_unreachable', SHORT),
          `${none} nothing came back in time. ${look(' with --host')}`,
        )
      }),
    )

    it('where it was reached and is silent', () =>
      withServer(
        () => {},
        async (url) =>
          assert.equal(
            await said(way, url, 'peer_timeout', 5 * SHORT),
            `The peer at HOST was reached, but did not answer in time. Look at the other terminal, ${again}`,
          ),
      ))

    it('where the connection breaks', () =>
      withServer(
        ({ socket }) => socket.destroy(),
        async (url) =>
          assert.equal(
            await said(way, url, 'peer_unreachable'),
            `The connection to the peer at HOST broke before the whole answer had come. ${
              way === 'a picture' ? `${MAYBE_REFUSED} ` : ''
            }Look at the terminal of the peer at URL, ${again}`,
          ),
      ))

    it('where something else than HTTP comes', () =>
      withServer(
        ({ socket }) => socket.end('SSH-2.0-somebody\r\n'),
        async (url) =>
          assert.equal(
            await said(way, url, 'peer_unreachable'),
            `What answers at HOST does not speak HTTP as a peer does. See that the other peer is what answers at URL (--peer names it), ${again}`,
          ),
      ))

    it('where the URL has no port, and so 80 is meant', async () => {
      resolving()
      assert.match(
        await said(way, 'http://lab.example', 'peer_unreachable', SHORT),
        /^No connection to the peer at HOST:80 \(a URL without a port means 80\): /,
      )
    })
  })

/** As the specification has it. */
const MAYBE_REFUSED = 'Perhaps it refused the picture while it still came: its terminal says why.'

it('the specification says what is shown where a picture may have been refused', () => {
  const specification = fs.readFileSync('src/protocol/README.md', 'utf8').replaceAll('\n', ' ')
  assert.ok(specification.includes(`"${MAYBE_REFUSED}"`))
})
