/** Every refusal over HTTP: its code, its form, and that nothing was done. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { describe, it } from 'node:test'
import { appOf } from '../../src/http/app.ts'
import { PAGE_FILES } from '../../src/page/files.ts'
import type { PeerEvent } from '../../src/peer/contract.ts'
import type { Peer } from '../../src/peer/peer.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { call, FORM, JSON_TYPE, posting, TEXT } from '../helpers/call.ts'
import { withServer } from '../helpers/fakes.ts'
import { mailboxInMemory } from '../helpers/mail.ts'
import {
  assertNothingRan,
  assertProblem,
  assertRefuses,
  assertSafeHeaders,
} from '../helpers/problem.ts'
import { askRaw, lines, type RawOptions, sendRaw } from '../helpers/raw.ts'
import { reset } from '../helpers/reset.ts'
import { sharedPeers, type TestPeer } from '../helpers/with-peers.ts'

const MIB = 1024 * 1024
const MAX_TEXT_BYTES = 16 * 1024
/** What each route allows, as its 405 says it. */
const ROUTES: Record<string, string[]> = {
  'GET, POST': [
    ...['/send_keys', '/show', '/send_msg', '/decrypt_msg', '/send_image', '/image'],
    ...['/frequency', '/', '/events', '/other/send_keys', '/other/send_image'],
  ],
  GET: [...PAGE_FILES, '/toy', '/transcript', '/sealed_image', '/public_key'],
  POST: ['/compare', '/wire/keys', '/wire/message', '/wire/image', '/message'],
}

const withPair = sharedPeers({ openMailbox: mailboxInMemory })

describe('a method that a route does not take', () => {
  const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'HEAD']
  for (const [allow, paths] of Object.entries(ROUTES))
    it(`is method_not_allowed and does nothing where ${allow} are all that is taken`, () =>
      withPair(async (a, b) => {
        for (const path of paths)
          for (const method of METHODS.filter((method) => !allow.split(', ').includes(method))) {
            const answer = await a.call(path, { method })
            assert.equal(answer.status, 405, `${method} ${path}`)
            assert.equal(answer.headers['allow'], allow)
            assert.equal(answer.headers['content-type'], 'application/problem+json')
            if (method === 'HEAD') assert.equal(answer.text, '')
            else assertProblem(answer, 'method_not_allowed')
            assertSafeHeaders(answer)
          }
        assertNothingRan(a, b)
      }))

  it('does not become another one by a header', () =>
    withPair((a, b) => {
      const headers = { 'x-http-method-override': 'POST', 'x-method-override': 'POST' }
      const put = { method: 'PUT', headers, body: '_method=POST' }
      return assertRefuses('method_not_allowed', [a, b], ['/send_keys', put])
    }))
})

const ALMOST =
  `/send_keys/ /SEND_KEYS /Send_Keys //send_keys /send%5Fkeys /send_keys;x /send_keys%00
  /send_keys%20 /send_keys.json /send_keys/x /./send_keys /x/../send_keys /%2e/send_keys /send_key
  /other /other/ /other/show/ /other//show /other/compare /other/image /other/wire/keys /other/other/show
  /wire/keys/ /wire//keys /WIRE/keys /wire%2Fkeys /wire /wire/ // /% /__proto__ /constructor
  /${'a'.repeat(8_000)}`.split(/\s+/)

describe('a path that is almost a route', () => {
  for (const target of ALMOST)
    it(`${target.slice(0, 30)} is not_found`, () =>
      withPair(async (a, b) => {
        for (const method of ['GET', 'POST', 'HEAD', 'PUT']) {
          const answer = await askRaw(a.port, head(`${method} ${target}`, 'Content-Length: 0'))
          assert.equal(answer.status, 404)
          if (method !== 'HEAD') assertProblem(answer, 'not_found')
          assertSafeHeaders(answer)
        }
        assertNothingRan(a, b)
      }))
})

