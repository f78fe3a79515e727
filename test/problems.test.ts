/** Every refusal over HTTP: its code, its form, and that nothing was done. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http, { type RequestListener } from 'node:http'
import net from 'node:net'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { PeerError, type PeerEvent } from '../src/contract.ts'
import { createApp } from '../src/http/app.ts'
import { createClient } from '../src/http/client.ts'
import { PAGE_FILES } from '../src/http/page.ts'
import type { Peer } from '../src/peer.ts'
import { SUITES } from '../src/protocol/suites.ts'
import { type Answer, type CallOptions, call } from './helpers/call.ts'
import { switching, withPeerFacing, withServer } from './helpers/fakes.ts'
import { mailboxInMemory } from './helpers/mail.ts'
import {
  assertNothingInternal,
  assertNothingRan,
  assertProblem,
  assertSafeHeaders,
} from './helpers/problem.ts'
import { lines, sendRaw } from './helpers/raw.ts'
import { type PeersOptions, type TestPeer, withPeers } from './helpers/with-peers.ts'

const MIB = 1024 * 1024
const MAX_TEXT_BYTES = 16 * 1024
const TEXT = { 'content-type': 'text/plain' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }

/** What each route allows, as its 405 says it. */
const ROUTES = {
  '/send_keys': 'GET, POST',
  '/show': 'GET, POST',
  '/send_msg': 'GET, POST',
  '/decrypt_msg': 'GET, POST',
  '/send_image': 'GET, POST',
  '/image': 'GET, POST',
  '/frequency': 'GET, POST',
  '/': 'GET, POST',
  ...Object.fromEntries(PAGE_FILES.map((path) => [path, 'GET'])),
  '/events': 'GET, POST',
  '/transcript': 'GET',
  '/sealed_image': 'GET',
  '/wire/keys': 'POST',
  '/wire/message': 'POST',
  '/wire/image': 'POST',
  '/public_key': 'GET',
  '/message': 'POST',
}

/** Two peers that have agreed on keys. */
function withSession(
  options: PeersOptions,
  run: (a: TestPeer, b: TestPeer) => Promise<void>,
): Promise<void> {
  return withPeers(options, async (a, b) => {
    await a.call('/send_keys')
    assert.notEqual((await b.call('/send_keys')).json.session, null)
    await run(a, b)
  })
}

describe('a method that a route does not take', () => {
  const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND']
  for (const [path, allow] of Object.entries(ROUTES)) {
    for (const method of METHODS.filter((method) => !allow.split(', ').includes(method)))
      it(`${method} ${path} is method_not_allowed and does nothing`, () =>
        withPeers({ openMailbox: mailboxInMemory }, async (a, b) => {
          const answer = await a.call(path, { method })
          assertProblem(answer, 'method_not_allowed')
          assert.equal(answer.headers['allow'], allow)
          assertSafeHeaders(answer)
          assertNothingRan(a, b)
        }))

    it(`HEAD ${path} is method_not_allowed and does nothing`, () =>
      withPeers({ openMailbox: mailboxInMemory }, async (a, b) => {
        const answer = await a.call(path, { method: 'HEAD' })
        assert.equal(answer.status, 405)
        assert.equal(answer.headers['allow'], allow)
        assert.equal(answer.headers['content-type'], 'application/problem+json')
        assert.equal(answer.text, '')
        assertNothingRan(a, b)
      }))
  }

  it('does not become another one by a header', () =>
    withPeers({}, async (a, b) => {
      const headers = { 'x-http-method-override': 'POST', 'x-method-override': 'POST' }
      assertProblem(
        await a.call('/send_keys', { method: 'PUT', headers, body: '_method=POST' }),
        'method_not_allowed',
      )
      assertNothingRan(a, b)
    }))
})

