/** The words, each with its meaning. */

import { h } from '../h.ts'
import type { View } from '../view.ts'

export function Vocabulary({ words, setting }: View) {
  const entries = words.vocabulary.filter(({ isOfKem = false }) => setting.hasKem || !isOfKem)
  return h(
    'section',
    { id: 'words', 'aria-labelledby': 'words-title' },
    h('h2', { id: 'words-title' }, words.words),
    h(
      'dl',
      null,
      entries.map(({ word, also, is }) =>
        h(
          'div',
          { key: word },
          h('dt', null, word, also && [' ', h('small', null, also)]),
          h('dd', null, is),
        ),
      ),
    ),
  )
}
