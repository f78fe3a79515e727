/** Public values as a terminal shows them: whole, or by their first and last bytes. */

import { bytesToHex } from '../protocol/bytes.ts'

/** The most bytes that are shown whole: a public key of P-256. */
const MAX_WHOLE_BYTES = 65
/** Hex digits at either end of a longer one. */
const END_DIGITS = 8
const END_BYTES = END_DIGITS / 2

export const isLong = ({ length }: Uint8Array) => length > MAX_WHOLE_BYTES

/** The first and last hex digits. */
export function ends(bytes: Uint8Array): string {
  return `${bytesToHex(bytes.subarray(0, END_BYTES))}…${bytesToHex(bytes.subarray(-END_BYTES))}`
}
