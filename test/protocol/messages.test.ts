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
  type SealedMessage,
} from '../../src/protocol/messages.ts'
import { publicKeyBytes, SUITES } from '../../src/protocol/suites.ts'
import { badForms, manyFaults, type Refused, stranger, wrongForms } from '../helpers/bad-input.ts'
import { bodyValue, REASON, refuses } from '../helpers/refuses.ts'
import { toHex } from '../helpers/vectors.ts'
import { type Json, type KeyForm, keyForm } from '../independent/forms.ts'
import { INDEPENDENT_SUITES } from '../independent/suites.ts'

const numRuns = process.env['SLOW'] === '1' ? 1000 : 100

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
/** So many bytes, with letters in their hex. */
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

const SEALED: SealedMessage = {
  session: filled(16, 0xab),
  seq: 7,
  ciphertext: filled(17, 0xcd),
}
const SEALED_FORM = { v: 2, session: 'ab'.repeat(16), seq: 7, ciphertext: 'cd'.repeat(17) }
const MAX_BYTES = 16 * 1024 + 16
const VERSIONS: Refused[] = [0, 1, 3, -1, 2.5, 2 ** 53, 1e300].flatMap((v) => [
  ['bad_version', `version ${v}`, { ...SEALED_FORM, v }],
  ['bad_version', `version ${v}, and nothing else right`, { v, x: [] }],
])

const HYBRID_CONFIRM = {
  session: 'ef'.repeat(16),
  tag: '01'.repeat(32),
  ciphertext: 'fe'.repeat(1088),
}
/** The codes by which a parser refuses; others need a peer's state. */
const CODES = ['bad_message', 'bad_version', 'curve_mismatch', 'bad_encoding', 'bad_base_point']

const KINDS: Record<string, Kind> = {
  'a sealed message': {
    parse: parseMessage,
    encode: encodeMessage,
    value: SEALED,
    form: SEALED_FORM,
    values: fc
      .tuple(bytes(16), fc.maxSafeNat(), fc.uint8Array({ minLength: 16, maxLength: 300 }))
      .map(([session, seq, ciphertext]) => ({ session, seq, ciphertext })),
    refused: [
      ...wrongForms(SEALED_FORM, {
        ...{ v: 'number', session: [16], seq: 'number', ciphertext: [16, MAX_BYTES] },
      }),
      ...VERSIONS,
      ...[
        ...['-0', '-1', '-9007199254740991', '1.5', '1e-7', '9007199254740992', '1e16', '1e400'],
        ...['"0"', '"1"', '""', 'true', '[0]'],
      ].map(
        (seq): Refused => [
          ...(['bad_message', `seq ${seq}`] as const),
          JSON.stringify(SEALED_FORM).replace('"seq":7', `"seq":${seq}`),
        ],
      ),
      ['bad_version', 'its version first', { ...SEALED_FORM, v: 1, x: 1 }],
      ['bad_message', 'a number before bytes', { ...SEALED_FORM, seq: -1, session: 'x' }],
      ['bad_message', 'a field more before bytes', { ...SEALED_FORM, x: 1, session: 'x' }],
    ],
  },
  'an answer to a sealed message': {
    parse: parseMessageAnswer,
    encode: (answer) => answer,
    value: { accepted: true, missing: 3 },
    form: { accepted: true, missing: 3 },
    values: fc.maxSafeNat().map((missing) => ({ accepted: true, missing })),
    refused: [
      ...wrongForms({ accepted: true, missing: 3 }, { accepted: 'boolean', missing: 'number' }),
      ...[-1, 0.5, 2 ** 53].map(
        (missing): Refused => ['bad_message', `${missing}`, { accepted: true, missing }],
      ),
      ['bad_message', 'not accepted', { accepted: false, missing: 3 }],
    ],
  },
}

