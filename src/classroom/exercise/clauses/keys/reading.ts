/** keys/5 to keys/10: how the body of a key message is read, down to its hex. */

import http from 'node:http'
import { Readable } from 'node:stream'
import { bytesToHex, concatBytes, utf8ToBytes } from '../../../../protocol/bytes.ts'
import { SUITES, type Suite } from '../../../../protocol/suites.ts'
import { NoAnswer } from '../../call.ts'
import { ephemeralKeys, keyPair } from '../../computation/keys.ts'
import type { Context } from '../../context.ts'
import { listed, Questions } from '../questions.ts'

type Form = Record<string, unknown>

/** Broken JSON may be refused before it is looked at. */
const BEFORE_JSON = { http: ['bad_request', 'unsupported_type'] } as const

/** A confirmation of nothing: without the KEM it says nothing new. */
export function anyConfirm(context: Context): { session: string; tag: string } {
  const { random } = context
  return { session: bytesToHex(random.bytes(16)), tag: bytesToHex(random.bytes(32)) }
}

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
      ...(because === undefined
        ? {}
        : { because: { taken: because, 'other code': because, 'no code': because } }),
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
  for (const one of wrong) if (one.outcome !== 'crash') one.because = because
}

export async function keys7(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  const text = JSON.stringify(form)
  const number = {
    taken: 'The version is not compared with 2 as a number: % is taken.',
    'other code':
      'A version that is a number other than 2 is `bad_version`, and not another code: %.',
  }
  for (const v of [1, 3, 0, -2, 2.5])
    await ask.refused(`v is ${v}`, 'bad_version', { ...form, v }, { because: number })
  await ask.refused('v is 1e999', 'bad_version', text.replace('"v":2', '"v":1e999'), {
    because: {
      ...number,
      crash: 'A number that is too large ends the request with an exception.',
      'other code': 'A number that is too large (1e999) is not read as a number.',
    },
  })
  const plain = ask.wrong.length
  await ask.refused(
    'v is 1, with other fields',
    'bad_version',
    { v: 1, text: [] },
    {
      because: {
        ...number,
        'other code':
          plain === 0
            ? 'The version is looked at after the fields. Another version may have other fields.'
            : number['other code'],
      },
    },
  )
  const loose = 'The version is compared loosely: % counts as the number 2.'
  const others = { '"2"': '2', true: true, null: null, '[2]': [2], '{}': {} }
  for (const [name, v] of Object.entries(others)) {
    const isBoolean = v === true
    await ask.refused(
      `v is ${name}`,
      'bad_message',
      { ...form, v },
      {
        because: {
          taken: isBoolean ? '`true` counts as a number. In JSON it is none.' : loose,
          'other code': isBoolean
            ? '`true` counts as a number. In JSON it is none.'
            : '`bad_version` is for numbers. What is none is `bad_message`: %.',
        },
      },
    )
  }
  const { v: _v, ...rest } = form
  await ask.refused('no v', 'bad_message', rest, {
    because: {
      taken: 'A message without a version is taken.',
      'other code': '`bad_version` is for numbers. What is none is `bad_message`: %.',
    },
  })
  await ask.genuine()
  ask.end('a share with another `v`', '`bad_version` for numbers, `bad_message` for the rest')
}

