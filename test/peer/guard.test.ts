/** Who may call, and who may not: the design's Guard table. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import os from 'node:os'
import { describe, it } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import Koa from 'koa'
import { guard } from '../../src/http/guard.ts'
import { listen } from '../../src/http/server.ts'
import { PAGE_FILES } from '../../src/page/files.ts'
import {
  beginCall,
  type CallOptions,
  call,
  FORM,
  JSON_TYPE,
  posting,
  TEXT,
} from '../helpers/call.ts'
import { withCommand } from '../helpers/command.ts'
import { withServer } from '../helpers/fakes.ts'
import { systemError } from '../helpers/files.ts'
import { mailboxInMemory } from '../helpers/mail.ts'
import { pngOf } from '../helpers/pictures.ts'
import {
  assertNothingRan,
  assertProblem,
  assertRefuses,
  assertSafeHeaders,
} from '../helpers/problem.ts'
import { askRaw, lines, sendRaw } from '../helpers/raw.ts'
import { until } from '../helpers/until.ts'
import { type PeersOptions, sharedPeers, type TestPeer, withPeers } from '../helpers/with-peers.ts'

const BOTH = ['/send_keys', '/show', '/send_msg', '/decrypt_msg', '/send_image']
const STEPS = ['/compare', ...BOTH, ...BOTH.map((path) => `/other${path}`)]
const PAGE = [
  ...PAGE_FILES,
  '/toy',
  '/events',
  '/transcript',
  '/sealed_image',
  '/image',
  '/frequency',
  '/',
]
const WIRE = ['/wire/keys', '/wire/message', '/message']
/** Peers that take mail: all of their wire routes are there. */
const withPair = sharedPeers({ openMailbox: mailboxInMemory })
const withNamed = sharedPeers({ hostNames: ['Duet.example'] })

type Headers = Record<string, string>
/** What a request is, and its headers. */
type Row = readonly [what: string, headers: Headers | ((a: TestPeer) => Headers)]
const of = (headers: Row[1], a: TestPeer) => (typeof headers === 'function' ? headers(a) : headers)

/** Each of these headers is refused at every step, by POST too, and nothing runs. */
function refuses(code: string, rows: readonly Row[], withPeers = withPair) {
  for (const [what, headers] of rows)
    it(`runs no step: ${what}`, () =>
      withPeers((a, b) => {
        const request = { headers: of(headers, a) }
        const requests = STEPS.map((path): [string, CallOptions] => [path, request])
        for (const path of ['/compare', '/send_msg', '/other/send_msg'])
          requests.push([path, { method: 'POST', ...request }])
        return assertRefuses(code, [a, b], ...requests)
      }))
}

/** With each of these headers steps run. */
function takes(rows: readonly Row[], withPeers = withPair) {
  for (const [what, headers] of rows)
    it(`runs steps: ${what}`, () =>
      withPeers(async (a) => {
        assert.equal((await a.call('/show', { headers: of(headers, a) })).status, 200)
        assert.equal((await a.call('/send_keys', { headers: of(headers, a) })).status, 201)
      }))
}

const named = (headers: Headers): Row => [JSON.stringify(headers), headers]
/** A row for each value of a header. */
const each = (name: string, ...values: string[]) => values.map((value) => named({ [name]: value }))
const words = (text: string) => text.trim().split(/\s+/)

describe('a request from elsewhere', () => {
  refuses('cross_site', [
    ...each('sec-fetch-site', '', 'cross-site', 'same-site', 'Cross-Site', 'anything'),
    ...each('sec-fetch-site', 'none, cross-site'),
    ...each(
      'origin',
      ...words(`http://evil.example null file:// http://127.0.0.1 http://127.0.0.1:1
        http://127.0.0.1.evil.example`),
    ),
    ...each('sec-purpose', 'prefetch', 'prefetch;prerender'),
    ...each('purpose', 'prefetch'),
    ...each('x-moz', 'prefetch'),
    named({ 'x-purpose': 'preview', 'sec-fetch-site': 'none' }),
    ...each(
      'referer',
      ...words(`http://evil.example/ http://evil.example/http://127.0.0.1/ https://127.0.0.1/
        http://127.0.0.1:1/x android-app://example about:blank x`),
    ),
    ["a link that ends with the peer's address", (a) => ({ referer: `http://x/${a.url}/` })],
  ])
  takes(each('sec-fetch-site', 'none', 'same-origin'))
})

