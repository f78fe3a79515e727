/**
 * Random requests against one running pair: each is answered, each refusal is a problem of the
 * design's, and the exchange works afterwards. SLOW=1 sends ten times as many; SEED=… repeats the
 * requests of a run (their order on the wire may differ a little: several are under way at once).
 */

import assert from 'node:assert/strict'
import http from 'node:http'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KeyPair, X25519 } from '../src/protocol/curves.ts'
import type { Answer } from './helpers/call.ts'
import { assertNothingInternal, assertProblem } from './helpers/problem.ts'
import { lines, sendRaw } from './helpers/raw.ts'
import { type TestPeer, withPeers } from './helpers/with-peers.ts'

const TIMES = process.env['SLOW'] ? 10 : 1
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const REQUESTS = 10_000 * TIMES
const STREAMS = 400 * TIMES
/** Every limit of the program's own is shorter. */
const LIMIT_MS = 20_000

const STEPS = [
  '/send_keys',
  '/show',
  '/send_msg',
  '/decrypt_msg',
  '/send_image',
  '/image',
  '/frequency',
  '/',
]
/** Of the page; /events answers without an end. */
const PAGE = ['/page.css', '/page.js', '/icon.svg', '/transcript', '/sealed_image']
const WIRE = ['/wire/keys', '/wire/message', '/wire/image']

interface Request {
  to: 0 | 1
  method: string
  path: string
  headers: Record<string, string>
  body?: Uint8Array | undefined
}

// ---- values

const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((value) => Buffer.from(value).toString('hex'))

/** Fields that a decoder may stumble over, and points that a curve may. */
const oddValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    '',
    '0x00',
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'ff'.repeat(32),
    `ed${'ff'.repeat(30)}7f`,
    `f6${'ff'.repeat(30)}7f`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    'é'.repeat(32),
    '\u0000'.repeat(64),
    '\u001b[2J\u202e',
    'X25519',
    'P-256',
    'constructor',
    '__proto__',
  ),
  fc.constantFrom(-1, -0, 0, 0.5, 1, 2, 2 ** 20, 2 ** 31, 2 ** 53, 1e308, true, null),
  hex(16),
  hex(32),
)

type Form = Record<string, unknown>
type Change = (form: Form) => Form

/** Changes one of the form's fields, whichever it has. */
const changed = <T>(by: fc.Arbitrary<T>, change: (value: unknown, by: T) => unknown) =>
  fc.tuple(fc.nat(1_000), by).map(
    ([i, by]): Change =>
      (form) => {
        const fields = Object.keys(form)
        const field = fields[i % fields.length]
        return field === undefined ? form : { ...form, [field]: change(form[field], by) }
      },
  )

const digit = fc.tuple(fc.nat(80), fc.constantFrom('0', '7', 'f', 'F', 'g', ' ', ''))
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 5,
    arbitrary: changed(digit, (value, [at, digit]) =>
      typeof value === 'string' ? value.slice(0, at) + digit + value.slice(at + 1) : value,
    ),
  },
  {
    weight: 4,
    arbitrary: changed(fc.oneof(hex(16), hex(32), fc.nat(2 ** 20)), (value, by) =>
      typeof value === typeof by ? by : value,
    ),
  },
  { weight: 2, arbitrary: changed(oddValue, (_value, by) => by) },
  {
    weight: 1,
    arbitrary: changed(fc.constant(null), (value) =>
      typeof value === 'string' ? value.toUpperCase() : [value],
    ),
  },
  { weight: 1, arbitrary: changed(fc.constant(undefined), () => undefined) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('x', 'confirm', '__proto__', 'constructor', 'toString', ''), oddValue)
      .map(
        ([field, value]): Change =>
          (form) =>
            Object.fromEntries([...Object.entries(form), [field, value]]),
      ),
  },
)

/** A change of the bytes: cut, flip, insert, repeat. */
const damage: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc.oneof(
  fc.nat(400).map((at) => (bytes: Buffer) => bytes.subarray(0, at)),
  fc.tuple(fc.nat(400), fc.nat(255)).map(([at, byte]) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[at % copy.length] = byte
    return copy
  }),
  fc
    .tuple(fc.nat(400), fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.constantFrom(...oddBytes())))
    .map(([at, more]) => (bytes: Buffer) => {
      return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])
    }),
  fc.nat(3).map((times) => (bytes: Buffer) => Buffer.concat(Array(times + 1).fill(bytes))),
)

