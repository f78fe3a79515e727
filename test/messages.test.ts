/** The wire forms: what parses, what is refused, with which code and in which order. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { P256 } from '../src/protocol/curves.ts'
import { DuetError, type ProtocolCode } from '../src/protocol/errors.ts'
import {
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  maxKeyMessageBytes,
  parseAnswer,
  parseKeyMessage,
  parseMessage,
  parseMessageAnswer,
} from '../src/protocol/messages.ts'
import { publicKeyBytes, SUITES, type Suite } from '../src/protocol/suites.ts'
import { REASON } from './helpers/refuses.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1

type Fields = Record<string, unknown>

/** Hex of `length` bytes, with letters in it, so that upper case shows. */
const digits = (length: number) => 'a5'.repeat(length)
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

const confirmForm = () => ({ session: digits(16), tag: digits(32) })
const keyForm = (suite: Suite): Fields => ({
  v: 2,
  curve: suite.name,
  basePoint: Buffer.from(suite.curve.basePoint).toString('hex'),
  identity: digits(suite.curve.pointBytes),
  publicKey: digits(publicKeyBytes(suite)),
})
const messageForm = (): Fields => ({ v: 2, session: digits(16), seq: 0, ciphertext: digits(20) })

/** A form without one field. */
function without(form: Fields, field: string): Fields {
  const { [field]: _, ...rest } = form
  return rest
}

/** Body and code, by what is wrong with it; and words that the reason has. */
type Table = Record<string, readonly [body: unknown, code: ProtocolCode, words?: readonly string[]]>

/** One test for each table: every body is refused with exactly its code, and a reason. */
function refusesAll(parse: (body: unknown) => unknown, tables: Record<string, Table>): void {
  for (const [title, table] of Object.entries(tables))
    it(`refuses ${title}`, () => {
      const entries = Object.entries(table)
      assert.ok(entries.length > 0)
      const got = entries.map(([what, [body]]) => [what, refusalOf(parse, body)?.code ?? 'taken'])
      const expected = entries.map(([what, [, code]]) => [what, code])
      assert.deepEqual(Object.fromEntries(got), Object.fromEntries(expected))
      for (const [what, [body, , words = []]] of entries) {
        const reason = refusalOf(parse, body)?.message ?? ''
        assert.match(reason, REASON, what)
        for (const word of words) assert.ok(reason.includes(word), `${what}: ${reason}`)
      }
    })
}

/** Parses, and gives the refusal or null; fails on an error that is no refusal. */
function refusalOf(parse: (body: unknown) => unknown, body: unknown): DuetError | null {
  try {
    parse(body)
    return null
  } catch (error) {
    assert.ok(error instanceof DuetError, inspect(error))
    return error
  }
}

/** Bodies that are no object of the protocol at all. */
function notForms(form: Fields): Table {
  return {
    null: [null, 'bad_message'],
    'no body': [undefined, 'bad_message'],
    'a string': [JSON.stringify(form), 'bad_message'],
    'an empty string': ['', 'bad_message'],
    'a number': [1, 'bad_message'],
    true: [true, 'bad_message'],
    'an empty array': [[], 'bad_message'],
    'an array with the form in it': [[form], 'bad_message'],
    'an empty object': [{}, 'bad_message'],
    'the form one level too deep': [{ form }, 'bad_message'],
  }
}

/** Each field missing, and each with a value of every wrong type. */
function wrongFields(form: Fields, types: Record<string, string>): Table {
  const values: [string, unknown][] = [
    ['null', null],
    ['boolean', false],
    ['number', 7],
    ['string', 'seven'],
    ['array', []],
    ['array', ['00']],
    ['object', {}],
    ['object', { length: 64 }],
  ]
  const table: Table = {}
  for (const [field, type] of Object.entries(types)) {
    table[`\`${field}\` missing`] = [without(form, field), 'bad_message']
    for (const [kind, value] of values)
      if (kind !== type)
        table[`\`${field}\` as ${kind} ${JSON.stringify(value)}`] = [
          { ...form, [field]: value },
          'bad_message',
        ]
  }
  return table
}

/** A field more than there are. JSON.parse makes `__proto__` a field of its own, as any other. */
function unknownFields(form: Fields): Table {
  const table: Table = {}
  for (const name of [
    'extra',
    '',
    'V',
    'Session',
    'confirm.session',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'toJSON',
  ])
    for (const value of ['1', 'null', '{}', '{"v":1}']) {
      const text = `${JSON.stringify(form).slice(0, -1)},${JSON.stringify(name)}:${value}}`
      table[`the unknown field \`${name}\` as ${value}`] = [JSON.parse(text), 'bad_message']
    }
  return table
}

