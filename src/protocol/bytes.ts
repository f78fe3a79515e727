/** Byte strings as duet/2 writes them: hex, big-endian integers and length prefixes. */

import { concatBytes } from '@noble/hashes/utils.js'

export { concatBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'

/** `bytes` as hex digits, in lower case. By Node: noble takes as long for a message's as to open it. */
export function bytesToHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

/**
 * The bytes that `hex` stands for: an even number of digits in lower case, one form for each value.
 * @throws RangeError
 */
export function hexToBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
  // Node takes capitals, and stops where the digits do
  if (bytesToHex(bytes) !== hex) throw new RangeError('This is not hex in lower case.')
  return bytes
}

/** `value` as two bytes, big-endian. */
export function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  new DataView(bytes.buffer).setUint16(0, value)
  return bytes
}

/** `value`, a safe integer, as eight bytes, big-endian. */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** The number that the first eight bytes are, big-endian; from 2^53 on only about that. */
export function readU64(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0))
}

/** lp(x): the length of `bytes` (below 65,536) in two bytes, then `bytes`. */
export function lp(bytes: Uint8Array): Uint8Array {
  return concatBytes(u16(bytes.length), bytes)
}

/** Bytewise order of two byte strings: negative, zero or positive, as for `sort`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

/** Whether two byte strings are equal; looks at every byte of equal lengths, whatever they hold. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}
