/** Draws the picture that a peer sends when it is given no other: P + Q on an elliptic curve. */

import fs from 'node:fs'

// Nothing below goes beyond + − × ÷ and √: IEEE 754 has them rounded alike on every machine,
// and so the pixels are the same. Math.sin, Math.hypot and ** may differ in the last bit.

/** A point: on the curve with y upwards, in the picture in pixels with y downwards. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** The curve y² = x³ + ax + b over the real numbers. */
export const CURVE = { a: -3, b: 3 } as const

const cubic = (x: number) => x * x * x + CURVE.a * x + CURVE.b
const upperPoint = (x: number): Point => ({ x, y: Math.sqrt(cubic(x)) })

/** P + Q over the real numbers, P and Q having different x: the formula of RFC 6090 section 3. */
export function add(p: Point, q: Point): Point {
  const slope = (q.y - p.y) / (q.x - p.x)
  const x = slope * slope - p.x - q.x
  return { x, y: slope * (p.x - x) - p.y }
}

/** −P: the mirror image of P in the x-axis. */
export const negate = (p: Point): Point => ({ x: p.x, y: -p.y })

export const P = upperPoint(-2.05)
export const Q = upperPoint(0.3)
export const SUM = add(P, Q)
/** Where the chord through P and Q meets the curve again: three points in line add up to zero. */
export const THIRD = negate(SUM)

const WIDTH = 960
const HEIGHT = 720
const ORIGIN: Point = { x: 432, y: 360 }
/** The pixels that a 1 takes: fewer upwards than sideways, or the branches would leave too soon. */
const UNIT: Point = { x: 154, y: 112 }
const inPicture = (p: Point) => ({ x: ORIGIN.x + p.x * UNIT.x, y: ORIGIN.y - p.y * UNIT.y })

type Colour = readonly [red: number, green: number, blue: number]
const PAPER: Colour = [255, 255, 255]
const INK: Colour = [27, 38, 59]
const GREY: Colour = [136, 147, 164]
const BLUE: Colour = [29, 95, 168]
const ORANGE: Colour = [214, 110, 0]
const RED: Colour = [196, 22, 79]

/** Straight from point to point; a dot is a line that stays where it is. */
type Line = readonly Point[]

const between = (a: Point, b: Point, t: number): Point => ({
  x: a.x + t * (b.x - a.x),
  y: a.y + t * (b.y - a.y),
})

/** The line from `a` to `b` in `count` dashes, the gaps as long as the dashes. */
const dashes = (a: Point, b: Point, count: number): Line[] =>
  Array.from({ length: count }, (_, i) =>
    [2 * i, 2 * i + 1].map((step) => between(a, b, step / (2 * count - 1))),
  )

/** The strokes of each letter, for `strokesFrom`: y upwards from the baseline, capitals 1 high. */
const GLYPHS: Record<string, string> = {
  P: '0,0 0,1 .33,1 ~.61,1 .61,.72 ~.61,.44 .33,.44 0,.44',
  Q: '1,.5 ~1,1 .5,1 ~0,1 0,.5 ~0,0 .5,0 ~1,0 1,.5 | .6,.3 .98,-.08',
  x: '0,0 .5,.64 | 0,.64 .5,0',
  y: '0,.64 .26,.02 | .5,.64 .14,-.32',
  3: '0,.82 ~.08,1 .25,1 ~.5,1 .5,.77 ~.5,.54 .2,.54 ~.53,.54 .53,.27 ~.53,0 .25,0 ~.08,0 0,.18',
  '²': '0,1.08 ~.02,1.2 .16,1.2 ~.32,1.2 .32,1.06 ~.32,.94 .22,.83 0,.6 .34,.6',
  '³': '0,1.1 ~0,1.2 .15,1.2 ~.3,1.2 .3,1.05 ~.3,.9 .1,.9 ~.3,.9 .3,.75 ~.3,.6 .14,.6 ~0,.6 0,.7',
  '=': '0,.3 .6,.3 | 0,.54 .6,.54',
  '+': '0,.42 .6,.42 | .3,.12 .3,.72',
  '−': '0,.42 .6,.42',
  '(': '.16,1.16 ~-.16,.46 .16,-.24',
  ')': '.06,1.16 ~.38,.46 .06,-.24',
  ' ': '',
}

/** The way from `a` to `b` that rounds off the `corner`, as a quarter of an ellipse. */
const rounded = (a: Point, corner: Point, b: Point): Line =>
  Array.from({ length: 11 }, (_, i) => {
    // A Bézier curve whose corner weighs √½ is such a quarter, without sine and cosine.
    const t = (i + 1) / 12
    const [u, v, w] = [(1 - t) * (1 - t), Math.SQRT2 * t * (1 - t), t * t]
    const mix = (...[p, q, r]: [number, number, number]) => (u * p + v * q + w * r) / (u + v + w)
    return { x: mix(a.x, corner.x, b.x), y: mix(a.y, corner.y, b.y) }
  })

/** Strokes written as `x,y x,y | x,y ~x,y x,y`: lines from point to point, ~ a corner to round. */
function strokesFrom(drawing: string): Line[] {
  return drawing.split('|').map((stroke) => {
    const words = stroke.match(/\S+/g) ?? []
    const points = words.map((word) => {
      const [x = 0, y = 0] = word.replace('~', '').split(',').map(Number)
      return { x, y }
    })
    return points.flatMap((point, i) => {
      const [before, after] = [points[i - 1], points[i + 1]]
      return words[i]?.startsWith('~') && before && after ? rounded(before, point, after) : point
    })
  })
}

