/** What a printed page begins with: whose it is, which run, which session. */

import type { ComponentChildren } from 'preact'
import { h } from '../h.ts'
import type { View } from '../view.ts'

export function Sheet({ words, setting, model }: View) {
  const { run, begun, state } = model
  const { session } = state
  const row = (name: string, value: ComponentChildren, isWide = true) =>
    h('div', { class: isWide ? 'wide' : '' }, h('dt', null, name), h('dd', null, value))
  const blank = (name: string) =>
    h('div', { class: 'wide' }, h('dt', null, name), h('dd', { class: 'blank' }))
  return h(
    'section',
    { id: 'sheet', 'aria-labelledby': 'sheet-title' },
    h('h2', { id: 'sheet-title' }, words.sheet),
    h(
      'dl',
      null,
      row(words.sheetPeer, setting.peerName),
      row(words.sheetRun, h('code', { id: 'run' }, `${run} ${begun}`)),
      row(words.sheetSession, h('code', null, session?.id ?? words.notYet)),
      row(words.sheetSent, session?.sent ?? words.notYet, false),
      row(words.sheetReceived, session?.received ?? words.notYet, false),
      blank(words.sheetName),
      blank(words.sheetCompared),
    ),
  )
}
