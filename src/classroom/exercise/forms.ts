/** Reads what a student's peer writes, also where its form is not quite that of the specification. */

import { p256 } from '@noble/curves/nist.js'
import type { Curve } from '../../protocol/curves.ts'
import { JsonError, parseJson } from '../../protocol/json.ts'

/** How deep what a peer sends may be nested: a million brackets fill the memory and whoever walks through them. */
const MAX_DEPTH = 64
/** Its objects, arrays, names and commas. */
const MAX_ITEMS = 200_000

/** The value of a JSON text, undefined if it is none or far more than any peer has to say. Of a name that stands twice, the last one counts. */
export function jsonOf(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString('utf8')
  try {
    return parseJson(text, { depth: MAX_DEPTH, items: MAX_ITEMS })
  } catch (error) {
    const isReadable = error instanceof JsonError && error.fault === 'name twice'
    return isReadable ? (JSON.parse(text) as unknown) : undefined
  }
}

/** The fields of a JSON object; none for anything else. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** The bytes of a hex text, in upper or lower case, or of base64, of the right length if one is given; else null. */
export function bytesOf(value: unknown, length?: number): Uint8Array | null {
  if (typeof value !== 'string') return null
  const hex = Buffer.from(value, 'hex')
  if (2 * hex.length === value.length && (length === undefined || hex.length === length))
    return new Uint8Array(hex)
  const base64 = Buffer.from(value, 'base64')
  return length !== undefined && base64.length === length ? new Uint8Array(base64) : null
}

/** A point: as it should be, or one of P-256 compressed or without its first byte. Null if it is none of these. */
export function pointOf(value: unknown, { name, pointBytes }: Curve): Uint8Array | null {
  const whole = bytesOf(value, pointBytes)
  if (whole !== null || name !== 'P-256') return whole
  const bytes = bytesOf(value, 33) ?? Uint8Array.of(4, ...(bytesOf(value, 64) ?? []))
  try {
    return p256.Point.fromBytes(bytes).toBytes(false)
  } catch {
    return null
  }
}

/** The bytes of a base64 text; else null. */
export function base64Of(value: unknown): Uint8Array | null {
  if (typeof value !== 'string') return null
  const bytes = Buffer.from(value, 'base64')
  const [text] = value.split('=')
  return bytes.toString('base64').split('=')[0] === text ? new Uint8Array(bytes) : null
}
