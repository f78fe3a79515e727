/** Eve, who tries all points: on the small curve before one's eyes, on larger ones until she is too slow. */

import { COSTS } from '../costs.ts'
import { h } from '../h.ts'
import { CURVES, TOY } from './curves.ts'
import { rounded } from './numbers.ts'
import { Part, type View } from './Part.ts'
import { Plot } from './Plot.ts'
import { ownKey, type Way } from './search.ts'
import { MULTIPLES, type Trial } from './state.ts'

/** From this curve on rho is worth its preparation. */
const FIRST_FOR_RHO = 2

export function Eve(view: View) {
  const { words, state, act } = view
  const tried = state.trials[0]?.steps ?? 0
  const secret = state.trials[0]?.secret ?? state.a
  const { point } = ownKey(TOY, secret)
  const { rho, years, faster } = COSTS.X25519
  const [times, power] = years
  const { news } = state
  return h(
    Part,
    {
      id: 'eve',
      title: words.eveTitle,
      text: words.eveText,
      figure: h(Plot, {
        label: words.evePlot(tried),
        trails: [{ of: 'eve', points: MULTIPLES.slice(0, tried) }],
        marks: [
          { name: 'G', point: TOY.base, is: 'public' },
          { name: 'A', point, is: 'public' },
        ],
      }),
    },
    h(
      'fieldset',
      { class: 'ways', 'data-js': '' },
      h('legend', null, words.ways),
      (['all', 'rho'] as const).map((way) =>
        h(
          'label',
          null,
          h('input', {
            type: 'radio',
            name: 'way',
            value: way,
            checked: state.way === way,
            onChange: () => act?.change({ way }),
          }),
          way === 'all' ? words.wayAll : words.wayRho,
        ),
      ),
    ),
    state.way === 'rho' && h('p', null, words.rhoText),
    h(
      'ol',
      { class: 'sizes', 'aria-label': words.sizes },
      CURVES.map((_, size) => h(Size, { view, size })),
      h(
        'li',
        { class: 'real' },
        h('h3', null, words.realName),
        h('small', null, words.realPoints),
        h('p', null, words.real(rho, state.rate === null ? null : 2 ** rho / state.rate)),
        h('p', null, words.record(`${times.toLocaleString(words.locale)} × ${power}`, faster)),
        h('p', null, words.quantum),
      ),
    ),
    h(
      'p',
      { role: 'status', class: 'unseen' },
      news === null
        ? ''
        : news.is === 'running'
          ? words.newsRunning(words.points(orderOf(news.size)))
          : news.is === 'found'
            ? words.newsFound(news.steps)
            : words.newsStopped(news.steps),
    ),
  )
}

const orderOf = (size: number) => CURVES[size]?.order ?? 0

/** Additions that a way takes on average where it has to try `order` points. */
function expected(way: Way, order: number): number {
  return way === 'all' ? order / 2 : 1.25 * Math.sqrt(order)
}

/** One curve, and how far Eve came on it. */
function Size({ view, size }: { readonly view: View; readonly size: number }) {
  const { words, state, act } = view
  const curve = CURVES[size] ?? TOY
  const points = words.points(curve.order)
  const trial = state.trials[size]
  const isRunning = trial?.is === 'running'
  const way = trial?.way ?? wayOn(size, state.way)
  return h(
    'li',
    { class: isRunning ? 'running' : '', 'data-size': size },
    h('h3', null, points),
    h(
      'button',
      {
        type: 'button',
        'data-js': '',
        onClick: () => (isRunning ? act?.stop() : act?.search(size)),
      },
      isRunning ? words.stop : trial === undefined ? words.start : words.again,
      h('span', { class: 'unseen' }, `, ${points}`),
    ),
    h('small', null, words.field(curve.p, curve.b)),
    trial && h(Progress, { view, trial }),
    trial?.is !== 'found' &&
      size > 0 &&
      state.rate !== null &&
      h(
        'p',
        { class: 'estimate' },
        way === 'all'
          ? words.allTake((curve.order - 1) / state.rate)
          : words.rhoTakes(expected('rho', curve.order) / state.rate),
      ),
  )
}

/** How she looks on a curve when it is asked for `way`. */
export function wayOn(size: number, way: Way): Way {
  return size < FIRST_FOR_RHO ? 'all' : way
}

function Progress({ view, trial }: { readonly view: View; readonly trial: Trial }) {
  const { words } = view
  const { size, way, secret, additions, steps, seconds, is } = trial
  const order = orderOf(size)
  const rate = seconds === null || seconds === 0 ? null : steps / seconds
  const share = way === 'all' ? steps / (order - 1) : null
  return [
    is === 'running' &&
      share !== null &&
      h('progress', { max: 1, value: share, 'aria-label': words.progress(words.points(order)) }),
    h(
      'p',
      { class: 'count' },
      h('span', null, words.yours(additions)),
      h('b', null, words.steps(steps)),
      rate !== null &&
        steps > 1000 &&
        h('span', null, words.perSecond(rounded(rate, words.locale))),
      share !== null && is !== 'found' && h('span', null, words.share(share)),
    ),
    is === 'found' && h('p', { class: 'result' }, words.found(secret, seconds)),
    is === 'stopped' && h('p', null, words.stopped(seconds)),
  ]
}
