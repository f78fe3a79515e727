/** The examiner's keys, chosen so that each way to tell the parties shows itself: see "The orders of keys". */

import { compareBytes, concatBytes } from '../../../protocol/bytes.ts'
import type { KeyPair } from '../../../protocol/curves.ts'
import type { Party } from '../../../protocol/keySchedule.ts'
import { halvesOf, type Suite } from '../../../protocol/suites.ts'
import type { Order } from '../failure.ts'
import { keyPair, keyPairs } from './manyKeys.ts'
import { base64, signedBytes, xOf } from './orders.ts'
import type { Random } from './random.ts'
import { safetyHalf } from './safety.ts'

export { keyPair }

/** Keys that are tried before the student's peer is started with another `{state}`. */
const TRIES = 10_000
/** As many for what has a KEM's key pair to make for each. */
const KEM_TRIES = 2000

/** The fresh keys of one agreement. */
export interface Ephemeral {
  /** The half on the curve. */
  readonly pair: KeyPair
  /** As in a share: 32, 65 or 1,216 bytes. */
  readonly publicKey: Uint8Array
  /** The shared secret in a ciphertext for this key, 32 bytes. @throws Error on a suite without a KEM */
  decapsulate(ciphertext: Uint8Array): Uint8Array
}

export interface ExaminerKeys {
  readonly identity: KeyPair
  readonly ephemeral: Ephemeral
}

/** What the order of the identities is to be. */
export interface IdentityWish {
  /** That of the student's peer, which the order of the identities decides. */
  readonly party: Party
  /** Of all the orders below that are not given. */
  readonly order: Order
  /** Their order as little-endian numbers: as the bytewise one, or the opposite. */
  readonly littleEndian?: Order
  /** As signed bytes. */
  readonly signed?: Order
  /** As base64. */
  readonly text?: Order
  /** With a group of the safety number that begins with 0, and its half in this `order` to the student's. */
  readonly zeroGroup?: boolean
}

/** Fresh keys in no order. */
export function ephemeralKeys(
  random: Random,
  suite: Suite,
  pair = keyPair(random, suite),
): Ephemeral {
  const { kem } = suite
  if (kem === null) {
    const decapsulate = () => {
      throw new Error(`${suite.name} has no KEM.`)
    }
    return { pair, publicKey: pair.publicKey, decapsulate }
  }
  let keys = kem.keyPair(random.bytes(64))
  // A peer that refuses a good number would refuse a fifth of all keys, by chance.
  while (hasNumber(keys.encapsulationKey, GREATEST)) keys = kem.keyPair(random.bytes(64))
  const { encapsulationKey, decapsulationKey } = keys
  return {
    pair,
    publicKey: concatBytes(encapsulationKey, pair.publicKey),
    decapsulate: (ciphertext) => kem.decapsulate(decapsulationKey, ciphertext),
  }
}

/** The greatest number that an encapsulation key may have (FIPS 203 section 7.2), and how many there are. */
const GREATEST = 3_328
const NUMBERS = 768

/** Two numbers stand in three bytes, little-endian (FIPS 203 algorithm 6). */
function hasNumber(key: Uint8Array, number: number): boolean {
  return Array.from({ length: NUMBERS }, (_, index) => {
    const [first = 0, second = 0] = key.subarray(Math.floor(1.5 * index))
    return index % 2 === 0 ? first | ((second & 0x0f) << 8) : (first >> 4) | (second << 4)
  }).includes(number)
}

/** An encapsulation key with number `index` changed. */
export function withNumber(key: Uint8Array, index: number, number: number): Uint8Array {
  const at = 3 * (index >> 1)
  const [low = 0, middle = 0, high = 0] = key.subarray(at, at + 3)
  const changed =
    index % 2 === 0
      ? [number & 0xff, (middle & 0xf0) | (number >> 8), high]
      : [low, (middle & 0x0f) | ((number & 0x0f) << 4), number >> 4]
  const copy = key.slice()
  copy.set(changed, at)
  return copy
}

/** Whether two comparisons agree with a wish for them. */
function isAs(order: Order, one: number, other: number): boolean {
  return one * other > 0 === (order === 'plain')
}

