/** The wire forms: what parses, what is refused, with which code and in which order. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { P256 } from '../../src/protocol/curves.ts'
import type { ProtocolCode } from '../../src/protocol/errors.ts'
import {
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  maxKeyMessageBytes,
  parseAnswer,
  parseKeyMessage,
  parseMessage,
  parseMessageAnswer,
} from '../../src/protocol/messages.ts'
import { publicKeyBytes, SUITES, type Suite } from '../../src/protocol/suites.ts'
import { refuses } from '../helpers/refuses.ts'
import { flipped, toHex } from '../helpers/vectors.ts'
import {
  digits,
  type Fields,
  type Parse,
  refusalOf,
  refusesAll,
  refusesFirst,
  refusesHex,
  refusesShapes,
  refusesVersions,
} from '../helpers/wrong-forms.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1
const numRuns = 100 * TIMES

const WITH_PROTOTYPE = { noNullPrototype: true }
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
/** With a ciphertext and without, on a suite that has one. */
const confirmsOn = ({ kem }: Suite) => {
  const fields = { session: bytes(16), tag: bytes(32) }
  const confirms = fc.record(fields, WITH_PROTOTYPE)
  if (kem === null) return confirms
  const ciphertext = bytes(kem.ciphertextBytes)
  return fc.oneof(confirms, fc.record({ ...fields, ciphertext }, WITH_PROTOTYPE))
}
/** What the wire makes of a value. */
const wired = (value: unknown) => JSON.parse(JSON.stringify(value))

const confirmForm = (more: Fields = {}): Fields => ({
  session: digits(16),
  tag: digits(32),
  ...more,
})
const keyForm = (suite: Suite): Fields => ({
  v: 2,
  curve: suite.name,
  basePoint: toHex(suite.curve.basePoint),
  identity: digits(suite.curve.pointBytes),
  publicKey: digits(publicKeyBytes(suite)),
})
const messageForm = (): Fields => ({ v: 2, session: digits(16), seq: 0, ciphertext: digits(20) })

