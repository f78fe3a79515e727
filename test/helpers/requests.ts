/** HTTP requests of all kinds around valid forms, and bytes that are hardly HTTP. */

import fc from 'fast-check'
import { ROUTES } from '../../src/http/routes.ts'
import { FORM, JSON_TYPE, TEXT } from './call.ts'
import {
  bodyOf,
  bytesOf,
  type Draw,
  damaged,
  type Form,
  pick,
  seldom,
  textOf,
  weigh,
} from './mutations.ts'
import { lines } from './raw.ts'

const STEPS = '/send_keys /show /send_msg /decrypt_msg /send_image /image /frequency /'.split(' ')
/** What takes a text. */
const WITH_TEXT = ['/send_msg', '/send_msg', '/other/send_msg', '/compare']
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
  body?: Buffer | undefined
}

/** A text of characters whose codes are in this range. */
const charactersIn = (draw: Draw, min: number, max: number, maxLength: number) =>
  String.fromCharCode(...draw(fc.array<number>, fc.integer({ min, max }), { maxLength }))

const MEDIA_TYPES = [
  ...[JSON_TYPE, `${JSON_TYPE}; charset=utf-8`, `${JSON_TYPE};charset="utf-8`],
  ...[`${JSON_TYPE}; charset=utf-16`, TEXT, `${TEXT}; charset=iso-8859-1`, `${TEXT};;;`],
  ...[FORM, 'multipart/form-data', ';', '/'],
]
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
  ['content-type', ...MEDIA_TYPES],
]
/** Those that may have any value too. */
const ANY_VALUE =
  'host origin content-type x-forwarded-for accept cookie range if-none-match authorization'.split(
    ' ',
  )
/** What a name of no header may consist of. */
const SIGNS = [...'abcdefghijklmnopqrstuvwxyz-_!#%&']

function drawHeader(draw: Draw): [name: string, value: string] {
  const [names, ...values] = pick(draw, ...KNOWN_HEADERS)
  if (!seldom(draw, 10)) return [pick(draw, ...names.split(' ')), pick(draw, ...values)]
  const other = `x${draw(fc.array<string>, fc.constantFrom(...SIGNS), { maxLength: 12 }).join('')}`
  const value = charactersIn(draw, 0x20, 0xff, 40).replaceAll('\u007f', '').trim()
  return [pick(draw, other, pick(draw, ...ANY_VALUE)), value]
}

const drawPath = (draw: Draw) =>
  weigh(
    draw,
    [4, () => pick(draw, ...PATHS)],
    [3, () => pick(draw, ...PATHS) + pick(draw, ...TAILS)],
    [1, () => pick(draw, ...ODD_PATHS)],
    [2, () => `/${charactersIn(draw, 0x21, 0x7e, 60)}`],
  )

const METHODS = 'HEAD PUT DELETE OPTIONS PATCH TRACE'.split(' ')
const ODD_METHODS = 'PROPFIND QUERY M-SEARCH PURGE SEND get'.split(' ')
const ODD_TEXTS = ['text', 'text=%', 'text=%ff', 'text=a&text=b', 'a=b', 'number=1', 'number=%ff']

/** Any request, around the valid forms that `keys` and `message` draw. */
export function drawRequest(draw: Draw, keys: () => Form, message: () => Form): Request {
  const to = pick(draw, 0, 1)
  const long = () => Buffer.alloc(draw(fc.integer, { min: 1_000, max: 100_000 }), 'a')
  const post = (path: string, form: Form, type = JSON_TYPE): Request => ({
    ...{ to, method: 'POST', path, headers: { 'content-type': type }, body: bodyOf(draw, form) },
  })
  const anything = (): Request => {
    const path = drawPath(draw)
    const method = weigh(
      draw,
      [6, () => pick(draw, 'GET', 'POST')],
      // what is refused below HTTP gets a problem with a body, which a client does not expect after HEAD
      [2, () => pick(draw, ...(path.startsWith('/') ? METHODS : METHODS.slice(1)))],
      [1, () => pick(draw, ...ODD_METHODS)],
    )
    const length = draw(fc.nat, 4)
    const headers = Object.fromEntries(Array.from({ length }, () => drawHeader(draw)))
    const body = weigh(
      draw,
      [6, () => bytesOf(draw, 100)],
      [3, () => bodyOf(draw, keys())],
      [3, () => bodyOf(draw, message())],
      [1, long],
      [3, () => undefined],
    )
    return { to, method, path, headers, body }
  }
  const text = (): Request => {
    const some = `${textOf(draw, 60)}`
    const texts = [`text=${some}`, `text=${encodeURIComponent(some)}`, pick(draw, ...ODD_TEXTS)]
    const body = weigh(
      draw,
      [3, () => bytesOf(draw, 200)],
      [6, () => Buffer.from(pick(draw, ...texts))],
      [1, long],
    )
    const headers = { 'content-type': pick(draw, ...MEDIA_TYPES) }
    return { to, method: pick(draw, 'GET', 'POST'), path: pick(draw, ...WITH_TEXT), headers, body }
  }
  const mail = () => ({ message: bytesOf(draw, 200, 40).toString('base64') })
  const step = () => ({ method: pick(draw, 'GET', 'POST'), path: pick(draw, ...STEPS) })
  return weigh<Request>(
    draw,
    [8, anything],
    [4, () => post('/wire/keys', keys())],
    [5, () => post('/wire/message', message())],
    [2, () => post('/message', mail())],
    [2, text],
    [1, () => ({ to, ...step(), headers: {} })],
  )
}

const host = 'Host: 127.0.0.1'
const STREAMS = [
  lines('GET /show HTTP/1.1', host),
  lines('HEAD /send_keys HTTP/1.1', host),
  `${lines('POST /send_msg HTTP/1.1', host, `Content-Type: ${TEXT}`, 'Content-Length: 5')}Hello`,
  `${lines('POST /wire/keys HTTP/1.1', host, `Content-Type: ${JSON_TYPE}`, 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`,
  `${lines('GET / HTTP/1.1', host)}${lines('GET /show HTTP/1.0', host)}`,
  lines('OPTIONS * HTTP/1.1', host, 'Connection: close'),
  lines('CONNECT 127.0.0.1:80 HTTP/1.1', host),
]

/** Bytes that are HTTP no more, if they ever were; whether no more of them will come is said at once or not. */
export const drawStream = (draw: Draw) => ({
  to: pick(draw, 0, 1),
  halfClose: draw(fc.boolean),
  bytes: weigh(
    draw,
    [1, () => bytesOf(draw, 300, 1)],
    [1, () => textOf(draw, 300, 1)],
    [4, () => damaged(draw, Buffer.from(pick(draw, ...STREAMS)))],
  ),
})
export type RawRequest = ReturnType<typeof drawStream>
