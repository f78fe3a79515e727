/** The ways in which students compare two keys. */

import type { Curve } from '../../../protocol/curves.ts'

/** What of a point is compared as a number: the coordinate x, or all of one on X25519. */
export function xOf(curve: Curve, point: Uint8Array): Uint8Array {
  return curve.name === 'P-256' ? point.subarray(1, 33) : point
}

/** Bytes whose bytewise order is that of `bytes` as signed ones. */
export function signedBytes(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ 0x80)
}

/** RFC 4648 section 4, with its padding. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
