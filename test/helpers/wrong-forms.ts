/** What may come in place of a form of the wire: tests that each is refused, with its code and a reason. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inspect } from 'node:util'
import { DuetError, type ProtocolCode } from '../../src/protocol/errors.ts'
import { REASON } from './refuses.ts'

export type Fields = Record<string, unknown>
export type Parse = (body: unknown) => unknown
/** Bodies, by what is wrong with each, where that needs to be said. */
type Bodies = Readonly<Record<string, unknown>> | readonly unknown[]

/** Hex of `length` bytes, with letters in it, so that upper case shows. */
export const digits = (length: number) => 'a5'.repeat(length)

/** A form without one field. */
function without(form: Fields, field: string): Fields {
  const { [field]: _, ...rest } = form
  return rest
}

/** Parses, and gives the refusal or null; fails on an error that is no refusal. */
export function refusalOf(parse: Parse, body: unknown): DuetError | null {
  try {
    parse(body)
    return null
  } catch (error) {
    assert.ok(error instanceof DuetError, inspect(error))
    return error
  }
}

/** Fails unless the body is refused with exactly this code, and a reason with these words. */
function isRefused(
  parse: Parse,
  code: ProtocolCode,
  body: unknown,
  what: string,
  words: readonly string[] = [],
): void {
  const refusal = refusalOf(parse, body)
  assert.equal(refusal?.code ?? 'taken', code, what)
  const reason = refusal?.message ?? ''
  assert.match(reason, REASON, what)
  for (const word of words) assert.ok(reason.includes(word), `${what}: ${reason}`)
}

/** One test for each table: every body in it is refused with this code. */
export function refusesAll(parse: Parse, code: ProtocolCode, tables: Record<string, Bodies>): void {
  for (const [title, bodies] of Object.entries(tables))
    it(`refuses ${title}`, () => {
      assert.ok(Object.keys(bodies).length > 0)
      for (const [what, body] of Object.entries(bodies))
        isRefused(parse, code, body, `${what}: ${inspect(body)}`)
    })
}

/**
 * What is no form at all, and what is wrong with the number and the types of its fields; a type that ends with `?` is
 * optional. `inConfirm`: puts it where a confirmation is.
 */
export function refusesShapes(
  parse: Parse,
  form: Fields,
  types: Record<string, string>,
  inConfirm?: (confirm: unknown) => unknown,
): void {
  const name = inConfirm ? 'a confirmation' : 'a body'
  refusesAll(inConfirm ? (confirm) => parse(inConfirm(confirm)) : parse, 'bad_message', {
    [`what is in place of ${name}`]: notForms(form, inConfirm !== undefined),
    [`${name} with a field missing or of a wrong type`]: wrongFields(form, types),
    [`${name} with an unknown field`]: unknownFields(form),
    [`${name} with a field that is only inherited`]: inheritedFields(form),
  })
}

/** Bodies that are no object of the protocol at all. */
function notForms(form: Fields, isConfirm: boolean): Bodies {
  const values = Object.values(form)
  const none = [null, JSON.stringify(form), '', 1, true, [], [form], values, {}, { form }]
  // an absent confirmation is a message without one
  return isConfirm ? none : [undefined, ...none]
}

/** Each field missing, and each with a value of every wrong type. */
function wrongFields(form: Fields, types: Record<string, string>): Bodies {
  const values = { null: [null], boolean: [false], number: [7], string: ['seven'] }
  const ofType = { ...values, array: [[], ['00']], object: [{}, { length: 64 }] }
  const bodies: Record<string, unknown> = {}
  for (const [field, type] of Object.entries(types)) {
    if (!type.endsWith('?')) bodies[`\`${field}\` missing`] = without(form, field)
    for (const [kind, values] of Object.entries(ofType))
      for (const value of type.startsWith(kind) ? [] : values)
        bodies[`\`${field}\` as ${JSON.stringify(value)}`] = { ...form, [field]: value }
  }
  return bodies
}

/** A field more than there are. JSON.parse makes `__proto__` a field of its own, as any other. */
function unknownFields(form: Fields): Bodies {
  const bodies: Record<string, unknown> = {}
  const names = ['extra', '', 'V', 'confirm.session', '__proto__', 'constructor', 'toJSON']
  for (const name of names)
    for (const value of ['1', 'null', '{}', '{"v":1}']) {
      const text = `${JSON.stringify(form).slice(0, -1)},${JSON.stringify(name)}:${value}}`
      bodies[`the unknown field \`${name}\` as ${value}`] = JSON.parse(text)
    }
  return bodies
}

/** `__proto__` in the place of fields: what it holds is not inherited. */
function inheritedFields(form: Fields): Bodies {
  const inProto = (rest: Fields, inherited: Fields) =>
    JSON.parse(JSON.stringify({ ...rest, PROTO: inherited }).replace('"PROTO":', '"__proto__":'))
  return Object.fromEntries([
    ['all fields', inProto({}, form)],
    ...Object.keys(form).map((field) => [
      `\`${field}\``,
      inProto(without(form, field), { [field]: form[field] }),
    ]),
  ])
}

/** The field in every form that is not the one form of its value. */
export function refusesHex(
  parse: Parse,
  field: string,
  form: (value: string) => unknown,
  min: number,
  max = min,
): void {
  const good = digits(min)
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
  const expected = min === max ? `expected ${2 * min} hex digits` : `from ${2 * min} to ${2 * max}`
  it(`refuses any other form of \`${field}\``, () => {
    for (const [what, value] of Object.entries(values)) {
      const { length } = value
      const fits = length >= 2 * min && length <= 2 * max && length % 2 === 0
      const why = fits ? ['lower-case hex'] : [`${length} characters`, expected]
      isRefused(parse, 'bad_encoding', form(value), what, [`\`${field}\``, ...why])
    }
  })
}

/** Versions that are not ours, with nothing else wrong or everything else, and what is no number. */
export function refusesVersions(parse: Parse, form: Fields): void {
  const others = [0, 1, 3, -1, 2.5, 2 ** 53, 1e300]
  refusesAll(parse, 'bad_version', {
    'another version, whatever else is wrong': others.flatMap((v) => [
      { ...form, v },
      { v, x: [] },
    ]),
  })
  const none = ['1', '2', '', null, true, [2], {}].map((v) => ({ ...form, v }))
  refusesAll(parse, 'bad_message', {
    'a version that is no number': [...none, without(form, 'v')],
  })
}

/** Of several faults the first in the order of the specification. */
export function refusesFirst(parse: Parse, form: Fields, faults: [ProtocolCode, Fields][][]): void {
  it('refuses the first of several faults', () => {
    for (const several of faults) {
      const [[code] = assert.fail()] = several
      const body = Object.assign({}, form, ...several.map(([, changes]) => changes).reverse())
      isRefused(parse, code, body, inspect(several))
    }
  })
}
