/**
 * Curves y² = x³ + ax + b over the integers mod p, by the formulas of a first lecture: the smallest is the original's, which the
 * lab breaks and the toy draws, and on the larger ones Eve gets slow.
 */

export interface Curve {
  /** A prime below 2^49. */
  readonly p: number
  readonly a: number
  readonly b: number
  readonly base: { readonly x: number; readonly y: number }
  /** How many points there are, the one at infinity counted; the base point reaches all of them. */
  readonly order: number
}

/** A point; null is the one at infinity, the neutral element. */
export type Point = { readonly x: number; readonly y: number } | null

/** The original's curve: few enough points to see them all. */
export const TOY: Curve = { p: 31, a: -1, b: 3, base: { x: 2, y: 3 }, order: 33 }

/**
 * The curves that Eve tries, from small to large. After the first one p is the largest prime below a power of two, and the order
 * is a prime too.
 */
export const CURVES: readonly Curve[] = [
  TOY,
  { p: 1021, a: -1, b: 8, base: { x: 2, y: 237 }, order: 1039 },
  { p: 65_521, a: -1, b: 7, base: { x: 0, y: 12_406 }, order: 65_147 },
  { p: 1_048_573, a: -1, b: 13, base: { x: 2, y: 58_197 }, order: 1_048_391 },
  { p: 16_777_213, a: -1, b: 62, base: { x: 0, y: 277_018 }, order: 16_772_167 },
  { p: 4_294_967_291, a: -1, b: 10, base: { x: 2, y: 4 }, order: 4_295_071_007 },
  {
    p: 1_099_511_627_689,
    a: -1,
    b: 79,
    base: { x: 0, y: 380_434_278_215 },
    order: 1_099_512_805_387,
  },
  { p: 281_474_976_710_597, a: -1, b: 25, base: { x: 0, y: 5 }, order: 281_474_965_931_729 },
]

export function isOnCurve({ p, a, b }: Curve, point: Point): boolean {
  if (point === null) return true
  const { x, y } = point
  const right = times(x, mod(times(x, x, p) + a, p), p) + b
  return times(y, y, p) === mod(right, p)
}

/** The chord through two points, or the tangent at one, meets the curve once more: mirrored, that is the sum. */
export function add({ p, a }: Curve, one: Point, two: Point): Point {
  if (one === null) return two
  if (two === null) return one
  if (one.x === two.x && (one.y + two.y) % p === 0) return null
  const slope =
    one.x === two.x
      ? times(mod(3 * times(one.x, one.x, p) + a, p), inverse(mod(2 * one.y, p), p), p)
      : times(mod(two.y - one.y, p), inverse(mod(two.x - one.x, p), p), p)
  const x = mod(times(slope, slope, p) - one.x - two.x, p)
  return { x, y: mod(times(slope, mod(one.x - x, p), p) - one.y, p) }
}

/** `k` times `point`, by doubling and adding; `k` is not negative. `sum` adds, for whoever counts how often. */
export function multiply(curve: Curve, k: number, point: Point, sum = add): Point {
  let result: Point = null
  let power = point
  for (let rest = k; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result === null ? power : sum(curve, result, power)
    if (rest > 1) power = sum(curve, power, power)
  }
  return result
}

export function samePoint(one: Point, two: Point): boolean {
  return one?.x === two?.x && one?.y === two?.y
}

/** "(2, 3)", or "infinity". */
export function pointText(point: Point): string {
  return point === null ? 'infinity' : `(${point.x}, ${point.y})`
}

/** The remainder, never negative. */
export function mod(value: number, n: number): number {
  const rest = value % n
  // never -0 either, which is written so
  return rest < 0 ? rest + n : Math.abs(rest)
}

/** The product of two remainders mod `n`. */
export function times(one: number, two: number, n: number): number {
  const product = one * two
  // above that a number has no place for its last digit
  if (product <= Number.MAX_SAFE_INTEGER) return product % n
  return Number((BigInt(one) * BigInt(two)) % BigInt(n))
}

/** What times `value` leaves the remainder 1, by Euclid's algorithm. @throws Error if the two have a common divisor. */
export function inverse(value: number, n: number): number {
  let [rest, next, factor, other] = [n, value, 0, 1]
  while (next !== 0) {
    const quotient = Math.floor(rest / next)
    ;[rest, next] = [next, rest - quotient * next]
    ;[factor, other] = [other, factor - quotient * other]
  }
  if (rest !== 1) throw new Error(`${value} has no inverse mod ${n}.`)
  return mod(factor, n)
}