function oddBytes(): Uint8Array[] {
  return ['\r\n', '\r\n\r\n', '\n', '\u0000', '\ufeff', '0\r\n\r\n', ' ', ':', '\u001b[31m'].map(
    (text) => Buffer.from(text),
  )
}

const changes = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 5, arbitrary: fc.tuple(change) },
  { weight: 2, arbitrary: fc.array(change, { minLength: 2, maxLength: 3 }) },
)
const damages = fc.oneof(
  { weight: 6, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.tuple(damage) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('[', '['.repeat(2_000), '{"v":', '\ufeff', ' ')
      .map((before) => [(bytes: Buffer) => Buffer.concat([Buffer.from(before), bytes])]),
  },
)

/** A valid form, changed more often than not, as JSON whose bytes are sometimes damaged. */
function bodyOf(form: fc.Arbitrary<Form>): fc.Arbitrary<Buffer> {
  return fc.tuple(form, changes, damages).map(([valid, changes, damages]) => {
    const changed = changes.reduce((form, apply) => apply(form), valid)
    return damages.reduce<Buffer>(
      (bytes, apply) => apply(bytes),
      Buffer.from(JSON.stringify(changed)),
    )
  })
}

// ---- requests

const token = fc
  .string({
    unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz-_!#%&'),
    minLength: 1,
    maxLength: 12,
  })
  .filter((name) => !['connection', 'upgrade', 'expect', 'trailer', 'te'].includes(name))
const headerValue = fc
  .string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 40,
  })
  .map((value) => value.replaceAll('\u007f', '').trim())

const mediaType = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset="utf-8',
  'application/json; charset=utf-16',
  'text/plain',
  'text/plain; charset=iso-8859-1',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'text/plain;;;',
  ';',
  '/',
)

const headers: fc.Arbitrary<Record<string, string>> = fc
  .array(
    fc.oneof(
      fc.tuple(token, headerValue),
      fc.tuple(fc.constant('content-type'), fc.oneof(mediaType, headerValue)),
      fc.tuple(
        fc.constant('host'),
        fc.oneof(
          fc.constantFrom('localhost', '[::1]:1', 'evil.example', '@', '[', ':'),
          headerValue,
        ),
      ),
      fc.tuple(
        fc.constant('origin'),
        fc.oneof(fc.constantFrom('null', 'http://evil.example'), headerValue),
      ),
      fc.tuple(
        fc.constantFrom('sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'),
        fc.constantFrom('none', 'same-origin', 'cross-site', 'navigate', 'document', ''),
      ),
      fc.tuple(fc.constantFrom('sec-purpose', 'purpose'), fc.constantFrom('prefetch', '')),
      fc.tuple(fc.constant('content-encoding'), fc.constantFrom('gzip', 'identity', 'br', '')),
      fc.tuple(fc.constant('connection'), fc.constantFrom('close', 'keep-alive')),
      fc.tuple(fc.constant('upgrade'), fc.constantFrom('websocket', 'h2c')),
      fc.tuple(fc.constant('expect'), fc.constantFrom('100-continue', 'more')),
      fc.tuple(
        fc.constantFrom(
          'x-forwarded-for',
          'accept',
          'cookie',
          'range',
          'if-none-match',
          'authorization',
        ),
        headerValue,
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => Object.fromEntries(pairs))

const path = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...STEPS, ...PAGE, ...WIRE) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...STEPS, ...PAGE, ...WIRE),
        fc.constantFrom(
          '/',
          '?',
          '?text=x',
          '?letter=e',
          '?%',
          '#',
          '%',
          ';x',
          '%00',
          '.',
          '/..',
          '//',
          '\\',
        ),
      )
      .map(([route, tail]) => route + tail),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '//',
      '/%',
      '/__proto__',
      '/wire',
      '*',
      'x',
      '/SHOW',
      '//x:y@z',
      '/:x',
      '/(',
      '/../..',
      'http://127.0.0.1/show',
      'http://[',
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .string({
        unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
        maxLength: 60,
      })
      .map((tail) => `/${tail}`),
  },
)

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST') },
  { weight: 2, arbitrary: fc.constantFrom('HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('PROPFIND', 'QUERY', 'M-SEARCH', 'PURGE', 'SEND', 'get'),
  },
)

