/** The wire forms: what parses, what is refused, with which code and in which order. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { DuetError } from '../../src/protocol/errors.ts'
import {
  type Confirm,
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  type KeyMessage,
  maxKeyMessageBytes,
  parseAnswer,
  parseKeyMessage,
  parseMessage,
  parseMessageAnswer,
} from '../../src/protocol/messages.ts'
import { publicKeyBytes, SUITES } from '../../src/protocol/suites.ts'
import {
  badConfirms,
  badForms,
  badMessages,
  manyFaults,
  type Refused,
  stranger,
  wrongForms,
} from '../helpers/bad-input.ts'
import { bodyValue, REASON, refuses } from '../helpers/refuses.ts'
import { toHex } from '../helpers/vectors.ts'
import { confirmsOn, keyMessagesOn, sealedMessages } from '../helpers/wire-values.ts'
import { confirmForm, type Json, keyForm, messageForm } from '../independent/forms.ts'
import { Session } from '../independent/session.ts'
import { ephemeralKeys, INDEPENDENT_SUITES, keyPair, type Suite } from '../independent/suites.ts'

const numRuns = process.env['SLOW'] === '1' ? 1000 : 100
const MAX_BYTES = 16 * 1024 + 16
/** The codes by which a parser refuses; others need a peer's state. */
const CODES = ['bad_message', 'bad_version', 'curve_mismatch', 'bad_encoding', 'bad_base_point']

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte)
/** What the wire makes of a value. */
const wired = (value: unknown) => JSON.parse(JSON.stringify(value))

/** One of the wire forms. */
interface Kind {
  readonly parse: (body: unknown) => unknown
  readonly encode: (value: never) => unknown
  /** A value, and its form on the wire. */
  readonly value: unknown
  readonly form: Json
  readonly values: fc.Arbitrary<unknown>
  readonly refused: readonly Refused[]
}
const KINDS: Record<string, Kind> = {}

/** A session of another implementation with somebody. */
const senderOn = (suite: Suite) =>
  new Session(suite, keyPair(suite.curve), ephemeralKeys(suite), stranger(suite))

for (const theirs of INDEPENDENT_SUITES) {
  const suite = Object.values(SUITES).find(({ name }) => name === theirs.name) ?? assert.fail()
  const { name, curve, kem } = suite
  const [point, whole] = [curve.pointBytes, publicKeyBytes(suite)]
  const sender = senderOn(theirs)
  const genuine = keyForm(theirs, sender.own, sender.confirm)
  const answer = { accepted: true, ...confirmForm(sender.confirm) }
  const confirm: Confirm = {
    ...{ session: filled(16, 0xef), tag: filled(32, 1) },
    ...(kem && { ciphertext: filled(1088, 0xfe) }),
  }
  const confirmed = {
    session: 'ef'.repeat(16),
    tag: '01'.repeat(32),
    ...(kem && { ciphertext: 'fe'.repeat(1088) }),
  }
  KINDS[`a key message on ${name}`] = {
    parse: (body) => parseKeyMessage(suite, body),
    encode: (message: KeyMessage) => encodeKeyMessage(suite, message),
    value: { share: { identity: filled(point, 0xab), publicKey: filled(whole, 0xcd) }, confirm },
    form: {
      ...{ v: 2, curve: name, basePoint: toHex(curve.basePoint) },
      ...{ identity: 'ab'.repeat(point), publicKey: 'cd'.repeat(whole), confirm: confirmed },
    },
    values: keyMessagesOn(suite),
    refused: [
      ...badForms(theirs, genuine),
      ...badConfirms(theirs, genuine, sender),
      ...manyFaults(theirs, genuine, sender.theirs.publicKey, sender.theirs),
      ...wrongForms(genuine, {
        ...{ v: 'number', curve: 'string' },
        ...{ basePoint: [point], identity: [point], publicKey: [whole] },
      }),
      ...[`${name} `, 'constructor', '__proto__'].map(
        (curve): Refused => ['curve_mismatch', `a curve ${curve}`, { ...genuine, curve }],
      ),
      ['bad_base_point', 'zeros', { ...genuine, basePoint: '00'.repeat(point) }],
      ['bad_encoding', 'far too long', { ...genuine, publicKey: 'ab'.repeat(10_000) }],
    ],
  }
  KINDS[`an answer to a key message on ${name}`] = {
    parse: (body) => parseAnswer(suite, body),
    encode: (answer: Confirm | undefined) => encodeAnswer(answer),
    value: confirm,
    form: { accepted: true, confirm: confirmed },
    values: fc.option(confirmsOn(suite), { nil: undefined }),
    refused: [
      ...wrongForms(answer, { accepted: 'boolean' }),
      ...badConfirms(theirs, answer, sender),
      ['bad_message', 'not accepted', { ...answer, accepted: false }],
      ['bad_message', 'a refusal', { status: 400, code: 'bad_point' }],
      ['bad_message', 'the answer to a message', { accepted: true, missing: 0 }],
      ['bad_message', 'a version', { accepted: true, v: 2 }],
    ],
  }
}