/** `__proto__` in the place of fields: what it holds is not inherited. */
function inheritedFields(form: Fields): Table {
  const table: Table = {
    'all fields in `__proto__`': [
      JSON.parse(`{"__proto__":${JSON.stringify(form)}}`),
      'bad_message',
    ],
  }
  for (const field of Object.keys(form)) {
    const inherited = JSON.stringify({ [field]: form[field] })
    const rest = JSON.stringify(without(form, field)).slice(0, -1)
    const text = `${rest}${rest === '{' ? '' : ','}"__proto__":${inherited}}`
    table[`\`${field}\` in \`__proto__\``] = [JSON.parse(text), 'bad_message']
  }
  return table
}

/** One field in every form that is not the one form of its value. */
function badHex(path: string, form: (value: string) => unknown, min: number, max = min): Table {
  const good = digits(min)
  const table: Table = {}
  const values = {
    empty: '',
    'upper case': good.toUpperCase(),
    'one upper-case digit': `A${good.slice(1)}`,
    'an odd length': good.slice(1),
    'an odd length above': `${good}a`,
    'one byte too short': digits(min - 1),
    'one byte too long': digits(max + 1),
    'far too long': digits(max + 10_000),
    'a letter that is no digit': `g${good.slice(1)}`,
    'the prefix 0x': `0x${good.slice(2)}`,
    'a blank at the end': `${good.slice(1)} `,
    'a line end at the end': `${good.slice(1)}\n`,
    'a line end after the end': `${good}\n`,
    'a null character': `\0${good.slice(1)}`,
    'a digit of another script': `\uff11${good.slice(1)}`,
    'a character of two units': `\u{1d7d8}${good.slice(2)}`,
    base64: Buffer.from(good, 'hex')
      .toString('base64')
      .padEnd(good.length, '=')
      .slice(0, 2 * min),
  }
  const expected =
    min === max ? [`expected ${2 * min} hex digits`] : [`from ${2 * min} to ${2 * max}`]
  for (const [what, value] of Object.entries(values)) {
    const { length } = value
    const fits = length >= 2 * min && length <= 2 * max && length % 2 === 0
    const why = fits ? ['lower-case hex'] : [`${length} characters`, ...expected]
    table[`\`${path}\` with ${what}`] = [form(value), 'bad_encoding', [`\`${path}\``, ...why]]
  }
  return table
}

/** Versions that are numbers and not ours, with nothing else wrong or everything else. */
function otherVersions(form: Fields): Table {
  const table: Table = {}
  for (const v of [0, 1, 3, -1, 2.5, 2 ** 53, 1e300]) {
    table[`version ${v}`] = [{ ...form, v }, 'bad_version']
    table[`version ${v} before anything else`] = [{ v, unknown: [] }, 'bad_version']
  }
  return table
}

/** What `v` may be that is no number. */
function noVersions(form: Fields): Table {
  const table: Table = { '`v` missing': [without(form, 'v'), 'bad_message'] }
  for (const v of ['1', '2', '', null, true, [2], {}])
    table[`\`v\` as ${JSON.stringify(v)}`] = [{ ...form, v }, 'bad_message']
  return table
}

