/** The toy: its arithmetic on every curve, Eve's search and its count, and the paint. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COMMON, mixed, paintOf, unmixed } from '../../src/page/toy/colours.ts'
import {
  add,
  CURVES,
  type Curve,
  inverse,
  isOnCurve,
  multiply,
  type Point,
  pointText,
  TOY,
  times,
} from '../../src/page/toy/curves.ts'
import { en } from '../../src/page/toy/en.ts'
import { es } from '../../src/page/toy/es.ts'
import { oneByOne, ownKey, rho } from '../../src/page/toy/search.ts'

/** All points of a small curve, by looking at each pair of numbers, and the one point that is none. */
function pointsOf(curve: Curve): Point[] {
  const points: Point[] = [null]
  for (let x = 0; x < curve.p; x++)
    for (let y = 0; y < curve.p; y++) if (isOnCurve(curve, { x, y })) points.push({ x, y })
  return points
}

/** By division, of an odd number below 2^49: that is quick enough. */
function isPrime(n: number): boolean {
  for (let i = 3; i * i <= n; i += 2) if (n % i === 0) return false
  return n % 2 === 1 && n > 1
}

/** Numbers that look random and are the same in each run. */
function randomFrom(seed: number) {
  let state = seed
  return (n: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % n
  }
}

/** One addition by big integers and the extended formulas' plain text: shares nothing with the program's. */
function sum({ p, a }: Curve, one: Point, two: Point): Point {
  if (one === null || two === null) return one ?? two
  const [P, x1, y1, x2, y2] = [p, one.x, one.y, two.x, two.y].map(BigInt) as [
    bigint,
    ...bigint[],
  ] as [bigint, bigint, bigint, bigint, bigint]
  if (x1 === x2 && (y1 + y2) % P === 0n) return null
  const power = (base: bigint, exponent: bigint): bigint => {
    if (exponent === 0n) return 1n
    const half = power(base, exponent / 2n)
    const square = (half * half) % P
    return exponent % 2n === 1n ? (square * base) % P : square
  }
  const positive = (value: bigint) => ((value % P) + P) % P
  const [over, under] = x1 === x2 ? [3n * x1 * x1 + BigInt(a), 2n * y1] : [y2 - y1, x2 - x1]
  // by Fermat, and not by Euclid
  const slope = positive(over) * power(positive(under), P - 2n)
  const x = positive(slope * slope - x1 - x2)
  return { x: Number(x), y: Number(positive(slope * (x1 - x) - y1)) }
}

describe('the curves of the toy', () => {
  it('have as many points as they say, and their base points reach each of them', () => {
    for (const curve of CURVES.slice(0, 2)) {
      const points = pointsOf(curve)
      assert.equal(points.length, curve.order)
      const reached = Array.from({ length: curve.order }, (_, k) =>
        pointText(multiply(curve, k, curve.base)),
      )
      assert.deepEqual(reached.sort(), points.map(pointText).sort())
    }
    assert.equal(CURVES[0], TOY)
  })

  for (const curve of CURVES.slice(1))
    it(`of ${curve.order} points is one: the primes are primes, and no other order is possible`, () => {
      const { p, base, order } = curve
      const bits = Math.ceil(Math.log2(p))
      assert.ok(isPrime(p) && isPrime(order))
      assert.ok(p < 2 ** bits && 2 ** bits - p < 100)
      assert.ok(isOnCurve(curve, base))
      assert.equal(multiply(curve, order, base), null)
      // Hasse: a multiple of the base point's order, and within this interval there is one
      assert.ok(Math.abs(order - p - 1) <= 2 * Math.sqrt(p) && order > 4 * Math.sqrt(p))
    })

  it('add as the formulas over big integers do, and multiply as adding again and again', () => {
    const seed = Date.now() % 2_147_483_647
    const random = randomFrom(seed)
    for (const curve of CURVES) {
      let before: Point = null
      for (let i = 0; i < 40; i++) {
        const point = multiply(curve, random(curve.order), curve.base)
        assert.ok(isOnCurve(curve, point), `seed ${seed}`)
        assert.deepEqual(add(curve, before, point), sum(curve, before, point), `seed ${seed}`)
        assert.deepEqual(add(curve, point, point), sum(curve, point, point), `seed ${seed}`)
        before = point
      }
      let walked: Point = null
      for (let k = 0; k < 70; k++) {
        assert.deepEqual(multiply(curve, k, curve.base), walked)
        walked = sum(curve, walked, curve.base)
      }
    }
  })

  it('are commutative groups, shown on the smallest', () => {
    const points = pointsOf(TOY)
    for (const p of points)
      for (const q of points) {
        const sum = add(TOY, p, q)
        assert.ok(isOnCurve(TOY, sum))
        assert.deepEqual(sum, add(TOY, q, p))
        for (const r of points) assert.deepEqual(add(TOY, sum, r), add(TOY, p, add(TOY, q, r)))
      }
    // over the rationals, 2 · (2, 3) has the slope 11/6, which is 7 mod 31
    assert.deepEqual(add(TOY, TOY.base, TOY.base), { x: 14, y: 6 })
    assert.equal(add(TOY, TOY.base, { x: 2, y: 28 }), null)
  })

  it('multiply remainders without losing a digit, and divide by what has a common divisor never', () => {
    const { p } = CURVES.at(-1) ?? TOY
    const random = randomFrom(7)
    for (let i = 0; i < 1000; i++) {
      const [one, two] = [p - 1 - random(p), random(p)]
      assert.equal(times(one, two, p), Number((BigInt(one) * BigInt(two)) % BigInt(p)))
      if (two !== 0) assert.equal(times(two, inverse(two, p), p), 1)
    }
    assert.throws(() => inverse(0, p))
    assert.throws(() => inverse(11, 33))
  })
})