const sender = senderOn(INDEPENDENT_SUITES[0] ?? assert.fail())
const [taken, next] = ['taken', 'next'].map((text) => messageForm(sender.seal(Buffer.from(text))))
KINDS['a sealed message'] = {
  parse: parseMessage,
  encode: encodeMessage,
  value: { session: filled(16, 0xab), seq: 7, ciphertext: filled(17, 0xcd) },
  form: { v: 2, session: 'ab'.repeat(16), seq: 7, ciphertext: 'cd'.repeat(17) },
  values: sealedMessages,
  refused: badMessages(sender, next ?? assert.fail(), taken ?? assert.fail()),
}
const missing = (missing: unknown) => ({ accepted: true, missing })
KINDS['an answer to a sealed message'] = {
  parse: parseMessageAnswer,
  encode: (answer) => answer,
  value: missing(3),
  form: missing(3),
  values: fc.maxSafeNat().map(missing),
  refused: [
    ...wrongForms(missing(3), { accepted: 'boolean', missing: 'number' }),
    ...[-1, 0.5, 2 ** 53].map((n): Refused => ['bad_message', `${n} missing`, missing(n)]),
    ['bad_message', 'not accepted', { accepted: false, missing: 3 }],
  ],
}

/** The refusal, or null if there is none; fails on an error that is no refusal. */
function refusalOf(parsing: () => unknown): DuetError | null {
  try {
    parsing()
    return null
  } catch (error) {
    assert.ok(error instanceof DuetError, inspect(error))
    return error
  }
}

