/** The annotations of the wire: that they join to the bytes, miss no field, and name what they say. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as v from 'valibot'
import {
  type Annotated,
  annotatedBytes,
  annotatedJson,
  type Part,
} from '../../src/protocol/annotate.ts'
import { bytesToHex, concatBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { X25519 } from '../../src/protocol/curves.ts'
import { annotatedMessages, MAX_TEXT_BYTES } from '../../src/protocol/messages.ts'
import { annotatedStream, chunksOf, HEADER_BYTES, streamBytes } from '../../src/protocol/stream.ts'
import { SUITES, suiteOf } from '../../src/protocol/suites.ts'
import { hex } from '../helpers/vectors.ts'

const specification = fs.readFileSync(
  path.resolve(import.meta.dirname, '../../src/protocol/README.md'),
  'utf8',
)
const numRuns = process.env['SLOW'] ? 2000 : 200

const messages = annotatedMessages(SUITES.X25519)
const hybrid = annotatedMessages(SUITES.X25519MLKEM768)
const stream = annotatedStream()

/** What the parts of a body hold together. */
function joined(parts: readonly Part[] | null): Uint8Array {
  assert.ok(parts)
  return concatBytes(
    ...parts.map((part) => ('text' in part ? utf8ToBytes(part.text) : hex(part.hex))),
  )
}

/** Name and content of each field. */
function fieldsOf(parts: readonly Part[] | null): [string, string][] {
  return (parts ?? []).flatMap((part) =>
    part.field === undefined ? [] : [[part.field, 'text' in part ? part.text : part.hex]],
  )
}

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(bytesToHex)
const any = fc.uint8Array({ maxLength: 99 }).map(bytesToHex)
const confirm = fc.record({ session: bytes(16), tag: bytes(32) })
const hybridConfirm = fc.record({ session: bytes(16), tag: bytes(32), ciphertext: any })
const number = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const accepted = fc.constant(true)
const keys = (publicKey: fc.Arbitrary<string>, confirm: fc.Arbitrary<object>) =>
  fc.record(
    {
      v: fc.constant(2),
      curve: fc.constantFrom(...Object.keys(SUITES)),
      basePoint: bytes(32),
      identity: bytes(32),
      publicKey,
      confirm,
    },
    { requiredKeys: ['v', 'curve', 'basePoint', 'identity', 'publicKey'] },
  )
const answer = (confirm: fc.Arbitrary<object>) =>
  fc.record({ accepted, confirm }, { requiredKeys: ['accepted'] })

/** Each form in JSON, with random values, complete and with what may be left out. */
const FORMS: Record<string, [form: Annotated, values: fc.Arbitrary<object>]> = {
  'key message': [messages['key message'], keys(any, confirm)],
  'key message with a KEM': [
    hybrid['key message'],
    keys(fc.oneof(any, bytes(32), bytes(1216)), hybridConfirm),
  ],
  'answer to a key message': [messages['answer to a key message'], answer(confirm)],
  'answer with a KEM': [hybrid['answer to a key message'], answer(hybridConfirm)],
  'sealed message': [
    messages['sealed message'],
    fc.record({
      v: fc.constant(2),
      session: bytes(16),
      seq: number,
      ciphertext: fc.uint8Array({ minLength: 16, maxLength: 99 }).map(bytesToHex),
    }),
  ],
  'answer to a sealed message': [
    messages['answer to a sealed message'],
    fc.record({ accepted, missing: number }),
  ],
  'answer to a picture': [stream['answer to a picture'], fc.record({ accepted, bytes: number })],
}

