/** HTTP requests of all kinds around valid forms, and bytes that are hardly HTTP. */

import fc from 'fast-check'
import { ROUTES } from '../../src/http/routes.ts'
import { FORM, JSON_TYPE, TEXT } from './call.ts'
import { anyBytes, anyText, bodyOf, damages, type Form, weighted } from './mutations.ts'
import { lines } from './raw.ts'

const STEPS = '/send_keys /show /send_msg /decrypt_msg /send_image /image /frequency /'.split(' ')
/** But for /events, whose answer has no end. */
const PATHS = [...ROUTES.keys()].filter((path) => path !== '/events')
const TAILS = ['?text=x', '?letter=e', ...'/ ? ?% # % ;x %00 . /.. // \\'.split(' ')]
const ODD_PATHS =
  '// /% /__proto__ /wire * x /SHOW //x:y@z /:x /( /../.. http://127.0.0.1/show http://['.split(' ')

export interface Request {
  to: 0 | 1
  method: string
  path: string
  headers: Record<string, string>
  body?: Uint8Array | undefined
}

/** A text of characters whose codes are in this range. */
const charactersIn = (min: number, max: number, maxLength: number) => {
  const unit = fc.integer({ min, max }).map((code) => String.fromCharCode(code))
  return fc.string({ unit, maxLength })
}

const signs = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz-_!#%&')
const token = fc
  .string({ unit: signs, minLength: 1, maxLength: 12 })
  .filter((name) => !['connection', 'upgrade', 'expect', 'trailer', 'te'].includes(name))
const headerValue = charactersIn(0x20, 0xff, 40).map((value) =>
  value.replaceAll('\u007f', '').trim(),
)

const mediaType = fc.constantFrom(
  ...[JSON_TYPE, `${JSON_TYPE}; charset=utf-8`, `${JSON_TYPE};charset="utf-8`],
  ...[`${JSON_TYPE}; charset=utf-16`, TEXT, `${TEXT}; charset=iso-8859-1`, `${TEXT};;;`],
  ...[FORM, 'multipart/form-data', ';', '/'],
)

const FETCHES = ['none', 'same-origin', 'cross-site', 'navigate', 'document', '']
/** Headers that the program or Node looks at, or may one day, with values that they know. */
const KNOWN_HEADERS: readonly (readonly [names: string, ...values: string[]])[] = [
  ['host', 'localhost', '[::1]:1', 'evil.example', '@', '[', ':'],
  ['origin', 'null', 'http://evil.example'],
  ['sec-fetch-site sec-fetch-mode sec-fetch-dest', ...FETCHES],
  ['sec-purpose purpose', 'prefetch', ''],
  ['content-encoding', 'gzip', 'identity', 'br', ''],
  ['connection', 'close', 'keep-alive'],
  ['upgrade', 'websocket', 'h2c'],
  ['expect', '100-continue', 'more'],
]
/** Those of them that may have any value too. */
const ANY_VALUE =
  'host origin content-type x-forwarded-for accept cookie range if-none-match authorization'