const to = fc.constantFrom(0 as const, 1 as const)
const json = fc.constant({ 'content-type': 'application/json' })

/** What is refused below HTTP gets a problem with a body, which a client does not expect after HEAD. */
function answerable(request: Request): Request {
  const unlucky = request.method === 'HEAD' && !request.path.startsWith('/')
  return unlucky ? { ...request, method: 'GET' } : request
}

/** All kinds of requests, around the valid forms `keys` and `messages`. */
function requests(keys: fc.Arbitrary<Form>, messages: fc.Arbitrary<Form>): fc.Arbitrary<Request> {
  const keysBody = bodyOf(keys)
  const messageBody = bodyOf(messages)
  const textBody = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 60 }).map((text) => Buffer.from(`text=${text}`)),
    fc
      .string({ unit: 'grapheme', maxLength: 60 })
      .map((text) => Buffer.from(`text=${encodeURIComponent(text)}`)),
    fc
      .constantFrom('text', 'text=%', 'text=%ff', 'text=a&text=b', 'a=b')
      .map((text) => Buffer.from(text)),
  )
  const long = fc.integer({ min: 1_000, max: 100_000 }).map((size) => Buffer.alloc(size, 'a'))
  const anyBody = fc.option(
    fc.oneof(
      { weight: 6, arbitrary: fc.uint8Array({ maxLength: 100 }) },
      { weight: 3, arbitrary: keysBody },
      { weight: 3, arbitrary: messageBody },
      { weight: 1, arbitrary: long },
    ),
    { nil: undefined },
  )
  return fc.oneof(
    {
      weight: 40,
      arbitrary: fc.record({ to, method, path, headers, body: anyBody }).map(answerable),
    },
    {
      weight: 20,
      arbitrary: fc.record({
        to,
        method: fc.constant('POST'),
        path: fc.constant('/wire/keys'),
        headers: json,
        body: keysBody,
      }),
    },
    {
      weight: 25,
      arbitrary: fc.record({
        to,
        method: fc.constant('POST'),
        path: fc.constant('/wire/message'),
        headers: json,
        body: messageBody,
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        to,
        method: fc.constantFrom('GET', 'POST'),
        path: fc.constant('/send_msg'),
        headers: mediaType.map((type) => ({ 'content-type': type })),
        body: fc.oneof({ weight: 9, arbitrary: textBody }, { weight: 1, arbitrary: long }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        to,
        method: fc.constantFrom('GET', 'POST'),
        path: fc.constantFrom(...STEPS),
        headers: fc.constant({}),
      }),
    },
  )
}

// ---- the running pair

/** Sends a request on one of the agent's connections; fails if the answer does not come in time. */
function send(port: number, agent: http.Agent, request: Request): Promise<Answer> {
  const { method, path, headers, body } = request
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const sent = http.request(
      {
        host: '127.0.0.1',
        port,
        agent,
        method,
        path,
        headers: { ...headers, ...length },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          clearTimeout(timer)
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            get json() {
              return JSON.parse(text)
            },
          })
        })
      },
    )
    const timer = setTimeout(() => sent.destroy(new Error('no answer in time')), LIMIT_MS)
    sent.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    sent.end(body)
  })
}

/** Fails unless the answer is a success of a route's, or a problem of the design's other than a defect. */
function assertProper(answer: Answer, isHead = false): void {
  assert.notEqual(answer.status, 500)
  assertNothingInternal(answer.text)
  if (answer.status === 200 || answer.status === 201) {
    const type = String(answer.headers['content-type'])
    assert.match(
      type,
      /^(?:application\/(?:json|octet-stream)|text\/(?:plain|css|javascript)|image\/(?:png|svg\+xml))(?:;|$)/,
    )
    if (!/^image\/png|octet-stream/.test(type)) assert.ok(answer.text.endsWith('\n'))
  } else if (isHead) {
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.equal(answer.text, '')
  } else assertProblem(answer)
}