/** How every browser begins to speak of itself. */
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64)'

/** A row of the headers that tell programs apart; what is '' is not sent. */
function client(what: string, agent: string, accept = '', language = '', more: Headers = {}): Row {
  const headers = { 'user-agent': agent, accept, 'accept-language': language }
  const sent = Object.entries(headers).filter(([, value]) => value !== '')
  return [what, { ...Object.fromEntries(sent), ...more }]
}

const IMAGES = 'image/webp,image/avif,video/*;q=0.8,image/png,image/*;q=0.8,*/*;q=0.5'
const PAGES = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const SAFARI_IMAGE = client(
  'Safari 15 for an image',
  `${BROWSER} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6.1 Safari/605.1.15`,
  IMAGES,
  'en-GB,en;q=0.9',
)
const OPENED = { 'upgrade-insecure-requests': '1' }
/** What browsers without Fetch Metadata send, with what a page asks for and what a person opens. */
const OLD_BROWSERS = [
  SAFARI_IMAGE,
  client('Safari 15 for a script', 'Mozilla/5.0 (iPhone) AppleWebKit/605.1.15', '*/*'),
  client('Safari 15, opened by a person', 'Mozilla/5.0 (Macintosh) Safari', PAGES, '', OPENED),
  client('Firefox 89', 'Mozilla/5.0 (Windows NT 10.0; rv:89.0) Gecko/20100101 Firefox/89.0'),
  client('Internet Explorer', 'Mozilla/5.0 (Trident/7.0; rv:11.0) like Gecko', IMAGES),
  client('Opera 12', 'Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16'),
  client('a name in small letters', BROWSER.toLowerCase()),
  client('a browser that hides its name, for an image', '', 'image/avif,image/webp,*/*', 'de'),
  client('a browser that hides its name, for a script', '', '*/*', 'de'),
  client('a view of an app', 'Chat/1.0', 'text/html,*/*;q=0.8', 'es-ES'),
  client('a view of an app, opened', 'Chat/1.0', '', '', OPENED),
  client('w3m', 'w3m/0.5.3+git20230121', 'text/html, text/*;q=0.5, image/*', 'en;q=1.0'),
  client('the preview of a chat', 'WhatsApp/2.23.20.0'),
  client('the preview of another one', 'facebookexternalhit/1.1 Facebot Twitterbot/1.0'),
  client('Sec-Fetch headers that say nothing of the page', BROWSER, '', '', {
    'sec-fetch-mode': 'no-cors',
    'sec-fetch-dest': 'image',
  }),
]

