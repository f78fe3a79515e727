/** The annotations of the wire: that they join to the bytes, miss no field, and name what they say. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { concatBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import {
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  MAX_TEXT_BYTES,
} from '../../src/protocol/messages.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import {
  type Annotated,
  annotatedBytes,
  annotatedJson,
  type Part,
} from '../../src/wirelog/annotate.ts'
import { formsOf } from '../../src/wirelog/forms.ts'
import { hex } from '../helpers/vectors.ts'
import { confirmsOn, keyMessagesOn, sealedMessages } from '../helpers/wire-values.ts'

const specification = fs.readFileSync(
  path.resolve(import.meta.dirname, '../../src/protocol/README.md'),
  'utf8',
)
const numRuns = process.env['SLOW'] ? 2000 : 200

const forms = formsOf(SUITES.X25519)
const hybrid = formsOf(SUITES.X25519MLKEM768)
const NOTE = { en: 'It is this.', es: 'Es esto.', source: 'here' }
const anyText = annotatedJson(v.strictObject({ name: v.string() }), { name: NOTE })

const cut = (form: Annotated, value: object) => form.cut(utf8ToBytes(JSON.stringify(value)))

/** What the parts of a body hold together. */
function joined(parts: readonly Part[] | null): Uint8Array {
  assert.ok(parts)
  return concatBytes(
    ...parts.map((part) => ('text' in part ? utf8ToBytes(part.text) : hex(part.hex))),
  )
}

/** The content of each field. */
function fieldsOf(parts: readonly Part[] | null): Record<string, string> {
  assert.ok(parts)
  const fields = parts.flatMap((part) =>
    part.field === undefined ? [] : [[part.field, 'text' in part ? part.text : part.hex]],
  )
  return Object.fromEntries(fields)
}

const number = fc.maxSafeNat()
const accepted = fc.constant(true)
const words = fc.record({ title: fc.string(), detail: fc.string(), next: fc.string() })

/** Each form in JSON, with random values, complete and with what may be left out. */
const FORMS: Record<string, [form: Annotated, values: fc.Arbitrary<object>]> = {
  'sealed message': [forms['sealed message'], sealedMessages.map(encodeMessage)],
  'answer to a sealed message': [
    forms['answer to a sealed message'],
    fc.record({ accepted, missing: number }),
  ],
  'answer to a picture': [forms['answer to a picture'], fc.record({ accepted, bytes: number })],
  refusal: [forms.refusal, words.map((words) => ({ status: 409, code: 'replay', ...words }))],
}
for (const suite of Object.values(SUITES)) {
  const { 'key message': keys, 'answer to a key message': answer } = formsOf(suite)
  const messages = keyMessagesOn(suite).map((message) => encodeKeyMessage(suite, message))
  const answers = fc.option(confirmsOn(suite), { nil: undefined }).map(encodeAnswer)
  FORMS[`key message on ${suite.name}`] = [keys, messages]
  FORMS[`answer to a key message on ${suite.name}`] = [answer, answers]
}

/** The same value written in another way: other blanks, another order, names with escapes. */
const writing = fc.record({
  indent: fc.constantFrom('', ' ', '\t'),
  reverse: fc.boolean(),
  escaped: fc.boolean(),
  end: fc.constantFrom('', '\n'),
})
type Writing = typeof writing extends fc.Arbitrary<infer T> ? T : never
function written(value: object, { indent, reverse, escaped, end }: Writing): string {
  const turned = (inner: unknown): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner
    const entries = Object.entries(inner).map(([name, deeper]) => [name, turned(deeper)])
    return Object.fromEntries(reverse ? entries.reverse() : entries)
  }
  const text = JSON.stringify(turned(value), null, indent) + end
  if (!escaped) return text
  return text.replace(
    /"[a-z](?=[a-z_]*":)/gi,
    (begin) => `"\\u00${begin.charCodeAt(1).toString(16)}`,
  )
}

/** Every value of a form, as JSON has it without quotes, with its path. */
function leavesOf(value: object, outer = ''): [string, string][] {
  return Object.entries(value).flatMap(([name, inner]): [string, string][] =>
    typeof inner === 'object'
      ? leavesOf(inner, `${outer}${name}.`)
      : [[outer + name, JSON.stringify(inner).replace(/^"|"$/g, '')]],
  )
}

