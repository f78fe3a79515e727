/** What somebody makes of valid input who looks for a weak place. */

import fc from 'fast-check'
import { BAD_POINTS } from './bad-input.ts'

/** Draws random values while a case runs. fast-check makes them smaller if the case fails. */
export type Draw = fc.GeneratorValue

const below = (n: number) => fc.noBias(fc.nat(n - 1))

/** One of these. */
export function pick<const T>(draw: Draw, ...values: readonly T[]): T {
  return values[draw(below, values.length)] as T
}

/** One of what these return, each as often as its weight has it beside the others'. */
export function weigh<T>(
  draw: Draw,
  ...choices: readonly (readonly [weight: number, () => T])[]
): T {
  return pick(draw, ...choices.flatMap(([weight, choice]) => Array<() => T>(weight).fill(choice)))()
}

/** True once in so many times on average. */
export const seldom = (draw: Draw, times: number) => draw(below, times) === times - 1

export const bytesOf = (draw: Draw, maxLength: number, minLength = 0) =>
  Buffer.from(draw(fc.uint8Array, { minLength, maxLength }))

// built before any case: that takes fast-check a second
fc.string({ unit: 'binary' })

/** Random text in UTF-8, of so many characters at most. */
export const textOf = (draw: Draw, maxLength: number, minLength = 0) =>
  Buffer.from(draw(fc.string, { unit: 'binary', minLength, maxLength }))

/** The digits of random bytes. */
export const hexOf = (draw: Draw, bytes: number) => bytesOf(draw, bytes, bytes).toString('hex')

const ODD_BYTES = ['\r\n', '\r\n\r\n', '\n', '\0', '\ufeff', '0\r\n\r\n', ' ', ':', '\u001b[31m']

/** Bytes that are cut, changed, made longer or repeated. */
export function damaged(
  draw: Draw,
  bytes: Buffer,
  times = draw(fc.integer, { min: 1, max: 4 }),
): Buffer {
  if (times === 0) return bytes
  // near the beginning, or anywhere
  const at = draw(fc.nat, draw(fc.boolean) ? 400 : bytes.length)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  const more = draw(fc.boolean) ? bytesOf(draw, 8) : Buffer.from(pick(draw, ...ODD_BYTES))
  const result = weigh(
    draw,
    [1, () => before],
    [1, () => Buffer.concat([before, bytesOf(draw, 1), after.subarray(1)])],
    [1, () => Buffer.concat([before, more, after])],
    [1, () => Buffer.concat(Array<Buffer>(draw(fc.nat, 3) + 1).fill(bytes))],
  )
  return damaged(draw, result, times - 1)
}

export type Form = Record<string, unknown>

/** Fields that a decoder may stumble over, and points that a curve may. */
const ODD_VALUES = [
  ...['', '0x00', 'é'.repeat(32), '\ud800', '\u0000'.repeat(64), '\u001b[2J\u202e'],
  ...['X25519', 'P-256', 'X25519MLKEM768', 'constructor', '__proto__'],
  ...Object.values(BAD_POINTS).flat(),
  ...['ff'.repeat(32), `04${'ff'.repeat(64)}`, `02${'00'.repeat(32)}`],
  ...['00'.repeat(1088), '00'.repeat(1216), 'ff'.repeat(1216)],
  // a coefficient of 3329 in an encapsulation key that is otherwise none of them
  `010d${'00'.repeat(1182)}09${'00'.repeat(31)}`,
]
const ODD_NUMBERS = [-1, -0, 0, 0.5, 1, 2, 255, 2 ** 16, 2 ** 20, 2 ** 31, 2 ** 53, 1e308]
const ODD_NAMES = ['x', 'confirm', 'ciphertext', '__proto__', 'constructor', 'toString', '']

const oddValue = (draw: Draw): unknown =>
  weigh<unknown>(
    draw,
    [1, () => draw(fc.jsonValue, { maxDepth: 2 })],
    [1, () => pick(draw, ...ODD_VALUES)],
    [1, () => pick<unknown>(draw, ...ODD_NUMBERS, true, null)],
    [1, () => hexOf(draw, pick(draw, 16, 32, 1088))],
  )

/** A form of which some fields are changed, and fields within them. */
export function changed(
  draw: Draw,
  form: Form,
  times: number = pick(draw, 0, 0, 1, 1, 1, 1, 1, 2, 3),
): Form {
  if (times === 0 || Object.keys(form).length === 0) return form
  const field = pick(draw, ...Object.keys(form))
  const result = seldom(draw, 13)
    ? Object.fromEntries([...Object.entries(form), [pick(draw, ...ODD_NAMES), oddValue(draw)]])
    : { ...form, [field]: changedValue(draw, form[field]) }
  return changed(draw, result, times - 1)
}

function changedValue(draw: Draw, value: unknown): unknown {
  const isForm = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isForm && draw(fc.boolean)) return changed(draw, value as Form, 1)
  return weigh<unknown>(
    draw,
    [5, () => (typeof value === 'string' ? withAnotherDigit(draw, value) : value)],
    [
      4,
      () => (typeof value === 'number' ? draw(fc.nat, 2 ** 20) : hexOf(draw, pick(draw, 16, 32))),
    ],
    [2, () => oddValue(draw)],
    [1, () => (typeof value === 'string' ? value.toUpperCase() : [value])],
    [1, () => undefined],
  )
}

function withAnotherDigit(draw: Draw, text: string): string {
  const at = draw(fc.nat, text.length)
  return text.slice(0, at) + pick(draw, '0', '7', 'f', 'F', 'g', ' ', '') + text.slice(at + 1)
}

/** JSON as `JSON.stringify` does not write it: keys twice or escaped, numbers in other forms, gaps, brackets upon brackets. */
function rewritten(draw: Draw, json: string): string {
  const key = pick(draw, ...(json.match(/"\w+"(?=:)/g) ?? ['""']))
  const more = `${key}:${JSON.stringify(oddValue(draw))}`
  const escaped = (letter: string) => `\\u00${letter.charCodeAt(0).toString(16)}`
  const depth = pick(draw, 50, 400, 1_500, 3_000)
  const numbers = ['1.0', '1e0', '01', '0x1', '1e999', '-0', 'NaN', '1'.repeat(400), '"1"']
  const number = pick(draw, ...numbers, '['.repeat(depth) + ']'.repeat(depth))
  return pick(
    draw,
    json.replace(/^\{/, `{${more},`),
    json.replace(/\}$/, `,${more}}`),
    json.replace(key, key.replace(/\w/, escaped)),
    json.replace(/(?<=:)\d+/, number),
    pick(draw, '[', '{"v":').repeat(depth) + json,
    json.replaceAll(':', `:${pick(draw, ' ', '\t\r\n', '\u00a0', '\ufeff', '/**/', ',')}`),
  )
}

/** A valid form, changed more often than not, as JSON that is sometimes written oddly, with bytes that are sometimes damaged. */
export function bodyOf(draw: Draw, form: Form): Buffer {
  const json = JSON.stringify(changed(draw, form))
  const bytes = Buffer.from(seldom(draw, 5) ? rewritten(draw, json) : json)
  return seldom(draw, 8) ? damaged(draw, bytes, 1) : bytes
}
