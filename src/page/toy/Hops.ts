/** Hops on the small curve: from a secret to a public key, and from each side to the shared secret. */

import type { ComponentChildren } from 'preact'
import { h } from '../h.ts'
import { multiply, type Point, pointText, TOY } from './curves.ts'
import { Part, Sign, type View } from './Part.ts'
import { Plot } from './Plot.ts'
import { ownKey } from './search.ts'
import { hops, LAST, MULTIPLES } from './state.ts'

/** A secret that one drags. */
function Secret({ view, name, figure }: { view: View; name: 'a' | 'b'; figure: string }) {
  const { words, state, act } = view
  const value = state[name]
  const point = multiply(TOY, value, TOY.base)
  const id = `${figure}-${name}`
  return h(
    'p',
    { class: `slider ${name}`, 'data-js': '' },
    h('label', { for: id }, name === 'a' ? words.secretA : words.secretB),
    h('output', { for: id }, value),
    h('input', {
      type: 'range',
      id,
      min: 1,
      max: LAST,
      value,
      'aria-valuetext': `${value}: ${name.toUpperCase()} = ${pointText(point)}`,
      onInput: ({ currentTarget }) =>
        act?.change({ [name]: Number(currentTarget.value), hopping: null }),
    }),
  )
}

/** One secret, and the point that it leads to. */
export function Own(view: View) {
  const { words, state, act } = view
  const { point, additions } = ownKey(TOY, state.a)
  const shown = state.hopping?.figure === 'hops' ? state.hopping.shown : state.a
  return h(
    Part,
    {
      id: 'hops',
      title: words.ownTitle,
      text: words.own,
      figure: h(Plot, {
        label: words.ownPlot(state.a, pointText(point)),
        trails: [{ of: 'a', points: MULTIPLES.slice(0, shown) }],
        marks: [
          { name: 'G', point: TOY.base, is: 'public' },
          { name: 'A', point, is: 'public', drag: (a) => act?.change({ a, hopping: null }) },
        ],
      }),
    },
    h(Secret, { view, name: 'a', figure: 'hops' }),
    h('button', { type: 'button', 'data-js': '', onClick: () => act?.hop('hops') }, words.hop),
    h('p', { class: 'result' }, words.ownResult(state.a, pointText(point))),
    h('p', null, words.ownMeaning(additions)),
  )
}

/** Both secrets, and the point where both ways end. */
export function Both(view: View) {
  const { words, state, act } = view
  const { a, b } = state
  const [A, B] = [multiply(TOY, a, TOY.base), multiply(TOY, b, TOY.base)]
  // each side by its own way: nothing makes them equal but the curve
  const [ofA, ofB] = [multiply(TOY, a, B), multiply(TOY, b, A)]
  const shown = state.hopping?.figure === 'meet' ? state.hopping.shown : LAST
  const name = (point: Point) => (point === null ? words.infinityName : pointText(point))
  const isThere = shown >= Math.max(a, b)
  const side = (
    who: 'a' | 'b',
    title: string,
    lines: readonly (readonly ['public' | 'secret', ...ComponentChildren[]])[],
  ) =>
    h(
      'div',
      { class: `party ${who}` },
      h('h3', null, title),
      h(
        'ul',
        null,
        lines.map(([is, ...text]) => h('li', { class: is }, h(Sign, { is }), text)),
      ),
    )
  return h(
    Part,
    {
      id: 'meet',
      title: words.bothTitle,
      text: words.both,
      figure: h(Plot, {
        label: words.bothPlot(a, b, name(ofA)),
        trails: [
          { of: 'a', points: hops(TOY, B, Math.min(a, shown)) },
          { of: 'b', points: hops(TOY, A, Math.min(b, shown)) },
        ],
        marks: [
          { name: 'G', point: TOY.base, is: 'public' },
          { name: 'A', point: A, is: 'public', drag: (a) => act?.change({ a, hopping: null }) },
          { name: 'B', point: B, is: 'public', drag: (b) => act?.change({ b, hopping: null }) },
          ...(isThere ? [{ name: 'S', point: ofA, is: 'secret' } as const] : []),
        ],
      }),
    },
    h(Secret, { view, name: 'a', figure: 'meet' }),
    h(Secret, { view, name: 'b', figure: 'meet' }),
    h('button', { type: 'button', 'data-js': '', onClick: () => act?.hop('meet') }, words.hopBoth),
    h(
      'div',
      { class: 'sides' },
      side('a', words.you, [
        ['secret', `a = ${a}`],
        ['public', `${words.makes} A = ${a}G = ${name(A)}`],
        ['public', `${words.gets} B`],
        ['secret', `${words.computes} `, h('b', null, `S = ${a}B = ${name(ofA)}`)],
      ]),
      side('b', words.them, [
        ['secret', `b = ${b}`],
        ['public', `${words.makes} B = ${b}G = ${name(B)}`],
        ['public', `${words.gets} A`],
        ['secret', `${words.computes} `, h('b', null, `S = ${b}A = ${name(ofB)}`)],
      ]),
    ),
    h('p', { class: 'result' }, ofA === null ? words.infinity : words.same),
  )
}
