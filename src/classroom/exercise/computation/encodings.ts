/** The forms in which students write bytes, where lower-case hex belongs. */

import { Buffer } from 'node:buffer'

/** Longer texts are none of the forms that are looked for. */
const LONGEST = 20_000

/** DER before a public key of X25519 (RFC 8410 section 4), and before an uncompressed one of P-256 (RFC 5480 section 2). */
const DER = ['302a300506032b656e032100', '3059301306072a8648ce3d020106082a8648ce3d030107034200']

/**
 * The form of `value`, which stands for `bytes` bytes, as the end of a sentence ("base64"); null if it is lower-case hex of
 * that length, and "no form of … bytes that is known" if nothing fits.
 */
export function encodingOf(value: unknown, bytes: number): string | null {
  if (typeof value === 'number') return 'a number'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return value === null ? 'null' : 'an object'
  if (typeof value !== 'string' || value.length > LONGEST) return unknown(bytes)
  const found = /^[\da-f]*$/i.test(value) ? formOfHex(value, bytes) : formOfText(value, bytes)
  return found === null ? null : (found ?? unknown(bytes))
}

function unknown(bytes: number): string {
  return `no form of ${bytes} bytes that is known`
}

/** Null if it is right, undefined if it is not hex of something known. */
function formOfHex(value: string, bytes: number): string | null | undefined {
  const { length } = value
  const hex = value.toLowerCase()
  if (length === 2 * bytes) {
    if (hex === value) return null
    return value === value.toUpperCase() ? 'upper-case hex' : 'hex in mixed case'
  }
  if (length === 0) return 'an empty text'
  if (/^\d+$/.test(value) && isDecimal(value, bytes)) return 'a decimal number'
  const der = DER.find((prefix) => hex.startsWith(prefix) && length === prefix.length + 2 * bytes)
  if (der !== undefined) return 'hex of the key in DER (SubjectPublicKeyInfo), not of the key alone'
  if (bytes === 65 && length === 66 && /^0[23]/.test(value))
    return 'hex of a compressed point (33 bytes), not of an uncompressed one'
  if (bytes === 65 && length === 128) return 'hex of x and y without the byte 04 before them'
  if (bytes === 65 && length === 64) return 'hex of x alone'
  if (bytes % 32 === 0 && length === 2 * bytes + 2 && hex.startsWith('00'))
    return 'hex with a zero byte before it, as a signed big integer has'
  if (length === 2 * bytes - 1) return 'hex without its leading zero, as of a number'
  if (length > 2 * bytes) return `hex of ${length / 2} bytes, not of ${bytes}`
  // a number loses some zeros, and base64 may look like hex
  if (Buffer.from(value, 'base64').length === bytes) return 'base64'
  return length % 2 === 0
    ? `hex of ${length / 2} bytes, not of ${bytes}`
    : `hex with an odd number of digits (${length})`
}

function formOfText(value: string, bytes: number): string | undefined {
  if (value.startsWith('-----BEGIN')) return 'PEM'
  if (/^0x[\da-f]*$/i.test(value)) return 'hex with 0x before it'
  if (/^b['"]/.test(value)) return "the text of Python's bytes (b'…')"
  if (/^[\da-f]+(?:[: -][\da-f]+)+$/i.test(value)) return 'hex with something between the digits'
  if (/^\s|\s$/.test(value)) return 'a text with blanks or a line feed around it'
  if (/^\[?[\d, ]+\]?$/.test(value)) return 'a list of decimal numbers'
  if (/^[\da-z+/]+={0,2}$/i.test(value) && Buffer.from(value, 'base64').length === bytes)
    return 'base64'
  if (/^[\w-]+={0,2}$/.test(value) && Buffer.from(value, 'base64url').length === bytes)
    return 'base64url'
  if (value.length === bytes) return 'the bytes themselves as characters'
  return undefined
}

/** Whether it has about as many digits as a number of so many bytes. */
function isDecimal(digits: string, bytes: number): boolean {
  return Math.abs(digits.length - bytes * 8 * Math.log10(2)) < 4
}
