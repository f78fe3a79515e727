/** The two safety numbers, one below the other: what gives her away, and what she can't know. */

import { h } from '../../../../page/h.ts'
import type { Side } from './match.ts'
import type { View } from './view.ts'

export function Numbers({ hers, sides }: View) {
  const [a, b] = sides
  const [ofA, ofB] = [groupsOf(a), groupsOf(b)]
  const different = ofA.filter((group, i) => group !== ofB[i]).length
  const hasBoth = ofA.length > 0 && ofB.length > 0
  const hasOne = ofA.length > 0 || ofB.length > 0
  const verdict = different === 0 ? hers.equal : hers.differ(different)
  return h(
    'section',
    { id: 'numbers', 'aria-labelledby': 'numbers-title' },
    h('h2', { id: 'numbers-title' }, hers.numbers),
    h(
      'div',
      { class: 'pair' },
      [
        { side: a, groups: ofA, others: ofB },
        { side: b, groups: ofB, others: ofA },
      ].map(({ side, groups, others }) =>
        h(
          'div',
          { class: 'card', key: side.port },
          h('h3', null, hers.numberAt(side.victim)),
          groups.length === 0
            ? h('p', { class: 'none' }, hers.words.notYet)
            : h(
                'ol',
                { class: 'number', 'aria-label': hers.numberAt(side.victim) },
                groups.map((group, i) => {
                  const isDifferent = hasBoth && others[i] !== group
                  return [
                    h(
                      'li',
                      { key: i, class: isDifferent ? 'different' : '' },
                      isDifferent && h('span', { class: 'unseen' }, `${hers.different} `),
                      group,
                    ),
                    ' ',
                  ]
                }),
              ),
        ),
      ),
    ),
    h('p', { class: 'verdict' }, hasBoth ? verdict : hasOne ? hers.oneNumber : hers.noNumber),
    h('p', null, hers.whyDifferent),
    h('p', null, hers.caught(a.victim, b.victim)),
  )
}

const groupsOf = ({ state }: Side) => state.safetyNumber?.split(' ') ?? []