for (const [what, { parse, encode, value, form, values, refused }] of Object.entries(KINDS)) {
  const outer = Object.keys(form)
  const inner = Object.keys(form['confirm'] ?? {}).map((name) => `confirm.${name}`)
  const fields = [...outer, ...inner]
  /** The form with this in the place of a field, of its own or of its confirmation. */
  const changed = (field: string, value: unknown): Json => {
    const [name = '', inside] = field.split('.')
    return { ...form, [name]: inside ? { ...(form[name] as Json), [inside]: value } : value }
  }

  describe(what, () => {
    it('has exactly the fields of the protocol, bytes as lower-case hex, in any order, and is parsed from them', () => {
      assert.deepEqual(wired(encode(value as never)), form)
      assert.deepEqual(parse(Object.fromEntries(Object.entries(form).reverse())), value)
      fc.assert(
        fc.property(values, (value) => {
          assert.deepEqual(parse(wired(encode(value as never))), value)
        }),
        { numRuns },
      )
    })

    it('is refused in any other form, with a reason', () => {
      for (const [code, title, body] of refused) {
        // bytes that are no text come to no parser
        if (!CODES.includes(code) || body instanceof Uint8Array) continue
        const refusal = refusalOf(() => parse(bodyValue(body)))
        assert.equal(refusal?.code ?? 'taken', code, title)
        const reason = refusal?.message ?? ''
        assert.match(reason, REASON, title)
        const [field = ''] = title.split(' ')
        if (code === 'bad_encoding' && fields.includes(field))
          assert.ok(reason.startsWith(`\`${field}\` `), `${title}: ${reason}`)
      }
    })

    it("is refused with any JSON in its place or a field's, or has one form: that which it had", () => {
      const place = fc.constantFrom('', ...fields)
      fc.assert(
        fc.property(place, fc.jsonValue(), (field, value) => {
          const body = wired(field === '' ? value : changed(field, value))
          const before = JSON.stringify(body)
          const refusal = refusalOf(() => parse(body))
          assert.equal(JSON.stringify(body), before)
          if (refusal === null) assert.deepEqual(wired(encode(parse(body) as never)), body)
          else assert.ok(CODES.includes(refusal.code))
        }),
        { numRuns: 2 * numRuns },
      )
    })

    it('is refused without a word that came from outside', () => {
      const MARK = 'zQ7-from-outside'
      const NUMBER = 8675309
      const bodies: unknown[] = [MARK, [MARK], NUMBER]
      for (const name of [MARK, `confirm.${MARK}`, `v.${MARK}`, `\u001b[31m${MARK}`]) {
        bodies.push({ ...form, [name]: 1 }, { [name]: 1 })
        if (inner.length > 0) bodies.push(changed(`confirm.${name}`, 1))
      }
      const values = [MARK, `${MARK}\n`, [MARK], { [MARK]: MARK }, -NUMBER, NUMBER + 0.5]
      // and one of the right length
      for (const field of fields)
        for (const value of [
          ...values,
          ...[64, 32, 34, 2176].map((length) => MARK.padEnd(length, 'a')),
        ])
          bodies.push(changed(field, value))
      if ('v' in form) bodies.push({ ...form, v: NUMBER })
      for (const body of bodies) {
        const error = refusalOf(() => parse(body))
        assert.ok(error)
        for (const text of [error.stack ?? '', inspect(error, { depth: 9, showHidden: true })])
          assert.ok(!text.includes('from-outside') && !text.includes(`${NUMBER}`), text)
      }
    })
  })
}

describe('a sealed message', () => {
  it('may have a ciphertext of 16 bytes up to 16 KiB + 16, and any safe integer as its number', () => {
    const { form } = KINDS['a sealed message'] ?? assert.fail()
    for (const length of [16, 17, MAX_BYTES - 1, MAX_BYTES]) {
      const { ciphertext } = parseMessage({ ...form, ciphertext: 'cd'.repeat(length) })
      assert.equal(ciphertext.length, length)
    }
    for (const seq of [0, 1, 2 ** 20, 2 ** 32, 2 ** 53 - 1])
      assert.equal(parseMessage({ ...form, seq }).seq, seq)
  })
})

describe('a key message', () => {
  const { form } = KINDS['a key message on X25519'] ?? assert.fail()
  const parse = (body: unknown) => parseKeyMessage(SUITES.X25519, body)

  it('names the field that is missing, or not as the protocol has it, and no other', () => {
    const confirm = { session: '', tag: '' }
    const { identity, ...rest } = form
    for (const [body, said] of [
      [{ ...form, publicKey: 5 }, 'needs `publicKey`'],
      [rest, 'lacks `identity`'],
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
    }
  })

  it('names the field that is wrongly encoded, and says which digits were expected', () => {
    for (const [identity, said] of [
      ['ab', '`identity` has 2 characters; expected 64 hex digits.'],
      ['AB'.repeat(32), '`identity` is not in lower-case hex.'],
    ])
      assert.equal(refuses('bad_encoding', () => parse({ ...form, identity })).message, said)
    const short = refuses('bad_encoding', () =>
      parseMessage({ ...KINDS['a sealed message']?.form, ciphertext: 'a'.repeat(33) }),
    )
    assert.match(
      short.message,
      /^`ciphertext` has 33 .+ an even number from 32 to 32800 hex digits\.$/,
    )
  })

  it('is parsed before its points are looked at', () => {
    parse({ ...form, identity: '00'.repeat(32), publicKey: 'ff'.repeat(32) })
  })

  it('has room in 4,096 bytes, and in 8,192 on a suite with a KEM', () => {
    for (const suite of Object.values(SUITES))
      assert.equal(maxKeyMessageBytes(suite), suite.kem ? 8192 : 4096, suite.name)
  })
})