for (const suite of Object.values(SUITES)) {
  const { name, curve, kem } = suite
  const [point, whole] = [curve.pointBytes, publicKeyBytes(suite)]
  const confirm: Confirm = {
    ...{ session: filled(16, 0xef), tag: filled(32, 1) },
    ...(kem && { ciphertext: filled(1088, 0xfe) }),
  }
  const { ciphertext: _, ...alone } = HYBRID_CONFIRM
  const confirmForm = kem ? HYBRID_CONFIRM : alone
  // with a ciphertext and without, on a suite that has one
  const confirms = fc.record(
    { session: bytes(16), tag: bytes(32), ...(kem && { ciphertext: bytes(1088) }) },
    { requiredKeys: ['session', 'tag'], noNullPrototype: true },
  )
  const wrongConfirms = (form: Json): Refused[] => {
    const rows = wrongForms(confirmForm, {
      ...{ session: [16], tag: [32] },
      ...(kem && { 'ciphertext?': [1088] }),
    })
    if (!kem)
      for (const changes of [{}, { ciphertext: '' }, { ciphertext: 'x', tag: 'x' }])
        rows.push(['bad_message', 'a ciphertext', { ...HYBRID_CONFIRM, ...changes }])
    return rows.map(([code, what, confirm]) => [
      code,
      `confirm.${what}`,
      { ...form, confirm: bodyValue(confirm) },
    ])
  }

  const form = {
    ...{ v: 2, curve: name, basePoint: toHex(curve.basePoint) },
    ...{ identity: 'ab'.repeat(point), publicKey: 'cd'.repeat(whole) },
  }
  const theirs = INDEPENDENT_SUITES.find((one) => one.name === name) ?? assert.fail(name)
  const genuine: KeyForm = { ...keyForm(theirs, stranger(theirs)), confirm: confirmForm }
  const nobody = stranger(theirs)
  KINDS[`a key message on ${name}`] = {
    parse: (body) => parseKeyMessage(suite, body),
    encode: (message: KeyMessage) => encodeKeyMessage(suite, message),
    value: { share: { identity: filled(point, 0xab), publicKey: filled(whole, 0xcd) }, confirm },
    form: { ...form, confirm: confirmForm },
    values: fc.record(
      {
        share: fc.record(
          { identity: bytes(point), publicKey: bytes(whole) },
          { noNullPrototype: true },
        ),
        confirm: confirms,
      },
      { requiredKeys: ['share'], noNullPrototype: true },
    ),
    refused: [
      ...badForms(theirs, genuine),
      ...manyFaults(theirs, genuine, nobody.publicKey, nobody),
      ...wrongForms(form, {
        ...{ v: 'number', curve: 'string' },
        ...{ basePoint: [point], identity: [point], publicKey: [whole] },
      }),
      ...wrongConfirms(form),
      ...VERSIONS.map(
        ([code, what, body]): Refused => [code, what, { ...form, ...(body as Json) }],
      ),
    ].filter(([code]) => CODES.includes(code)),
  }
  KINDS[`an answer to a key message on ${name}`] = {
    parse: (body) => parseAnswer(suite, body),
    encode: (answer: Confirm | undefined) => encodeAnswer(answer),
    value: confirm,
    form: { accepted: true, confirm: confirmForm },
    values: fc.option(confirms, { nil: undefined }),
    refused: [
      ...wrongForms({ accepted: true }, { accepted: 'boolean' }),
      ...wrongConfirms({ accepted: true }),
      ...Object.entries({
        'not accepted': { accepted: false },
        'a refusal': { status: 400, code: 'bad_point' },
        'the answer to a message': { accepted: true, missing: 0 },
        'a version': { accepted: true, v: 2 },
      }).map(([what, body]): Refused => ['bad_message', what, body]),
    ],
  }
}

/** Parses, and gives the refusal or null; fails on an error that is no refusal. */
function refusalOf({ parse }: Kind, body: unknown): DuetError | null {
  try {
    parse(bodyValue(body))
    return null
  } catch (error) {
    assert.ok(error instanceof DuetError, inspect(error))
    return error
  }
}