/** The same value written in another way: other blanks, another order, names with escapes. */
function written(value: object, { indent, reverse, escaped, end }: Writing): string {
  const turned = (inner: unknown): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner
    const entries = Object.entries(inner).map(([name, deeper]) => [name, turned(deeper)])
    return Object.fromEntries(reverse ? entries.reverse() : entries)
  }
  const text = JSON.stringify(turned(value), null, indent) + end
  if (!escaped) return text
  return text.replace(
    /"[a-z](?=[a-z]*":)/gi,
    (begin) => `"\\u00${begin.charCodeAt(1).toString(16)}`,
  )
}
interface Writing {
  indent: string
  reverse: boolean
  escaped: boolean
  end: string
}
const writing: fc.Arbitrary<Writing> = fc.record({
  indent: fc.constantFrom('', ' ', '\t'),
  reverse: fc.boolean(),
  escaped: fc.boolean(),
  end: fc.constantFrom('', '\n'),
})

/** Every value of a form in JSON, with its path. */
function leavesOf(value: object, outer = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] =>
    typeof inner === 'object' ? leavesOf(inner, `${outer}${name}.`) : [[outer + name, inner]],
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
          const found = Object.fromEntries(fieldsOf(parts))
          for (const field of Object.keys(found)) assert.ok(form.fields[field], field)
          // two values are shown in two parts, and an empty part is none
          const { tag, x25519, ...whole } = found
          if (tag !== undefined) whole['ciphertext'] = (whole['ciphertext'] ?? '') + tag
          if ('publicKey' in value) whole['publicKey'] = (whole['publicKey'] ?? '') + (x25519 ?? '')
          const leaves = leavesOf(value).map(([field, leaf]) => [field, String(leaf)])
          assert.deepEqual(whole, Object.fromEntries(leaves))
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
          assert.equal(form.cut(utf8ToBytes(JSON.stringify({ ...value, [name]: 1 }))), null)
        }),
        { numRuns },
      )
    })
  }

  it('are none for a name that comes twice, however often', () => {
    const text = `{${'"v":2,'.repeat(5000)}"session":"","seq":0,"ciphertext":""}`
    assert.equal(messages['sealed message'].cut(utf8ToBytes(text)), null)
  })

  it('are none for a text where an object follows under the same name', () => {
    const confirm = { session: 'ab', tag: 'cd' }
    const keys = { v: 2, curve: 'X25519', basePoint: '', identity: '', publicKey: '', confirm }
    const body = JSON.stringify(keys)
    assert.ok(messages['key message'].cut(utf8ToBytes(body)))
    for (const first of ['"Meet me"', '["Meet me"]', '{"session":{"a":"Meet me"}}', '7'])
      for (const twice of [
        body.replace('"confirm":', `"confirm":${first},"confirm":`),
        body.replace('"session":', `"session":${first},"session":`),
      ])
        assert.equal(messages['key message'].cut(utf8ToBytes(twice)), null, twice)
  })

  it('are those of bytes that are written with escapes, which JSON reads as the same', () => {
    const ciphertext = 'ab'.repeat(20)
    const text = JSON.stringify({ v: 2, session: 'cd', seq: 0, ciphertext })
    const body = utf8ToBytes(text.replace('"ab', '"\\u0061b').replace('"cd"', '"\\u0063d"'))
    const parts = messages['sealed message'].cut(body)
    assert.deepEqual(joined(parts), body)
    assert.deepEqual(fieldsOf(parts), [
      ['v', '2'],
      ['session', '\\u0063d'],
      ['seq', '0'],
      ['ciphertext', `\\u0061b${'ab'.repeat(19)}`],
    ])
    const capital = utf8ToBytes(text.replace('"cd"', '"\\u0043d"'))
    assert.equal(messages['sealed message'].cut(capital), null)
  })

  it('are none where a text stands in the place of bytes, or of the name of a curve', () => {
    const message = { v: 2, session: '', seq: 0, ciphertext: 'Meet me at noon' }
    const keys = { v: 2, curve: 'Meet me', basePoint: '', identity: '', publicKey: '' }
    assert.equal(messages['sealed message'].cut(utf8ToBytes(JSON.stringify(message))), null)
    assert.equal(messages['key message'].cut(utf8ToBytes(JSON.stringify(keys))), null)
    const upper = { ...message, ciphertext: 'AB' }
    assert.equal(messages['sealed message'].cut(utf8ToBytes(JSON.stringify(upper))), null)
    const answer = { accepted: true, confirm: { session: '', tag: '', ciphertext: 'AB' } }
    assert.equal(hybrid['answer to a key message'].cut(utf8ToBytes(JSON.stringify(answer))), null)
  })

  it('are none for bytes that would not join again: a byte order mark, or what is no UTF-8', () => {
    const body = utf8ToBytes('{"v":2,"session":"","seq":0,"ciphertext":""}')
    assert.ok(messages['sealed message'].cut(body))
    assert.equal(messages['sealed message'].cut(concatBytes(hex('efbbbf'), body)), null)
    const any = annotatedJson(v.strictObject({ name: v.string() }), {
      name: { is: 'Any text.', es: 'Cualquier texto.', source: 'RFC 8259 section 7' },
    })
    assert.ok(any.cut(utf8ToBytes('{"name":"é"}')))
    assert.equal(any.cut(concatBytes(utf8ToBytes('{"name":"'), hex('e9'), utf8ToBytes('"}'))), null)
  })

  it('are the tag alone where a message has no text', () => {
    const form = { v: 2, session: '', seq: 0, ciphertext: 'ab'.repeat(16) }
    const parts = messages['sealed message'].cut(utf8ToBytes(JSON.stringify(form)))
    assert.deepEqual(fieldsOf(parts).slice(2), [
      ['seq', '0'],
      ['tag', 'ab'.repeat(16)],
    ])
  })

  it('take the longest message that there is', () => {
    const ciphertext = 'ab'.repeat(MAX_TEXT_BYTES + 16)
    const body = utf8ToBytes(JSON.stringify({ v: 2, session: 'cd', seq: 7, ciphertext }))
    const parts = messages['sealed message'].cut(body)
    assert.deepEqual(joined(parts), body)
    assert.deepEqual(fieldsOf(parts).slice(-2), [
      ['ciphertext', 'ab'.repeat(MAX_TEXT_BYTES)],
      ['tag', 'ab'.repeat(16)],
    ])
  })

  it("join to a picture's header, and to nothing that only stands in its place", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), (rest) => {
        const header = concatBytes(utf8ToBytes('DUET2'), rest)
        assert.deepEqual(joined(stream['picture header'].cut(header)), header)
        for (const other of [header.subarray(1), concatBytes(header, rest), header.toReversed()])
          assert.equal(stream['picture header'].cut(other), null)
      }),
      { numRuns },
    )
    const header = concatBytes(
      utf8ToBytes('DUET2'),
      new Uint8Array(16).fill(1),
      new Uint8Array(8).fill(2),
    )
    assert.deepEqual(fieldsOf(stream['picture header'].cut(header)), [
      ['magic', '4455455432'],
      ['session', '01'.repeat(16)],
      ['number', '02'.repeat(8)],
    ])
  })
})

