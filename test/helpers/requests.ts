/** HTTP requests of all kinds around valid forms, and bytes that are hardly HTTP. */

import fc from 'fast-check'
import { PAGE_FILES } from '../../src/http/page.ts'
import { bodyOf, damagedBy, damages, type Form } from './mutations.ts'
import { lines } from './raw.ts'

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
const PAGE = [...PAGE_FILES, '/transcript', '/sealed_image']
const WIRE = ['/wire/keys', '/wire/message', '/wire/image', '/public_key', '/message']

export interface Request {
  to: 0 | 1
  method: string
  path: string
  headers: Record<string, string>
  body?: Uint8Array | undefined
}

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

const to = fc.constantFrom<0 | 1>(0, 1)
const json = fc.constant({ 'content-type': 'application/json' })

/** What is refused below HTTP gets a problem with a body, which a client does not expect after HEAD. */
function answerable(request: Request): Request {
  const unlucky = request.method === 'HEAD' && !request.path.startsWith('/')
  return unlucky ? { ...request, method: 'GET' } : request
}

/** All kinds of requests, around the valid forms `keys` and `messages`. */
export function requests(
  keys: fc.Arbitrary<Form>,
  messages: fc.Arbitrary<Form>,
): fc.Arbitrary<Request> {
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
  const mailBody = bodyOf(
    fc.record({
      message: fc
        .uint8Array({ minLength: 40, maxLength: 200 })
        .map((bytes) => Buffer.from(bytes).toString('base64')),
    }),
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
        method: fc.constant('POST'),
        path: fc.constant('/message'),
        headers: json,
        body: mailBody,
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

const host = 'Host: 127.0.0.1'
const streamTemplates = [
  lines('GET /show HTTP/1.1', host),
  lines('HEAD /send_keys HTTP/1.1', host),
  `${lines('POST /send_msg HTTP/1.1', host, 'Content-Type: text/plain', 'Content-Length: 5')}Hello`,
  `${lines('POST /wire/keys HTTP/1.1', host, 'Content-Type: application/json', 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`,
  `${lines('GET / HTTP/1.1', host)}${lines('GET /show HTTP/1.0', host)}`,
  lines('OPTIONS * HTTP/1.1', host, 'Connection: close'),
  lines('CONNECT 127.0.0.1:80 HTTP/1.1', host),
].map((text) => Buffer.from(text))

/** Bytes that are HTTP no more, if they ever were; whether no more of them will come is said at once or not. */
export const streams = fc.record({
  to,
  halfClose: fc.boolean(),
  bytes: fc.oneof(
    {
      weight: 1,
      arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    },
    {
      weight: 1,
      arbitrary: fc
        .string({ unit: 'binary-ascii', minLength: 1, maxLength: 300 })
        .map((text) => Buffer.from(text)),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...streamTemplates), damages)
        .map(([bytes, damages]) => damagedBy(damages, bytes)),
    },
  ),
})
