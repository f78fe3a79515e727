/** Valid forms and what may become of them, as somebody changes them who looks for a weak place. */

import fc from 'fast-check'

/** Any of these, each as often as its weight has it beside the others'. */
export function weighted<T extends unknown[]>(
  ...choices: { [K in keyof T]: readonly [weight: number, arbitrary: fc.Arbitrary<T[K]>] }
): fc.Arbitrary<T[number]> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })))
}

/** Random bytes. */
export const anyBytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes))

/** Random text in UTF-8, of so many characters at most. */
export const anyText = (maxLength: number, minLength = 0) =>
  fc.string({ unit: 'binary', minLength, maxLength }).map((text) => Buffer.from(text))

/** The digits of random bytes. */
export const hex = (bytes: number) => anyBytes(bytes, bytes).map((value) => value.toString('hex'))

/** Fields that a decoder may stumble over, and points that a curve may. */
const oddValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    '',
    '0x00',
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'ff'.repeat(32),
    `ed${'ff'.repeat(30)}7f`,
    `f6${'ff'.repeat(30)}7f`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    `04${'00'.repeat(64)}`,
    `04${'ff'.repeat(64)}`,
    `02${'00'.repeat(32)}`,
    '00'.repeat(1088),
    '00'.repeat(1216),
    'ff'.repeat(1216),
    // a coefficient of 3329 in an encapsulation key that is otherwise none of them
    `010d${'00'.repeat(1182)}09${'00'.repeat(31)}`,
    'é'.repeat(32),
    '\ud800',
    '\u0000'.repeat(64),
    '\u001b[2J\u202e',
    'X25519',
    'P-256',
    'X25519MLKEM768',
    'constructor',
    '__proto__',
  ),
  fc.constantFrom(-1, -0, 0, 0.5, 1, 2, 255, 2 ** 16, 2 ** 20, 2 ** 31, 2 ** 53, 1e308, true, null),
  hex(16),
  hex(32),
  hex(1088),
)

export type Form = Record<string, unknown>
export type Change = (form: Form) => Form

const isForm = (value: unknown): value is Form =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Changes one of the form's fields, whichever it has. */
const changed = <T>(by: fc.Arbitrary<T>, change: (value: unknown, by: T) => unknown) =>
  fc.tuple(fc.nat(1_000), by).map(
    ([i, by]): Change =>
      (form) => {
        const fields = Object.keys(form)
        const field = fields[i % fields.length]
        return field === undefined ? form : { ...form, [field]: change(form[field], by) }
      },
  )

const place = weighted([4, fc.nat(80)], [1, fc.nat(2500)])
const digit = fc.tuple(place, fc.constantFrom('0', '7', 'f', 'F', 'g', ' ', ''))
const digitChanged = changed(digit, (value, [at, digit]) =>
  typeof value === 'string' ? value.slice(0, at) + digit + value.slice(at + 1) : value,
)
const ofSameType = changed(fc.oneof(hex(16), hex(32), fc.nat(2 ** 20)), (value, by) =>
  typeof value === typeof by ? by : value,
)
const inUpperCase = changed(fc.constant(null), (value) =>
  typeof value === 'string' ? value.toUpperCase() : [value],
)
const names = 'x confirm ciphertext __proto__ constructor toString'.split(' ')
const oneFieldMore = fc.tuple(fc.constantFrom(...names, ''), oddValue).map(
  (entry): Change =>
    (form) =>
      Object.fromEntries([...Object.entries(form), entry]),
)
const changeOfField: fc.Arbitrary<Change> = weighted(
  [5, digitChanged],
  [4, ofSameType],
  [2, changed(oddValue, (_value, by) => by)],
  [1, inUpperCase],
  [1, changed(fc.constant(undefined), () => undefined)],
  [1, oneFieldMore],
)

/** A change of one field, or of one within it. */
const change: fc.Arbitrary<Change> = weighted(
  [4, changeOfField],
  [1, changed(changeOfField, (value, change) => (isForm(value) ? change(value) : value))],
)

/** None, one, or a few. */
export const changes = weighted(
  [2, fc.constant([])],
  [5, fc.tuple(change)],
  [2, fc.array(change, { minLength: 2, maxLength: 3 })],
)

export function changedBy(changes: readonly Change[], form: Form): Form {
  return changes.reduce((form, change) => change(form), form)
}

/** Other JSON than `JSON.stringify` writes: keys twice or escaped, numbers in other forms, nothing but brackets. */
const rewriting: fc.Arbitrary<(json: string) => string> = fc.oneof(
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
    .constantFrom('1.0', '1e0', '01', '0x1', '1e999', '-0', 'NaN', '1'.repeat(400), '"1"')
    .map((number) => (json: string) => json.replace(/(?<=:)\d+/, number)),
  fc
    .tuple(fc.constantFrom('[', '{"v":'), fc.constantFrom(50, 400, 3_000))
    .map(([open, depth]) => open.repeat(depth))
    .map((opening) => (json: string) => opening + json),
  fc
    .constantFrom(50, 400, 1_500)
    .map((depth) => '['.repeat(depth) + ']'.repeat(depth))
    .map((nested) => (json: string) => json.replace(/(?<=:)\d+/, nested)),
  fc
    .constantFrom(' ', '\t\r\n', '\u00a0', '\ufeff', '/**/', ',')
    .map((gap) => (json: string) => json.replaceAll(':', `:${gap}`)),
)

/** One of the keys that stand in a JSON text, with its quotes. */
function keyOf(json: string, i: number): string {
  const keys = json.match(/"\w+"(?=:)/g) ?? ['""']
  return keys[i % keys.length] ?? ''
}

const oddBytes = fc
  .constantFrom('\r\n', '\r\n\r\n', '\n', '\u0000', '\ufeff', '0\r\n\r\n', ' ', ':', '\u001b[31m')
  .map((text) => Buffer.from(text))

/** A change of the bytes: cut, flip, insert, repeat. */
const damage: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc.oneof(
  fc.nat(400).map((at) => (bytes: Buffer) => bytes.subarray(0, at)),
  fc.tuple(fc.nat(400), fc.nat(255)).map(([at, byte]) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[at % copy.length] = byte
    return copy
  }),
  fc.tuple(fc.nat(400), fc.oneof(fc.uint8Array({ maxLength: 8 }), oddBytes)).map(
    ([at, more]) =>
      (bytes: Buffer) =>
        Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]),
  ),
  fc.nat(3).map((times) => (bytes: Buffer) => Buffer.concat(Array(times + 1).fill(bytes))),
)

/** One to four changes of the bytes. */
export const damages = fc.array(damage, { minLength: 1, maxLength: 4 })

export function damagedBy(
  damages: readonly ((bytes: Buffer) => Buffer)[],
  bytes: Uint8Array,
): Buffer {
  return damages.reduce((bytes: Buffer, damage) => damage(bytes), Buffer.from(bytes))
}

/** Once in `times` on average, else undefined. */
export const seldom = <T>(times: number, arbitrary: fc.Arbitrary<T>) =>
  weighted([times - 1, fc.constant(undefined)], [1, arbitrary])

/** A valid form, changed more often than not, as JSON that is sometimes written oddly, with bytes that are sometimes damaged. */
export function bodyOf(form: fc.Arbitrary<Form>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(form, changes, seldom(5, rewriting), seldom(8, damage))
    .map(([valid, changes, rewrite, damage]) => {
      const json = JSON.stringify(changedBy(changes, valid))
      const bytes = Buffer.from(rewrite?.(json) ?? json)
      return damage?.(bytes) ?? bytes
    })
}
