/** What somebody makes of valid input who looks for a weak place. */

import fc from 'fast-check'
import { BAD_POINTS } from './bad-input.ts'

/** Any of these, each as often as its weight has it beside the others'. */
export function weighted<T extends unknown[]>(
  ...choices: { [K in keyof T]: readonly [weight: number, arbitrary: fc.Arbitrary<T[K]>] }
): fc.Arbitrary<T[number]> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })))
}

/** Once in `times` on average, else undefined. */
export const seldom = <T>(times: number, arbitrary: fc.Arbitrary<T>) =>
  weighted([times - 1, fc.constant(undefined)], [1, arbitrary])

export const anyBytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes))

/** Random text in UTF-8, of so many characters at most. */
export const anyText = (maxLength: number, minLength = 0) =>
  fc.string({ unit: 'binary', minLength, maxLength }).map((text) => Buffer.from(text))

/** The digits of random bytes. */
export const hex = (bytes: number) => anyBytes(bytes, bytes).map((value) => value.toString('hex'))

type Change<T> = (value: T) => T

/** All of these changes, the first one first. */
const inTurn =
  <T>(changes: readonly Change<T>[]): Change<T> =>
  (value) =>
    changes.reduce((value, change) => change(value), value)

// ---- bytes

const oddBytes = fc
  .constantFrom('\r\n', '\r\n\r\n', '\n', '\u0000', '\ufeff', '0\r\n\r\n', ' ', ':', '\u001b[31m')
  .map((text) => Buffer.from(text))

/** A place near the beginning, or anywhere: a fraction is a share of the whole length. */
const place = fc.oneof(fc.nat(400), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
const indexIn = (bytes: Buffer, at: number) => (at < 1 ? Math.floor(at * bytes.length) : at)

/** Cuts, flips, inserts, repeats. */
const damage: fc.Arbitrary<Change<Buffer>> = fc.oneof(
  place.map((at) => (bytes: Buffer) => bytes.subarray(0, indexIn(bytes, at))),
  fc.tuple(place, fc.nat(255)).map(([at, byte]) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[indexIn(copy, at) % copy.length] = byte
    return copy
  }),
  fc.tuple(place, fc.oneof(anyBytes(8), oddBytes)).map(([at, more]) => (bytes: Buffer) => {
    const index = indexIn(bytes, at)
    return Buffer.concat([bytes.subarray(0, index), more, bytes.subarray(index)])
  }),
  fc.nat(3).map((times) => (bytes: Buffer) => Buffer.concat(Array(times + 1).fill(bytes))),
)

/** One to four changes of the bytes. */
export const damages = fc.array(damage, { minLength: 1, maxLength: 4 }).map(inTurn)

// ---- forms

export type Form = Record<string, unknown>

/** Values that a decoder may stumble over, and points that a curve may. */
const oddValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    ...['', '0x00', 'é'.repeat(32), '\ud800', '\u0000'.repeat(64), '\u001b[2J\u202e'],
    ...['X25519', 'P-256', 'X25519MLKEM768', 'constructor', '__proto__'],
    ...Object.values(BAD_POINTS).flat(),
    ...['ff'.repeat(32), `04${'ff'.repeat(64)}`, `02${'00'.repeat(32)}`],
    ...['00'.repeat(1088), '00'.repeat(1216), 'ff'.repeat(1216)],
    // a coefficient of 3329 in an encapsulation key that is otherwise none of them
    `010d${'00'.repeat(1182)}09${'00'.repeat(31)}`,
  ),
  fc.constantFrom(-1, -0, 0, 0.5, 1, 2, 255, 2 ** 16, 2 ** 20, 2 ** 31, 2 ** 53, 1e308, true, null),
  ...[16, 32, 1088].map(hex),
)

