/** The sample picture: that it is what its script draws, and that its geometry is true. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PNG } from 'pngjs'
import { add, CURVE, drawSample, negate, P, type Point, Q, SUM, THIRD } from '../src/sample/draw.ts'

const file = fs.readFileSync(new URL('../src/sample/curve.png', import.meta.url))

const cubic = (x: number) => x ** 3 + CURVE.a * x + CURVE.b

/** By how much `point` misses the curve, measured against the size of what cancels. */
const missesCurve = ({ x, y }: Point) => Math.abs(y ** 2 - cubic(x)) / (1 + y ** 2)

describe('the sample picture', () => {
  it('is what the script draws, pixel for pixel', () => {
    const { width, height, rgba } = drawSample()
    const image = PNG.sync.read(file)
    assert.deepEqual([image.width, image.height], [width, height])
    assert.ok(image.data.equals(rgba), 'draw it anew: make sample')
  })

  it('is below 40 KiB', () => {
    assert.ok(file.length < 40 * 1024, `${file.length} bytes`)
  })

  for (const [name, point] of Object.entries({ P, Q, 'P + Q': SUM, 'the third point': THIRD }))
    it(`has ${name} on the curve`, () => {
      assert.ok(missesCurve(point) < 1e-12)
    })

  it('has the third point on the line through P and Q', () => {
    const slope = (Q.y - P.y) / (Q.x - P.x)
    assert.ok(Math.abs(P.y + slope * (THIRD.x - P.x) - THIRD.y) < 1e-12)
  })

  it('has P + Q as the mirror image of the third point', () => {
    assert.deepEqual(SUM, { x: THIRD.x, y: -THIRD.y })
  })
})

describe('addition over the real numbers', () => {
  // Whole points of y² = x³ − 7x + 10, to be checked by hand.
  const a = { x: -3, y: -2 }
  const b = { x: 1, y: 2 }
  const c = { x: -1, y: 4 }

  it('gives a sum worked by hand', () => {
    assert.deepEqual(add(a, b), { x: 3, y: -4 })
  })

  it('does not depend on which sum comes first', () => {
    assert.deepEqual(add(add(a, b), c), { x: 2, y: 2 })
    assert.deepEqual(add(a, add(b, c)), { x: 2, y: 2 })
  })

  it('stays on the curve and takes either order, for any two points apart', () => {
    const points = fc
      .tuple(fc.double({ min: -2.1, max: 4, noNaN: true }), fc.boolean())
      .map(([x, above]) => ({ x, y: Math.sqrt(cubic(x)) * (above ? 1 : -1) }))
    fc.assert(
      fc.property(points, points, (p, q) => {
        fc.pre(Math.abs(p.x - q.x) > 0.1)
        const sum = add(p, q)
        assert.ok(missesCurve(sum) < 1e-6)
        const other = add(q, p)
        assert.ok(Math.abs(sum.x - other.x) < 1e-6 * (1 + Math.abs(sum.x)))
        assert.ok(Math.abs(sum.y - other.y) < 1e-6 * (1 + Math.abs(sum.y)))
      }),
    )
  })

  it('brings P back when Q is taken away again', () => {
    const back = add(SUM, negate(Q))
    assert.ok(Math.abs(back.x - P.x) < 1e-12 && Math.abs(back.y - P.y) < 1e-12)
  })
})