describe('the annotations of a body', () => {
  for (const [name, [form, values]] of Object.entries(FORMS)) {
    it(`join to exactly what came, however it is written, and name each field: ${name}`, () => {
      fc.assert(
        fc.property(values, writing, (value, how) => {
          const body = utf8ToBytes(written(value, how))
          const parts = form.cut(body)
          assert.deepEqual(joined(parts), body)
          const found = fieldsOf(parts)
          for (const field of Object.keys(found)) assert.ok(form.fields[field], field)
          // two values are shown in two parts, and an empty part is none
          const { tag, x25519, ...whole } = found
          if (tag !== undefined) whole['ciphertext'] = (whole['ciphertext'] ?? '') + tag
          if ('publicKey' in value) whole['publicKey'] = (whole['publicKey'] ?? '') + (x25519 ?? '')
          assert.deepEqual(whole, Object.fromEntries(leavesOf(value)))
        }),
        { numRuns },
      )
    })

    it(`are none for what is something else, whatever it is: ${name}`, () => {
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8ToBytes)), (body) => {
          assert.equal(form.cut(body), null)
        }),
        { numRuns },
      )
      fc.assert(
        fc.property(values, fc.string({ minLength: 1 }), (value, name) => {
          fc.pre(!(name in value) && name !== 'confirm')
          assert.equal(cut(form, { ...value, [name]: 1 }), null)
        }),
        { numRuns },
      )
    })
  }

  const message = { v: 2, session: 'cd', seq: 0, ciphertext: 'ab'.repeat(20) }
  const keyMessage = {
    ...{ v: 2, curve: 'X25519', basePoint: '', identity: '', publicKey: '' },
    confirm: { session: 'ab', tag: 'cd' },
  }
  const refusal = { status: 409, code: 'replay', title: '', detail: '', next: '' }

  it('are none where a text could stand that is no value of a field', () => {
    const [sealed, keys, problem] = [message, keyMessage, refusal].map((form) =>
      JSON.stringify(form),
    )
    const twice = ['"Meet me"', '["Meet me"]', '{"session":{"a":"Meet me"}}', '7'].flatMap(
      (first) =>
        ['confirm', 'session'].map((name) => keys?.replace(`"${name}":`, `"${name}":${first},$&`)),
    )
    for (const [name, good, others] of [
      // a name that comes twice
      ['sealed message', sealed, [sealed?.replace('"v":2', `${'"v":2,'.repeat(5000)}"v":2`)]],
      ['key message', keys, twice],
      // a text in the place of bytes, of a curve's name or of a code, and capitals
      [
        'sealed message',
        sealed,
        [/(?<=:")ab+/, /(?<=:")cd/].map((hex) => sealed?.replace(hex, 'Meet')),
      ],
      ['sealed message', sealed, [sealed?.replace('cd', 'CD'), sealed?.replace('cd', '\\u0043d')]],
      ['key message', keys, [keys?.replace('X25519', 'Meet me'), keys?.replace('cd', 'CD')]],
      ['refusal', problem, [problem?.replace('replay', 'Meet me')]],
      // a byte order mark
      ['sealed message', sealed, [`\ufeff${sealed}`]],
    ] as const) {
      assert.ok(forms[name].cut(utf8ToBytes(good ?? '')))
      for (const other of others)
        assert.equal(forms[name].cut(utf8ToBytes(other ?? '')), null, other)
    }
    const confirm = { session: '', tag: '', ciphertext: 'AB' }
    assert.equal(cut(hybrid['answer to a key message'], { accepted: true, confirm }), null)
  })

  it('are none for what is no UTF-8', () => {
    assert.ok(anyText.cut(utf8ToBytes('{"name":"é"}')))
    assert.equal(anyText.cut(Buffer.from('{"name":"é"}', 'latin1')), null)
  })

  it('are those of bytes that are written with escapes, which JSON reads as the same', () => {
    const text = JSON.stringify(message)
    const body = utf8ToBytes(text.replace('"ab', '"\\u0061b').replace('"cd"', '"\\u0063d"'))
    const parts = forms['sealed message'].cut(body)
    assert.deepEqual(joined(parts), body)
    assert.deepEqual(fieldsOf(parts), {
      ...{ v: '2', session: '\\u0063d', seq: '0' },
      ciphertext: `\\u0061b${'ab'.repeat(19)}`,
    })
  })

  it('tell the tag from the text, of the longest message too, and are the tag alone without one', () => {
    const ofLength = (length: number) =>
      fieldsOf(cut(forms['sealed message'], { ...message, ciphertext: 'ab'.repeat(length) }))
    const others = { v: '2', session: 'cd', seq: '0' }
    const tag = 'ab'.repeat(16)
    assert.deepEqual(ofLength(MAX_TEXT_BYTES + 16), {
      ...{ ...others, tag },
      ciphertext: 'ab'.repeat(MAX_TEXT_BYTES),
    })
    assert.deepEqual(ofLength(16), { ...others, tag })
    assert.deepEqual(ofLength(15), { ...others, ciphertext: 'ab'.repeat(15) })
  })

  it('tell the two halves of a public key apart on X25519MLKEM768: the point is the last 32 bytes', () => {
    const [key, point] = ['ab'.repeat(1184), 'cd'.repeat(32)]
    for (const [publicKey, ...expected] of [
      [key + point, key, point],
      [point, undefined, point],
      [point.slice(2), point.slice(2), undefined],
    ]) {
      const found = fieldsOf(cut(hybrid['key message'], { ...keyMessage, publicKey }))
      assert.deepEqual([found['publicKey'], found['x25519']], expected)
    }
  })

  it("join to a picture's header, and to nothing that only stands in its place", () => {
    const form = forms['picture header']
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), (rest) => {
        const header = concatBytes(utf8ToBytes('DUET2'), rest)
        assert.deepEqual(joined(form.cut(header)), header)
        for (const other of [header.subarray(1), concatBytes(header, rest), header.toReversed()])
          assert.equal(form.cut(other), null)
      }),
      { numRuns },
    )
    const [session, number] = ['01'.repeat(16), '02'.repeat(8)]
    const magic = '4455455432'
    assert.deepEqual(fieldsOf(form.cut(hex(magic + session + number))), { magic, session, number })
  })
})