/**
 * An identity for the examiner under which the student's peer is `wish.party`; null after 10,000 tries: the student's
 * stands too near the end of an order. Orders that `wish.order` alone asks for: as little-endian numbers always; as signed
 * bytes where it can be (it can't be the opposite one in one of the parties); as base64 if a few more tries give it.
 */
export function chooseIdentity(
  random: Random,
  suite: Suite,
  student: Uint8Array,
  wish: IdentityWish,
): KeyPair | null {
  const x = xOf(suite.curve, student)
  const canDiffer = (x[0] ?? 0) < 0x80 === (wish.party === 1)
  const signed = wish.signed ?? (canDiffer ? wish.order : 'plain')
  const littleEndian = wish.littleEndian ?? wish.order
  const text = wish.text ?? wish.order
  let second: KeyPair | null = null
  let [tries, last] = [0, TRIES]
  for (const pair of keyPairs(random, suite)) {
    if (tries++ === last) break
    const own = pair.publicKey
    const order = compareBytes(student, own)
    if (order < 0 !== (wish.party === 1)) continue
    const ownX = xOf(suite.curve, own)
    if (!isAs(littleEndian, order, compareBytes(x.toReversed(), ownX.toReversed()))) continue
    if (!isAs(signed, order, compareBytes(signedBytes(x), signedBytes(ownX)))) continue
    if (wish.zeroGroup && !hasZeroGroup(suite, student, own, order, wish.order)) continue
    if (isAs(text, order, base64(student) < base64(own) ? -1 : 1)) return pair
    if (wish.text !== undefined) continue
    if (second === null) last = Math.min(last, 8 * tries + 32)
    second ??= pair
  }
  return second
}

/** Whether `own` has a group with a leading zero, and its half stands to the student's as the identities do, or not. */
function hasZeroGroup(
  { curve }: Suite,
  student: Uint8Array,
  own: Uint8Array,
  order: number,
  wish: Order,
): boolean {
  const half = safetyHalf(curve, own)
  const isBelow = safetyHalf(curve, student) < half
  return (
    half.split(' ').some((group) => group.startsWith('0')) && isAs(wish, order, isBelow ? -1 : 1)
  )
}

/** What the order of the two public keys is to be. */
export interface EphemeralWish {
  /** The student's. */
  readonly party: Party
  /** As that of the identities, or the opposite. */
  readonly order: Order
  /** Null while it is not known, since the examiner sends first. */
  readonly studentPublicKey: Uint8Array | null
}

/**
 * Fresh keys in the order that is wanted; null if none came, since the student's public key stands at the end of the order. If
 * that is not known, the first byte that counts is below 05 or above fa: then the order is right in 98 of 100 cases
 * (`hasOrder` tells).
 */
export function chooseEphemeral(
  random: Random,
  suite: Suite,
  wish: EphemeralWish,
): Ephemeral | null {
  const isAbove = (wish.party === 1) === (wish.order === 'plain')
  const { studentPublicKey: student } = wish
  let tries = 0
  for (const pair of keyPairs(random, suite)) {
    if (tries++ === (suite.kem ? KEM_TRIES : TRIES)) break
    const keys = ephemeralKeys(random, suite, pair)
    const first = firstByte(suite, keys.publicKey)
    if (student === null ? (isAbove ? first > 0xfa : first < 0x05) : hasOrder(wish, keys, student))
      return keys
  }
  return null
}

/** Whether the order of the two public keys is the one that was wanted. */
export function hasOrder(
  { party, order }: Pick<EphemeralWish, 'party' | 'order'>,
  { publicKey }: Ephemeral,
  student: Uint8Array,
): boolean {
  return compareBytes(student, publicKey) < 0 === ((party === 1) === (order === 'plain'))
}

/** The first byte that differs between public keys: of the encapsulation key, or of the point, of which P-256's begins with 04. */
function firstByte(suite: Suite, publicKey: Uint8Array): number {
  const { encapsulationKey, point } = halvesOf(suite, publicKey)
  return encapsulationKey[0] ?? xOf(suite.curve, point)[0] ?? 0
}