for (const suite of Object.values(SUITES)) {
  const { curve, kem } = suite
  const size = curve.pointBytes
  const whole = publicKeyBytes(suite)
  const form = keyForm(suite)
  const parse = (body: unknown) => parseKeyMessage(suite, body)

  describe(`a key message on ${suite.name}`, () => {
    const shares = fc.record({ identity: bytes(size), publicKey: bytes(whole) }, WITH_PROTOTYPE)
    it('is the same after it was encoded and parsed', () => {
      fc.assert(
        fc.property(shares, (share) => {
          assert.deepEqual(parse(wired(encodeKeyMessage(suite, { share }))), { share })
        }),
        { numRuns: 100 * TIMES },
      )
    })

    it('is the same after it was encoded and parsed, with a confirmation', () => {
      fc.assert(
        fc.property(shares, confirmsOn(suite), (share, confirm) => {
          const message = { share, confirm }
          assert.deepEqual(parse(wired(encodeKeyMessage(suite, message))), message)
        }),
        { numRuns: 100 * TIMES },
      )
    })

    it('has exactly the fields of the protocol, bytes as lower-case hex', () => {
      const share = {
        identity: new Uint8Array(size).fill(0xab),
        publicKey: new Uint8Array(whole).fill(0xcd),
      }
      const expected = {
        v: 2,
        curve: suite.name,
        basePoint: Buffer.from(curve.basePoint).toString('hex'),
        identity: 'ab'.repeat(size),
        publicKey: 'cd'.repeat(whole),
      }
      assert.deepEqual(encodeKeyMessage(suite, { share }), expected)
      const confirm = { session: new Uint8Array(16).fill(0xef), tag: new Uint8Array(32).fill(1) }
      assert.deepEqual(encodeKeyMessage(suite, { share, confirm }), {
        ...expected,
        confirm: { session: 'ef'.repeat(16), tag: '01'.repeat(32) },
      })
      if (kem === null) return
      const ciphertext = new Uint8Array(1088).fill(0xfe)
      assert.deepEqual(encodeKeyMessage(suite, { share, confirm: { ...confirm, ciphertext } }), {
        ...expected,
        confirm: { session: 'ef'.repeat(16), tag: '01'.repeat(32), ciphertext: 'fe'.repeat(1088) },
      })
    })

    it('parses whatever the order of its fields', () => {
      const fields = Object.entries({ ...form, confirm: confirmForm() })
      assert.deepEqual(
        parse(Object.fromEntries(fields.reverse())),
        parse({ ...form, confirm: confirmForm() }),
      )
    })

    it('is parsed before its points are looked at', () => {
      parse({ ...form, identity: '00'.repeat(size), publicKey: 'ff'.repeat(whole) })
    })

    const confirmed = (confirm: unknown) => ({ ...form, confirm })
    const inConfirm = (table: Table): Table =>
      Object.fromEntries(
        Object.entries(table).map(([what, [confirm, code]]) => [what, [confirmed(confirm), code]]),
      )
    // an absent confirmation is a key message without one
    const { 'no body': _, ...noConfirms } = notForms(confirmForm())
    const point = (field: string, length = size) =>
      badHex(field, (value) => ({ ...form, [field]: value }), length)
    refusesAll(parse, {
      'what is no key message': notForms(form),
      'a field that is missing or of a wrong type': wrongFields(form, {
        curve: 'string',
        basePoint: 'string',
        identity: 'string',
        publicKey: 'string',
      }),
      'an unknown field': unknownFields(form),
      'a field that is only inherited': inheritedFields(form),
      'another version, whatever else is wrong': otherVersions(form),
      'a version that is no number': noVersions(form),
      'what is no confirmation': inConfirm(noConfirms),
      'a confirmation with a field missing or of a wrong type': inConfirm(
        wrongFields(confirmForm(), { session: 'string', tag: 'string' }),
      ),
      'a confirmation with an unknown field': inConfirm(unknownFields(confirmForm())),
      'a confirmation with a field that is only inherited': inConfirm(
        inheritedFields(confirmForm()),
      ),
      'any other form of the base point': point('basePoint'),
      'any other form of the identity': point('identity'),
      'any other form of the public key': point('publicKey', whole),
      'any other form of the session id': badHex(
        'confirm.session',
        (session) => confirmed({ ...confirmForm(), session }),
        16,
      ),
      'any other form of the tag': badHex(
        'confirm.tag',
        (tag) => confirmed({ ...confirmForm(), tag }),
        32,
      ),
    })

    const ciphertext = (value: string) => confirmed({ ...confirmForm(), ciphertext: value })
    if (kem === null)
      refusesAll(parse, {
        'a ciphertext, whatever it is': {
          'of ML-KEM-768': [ciphertext(digits(1088)), 'bad_message'],
          empty: [ciphertext(''), 'bad_message'],
          'before the base point': [
            { ...ciphertext(digits(1088)), basePoint: digits(size) },
            'bad_message',
          ],
          'before the encoding of the base point': [
            { ...ciphertext(digits(1088)), basePoint: 'x' },
            'bad_message',
          ],
          'before the encoding of the identity': [
            { ...ciphertext(digits(1088)), identity: 'x' },
            'bad_message',
          ],
          'before the encoding of the public key, of another suite': [
            { ...ciphertext(digits(1088)), publicKey: digits(1216) },
            'bad_message',
          ],
          'before the encoding of the tag': [
            confirmed({ ...confirmForm(), tag: 'x', ciphertext: 'x' }),
            'bad_message',
          ],
        },
      })
    else
      refusesAll(parse, {
        'any other form of the ciphertext': badHex(
          'confirm.ciphertext',
          ciphertext,
          kem.ciphertextBytes,
        ),
        'a ciphertext of a wrong length': Object.fromEntries(
          [0, 1, 16, 32, 1087, 1089, 1184, 2176].map((length) => [
            `${length} bytes`,
            [ciphertext(digits(length)), 'bad_encoding'] as const,
          ]),
        ),
        'a public key of a wrong length': Object.fromEntries(
          [0, 1, 32, 1152, 1183, 1184, 1185, 1215, 1217, 1248, 2432].map((length) => [
            `${length} bytes`,
            [{ ...form, publicKey: digits(length) }, 'bad_encoding'] as const,
          ]),
        ),
        'a ciphertext of a wrong type': inConfirm(
          Object.fromEntries(
            Object.entries(
              wrongFields({ ...confirmForm(), ciphertext: digits(1088) }, { ciphertext: 'string' }),
            ).filter(([what]) => !what.endsWith('missing')),
          ),
        ),
      })

    const others = Object.values(SUITES).filter(({ name }) => name !== suite.name)
    refusesAll(parse, {
      'a public key of another suite': Object.fromEntries(
        others.map((other) => [
          other.name,
          [{ ...form, publicKey: digits(publicKeyBytes(other)) }, 'bad_encoding'],
        ]),
      ),
      ...(kem && {
        'half of a public key': {
          'the encapsulation key alone': [{ ...form, publicKey: digits(1184) }, 'bad_encoding'],
          'the point alone': [{ ...form, publicKey: digits(32) }, 'bad_encoding'],
        },
      }),
    })
    // of the same length as its own, where there is one
    const [other = suite] = others
    const basePoint = Buffer.from(curve.basePoint)
    const near = (bit: number) => {
      const bytes = Buffer.from(basePoint)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return bytes.toString('hex')
    }
    refusesAll(parse, {
      'another curve': {
        ...Object.fromEntries(
          others.map((other): [string, readonly [Fields, ProtocolCode]] => [
            `a whole key message of ${other.name}`,
            [keyForm(other), 'curve_mismatch'],
          ]),
        ),
        'one with a ciphertext': [
          {
            ...keyForm(SUITES.X25519MLKEM768),
            curve: other.name,
            confirm: { ...confirmForm(), ciphertext: digits(1088) },
          },
          'curve_mismatch',
        ],
        'its name alone': [{ ...form, curve: other.name }, 'curve_mismatch'],
        'lower case': [{ ...form, curve: suite.name.toLowerCase() }, 'curve_mismatch'],
        empty: [{ ...form, curve: '' }, 'curve_mismatch'],
        'a blank at the end': [{ ...form, curve: `${suite.name} ` }, 'curve_mismatch'],
        'a name that every object has': [{ ...form, curve: 'constructor' }, 'curve_mismatch'],
      },
      'another base point': {
        'another point': [{ ...form, basePoint: digits(size) }, 'bad_base_point'],
        zeros: [{ ...form, basePoint: '00'.repeat(size) }, 'bad_base_point'],
        'the first bit changed': [{ ...form, basePoint: near(0) }, 'bad_base_point'],
        'the last bit changed': [{ ...form, basePoint: near(8 * size - 1) }, 'bad_base_point'],
      },
    })

    const wrong = {
      version: { v: 1 },
      shape: { unknown: 1 },
      confirmShape: { confirm: {} },
      curve: { curve: other.name },
      identity: { identity: 'x' },
      publicKey: { publicKey: 'x' },
      confirm: { confirm: { session: 'x', tag: 'x' } },
      basePointForm: { basePoint: digits(size).toUpperCase() },
      basePoint: { basePoint: digits(size) },
    }
    refusesAll(parse, {
      'the first of several faults: version, shape, curve, encoding, base point': {
        'version, shape': [{ ...form, ...wrong.version, ...wrong.shape }, 'bad_version'],
        'version, a field missing': [
          without({ ...form, ...wrong.version }, 'curve'),
          'bad_version',
        ],
        'version, curve': [{ ...form, ...wrong.version, ...wrong.curve }, 'bad_version'],
        'shape, curve': [{ ...form, ...wrong.shape, ...wrong.curve }, 'bad_message'],
        'shape of the confirmation, curve': [
          { ...form, ...wrong.confirmShape, ...wrong.curve },
          'bad_message',
        ],
        'shape, encoding': [{ ...form, ...wrong.shape, ...wrong.identity }, 'bad_message'],
        'shape, base point': [{ ...form, ...wrong.shape, ...wrong.basePoint }, 'bad_message'],
        'curve, encoding': [
          { ...form, ...wrong.curve, ...wrong.identity, ...wrong.confirm },
          'curve_mismatch',
        ],
        'curve, base point': [{ ...form, ...wrong.curve, ...wrong.basePoint }, 'curve_mismatch'],
        'encoding of the base point, its value': [
          { ...form, ...wrong.basePointForm },
          'bad_encoding',
        ],
        'encoding of the identity, base point': [
          { ...form, ...wrong.identity, ...wrong.basePoint },
          'bad_encoding',
        ],
        'encoding of the public key, base point': [
          { ...form, ...wrong.publicKey, ...wrong.basePoint },
          'bad_encoding',
        ],
        'encoding of the confirmation, base point': [
          { ...form, ...wrong.confirm, ...wrong.basePoint },
          'bad_encoding',
        ],
      },
    })
  })
}