/** Runs `task` for each item, `width` at a time; a failure names the item, its place and the seed. */
async function forAll<T>(items: T[], width: number, task: (item: T) => Promise<void>) {
  const rest = items.entries()
  const work = async () => {
    for (const [i, item] of rest)
      try {
        await task(item)
      } catch (cause) {
        const what =
          item instanceof Uint8Array
            ? JSON.stringify(Buffer.from(item).toString('latin1'))
            : textOf(item)
        throw new Error(`SEED=${SEED}, number ${i}: ${what}: ${(cause as Error).message}`, {
          cause,
        })
      }
  }
  await Promise.all(Array.from({ length: width }, work))
}

function textOf(item: unknown): string {
  const text = (_key: string, value: unknown) =>
    value instanceof Uint8Array || (value as { type?: string } | null)?.type === 'Buffer'
      ? Buffer.from(value as Uint8Array)
          .toString('latin1')
          .slice(0, 2_000)
      : value
  return JSON.stringify(item, text).slice(0, 2_000)
}

/** What an eavesdropper has after an honest exchange: all that valid forms are made of. */
async function validForms(peers: [TestPeer, TestPeer]) {
  const [a, b] = peers
  await a.call('/send_keys')
  await b.call('/send_keys')
  for (let i = 0; i < 3; i++)
    for (const peer of peers) assert.equal((await peer.call('/send_msg')).status, 201)
  const shown = [(await a.call('/show')).json, (await b.call('/show')).json]
  const strangers = Array.from({ length: 8 }, () =>
    Buffer.from(new KeyPair(X25519).publicKey).toString('hex'),
  )
  const key = fc.constantFrom(...strangers, ...shown.flatMap((s) => [s.identity, s.publicKey]))
  const session = fc.constantFrom(...shown.map((s): string => s.session.id), '00'.repeat(16))
  const keys = fc.record(
    {
      v: fc.constant(1),
      curve: fc.constant('X25519'),
      basePoint: fc.constant(shown[0].basePoint),
      identity: fc.oneof(fc.constantFrom(...shown.map((s): string => s.identity)), key),
      publicKey: fc.oneof(key, hex(32)),
      confirm: fc.record({ session, tag: hex(32) }),
    },
    { requiredKeys: ['v', 'curve', 'basePoint', 'identity', 'publicKey'] },
  )
  const waiting = shown.flatMap((s) => s.waiting)
  assert.equal(waiting.length, 6)
  const messages = fc.constantFrom(...waiting.map((message): Form => ({ v: 1, ...message })))
  return { keys, messages, session: shown[0].session.id as string }
}

function replaced(body: Uint8Array, text: string, by: string): Uint8Array {
  return Buffer.from(Buffer.from(body).toString('latin1').replaceAll(text, by), 'latin1')
}

/** Expects both to agree again, in two rounds at most, and a message to arrive. */
async function assertStillWorks(a: TestPeer, b: TestPeer): Promise<void> {
  for (const peer of [a, b]) assertProper(await peer.call('/decrypt_msg'))
  let agreed = false
  for (let round = 0; round < 2 && !agreed; round++) {
    assert.equal((await a.call('/send_keys')).status, 201)
    assert.equal((await b.call('/send_keys')).status, 201)
    const [mine, others] = [await a.call('/show'), await b.call('/show')]
    agreed = mine.json.session !== null && mine.json.session.id === others.json.session?.id
  }
  assert.ok(agreed, 'no agreement after two rounds')
  assert.equal(a.secrets().at(-1), b.secrets().at(-1))
  // a step whose caller hung up may still be on its way, so that other texts can arrive beside this one
  const body = `Still here ${a.port}`
  for (const [from, receiver] of [
    [a, b],
    [b, a],
  ] as const) {
    // messages go in turn: once this one is answered, those before it have filled the inbox or not
    assertProper(await from.call('/send_msg'))
    assertProper(await receiver.call('/decrypt_msg'))
    const headers = { 'content-type': 'text/plain' }
    const sent = await from.call('/send_msg', { method: 'POST', headers, body })
    assert.equal(sent.status, 201, sent.text)
    assert.equal((await receiver.call('/decrypt_msg')).status, 200)
    assert.equal(receiver.secrets().filter((text) => text === body).length, 1)
  }
}