for (const suite of Object.values(SUITES)) {
  const { curve, kem, name } = suite
  const size = curve.pointBytes
  const whole = publicKeyBytes(suite)
  const form = keyForm(suite)
  const parse = (body: unknown) => parseKeyMessage(suite, body)
  const confirmed = (confirm: unknown) => ({ ...form, confirm })
  const refusesConfirmHex = (parse: Parse, confirmed: (confirm: Fields) => unknown) => {
    const parts = { session: 16, tag: 32, ...(kem && { ciphertext: kem.ciphertextBytes }) }
    for (const [field, length] of Object.entries(parts))
      refusesHex(
        parse,
        `confirm.${field}`,
        (value) => confirmed(confirmForm({ [field]: value })),
        length,
      )
  }
  const others = Object.values(SUITES).filter((other) => other !== suite)
  const types = {
    session: 'string',
    tag: 'string',
    ...(kem && { ciphertext: 'string?' }),
  }

  describe(`a key message on ${name}`, () => {
    const shares = fc.record({ identity: bytes(size), publicKey: bytes(whole) }, WITH_PROTOTYPE)
    it('is the same after it was encoded and parsed, with a confirmation or without', () => {
      fc.assert(
        fc.property(shares, confirmsOn(suite), (share, confirm) => {
          for (const message of [{ share }, { share, confirm }])
            assert.deepEqual(parse(wired(encodeKeyMessage(suite, message))), message)
        }),
        { numRuns },
      )
    })

    it('has exactly the fields of the protocol, bytes as lower-case hex, in any order', () => {
      const share = {
        identity: new Uint8Array(size).fill(0xab),
        publicKey: new Uint8Array(whole).fill(0xcd),
      }
      const expected = {
        v: 2,
        curve: name,
        basePoint: toHex(curve.basePoint),
        identity: 'ab'.repeat(size),
        publicKey: 'cd'.repeat(whole),
      }
      assert.deepEqual(encodeKeyMessage(suite, { share }), expected)
      const confirm = {
        session: new Uint8Array(16).fill(0xef),
        tag: new Uint8Array(32).fill(1),
        ...(kem && { ciphertext: new Uint8Array(1088).fill(0xfe) }),
      }
      const encoded = encodeKeyMessage(suite, { share, confirm })
      assert.deepEqual(encoded, {
        ...expected,
        confirm: {
          session: 'ef'.repeat(16),
          tag: '01'.repeat(32),
          ...(kem && { ciphertext: 'fe'.repeat(1088) }),
        },
      })
      const reversed = Object.fromEntries(Object.entries(encoded).reverse())
      assert.deepEqual(parse(reversed), { share, confirm })
    })

    it('names the field that is missing, or not as the protocol has it, and no other', () => {
      const confirm = { session: '', tag: '' }
      for (const [body, said] of [
        [{ ...form, publicKey: 5 }, 'needs `publicKey`'],
        [(({ identity: _, ...rest }) => rest)(form), 'lacks `identity`'],
        [{ ...form, v: '2' }, 'needs `v`'],
        [{ ...form, confirm: null }, 'needs `confirm`'],
        [{ ...form, confirm: { session: '' } }, 'lacks `confirm.tag`'],
        [{ ...form, confirm: { ...confirm, session: 7 } }, 'needs `confirm.session`'],
        [{ ...form, foreign: 1 }, 'no other fields than `v`, `curve`,'],
        [{ ...form, confirm: { ...confirm, foreign: 1 } }, '`confirm.tag`,'],
        [[], 'lacks `v`'],
      ] as const) {
        const { message } = refuses('bad_message', () => parse(body))
        assert.ok(message.includes(said), message)
        assert.doesNotMatch(message, /foreign/)
      }
    })

    it('is parsed before its points are looked at', () => {
      parse({ ...form, identity: '00'.repeat(size), publicKey: 'ff'.repeat(whole) })
    })

    refusesShapes(parse, form, {
      curve: 'string',
      basePoint: 'string',
      identity: 'string',
      publicKey: 'string',
    })
    refusesShapes(parse, confirmForm(), types, confirmed)
    refusesVersions(parse, form)
    for (const [field, length] of Object.entries({
      basePoint: size,
      identity: size,
      publicKey: whole,
    }))
      refusesHex(parse, field, (value) => ({ ...form, [field]: value }), length)
    refusesConfirmHex(parse, confirmed)

    const publicKeys = [32, 65, 1184, 1216].filter((length) => length !== whole)
    refusesAll(parse, 'bad_encoding', {
      'half of a public key, and one of another suite': Object.fromEntries(
        publicKeys.map((length) => [length, { ...form, publicKey: digits(length) }]),
      ),
    })
    if (kem === null) {
      const ciphertext = confirmed(confirmForm({ ciphertext: digits(1088) }))
      refusesAll(parse, 'bad_message', {
        'a ciphertext, before any encoding is looked at': {
          'of ML-KEM-768': ciphertext,
          empty: confirmed(confirmForm({ ciphertext: '' })),
          'a bad base point': { ...ciphertext, basePoint: 'x' },
          'a bad identity': { ...ciphertext, identity: 'x' },
          'a bad tag': confirmed(confirmForm({ tag: 'x', ciphertext: 'x' })),
        },
      })
    }

    refusesAll(parse, 'curve_mismatch', {
      'another curve': {
        ...Object.fromEntries(others.map((other) => [`of ${other.name}`, keyForm(other)])),
        'with a ciphertext': {
          ...keyForm(SUITES.X25519MLKEM768),
          curve: others[0]?.name,
          confirm: confirmForm({ ciphertext: digits(1088) }),
        },
        ...[others[0]?.name, name.toLowerCase(), '', `${name} `, 'constructor'].map((curve) => ({
          ...form,
          curve,
        })),
      },
    })
    refusesAll(parse, 'bad_base_point', {
      'another base point': {
        'another point': { ...form, basePoint: digits(size) },
        zeros: { ...form, basePoint: '00'.repeat(size) },
        ...[0, 8 * size - 1].map((bit) => ({
          ...form,
          basePoint: toHex(flipped(curve.basePoint, bit)),
        })),
      },
    })

    const version: [ProtocolCode, Fields] = ['bad_version', { v: 1 }]
    const shape: [ProtocolCode, Fields] = ['bad_message', { unknown: 1 }]
    const mismatch: [ProtocolCode, Fields] = ['curve_mismatch', { curve: others[0]?.name }]
    const basePoint: [ProtocolCode, Fields] = ['bad_base_point', { basePoint: digits(size) }]
    const encodings = [
      { basePoint: digits(size).toUpperCase() },
      { identity: 'x' },
      { publicKey: 'x' },
      { confirm: { session: 'x', tag: 'x' } },
    ].map((changes): [ProtocolCode, Fields] => ['bad_encoding', changes])
    refusesFirst(parse, form, [
      [version, shape],
      [version, ['bad_message', { curve: undefined }]],
      [version, mismatch],
      [shape, mismatch],
      [['bad_message', { confirm: {} }], mismatch],
      ...encodings.flatMap((encoding) => [
        [shape, encoding],
        [mismatch, encoding],
        [encoding, basePoint],
      ]),
      [shape, basePoint],
      [mismatch, basePoint],
    ])
  })

  describe(`an answer to a key message on ${name}`, () => {
    const parse = (body: unknown) => parseAnswer(suite, body)
    const accepted: Fields = { accepted: true }
    const confirmed = (confirm: unknown) => ({ ...accepted, confirm })

    it('is the same after it was encoded and parsed, with a confirmation or without', () => {
      assert.deepEqual(encodeAnswer(undefined), accepted)
      assert.equal(parse(wired(encodeAnswer(undefined))), undefined)
      fc.assert(
        fc.property(confirmsOn(suite), (confirm) => {
          assert.deepEqual(parse(wired(encodeAnswer(confirm))), confirm)
        }),
        { numRuns },
      )
    })

    refusesShapes(parse, accepted, { accepted: 'true' })
    refusesShapes(parse, confirmForm(), types, confirmed)
    refusesAll(parse, 'bad_message', {
      'what another answer has': {
        'not accepted': { accepted: false },
        'accepted as 1': { accepted: 1 },
        'accepted as "true"': { accepted: 'true' },
        'a refusal': { status: 400, code: 'bad_point' },
        'the answer to a message': { accepted: true, missing: 0 },
        'a version': { accepted: true, v: 2 },
        ...(kem === null && {
          'a ciphertext': confirmed(confirmForm({ ciphertext: digits(1088) })),
        }),
      },
    })
    refusesConfirmHex(parse, confirmed)
  })
}

