/** The words, each with its meaning. */

import { h } from '../h.ts'
import type { View } from '../view.ts'
import { Part } from './Part.ts'

export function Vocabulary({ words, setting }: View) {
  const entries = words.vocabulary.filter(({ isOfKem = false }) => setting.hasKem || !isOfKem)
  return h(
    Part,
    { id: 'words', title: words.words },
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
