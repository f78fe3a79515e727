/** Invalid public keys: points of low order, points off the curve, second encodings of a point; for ML-KEM, numbers that are too large. */

import { concatBytes, hexToBytes } from '../../../protocol/bytes.ts'
import { type Curve, type CurveName, LOW_ORDER } from '../../../protocol/curves.ts'

export interface BadPoints {
  readonly sent: string
  /** What they would win from a careless program. */
  readonly gain: string
  /** The code of their refusal. */
  readonly expected: string
  readonly points: readonly Uint8Array[]
}

/** What a peer has to refuse as a point of `curve`; `used`: a public key that the peer has used, or else any good one. */
export function badPoints(curve: Curve, used: Uint8Array): BadPoints[] {
  return BAD_POINTS[curve.name](used)
}

const BAD_POINTS: Readonly<Record<CurveName, (used: Uint8Array) => BadPoints[]>> = {
  X25519: badPointsX25519,
  'P-256': badPointsP256,
}

function badPointsX25519(used: Uint8Array): BadPoints[] {
  const [zero = used, ...others] = LOW_ORDER
  const above = (n: number) => Uint8Array.of(0xed + n, ...Array(30).fill(0xff), 0x7f)
  const expected = 'bad_point'
  return [
    {
      sent: 'the public key that is all zero',
      gain: 'a shared secret of zeros, whatever the private keys',
      expected,
      points: [zero],
    },
    {
      sent: 'the other four points of low order',
      gain: 'the same (RFC 7748 section 6.1)',
      expected,
      points: others,
    },
    {
      sent: 'points of low order in another form: p, p + 1, top bit set',
      gain: 'the same, past a list of the five',
      expected,
      points: [above(0), above(1), ...LOW_ORDER.map(withTopBit)],
    },
    {
      sent: 'the base point as p + 9: not canonical',
      gain: 'a second name for one point, past whoever compares bytes',
      expected,
      points: [above(9)],
    },
    {
      sent: 'a good public key with its top bit set',
      gain: 'a used key as a new one: RFC 7748 section 5 ignores that bit',
      expected,
      points: [withTopBit(used)],
    },
  ]
}

function withTopBit(point: Uint8Array): Uint8Array {
  return point.with(31, (point[31] ?? 0) | 0x80)
}

/** p of P-256, and a y for x = 0: FIPS 186-4 section D.1.2.3, and the square root of its b. */
const P_256 = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'
const Y_OF_ZERO = '66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4'

function badPointsP256(used: Uint8Array): BadPoints[] {
  const three = new Uint8Array(32).with(31, 3)
  const x = used.subarray(1, 33)
  const parity = (used[64] ?? 0) & 1
  return [
    {
      sent: '(3, 0), which is not on the curve: of order 2 on another one',
      gain: 'the private key mod 2; with more such points, all of it (Antipa and others, PKC 2003)',
      expected: 'bad_point',
      points: [concatBytes(Uint8Array.of(4), three, new Uint8Array(32))],
    },
    {
      sent: 'a good public key with one bit of y flipped: off the curve',
      gain: 'the same, on a curve that nobody chose',
      expected: 'bad_point',
      points: [flipBit(used, 64)],
    },
    {
      sent: '65 bytes of zero, and 04 with zeros',
      gain: 'the point at infinity: a shared secret that everybody knows',
      expected: 'bad_point',
      points: [new Uint8Array(65), new Uint8Array(65).with(0, 4)],
    },
    {
      sent: 'a point compressed to 33 bytes; infinity as 00',
      gain: 'a second name for one point, past whoever compares bytes',
      expected: 'bad_encoding',
      points: [concatBytes(Uint8Array.of(2 + parity), x), Uint8Array.of(0)],
    },
    {
      sent: 'a good public key in the hybrid form (06, 07)',
      gain: 'a used key as a new one',
      expected: 'bad_point',
      points: [used.with(0, 6 + parity)],
    },
    {
      sent: 'x = p in place of x = 0: not canonical',
      gain: 'a second name for one point',
      expected: 'bad_point',
      points: [hexToBytes(`04${P_256}${Y_OF_ZERO}`)],
    },
  ]
}

export interface BadEncapsulationKeys extends Omit<BadPoints, 'points'> {
  readonly keys: readonly Uint8Array[]
}

/** Encapsulation keys of ML-KEM-768 to refuse; `good`: any that is none of them, or empty on a suite without a KEM. */
export function badEncapsulationKeys(good: Uint8Array): BadEncapsulationKeys[] {
  if (good.length === 0) return []
  /** With the last of its 768 coefficients of 12 bits, which are little-endian (FIPS 203 algorithm 6). */
  const withLast = (coefficient: number) =>
    good
      .with(1150, ((good[1150] ?? 0) & 0x0f) | ((coefficient & 0x0f) << 4))
      .with(1151, coefficient >> 4)
  const expected = 'bad_point'
  return [
    {
      sent: 'an encapsulation key with 3329 in it; with 4095',
      gain: 'a second name for one key: 3329 is 0 there (FIPS 203 section 7.2)',
      expected,
      keys: [withLast(3329), withLast(4095)],
    },
    {
      sent: 'an encapsulation key of ff only',
      gain: 'the same, 768 times',
      expected,
      keys: [new Uint8Array(good.length).fill(0xff)],
    },
  ]
}

/** `bytes` with the lowest bit of byte `at` flipped. */
export function flipBit(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) ^ 1)
}
