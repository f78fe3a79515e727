/** keys/5 and keys/6: how the body of a key message is read. */

import http from 'node:http'
import { Readable } from 'node:stream'
import { concatBytes, utf8ToBytes } from '../../../../protocol/bytes.ts'
import { NoAnswer } from '../../call.ts'
import type { Context } from '../../context.ts'
import { Questions } from '../questions.ts'
import { anyConfirm } from './shares.ts'

/** Broken JSON may be refused before it is looked at. */
const BEFORE_JSON = { http: ['bad_request', 'unsupported_type'] } as const

/** A body in two pieces, without a length. */
function inChunks(text: string): Readable {
  const half = text.length >> 1
  return Readable.from([Buffer.from(text.slice(0, half)), Buffer.from(text.slice(half))])
}

export async function keys5(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const text = () => JSON.stringify(scene.strangersForm())
  for (const type of ['application/json; charset=utf-8', 'application/json; charset="UTF-8"'])
    await ask.taken(`Content-Type: ${type}`, text(), {
      headers: { 'content-type': type },
      because: 'Content-Type is compared as a whole. It may have a `charset` parameter: %.',
    })
  const form = scene.strangersForm()
  const asText = 'The text of the JSON is looked at, and not what it says. Taken has to be: %.'
  await ask.taken('indented JSON', JSON.stringify(form, null, 2), { because: asText })
  const reversed = Object.fromEntries(Object.entries(scene.strangersForm()).reverse())
  await ask.taken('fields in another order', reversed, { because: asText })
  await ask.taken('a name with \\u0075 in it', text().replace('"publicKey"', '"p\\u0075blicKey"'), {
    because: 'Names are compared before they are unescaped.',
  })
  await ask.taken('a body in chunks, without a length', '', {
    call: { body: inChunks(text()) },
    because:
      'The body is read by Content-Length only. It may come in chunks (Transfer-Encoding: chunked).',
  })
  await twoOnOneConnection(ask, text)
  const port = new URL(scene.origin).port
  const hosts = ['localhost', `localhost:${port}`, '127.0.0.1', `127.0.0.1:${port}`]
  for (const host of [...hosts, '192.0.2.7', `192.0.2.7:${port}`, '[::1]', `[::1]:${port}`])
    await ask.taken(`Host: ${host}`, text(), {
      call: { host },
      because:
        '`Host` is compared with less than the page allows: any IP address and localhost, with or without a port. Refused are: %.',
    })
  ask.end('genuine shares of strangers', '201 each')
}

async function twoOnOneConnection(ask: Questions, text: () => string): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const because = 'A second request on one connection is not answered as the first one.'
  try {
    const first = await ask.taken('the first on a connection', text(), { call: { agent } })
    if (!(first instanceof NoAnswer))
      await ask.taken('the second on the same connection', text(), { call: { agent }, because })
  } finally {
    agent.destroy()
  }
}

const MORE_THAN_JSON = 'Your JSON reader takes more than JSON: %.'
const NO_UTF8 = 'Bytes that are no UTF-8 are replaced or read in another way: %. They are no JSON.'

export async function keys6(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const text = JSON.stringify(scene.strangersForm())
  const bytes = utf8ToBytes(text)
  const refused = (what: string, body: string | Uint8Array, because?: string) =>
    ask.refused(what, 'bad_message', body, {
      ...BEFORE_JSON,
      ...(because === undefined ? {} : { because: { taken: because } }),
    })
  await refused('an empty body', '')
  const noObject = 'JSON that is no object is not refused as `bad_message`: %.'
  for (const body of ['[]', '7', 'null', '"a"']) await refused(`the body ${body}`, body, noObject)
  await refused('the body x', 'x')
  await refused('a comma too many', text.replace(/\}$/, ',}'), MORE_THAN_JSON)
  await refused('a comment', text.replace('{', '{/* */'), MORE_THAN_JSON)
  await refused('NaN', text.replace('"v":2', '"v":NaN'), MORE_THAN_JSON)
  await refused('single quotes', text.replaceAll('"', "'"), MORE_THAN_JSON)
  await refused('two objects', text + text, MORE_THAN_JSON)
  const control = text.replace(`"${scene.suite.name}"`, `"${scene.suite.name}\t"`)
  await refused('a raw control character in a string', control, MORE_THAN_JSON)
  const mark = concatBytes(Uint8Array.of(0xef, 0xbb, 0xbf), bytes)
  await refused('a byte order mark', mark, 'A byte order mark is skipped. It is no JSON.')
  for (const [what, wrong] of noUtf8(text, scene.suite.name)) await refused(what, wrong, NO_UTF8)
  await refused('UTF-16', Buffer.from(text, 'utf16le'), NO_UTF8)
  await namesTwice(ask, context, text)
  await refused('2,000 brackets', '['.repeat(2_000) + ']'.repeat(2_000))
  await ask.genuine()
  ask.end('a share in what is no JSON', '`bad_message` each')
}

/** A byte that begins no character, one character in the long form, and half of a pair: each in the curve's name. */
function noUtf8(text: string, curve: string): [what: string, body: Uint8Array][] {
  const [before = '', after = ''] = text.split(`"${curve}"`)
  const withBytes = (...wrong: number[]) =>
    Buffer.concat([
      Buffer.from(`${before}"`),
      Uint8Array.from(wrong),
      Buffer.from(`${curve.slice(1)}"${after}`),
    ])
  const first = curve.charCodeAt(0)
  return [
    ['a byte ff', withBytes(0xff)],
    ['a letter in two bytes', withBytes(0xc0 | (first >> 6), 0x80 | (first & 0x3f))],
    ['half a surrogate pair', withBytes(0xed, 0xa0, 0x80)],
  ]
}

async function namesTwice(ask: Questions, context: Context, text: string): Promise<void> {
  const { session, tag } = anyConfirm(context)
  const of = (confirm: string) => text.replace(/\}$/, `,"confirm":{${confirm}}}`)
  const twice = {
    first: text.replace('"v":2', '"v":1,"v":2'),
    last: text.replace('"v":2', '"v":2,"v":1'),
    same: text.replace('"v":2', '"v":2,"v":2'),
    escaped: text.replace('"v":2', '"v":2,"\\u0076":2'),
    inside: of(`"session":"${session}","session":"${session}","tag":"${tag}"`),
    'inside, escaped': of(`"session":"${session}","\\u0073ession":"${session}","tag":"${tag}"`),
  }
  const count = ask.wrong.length
  for (const [name, body] of Object.entries(twice))
    await ask.refused(`a name twice (${name})`, 'bad_message', body, BEFORE_JSON)
  const wrong = ask.wrong.slice(count)
  const has = (name: string) => wrong.some(({ what }) => what === `a name twice (${name})`)
  const isTaken = (name: string) =>
    wrong.some(({ what, outcome }) => what === `a name twice (${name})` && outcome === 'taken')
  let because = 'A name that stands twice is not refused as `bad_message`: %.'
  if (!has('same') && !has('inside'))
    because = 'A name that stands twice is looked for in the text only. An escape hides it.'
  else if (!has('same') && has('inside'))
    because = 'A name that stands twice is refused in the message, and not in its `confirm`.'
  else if (isTaken('first'))
    because =
      'Of a name that stands twice, the last one counts. It is no JSON here: two readers might take two values of it.'
  else if (isTaken('last'))
    because =
      'Of a name that stands twice, the first one counts. It is no JSON here: two readers might take two values of it.'
  for (const one of wrong)
    if (one.outcome === 'taken' || one.outcome === 'past') one.because = because
}