describe('a key message on P-256', () => {
  const form = keyForm(SUITES['P-256'])
  refusesAll((body) => parseKeyMessage(SUITES['P-256'], body), 'bad_encoding', {
    'a compressed point, by its length': {
      identity: { ...form, identity: `02${digits(32)}` },
      'public key': { ...form, publicKey: `03${digits(32)}` },
      'base point': { ...form, basePoint: `03${toHex(P256.basePoint.subarray(1, 33))}` },
      'infinity in one byte': { ...form, publicKey: '00' },
    },
  })
})

describe('a sealed message', () => {
  const MAX_BYTES = 16 * 1024 + 16
  const form = messageForm()

  it('is the same after it was encoded and parsed', () => {
    const ciphertexts = fc.uint8Array({ minLength: 16, maxLength: 300 })
    fc.assert(
      fc.property(bytes(16), fc.maxSafeNat(), ciphertexts, (session, seq, ciphertext) => {
        const message = { session, seq, ciphertext }
        assert.deepEqual(parseMessage(wired(encodeMessage(message))), message)
      }),
      { numRuns },
    )
  })

  it('has exactly the fields of the protocol, bytes as lower-case hex', () => {
    const session = new Uint8Array(16).fill(0xab)
    const ciphertext = new Uint8Array(17).fill(0xcd)
    assert.deepEqual(encodeMessage({ session, seq: 7, ciphertext }), {
      v: 2,
      session: 'ab'.repeat(16),
      seq: 7,
      ciphertext: 'cd'.repeat(17),
    })
  })

  it('may have a ciphertext of 16 bytes up to 16 KiB + 16, and any safe integer as its number', () => {
    for (const length of [16, 17, MAX_BYTES - 1, MAX_BYTES]) {
      const { ciphertext } = parseMessage({ ...form, ciphertext: digits(length) })
      assert.equal(ciphertext.length, length)
    }
    for (const seq of [0, 1, 2 ** 20, 2 ** 32, 2 ** 53 - 1])
      assert.equal(parseMessage({ ...form, seq }).seq, seq)
  })

  const wrongNumbers = [
    ...['-0', '-1', '-9007199254740991', '1.5', '1e-7', '9007199254740992', '1e16', '1e400'],
    ...['"0"', '"1"', '""', 'true', '[0]'],
  ].map((seq) => [seq, JSON.parse(JSON.stringify(form).replace('"seq":0', `"seq":${seq}`))])
  refusesShapes(parseMessage, form, { session: 'string', seq: 'number', ciphertext: 'string' })
  refusesVersions(parseMessage, form)
  refusesAll(parseMessage, 'bad_message', {
    'a sequence number that is negative, a fraction, too great or no number':
      Object.fromEntries(wrongNumbers),
    'a key message': { 'on X25519': keyForm(SUITES.X25519) },
  })
  refusesHex(parseMessage, 'session', (session) => ({ ...form, session }), 16)
  refusesHex(parseMessage, 'ciphertext', (ciphertext) => ({ ...form, ciphertext }), 16, MAX_BYTES)
  refusesFirst(parseMessage, form, [
    [
      ['bad_version', { v: 1 }],
      ['bad_message', { unknown: 1 }],
    ],
    [
      ['bad_message', { seq: -1 }],
      ['bad_encoding', { session: 'x' }],
    ],
    [
      ['bad_message', { unknown: 1 }],
      ['bad_encoding', { session: 'x' }],
    ],
  ])
})