const digitPlace = weighted([4, fc.nat(80)], [1, fc.nat(2500)])
const changeOfValue = weighted<Change<unknown>[]>(
  [
    5,
    fc.tuple(digitPlace, fc.constantFrom('0', '7', 'f', 'F', 'g', ' ', '')).map(
      ([at, digit]) =>
        (value) =>
          typeof value === 'string' ? value.slice(0, at) + digit + value.slice(at + 1) : value,
    ),
  ],
  [
    4,
    fc
      .oneof(hex(16), hex(32), fc.nat(2 ** 20))
      .map((by) => (value) => (typeof value === typeof by ? by : value)),
  ],
  [2, oddValue.map((by) => () => by)],
  [1, fc.constant((value) => (typeof value === 'string' ? value.toUpperCase() : [value]))],
  [1, fc.constant(() => undefined)],
)

/** The change of one field, whichever the form has. */
const inOneField = (change: fc.Arbitrary<Change<unknown>>) =>
  fc.tuple(fc.nat(1_000), change).map(([i, change]) => (form: Form): Form => {
    const fields = Object.keys(form)
    const field = fields[i % fields.length]
    return field === undefined ? form : { ...form, [field]: change(form[field]) }
  })

const newNames = ['x', 'confirm', 'ciphertext', '__proto__', 'constructor', 'toString', '']
const oneFieldMore = fc.tuple(fc.constantFrom(...newNames), oddValue).map(
  (entry) =>
    (form: Form): Form =>
      Object.fromEntries([...Object.entries(form), entry]),
)
const changeOfForm = weighted([12, inOneField(changeOfValue)], [1, oneFieldMore])

const isForm = (value: unknown): value is Form =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const within = changeOfForm.map(
  (change) => (value: unknown) => (isForm(value) ? change(value) : value),
)
const change = weighted([4, changeOfForm], [1, inOneField(within)])

/** None, one, or a few changes of fields, and of fields within them. */
export const changes: fc.Arbitrary<Change<Form>> = weighted(
  [2, fc.constant([])],
  [5, fc.tuple(change)],
  [2, fc.array(change, { minLength: 2, maxLength: 3 })],
).map(inTurn)

// ---- JSON

/** The `i`th of the keys in a JSON text, with its quotes. */
function keyOf(json: string, i: number): string {
  const keys = json.match(/"\w+"(?=:)/g) ?? ['""']
  return keys[i % keys.length] ?? ''
}

const nested = [50, 400, 1_500].map((depth) => '['.repeat(depth) + ']'.repeat(depth))
const oddNumbers = ['1.0', '1e0', '01', '0x1', '1e999', '-0', 'NaN', '1'.repeat(400), '"1"']

/** Other JSON than `JSON.stringify` writes: keys twice or escaped, numbers in other forms, gaps, brackets upon brackets. */
const rewriting: fc.Arbitrary<Change<string>> = fc.oneof(
  fc.tuple(fc.nat(5), oddValue, fc.boolean()).map(([i, value, isFirst]) => (json: string) => {
    const more = `${keyOf(json, i)}:${JSON.stringify(value)}`
    return isFirst ? json.replace(/^\{/, `{${more},`) : json.replace(/\}$/, `,${more}}`)
  }),
  fc.nat(5).map((i) => (json: string) => {
    const key = keyOf(json, i)
    const escaped = (letter: string) => `\\u00${letter.charCodeAt(0).toString(16)}`
    return json.replace(key, key.replace(/\w/, escaped))
  }),
  fc
    .constantFrom(...oddNumbers, ...nested)
    .map((value) => (json: string) => json.replace(/(?<=:)\d+/, value)),
  fc.tuple(fc.constantFrom('[', '{"v":'), fc.constantFrom(50, 400, 3_000)).map(
    ([open, depth]) =>
      (json: string) =>
        open.repeat(depth) + json,
  ),
  fc
    .constantFrom(' ', '\t\r\n', '\u00a0', '\ufeff', '/**/', ',')
    .map((gap) => (json: string) => json.replaceAll(':', `:${gap}`)),
)

/** A valid form, changed more often than not, as JSON that is sometimes written oddly, with bytes that are sometimes damaged. */
export function bodyOf(form: fc.Arbitrary<Form>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(form, changes, seldom(5, rewriting), seldom(8, damage))
    .map(([valid, change, rewrite, damage]) => {
      const json = JSON.stringify(change(valid))
      const bytes = Buffer.from(rewrite?.(json) ?? json)
      return damage?.(bytes) ?? bytes
    })
}
