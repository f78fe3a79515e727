/** The number that two people compare over another channel to know that nobody is in the middle. */

import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, lp, u16, utf8ToBytes } from './bytes.ts'
import type { Curve } from './curves.ts'

const GROUPS = 6

/**
 * Twelve groups of five digits, one space between groups; the same on both sides.
 * Each identity has six groups of its own and the smaller half stands first. One hash
 * over both would let an attacker search for a pair of identities that collides.
 */
export function safetyNumber(curve: Curve, own: Uint8Array, peer: Uint8Array): string {
  return [half(curve, own), half(curve, peer)].sort().join(' ')
}

/** Six groups: 5-byte big-endian integers mod 100000 from the first 30 bytes of the hash. */
function half(curve: Curve, identity: Uint8Array): string {
  const hash = sha512(concatBytes(utf8ToBytes('duet/2 safety number'), u16(curve.id), lp(identity)))
  const groups = Array.from({ length: GROUPS }, (_, i) => {
    const value = hash.slice(5 * i, 5 * i + 5).reduce((sum, byte) => sum * 256 + byte, 0)
    return String(value % 100_000).padStart(5, '0')
  })
  return groups.join(' ')
}