describe('a path that is almost a route', () => {
  for (const target of [
    '/send_keys/',
    '/SEND_KEYS',
    '/Send_Keys',
    '//send_keys',
    '/send%5Fkeys',
    '/send_keys;x',
    '/send_keys%00',
    '/send_keys%20',
    '/send_keys.json',
    '/send_keys/x',
    '/./send_keys',
    '/x/../send_keys',
    '/%2e/send_keys',
    '/send_key',
    '/wire/keys/',
    '/wire//keys',
    '/WIRE/keys',
    '/wire%2Fkeys',
    '/wire',
    '/wire/',
    '//',
    '/%',
    '/__proto__',
    '/constructor',
    `/${'a'.repeat(8_000)}`,
  ])
    it(`${target.slice(0, 30)} is not_found`, () =>
      withPeers({}, async (a, b) => {
        for (const method of ['GET', 'POST', 'HEAD', 'PUT']) {
          const head = [`${method} ${target} HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Length: 0']
          const [answer] = await sendRaw(a.port, lines(...head, 'Connection: close'))
          assert.ok(answer)
          assert.equal(answer.status, 404)
          if (method !== 'HEAD') assertProblem(answer, 'not_found')
          assertSafeHeaders(answer)
        }
        assertNothingRan(a, b)
      }))
})

/** Sends bytes to a peer and expects one problem and the end of the connection. */
function assertRefusesRaw(code: string, bytes: string | Uint8Array): Promise<void> {
  return withPeers({}, async (a, b) => {
    const [answer, ...more] = await sendRaw(a.port, bytes)
    assert.ok(answer, 'no answer')
    assertProblem(answer, code)
    assert.deepEqual(more, [])
    assertNothingRan(a, b)
    assert.equal((await a.call('/')).status, 200)
  })
}

describe('a request target that is no path', () => {
  const head = ['Host: 127.0.0.1', 'Connection: close']
  // Node gives each kind of warning once: this comes before the targets below
  it('makes Node print no warning', async () => {
    const warnings: Error[] = []
    const warn = (warning: Error) => warnings.push(warning)
    process.on('warning', warn)
    try {
      const bytes = lines('GET http://a:b:c/send_keys HTTP/1.1', ...head)
      await assertRefusesRaw('bad_request', bytes)
      // warnings come by process.nextTick
      await new Promise(setImmediate)
    } finally {
      process.off('warning', warn)
    }
    assert.deepEqual(warnings, [])
  })

  for (const [what, target] of [
    ['in absolute form', 'http://127.0.0.1/send_keys'],
    ['in absolute form, of another host', 'http://evil.example/send_keys'],
    ['in absolute form, of another scheme', 'file:///etc/passwd'],
    ['in absolute form, with half an address', 'http://[::1/send_keys'],
  ])
    it(`${what} is bad_request`, () =>
      assertRefusesRaw('bad_request', lines(`GET ${target} HTTP/1.1`, ...head)))

  it('OPTIONS * is bad_request', () =>
    assertRefusesRaw('bad_request', lines('OPTIONS * HTTP/1.1', ...head)))

  it('CONNECT is method_not_allowed', () =>
    assertRefusesRaw('method_not_allowed', lines('CONNECT 127.0.0.1:80 HTTP/1.1', ...head)))

  it('CONNECT names what is allowed, as every 405 does', () =>
    withPeers({}, async (a) => {
      const [answer] = await sendRaw(a.port, lines('CONNECT 127.0.0.1:80 HTTP/1.1', ...head))
      assert.notEqual(answer?.headers['allow'], undefined)
    }))
})

describe('a CONNECT that is reset', () => {
  it('takes nothing with it, however many there are', () =>
    withPeers({}, async (a) => {
      for (let round = 0; round < 20; round++)
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const socket = net.connect(a.port, '127.0.0.1')
            socket.on('error', () => {})
            await once(socket, 'connect')
            socket.write('CONNECT a:1 HTTP/1.1\r\n\r\n')
            socket.resetAndDestroy()
            await once(socket, 'close')
          }),
        )
      assert.equal((await a.call('/show')).status, 200)
    }))

  it('holds no connection for longer than its answer', () =>
    withPeers({}, async (a) => {
      const held = Array.from({ length: 64 }, () => {
        const socket = net.connect({ port: a.port, host: '127.0.0.1', allowHalfOpen: true })
        socket.on('error', () => {})
        socket.write('CONNECT a:1 HTTP/1.1\r\n\r\n')
        return socket
      })
      await Promise.all(held.map((socket) => once(socket.resume(), 'end')))
      assert.equal((await a.call('/show')).status, 200)
      for (const socket of held) socket.destroy()
    }))
})

describe('the next step after a refusal by the other peer', () => {
  it('is a step of that peer', () =>
    withSession({}, async (a, b) => {
      for (let i = 0; i < 32; i++) assert.equal((await a.call('/send_msg')).status, 201)
      const full = await a.call('/send_msg')
      assert.equal(full.json.peer_code, 'inbox_full')
      assert.match(full.json.next, new RegExp(`^curl ${b.url}/decrypt_msg`))
    }))
})

describe('malformed HTTP', () => {
  const post = ['POST /send_msg HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: text/plain']
  for (const [what, bytes] of [
    ['noise', '\u0000\u0001\u0002\r\n\r\n'],
    ['a text', 'Hello, is this HTTP?\r\n\r\n'],
    ['the start of TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/9.9', lines('GET /send_keys HTTP/9.9', 'Host: 127.0.0.1')],
    ['a method in lower case', lines('get /send_keys HTTP/1.1', 'Host: 127.0.0.1')],
    ['an unknown method', lines('SEND /send_keys HTTP/1.1', 'Host: 127.0.0.1')],
    ['a target without a slash', lines('GET send_keys HTTP/1.1', 'Host: 127.0.0.1')],
    ['a header without a colon', lines('GET /send_keys HTTP/1.1', 'Host: 127.0.0.1', 'X')],
    ['a space before the colon', lines('GET /send_keys HTTP/1.1', 'Host : 127.0.0.1')],
    ['a folded header', lines('GET /send_keys HTTP/1.1', 'Host: 127.0.0.1', ' folded')],
    ['a zero byte in a header', lines('GET /send_keys HTTP/1.1', 'Host: 127.0.0.1', 'X: a\u0000b')],
    ['a negative length', lines(...post, 'Content-Length: -1')],
    ['a length that is no number', lines(...post, 'Content-Length: 0x10')],
    ['two lengths', lines(...post, 'Content-Length: 4', 'Content-Length: 5')],
    ['a length and chunks', lines(...post, 'Content-Length: 4', 'Transfer-Encoding: chunked')],
    ['an unknown transfer encoding', lines(...post, 'Transfer-Encoding: gzip')],
    ['chunks under another name', lines(...post, 'Transfer-Encoding: xchunked')],
    ['a chunk without a size', `${lines(...post, 'Transfer-Encoding: chunked')}zz\r\n\r\n`],
  ] as const)
    it(`such as ${what} is bad_request`, () => assertRefusesRaw('bad_request', bytes))

  for (const [what, target] of [
    ['in a query', '/frequency?letter=ä'],
    ['in a path', '/wire/ä'],
    ['in Latin-1', Buffer.from('/frequency?letter=ä', 'latin1')],
  ] as const)
    it(`such as an ä in a URL, ${what}, is bad_request and says how it is written`, () =>
      withPeers({}, async (a, b) => {
        const bytes = [Buffer.from('GET '), Buffer.from(target), lines(' HTTP/1.1', 'Host: x')]
        const [answer] = await sendRaw(
          a.port,
          Buffer.concat(bytes.map((part) => Buffer.from(part))),
        )
        assert.ok(answer)
        assert.match(
          assertProblem(answer, 'bad_request').detail,
          /ASCII.*percent-encoded.*-G --data-urlencode/,
        )
        assertNothingRan(a, b)
      }))

  it('such as a body that ends early is bad_request', () =>
    withPeers({}, async (a, b) => {
      const bytes = `${lines(...post, 'Content-Length: 100')}Hello`
      const [answer] = await sendRaw(a.port, bytes, { halfClose: true })
      assert.ok(answer)
      assertProblem(answer, 'bad_request')
      assertNothingRan(a, b)
    }))

  it('after a good request ends the connection, and no more than that', () =>
    withPeers({}, async (a) => {
      await a.call('/send_keys')
      const bytes = `${lines('GET /show HTTP/1.1', 'Host: 127.0.0.1')}\u0000\u0001\r\n\r\n`
      const answers = await sendRaw(a.port, bytes)
      assertProblem(answers.at(-1) as Answer, 'bad_request')
      assert.equal((await a.call('/show')).status, 200)
    }))
})

describe('headers that are too large', () => {
  const head = ['GET /send_keys HTTP/1.1', 'Host: 127.0.0.1']
  for (const [what, ...more] of [
    ['one of 17 KiB', `X: ${'a'.repeat(17 * 1024)}`],
    ['one of 1 MiB', `X: ${'a'.repeat(MIB)}`],
    ['a thousand', ...Array.from({ length: 1_000 }, (_, i) => `X-${i}: ${'a'.repeat(20)}`)],
  ] as const)
    it(`${what} are headers_too_large`, () =>
      assertRefusesRaw('headers_too_large', lines(...head, ...more)))

  it('such as a path of 17 KiB are headers_too_large', () =>
    assertRefusesRaw('headers_too_large', lines(`GET /${'a'.repeat(17 * 1024)} HTTP/1.1`)))

  it('hide none of those that the guard looks at', () =>
    withPeers({}, async (a, b) => {
      const many = Array.from({ length: 2_400 }, () => 'X: y')
      const foreign = ['Sec-Fetch-Site: cross-site', 'Connection: close']
      const [answer] = await sendRaw(a.port, lines(...head, ...many, ...foreign))
      assert.ok(answer)
      assertProblem(answer)
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
      withPeers({}, async (a) => {
        assert.equal((await a.call('/send_keys', { headers: wish })).status, 201)
        assert.equal((await a.call('/show', { headers: wish })).json.port, a.port)
        assertProblem(await a.call('/nothing', { headers: wish }), 'not_found')
      }))
})

/** Streams `bytes` on a connection of the agent's, by length or in chunks. */
function upload(url: string, headers: Record<string, string>, bytes: number, agent: http.Agent) {
  return new Promise<Answer & { from: number | undefined }>((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers, agent }, (response) => {
      let text = ''
      const from = response.socket.localPort
      response.setEncoding('utf8').on('data', (more) => {
        text += more
      })
      response.on('error', reject).on('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, text, json: JSON.parse(text), from })
      })
    })
    request.on('error', reject)
    const piece = Buffer.alloc(64 * 1024, 'a')
    const more = (left: number): void => {
      if (left === 0) request.end()
      else
        request.write(piece.subarray(0, Math.min(left, piece.length)), () =>
          more(left - Math.min(left, piece.length)),
        )
    }
    more(bytes)
  })
}

describe('a body of several MiB', { concurrency: true }, () => {
  const size = 6 * MIB
  for (const how of ['by its length', 'in chunks'])
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
      it(`to ${path} as ${type['content-type']}, sent ${how}, is answered ${code}, whole`, () =>
        withPeers({ openMailbox: mailboxInMemory }, async (a, b) => {
          const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
          try {
            const length = how === 'in chunks' ? {} : { 'content-length': String(size) }
            const answer = await upload(a.url + path, { ...type, ...length }, size, agent)
            assertProblem(answer, code)
            assertNothingRan(a, b)
            // the same connection goes on
            const next = await upload(`${a.url}/send_keys`, {}, 0, agent)
            assert.deepEqual([next.status, next.from], [201, answer.from])
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
      withPeers({ openMailbox: mailboxInMemory }, async (a, b) => {
        const head = lines(
          `POST ${path} HTTP/1.1`,
          'Host: 127.0.0.1',
          `Content-Type: ${type['content-type']}`,
          'Transfer-Encoding: chunked',
        )
        const chunk = `${(limit + 1).toString(16)}\r\n${'a'.repeat(limit + 1)}\r\n`
        const [answer] = await sendRaw(a.port, head + chunk, { first: true, limit: 4_000 })
        assert.ok(answer)
        assertProblem(answer, 'too_large')
        assertNothingRan(a, b)
      }))

  for (const encoding of ['gzip', 'deflate', 'br', 'GZIP', 'identity, gzip', 'unknown'])
    it(`in the content encoding ${encoding} is unsupported_type`, () =>
      withPeers({}, async (a, b) => {
        for (const [path, type] of [
          ['/send_msg', TEXT],
          ['/wire/keys', JSON_TYPE],
          ['/wire/message', JSON_TYPE],
        ] as const)
          assertProblem(
            await a.call(path, {
              method: 'POST',
              headers: { ...type, 'content-encoding': encoding },
              body: '{}',
            }),
            'unsupported_type',
          )
        assertNothingRan(a, b)
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
      withPeers({ openMailbox: mailboxInMemory }, async (a, b) => {
        for (const path of ['/wire/keys', '/wire/message', '/message'])
          assertProblem(
            await a.call(path, { method: 'POST', headers: JSON_TYPE, body }),
            'bad_message',
          )
        assertNothingRan(a, b)
      }))
})

describe('every answer', () => {
  it('that succeeds is JSON with a newline, a next step and safe headers', () =>
    withPeers({}, async (a, b) => {
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
      const list = await a.call('/')
      assert.equal(list.status, 200)
      assert.ok(list.text.endsWith('\n'))
      assertSafeHeaders(list)
    }))

  it('that the app refuses has safe headers too', () =>
    withPeers({}, async (a) => {
      for (const [code, path, options] of [
        ['not_found', '/nothing', {}],
        ['method_not_allowed', '/transcript', { method: 'POST' }],
        ['no_session', '/send_msg', {}],
        ['bad_host', '/', { headers: { host: 'evil.example' } }],
        ['cross_site', '/', { headers: { origin: 'null' } }],
        ['unsupported_type', '/wire/keys', { method: 'POST' }],
      ] as [string, string, CallOptions][]) {
        const answer = await a.call(path, options)
        assertProblem(answer, code)
        assertSafeHeaders(answer)
      }
    }))

  for (const [what, bytes] of [
    ['for malformed HTTP', 'Hello\r\n\r\n'],
    ['for headers that are too large', lines('GET / HTTP/1.1', `X: ${'a'.repeat(20_000)}`)],
    ['to CONNECT', lines('CONNECT 127.0.0.1:80 HTTP/1.1', 'Host: 127.0.0.1')],
  ] as const)
    it(`${what} has safe headers too`, () =>
      withPeers({}, async (a) => {
        const [answer] = await sendRaw(a.port, bytes)
        assert.ok(answer)
        assertSafeHeaders(answer)
      }))
})

/** Runs an app whose peer throws `error` at every step, and collects what standard error gets. */
async function withDefect(
  error: unknown,
  run: (url: string, events: PeerEvent[], printed: () => string) => Promise<void>,
): Promise<void> {
  const events: PeerEvent[] = []
  const peer = {
    port: 5000,
    url: 'http://127.0.0.1:5000',
    peerUrl: 'http://127.0.0.1:5001',
    suite: SUITES.X25519,
    report: (event: PeerEvent) => events.push(event),
    show() {
      throw error
    },
    sendKeys: () => Promise.reject(error),
    receiveKeys() {
      throw error
    },
  } as unknown as Peer
  let printed = ''
  const { write } = process.stderr
  process.stderr.write = (text: string | Uint8Array) => {
    printed += text
    return true
  }
  try {
    await withServer(createApp(peer).callback(), (url) => run(url, events, () => printed))
  } finally {
    process.stderr.write = write
  }
}

describe('a defect', () => {
  const secret = 'secret-ish text'
  for (const [what, error] of [
    ['an error', new Error(secret)],
    [
      'an error that says it may be shown',
      Object.assign(new Error(secret), { status: 418, expose: true }),
    ],
    [
      'an error with headers',
      Object.assign(new Error(secret), { status: 400, headers: { 'x-secret': secret } }),
    ],
    ['an error with a cause', new Error(secret, { cause: new Error(secret) })],
    ['an error without a stack', Object.assign(new Error(secret), { stack: undefined })],
    ['an error with a code of ours', Object.assign(new Error(secret), { code: 'no_session' })],
    ['an error of the system', Object.assign(new Error(secret), { code: 'ENOENT', path: secret })],
    ['an error whose text looks like a stack', new Error(`x\n    at ${secret} (y.ts:1:1)`)],
    ['an error of several lines', new Error(`first\nsecond ${secret}`)],
    ['a string', secret],
    ['an object', { message: secret, status: 200 }],
    ['null', null],
    ['undefined', undefined],
  ] as const)
    it(`such as ${what} is internal, and tells nobody what it was`, () =>
      withDefect(error, async (url, events, printed) => {
        for (const path of ['/show', '/send_keys', '/wire/keys']) {
          const method = path === '/wire/keys' ? 'POST' : 'GET'
          const headers = path === '/wire/keys' ? JSON_TYPE : {}
          const answer = await call(url + path, {
            method,
            headers,
            ...(method === 'POST' ? { body: '{}' } : {}),
          })
          assertProblem(answer, 'internal')
          assertSafeHeaders(answer)
          assert.ok(!JSON.stringify([answer.headers, answer.text]).includes('secret'), answer.text)
        }
        assert.equal(printed(), '')
        assert.deepEqual(
          events.map(({ type }) => type),
          ['defect', 'defect', 'defect'],
        )
        assert.doesNotMatch(JSON.stringify(events), /secret/)
        for (const event of events) assert.doesNotMatch(JSON.stringify(event), /[\\/]/)
      }))
})

/** Sends `body` from the first peer; resolves with the answer and what the second one's terminal then shows. */
async function sendAndRead(a: TestPeer, b: TestPeer, options: CallOptions) {
  const answer = await a.call('/send_msg', options)
  assert.equal(answer.status, 201, answer.text)
  assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
  return { answer, text: b.secrets().at(-1) ?? '' }
}

const post = (headers: Record<string, string>, body: string | Uint8Array) => ({
  method: 'POST',
  headers,
  body,
})

describe('/send_msg takes', () => {
  const standard = 'the default text'
  for (const [what, options, expected] of [
    ['nothing: the default text', {}, standard],
    ['a POST of nothing: the default text', { method: 'POST' }, standard],
    [
      'a form of length 0: the default text',
      post({ ...FORM, 'content-length': '0' }, ''),
      standard,
    ],
    ['JSON of length 0: the default text', post(JSON_TYPE, ''), standard],
    ['text/plain', post(TEXT, 'Hello, Bob'), 'Hello, Bob'],
    ['text/plain by GET', { headers: TEXT, body: 'Hello, Bob' }, 'Hello, Bob'],
    [
      'text/plain; charset=utf-8',
      post({ 'content-type': 'text/plain; charset=utf-8' }, '¡Olé! 🗝'),
      '¡Olé! 🗝',
    ],
    [
      'Text/Plain;charset="UTF-8"',
      post({ 'content-type': 'Text/Plain;charset="UTF-8"' }, '¡Olé! 🗝'),
      '¡Olé! 🗝',
    ],
    ['text/plain with + and % as they are', post(TEXT, 'text=1+1 %41'), 'text=1+1 %41'],
    ['a form', post(FORM, 'text=Hello'), 'Hello'],
    ['a form in UTF-8', post(FORM, 'text=¡Olé! 🗝'), '¡Olé! 🗝'],
    [
      'a form in percent-encoded UTF-8',
      post(FORM, 'text=%C2%A1Ol%c3%a9%21%20%F0%9F%97%9D'),
      '¡Olé! 🗝',
    ],
    ['+ in a form as a space', post(FORM, 'text=Hello+Bob'), 'Hello Bob'],
    ['%2B in a form as +', post(FORM, 'text=1%2B1'), '1+1'],
    ['= in a form', post(FORM, 'text=a=b'), 'a=b'],
    ['%26 in a form as &', post(FORM, 'text=Tom+%26+Jerry'), 'Tom & Jerry'],
    ['%25 in a form once', post(FORM, 'text=%2541'), '%41'],
    [
      'a form; charset=utf-8',
      post({ 'content-type': `${FORM['content-type']}; charset=UTF-8` }, 'text=é'),
      'é',
    ],
  ] as [string, CallOptions, string][])
    it(what, () =>
      withSession({ message: standard }, async (a, b) => {
        const { answer, text } = await sendAndRead(a, b, options)
        assert.equal(text, expected)
        assert.equal(answer.json.bytes, Buffer.byteLength(expected))
        assert.ok(!answer.text.includes(expected))
      }),
    )

  it('nothing, and sends the sentence with its own port', () =>
    withSession({}, async (a, b) => {
      const { text } = await sendAndRead(a, b, {})
      assert.equal(text, `This is a secret message from port ${a.port}!`)
    }))

  for (const [what, options] of [
    ['an empty form field', post(FORM, 'text=')],
    ['an empty text/plain', post(TEXT, '')],
    [
      'an empty text/plain in chunks',
      { method: 'POST', headers: { ...TEXT, 'transfer-encoding': 'chunked' } },
    ],
    ['text/plain without a body', { headers: TEXT }],
  ] as [string, CallOptions][])
    it(`${what}: an empty text`, () =>
      withSession({ message: standard }, async (a, b) => {
        const { answer } = await sendAndRead(a, b, options)
        assert.equal(answer.json.bytes, 0)
      }))

  for (const [what, headers, body] of [
    ['as text/plain', TEXT, (text: string) => text],
    ['as a form', FORM, (text: string) => `text=${text}`],
    ['as a percent-encoded form', FORM, (text: string) => `text=${text.replaceAll('a', '%61')}`],
  ] as const)
    it(`16 KiB ${what}, and not one byte more`, () =>
      withSession({}, async (a, b) => {
        const longest = 'a'.repeat(MAX_TEXT_BYTES)
        const { answer, text } = await sendAndRead(a, b, post(headers, body(longest)))
        assert.deepEqual([answer.json.bytes, text], [MAX_TEXT_BYTES, longest])
        const tooLong = await a.call('/send_msg', post(headers, body(`${longest}a`)))
        assertProblem(tooLong, 'too_large')
        assert.equal((await a.call('/show')).json.session.sent, 1)
      }))

  it('16 KiB of bytes, not of characters', () =>
    withSession({}, async (a) => {
      const tooLong = 'é'.repeat(MAX_TEXT_BYTES / 2 + 1)
      assertProblem(await a.call('/send_msg', post(TEXT, tooLong)), 'too_large')
      assertProblem(await a.call('/send_msg', post(FORM, `text=${tooLong}`)), 'too_large')
    }))
})

/** Expects the refusal, and that no message was made or went out. */
async function assertSendsNothing(code: string, path: string, options: CallOptions): Promise<void> {
  await withSession({}, async (a, b) => {
    const answer = await a.call(path, options)
    assertProblem(answer, code)
    const [mine, others] = [await a.call('/show'), await b.call('/show')]
    assert.equal(mine.json.session.sent, 0)
    assert.deepEqual(others.json.waiting, [])
  })
}

const notForms = [
  ['without a text', 'message=Hello'],
  ['without a field', 'Hello'],
  ['with a field of another case', 'Text=Hello'],
  ['with two fields', 'text=Tom & Jerry'],
  ['with a field before it', 'a=b&text=Hello'],
  ['with the text twice', 'text=Hello&text=Bob'],
  ['without a value', 'text'],
] as const

describe('/send_msg refuses', () => {
  for (const [what, body] of notForms)
    it(`a form ${what}`, () => assertSendsNothing('bad_message', '/send_msg', post(FORM, body)))

  for (const [what, type, body] of [
    ['half a percent-encoding', FORM, 'text=%'],
    ['a wrong percent-encoding', FORM, 'text=100%zz'],
    ['percent-encoded bytes that are not UTF-8', FORM, 'text=%ff%fe'],
    ['percent-encoded surrogates', FORM, 'text=%ed%a0%80'],
    ['a form that is not UTF-8', FORM, Buffer.from('text=\xe9', 'latin1')],
    ['text/plain that is not UTF-8', TEXT, Buffer.from('ol\xe9', 'latin1')],
    ['overlong UTF-8', TEXT, Buffer.from('c0af', 'hex')],
    ['surrogates in UTF-8', TEXT, Buffer.from('eda080', 'hex')],
    ['UTF-8 that ends early', TEXT, Buffer.from('41f09f97', 'hex')],
  ] as const)
    it(what, () => assertSendsNothing('bad_text', '/send_msg', post(type, body)))

  for (const [what, type, body] of [
    ['JSON', 'application/json', '{"text":"Hello"}'],
    ['multipart', 'multipart/form-data; boundary=x', '--x--'],
    ['bytes', 'application/octet-stream', 'Hello'],
    ['HTML', 'text/html', 'Hello'],
    ['text in another charset', 'text/plain; charset=iso-8859-1', 'Hello'],
    ['text in UTF-16', 'text/plain; charset=utf-16', 'Hello'],
    ['a form in another charset', `${FORM['content-type']}; charset=iso-8859-1`, 'text=Hello'],
    ['a type that is none', 'text', 'Hello'],
  ] as const)
    it(what, () =>
      assertSendsNothing('unsupported_type', '/send_msg', post({ 'content-type': type }, body)),
    )

  it('a body without a type', () =>
    assertSendsNothing('unsupported_type', '/send_msg', post({}, 'Hello')))

  for (const query of ['text=Hello', 'Hello', 'x='])
    it(`a text in the URL: ?${query}`, async () => {
      await assertSendsNothing('text_in_url', `/send_msg?${query}`, {})
      await assertSendsNothing('text_in_url', `/send_msg?${query}`, post(TEXT, 'Hello'))
    })

  it('a text in the URL that is not in ASCII', () =>
    withSession({}, async (a) => {
      const line = Buffer.from('GET /send_msg?text=ä HTTP/1.1')
      for (const bytes of [line, Buffer.from(line.toString(), 'latin1')]) {
        const request = Buffer.concat([bytes, Buffer.from(lines('', 'Host: 127.0.0.1'))])
        const [answer] = await sendRaw(a.port, request)
        assert.ok(answer)
        assert.equal(
          assertProblem(answer, 'text_in_url').next,
          `curl ${a.url}/send_msg --data-urlencode 'text=Hello'`,
        )
      }
      assert.equal((await a.call('/show')).json.session.sent, 0)
    }))

  it('to send without a session', () =>
    withPeers({}, async (a, b) => {
      assertProblem(await a.call('/send_msg'), 'no_session')
      assertProblem(await a.call('/send_msg', post(TEXT, 'Hello')), 'no_session')
      assertNothingRan(a, b)
    }))

  it('to send while only one side has sent its keys', () =>
    withPeers({}, async (a, b) => {
      await a.call('/send_keys')
      assertProblem(await a.call('/send_msg'), 'no_session')
      assertProblem(await b.call('/send_msg'), 'no_session')
    }))

  it('without repeating a word of what it got', () =>
    withSession({}, async (a) => {
      const word = 'xyzzy'
      for (const [path, options] of [
        [`/send_msg?${word}`, {}],
        ['/send_msg', post(FORM, `${word}=${word}`)],
        ['/send_msg', post(FORM, `text=${word}%`)],
        ['/send_msg', post(TEXT, Buffer.from(`${word}\xe9`, 'latin1'))],
        ['/send_msg', post(JSON_TYPE, `{"text":"${word}"}`)],
        ['/wire/message', post(JSON_TYPE, `{"v":2,"${word}":"${word}"}`)],
        ['/wire/keys', post(JSON_TYPE, `{"v":"${word}"}`)],
        [`/${word}`, {}],
      ] as [string, CallOptions][]) {
        const answer = await a.call(path, options)
        assertProblem(answer)
        assert.ok(!answer.text.includes(word), answer.text)
      }
    }))
})

const run = promisify(execFile)
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)

describe('what to do after a refused text', () => {
  const skip = !hasCurl && 'there is no curl here'
  for (const [what, path, options] of [
    ...notForms.map(([what, body]) => [`a form ${what}`, '/send_msg', post(FORM, body)] as const),
    ['a text in the URL', '/send_msg?text=Hello', {}],
    ['JSON', '/send_msg', post(JSON_TYPE, '{}')],
    ['a wrong percent-encoding', '/send_msg', post(FORM, 'text=%')],
  ] as const)
    it(`that was ${what} is a curl that works`, { skip }, () =>
      withSession({}, async (a, b) => {
        const { next } = (await a.call(path, options)).json
        const [command] = /^curl \S+\/send_msg --data-urlencode '[^']*'/.exec(next) ?? []
        assert.ok(command, next)
        const { stdout } = await run('sh', ['-c', `curl -s ${command.slice('curl '.length)}`])
        assert.equal(JSON.parse(stdout).sent, true)
        assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
      }),
    )
})

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
    }),
  )
}

function answering(status: number, type: string, body: string): RequestListener {
  return (_request, response) => response.writeHead(status, { 'content-type': type }).end(body)
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
    return withServer(answering(201, 'application/json', '{"accepted":true}'), (url, server) => {
      server.on('connection', () => connections++)
      return withPeerFacing(url, undefined, async (peer) => {
        for (let i = 0; i < 3; i++) assert.equal((await peer.call('/send_keys')).status, 201)
        assert.equal(connections, 1)
      })
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
    ['201 with nothing', answering(201, 'application/json', '')],
    ['200 with the right body', answering(200, 'application/json', '{"accepted":true}')],
    ['accepted: false', answering(201, 'application/json', '{"accepted":false}')],
    ['an empty object', answering(201, 'application/json', '{}')],
    ['null', answering(201, 'application/json', 'null')],
    ['a list', answering(201, 'application/json', '[{"accepted":true}]')],
    ['half of an answer', answering(201, 'application/json', '{"accepted":true')],
    ['an unknown field', answering(201, 'application/json', '{"accepted":true,"xyzzy":1}')],
    [
      'a confirmation of the wrong form',
      answering(201, 'application/json', '{"accepted":true,"confirm":{}}'),
    ],
    [
      'a confirmation of the wrong length',
      answering(201, 'application/json', '{"accepted":true,"confirm":{"session":"00","tag":"00"}}'),
    ],
    [
      'an unknown code',
      answering(400, 'application/problem+json', '{"code":"xyzzy","detail":"xyzzy"}'),
    ],
    [
      'a code that every object has',
      answering(400, 'application/problem+json', '{"code":"constructor"}'),
    ],
    ['a code that is none', answering(400, 'application/problem+json', '{"code":["no_session"]}')],
    [
      'a compressed body',
      ((_request, response) => {
        response.writeHead(201, { 'content-encoding': 'gzip' }).end('xyzzy')
      }) as RequestListener,
    ],
    ['that it goes on in another protocol', switching],
  ] as const)
    it(`that answers ${what} is peer_refused without a code`, () =>
      assertBlamesPeer('peer_refused', listener))

  it('whose answer does not end is peer_refused, long before it ends', async () => {
    let written = 0
    await assertBlamesPeer('peer_refused', (_request, response) => {
      response.on('error', () => {}).writeHead(201, JSON_TYPE)
      const more = (): void => {
        if (response.destroyed) return
        written += MIB
        response.write('x'.repeat(MIB), more)
      }
      more()
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

  it('that has a full inbox is peer_refused with inbox_full, until it reads', () =>
    withSession({}, async (a, b) => {
      for (let i = 0; i < 32; i++) assert.equal((await a.call('/send_msg')).status, 201)
      assert.equal(assertProblem(await a.call('/send_msg'), 'peer_refused').peer_code, 'inbox_full')
      assert.equal((await b.call('/decrypt_msg')).json.decrypted, 32)
      assert.equal((await a.call('/send_msg')).status, 201)
    }))

  for (const [what, body] of [
    ['an unknown field', '{"accepted":true,"missing":0,"xyzzy":1}'],
    ['no count', '{"accepted":true}'],
    ['a count below zero', '{"accepted":true,"missing":-1}'],
    ['a count that is a text', '{"accepted":true,"missing":"0"}'],
  ] as const)
    it(`that answers a message with ${what} is peer_refused without a code`, () =>
      withServer(answering(201, 'application/json', body), async (url) => {
        const message = { v: 2 as const, session: '00', seq: 0, ciphertext: '00' }
        await assert.rejects(createClient(url, SUITES.X25519).message(message), (error) => {
          assert.ok(error instanceof PeerError)
          assert.deepEqual([error.code, error.peerCode], ['peer_refused', null])
          assertNothingInternal(error.message)
          return true
        })
      }))
})

describe('a peer with --no-secrets', () => {
  it('refuses to decrypt, and keeps the message and the secret to itself', () =>
    withSession({ showsSecrets: false, message: 'xyzzy' }, async (a, b) => {
      const shown = await a.call('/show')
      assert.notEqual(shown.json.session, null)
      await b.call('/show')
      assert.equal((await a.call('/send_msg')).status, 201)
      assertProblem(await b.call('/decrypt_msg'), 'secrets_hidden')
      assertProblem(await b.call('/decrypt_msg', { method: 'POST' }), 'secrets_hidden')
      assert.equal((await b.call('/show')).json.waiting.length, 1)
      for (const line of [...a.lines(), ...b.lines()]) assert.doesNotMatch(line, /SECRET|xyzzy/)
      assert.deepEqual([...a.secrets(), ...b.secrets()], [])
    }))

  it('refuses to decrypt when nothing waits, too', () =>
    withPeers({ showsSecrets: false }, async (a) => {
      assertProblem(await a.call('/decrypt_msg'), 'secrets_hidden')
    }))
})

describe('a step that is too early or too late', () => {
  it('names the keys as the first thing to do, wherever one begins', () =>
    withPeers({}, async (a, b) => {
      const keys = `curl ${a.url}/send_keys && curl ${b.url}/send_keys`
      for (const path of ['/decrypt_msg', '/image', '/send_msg', '/frequency'])
        assert.equal((await a.call(path)).json.next, keys, path)
      assert.match((await a.call('/')).text, /next: curl \S+\/send_keys\n$/)
      await a.call('/send_keys')
      await b.call('/send_keys')
      assert.equal((await a.call('/decrypt_msg')).json.next, `curl ${b.url}/send_msg`)
      assert.match((await a.call('/')).text, /next: curl \S+\/send_msg\n$/)
    }))

  it('to decrypt is nothing_waiting', () =>
    withSession({}, async (a, b) => {
      assertProblem(await b.call('/decrypt_msg'), 'nothing_waiting')
      await a.call('/send_msg')
      assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
      assertProblem(await b.call('/decrypt_msg'), 'nothing_waiting')
    }))

  it('is refused in the terminal as well, with the code', () =>
    withPeers({}, async (a) => {
      await a.call('/send_msg')
      assert.match(a.lines().at(-1) ?? '', /^✗ {2}refused .*\/send_msg.*no_session/)
    }))
})