describe('the note of a field', () => {
  for (const suite of Object.values(SUITES))
    it(`says what it is for, with its standard or the chapter of duet/2, on ${suite.name}`, () => {
      for (const [name, form] of Object.entries(formsOf(suite)))
        for (const [field, { en, es, source, hex }] of Object.entries(form.fields)) {
          const what = `${name}, ${field}`
          for (const sentence of [en, es]) assert.match(sentence, /^[A-Z].+\.$/, what)
          assert.notEqual(es, en)
          assert.match(
            source,
            /^((RFC|FIPS) \d+ section \d|The Double Ratchet Algorithm, section \d|duet\/2, [A-Z])/,
            what,
          )
          // a reader of the bytes is told which of them JSON has in hex
          const isText = ['v', 'curve', 'seq', 'accepted', 'missing', 'bytes'].includes(field)
          if (name !== 'picture header' && name !== 'refusal')
            assert.equal(hex, isText ? undefined : true, what)
          for (const [, chapter] of source.matchAll(/duet\/2, ([^;]+)/g))
            assert.match(specification, new RegExp(`^## ${chapter}$`, 'm'), what)
        }
    })

  it('says of a session id what it is a hash of: of a ciphertext exactly where there is one', () => {
    for (const suite of Object.values(SUITES)) {
      const note = formsOf(suite)['key message'].fields['confirm.session']
      const end = suite.kem ? /public keys, and of the ciphertext\.$/ : /public keys\.$/
      assert.match(note?.en ?? '', end, suite.name)
      const fin = suite.kem ? /dos partes, y del texto cifrado\.$/ : /dos partes\.$/
      assert.match(note?.es ?? '', fin, suite.name)
    }
  })

  it('names the standards of both halves of a public key on X25519MLKEM768', () => {
    const { fields } = hybrid['key message']
    for (const field of ['publicKey', 'confirm.ciphertext'])
      assert.match(fields[field]?.source ?? '', /FIPS 203.+draft-ietf-tls-ecdhe-mlkem/)
    assert.match(fields['x25519']?.source ?? '', /RFC 7748/)
  })

  it('is there for fields at fixed places as well', () => {
    const form = annotatedBytes({ name: 'm', value: hex('01'), ...NOTE }, [
      { name: 'a', bytes: 2, ...NOTE },
    ])
    assert.deepEqual(form.fields, { m: NOTE, a: NOTE })
    assert.deepEqual(form.cut(hex('010203')), [
      { field: 'm', hex: '01' },
      { field: 'a', hex: '0203' },
    ])
    for (const other of ['0102', '01020304', '020203', '']) assert.equal(form.cut(hex(other)), null)
  })
})
