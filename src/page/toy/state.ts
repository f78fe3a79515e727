/** What the toy shows: two secrets, how far their hops are drawn, what Eve has tried, and two colours. */

import { type Curve, multiply, type Point, TOY } from './curves.ts'
import type { Way } from './search.ts'

/** One search of Eve's, for a fresh key on one of the curves. */
export interface Trial {
  /** Which of the curves. */
  readonly size: number
  readonly way: Way
  /** The private key that she looks for; the page knows it, she does not. */
  readonly secret: number
  /** What its owner needed to make the public key of it. */
  readonly additions: number
  readonly steps: number
  /** How long she took until now; null where she was slowed down, so that one can watch. */
  readonly seconds: number | null
  readonly is: 'running' | 'found' | 'stopped'
}

export interface ToyState {
  /** The two secrets on the small curve: 1 to `LAST`. */
  readonly a: number
  readonly b: number
  /** A figure whose hops come one after another now, and how many of them are there. */
  readonly hopping: { readonly figure: Figure; readonly shown: number } | null
  readonly way: Way
  /** The last trial on each curve, by its place. */
  readonly trials: Readonly<Record<number, Trial>>
  /** Her last measured rate in additions a second, or null. */
  readonly rate: number | null
  /** What a screen reader is told of her. */
  readonly news: Trial | null
  /** The hues of the two secret colours. */
  readonly hueA: number
  readonly hueB: number
}

export type Figure = 'hops' | 'meet'

/** What a press, a key or a drag does; null on the server. */
export interface Act {
  change(now: Partial<ToyState>): void
  hop(figure: Figure): void
  search(size: number): void
  stop(): void
}

/** The largest secret of the small curve: one more leads to infinity. */
export const LAST = TOY.order - 1

export const BEGIN: ToyState = {
  a: 5,
  b: 13,
  hopping: null,
  way: 'all',
  trials: {},
  rate: null,
  news: null,
  hueA: 210,
  hueB: 350,
}

/** 1 · `from`, 2 · `from`, … up to `count` of them. */
export function hops(curve: Curve, from: Point, count: number): Point[] {
  return Array.from({ length: count }, (_, i) => multiply(curve, i + 1, from))
}

/** The multiples of the base point, from 1G on; all that there is to see. */
export const MULTIPLES: readonly Point[] = hops(TOY, TOY.base, LAST)
