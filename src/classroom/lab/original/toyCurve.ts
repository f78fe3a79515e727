/** The original's curve, y² = x³ - x + 3 over the field of 31 elements, by the formulas of a first lecture. */

/** A point; null is the one at infinity, the neutral element. */
export type ToyPoint = { readonly x: number; readonly y: number } | null

/** The field has P elements, the curve is y² = x³ + A·x + B. */
const P = 31
const A = -1
const B = 3

export const TOY_BASE: ToyPoint = { x: 2, y: 3 }
/** How many points there are, the one at infinity counted; the base point reaches all of them. */
export const TOY_ORDER = 33

export function isOnToyCurve(point: ToyPoint): boolean {
  return point === null || mod(point.y ** 2) === mod(point.x ** 3 + A * point.x + B)
}

/** The chord through two points, or the tangent at one, meets the curve once more: mirrored, that is the sum. */
export function addToy(p: ToyPoint, q: ToyPoint): ToyPoint {
  if (p === null) return q
  if (q === null) return p
  if (p.x === q.x && mod(p.y + q.y) === 0) return null
  const slope =
    p.x === q.x ? mod((3 * p.x ** 2 + A) * inverse(2 * p.y)) : mod((q.y - p.y) * inverse(q.x - p.x))
  const x = mod(slope ** 2 - p.x - q.x)
  return { x, y: mod(slope * (p.x - x) - p.y) }
}

/** `k` times `point`, by doubling and adding; `k` is not negative. */
export function multiplyToy(k: number, point: ToyPoint): ToyPoint {
  let sum: ToyPoint = null
  for (let power = point, rest = k; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) sum = addToy(sum, power)
    power = addToy(power, power)
  }
  return sum
}

export function sameToyPoint(p: ToyPoint, q: ToyPoint): boolean {
  return p?.x === q?.x && p?.y === q?.y
}

/** "(2, 3)", or "infinity". */
export function toyPointText(point: ToyPoint): string {
  return point === null ? 'infinity' : `(${point.x}, ${point.y})`
}

function mod(value: number): number {
  return ((value % P) + P) % P
}

/** By trying: the field is small enough for that, and this is what the lecture is about. */
function inverse(value: number): number {
  for (let candidate = 1; candidate < P; candidate++)
    if (mod(candidate * value) === 1) return candidate
  throw new Error('Zero has no inverse.')
}
