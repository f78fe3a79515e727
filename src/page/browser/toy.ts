/** The toy in a browser: what a press does, hops one after another, and Eve's search in slices. */

import { hydrate, render } from 'preact'
import { h } from '../h.ts'
import { CURVES, TOY } from '../toy/curves.ts'
import { wayOn } from '../toy/Eve.ts'
import { oneByOne, ownKey, rho } from '../toy/search.ts'
import { type Act, BEGIN, type Figure, type ToyState, type Trial } from '../toy/state.ts'
import { linksIn, Toy } from '../toy/Toy.ts'

/** How long Eve works before the page may do something else, in ms. */
const SLICE_MS = 12
/** How long a hop that one can watch takes, in ms. */
const HOP_MS = 350
/** How often the page shows where she is, in ms. */
const SHOW_MS = 100
/** How long a rate is measured until it says something, in seconds. */
const MEASURED = 0.05
/** Steps between two looks at the clock. */
const BATCH = 64

const { lang } = document.documentElement
const words = lang === 'es' ? (await import('../toy/es.ts')).es : (await import('../toy/en.ts')).en
const links = linksIn(lang, 'chosen' in document.body.dataset)
const wantsNoMotion = matchMedia('(prefers-reduced-motion: reduce)')

let state = BEGIN
/** What is under way in the figures and with Eve: the timer to stop. */
let hopTimer: ReturnType<typeof setTimeout> | undefined
let eveTimer: ReturnType<typeof setTimeout> | undefined

const page = () => h(Toy, { words, state, act, links })
function change(now: Partial<ToyState>) {
  state = { ...state, ...now }
  render(page(), document.body)
}

const act: Act = {
  change,
  hop(figure: Figure) {
    clearTimeout(hopTimer)
    const end = figure === 'hops' ? state.a : Math.max(state.a, state.b)
    let shown = wantsNoMotion.matches ? end : 1
    const next = () => {
      change({ hopping: shown < end ? { figure, shown: shown++ } : null })
      if (state.hopping !== null)
        hopTimer = setTimeout(() => state.hopping !== null && next(), HOP_MS)
    }
    next()
  },
  search(size) {
    act.stop()
    const curve = CURVES[size] ?? TOY
    const way = wayOn(size, state.way)
    // the small curve has a secret already
    const secret = curve === TOY ? state.a : 1 + random(curve.order - 1)
    const { point, additions } = ownKey(curve, secret)
    const eve = way === 'all' ? oneByOne(curve, point) : rho(curve, point, random)
    const isSlow = curve === TOY && !wantsNoMotion.matches
    const trial: Trial = { size, way, secret, additions, steps: 0, seconds: null, is: 'running' }
    const begun = performance.now()
    let shownAt = 0
    const show = (now: number, is: Trial['is']) => {
      shownAt = now
      const seconds = isSlow ? null : (now - begun) / 1000
      const { steps } = eve
      const last = { ...trial, steps, seconds, is }
      const isMeasured = seconds !== null && seconds > MEASURED
      change({
        trials: { ...state.trials, [size]: last },
        rate: isMeasured ? steps / seconds : state.rate,
        ...(is !== 'running' && { news: last }),
      })
    }
    const work = () => {
      const end = performance.now() + SLICE_MS
      do eve.advance(isSlow ? 1 : BATCH)
      while (!isSlow && eve.found === null && performance.now() < end)
      const now = performance.now()
      const isDone = eve.found !== null
      if (isDone || isSlow || now - shownAt >= SHOW_MS) show(now, isDone ? 'found' : 'running')
      eveTimer = isDone ? undefined : setTimeout(work, isSlow ? HOP_MS : 0)
    }
    change({ news: trial })
    stopped = () => show(performance.now(), 'stopped')
    work()
  },
  stop() {
    if (eveTimer === undefined) return
    clearTimeout(eveTimer)
    eveTimer = undefined
    stopped()
  },
}
/** Shows that the search under way was stopped. */
let stopped = () => {}

/** A number from 0 to n - 1, each as likely as the others. */
function random(n: number): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return Math.floor((((high % 2 ** 21) * 2 ** 32 + low) / 2 ** 53) * n)
}

hydrate(page(), document.body)
