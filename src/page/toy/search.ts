/** Eve's search for a private key, one addition at a time: her steps are counted where she takes them. */

import { add, type Curve, inverse, mod, multiply, type Point, samePoint, times } from './curves.ts'

/** How she looks: at every point in turn, or by Pollard's rho, the best way known. */
export type Way = 'all' | 'rho'

export interface Search {
  /** Additions of points until now; the first point that she looks at, the base point, counts as one. */
  readonly steps: number
  /** The private key, once she has it. */
  readonly found: number | null
  /** Takes `count` more steps, or fewer if she finds it. */
  advance(count: number): void
}

/** A number from 0 to `n` - 1, each as likely as the others. */
export type Random = (n: number) => number

/** From G on: 1G, 2G, 3G, … until it is `target`. Every point but the one at infinity is found. */
export function oneByOne(curve: Curve, target: Point): Search {
  let point: Point = null
  let steps = 0
  let found: number | null = null
  return {
    get steps() {
      return steps
    },
    get found() {
      return found
    },
    advance(count) {
      for (let i = 0; i < count && found === null; i++) {
        point = add(curve, point, curve.base)
        steps++
        if (samePoint(point, target)) found = steps
      }
    },
  }
}

/** A point with how it was made: u · G + v · target. */
interface Made {
  readonly point: Point
  readonly u: number
  readonly v: number
}

/** Into how many kinds the walk of rho sorts the points; each kind is left by a jump of its own. */
const JUMPS = 20

/**
 * Pollard's rho: a walk whose next jump depends only on the point where it is. Once it comes to a point where it was before, it knows
 * two ways to make that point, and so the key. It remembers few points, those whose x is divisible by a power of two, and it takes about
 * 1.25 √order additions (Teske, "Speeding up Pollard's rho method", 1998).
 */
export function rho(curve: Curve, target: Point, random: Random): Search {
  const { order, base } = curve
  let steps = 0
  let found: number | null = null
  const made = (u: number, v: number): Made => {
    const sum = (c: Curve, one: Point, two: Point) => {
      steps++
      return add(c, one, two)
    }
    const point = sum(curve, multiply(curve, u, base, sum), multiply(curve, v, target, sum))
    return { point, u, v }
  }
  const anywhere = () => made(random(order), random(order))
  const jumps: Made[] = []
  const seen = new Map<number, Made>()
  const every = 2 ** Math.max(0, Math.floor(Math.log2(order) / 2) - 8)
  let here: Made | null = null
  let sinceSeen = 0
  return {
    get steps() {
      return steps
    },
    get found() {
      return found
    },
    advance(count) {
      const end = steps + count
      while (steps < end && found === null) {
        const jump = jumps[(here?.point?.x ?? 0) % JUMPS]
        if (jumps.length < JUMPS) jumps.push(anywhere())
        // a walk that remembers nothing any more goes round in a circle
        else if (here === null || jump === undefined || sinceSeen > 32 * every) {
          here = anywhere()
          sinceSeen = 0
        } else {
          const u = (here.u + jump.u) % order
          const v = (here.v + jump.v) % order
          here = { point: add(curve, here.point, jump.point), u, v }
          steps++
          sinceSeen++
          const x = here.point?.x ?? 0
          if (x % every !== 0) continue
          sinceSeen = 0
          const before = seen.get(x)
          if (before === undefined) seen.set(x, here)
          else {
            found = keyOf(before, here)
            here = null
          }
        }
      }
    },
  }

  /** What two ways to one point tell of the key; null if they tell nothing. */
  function keyOf(one: Made, two: Made): number | null {
    // the same x: the same point, or its mirror image
    const sign = samePoint(one.point, two.point) ? 1 : -1
    const u = mod(one.u - sign * two.u, order)
    const v = mod(sign * two.v - one.v, order)
    try {
      const key = times(u, inverse(v, order), order)
      return samePoint(multiply(curve, key, base), target) ? key : null
    } catch {
      return null
    }
  }
}

/** A fresh private key with its public key, and how many additions the owner needed, by doubling and adding. */
export function ownKey(curve: Curve, secret: number): { point: Point; additions: number } {
  let additions = 0
  const point = multiply(curve, secret, curve.base, (c, one, two) => {
    additions++
    return add(c, one, two)
  })
  return { point, additions }
}
