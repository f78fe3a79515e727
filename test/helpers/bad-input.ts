/** What a peer of duet/2 has to refuse, made from the genuine body that stands in its place. */

import crypto from 'node:crypto'
import { type KeyForm, keyForm, type MessageForm, messageForm } from './independent-peer.ts'
import {
  CHUNK,
  type Confirm,
  type Session,
  type Share,
  sealChunk,
  transcriptOf,
  u,
} from './independent-session.ts'
import {
  ephemeralKeys,
  halves,
  INDEPENDENT_SUITES,
  keyPair,
  type Suite,
  withNumber,
} from './independent-suites.ts'

/** A string or bytes stand in the request as they are. */
export type Refused = [code: string, what: string, body: unknown]

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const joined = (...parts: (Buffer | null)[]) => Buffer.concat(parts.filter((part) => part !== null))

/** A copy with one bit changed. */
function flip(data: Buffer, at = data.length - 1): Buffer {
  const copy = Buffer.from(data)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

const flipHex = (hex: string, at?: number) => flip(bytes(hex), at).toString('hex')

/** Low order, not canonical, and what is no point. */
const BAD_POINTS: Readonly<Record<string, readonly string[]>> = {
  X25519: [
    // low order: 0, 1, two of order 8, -1
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    // the prime, one more and nine more; the base point with its top bit set
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
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

/** A fresh share of nobody. */
export function stranger(suite: Suite): Share {
  return {
    identity: keyPair(suite.curve).publicKey,
    publicKey: ephemeralKeys(suite).publicKey,
  }
}

/** Of `confirm` or of a form: a copy with other fields; undefined takes one away. */
const withConfirm = (form: KeyForm, changes: object) => ({
  ...form,
  confirm: { ...form.confirm, ...changes },
})

/** A key message's form, whatever the receiver's state is. */
export function badForms(suite: Suite, form: KeyForm): Refused[] {
  const rows: Refused[] = []
  const add = (code: string, what: string, body: unknown) => rows.push([code, what, body])
  for (const v of [1, 0, 3, 1.5]) add('bad_version', `version ${v}`, { ...form, v })
  add('bad_version', 'version 1, a field more', { ...form, v: 1, more: 0 })
  for (const v of ['2', null, true, undefined, [2]])
    add('bad_message', `version ${v}`, { ...form, v })
  for (const body of ['', 'keys', '[]', 'null', '2', '"keys"', `\ufeff${JSON.stringify(form)}`])
    add('bad_message', `the body ${body.slice(0, 20)}`, body)
  add('bad_message', 'no UTF-8', Buffer.from(JSON.stringify({ ...form, curve: 'ÿ' }), 'latin1'))
  add('bad_message', 'a field more', { ...form, more: 0 })
  for (const name of Object.keys(form).filter((one) => one !== 'v' && one !== 'confirm'))
    for (const value of [undefined, null, 0, {}])
      add('bad_message', `${name} is ${value}`, { ...form, [name]: value })
  for (const confirm of [null, 0, 'confirm', []])
    add('bad_message', `confirm is ${JSON.stringify(confirm)}`, { ...form, confirm })
  for (const curve of [
    ...INDEPENDENT_SUITES.map(({ name }) => name),
    'X448',
    '',
    suite.name.toLowerCase(),
  ])
    if (curve !== suite.name) add('curve_mismatch', `the curve ${curve}`, { ...form, curve })
  for (const other of INDEPENDENT_SUITES.filter(({ name }) => name !== suite.name)) {
    const share = stranger(other)
    add('curve_mismatch', `keys of ${other.name}`, keyForm(other, share))
    const publicKey = share.publicKey.toString('hex')
    add('bad_encoding', `a public key of ${other.name}`, { ...form, publicKey })
  }
  const [key, point] = halves(suite, bytes(form.publicKey))
  for (const n of [0, 31, 32, 33, 64, 65, 66, 1_183, 1_184, 1_185, 1_215, 1_216, 1_217]) {
    const ofLength = Buffer.alloc(n, point).toString('hex')
    if (n !== suite.publicKeyLength)
      add('bad_encoding', `a public key of ${n} bytes`, { ...form, publicKey: ofLength })
    if (n !== suite.curve.basePoint.length) {
      add('bad_encoding', `an identity of ${n} bytes`, { ...form, identity: ofLength })
      add('bad_encoding', `a base point of ${n} bytes`, { ...form, basePoint: ofLength })
    }
  }
  for (const name of ['basePoint', 'identity', 'publicKey'] as const) {
    const hex = form[name].slice(0, -2)
    for (const end of ['AB', 'g0', ' 0', 'a', '0x', 'ab '])
      add('bad_encoding', `${name} ends with "${end}"`, { ...form, [name]: hex + end })
  }
  for (const basePoint of [form.identity, flipHex(form.basePoint)])
    add('bad_base_point', basePoint, { ...form, basePoint })
  for (const bad of [...(BAD_POINTS[suite.curve.name] ?? []), flagged(suite, point)]) {
    const publicKey = joined(key, bytes(bad)).toString('hex')
    add('bad_point', `the identity ${bad}`, { ...form, identity: bad })
    add('bad_point', `the public key's point ${bad}`, { ...form, publicKey })
  }
  const twice = joined(key, bytes(form.identity)).toString('hex')
  add('bad_point', 'the identity as public key', { ...form, publicKey: twice })
  if (key)
    for (const i of [0, 1, 2, 383, 384, 766, 767])
      for (const number of [3_329, 3_330, 4_095]) {
        const publicKey = joined(withNumber(key, i, number), point).toString('hex')
        add('bad_point', `number ${i} is ${number}`, { ...form, publicKey })
      }
  return rows
}

/** A good point in a form that has no right to be. */
function flagged({ curve }: Suite, point: Buffer): string {
  const copy = Buffer.from(point)
  if (curve.name === 'X25519') copy[31] = (copy[31] ?? 0) | 0x80
  else copy[0] = 6 + ((copy[64] ?? 0) & 1)
  return copy.toString('hex')
}

/** Key messages with what is the receiver's own: its identity, and these public keys of its. */
export function reflections(
  suite: Suite,
  form: KeyForm,
  identity: Buffer,
  publicKeys: readonly Buffer[],
): Refused[] {
  const [key, point] = halves(suite, bytes(form.publicKey))
  const hex = (...parts: (Buffer | null)[]) => joined(...parts).toString('hex')
  const rows: [string, object][] = [
    ['the identity', { ...form, identity: hex(identity) }],
    ['the identity as point of the public key', { ...form, publicKey: hex(key, identity) }],
  ]
  for (const [i, own] of publicKeys.entries()) {
    const [ownKey, ownPoint] = halves(suite, own)
    rows.push(
      [`share ${i}`, { ...form, identity: hex(identity), publicKey: hex(own) }],
      [`public key ${i}`, { ...form, publicKey: hex(own) }],
      [`the point of public key ${i}`, { ...form, publicKey: hex(key, ownPoint) }],
      [`the point of public key ${i} as identity`, { ...form, identity: hex(ownPoint) }],
    )
    if (ownKey)
      rows.push([
        `the encapsulation key of public key ${i}`,
        { ...form, publicKey: hex(ownKey, point) },
      ])
  }
  return rows.map(([what, body]) => ['reflection', what, body])
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
export function badConfirms(suite: Suite, form: KeyForm, session: Session): Refused[] {
  const rows: Refused[] = []
  const add = (code: string, what: string, changes: object) =>
    rows.push([code, what, withConfirm(form, changes)])
  const { tag, session: id } = session.confirm
  for (const at of [0, 15, 31])
    add('confirm_failed', `a tag with byte ${at} changed`, {
      tag: flipHex(tag.toString('hex'), at),
    })
  add('confirm_failed', 'a tag of zeros', { tag: '00'.repeat(32) })
  add('confirm_failed', "the receiver's tag", {
    tag: session.tag(3 - session.party).toString('hex'),
  })
  for (const n of [0, 31, 33]) add('bad_encoding', `a tag of ${n} bytes`, { tag: 'ab'.repeat(n) })
  for (const n of [0, 15, 17])
    add('bad_encoding', `an id of ${n} bytes`, { session: 'ab'.repeat(n) })
  add('bad_encoding', 'a tag in upper case', { tag: 'AB'.repeat(32) })
  for (const name of ['session', 'tag'])
    for (const value of [undefined, null, 0])
      add('bad_message', `${name} is ${value}`, { [name]: value })
  for (const value of [null, 0, {}])
    add('bad_message', `the ciphertext ${value}`, { ciphertext: value })
  add('bad_message', 'a field more', { more: 0 })
  const { ciphertext } = session
  if (!ciphertext) {
    for (const hex of ['', '00'.repeat(1_088), 'no hex'])
      add('bad_message', `a ciphertext of ${hex.length} digits`, { ciphertext: hex })
    return rows
  }
  add('confirm_failed', 'another session', { session: flipHex(id.toString('hex')) })
  add('confirm_failed', 'no ciphertext', { ciphertext: undefined })
  for (const n of [0, 32, 1_087, 1_089, 1_184, 1_568]) {
    const hex = Buffer.alloc(n, ciphertext).toString('hex')
    add('bad_encoding', `a ciphertext of ${n} bytes`, { ciphertext: hex })
  }
  add('bad_encoding', 'a ciphertext in upper case', { ciphertext: 'AB'.repeat(1_088) })
  const encapsulationKey = halves(suite, session.theirs.publicKey)[0] ?? Buffer.alloc(0)
  const others: [string, Buffer | undefined][] = [
    [
      'of another exchange',
      suite.kem?.encapsulate(encapsulationKey, crypto.randomBytes(32)).ciphertext,
    ],
    [
      'for another key',
      suite.kem?.encapsulate(
        halves(suite, stranger(suite).publicKey)[0] ?? Buffer.alloc(0),
        crypto.randomBytes(32),
      ).ciphertext,
    ],
    ...[0, 500, 959, 960, 1_087].map((at): [string, Buffer] => [
      `with byte ${at} changed`,
      flip(ciphertext, at),
    ]),
    ['all zero', Buffer.alloc(1_088)],
    ['all ones', Buffer.alloc(1_088, 255)],
  ]
  for (const [what, other = Buffer.alloc(0)] of others) {
    const hex = (value: Buffer) => value.toString('hex')
    add('confirm_failed', `a ciphertext ${what}`, { ciphertext: hex(other) })
    const made = forged(session, other)
    const follows = { session: hex(made.session), ciphertext: hex(other) }
    add('confirm_failed', `a ciphertext ${what}, and its id`, follows)
    add('confirm_failed', `a ciphertext ${what}, its id and tag`, {
      ...follows,
      tag: hex(made.tag),
    })
  }
  return rows
}

/** Several faults in one key message: what comes first in the table counts. `used`: a share that was promoted. */
export function manyFaults(suite: Suite, form: KeyForm, own: Buffer, used: Share): Refused[] {
  const [key] = halves(suite, bytes(form.publicKey))
  const bad = bytes(BAD_POINTS[suite.curve.name]?.[0] ?? '')
  const other = suite.name === 'P-256' ? 'X25519' : 'P-256'
  const fault = (code: string, changes: object): [string, object] => [code, changes]
  const faults = [
    fault('bad_version', { v: 1 }),
    fault('bad_message', { more: 0 }),
    fault('curve_mismatch', { curve: other }),
    ...(suite.kem
      ? []
      : [fault('bad_message', { confirm: { ...form.confirm, ciphertext: 'zz' } })]),
    fault('bad_encoding', { basePoint: form.basePoint.toUpperCase().replace(/^0/, 'Z') }),
    fault('bad_base_point', { basePoint: form.identity }),
    fault('bad_point', { publicKey: joined(key, bad).toString('hex') }),
    fault('reflection', { publicKey: own.toString('hex') }),
    fault('identity_changed', { identity: stranger(suite).identity.toString('hex') }),
    fault('stale_keys', {
      identity: used.identity.toString('hex'),
      publicKey: used.publicKey.toString('hex'),
    }),
    fault('confirm_failed', { confirm: { ...form.confirm, tag: '00'.repeat(32) } }),
  ]
  return faults.map(([code], i) => {
    const all = faults
      .slice(i)
      .reverse()
      .map(([, changes]) => changes)
    return [code, `and all faults behind it (${i})`, Object.assign({}, form, ...all)]
  })
}

/** `genuine` is the sender's next message, with nothing in between; `taken` came before it. */
export function badMessages(session: Session, genuine: MessageForm, taken: MessageForm): Refused[] {
  const { seq } = genuine
  const rows: Refused[] = []
  const add = (code: string, what: string, body: unknown) => rows.push([code, what, body])
  const sealed = (at: number, text: Buffer | string = 'text') =>
    messageForm(session.sealAhead(at, Buffer.from(text)))
  for (const v of [1, 0, 3]) add('bad_version', `version ${v}`, { ...genuine, v })
  for (const v of ['2', null, undefined]) add('bad_message', `version ${v}`, { ...genuine, v })
  add('bad_message', 'a field more', { ...genuine, more: 0 })
  for (const name of ['session', 'seq', 'ciphertext'])
    for (const value of [undefined, null, true, []])
      add('bad_message', `${name} is ${value}`, { ...genuine, [name]: value })
  for (const value of ['1', -1, 0.5, 2 ** 53])
    add('bad_message', `seq ${value}`, { ...genuine, seq: value })
  add('bad_message', 'seq -0', JSON.stringify(genuine).replace(/"seq":\d+/, '"seq":-0'))
  for (const n of [0, 15, 17])
    add('bad_encoding', `an id of ${n} bytes`, { ...genuine, session: 'ab'.repeat(n) })
  for (const n of [0, 15, 16_401]) {
    const ciphertext = 'ab'.repeat(n)
    add('bad_encoding', `a ciphertext of ${n} bytes`, { ...genuine, ciphertext })
  }
  add('bad_encoding', 'upper case', { ...genuine, ciphertext: 'AB'.repeat(20) })
  add('unknown_session', 'another session', { ...genuine, session: flipHex(genuine.session) })
  add('unknown_session', 'another session and a seq too far', {
    ...genuine,
    session: flipHex(genuine.session),
    seq: 2 ** 20,
  })
  for (const far of [2 ** 20, 2 ** 53 - 1])
    add('rekey_required', `seq ${far}`, { ...genuine, seq: far })
  add('replay', 'what came before', taken)
  add('replay', 'the number that came before', { ...genuine, seq: taken.seq })
  add('too_far_ahead', 'seq 1,025 beyond the next', sealed(seq + 1_025))
  add('too_far_ahead', 'the last seq', { ...genuine, seq: 2 ** 20 - 1 })
  for (const at of [0, genuine.ciphertext.length / 2 - 1])
    add('decrypt_failed', `byte ${at} changed`, {
      ...genuine,
      ciphertext: flipHex(genuine.ciphertext, at),
    })
  add('decrypt_failed', 'zeros', {
    ...genuine,
    ciphertext: '00'.repeat(genuine.ciphertext.length / 2),
  })
  add('decrypt_failed', 'under the next seq', { ...genuine, seq: seq + 1 })
  add('decrypt_failed', 'as far ahead as may be, and no seal', { ...genuine, seq: seq + 1_024 })
  add('bad_text', 'no UTF-8', sealed(seq + 1, Buffer.from('ff', 'hex')))
  add('bad_text', 'half a character', sealed(seq + 1, Buffer.from('e4b8', 'hex')))
  return rows
}

export const GIF = bytes('474946383961010001000000')
const PNG_HEAD = bytes('89504e470d0a1a0a0000000d49484452')
const ofGif = (changes: object = {}) => ({
  type: 'image/gif',
  bytes: GIF.length,
  name: 'dot.gif',
  ...changes,
})

/** A GIF of so many bytes. */
export function gif(length: number): Buffer {
  const picture = Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff))
  GIF.copy(picture)
  return picture
}

/** `genuine` is the sender's next picture, of three chunks, with nothing in between; `taken` came before it. */
export function badPictures(session: Session, genuine: Buffer, taken: Buffer): Refused[] {
  const number = genuine.readUInt32BE(25)
  const rows: Refused[] = []
  const add = (code: string, what: string, body: Buffer) => rows.push([code, what, body])
  const sealed = (metadata: object, picture = GIF, at = number + 1) =>
    session.sealPicture({ ...metadata }, picture, at)
  const numbered = (at: bigint) => {
    const copy = Buffer.from(genuine)
    copy.writeBigUInt64BE(at, 21)
    return copy
  }
  const head = genuine.subarray(0, 29)
  const size = CHUNK + 16
  const [first, second, last] = [0, size, 2 * size].map((at) =>
    genuine.subarray(29 + at, 29 + at + size),
  )
  const pieces = { first: first ?? head, second: second ?? head, last: last ?? head }

  add('bad_image', 'nothing', Buffer.alloc(0))
  add('bad_image', '28 bytes', genuine.subarray(0, 28))
  add('bad_image', 'DUET1', joined(Buffer.from('DUET1'), genuine.subarray(5)))
  add('unknown_session', 'another session', flip(genuine, 20))
  for (const far of [2n ** 20n, 2n ** 53n, 2n ** 64n - 1n])
    add('rekey_required', `number ${far}`, numbered(far))
  add('replay', 'what came before', taken)
  add('replay', 'the number that came before', numbered(BigInt(number - 1)))
  add('too_far_ahead', 'number 1,025 beyond the next', sealed(ofGif(), GIF, number + 1_025))
  add('too_far_ahead', 'the last number', numbered(2n ** 20n - 1n))
  add('decrypt_failed', 'under the next number', numbered(BigInt(number + 1)))
  add('decrypt_failed', 'as far ahead as may be, and no seal', numbered(BigInt(number + 1_024)))
  for (const at of [29, 29 + size, genuine.length - 1])
    add('decrypt_failed', `byte ${at} changed`, flip(genuine, at))
  add('decrypt_failed', 'without its last byte', genuine.subarray(0, -1))
  add('decrypt_failed', 'without its last chunk', joined(head, pieces.first, pieces.second))
  add('decrypt_failed', 'without its first chunk', joined(head, pieces.second, pieces.last))
  add('decrypt_failed', 'chunks swapped', joined(head, pieces.second, pieces.first, pieces.last))
  add('decrypt_failed', 'a chunk twice', joined(head, pieces.first, pieces.first, pieces.last))
  add('decrypt_failed', 'a byte more', joined(genuine, u(1, 0)))
  add('decrypt_failed', 'the last chunk twice', joined(genuine, pieces.last))
  const { key } = session.files.out.ahead(number + 1)
  const plain = joined(u(2, 0))
  add(
    'bad_image',
    'no metadata',
    joined(session.pictureHead(number + 1), sealChunk(key, 0, true, plain)),
  )
  add(
    'bad_image',
    'a byte of plaintext',
    joined(session.pictureHead(number + 1), sealChunk(key, 0, true, u(1, 0))),
  )
  for (const [what, changes] of Object.entries({
    'another type': { type: 'image/bmp' },
    'a type in upper case': { type: 'IMAGE/GIF' },
    'no name': { name: undefined },
    'a field more': { more: 0 },
    'bytes as text': { bytes: '12' },
    'no bytes': { bytes: 0 },
    'half a byte': { bytes: 11.5 },
    'a name that is null': { name: null },
    'metadata over 1,024 bytes': { name: 'x'.repeat(1_024) },
  }))
    add('bad_image', what, sealed(ofGif(changes)))
  add('too_large', 'over 64 MiB', sealed(ofGif({ bytes: 64 * 1024 * 1024 + 1 })))
  add('bad_image', 'another type than said', sealed(ofGif({ type: 'image/png' })))
  add('bad_image', 'a byte less than said', sealed(ofGif({ bytes: GIF.length + 1 })))
  add('bad_image', 'a byte more than said', sealed(ofGif({ bytes: GIF.length - 1 })))
  const wide = joined(PNG_HEAD, u(4, 65_536), u(4, 1), bytes('0802000000'), u(4, 0))
  add(
    'bad_image',
    'a side of 65,536',
    sealed({ type: 'image/png', bytes: wide.length, name: 'wide.png' }, wide),
  )
  return rows
}
