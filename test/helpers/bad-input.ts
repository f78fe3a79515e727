/** What a peer of duet/2 has to refuse, made from the genuine body that stands in its place. */

import crypto from 'node:crypto'
import {
  type Json,
  type KeyForm,
  keyForm,
  type MessageForm,
  messageForm,
} from '../independent/forms.ts'
import {
  CHUNK,
  type Confirm,
  type Session,
  type Share,
  sealChunk,
  transcriptOf,
  u,
} from '../independent/session.ts'
import {
  ephemeralKeys,
  halves,
  INDEPENDENT_SUITES,
  keyPair,
  type Suite,
  withNumber,
} from '../independent/suites.ts'

/** A string or bytes stand in the request as they are. */
export type Refused = [code: string, what: string, body: unknown]

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const joined = (...parts: (Buffer | null)[]) => Buffer.concat(parts.filter((part) => part !== null))
const hexOf = (...parts: (Buffer | null)[]) => joined(...parts).toString('hex')

/** A copy with one bit changed. */
function flip(data: Buffer, at = data.length - 1): Buffer {
  const copy = Buffer.from(data)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

const flipHex = (hex: string, at?: number) => hexOf(flip(bytes(hex), at))

/** The form with each of these values in the place of a field; `what` is the field and the value. */
function inPlace(code: string, form: object, field: string, values: readonly unknown[]): Refused[] {
  return values.map((value) => [
    code,
    `${field} is ${typeof value === 'string' ? value.slice(0, 20) : value}`,
    { ...form, [field]: value },
  ])
}

/** Rows of one code, by what is wrong. */
const all = (code: string, bodies: Readonly<Record<string, unknown>>): Refused[] =>
  Object.entries(bodies).map(([what, body]) => [code, what, body])

/** Each field of a form: how many bytes are written there in hex, or its type. One whose name ends with `?` may be missing. */
type Fields = Readonly<Record<string, readonly [least: number, most?: number] | string>>

/** A copy whose field `PROTO` is called `__proto__`, as JSON.parse makes one: an own field, from which nothing is inherited. */
const withProto = (form: object) =>
  JSON.parse(JSON.stringify(form).replace('"PROTO":', '"__proto__":'))

/**
 * What is refused in the place of any form: other JSON, a field too few or too many, other types, and bytes that are
 * written in another way than the one that the protocol has.
 */
export function wrongForms(form: Readonly<Json>, fields: Fields): Refused[] {
  const bodies: Json = { 'fields that are only inherited': withProto({ PROTO: form }) }
  for (const other of [null, 1, true, [], [form], Object.values(form), {}, { form }])
    bodies[`a body ${JSON.stringify(other)}`] = other
  for (const name of ['extra', '', 'V', 'confirm.session', 'PROTO', 'constructor', 'toJSON'])
    for (const value of ['1', null, {}, { v: 1 }])
      bodies[`a field more, ${name}: ${value}`] = withProto({ ...form, [name]: value })
  const rows: Refused[] = []
  for (const [name, type] of Object.entries(fields)) {
    const field = name.replace('?', '')
    const { [field]: own, ...rest } = form
    if (field === name) bodies[`no ${field}`] = rest
    bodies[`${field} only inherited`] = withProto({ ...rest, PROTO: { [field]: own } })
    for (const value of [null, false, 7, 'seven', [], ['00'], {}, { length: 64 }])
      if (value === null || typeof value !== typeof own)
        bodies[`${field} is ${JSON.stringify(value)}`] = { ...form, [field]: value }
    if (typeof type !== 'string')
      for (const [what, value] of Object.entries(wrongHex(...type)))
        rows.push(['bad_encoding', `${field} ${what}`, { ...form, [field]: value }])
  }
  return [...all('bad_message', bodies), ...rows]
}

/** Bytes in every form that is not the one form of their value. */
function wrongHex(least: number, most = least): Record<string, string> {
  const good = 'a5'.repeat(least)
  return {
    empty: '',
    'in upper case': good.toUpperCase(),
    'with one upper-case digit': `A${good.slice(1)}`,
    'of an odd length': good.slice(1),
    'of an odd length above': `${good}a`,
    'a byte too short': good.slice(2),
    'a byte too long': 'a5'.repeat(most + 1),
    'with a letter that is no digit': `g${good.slice(1)}`,
    'with 0x before it': `0x${good.slice(2)}`,
    'with a blank at its end': `${good.slice(1)} `,
    'with a line end at its end': `${good.slice(1)}\n`,
    'with a line end behind it': `${good}\n`,
    'with a null character': `\0${good.slice(1)}`,
    'with a digit of another script': `\uff11${good.slice(1)}`,
    'with a character of two units': `\u{1d7d8}${good.slice(2)}`,
    'in base64': bytes(good)
      .toString('base64')
      .padEnd(good.length, '=')
      .slice(0, 2 * least),
  }
}

/** Low order, not canonical, and what is no point. */
export const BAD_POINTS: Readonly<Record<string, readonly string[]>> = {
  X25519: [
    // low order: 0, 1, two of order 8, -1
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    // the prime, and nine more; the base point with its top bit set
    `ed${'ff'.repeat(30)}7f`,
    `f6${'ff'.repeat(30)}7f`,
    `09${'00'.repeat(30)}80`,
  ],
  'P-256': [
    `04${'00'.repeat(64)}`,
    '00'.repeat(65),
    // the point whose x is 5, with 5 + the field's prime
    '04ffffffff00000001000000000000000000000001000000000000000000000004' +
      '459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc',
    `04${'01'.repeat(64)}`,
    // the base point, said to be compressed
    '026b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
      '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  ],
}

/** A form with each of its names there twice, once with its own value and once with another. */
function twice(form: object): Refused[] {
  const text = JSON.stringify(form)
  return Object.entries(form).flatMap(([name, value]) => {
    const own = `"${name}":${JSON.stringify(value)}`
    return [
      `"${name}":0,${own}`,
      `${own},"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}":${JSON.stringify(value)}`,
    ].map((both): Refused => ['bad_message', `${name} twice`, text.replace(own, both)])
  })
}

/** Other versions than 2. */
const VERSIONS = [0, 1, 3, -1, 2.5, 2 ** 53, 1e300]

/** A fresh share of nobody. */
export function stranger(suite: Suite): Share {
  const { publicKey } = ephemeralKeys(suite)
  return { identity: keyPair(suite.curve).publicKey, publicKey }
}

/** A key message's form, whatever the receiver's state is. */
export function badForms(suite: Suite, form: KeyForm): Refused[] {
  const others = INDEPENDENT_SUITES.filter(({ name }) => name !== suite.name)
  const foreign = others.map((other) => keyForm(other, stranger(other)))
  const [key, point] = halves(suite, bytes(form.publicKey))
  const { length } = suite.curve.basePoint
  const lengths = { basePoint: length, identity: length, publicKey: suite.publicKeyLength }
  const badPoints = [...(BAD_POINTS[suite.curve.name] ?? []), flagged(suite, point)]
  const badKeys = key
    ? [0, 1, 383, 767].flatMap((i) => [3_329, 4_095].map((number) => withNumber(key, i, number)))
    : []
  return [
    ...inPlace('bad_version', form, 'v', [1, 0, 3, 1.5]),
    ...inPlace('bad_message', form, 'v', ['2', null, true, undefined, [2]]),
    ...['', 'keys', '[]', 'null', '2', '"keys"', `\ufeff${JSON.stringify(form)}`].map(
      (body): Refused => ['bad_message', `the body ${body.slice(0, 20)}`, body],
    ),
    ...twice(form),
    ['bad_message', 'no UTF-8', Buffer.from(JSON.stringify({ ...form, curve: 'ÿ' }), 'latin1')],
    ...['curve', 'basePoint', 'identity', 'publicKey'].flatMap((field) =>
      inPlace('bad_message', form, field, [undefined, null, 0, {}]),
    ),
    ...inPlace('bad_message', form, 'confirm', [null, 0, 'confirm', []]),
    ...inPlace('curve_mismatch', form, 'curve', ['X448', '', suite.name.toLowerCase()]),
    ...foreign.map((body): Refused => ['curve_mismatch', `keys on ${body.curve}`, body]),
    ...(Object.entries(lengths) as [keyof typeof lengths, number][]).flatMap(([field, own]) =>
      inPlace('bad_encoding', form, field, [
        // a byte shorter and longer, empty, and those of the other suites and of their halves
        ...[0, own - 1, own + 1, 32, 33, 65, 1_184, 1_216]
          .filter((one) => one !== own)
          .map((one) => hexOf(Buffer.alloc(one, point))),
        ...['AB', 'g0', ' 0', 'a', 'ab '].map((end) => form[field].slice(0, -2) + end),
      ]),
    ),
    ...inPlace('bad_base_point', form, 'basePoint', [form.identity, flipHex(form.basePoint)]),
    ...inPlace('bad_point', form, 'identity', badPoints),
    ...inPlace('bad_point', form, 'publicKey', [
      ...badPoints.map((bad) => hexOf(key, bytes(bad))),
      hexOf(key, bytes(form.identity)),
      ...badKeys.map((bad) => hexOf(bad, point)),
    ]),
  ]
}

/** A good point in a form that has no right to be. */
function flagged({ curve }: Suite, point: Buffer): string {
  const copy = Buffer.from(point)
  if (curve.name === 'X25519') copy[31] = (copy[31] ?? 0) | 0x80
  else copy[0] = 6 + ((copy[64] ?? 0) & 1)
  return hexOf(copy)
}

/** Key messages with what is the receiver's own: its identity, and these public keys of its. */
export function reflections(
  suite: Suite,
  form: KeyForm,
  identity: Buffer,
  publicKeys: readonly Buffer[],
): Refused[] {
  const [key, point] = halves(suite, bytes(form.publicKey))
  return [
    ['reflection', 'the identity', { ...form, identity: hexOf(identity) }],
    ['reflection', 'the identity as point', { ...form, publicKey: hexOf(key, identity) }],
    ...publicKeys.flatMap((own, i): Refused[] => {
      const [ownKey, ownPoint] = halves(suite, own)
      const changes = {
        share: { identity: hexOf(identity), publicKey: hexOf(own) },
        'public key': { publicKey: hexOf(own) },
        'point of public key': { publicKey: hexOf(key, ownPoint) },
        'point as identity of public key': { identity: hexOf(ownPoint) },
        ...(ownKey && { 'encapsulation key of public key': { publicKey: hexOf(ownKey, point) } }),
      }
      return Object.entries(changes).map(([what, change]) => [
        'reflection',
        `${what} ${i}`,
        { ...form, ...change },
      ])
    }),
  ]
}

/** The confirmation that somebody with all keys makes who puts another ciphertext in place of the session's. */
function forged(session: Session, ciphertext: Buffer): Required<Confirm> {
  const { suite, own, theirs, secrets, party, kemSecret } = session
  const transcript = transcriptOf(suite, own, theirs, ciphertext)
  const hmac = (key: Buffer, data: Buffer) => crypto.createHmac('sha256', key).update(data).digest()
  const pseudorandomKey = hmac(transcript, joined(kemSecret, ...secrets))
  const key = hmac(pseudorandomKey, Buffer.from(`duet/2 confirm ${party}\x01`, 'latin1'))
  return { session: transcript.subarray(0, 16), tag: hmac(key, transcript), ciphertext }
}

/**
 * Confirmations that the receiver refuses which has an ephemeral private key: `form` confirms
 * `session`, whose ciphertext its sender made.
 */
export function badConfirms<Form extends Pick<KeyForm, 'confirm'>>(
  suite: Suite,
  form: Form,
  session: Session,
): Refused[] {
  const rows = (code: string, field: string, values: readonly unknown[]) =>
    inPlace(code, form.confirm ?? {}, field, values).map(
      ([code, what, confirm]): Refused => [code, what, { ...form, confirm }],
    )
  const { tag, session: id } = session.confirm
  const { ciphertext } = session
  const alike = [
    ...rows('confirm_failed', 'tag', [
      ...[0, 15, 31].map((at) => hexOf(flip(tag, at))),
      '00'.repeat(32),
      hexOf(session.tag(3 - session.party)),
    ]),
    ...wrongForms(form.confirm ?? {}, {
      ...{ session: [16], tag: [32] },
      ...(ciphertext && { 'ciphertext?': [1_088] }),
    }).map(([code, what, confirm]): Refused => [code, `confirm.${what}`, { ...form, confirm }]),
  ]
  if (!suite.kem || !ciphertext)
    return [
      ...alike,
      ...rows('bad_message', 'ciphertext', [null, 0, {}, '', '00'.repeat(1_088), 'no hex']),
    ]
  const { kem } = suite
  const madeFor = ({ publicKey }: Share) =>
    kem.encapsulate(halves(suite, publicKey)[0] ?? publicKey, crypto.randomBytes(32)).ciphertext
  const others = {
    'of another exchange': madeFor(session.theirs),
    'for another key': madeFor(stranger(suite)),
    ...Object.fromEntries(
      [0, 959, 960, 1_087].map((at) => [`with byte ${at} changed`, flip(ciphertext, at)]),
    ),
    'of zeros': Buffer.alloc(1_088),
  }
  return [
    ...alike,
    ...rows('confirm_failed', 'session', [hexOf(flip(id))]),
    ...rows('confirm_failed', 'ciphertext', [undefined]),
    ...Object.entries(others).flatMap(([what, other]): Refused[] => {
      const made = forged(session, other)
      const named = { ciphertext: hexOf(other), session: hexOf(made.session) }
      const confirms = [{ ciphertext: hexOf(other) }, named, { ...named, tag: hexOf(made.tag) }]
      return confirms.map((changes) => [
        'confirm_failed',
        `a ciphertext ${what}, with ${Object.keys(changes).join(', ')}`,
        { ...form, confirm: { ...form.confirm, ...changes } },
      ])
    }),
  ]
}

/** Several faults in one key message: what comes first in the table counts. `used`: a share that was promoted. */
export function manyFaults(suite: Suite, form: KeyForm, own: Buffer, used: Share): Refused[] {
  const [key] = halves(suite, bytes(form.publicKey))
  const bad = bytes(BAD_POINTS[suite.curve.name]?.[0] ?? '')
  const other = suite.name === 'P-256' ? 'X25519' : 'P-256'
  const faults: [code: string, changes: object][] = [
    ['bad_version', { v: 1 }],
    ['bad_message', { more: 0 }],
    ['curve_mismatch', { curve: other }],
    ['bad_message', { confirm: { ...form.confirm, ciphertext: 'zz' } }],
    ['bad_encoding', { confirm: { session: 'x', tag: 'x' } }],
    ['bad_encoding', { publicKey: 'x' }],
    ['bad_encoding', { identity: 'x' }],
    ['bad_encoding', { basePoint: form.basePoint.toUpperCase().replace(/^0/, 'Z') }],
    ['bad_base_point', { basePoint: form.identity }],
    ['bad_point', { publicKey: hexOf(key, bad) }],
    ['reflection', { publicKey: hexOf(own) }],
    ['identity_changed', { identity: hexOf(stranger(suite).identity) }],
    ['stale_keys', { identity: hexOf(used.identity), publicKey: hexOf(used.publicKey) }],
    ['confirm_failed', { confirm: { ...form.confirm, tag: '00'.repeat(32) } }],
  ]
  // without a KEM there is no place for a ciphertext
  if (suite.kem) faults.splice(3, 1)
  return faults.map(([code], i) => {
    const all = faults.slice(i).map(([, changes]) => changes)
    return [code, `and all faults behind it (${i})`, Object.assign({}, form, ...all.reverse())]
  })
}

/** `genuine` is the sender's next message, with nothing in between; `taken` came before it. */
export function badMessages(session: Session, genuine: MessageForm, taken: MessageForm): Refused[] {
  const { seq, ciphertext } = genuine
  const rows = (code: string, field: string, values: readonly unknown[]) =>
    inPlace(code, genuine, field, values)
  const sealed = (at: number, text: Buffer | string = 'text') =>
    messageForm(session.sealAhead(at, Buffer.from(text)))
  const unknown = { ...genuine, session: flipHex(genuine.session) }
  return [
    ...VERSIONS.map((v): Refused => ['bad_version', `version ${v}`, { ...genuine, v }]),
    ['bad_version', 'another version, and nothing else right', { v: 1, x: [] }],
    ...wrongForms(genuine, {
      ...{ v: 'number', session: [16], seq: 'number', ciphertext: [16, 16_400] },
    }),
    ...rows('bad_message', 'seq', ['1', -1, 0.5, 2 ** 53, -(2 ** 53), 1e16]),
    ['bad_message', 'a number before bytes', { ...genuine, seq: -1, session: 'x' }],
    ['bad_message', 'a field more before bytes', { ...genuine, x: 1, session: 'x' }],
    ...twice(genuine),
    ...['-0', '1e400'].map(
      (written): Refused => [
        'bad_message',
        `seq ${written}`,
        JSON.stringify(genuine).replace(/"seq":\d+/, `"seq":${written}`),
      ],
    ),
    ['unknown_session', 'another session', unknown],
    ['unknown_session', 'another session and a seq too far', { ...unknown, seq: 2 ** 20 }],
    ...rows('rekey_required', 'seq', [2 ** 20, 2 ** 53 - 1]),
    ['replay', 'what came before', taken],
    ...rows('replay', 'seq', [taken.seq]),
    ['too_far_ahead', 'seq 1,025 beyond the next', sealed(seq + 1_025)],
    ...rows('too_far_ahead', 'seq', [2 ** 20 - 1]),
    ...rows('decrypt_failed', 'ciphertext', [flipHex(ciphertext, 0), flipHex(ciphertext)]),
    ...rows('decrypt_failed', 'seq', [seq + 1, seq + 1_024]),
    ['bad_text', 'no UTF-8', sealed(seq + 1, bytes('ff'))],
    ['bad_text', 'half a character', sealed(seq + 1, bytes('e4b8'))],
  ]
}

export const GIF = bytes('474946383961010001000000003b')
const PNG_HEAD = bytes('89504e470d0a1a0a0000000d49484452')
const ofGif = { type: 'image/gif', bytes: GIF.length, name: 'dot.gif' }

/** A GIF of so many bytes. */
export function gif(length: number): Buffer {
  const picture = Buffer.alloc(length)
  for (let i = 0; i < length; i++) picture[i] = i * 7 + (i >> 8)
  GIF.copy(picture)
  return picture
}

/** `genuine` is the sender's next picture, of three chunks, with nothing in between; `taken` came before it. */
export function badPictures(session: Session, genuine: Buffer, taken: Buffer): Refused[] {
  const number = genuine.readUInt32BE(25)
  const sealed = (changes: object, picture = GIF, at = number + 1) =>
    session.sealPicture({ ...ofGif, ...changes }, picture, at)
  const numbered = (at: number | bigint) => {
    const copy = Buffer.from(genuine)
    copy.writeBigUInt64BE(BigInt(at), 21)
    return copy
  }
  const size = CHUNK + 16
  const head = genuine.subarray(0, 29)
  const chunk = (i: number) => genuine.subarray(29 + i * size, 29 + (i + 1) * size)
  const { key } = session.files.out.ahead(number + 1)
  const ofPlaintext = (plain: Buffer) =>
    joined(session.pictureHead(number + 1), sealChunk(key, 0, true, plain))
  const withMetadata = (json: string, encoding: 'utf8' | 'latin1' = 'utf8') =>
    joined(u(2, json.length), Buffer.from(json, encoding), GIF)
  const ofPng = (width: number, height: number) => {
    const png = joined(PNG_HEAD, u(4, width), u(4, height), bytes('0802000000'), u(4, 0))
    return sealed({ type: 'image/png', bytes: png.length }, png)
  }
  return [
    ['bad_image', 'nothing', Buffer.alloc(0)],
    ['bad_image', '28 bytes', genuine.subarray(0, 28)],
    ['bad_image', 'DUET1', joined(Buffer.from('DUET1'), genuine.subarray(5))],
    ['unknown_session', 'another session', flip(genuine, 20)],
    ...[2n ** 20n, 2n ** 64n - 1n].map(
      (far): Refused => ['rekey_required', `number ${far}`, numbered(far)],
    ),
    ['replay', 'what came before', taken],
    ['replay', 'the number that came before', numbered(number - 1)],
    ['too_far_ahead', 'number 1,025 beyond the next', sealed({}, GIF, number + 1_025)],
    ['too_far_ahead', 'the last number', numbered(2 ** 20 - 1)],
    ['decrypt_failed', 'under the next number', numbered(number + 1)],
    ['decrypt_failed', 'as far ahead as may be, and no seal', numbered(number + 1_024)],
    ...[29, 29 + size, genuine.length - 1].map(
      (at): Refused => ['decrypt_failed', `byte ${at} changed`, flip(genuine, at)],
    ),
    ['decrypt_failed', 'nothing behind its header', head],
    ['decrypt_failed', 'without its last byte', genuine.subarray(0, -1)],
    ['decrypt_failed', 'without its last chunk', joined(head, chunk(0), chunk(1))],
    ['decrypt_failed', 'without its first chunk', joined(head, chunk(1), chunk(2))],
    ['decrypt_failed', 'chunks swapped', joined(head, chunk(1), chunk(0), chunk(2))],
    ['decrypt_failed', 'a chunk twice', joined(head, chunk(0), chunk(0), chunk(2))],
    [
      'decrypt_failed',
      'without all but the tag of its second chunk',
      joined(head, chunk(0), chunk(1).subarray(-16)),
    ],
    ['decrypt_failed', 'a byte more', joined(genuine, u(1, 0))],
    ['decrypt_failed', 'the last chunk twice', joined(genuine, chunk(2))],
    ...Object.entries({
      'no metadata': u(2, 0),
      'a byte of plaintext': u(1, 0),
      'metadata with a name twice': withMetadata(JSON.stringify(ofGif).replace('{', '{"name":"",')),
      'metadata that is no JSON': withMetadata('{type}'),
      'metadata that is not UTF-8': withMetadata(JSON.stringify({ ...ofGif, name: 'ÿ' }), 'latin1'),
      'metadata and no picture': withMetadata(JSON.stringify(ofGif)).subarray(0, -GIF.length),
      'a length that reaches beyond': joined(u(2, 511), Buffer.from(JSON.stringify(ofGif)), GIF),
    }).map(([what, plain]): Refused => ['bad_image', what, ofPlaintext(plain)]),
    ...Object.entries({
      'another type': { type: 'image/bmp' },
      'a type in upper case': { type: 'IMAGE/GIF' },
      'no type': { type: undefined },
      SVG: { type: 'image/svg+xml' },
      'no name': { name: undefined },
      'a field more': { more: 0 },
      'bytes as text': { bytes: '12' },
      'no bytes': { bytes: 0 },
      'less than no bytes': { bytes: -1 },
      'half a byte': { bytes: 11.5 },
      'a name that is null': { name: null },
      'metadata over 1,024 bytes': { name: 'x'.repeat(1_024) },
      'another type than said': { type: 'image/png' },
      'a byte less than said': { bytes: GIF.length + 1 },
      'a byte more than said': { bytes: GIF.length - 1 },
    }).map(([what, changes]): Refused => ['bad_image', what, sealed(changes)]),
    ['too_large', 'over 64 MiB', sealed({ bytes: 64 * 1024 * 1024 + 1 })],
    ...all('bad_image', {
      'a side of 65,536': ofPng(65_536, 1),
      'an area of 20,000 × 20,000': ofPng(20_000, 20_000),
    }),
  ]
}