describe('Eve', () => {
  it('finds every secret of the small curves by as many steps as the secret is', () => {
    for (const curve of CURVES.slice(0, 2))
      for (let secret = 1; secret < curve.order; secret++) {
        const eve = oneByOne(curve, multiply(curve, secret, curve.base))
        eve.advance(secret - 1)
        assert.deepEqual([eve.steps, eve.found], [secret - 1, null])
        eve.advance(100)
        assert.deepEqual([eve.steps, eve.found], [secret, secret])
      }
  })

  it('goes on where she stopped, and takes no step that she was not told to', () => {
    const curve = CURVES[4] ?? TOY
    const eve = oneByOne(curve, multiply(curve, 5000, curve.base))
    for (let i = 1; i <= 4; i++) {
      eve.advance(1111)
      assert.deepEqual([eve.steps, eve.found], [1111 * i, null])
    }
    eve.advance(1111)
    assert.deepEqual([eve.steps, eve.found], [5000, 5000])
  })

  it('finds the same by rho, in some multiple of the root of the order', () => {
    const seed = Date.now() % 2_147_483_647
    const random = randomFrom(seed)
    for (const curve of CURVES.slice(0, 5)) {
      const secret = 1 + random(curve.order - 1)
      const target = multiply(curve, secret, curve.base)
      const eve = rho(curve, target, random)
      // a walk that comes to nothing is begun anew: 40 times the root is out of reach of chance
      while (eve.found === null && eve.steps < 40 * Math.sqrt(curve.order) + 10_000)
        eve.advance(100)
      assert.equal(eve.found, secret, `seed ${seed}`)
    }
  })

  it('needs far more than the owner, who doubles and adds', () => {
    // 1, 2, 3, 6, 12, 13
    assert.equal(ownKey(TOY, 13).additions, 5)
    for (const curve of CURVES) {
      const { point, additions } = ownKey(curve, curve.order - 1)
      assert.deepEqual(point, { x: curve.base.x, y: curve.p - curve.base.y })
      assert.ok(additions <= 2 * Math.log2(curve.order))
    }
  })
})

describe('the paint', () => {
  it('comes to one colour on both sides, and Eve takes it apart', () => {
    const near = (one: readonly number[], two: readonly number[]) =>
      one.every((value, i) => Math.abs(value - (two[i] ?? 0)) < 1e-9)
    for (let a = 0; a < 360; a += 17)
      for (let b = 0; b < 360; b += 23) {
        const [mine, theirs] = [paintOf(a), paintOf(b)]
        const [sentA, sentB] = [mixed(COMMON, mine), mixed(COMMON, theirs)]
        const [potA, potB] = [mixed(sentB, sentB, mine), mixed(sentA, sentA, theirs)]
        assert.ok(near(potA, potB) && near(unmixed(sentA, COMMON), mine), `${a} ${b}`)
        assert.ok(mine.every((part) => part > 0 && part <= 1))
      }
  })
})

describe("the toy's sentences", () => {
  it('are other ones in Spanish, with the same numbers', () => {
    for (const [name, sentence] of Object.entries(en)) {
      const spanish = es[name as keyof typeof es]
      if (typeof sentence !== 'string') continue
      assert.notEqual(spanish, sentence, name)
      const numbers = (text: unknown) => String(text).match(/\d+/g)
      assert.deepEqual(numbers(spanish), numbers(sentence), name)
    }
  })

  it('tell times in the unit that fits', () => {
    assert.equal(
      en.allTake(0.01),
      'All of them: less than a tenth of a second; on average half of that.',
    )
    assert.match(en.allTake(1), /: 1 second;/)
    assert.match(en.allTake(90), /: 1\.5 minutes;/)
    assert.match(es.allTake(3600 * 24 * 13), /: 13 días;/)
    assert.match(en.rhoTakes(2 ** 125.8 / 1e6), /: 2\.3 × 10²⁴ years\./)
  })
})