/** The head of a request, after which the connection ends. */
const head = (request: string, ...more: string[]) =>
  lines(`${request} HTTP/1.1`, 'Host: 127.0.0.1', ...more, 'Connection: close')

/** Sends bytes to a peer and expects one problem, with safe headers, and the end of the connection. */
function assertRefusesRaw(code: string, bytes: string | Uint8Array, options: RawOptions = {}) {
  return withPair(async (a, b) => {
    const answer = await askRaw(a.port, bytes, options)
    assertProblem(answer, code)
    assertSafeHeaders(answer)
    if (code === 'method_not_allowed') assert.equal(answer.headers['allow'], 'GET, POST')
    assertNothingRan(a, b)
    assert.equal((await a.call('/')).status, 200)
  })
}

describe('what a browser asks for by itself', () => {
  const asked =
    `/favicon.ico /robots.txt /apple-touch-icon.png /apple-touch-icon-120x120-precomposed.png
    /.well-known/appspecific/com.chrome.devtools.json /.well-known/traffic-advice`.split(/\s+/)

  it('is not_found, and nothing on the terminal', () =>
    withPair(async (a, b) => {
      for (const path of asked) assertProblem(await a.call(path), 'not_found')
      assert.deepEqual(
        a.lines().filter((line) => line.includes('refused')),
        [],
      )
      for (const path of ['/favicon.icon', '/x/favicon.ico', '/.well-known', '/send_keys/'])
        assertProblem(await b.call(path), 'not_found')
      assert.equal(b.lines().filter((line) => line.includes('refused')).length, 4)
    }))
})

describe('a request target that is no path', () => {
  // Node gives each kind of warning once: this comes before the targets below
  it('makes Node print no warning', async (t) => {
    const warn = t.mock.fn()
    process.on('warning', warn)
    await assertRefusesRaw('bad_request', head('GET http://a:b:c/send_keys'))
    // warnings come by process.nextTick
    await new Promise(setImmediate)
    process.off('warning', warn)
    assert.equal(warn.mock.callCount(), 0)
  })

  for (const [code, request] of [
    ['bad_request', 'GET file:///etc/passwd'],
    ['bad_request', 'GET http://[::1/send_keys'],
    ['method_not_allowed', 'CONNECT 127.0.0.1:80'],
  ] as const)
    it(`${request} is ${code}`, () => assertRefusesRaw(code, head(request)))
})

describe('a CONNECT', () => {
  const open = (a: TestPeer) => {
    const socket = net.connect({ port: a.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {}).write('CONNECT a:1 HTTP/1.1\r\n\r\n')
    return socket
  }

  it('that is reset takes nothing with it, however many there are', () =>
    withPair(async (a) => {
      for (let round = 0; round < 5; round++)
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const socket = open(a)
            await once(socket, 'connect')
            reset(socket)
            await once(socket, 'close')
          }),
        )
      assert.equal((await a.call('/show')).status, 200)
    }))

  it('holds no connection for longer than its answer', () =>
    withPair(async (a) => {
      const held = Array.from({ length: 64 }, () => open(a))
      await Promise.all(held.map((socket) => once(socket.resume(), 'end')))
      assert.equal((await a.call('/show')).status, 200)
      for (const socket of held) socket.destroy()
    }))
})

