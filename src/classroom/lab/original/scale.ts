/** The attack on the original's curve, scaled to the curves of this program: how many steps, how long. */

import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { add, type Point, TOY } from '../../../page/toy/curves.ts'
import { fact, heading, table, wrap } from '../../../terminal/layout.ts'

/** A billion machines with a billion additions a second each. */
const IMAGINED_RATE = 1e18
const SECONDS_A_YEAR = 365.25 * 24 * 3600
const MEASURED_MS = 200
const BATCH = 100

/**
 * Additions that the best known attack, Pollard's rho with the negation map, takes on average in
 * a group of `order` elements, as a power of two: 0.886 √order, where 0.886 is √(π/4).
 * Source: https://safecurves.cr.yp.to/rho.html
 */
export function rhoBits(order: bigint | number): number {
  return Math.log2(Math.PI / 4) / 2 + Math.log2(Number(order)) / 2
}

/** Point additions a second, measured here and now on one core. */
function rate<Point>(begin: Point, add: (sum: Point) => Point): number {
  const start = performance.now()
  let sum = begin
  let additions = 0
  let ms = 0
  while (ms < MEASURED_MS) {
    for (let i = 0; i < BATCH; i++) sum = add(sum)
    additions += BATCH
    ms = performance.now() - start
  }
  return (1000 * additions) / ms
}

interface Group {
  readonly name: string
  /** How many private keys there are, as a power of two. */
  readonly keyBits: number
  /** Additions that an attack takes. */
  readonly additionBits: number
  /** Additions a second on this machine. */
  readonly rate: number
}

/** Part 5 of the lab, as lines: measures additions on three curves, and what an attack on each would take. */
export function scaled(): string[] {
  const { BASE: base25519, Fn: field25519 } = ed25519.Point
  const { BASE: baseP256, Fn: fieldP256 } = p256.Point
  const groups: Group[] = [
    {
      name: "the original's",
      keyBits: Math.log2(TOY.order),
      // all of them
      additionBits: Math.log2(TOY.order),
      rate: rate<Point>(TOY.base, (sum) => add(TOY, sum, TOY.base)),
    },
    {
      name: 'X25519',
      // RFC 7748 section 5: of 256 bits, three are cleared at one end, and two are fixed at the other
      keyBits: 251,
      additionBits: rhoBits(field25519.ORDER),
      rate: rate(base25519.double(), (sum) => sum.add(base25519)),
    },
    {
      name: 'P-256',
      keyBits: Math.log2(Number(fieldP256.ORDER)),
      additionBits: rhoBits(fieldP256.ORDER),
      rate: rate(baseP256.double(), (sum) => sum.add(baseP256)),
    },
  ]
  return [
    ...heading('5. The same attack on X25519 and P-256'),
    ...wrap(
      "From a public key back to a private one: on the original's curve by trying all of them, on ours by the best way known for such groups, Pollard's rho.",
    ),
    '',
    ...table(
      [10, 8, 9, 11, 15, 15],
      ['', 'private keys', 'additions', 'additions/s here', 'time here', 'time at 10^18/s'],
      groups.map(({ name, keyBits, additionBits, rate }) => [
        name,
        power(keyBits),
        power(additionBits),
        Math.round(rate).toLocaleString('en'),
        duration(2 ** additionBits / rate),
        duration(2 ** additionBits / IMAGINED_RATE),
      ]),
    ),
    '',
    ...fact(
      'additions',
      "for all keys on the original's curve; on average for rho, which takes 0.886 √n of them in a group of n points: https://safecurves.cr.yp.to/rho.html",
    ),
    ...fact(
      'here',
      `measured for ${MEASURED_MS / 1000} s each on one core of this machine, by the library that this program uses; for X25519 on the curve that it is equivalent to, edwards25519 (RFC 7748 section 4.1). The inversion that rho also needs at each step is not counted.`,
    ),
    ...fact(
      'at 10^18/s',
      'a rate that we made up: a billion machines with a billion additions a second each. The universe is some 1.4·10^10 years old (Planck 2018 results VI, arXiv:1807.06209).',
    ),
    ...fact(
      'not counted',
      "a large quantum computer: Shor's algorithm (1994) would break both curves.",
    ),
  ]
}

function power(bits: number): string {
  return `2^${bits.toFixed(1)}`
}

function duration(seconds: number): string {
  const years = seconds / SECONDS_A_YEAR
  return years >= 1 ? `${scientific(years)} years` : `${scientific(seconds)} s`
}

function scientific(value: number): string {
  const [digits, exponent] = value.toExponential(1).split('e')
  return `${digits}·10^${Number(exponent)}`
}