export async function keys8(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  const confirm = anyConfirm(context)
  const refused = (what: string, body: Form | string, taken: string) =>
    ask.refused(what, 'bad_message', body, { because: { taken } })
  const otherType = 'A field of another type passes: %.'
  for (const field of ['curve', 'basePoint', 'identity', 'publicKey']) {
    const { [field]: _own, ...rest } = form
    await refused(`no ${field}`, rest, 'A message that lacks a field passes: %.')
    for (const value of [null, 7, [form[field]], true, {}])
      await refused(`${field} is ${short(value)}`, { ...form, [field]: value }, otherType)
  }
  const more =
    'A field that the page does not have passes: %. The fields are exactly those of the page.'
  for (const name of ['more', '', 'constructor', '__proto__', 'V', 'ciphertext']) {
    const text = JSON.stringify(form).replace(/\}$/, `,${JSON.stringify(name)}:1}`)
    await refused(`one more field, "${name}"`, text, more)
  }
  const nullPasses = '`confirm` may be absent. `null` is not absent.'
  await refused('confirm is null', { ...form, confirm: null }, nullPasses)
  for (const value of [[], 'confirm', true, {}])
    await refused(
      `confirm is ${short(value)}`,
      { ...form, confirm: value },
      'A `confirm` of another type passes: %.',
    )
  const { session, tag } = confirm
  const inside = '`confirm` is not looked at closely enough: % passes.'
  const confirms: Record<string, Form> = {
    'confirm without tag': { session },
    'confirm without session': { tag },
    'confirm with one more field': { ...confirm, more: 1 },
    'confirm.tag is 7': { session, tag: 7 },
    'confirm.tag is null': { session, tag: null },
    'confirm.session is a list': { session: [session], tag },
    'confirm.ciphertext is null': { ...confirm, ciphertext: null },
  }
  for (const [what, value] of Object.entries(confirms))
    await refused(what, { ...form, confirm: value }, inside)
  await ask.genuine()
  ask.end('a share with fields too few, too many, or of another type', '`bad_message` each')
}

function short(value: unknown): string {
  return Array.isArray(value) ? 'a list' : JSON.stringify(value)
}

export async function keys9(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  const because = {
    taken: 'The curve is not compared as it stands: % is taken.',
    'other code': 'Something else is looked at before the curve: %.',
  }
  const badHex = {
    ...because,
    'other code':
      'Hex and lengths are looked at before the curve. Another suite has other lengths: %.',
  }
  for (const other of Object.values(SUITES).filter(({ name }) => name !== scene.suite.name)) {
    const foreign = foreignForm(context, other)
    const isLong = JSON.stringify(foreign).length > 4_096
    const sent = await ask.refused(`keys on ${other.name}`, 'curve_mismatch', foreign, {
      because: badHex,
    })
    const wrong = ask.wrong.at(-1)
    if (isLong && !(sent instanceof NoAnswer) && sent.code === 'too_large' && wrong)
      wrong.because =
        'The size is looked at before the curve. A key message of X25519MLKEM768 has over 4,096 bytes: read up to 8,192.'
    await ask.refused(
      `keys on ${other.name} with bad hex`,
      'curve_mismatch',
      { ...foreign, publicKey: 'x' },
      {
        because: badHex,
      },
    )
  }
  for (const curve of [scene.suite.name.toLowerCase(), 'P-521', ''])
    for (const publicKey of [form['publicKey'], 'x'])
      await ask.refused(
        `curve "${curve}"${publicKey === 'x' ? ' with bad hex' : ''}`,
        'curve_mismatch',
        { ...form, curve, publicKey },
        {
          because:
            publicKey === 'x'
              ? badHex
              : {
                  ...because,
                  'other code':
                    'A name that is no suite is `curve_mismatch` too: any string is, but the own one.',
                },
        },
      )
  if (scene.suite.kem === null) {
    const confirm = { ...anyConfirm(context), ciphertext: '00'.repeat(1_088) }
    await ask.refused(
      'a ciphertext',
      'bad_message',
      { ...form, confirm },
      {
        because: {
          taken: '`confirm.ciphertext` passes. It belongs to the KEM.',
          'other code': '`confirm.ciphertext` belongs to the KEM: here it is `bad_message`.',
        },
      },
    )
  }
  await ask.genuine()
  ask.end('shares on other curves', '`curve_mismatch`')
}

/** What another suite's peer sends: on the one with a KEM with a ciphertext, so that it is as long as can be. */
function foreignForm(context: Context, suite: Suite): Form {
  const { random } = context
  const { curve, kem, name } = suite
  const ciphertext =
    kem === null ? {} : { ciphertext: bytesToHex(random.bytes(kem.ciphertextBytes)) }
  return {
    v: 2,
    curve: name,
    basePoint: bytesToHex(curve.basePoint),
    identity: bytesToHex(keyPair(random, suite).publicKey),
    publicKey: bytesToHex(ephemeralKeys(random, suite).publicKey),
    ...(kem === null ? {} : { confirm: { ...anyConfirm(context), ...ciphertext } }),
  }
}