describe('an answer to a sealed message', () => {
  it('says how many are missing, in a whole number', () => {
    for (const missing of [0, 1, Number.MAX_SAFE_INTEGER])
      assert.deepEqual(parseMessageAnswer({ accepted: true, missing }), { accepted: true, missing })
  })

  const form = { accepted: true, missing: 0 }
  refusesShapes(parseMessageAnswer, form, { accepted: 'boolean', missing: 'number' })
  refusesAll(parseMessageAnswer, 'bad_message', {
    'a number that is none': [-1, 0.5, 2 ** 53].map((missing) => ({ ...form, missing })),
    'what was not accepted': { false: { ...form, accepted: false } },
  })
})

describe('the room for a key message', () => {
  it('is 4,096 bytes, and 8,192 on a suite with a KEM', () => {
    const room = Object.values(SUITES).map((suite) => [suite.name, maxKeyMessageBytes(suite)])
    assert.deepEqual(room, [
      ['X25519', 4096],
      ['P-256', 4096],
      ['X25519MLKEM768', 8192],
    ])
  })
})

/** Each of the wire forms: a parser, the parser and the encoder after it, and a body that it takes. */
const FORMS: Record<
  string,
  { parse(body: unknown): unknown; again(body: unknown): unknown; form: Fields }
> = {
  'a sealed message': {
    parse: parseMessage,
    again: (body) => encodeMessage(parseMessage(body)),
    form: messageForm(),
  },
}
for (const suite of Object.values(SUITES)) {
  const confirm = confirmForm(suite.kem ? { ciphertext: digits(1088) } : {})
  FORMS[`an answer on ${suite.name}`] = {
    parse: (body) => parseAnswer(suite, body),
    again: (body) => encodeAnswer(parseAnswer(suite, body)),
    form: { accepted: true, confirm },
  }
  FORMS[`a key message on ${suite.name}`] = {
    parse: (body) => parseKeyMessage(suite, body),
    again: (body) => encodeKeyMessage(suite, parseKeyMessage(suite, body)),
    form: { ...keyForm(suite), confirm },
  }
}

