/** The sample picture: that it is what its script draws, and that its geometry is true. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { PNG } from 'pngjs'
import { CURVE, drawSample, P, type Point, Q, SUM, THIRD } from '../../src/sample/draw.ts'

const file = fs.readFileSync(new URL('../../src/sample/curve.png', import.meta.url))

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