const POWERSHELL = 'Mozilla/5.0 (Macintosh; Darwin 23.5.0; en-US) PowerShell/7.4.2'
/** What programs send by themselves, each as its version then had it. */
const PROGRAMS = [
  client('curl', 'curl/8.5.0', '*/*'),
  client('Wget 1.21', 'Wget/1.21.3', '*/*'),
  client('Wget 2', 'wget2/2.1.0', PAGES),
  client('Windows PowerShell 5.1', 'Mozilla/5.0 (Windows NT) WindowsPowerShell/5.1.19041.4648'),
  client('PowerShell 7', POWERSHELL),
  client('HTTPie', 'HTTPie/3.2.2', '*/*'),
  client("Python's requests", 'python-requests/2.31.0', '*/*'),
  client("Python's urllib", 'Python-urllib/3.11'),
  client('got', 'got (https://github.com/sindresorhus/got)'),
  client("Node's fetch", 'node', '*/*', '*', { 'sec-fetch-mode': 'cors' }),
  client('Java 11', 'Java/11.0.22', 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2'),
  client('Swift', 'duet/1 CFNetwork/1494 Darwin/23.4.0', '', 'en-GB'),
  client('nothing at all', ''),
]

describe('a browser that does not say which page asks', () => {
  refuses('cross_site', OLD_BROWSERS)
  takes([
    ...PROGRAMS,
    ['a browser that says it by an Origin', (a) => ({ 'user-agent': BROWSER, origin: a.url })],
    [
      "a program that follows the peer's own links",
      (a) => ({ 'user-agent': 'Wget/1.21.3', referer: `${a.url}/` }),
    ],
  ])

  it('gets nothing of what is for the owner, is told which browsers do, and may call the wire', () =>
    withPair(async (a, b) => {
      const headers = of(SAFARI_IMAGE[1], a)
      for (const path of [...STEPS, ...PAGE, '/nothing']) {
        const { detail, next } = assertProblem(await a.call(path, { headers }), 'cross_site')
        assert.match(detail, /Chrome and Edge .*80 .*Firefox .*90, Safari .*16\.4/)
        const { url } = path.startsWith('/other/') ? b : a
        assert.equal(next, `Run it yourself: curl ${url}/`)
      }
      const hidden = { accept: '*/*', 'accept-language': 'de' }
      assertProblem(await a.call('/nothing', { headers: hidden }), 'cross_site')
      await assertRefuses('bad_message', [a, b], ['/wire/keys', posting(JSON_TYPE, '{}', headers)])
    }))

  it('is not a program that asks for the page, or its events, in a language', () =>
    withPair(async (a) => {
      const headers = { accept: 'text/html', 'accept-language': 'es' }
      assert.match((await a.call('/', { headers })).text, /<html lang="es">/)
      const { request, answer } = beginCall(`${a.url}/events`, { headers })
      answer.catch(() => {})
      const [{ statusCode }] = await once(request.end(), 'response')
      request.destroy()
      assert.equal(statusCode, 200)
    }))
})

describe('a link from another site', () => {
  const link = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  }

  it('may be followed to the page', () =>
    withPair(async (a) => assert.equal((await a.call('/', { headers: link })).status, 200)))

  for (const [what, path, method, change] of [
    ['to a step', '/send_keys', 'GET', {}],
    ['by POST', '/', 'POST', {}],
    ['into a frame', '/', 'GET', { 'sec-fetch-dest': 'iframe' }],
    ['as an image', '/', 'GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['by a script', '/', 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['by what does not navigate', '/', 'GET', { 'sec-fetch-mode': 'no-cors' }],
    ['ahead of time', '/', 'GET', { 'sec-purpose': 'prefetch;prerender' }],
  ] as const)
    it(`may not be followed ${what}`, () =>
      withPair((a, b) =>
        assertRefuses('cross_site', [a, b], [path, { method, headers: { ...link, ...change } }]),
      ))
})

describe('Origin', () => {
  refuses('cross_site', [
    ['of another scheme', (a) => ({ origin: `https://127.0.0.1:${a.port}` })],
    ['of another port', (a) => ({ origin: `http://127.0.0.1:${a.port - 1}` })],
    ['of a name that ends with a dot', (a) => ({ origin: `${a.url}.` })],
    ['with a path', (a) => ({ origin: `${a.url}/` })],
  ])
  takes([
    ["of the peer's own", (a) => ({ origin: a.url })],
    [
      'of its own name',
      (a) => ({ host: `LocalHost:${a.port}`, origin: `http://localhost:${a.port}` }),
    ],
  ])

  it('is given no permission to read, nor to ask first', () =>
    withPair(async (a, b) => {
      const headers = {
        origin: 'http://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-private-network': 'true',
      }
      const answer = await a.call('/send_keys', { method: 'OPTIONS', headers })
      assertProblem(answer, 'cross_site')
      for (const name of Object.keys(answer.headers)) assert.doesNotMatch(name, /^access-control/)
      assertNothingRan(a, b)
    }))
})

describe('a wire route', () => {
  const posts = (type: string | undefined, headers: Headers = {}) =>
    WIRE.map((path): [string, CallOptions] => [path, posting(type, '{}', headers)])

  for (const [code, types] of [
    [
      'unsupported_type',
      [
        ...[undefined, TEXT, 'text/plain; charset=utf-8', FORM, 'multipart/form-data; boundary=x'],
        ...['application/jsonp', 'text/json', 'application/json; charset=utf-16'],
        'application/json, text/plain',
      ],
    ],
    ['bad_message', [JSON_TYPE, 'application/json; charset=utf-8', 'Application/JSON']],
  ] as const)
    for (const type of types)
      it(`that gets {} as ${type ?? 'a body without a type'} answers ${code}`, () =>
        withPair((a, b) => assertRefuses(code, [a, b], ...posts(type))))

  for (const [code, headers] of [
    ['cross_site', { 'sec-fetch-site': 'cross-site' }],
    ['bad_host', { host: 'evil.example' }],
  ] as const)
    it(`and an unknown path refuse ${JSON.stringify(headers)} as a step does`, () =>
      withPair((a, b) => {
        const post = posting(JSON_TYPE, '{}', headers)
        const all = [...posts(JSON_TYPE, headers), ['/', post], ['/nothing', post]]
        return assertRefuses(code, [a, b], ...(all as [string, CallOptions][]))
      }))
})

describe('Host', () => {
  const browser = { 'user-agent': BROWSER, 'sec-fetch-site': 'none' }
  takes(
    each(
      'host',
      ...words(`127.0.0.1 127.0.0.1:5000 192.0.2.7:80 [::1] [::1]:5000 [2001:db8::1]:5000
        localhost LOCALHOST:5000 duet.example DUET.example:5000`),
    ),
    withNamed,
  )
  takes(
    words('localhost LOCALHOST:5000 127.0.0.1 [::1]:5000').map((host) =>
      named({ host, ...browser }),
    ),
  )
  takes(
    [
      named({ host: 'duet.example', 'user-agent': `none of ${BROWSER}` }),
      named({ host: 'duet.example', 'user-agent': POWERSHELL }),
    ],
    withNamed,
  )
  refuses(
    'bad_host',
    each(
      'host',
      ...words(`evil.example evil.example:5000 localhost.evil.example evil.localhost
        127.0.0.1.evil.example notduet.example localhost. duet.example. 127.0.0.1. user@127.0.0.1
        user:password@localhost:5000 127.0.0.1@evil.example localhost/evil.example
        localhost,127.0.0.1 localhost:evil 2001:db8::1 [127.0.0.1] 0.0.0.0 0.0.0.0:5000 [::]
        [::ffff:127.0.0.1] [::ffff:7f00:1]:5000 [::1 [localhost] 0x7f000001 2130706433 127.1
        :5000`),
      'localhost evil.example',
    ),
    withNamed,
  )
  // a browser sends no Fetch Metadata to such a name
  refuses('cross_site', [named({ host: 'duet.example', ...browser })], withNamed)
  refuses('bad_host', [
    ['a name where none was given', { host: 'duet.example' }],
    ['an attacker with its Origin', { host: 'evil.example', origin: 'http://evil.example' }],
  ])

  for (const [what, ...head] of [
    ['absent from HTTP/1.0', 'GET /send_keys HTTP/1.0'],
    ['absent from HTTP/1.1', 'GET /send_keys HTTP/1.1', 'Connection: close'],
    ['empty', 'GET /send_keys HTTP/1.1', 'Host: '],
    ['there twice', 'GET /send_keys HTTP/1.1', 'Host: localhost', 'Host: localhost'],
    ['there with another', 'GET /send_keys HTTP/1.1', 'Host: localhost', 'Host: evil.example'],
    ['there after another', 'GET /send_keys HTTP/1.1', 'Host: evil.example', 'Host: localhost'],
  ])
    it(`${what} runs no step`, () =>
      withPair(async (a, b) => {
        assertProblem(await askRaw(a.port, lines(...head), { first: true }), 'bad_host')
        assertNothingRan(a, b)
      }))

  it('is looked at anew, whatever was taken a moment ago', () =>
    withPair(async (a) => {
      const ask = (...head: string[]) => askRaw(a.port, lines('GET /show HTTP/1.1', ...head))
      for (let i = 0; i < 2; i++) {
        assert.equal((await ask('Host: localhost')).status, 200)
        for (const others of [['evil.example'], ['localhost', 'localhost'], ['']])
          assertProblem(await ask(...others.map((host) => `Host: ${host}`)), 'bad_host')
      }
    }))

  it('in HTTP/1.0 passes as in HTTP/1.1', () =>
    withPair(async (a) => {
      const answer = await askRaw(a.port, lines('GET /show HTTP/1.0', 'Host: 127.0.0.1'))
      assert.equal(answer.status, 200)
    }))
})

const addresses = Object.values(os.networkInterfaces()).flatMap((found) => found ?? [])
const outside = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address
const outside6 = addresses.find(
  ({ internal, family, address }) => !internal && family === 'IPv6' && !/^fe[89ab]/i.test(address),
)?.address
const noIPv4 = outside === undefined && 'this machine has no IPv4 address but loopback'
const noIPv6 = !addresses.some(({ family }) => family === 'IPv6') && 'this machine has no IPv6'

/** Expects a caller at `address` to reach the wire and nothing of the owner's. */
async function assertIsStranger(a: TestPeer, b: TestPeer, address: string): Promise<void> {
  const origin = `http://${address.includes(':') ? `[${address}]` : address}:${a.port}`
  for (const path of [...STEPS, ...PAGE])
    for (const method of ['GET', 'POST']) {
      const answer = await call(origin + path, { method })
      assertProblem(answer, 'owner_only')
      assertSafeHeaders(answer)
    }
  for (const path of WIRE)
    assertProblem(await call(origin + path, posting(JSON_TYPE, '{}')), 'bad_message')
  const image = await call(`${origin}/wire/image`, posting(JSON_TYPE, '{}'))
  assertProblem(image, 'unsupported_type')
  assert.equal((await call(`${origin}/public_key`)).status, 200)
  assertNothingRan(a, b)
}

describe('a caller from the network', () => {
  const from = outside ?? ''
  const everywhere = { openMailbox: mailboxInMemory, hostNames: ['duet.example'] }

  for (const [what, skip, host, address] of [
    ['', noIPv4, '0.0.0.0', outside],
    [' over IPv6', outside6 === undefined && 'it has no global IPv6 address', '::', outside6],
    [' of a peer that listens on IPv6 too', noIPv4 || noIPv6, '::', outside],
  ] as const)
    it(`reaches the wire and no step${what}`, { skip }, () =>
      withPeers({ ...everywhere, host }, (a, b) => assertIsStranger(a, b, address ?? '')),
    )

  it('leaves connections to the owner, however many it takes', { skip: noIPv4 }, async () => {
    const held: http.ServerResponse[] = []
    const listener: http.RequestListener = ({ url }, response) => {
      if (url === '/now') response.end('here')
      else held.push(response)
    }
    const server = await listen({ host: '0.0.0.0', port: 0 }, Promise.resolve(listener))
    const { port } = server.address() as AddressInfo
    const strangers = Array.from({ length: 200 }, () => net.connect({ port, host: from }))
    try {
      // those over the limit are left at once, and the others stay
      await new Promise<void>((resolve) => {
        let left = 0
        for (const socket of strangers) {
          socket.on('error', () => {}).once('close', () => ++left === 152 && resolve())
          socket.write(lines('GET /held HTTP/1.1', 'Host: 127.0.0.1'))
        }
      })
      await until(() => held.length === 48)
      const own = `http://127.0.0.1:${port}`
      const owners = Array.from({ length: 16 }, () => call(`${own}/held`))
      await until(() => held.length === 64)
      await assert.rejects(call(`${own}/now`), 'there are 64 in all')
      for (const response of held.splice(48)) response.end()
      await Promise.all(owners)
      await assert.rejects(call(`http://${from}:${port}/now`), "the owner's are not for strangers")
      for (const response of held) response.end()
      // whoever goes makes room for the next one
      for (const socket of strangers) socket.destroy()
      await until(async () => (await call(`http://${from}:${port}/now`).catch(() => null)) !== null)
    } finally {
      for (const socket of strangers) socket.destroy()
      server.close()
      server.closeAllConnections()
    }
  })

  it('does not become the owner by what it says of itself', { skip: noIPv4 }, () =>
    withPeers({ ...everywhere, host: '0.0.0.0' }, async (a, b) => {
      const origin = `http://${from}:${a.port}`
      for (const headers of [
        { 'x-forwarded-for': '127.0.0.1' },
        { 'x-real-ip': '127.0.0.1' },
        { forwarded: 'for=127.0.0.1' },
        { 'x-client-ip': '127.0.0.1', 'x-forwarded-host': 'localhost' },
        { host: `127.0.0.1:${a.port}` },
        { host: 'localhost', origin: 'http://localhost', 'sec-fetch-site': 'same-origin' },
        { host: 'duet.example' },
      ] as Headers[])
        assertProblem(await call(`${origin}/send_keys`, { headers }), 'owner_only')
      for (const target of [
        '/wire/keys/../../send_keys',
        '/wire/keys?/send_keys',
        '/wire/keys#/send_keys',
        `${a.url}/send_keys`,
      ]) {
        const head = [`GET ${target} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close']
        assertProblem(await askRaw(a.port, lines(...head), { host: from }))
      }
      assertNothingRan(a, b)
    }),
  )

  it(
    'finds nobody where the peer listens on loopback, as it does by default',
    { skip: noIPv4 },
    () =>
      withPair(async (a) => {
        await assert.rejects(call(`http://${from}:${a.port}/`), { code: 'ECONNREFUSED' })
      }),
  )
})

describe('a caller who is gone already', () => {
  it('is not taken for the owner', () => {
    const request = new http.IncomingMessage(new net.Socket())
    request.url = '/send_keys'
    request.headers = { host: 'localhost' }
    request.rawHeaders = ['Host', 'localhost']
    const context = new Koa().createContext(request, new http.ServerResponse(request))
    assert.throws(() => guard([])(context, () => assert.fail('it ran')), { code: 'owner_only' })
  })
})

describe('a connection that the system can not take', () => {
  it('ends nothing', async () => {
    const listener: http.RequestListener = (_request, response) => response.end('here')
    const server = await listen({ host: '127.0.0.1', port: 0 }, Promise.resolve(listener))
    try {
      // as Node says it, once for each
      for (let i = 0; i < 2; i++) server.emit('error', systemError('EMFILE'))
      const { port } = server.address() as AddressInfo
      assert.equal((await call(`http://127.0.0.1:${port}/`)).text, 'here')
    } finally {
      server.close()
    }
  })
})

describe('a request that names no path', () => {
  for (const target of ['http://127.0.0.1/send_keys', 'http://127.0.0.1/wire/keys', '*'])
    it(`but ${target} is refused for that`, () =>
      withPair(async (a, b) => {
        const head = [`GET ${target} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close']
        assertProblem(await askRaw(a.port, lines(...head)), 'bad_request')
        assertNothingRan(a, b)
      }))
})

describe('the owner', () => {
  takes(
    [['a loopback caller, whatever other headers say of him', { 'x-client-ip': '192.0.2.7' }]],
    (use) => withPeers({ host: '0.0.0.0' }, use),
  )

  it('may call over IPv6 loopback', { skip: noIPv6 }, () =>
    withPeers({ host: '::' }, async (a) => {
      assert.equal((await call(`http://[::1]:${a.port}/send_keys`)).status, 201)
      assert.equal((await a.call('/show')).status, 200)
    }),
  )
})

describe('a proxy in the environment', () => {
  it('sees nothing of the exchange', async () => {
    const seen: string[] = []
    await withServer(
      (request, response) => {
        seen.push(`${request.method} ${request.url}`)
        response.writeHead(502).end()
      },
      async (url, proxy) => {
        proxy.on('connection', () => seen.push('a connection'))
        const names = ['http_proxy', 'https_proxy', 'all_proxy']
        const env = Object.fromEntries(
          [...names, ...names.map((name) => name.toUpperCase())].map((name) => [name, url]),
        )
        await withCommand(
          ['both', '--ports', '0,0', '--no-state'],
          { env: { ...env, no_proxy: '', NO_PROXY: '', NODE_USE_ENV_PROXY: '1' } },
          async (command) => {
            const sessions = []
            for (const port of await command.ports(2)) {
              const answer = await call(`http://127.0.0.1:${port}/send_keys`)
              assert.equal(answer.status, 201)
              sessions.push(answer.json.session)
            }
            assert.match(sessions[1], /^[0-9a-f]{32}$/)
          },
        )
      },
    )
    assert.deepEqual(seen, [])
  })
})

describe('a slow or greedy caller', { concurrency: true }, () => {
  const SLACK_MS = 15_000
  /** The design's are 5 and 10 seconds. */
  const patience = { headers: 1_000, request: 2_000 }

  /** Expects one answer, `too_slow`, after `limit` ms and not much later; the program goes on. */
  function timesOut(limit: number, head: string, drip = '', options: PeersOptions = { patience }) {
    return withPeers(options, async (a, b) => {
      const start = performance.now()
      const answer = await askRaw(a.port, head, { drip })
      const took = performance.now() - start
      const { detail } = assertProblem(answer, 'too_slow')
      const { headers, request } = options.patience ?? { headers: 5_000, request: 10_000 }
      const limits = `Headers arrive within ${headers / 1000} seconds, requests within ${request / 1000}`
      assert.ok(detail.startsWith(limits), detail)
      assert.ok(took > limit - 500 && took < limit + SLACK_MS, `${took} ms`)
      assertNothingRan(a, b)
      assert.equal((await a.call('/send_keys')).status, 201)
    })
  }

  const post = (path: string, type: string, ...more: string[]) =>
    lines(`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Type: ${type}`, ...more)
  const start = 'GET /send_keys HTTP/1.1\r\nHost: 127.0.0.1\r\n'
  const text = post('/send_msg', TEXT, 'Content-Length: 1000')
  const picture = post('/wire/image', 'application/octet-stream', 'Content-Length: 60000')
  const chunked = post('/wire/keys', JSON_TYPE, 'Transfer-Encoding: chunked')

  for (const [what, limit, head, drip] of [
    ['says nothing', patience.headers, ''],
    ['stops in the middle of the headers', patience.headers, `${start}X: `],
    ['drips headers', patience.headers, start, 'X: y\r\n'],
    ['stops in the middle of the body', patience.request, `${text}Hello`],
    ['drips a body of known length', patience.request, text, 'x'],
    ['drips a body in chunks', patience.request, chunked, '1\r\n \r\n'],
    ['drips a picture', patience.request, picture, 'x'],
  ] as const)
    it(`who ${what} gets an end`, () => timesOut(limit, head, drip))

  it('gets an end after 5 s, where nothing else is said', () => timesOut(5_000, '', '', {}))

  it('who sends a picture while another one is on its way is not late, however long that takes', () =>
    withPeers({ patience }, async (a, b) => {
      for (const peer of [a, b]) await peer.call('/send_keys')
      const slow = pngOf(300_000)
      const headers = { 'content-type': 'image/png', 'content-length': `${slow.length}` }
      const { request: first, answer } = beginCall(`${a.url}/send_image`, {
        method: 'POST',
        headers,
      })
      first.write(slow.subarray(0, 25_000))
      const second = a.call('/send_image', posting('image/png', pngOf(1_000_000)))
      // longer than a request may take, and than the next check of it
      for (let at = 25_000; at < slow.length; at += 25_000) {
        await setTimeout(400)
        first.write(slow.subarray(at, at + 25_000))
      }
      first.end()
      assert.equal((await answer).status, 201)
      assert.equal((await second).status, 201)
      assert.equal((await b.call('/show')).json.image.bytes, 1_000_000)
    }))

  it('who was refused and never ends its side is cut off', () =>
    withPeers({ patience }, async (a) => {
      const socket = net.connect({ port: a.port, host: '127.0.0.1', allowHalfOpen: true })
      const cut = once(socket, 'error', { signal: AbortSignal.timeout(20_000) })
      socket.on('end', () => {
        // only a connection that is still there takes it without a word
        const more = setInterval(() => socket.write('x'), 100)
        socket.on('close', () => clearInterval(more))
      })
      socket.resume().write('GET /show HTTP/1.1\r\nX: ')
      const [error] = await cut
      assert.match(error.code, /^(ECONNRESET|EPIPE)$/)
    }))

  describe('who does not wait for answers', () => {
    /** Sends `requests` in one go to a server that takes its time; resolves with the answers, and how many it had at once. */
    async function sendAll(requests: string[]) {
      let running = 0
      let most = 0
      const listener: http.RequestListener = async ({ url = '' }, response) => {
        most = Math.max(most, ++running)
        await setImmediate()
        running--
        response.setHeader('content-length', url.length).end(url)
      }
      const server = await listen({ host: '127.0.0.1', port: 0 }, Promise.resolve(listener))
      try {
        const { port } = server.address() as AddressInfo
        return { answers: await sendRaw(port, requests.join('')), most }
      } finally {
        server.close()
      }
    }
    const ask = (path: string, ...more: string[]) =>
      lines(`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...more)

    it('is served one request after another', async () => {
      const paths = Array.from({ length: 15 }, (_, i) => `/${i}`)
      const requests = paths.map((path) => ask(path))
      const { answers, most } = await sendAll([...requests, ask('/last', 'Connection: close')])
      assert.deepEqual(
        answers.map(({ text }) => text),
        [...paths, '/last'],
      )
      assert.equal(most, 1)
    })

    it('is left where too many wait', async () => {
      const { answers, most } = await sendAll(Array.from({ length: 500 }, () => ask('/')))
      assert.ok(answers.length < 20 && most <= 1, `${answers.length} answers, ${most} at once`)
    })
  })
})