for (const [what, kind] of Object.entries(KINDS)) {
  const { parse, encode, value, form, values, refused } = kind
  const outer = Object.keys(form)
  const inner = Object.keys(form['confirm'] ?? {}).map((name) => `confirm.${name}`)
  const fields = [...outer, ...inner]
  /** The form with this in the place of a field, of its own or of its confirmation. */
  const changed = (field: string, value: unknown): Json => {
    const [name = '', inside] = field.split('.')
    return { ...form, [name]: inside ? { ...(form[name] as Json), [inside]: value } : value }
  }

  describe(what, () => {
    it('has exactly the fields of the protocol, bytes as lower-case hex, in any order', () => {
      assert.deepEqual(wired(encode(value as never)), form)
      assert.deepEqual(parse(Object.fromEntries(Object.entries(form).reverse())), value)
    })

    it('is the same after it was encoded and parsed', () => {
      fc.assert(
        fc.property(values, (value) => {
          assert.deepEqual(parse(wired(encode(value as never))), value)
        }),
        { numRuns },
      )
    })

    it('is refused in any other form, with a reason', () => {
      for (const [code, title, body] of refused) {
        const refusal = refusalOf(kind, body)
        assert.equal(refusal?.code ?? 'taken', code, title)
        const reason = refusal?.message ?? ''
        assert.match(reason, REASON, title)
        const [field = ''] = title.split(' ')
        if (code === 'bad_encoding' && fields.includes(field))
          assert.ok(reason.startsWith(`\`${field}\` `), `${title}: ${reason}`)
      }
    })

    it('is refused where it is any JSON, with a code of the protocol: nothing else is ever thrown', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (body) => {
          assert.ok(CODES.includes(refusalOf(kind, wired(body))?.code ?? 'taken'))
        }),
        { numRuns },
      )
    })

    it('is refused with any JSON in the place of a field, or has one form: that which it had', () => {
      fc.assert(
        fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
          const body = wired(changed(field, value))
          const before = JSON.stringify(body)
          const refusal = refusalOf(kind, body)
          assert.equal(JSON.stringify(body), before)
          if (refusal === null) assert.deepEqual(wired(encode(parse(body) as never)), body)
          else assert.ok(CODES.includes(refusal.code))
        }),
        { numRuns },
      )
    })

    it('is refused without a word that came from outside', () => {
      const MARK = 'zQ7-from-outside'
      const NUMBER = 8675309
      const bodies: unknown[] = [JSON.stringify(MARK), [MARK], NUMBER]
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
        const error = refusalOf(kind, body)
        assert.ok(error)
        for (const text of [error.stack ?? '', inspect(error, { depth: 9, showHidden: true })])
          assert.ok(!text.includes('from-outside') && !text.includes(`${NUMBER}`), text)
      }
    })
  })
}

describe('a sealed message', () => {
  it('may have a ciphertext of 16 bytes up to 16 KiB + 16, and any safe integer as its number', () => {
    for (const length of [16, 17, MAX_BYTES - 1, MAX_BYTES]) {
      const { ciphertext } = parseMessage({ ...SEALED_FORM, ciphertext: 'cd'.repeat(length) })
      assert.equal(ciphertext.length, length)
    }
    for (const seq of [0, 1, 2 ** 20, 2 ** 32, 2 ** 53 - 1])
      assert.equal(parseMessage({ ...SEALED_FORM, seq }).seq, seq)
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
      parseMessage({ ...SEALED_FORM, ciphertext: 'a'.repeat(33) }),
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
    const room = Object.values(SUITES).map((suite) => [suite.name, maxKeyMessageBytes(suite)])
    assert.deepEqual(room, [
      ['X25519', 4096],
      ['P-256', 4096],
      ['X25519MLKEM768', 8192],
    ])
  })
})