describe('the note of a field', () => {
  for (const suite of Object.values(SUITES))
    it(`says what it is for, with its standard or the chapter of duet/2, on ${suite.name}`, () => {
      const all: Record<string, Annotated> = { ...annotatedMessages(suite), ...annotatedStream() }
      for (const [name, form] of Object.entries(all))
        for (const [field, { is, es, source }] of Object.entries(form.fields)) {
          assert.match(is, /^[A-Z].+\.$/, `${name}, ${field}`)
          assert.match(es, /^[A-Z].+\.$/, `${name}, ${field}`)
          assert.notEqual(es, is)
          assert.match(
            source,
            /^((RFC|FIPS) \d+ section \d|The Double Ratchet Algorithm, section \d|duet\/2, [A-Z])/,
            `${name}, ${field}`,
          )
          // a reader of the bytes is told which of them JSON has in hex
          const isText = ['v', 'curve', 'seq', 'accepted', 'missing', 'bytes'].includes(field)
          if (name !== 'picture header')
            assert.equal(form.fields[field]?.hex, isText ? undefined : true, `${name}, ${field}`)
          for (const [, chapter] of source.matchAll(/duet\/2, ([^;]+)/g))
            assert.match(specification, new RegExp(`^## ${chapter}$`, 'm'), `${name}, ${field}`)
        }
    })

  it('says of a session id what it is a hash of: of a ciphertext exactly where there is one', () => {
    for (const suite of Object.values(SUITES)) {
      const note = annotatedMessages(suite)['key message'].fields['confirm.session']
      const end = suite.kem ? /public keys, and of the ciphertext\.$/ : /public keys\.$/
      assert.match(note?.is ?? '', end, suite.name)
      const fin = suite.kem ? /dos partes, y del texto cifrado\.$/ : /dos partes\.$/
      assert.match(note?.es ?? '', fin, suite.name)
    }
  })

  it('names no standard of its own for a curve that has none', () => {
    const { fields } = annotatedMessages(suiteOf({ ...X25519, name: 'another' }))['key message']
    const sources = ['curve', 'basePoint', 'publicKey'].map((field) => fields[field]?.source)
    assert.deepEqual(sources, ['', '', ''])
    assert.equal(fields['identity']?.source, '; duet/2, Keys of a peer')
  })

  it('tells the two halves of a public key apart on X25519MLKEM768, and has the ciphertext', () => {
    const form = hybrid['key message']
    const [key, point, ciphertext] = ['ab'.repeat(1184), 'cd'.repeat(32), 'ef'.repeat(1088)]
    const body = {
      v: 2,
      curve: 'X25519MLKEM768',
      basePoint: `09${'00'.repeat(31)}`,
      identity: '11'.repeat(32),
      publicKey: key + point,
      confirm: { session: '22'.repeat(16), tag: '33'.repeat(32), ciphertext },
    }
    const bytes = utf8ToBytes(JSON.stringify(body))
    const parts = form.cut(bytes)
    assert.deepEqual(joined(parts), bytes)
    const fields = Object.fromEntries(fieldsOf(parts))
    assert.deepEqual(
      [fields['publicKey'], fields['x25519'], fields['confirm.ciphertext']],
      [key, point, ciphertext],
    )
    // the point is the last 32 bytes, where there are as many
    for (const [publicKey, expected] of [
      [point, [undefined, point]],
      [point.slice(2), [point.slice(2), undefined]],
    ] as const) {
      const found = fieldsOf(form.cut(utf8ToBytes(JSON.stringify({ ...body, publicKey }))))
      const { publicKey: first, x25519 } = Object.fromEntries(found)
      assert.deepEqual([first, x25519], expected)
    }
    for (const field of ['publicKey', 'confirm.ciphertext'])
      assert.match(form.fields[field]?.source ?? '', /FIPS 203.+draft-ietf-tls-ecdhe-mlkem/)
    assert.match(form.fields['x25519']?.source ?? '', /RFC 7748/)
  })

  it('is there for fields at fixed places as well', () => {
    const note = { is: 'It is this.', es: 'Es esto.', source: 'here' }
    const form = annotatedBytes({ name: 'm', value: hex('01'), ...note }, [
      { name: 'a', bytes: 2, ...note },
    ])
    assert.deepEqual(form.fields, { m: note, a: note })
    assert.deepEqual(form.cut(hex('010203')), [
      { field: 'm', hex: '01' },
      { field: 'a', hex: '0203' },
    ])
    for (const other of ['0102', '01020304', '020203', '']) assert.equal(form.cut(hex(other)), null)
  })
})

describe('the chunks of a stream', () => {
  it('are counted as they are sealed', () => {
    for (const bytes of [1, 65_000, 65_536, 65_537, 200_000, 64 * 1024 * 1024]) {
      const metadata = { type: 'image/png', bytes, name: 'a' } as const
      const total = streamBytes(metadata)
      const { count, each, last } = chunksOf(total)
      assert.equal(HEADER_BYTES + (count - 1) * each + last, total)
      assert.ok(last > 16 && last <= each)
    }
  })
})