describe('malformed HTTP', () => {
  const get = (...more: string[]) => lines('GET /send_keys HTTP/1.1', 'Host: 127.0.0.1', ...more)
  const first = (line: string) => lines(line, 'Host: 127.0.0.1')
  const post = (...more: string[]) =>
    lines('POST /send_msg HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: text/plain', ...more)
  for (const [what, bytes] of Object.entries({
    noise: '\u0000\u0001\u0002\r\n\r\n',
    'a text': 'Hello, is this HTTP?\r\n\r\n',
    'the start of TLS': Buffer.from('16030100c8010000c40303', 'hex'),
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'HTTP/9.9': first('GET /send_keys HTTP/9.9'),
    'a method in lower case': first('get /send_keys HTTP/1.1'),
    'an unknown method': first('SEND /send_keys HTTP/1.1'),
    'a target without a slash': first('GET send_keys HTTP/1.1'),
    'a header without a colon': get('X'),
    'a space before the colon': lines('GET /send_keys HTTP/1.1', 'Host : 127.0.0.1'),
    'a folded header': get(' folded'),
    'a zero byte in a header': get('X: a\u0000b'),
    'a negative length': post('Content-Length: -1'),
    'a length that is no number': post('Content-Length: 0x10'),
    'two lengths': post('Content-Length: 4', 'Content-Length: 5'),
    'a length and chunks': post('Content-Length: 4', 'Transfer-Encoding: chunked'),
    'an unknown transfer encoding': post('Transfer-Encoding: gzip'),
    'chunks under another name': post('Transfer-Encoding: xchunked'),
    'a chunk without a size': `${post('Transfer-Encoding: chunked')}zz\r\n\r\n`,
  }))
    it(`such as ${what} is bad_request`, () => assertRefusesRaw('bad_request', bytes))

  it('such as a body that ends early is bad_request', () =>
    assertRefusesRaw('bad_request', `${post('Content-Length: 100')}Hello`, { halfClose: true }))

  for (const [what, target] of [
    ['in a query', '/frequency?letter=ä'],
    ['in a path', '/wire/ä'],
    ['in Latin-1', Buffer.from('/frequency?letter=ä', 'latin1')],
  ] as const)
    it(`such as an ä in a URL, ${what}, is bad_request and says how it is written`, () =>
      withPair(async (a, b) => {
        const bytes = [Buffer.from('GET '), Buffer.from(target), lines(' HTTP/1.1', 'Host: x')]
        const request = Buffer.concat(bytes.map((part) => Buffer.from(part)))
        const { detail } = assertProblem(await askRaw(a.port, request), 'bad_request')
        assert.match(detail, /ASCII.*percent-encoded.*-G --data-urlencode/)
        assertNothingRan(a, b)
      }))

  it('after a good request ends the connection, and no more than that', () =>
    withPair(async (a) => {
      await a.call('/send_keys')
      const bytes = `${lines('GET /show HTTP/1.1', 'Host: 127.0.0.1')}\u0000\u0001\r\n\r\n`
      const answers = await sendRaw(a.port, bytes)
      assertProblem(answers.at(-1) ?? assert.fail(), 'bad_request')
      assert.equal((await a.call('/show')).status, 200)
    }))
})

describe('headers that are too large', () => {
  const long = (bytes: number) => 'a'.repeat(bytes)
  for (const [what, request] of Object.entries({
    'one of 17 KiB': head('GET /send_keys', `X: ${long(17 * 1024)}`),
    'one of 1 MiB': head('GET /send_keys', `X: ${long(MIB)}`),
    'a thousand': head(
      'GET /send_keys',
      ...Array.from({ length: 1_000 }, (_, i) => `X-${i}: ${long(20)}`),
    ),
    'a path of 17 KiB': head(`GET /${long(17 * 1024)}`),
  }))
    it(`such as ${what} are headers_too_large`, () =>
      assertRefusesRaw('headers_too_large', request))

  it('hide none of those that the guard looks at', () =>
    withPair(async (a, b) => {
      // more than Node hands on by itself
      const more = Array.from({ length: 2_400 }, () => 'X: y')
      const request = head('GET /send_keys', ...more, 'Sec-Fetch-Site: cross-site')
      assertProblem(await askRaw(a.port, request))
      assertNothingRan(a, b)
    }))
})