/** The strokes of `text`, its baseline from (x, y) on, its capitals `size` pixels high. */
function write(text: string, x: number, y: number, size: number): Line[] {
  let pen = x
  return [...text].flatMap((letter) => {
    const glyph = GLYPHS[letter]
    if (glyph === undefined) throw new RangeError(`There are no strokes for ${letter}.`)
    const [strokes, left] = [strokesFrom(glyph), pen]
    pen += size * (Math.max(0, ...strokes.flat().map((p) => p.x)) + 0.27)
    return strokes.map((points) => points.map((p) => ({ x: left + size * p.x, y: y - size * p.y })))
  })
}

const length = (x: number, y: number) => Math.sqrt(x * x + y * y)

/** How far `at` is from the segment from `a` to `b`. */
function toSegment(at: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const along = ((at.x - a.x) * dx + (at.y - a.y) * dy) / (dx * dx + dy * dy || 1)
  const nearest = between(a, b, Math.min(1, Math.max(0, along)))
  return length(at.x - nearest.x, at.y - nearest.y)
}

/** How far `at` is from the curve: |F| / |∇F| for F = y² − x³ − ax − b, which holds near F = 0. */
function toCurve(at: Point): number {
  const [x, y] = [(at.x - ORIGIN.x) / UNIT.x, (ORIGIN.y - at.y) / UNIT.y]
  return Math.abs(y * y - cubic(x)) / length((3 * x * x + CURVE.a) / UNIT.x, (2 * y) / UNIT.y)
}

/** The picture: red, green, blue and an opaque alpha for each pixel, row by row from the top. */
export function drawSample(): { width: number; height: number; rgba: Uint8Array } {
  const rgba = new Uint8Array(WIDTH * HEIGHT * 4).fill(255)

  /** Colours what is within half of `thickness` by `distance`; `box` has to enclose the shape. */
  const paint = (distance: (at: Point) => number, box: Line, thickness: number, colour: Colour) => {
    const reach = thickness / 2 + 1
    const from = (all: number[]) => Math.max(0, Math.floor(Math.min(...all) - reach))
    const to = (all: number[], end: number) => Math.min(end, Math.max(...all) + reach)
    const [xs, ys] = [box.map((p) => p.x), box.map((p) => p.y)]
    for (let y = from(ys); y < to(ys, HEIGHT); y++)
      for (let x = from(xs); x < to(xs, WIDTH); x++) {
        // How much of the pixel is covered, judged by its centre and in sixteenths: the eye sees
        // no more, and the file is a third smaller.
        const inside = thickness / 2 - distance({ x: x + 0.5, y: y + 0.5 }) + 0.5
        const cover = Math.round(16 * Math.min(1, Math.max(0, inside))) / 16
        for (const [i, channel] of colour.entries()) {
          const offset = (y * WIDTH + x) * 4 + i
          const below = rgba[offset] ?? 0
          rgba[offset] = Math.round(below + cover * (channel - below))
        }
      }
  }
  const stroke = (lines: readonly Line[], thickness: number, colour: Colour) => {
    const segments = lines.flatMap((l) => l.slice(1).map((end, i) => [l[i] ?? end, end] as const))
    const distance = (at: Point) => Math.min(...segments.map(([a, b]) => toSegment(at, a, b)))
    paint(distance, lines.flat(), thickness, colour)
  }
  /** With a rim of paper, so that lines below keep their distance. */
  const rimmed = (lines: readonly Line[], thickness: number, colour: Colour) => {
    stroke(lines, thickness + 8, PAPER)
    stroke(lines, thickness, colour)
  }
  const label = (text: string, x: number, y: number, size: number, colour: Colour) =>
    rimmed(write(text, x, y, size), size / 7.5, colour)

  stroke(strokesFrom('32,360 928,360 | 914,352 928,360 914,368'), 3, GREY)
  stroke(strokesFrom('432,696 432,24 | 424,38 432,24 440,38'), 3, GREY)
  label('x', 910, 400, 30, GREY)
  label('y', 454, 44, 30, GREY)

  paint(toCurve, strokesFrom(`0,0 ${WIDTH},${HEIGHT}`).flat(), 6, BLUE)
  label(`y² = x³ − ${-CURVE.a}x + ${CURVE.b}`, 44, 678, 30, BLUE)

  const [p, q, third, sum] = [inPicture(P), inPicture(Q), inPicture(THIRD), inPicture(SUM)]
  stroke([[between(p, third, -0.13), between(p, third, 1.16)]], 5, ORANGE)
  stroke(dashes(between(third, sum, 0.06), between(third, sum, 0.94), 15), 5, RED)
  rimmed([[p, p]], 25, INK)
  rimmed([[q, q]], 25, INK)
  rimmed([[third, third]], 22, INK)
  stroke([[third, third]], 12, PAPER)
  rimmed([[sum, sum]], 30, RED)
  label('P', p.x - 58, p.y - 22, 44, INK)
  label('Q', q.x - 4, q.y - 34, 44, INK)
  label('−(P + Q)', third.x + 30, third.y + 54, 30, INK)
  label('P + Q', sum.x + 36, sum.y + 10, 48, RED)
  return { width: WIDTH, height: HEIGHT, rgba }
}

if (process.argv[1] === import.meta.filename) {
  const { PNG } = await import('pngjs')
  const { width, height, rgba } = drawSample()
  const image = new PNG({ width, height })
  image.data.set(rgba)
  // Colour type 2 leaves the alpha away; unfiltered rows pack best where most is paper.
  const file = PNG.sync.write(image, { colorType: 2, filterType: 0, deflateStrategy: 0 })
  fs.writeFileSync(new URL('curve.png', import.meta.url), file)
}