const CODES = ['bad_message', 'bad_version', 'curve_mismatch', 'bad_encoding', 'bad_base_point']

for (const [what, { parse, again, form }] of Object.entries(FORMS)) {
  const fields = Object.keys(form)
  const { confirm } = form
  for (const field of Object.keys(confirm ?? {})) fields.push(`confirm.${field}`)
  /** The value of a field, at the top or in the confirmation. */
  const get = (field: string): unknown =>
    field.split('.').reduce((value: unknown, name) => (value as Fields)[name], form)
  /** The form with that field set. */
  const set = (field: string, value: unknown): Fields => {
    const [outer = '', inner] = field.split('.')
    return { ...form, [outer]: inner ? { ...(form[outer] as Fields), [inner]: value } : value }
  }

  describe(`any JSON in the place of ${what}`, () => {
    it('is refused with a code of the protocol, and nothing else is ever thrown', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (body) => {
          assert.ok(CODES.includes(refusalOf(parse, wired(body))?.code ?? 'taken'))
        }),
        { numRuns },
      )
    })

    it('or of one of its fields, is refused or has one form: it encodes to what it was', () => {
      assert.deepEqual(again(form), form)
      fc.assert(
        fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
          const body = wired(set(field, value))
          const before = JSON.stringify(body)
          const refusal = refusalOf(parse, body)
          assert.equal(JSON.stringify(body), before)
          if (refusal === null) assert.deepEqual(wired(again(body)), body)
          else assert.ok(CODES.includes(refusal.code))
        }),
        { numRuns },
      )
    })
  })

  describe(`the refusal of ${what}`, () => {
    const MARK = 'zQ7-from-outside'
    const NUMBER = 8675309
    const quotesNothing = (body: unknown) => {
      const error = refusalOf(parse, body)
      assert.ok(error)
      for (const text of [error.stack ?? '', inspect(error, { depth: 9, showHidden: true })])
        assert.ok(!text.includes('from-outside') && !text.includes(`${NUMBER}`), text)
    }

    it('never repeats the name of a field that came from outside', () => {
      for (const name of [MARK, `confirm.${MARK}`, `v.${MARK}`, `\u001b[31m${MARK}`]) {
        quotesNothing({ ...form, [name]: 1 })
        quotesNothing({ [name]: 1 })
        if ('confirm' in form) quotesNothing(set('confirm', confirmForm({ [name]: 1 })))
      }
    })

    it('never repeats a value that came from outside', () => {
      for (const field of fields)
        for (const value of [MARK, `${MARK}\n`, [MARK], { [MARK]: MARK }, -NUMBER, NUMBER + 0.5])
          quotesNothing(set(field, value))
      for (const body of [MARK, [MARK], NUMBER]) quotesNothing(body)
      if ('v' in form) quotesNothing({ ...form, v: NUMBER })
    })

    it('never repeats a value of the right length and the wrong letters', () => {
      for (const field of fields) {
        const good = get(field)
        if (typeof good === 'string' && good.length > MARK.length)
          quotesNothing(set(field, MARK.padEnd(good.length, 'a')))
      }
    })
  })
}