function assertNoDefect(...peers: TestPeer[]): void {
  for (const line of peers.flatMap((peer) => peer.lines())) assert.doesNotMatch(line, /DEFECT/)
}

describe('a pair of peers', { concurrency: true }, () => {
  it(`answers ${REQUESTS} random requests, refuses by the table, and then works as before`, async (t) => {
    t.diagnostic(`SEED=${SEED}`)
    await withPeers({}, async (a, b) => {
      const { keys, messages, session } = await validForms([a, b])
      // the steps among the requests make new sessions: the messages speak of the latest one shown
      let latest = session
      const generated = fc.sample(requests(keys, messages), { seed: SEED, numRuns: REQUESTS })
      const agents = [0, 1].map(() => new http.Agent({ keepAlive: true, maxSockets: 12 })) as [
        http.Agent,
        http.Agent,
      ]
      const counts = new Map<string, number>()
      try {
        await forAll(generated, 24, async (request) => {
          const { port } = [a, b][request.to] as TestPeer
          const body = request.body && replaced(request.body, session, latest)
          const answer = await send(port, agents[request.to], { ...request, body })
          assertProper(answer, request.method === 'HEAD')
          latest = /"session": \{\s*"id": "(\w+)"/.exec(answer.text)?.[1] ?? latest
          // each request is whole: none waits for its time to be over
          assert.notEqual(answer.status, 408)
          const { code = 'success' } = /"code": "(?<code>\w+)"/.exec(answer.text)?.groups ?? {}
          counts.set(code, (counts.get(code) ?? 0) + 1)
        })
      } finally {
        for (const agent of agents) agent.destroy()
      }
      t.diagnostic([...counts].map(([code, count]) => `${code} ${count}`).join(', '))
      assertNoDefect(a, b)
      await assertStillWorks(a, b)
    })
  })

  it(`survives ${STREAMS} streams of bytes that are hardly HTTP`, async (t) => {
    t.diagnostic(`SEED=${SEED}`)
    const host = 'Host: 127.0.0.1'
    const templates = [
      lines('GET /show HTTP/1.1', host),
      lines('HEAD /send_keys HTTP/1.1', host),
      `${lines('POST /send_msg HTTP/1.1', host, 'Content-Type: text/plain', 'Content-Length: 5')}Hello`,
      `${lines('POST /wire/keys HTTP/1.1', host, 'Content-Type: application/json', 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`,
      `${lines('GET / HTTP/1.1', host)}${lines('GET /show HTTP/1.0', host)}`,
      lines('OPTIONS * HTTP/1.1', host, 'Connection: close'),
      lines('CONNECT 127.0.0.1:80 HTTP/1.1', host),
    ].map((text) => Buffer.from(text))
    const noise = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    const printable = fc
      .string({ unit: 'binary-ascii', minLength: 1, maxLength: 300 })
      .map((text) => Buffer.from(text))
    const damaged = fc
      .tuple(fc.constantFrom(...templates), fc.array(damage, { minLength: 1, maxLength: 4 }))
      .map(([bytes, damages]) => damages.reduce((damaged: Buffer, apply) => apply(damaged), bytes))
    const streams = fc.oneof(
      { weight: 1, arbitrary: noise },
      { weight: 1, arbitrary: printable },
      { weight: 4, arbitrary: damaged },
    )
    await withPeers({}, async (a, b) => {
      await a.call('/send_keys')
      await b.call('/send_keys')
      const generated = fc.sample(fc.tuple(to, streams, fc.boolean()), {
        seed: SEED,
        numRuns: STREAMS,
      })
      await forAll(generated, 48, async ([to, bytes, halfClose]) => {
        const { port } = [a, b][to] as TestPeer
        const isHead = /^[\r\n]*HEAD /.test(bytes.toString('latin1'))
        // two line ends finish whatever headers there are
        const sent = halfClose ? bytes : Buffer.concat([bytes, Buffer.from('\r\n\r\n')])
        const answers = await sendRaw(port, sent, { first: true, halfClose, limit: LIMIT_MS })
        for (const answer of answers) assertProper(answer, isHead)
      })
      assertNoDefect(a, b)
      await assertStillWorks(a, b)
    })
  })
})