describe('a key message on P-256', () => {
  const form = keyForm(SUITES['P-256'])
  const compressed = Buffer.concat([Uint8Array.of(3), P256.basePoint.subarray(1, 33)])
  refusesAll((body) => parseKeyMessage(SUITES['P-256'], body), {
    'a compressed point, by its length': {
      identity: [{ ...form, identity: `02${digits(32)}` }, 'bad_encoding'],
      'public key': [{ ...form, publicKey: `03${digits(32)}` }, 'bad_encoding'],
      'base point': [{ ...form, basePoint: compressed.toString('hex') }, 'bad_encoding'],
      'infinity in one byte': [{ ...form, publicKey: '00' }, 'bad_encoding'],
    },
  })
})

for (const suite of Object.values(SUITES))
  describe(`an answer to a key message on ${suite.name}`, () => {
    const parse = (body: unknown) => parseAnswer(suite, body)

    it('is the same after it was encoded and parsed, with a confirmation or without', () => {
      assert.deepEqual(encodeAnswer(undefined), { accepted: true })
      assert.equal(parse(wired(encodeAnswer(undefined))), undefined)
      fc.assert(
        fc.property(confirmsOn(suite), (confirm) => {
          assert.deepEqual(parse(wired(encodeAnswer(confirm))), confirm)
        }),
        { numRuns: 100 * TIMES },
      )
    })

    const form: Fields = { accepted: true }
    const confirmed = (confirm: unknown) => ({ ...form, confirm })
    const ciphertext = (value: unknown) => confirmed({ ...confirmForm(), ciphertext: value })
    refusesAll(parse, {
      'a ciphertext that has no place there':
        suite.kem === null
          ? { any: [ciphertext(digits(1088)), 'bad_message'] }
          : badHex('confirm.ciphertext', ciphertext, 1088),
      'what is no answer': notForms(form),
      'a field that is missing or of a wrong type': {
        ...wrongFields(form, { accepted: 'true' }),
        ...wrongFields(confirmed(confirmForm()), { accepted: 'true' }),
        'accepted as 1': [{ accepted: 1 }, 'bad_message'],
        'accepted as "true"': [{ accepted: 'true' }, 'bad_message'],
        'a refusal': [{ status: 400, code: 'bad_point' }, 'bad_message'],
      },
      'an unknown field': {
        ...unknownFields(form),
        'one of the answer to a message': [{ accepted: true, missing: 0 }, 'bad_message'],
        'the version, which an answer has not': [{ accepted: true, v: 1 }, 'bad_message'],
      },
      'a field that is only inherited': inheritedFields(form),
      'what is no confirmation': {
        null: [confirmed(null), 'bad_message'],
        false: [confirmed(false), 'bad_message'],
        'a string': [confirmed(digits(48)), 'bad_message'],
        'an array': [confirmed([digits(16), digits(32)]), 'bad_message'],
        'no tag': [confirmed({ session: digits(16) }), 'bad_message'],
        'no session': [confirmed({ tag: digits(32) }), 'bad_message'],
        'a field more': [confirmed({ ...confirmForm(), extra: 1 }), 'bad_message'],
        'a field `__proto__` more': [
          confirmed(JSON.parse(`{"session":"${digits(16)}","tag":"${digits(32)}","__proto__":{}}`)),
          'bad_message',
        ],
      },
      'any other form of the session id': badHex(
        'confirm.session',
        (session) => confirmed({ ...confirmForm(), session }),
        16,
      ),
      'any other form of the tag': badHex(
        'confirm.tag',
        (tag) => confirmed({ ...confirmForm(), tag }),
        32,
      ),
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
      { numRuns: 100 * TIMES },
    )
  })

  it('has exactly the fields of the protocol, bytes as lower-case hex', () => {
    const message = {
      session: new Uint8Array(16).fill(0xab),
      seq: 7,
      ciphertext: new Uint8Array(17).fill(0xcd),
    }
    assert.deepEqual(encodeMessage(message), {
      v: 2,
      session: 'ab'.repeat(16),
      seq: 7,
      ciphertext: 'cd'.repeat(17),
    })
  })

  it('may have a ciphertext of 16 bytes up to 16 KiB + 16', () => {
    for (const length of [16, 17, MAX_BYTES - 1, MAX_BYTES]) {
      const { ciphertext } = parseMessage({ ...form, ciphertext: digits(length) })
      assert.equal(ciphertext.length, length)
    }
  })

  it('may have any safe integer from 0 on as its sequence number', () => {
    for (const seq of [0, 1, 2 ** 20, 2 ** 32, 2 ** 53 - 1])
      assert.equal(parseMessage({ ...form, seq }).seq, seq)
  })

  const wrongSequences: Table = {}
  for (const seq of [
    ...['-1', '-9007199254740991', '1.5', '0.1', '1e-7', '9007199254740992', '1e16', '1e400'],
    ...['"0"', '"1"', '""', 'true', '[0]'],
  ]) {
    const body = JSON.parse(JSON.stringify(form).replace('"seq":0', `"seq":${seq}`))
    wrongSequences[seq] = [body, 'bad_message']
  }
  refusesAll(parseMessage, {
    'what is no message': {
      ...notForms(form),
      'a key message': [keyForm(SUITES.X25519), 'bad_message'],
    },
    'a field that is missing or of a wrong type': wrongFields(form, {
      session: 'string',
      seq: 'number',
      ciphertext: 'string',
    }),
    'a sequence number that is negative, a fraction, too great or no number': wrongSequences,
    'an unknown field': unknownFields(form),
    'a field that is only inherited': inheritedFields(form),
    'another version, whatever else is wrong': otherVersions(form),
    'a version that is no number': noVersions(form),
    'any other form of the session id': badHex('session', (session) => ({ ...form, session }), 16),
    'any other form of the ciphertext': {
      ...badHex('ciphertext', (ciphertext) => ({ ...form, ciphertext }), 16, MAX_BYTES),
      '15 bytes': [{ ...form, ciphertext: digits(15) }, 'bad_encoding'],
      '16 KiB + 17 bytes': [{ ...form, ciphertext: digits(MAX_BYTES + 1) }, 'bad_encoding'],
    },
    'the first of several faults: version, shape, encoding': {
      'version, shape': [{ ...form, v: 1, unknown: 1 }, 'bad_version'],
      'sequence number, encoding': [{ ...form, session: 'x', seq: -1 }, 'bad_message'],
      'an unknown field, encoding': [{ ...form, session: 'x', x: 1 }, 'bad_message'],
    },
  })
})

describe('an answer to a sealed message', () => {
  it('says how many are missing, in a whole number', () => {
    for (const missing of [0, 1, Number.MAX_SAFE_INTEGER])
      assert.deepEqual(parseMessageAnswer({ accepted: true, missing }), { accepted: true, missing })
  })

  const form = { accepted: true, missing: 0 }
  refusesAll(parseMessageAnswer, {
    'what is no such answer': notForms(form),
    'a wrong field': wrongFields(form, { accepted: 'boolean', missing: 'number' }),
    'another field': unknownFields(form),
    'a number that is none': {
      'below 0': [{ ...form, missing: -1 }, 'bad_message'],
      'a half': [{ ...form, missing: 0.5 }, 'bad_message'],
      'too large': [{ ...form, missing: 2 ** 53 }, 'bad_message'],
      'not accepted': [{ ...form, accepted: false }, 'bad_message'],
    },
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
  const confirm = {
    ...confirmForm(),
    ...(suite.kem && { ciphertext: digits(suite.kem.ciphertextBytes) }),
  }
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
        { numRuns: 100 * TIMES },
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
        { numRuns: 100 * TIMES },
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
        if ('confirm' in form) quotesNothing(set('confirm', { ...confirmForm(), [name]: 1 }))
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