/** Hex in forms that it does not have, which a generous reader takes for the same bytes. */
export function badHex(hex: string): Record<string, string> {
  const digits = (zero: number) =>
    hex.replaceAll(/[0-9]/g, (digit) => String.fromCodePoint(zero + Number(digit)))
  return {
    'in upper case': hex.toUpperCase(),
    'with blanks between the bytes': hex.replaceAll(/(..)(?=.)/g, '$1 '),
    'with a blank before it': ` ${hex}`,
    'with a blank behind it': `${hex} `,
    'with a line feed before it': `\n${hex}`,
    'with a line feed behind it': `${hex}\n`,
    'with a digit less': hex.slice(1),
    'with a digit more': `${hex}0`,
    'with 0x before it': `0x${hex}`,
    'with a byte less': hex.slice(0, -2),
    'with a byte more': `${hex}00`,
    empty: '',
    'with letters that are no digits': `${hex.slice(0, -2)}gg`,
    'in full-width digits': digits(0xff10),
    'in Arabic digits': digits(0x660),
    'with a minus before it': `-${hex}`,
    'with a zero byte behind it': `${hex}\0`,
    'with an underscore': `${hex.slice(0, 2)}_${hex.slice(2)}`,
  }
}

export async function keys10(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  const confirm = anyConfirm(context)
  const fields: Record<string, (value: string) => Form> = {
    basePoint: (basePoint) => ({ ...form, basePoint }),
    identity: (identity) => ({ ...form, identity }),
    publicKey: (publicKey) => ({ ...form, publicKey }),
    'confirm.session': (session) => ({ ...form, confirm: { ...confirm, session } }),
    'confirm.tag': (tag) => ({ ...form, confirm: { ...confirm, tag } }),
  }
  /** The wrong ones, by form and field. */
  const wrong: { form: string; field: string; index: number }[] = []
  const refused = async (field: string, how: string, value: string) => {
    const index = ask.wrong.length
    await ask.refused(`${field} ${how}`, 'bad_encoding', fields[field]?.(value) ?? {})
    if (ask.wrong.length > index) wrong.push({ form: how, field, index })
  }
  for (const field of Object.keys(fields)) {
    const own = String(
      form[field] ?? Object.entries(confirm).find(([name]) => field === `confirm.${name}`)?.[1],
    )
    for (const [how, value] of Object.entries(badHex(own)))
      if (value !== own) await refused(field, how, value)
  }
  if (scene.suite.name === 'P-256')
    for (const field of ['identity', 'publicKey']) {
      const point = String(form[field])
      const isOdd = Number.parseInt(point.slice(-1), 16) % 2 === 1
      await refused(field, 'compressed', (isOdd ? '03' : '02') + point.slice(2, 66))
      await refused(field, 'without its 04', point.slice(2))
    }
  explainHex(ask, wrong, Object.keys(fields))
  await ask.genuine()
  ask.end('a share with hex in other forms', '`bad_encoding` each')
}

/** Names the forms that pass, and the fields in which they do if it is not all of them. */
function explainHex(
  ask: Questions,
  wrong: readonly { form: string; field: string; index: number }[],
  fields: readonly string[],
): void {
  const passed = wrong.filter(({ index }) => {
    const { outcome, code } = ask.wrong[index] ?? {}
    return (
      outcome === 'taken' ||
      (outcome === 'other code' &&
        ['bad_base_point', 'bad_point', 'confirm_failed'].includes(code ?? ''))
    )
  })
  const forms = listed(passed.map(({ form }) => form))
  const seen = fields.filter((one) => passed.some(({ field }) => field === one))
  const isAll = seen.length >= fields.length - 1
  const compared =
    passed.length > 0 &&
    passed.every(
      ({ field, index }) => field === 'basePoint' && ask.wrong[index]?.code === 'bad_base_point',
    )
  const sentence = compared
    ? 'The base point is compared before its hex is looked at.'
    : `The reader of hex is more generous than the page: it takes hex ${forms}${isAll ? '' : ` (in ${seen.join(', ')})`}.`
  for (const { index } of passed) {
    const one = ask.wrong[index]
    if (one) one.because = sentence
  }
}