describe('a wish of the caller that nobody grants', () => {
  for (const wish of [
    { connection: 'upgrade', upgrade: 'websocket' },
    { connection: 'upgrade, http2-settings', upgrade: 'h2c', 'http2-settings': '' },
    { expect: '100-continue' },
    { expect: 'the unexpected' },
    { range: 'bytes=0-1' },
    { 'if-none-match': '*' },
    { 'if-match': '"x"' },
    { accept: 'text/html' },
    { 'accept-encoding': 'identity;q=0, *;q=0' },
  ] as Record<string, string>[])
    it(`such as ${JSON.stringify(wish)} changes nothing in the answer`, () =>
      withPair(async (a) => {
        assert.equal((await a.call('/send_keys', { headers: wish })).status, 201)
        assert.equal((await a.call('/show', { headers: wish })).json.port, a.port)
        assertProblem(await a.call('/nothing', { headers: wish }), 'not_found')
      }))
})

describe('a body of several MiB', () => {
  const body = Buffer.alloc(2 * MIB, 'a')
  for (const [how, more] of [
    ['by its length', {}],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ] as const)
    for (const [path, type, code] of [
      ['/send_msg', TEXT, 'too_large'],
      ['/send_msg', FORM, 'too_large'],
      ['/send_msg', JSON_TYPE, 'unsupported_type'],
      ['/wire/keys', JSON_TYPE, 'too_large'],
      ['/wire/message', JSON_TYPE, 'too_large'],
      ['/message', JSON_TYPE, 'too_large'],
      ['/wire/keys', TEXT, 'unsupported_type'],
      ['/nothing', TEXT, 'not_found'],
      ['/transcript', TEXT, 'method_not_allowed'],
    ] as const)
      it(`to ${path} as ${type}, sent ${how}, is answered ${code}, whole`, (t) =>
        withPair(async (a, b) => {
          const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
          const connect = t.mock.method(agent, 'createConnection')
          try {
            assertProblem(await a.call(path, { ...posting(type, body, more), agent }), code)
            assertNothingRan(a, b)
            // the same connection goes on
            assert.equal((await a.call('/send_keys', { agent })).status, 201)
            assert.equal(connect.mock.callCount(), 1)
          } finally {
            agent.destroy()
          }
        }))
})

describe('a body', () => {
  for (const [path, type, limit] of [
    ['/wire/keys', JSON_TYPE, 4 * 1024],
    ['/message', JSON_TYPE, 92 * 1024],
    ['/send_msg', TEXT, MAX_TEXT_BYTES],
  ] as const)
    it(`to ${path} is counted as it streams, and refused before its end`, () =>
      withPair(async (a, b) => {
        const head = [`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Type: ${type}`]
        const chunk = `${(limit + 1).toString(16)}\r\n${'a'.repeat(limit + 1)}\r\n`
        const bytes = lines(...head, 'Transfer-Encoding: chunked') + chunk
        assertProblem(await askRaw(a.port, bytes, { first: true, limit: 4_000 }), 'too_large')
        assertNothingRan(a, b)
      }))

  for (const encoding of ['gzip', 'deflate', 'br', 'GZIP', 'identity, gzip', 'unknown'])
    it(`in the content encoding ${encoding} is unsupported_type`, () =>
      withPair((a, b) => {
        const body = (type: string) => posting(type, '{}', { 'content-encoding': encoding })
        return assertRefuses(
          'unsupported_type',
          [a, b],
          ['/send_msg', body(TEXT)],
          ['/wire/keys', body(JSON_TYPE)],
          ['/wire/message', body(JSON_TYPE)],
        )
      }))

  for (const [what, body] of [
    ['nothing', ''],
    ['half of it', '{"v":2'],
    ['two', '{}{}'],
    ['NaN', 'NaN'],
    ['invalid UTF-8', Buffer.from('7b22ff223a317d', 'hex')],
    ['an array', '[]'],
    ['null', 'null'],
    ['a deep one', '['.repeat(2_000)],
  ] as const)
    it(`that should be JSON and is ${what} is bad_message`, () =>
      withPair((a, b) => {
        const request = posting(JSON_TYPE, body)
        return assertRefuses(
          'bad_message',
          [a, b],
          ['/wire/keys', request],
          ['/wire/message', request],
          ['/message', request],
        )
      }))
})

