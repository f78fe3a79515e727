/**
 * The original's curve, y² = x³ - x + 3 over the field of 31 elements, by the formulas of a first lecture. It stands here
 * because a browser may load it as well as the lab; the page does not load it yet.
 *
 * @typedef {{ readonly x: number, readonly y: number } | null} ToyPoint A point; null is the one at infinity, the neutral element.
 */

/** The field has P elements, the curve is y² = x³ + A·x + B. */
const P = 31
const A = -1
const B = 3

/** @type {ToyPoint} */
export const TOY_BASE = { x: 2, y: 3 }
/** How many points there are, the one at infinity counted; the base point reaches all of them. */
export const TOY_ORDER = 33

/** @param {ToyPoint} point */
export function isOnToyCurve(point) {
  return point === null || mod(point.y ** 2) === mod(point.x ** 3 + A * point.x + B)
}

/**
 * The chord through two points, or the tangent at one, meets the curve once more: mirrored, that is the sum.
 * @param {ToyPoint} p @param {ToyPoint} q @returns {ToyPoint}
 */
export function addToy(p, q) {
  if (p === null) return q
  if (q === null) return p
  if (p.x === q.x && mod(p.y + q.y) === 0) return null
  const slope =
    p.x === q.x ? mod((3 * p.x ** 2 + A) * inverse(2 * p.y)) : mod((q.y - p.y) * inverse(q.x - p.x))
  const x = mod(slope ** 2 - p.x - q.x)
  return { x, y: mod(slope * (p.x - x) - p.y) }
}

/**
 * `k` times `point`, by doubling and adding; `k` is not negative.
 * @param {number} k @param {ToyPoint} point @returns {ToyPoint}
 */
export function multiplyToy(k, point) {
  /** @type {ToyPoint} */
  let sum = null
  for (let power = point, rest = k; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) sum = addToy(sum, power)
    power = addToy(power, power)
  }
  return sum
}

/** @param {ToyPoint} p @param {ToyPoint} q */
export function sameToyPoint(p, q) {
  return p?.x === q?.x && p?.y === q?.y
}

/** "(2, 3)", or "infinity". @param {ToyPoint} point */
export function toyPointText(point) {
  return point === null ? 'infinity' : `(${point.x}, ${point.y})`
}

/** @param {number} value */
function mod(value) {
  return ((value % P) + P) % P
}

/** By trying: the field is small enough for that, and this is what the lecture is about. @param {number} value */
function inverse(value) {
  for (let candidate = 1; candidate < P; candidate++)
    if (mod(candidate * value) === 1) return candidate
  throw new Error('Zero has no inverse.')
}
