/** The story that is told with paint, mixed and unmixed, and where it stops being true. */

import { h } from '../h.ts'
import { COMMON, type Paint as Colour, colourOf, mixed, paintOf, unmixed } from './colours.ts'
import { Part, Sign, type View } from './Part.ts'

export function Paint(view: View) {
  const { words, state, act } = view
  const [a, b] = [paintOf(state.hueA), paintOf(state.hueB)]
  const [sentA, sentB] = [mixed(COMMON, a), mixed(COMMON, b)]
  const slider = (name: 'hueA' | 'hueB', label: string) =>
    h(
      'p',
      { class: 'slider hue', 'data-js': '' },
      h('label', { for: name }, label),
      h('input', {
        type: 'range',
        id: name,
        min: 0,
        max: 359,
        value: state[name],
        onInput: ({ currentTarget }) => act?.change({ [name]: Number(currentTarget.value) }),
      }),
    )
  return h(
    Part,
    {
      id: 'paint',
      title: words.paintTitle,
      text: words.paint,
      figure: h(
        'ul',
        { class: 'pots' },
        pot('secret', words.colourA, a),
        pot('public', words.common, COMMON),
        pot('secret', words.colourB, b),
        pot('public', words.sentA, sentA),
        pot('public', words.sentB, sentB),
        // two parts came, and one's own is the third
        pot('secret', words.potA, mixed(sentB, sentB, a)),
        pot('secret', words.potB, mixed(sentA, sentA, b)),
        pot('public', words.eveColour, unmixed(sentA, COMMON)),
      ),
    },
    slider('hueA', words.colourA),
    slider('hueB', words.colourB),
    h('p', null, words.paintLimit),
  )
}

function pot(is: 'public' | 'secret', label: string, paint: Colour) {
  return h(
    'li',
    null,
    h(
      'svg',
      { viewBox: '0 0 10 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      h('rect', { width: 10, height: 10, fill: colourOf(paint) }),
    ),
    h('span', { class: is }, h(Sign, { is }), label),
  )
}