describe('every answer', () => {
  it('that succeeds is JSON with a newline, a next step and safe headers', () =>
    withPair(async (a, b) => {
      for (const [peer, path, status] of [
        [a, '/send_keys', 201],
        [b, '/send_keys', 201],
        [a, '/show', 200],
        [a, '/send_msg', 201],
        [b, '/show', 200],
        [b, '/decrypt_msg', 200],
      ] as const) {
        const answer = await peer.call(path)
        assert.equal(answer.status, status)
        assert.match(answer.headers['content-type'] ?? '', /^application\/json\b/)
        assert.ok(answer.text.endsWith('}\n'))
        assert.match(answer.json.next, /^curl http:\/\/127\.0\.0\.1:\d+\/\w+$/)
        assertSafeHeaders(answer)
      }
      const list = await a.call('/', { headers: { accept: '*/*' } })
      assert.equal(list.status, 200)
      assert.match(list.headers['content-type'] ?? '', /^text\/plain/)
      assert.ok(list.text.endsWith('\n'))
      assertSafeHeaders(list)
    }))
})

/** Runs an app whose peer throws `error` at every step. */
function withDefect(
  error: unknown,
  run: (url: string, events: PeerEvent[]) => Promise<void>,
): Promise<void> {
  const events: PeerEvent[] = []
  const fail = () => {
    throw error
  }
  const peer = {
    port: 5000,
    url: 'http://127.0.0.1:5000',
    peerUrl: 'http://127.0.0.1:5001',
    suite: SUITES.X25519,
    report: (event: PeerEvent) => events.push(event),
    show: fail,
    sendKeys: () => Promise.reject(error),
    receiveKeys: fail,
  } as unknown as Peer
  return withServer(appOf(peer).callback(), (url) => run(url, events))
}

describe('a defect', () => {
  const secret = 'secret-ish text'
  const withFields = (fields: object) => Object.assign(new Error(secret), fields)
  for (const [what, error] of [
    ['an error', new Error(secret)],
    ['an error that says it may be shown', withFields({ status: 418, expose: true })],
    ['an error with headers', withFields({ status: 400, headers: { 'x-secret': secret } })],
    ['an error with a cause', new Error(secret, { cause: new Error(secret) })],
    ['an error without a stack', withFields({ stack: undefined })],
    ['an error with a code of ours', withFields({ code: 'no_session' })],
    ['an error of the system', withFields({ code: 'ENOENT', path: secret })],
    ['an error whose text looks like a stack', new Error(`x\n    at ${secret} (y.ts:1:1)`)],
    ['an error of several lines', new Error(`first\nsecond ${secret}`)],
    ['a string', secret],
    ['an object', { message: secret, status: 200 }],
    ['null', null],
    ['undefined', undefined],
  ] as const)
    it(`such as ${what} is internal, and tells nobody what it was`, (t) =>
      withDefect(error, async (url, events) => {
        const print = t.mock.method(process.stderr, 'write')
        for (const [path, options] of [
          ['/show', {}],
          ['/send_keys', {}],
          ['/wire/keys', posting(JSON_TYPE, '{}')],
        ] as const) {
          const answer = await call(url + path, options)
          assertProblem(answer, 'internal')
          assertSafeHeaders(answer)
          assert.ok(!JSON.stringify([answer.headers, answer.text]).includes('secret'), answer.text)
        }
        assert.equal(print.mock.callCount(), 0)
        assert.deepEqual(
          events.map(({ type }) => type),
          ['defect', 'defect', 'defect'],
        )
        assert.doesNotMatch(JSON.stringify(events), /secret/)
        for (const event of events) assert.doesNotMatch(JSON.stringify(event), /[\\/]/)
      }))
})