const headers: fc.Arbitrary<Record<string, string>> = fc
  .array(
    fc.oneof(
      ...KNOWN_HEADERS.map(([names, ...values]) =>
        fc.tuple(fc.constantFrom(...names.split(' ')), fc.constantFrom(...values)),
      ),
      fc.tuple(fc.constant('content-type'), mediaType),
      fc.tuple(fc.oneof(token, fc.constantFrom(...ANY_VALUE.split(' '))), headerValue),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => Object.fromEntries(pairs))

const route = fc.constantFrom(...PATHS)
const withTail = fc.tuple(route, fc.constantFrom(...TAILS)).map((parts) => parts.join(''))
const path = weighted(
  [4, route],
  [3, withTail],
  [1, fc.constantFrom(...ODD_PATHS)],
  [2, charactersIn(0x21, 0x7e, 60).map((tail) => `/${tail}`)],
)

const method = weighted(
  [6, fc.constantFrom('GET', 'POST')],
  [2, fc.constantFrom('HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE')],
  [1, fc.constantFrom('PROPFIND', 'QUERY', 'M-SEARCH', 'PURGE', 'SEND', 'get')],
)

const to = fc.constantFrom<0 | 1>(0, 1)

/** What is refused below HTTP gets a problem with a body, which a client does not expect after HEAD. */
function answerable(request: Request): Request {
  const unlucky = request.method === 'HEAD' && !request.path.startsWith('/')
  return unlucky ? { ...request, method: 'GET' } : request
}

/** POSTs of JSON. */
const posts = (path: string, body: fc.Arbitrary<Buffer>): fc.Arbitrary<Request> =>
  fc.tuple(to, body).map(([to, body]) => ({
    ...{ to, method: 'POST', path, body },
    headers: { 'content-type': JSON_TYPE },
  }))

/** All kinds of requests, around the valid forms `keys` and `messages`. */
export function requests(
  keys: fc.Arbitrary<Form>,
  messages: fc.Arbitrary<Form>,
): fc.Arbitrary<Request> {
  const percentEncoded = fc.string({ unit: 'grapheme', maxLength: 60 }).map(encodeURIComponent)
  const textBody = fc.oneof(
    anyBytes(200),
    fc.oneof(anyText(60), percentEncoded).map((text) => Buffer.from(`text=${text}`)),
    fc.constantFrom('text', 'text=%', 'text=%ff', 'text=a&text=b', 'a=b').map(Buffer.from),
  )
  const sealed = anyBytes(200, 40)
  const mail = sealed.map((bytes) => ({ message: bytes.toString('base64') }))
  const long = fc.integer({ min: 1_000, max: 100_000 }).map((size) => Buffer.alloc(size, 'a'))
  const body = weighted([6, anyBytes(100)], [3, bodyOf(keys)], [3, bodyOf(messages)], [1, long])
  const sometimes = { body: fc.option(body, { nil: undefined }) }
  const anything = fc.record({ to, method, path, headers, ...sometimes }).map(answerable)
  const getOrPost = fc.constantFrom('GET', 'POST')
  const text = fc.record({
    ...{ to, method: getOrPost, path: fc.constant('/send_msg') },
    headers: mediaType.map((type) => ({ 'content-type': type })),
    body: weighted([9, textBody], [1, long]),
  })
  const steps = fc.constantFrom(...STEPS)
  return weighted(
    [40, anything],
    [20, posts('/wire/keys', bodyOf(keys))],
    [25, posts('/wire/message', bodyOf(messages))],
    [8, posts('/message', bodyOf(mail))],
    [8, text],
    [5, fc.record({ to, method: getOrPost, path: steps, headers: fc.constant({}) })],
  )
}

const host = 'Host: 127.0.0.1'
const streamTemplates = [
  lines('GET /show HTTP/1.1', host),
  lines('HEAD /send_keys HTTP/1.1', host),
  `${lines('POST /send_msg HTTP/1.1', host, `Content-Type: ${TEXT}`, 'Content-Length: 5')}Hello`,
  `${lines('POST /wire/keys HTTP/1.1', host, `Content-Type: ${JSON_TYPE}`, 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`,
  `${lines('GET / HTTP/1.1', host)}${lines('GET /show HTTP/1.0', host)}`,
  lines('OPTIONS * HTTP/1.1', host, 'Connection: close'),
  lines('CONNECT 127.0.0.1:80 HTTP/1.1', host),
].map((text) => Buffer.from(text))

const damaged = fc
  .tuple(fc.constantFrom(...streamTemplates), damages)
  .map(([bytes, damage]) => damage(bytes))

/** Bytes that are HTTP no more, if they ever were; whether no more of them will come is said at once or not. */
export const streams = fc.record({
  to,
  halfClose: fc.boolean(),
  bytes: weighted([1, fc.oneof(anyBytes(300, 1), anyText(300, 1))], [2, damaged]),
})
