/** The forms in which a secret may stand in an answer, a file or a line: those that programs print bytes in. */

import { bytesToHex, concatBytes } from '../../../../protocol/bytes.ts'

/** A secret, or a text that only the owner's terminal shows. */
export interface Secret {
  /** As a report calls it. */
  readonly name: string
  readonly value: Uint8Array
}

export interface Leak {
  readonly name: string
  /** In words. */
  readonly form: string
}

/** Content in the shapes in which it is searched. */
interface Shapes {
  readonly raw: Buffer
  readonly text: string
  readonly lower: string
  /** Without blanks and line ends, and those that are written as escapes. */
  readonly squeezed: string
  readonly squeezedLower: string
  readonly base64: string
}

/** More of one place is not looked at. */
const MAX_SEARCHED = 2 * 1024 * 1024

/** The first of `secrets` that stands in `content` in some form, null if none does. */
export function leakIn(secrets: readonly Secret[], content: Uint8Array): Leak | null {
  if (content.length === 0) return null
  const shapes = shapesOf(content)
  for (const { name, value } of secrets) {
    const form = formIn(shapes, value)
    if (form !== null) return { name, form }
  }
  return null
}

function shapesOf(content: Uint8Array): Shapes {
  const raw = Buffer.from(content.subarray(0, MAX_SEARCHED))
  const text = raw.toString('latin1')
  const squeezed = text.replaceAll(/\s|\\[nrt]/g, '')
  return {
    raw,
    text,
    lower: text.toLowerCase(),
    squeezed,
    squeezedLower: squeezed.toLowerCase(),
    base64: squeezed.replaceAll('-', '+').replaceAll('_', '/'),
  }
}

function formIn(shapes: Shapes, value: Uint8Array): string | null {
  const { raw, text, lower, squeezed, squeezedLower, base64 } = shapes
  const hex = bytesToHex(value)
  if (text.includes(hex)) return 'hex'
  if (text.includes(hex.toUpperCase())) return 'upper-case hex'
  if (squeezedLower.includes(hex)) return 'hex'
  if (lower.includes((hex.match(/../g) ?? []).join(':'))) return 'hex with colons'
  const found = base64Of(value).find((part) => base64.includes(part))
  if (found !== undefined) {
    if (/-----BEGIN [A-Z ]*PRIVATE KEY/.test(text)) return 'PEM'
    return squeezed.includes(found) ? 'base64' : 'base64url'
  }
  if (raw.includes(Buffer.from(value))) return 'raw bytes'
  if (squeezed.includes(value.join(','))) return 'a list of numbers'
  if (text.includes(asPythonWrites(value))) return 'bytes as Python writes them'
  // Longer ones are texts, which nobody takes for a number.
  if (value.length > 128) return null
  const numbers = [BigInt(`0x${hex}`), BigInt(`0x${bytesToHex(value.toReversed())}`)]
  return numbers.some((number) => text.includes(String(number))) ? 'a decimal number' : null
}

/** What base64 of anything with `value` in it has, wherever that begins: it takes three bytes at a time. */
function base64Of(value: Uint8Array): string[] {
  return [0, 2, 3].map((skipped, before) => {
    const whole = Buffer.from(concatBytes(new Uint8Array(before), value)).toString('base64')
    return whole.slice(skipped, Math.floor(((before + value.length) * 8) / 6))
  })
}

const SHORT: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' }

/** What stands between the quotes of `b'…'`. */
function asPythonWrites(value: Uint8Array): string {
  const quote = value.includes(0x27) && !value.includes(0x22) ? '"' : "'"
  return Array.from(value, (byte) => {
    const character = String.fromCharCode(byte)
    if (SHORT[byte] !== undefined) return SHORT[byte]
    if (character === quote) return `\\${quote}`
    const isPrintable = byte >= 0x20 && byte < 0x7f
    return isPrintable ? character : `\\x${byte.toString(16).padStart(2, '0')}`
  }).join('')
}
