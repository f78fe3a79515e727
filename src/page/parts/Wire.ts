/** The wire: a row for each request, answer and step, in their order. `Record.ts` opens one. */

import type { VNode } from 'preact'
import type { Event, StepEvent } from '../../wirelog/events.ts'
import { h } from '../h.ts'
import { isRefusal } from '../model.ts'
import { timeOf } from '../sentences.ts'
import type { View } from '../view.ts'
import type { Words } from '../words/en.ts'
import { OneRecord } from './Record.ts'

export function Wire(view: View) {
  const { words, model } = view
  return h(
    'section',
    { id: 'wire', 'aria-labelledby': 'wire-title' },
    h('h2', { id: 'wire-title' }, words.wire, ' ', h('small', null, words.wireWhere)),
    h(
      'p',
      { class: 'lanes', 'aria-hidden': 'true' },
      h('span', null, words.youLane),
      h('span', null, words.otherLane),
    ),
    model.events.length === 0 && h('p', { id: 'quiet' }, words.quiet),
    h('p', { class: 'paper' }, words.sheetRecords),
    h(
      'div',
      { id: 'scroll', role: 'region', 'aria-label': words.recordsLabel, tabIndex: 0 },
      h(
        'ol',
        { id: 'records', 'aria-label': words.recordsListLabel },
        model.events.map((event) => rowOf(view, event)),
      ),
    ),
  )
}

/** Rows that are as they were: Preact leaves the very same one alone. */
const rows = new WeakMap<Event, { row: VNode; isRefused: boolean; words: Words }>()

function rowOf(view: View, event: Event): VNode {
  const { words, model } = view
  const isRefused = event.type === 'step' ? event.code !== null : isRefusal(model, event)
  const known = rows.get(event)
  if (known?.isRefused === isRefused && known.words === words) return known.row
  const row =
    event.type === 'step'
      ? h(StepRow, { key: event.n, words, step: event })
      : h(OneRecord, { key: event.n, words, record: event, isRefused, forms: model.forms })
  rows.set(event, { row, isRefused, words })
  return row
}

function StepRow({ words, step }: { words: Words; step: Event & StepEvent }) {
  const { n, at, route, status, code } = step
  const isRefused = code !== null
  return h(
    'li',
    { id: `record-${n}`, class: isRefused ? 'step refused' : 'step' },
    h('span', null, `${words.step} ${route}`),
    h('b', isRefused ? { lang: 'en' } : null, isRefused ? `✗ ${status} ${code}` : `✓ ${status}`),
    h('time', { dateTime: at }, timeOf(at)),
  )
}
