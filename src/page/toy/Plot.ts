/** The small curve: its points as dots, hops from one to the next, and points that one can drag. */

import { h } from '../h.ts'
import { type Point, samePoint } from './curves.ts'
import { MULTIPLES } from './state.ts'

/** Points that somebody hops along, from the first to the last. */
export interface Trail {
  readonly of: 'a' | 'b' | 'eve'
  readonly points: readonly Point[]
}

/** A point with a name. */
export interface Mark {
  readonly name: string
  readonly point: Point
  readonly is: 'public' | 'secret'
  /** What happens when it is dragged to `k` · G. */
  readonly drag?: ((k: number) => void) | undefined
}

/** How wide a step of x or y is drawn, and the place of (0, 0). */
const CELL = 10
const [LEFT, BOTTOM] = [26, 326]
const SIZE = 344
/** How far from a point a finger still takes it. */
const REACH = 22

const placeOf = (point: Point): { x: number; y: number } =>
  // the point at infinity is nowhere: it gets a place of its own, above the others
  point === null
    ? { x: LEFT + 15 * CELL, y: 11 }
    : { x: LEFT + CELL * point.x, y: BOTTOM - CELL * point.y }

/** A hop as an arc. */
function arc(from: Point, to: Point): string {
  const [one, two] = [placeOf(from), placeOf(to)]
  const x = (one.x + two.x) / 2 - (two.y - one.y) / 8
  const y = (one.y + two.y) / 2 + (two.x - one.x) / 8
  return `M${one.x} ${one.y}Q${x} ${y} ${two.x} ${two.y}`
}

export function Plot({
  label,
  trails,
  marks,
}: {
  readonly label: string
  readonly trails: readonly Trail[]
  readonly marks: readonly Mark[]
}) {
  const isAtInfinity =
    marks.some(({ point }) => point === null) || trails.some(({ points }) => points.includes(null))
  return h(
    'svg',
    { class: 'plot', viewBox: `0 0 ${SIZE} ${SIZE}`, role: 'img', 'aria-label': label },
    h('path', { class: 'axes', d: `M${LEFT - 8} 18V${BOTTOM + 8}H${SIZE}` }),
    h('path', { class: 'mirror', d: `M${LEFT - 8} ${BOTTOM - 15.5 * CELL}H${SIZE}` }),
    [0, 10, 20, 30].map((n) => [
      h('text', { class: 'tick', x: LEFT + CELL * n, y: SIZE - 1 }, n),
      h('text', { class: 'tick', x: 7, y: BOTTOM - CELL * n + 3 }, n),
    ]),
    isAtInfinity && h('text', { class: 'tick', ...placeOf(null) }, '∞'),
    MULTIPLES.map((point) => h('circle', { class: 'dot', ...centre(point), r: 2.6 })),
    trails.map(({ of, points }) =>
      points.map((point, i) => {
        // the last hops are the strongest
        const opacity = Math.max(0.25, 1 - (points.length - 1 - i) / 12)
        const before = points[i - 1]
        return [
          before !== undefined && h('path', { class: `hop ${of}`, d: arc(before, point), opacity }),
          h('circle', { class: `dot ${of}`, ...centre(point), r: 3.6 }),
          h('text', { class: `count ${of}`, x: placeOf(point).x, y: placeOf(point).y - 6 }, i + 1),
        ]
      }),
    ),
    joined(marks).map(({ name, point, is }) => {
      const { x, y } = placeOf(point)
      const width = 10 + 9 * name.length
      return h(
        'g',
        { class: `mark ${is}` },
        h('rect', { x: x - width / 2, y: y - 9.5, width, height: 19, rx: 9.5 }),
        h('text', { x, y: y + 4.5 }, name),
      )
    }),
    // apart from what is drawn, so that none goes while a finger holds it
    marks.map(
      ({ name, point, drag }) =>
        drag &&
        h('circle', { key: name, class: 'reach', ...centre(point), r: REACH, ...dragged(drag) }),
    ),
  )
}

const centre = (point: Point) => {
  const { x, y } = placeOf(point)
  return { cx: x, cy: y }
}

/** What a pointer does with a point: it goes to the dot that is nearest. */
function dragged(drag: (k: number) => void) {
  return {
    onPointerDown(event: PointerEvent) {
      ;(event.currentTarget as Element).setPointerCapture(event.pointerId)
      event.preventDefault()
    },
    // a finger on it does not scroll: not every browser takes touch-action of a part of a drawing
    onTouchStart(event: TouchEvent) {
      event.preventDefault()
    },
    onPointerMove(event: PointerEvent) {
      const target = event.currentTarget as SVGElement
      if (!target.hasPointerCapture(event.pointerId)) return
      const box = target.ownerSVGElement?.getBoundingClientRect()
      if (box === undefined) return
      const scale = SIZE / box.width
      drag(nearest((event.clientX - box.left) * scale, (event.clientY - box.top) * scale))
    },
  }
}

/** Which multiple of G has its dot nearest to a place in the drawing. */
function nearest(x: number, y: number): number {
  let [best, distance] = [1, Infinity]
  for (const [i, point] of MULTIPLES.entries()) {
    const place = placeOf(point)
    const far = Math.hypot(place.x - x, place.y - y)
    if (far < distance) [best, distance] = [i + 1, far]
  }
  return best
}

/** Marks on one point become one. */
function joined(marks: readonly Mark[]): Mark[] {
  const kept: Mark[] = []
  for (const mark of marks) {
    const i = kept.findIndex(({ point }) => samePoint(point, mark.point))
    const there = kept[i]
    if (there === undefined) kept.push(mark)
    else kept[i] = { ...mark, name: `${there.name}=${mark.name}` }
  }
  return kept
}
