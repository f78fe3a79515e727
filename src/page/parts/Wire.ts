/** The wire: a row for each request and answer, in acts. `acts.ts` says what is folded, `Record.ts` opens one. */

import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Event, StepEvent } from '../../wirelog/events.ts'
import { type Act, actsOf, countsOf } from '../acts.ts'
import { h } from '../h.ts'
import { isRefusal } from '../model.ts'
import { timeOf } from '../sentences.ts'
import type { View } from '../view.ts'
import type { Words } from '../words/en.ts'
import { OneRecord } from './Record.ts'

/** Acts that are in sight at once, the newest. */
const SHOWN_ACTS = 8

export function Wire(view: View) {
  const { words, model } = view
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set())
  const acts = actsOf(model.events)
  // what is before the first one is none
  const all = acts.filter(({ kind }) => kind !== 'before').length
  const earlier = Math.max(0, all - SHOWN_ACTS)
  const isAll = open.has(0) || earlier === 0
  const shown = isAll ? acts : acts.slice(-SHOWN_ACTS)
  const toggle = (n: number) => {
    const now = new Set(open)
    if (!now.delete(n)) now.add(n)
    setOpen(now)
  }
  return h(
    'section',
    { id: 'wire', 'aria-labelledby': 'wire-title' },
    h('h2', { id: 'wire-title' }, words.wire, ' ', h('small', null, words.wireWhere)),
    h('input', { type: 'checkbox', id: 'own-steps' }),
    ' ',
    h('label', { for: 'own-steps' }, words.showSteps),
    h(
      'p',
      { class: 'lanes', 'aria-hidden': 'true' },
      h('span', null, words.youLane),
      h('span', null, words.otherLane),
    ),
    model.events.every(({ type }) => type === 'step') && h('p', { id: 'quiet' }, words.quiet),
    h('p', { class: 'paper' }, words.sheetRecords),
    h(
      'div',
      { id: 'scroll' },
      h(
        'ol',
        { id: 'records', 'aria-label': words.recordsListLabel },
        earlier > 0 &&
          h(
            'li',
            { class: 'act', key: 'earlier' },
            h(Fold, {
              isOpen: isAll,
              toggle: () => toggle(0),
              text: words.earlierActs(earlier),
            }),
          ),
        acts.flatMap((act) => rowsOf(view, act, !shown.includes(act), open, toggle)),
      ),
    ),
  )
}

/** The heading of an act and its rows. All acts are in one list: a row that folds stays where it is, with what is open in it. */
function rowsOf(
  view: View,
  act: Act,
  isEarlier: boolean,
  open: ReadonlySet<number>,
  toggle: (n: number) => void,
) {
  const { words, model } = view
  const { kind, events, folded, session } = act
  const n = events[0]?.n ?? 0
  const isOpen = open.has(n)
  const counts = countsOf(events.slice(0, folded), (record) => isRefusal(model, record))
  const row = h(
    'li',
    { class: isEarlier ? 'act folded' : 'act', key: `act-${n}` },
    kind !== 'before' && h('h3', null, words.acts[kind]),
    kind === 'compare' && h('p', null, act.isSame ? words.actSame : words.actDifferent),
    session !== null && h('p', null, words.actSession(session.slice(0, 8))),
    // steps alone are no reason to unfold anything
    events.slice(0, folded).some(({ type }) => type !== 'step') &&
      h(Fold, { isOpen, toggle: () => toggle(n), text: words.folded(counts) }),
  )
  return [
    row,
    ...events.map((event, i) => rowOf(view, event, isEarlier || (i < folded && !isOpen))),
  ]
}

function Fold({ isOpen, toggle, text }: { isOpen: boolean; toggle: () => void; text: string }) {
  return h(
    'button',
    { type: 'button', class: 'fold', 'aria-expanded': isOpen, onClick: toggle, 'data-js': '' },
    text,
  )
}

interface Row {
  readonly row: VNode
  readonly isRefused: boolean
  readonly isFolded: boolean
  readonly words: Words
}

/** Rows that are as they were: Preact leaves the very same one alone. */
const rows = new WeakMap<Event, Row>()

function rowOf(view: View, event: Event, isFolded: boolean): VNode {
  const { words, model } = view
  const isRefused = event.type === 'step' ? event.code !== null : isRefusal(model, event)
  const known = rows.get(event)
  if (known?.isRefused === isRefused && known.isFolded === isFolded && known.words === words)
    return known.row
  const { n: key } = event
  const row =
    event.type === 'step'
      ? h(StepRow, { key, words, step: event, isFolded })
      : h(OneRecord, { key, words, record: event, isRefused, isFolded, forms: model.forms })
  rows.set(event, { row, isRefused, isFolded, words })
  return row
}

function StepRow({
  words,
  step,
  isFolded,
}: {
  words: Words
  step: Event & StepEvent
  isFolded: boolean
}) {
  const { n, at, route, status, code } = step
  const isRefused = code !== null
  return h(
    'li',
    { id: `record-${n}`, class: `step ${isRefused ? 'refused' : ''} ${isFolded ? 'folded' : ''}` },
    h('span', null, `${words.step} ${route}`),
    h('b', isRefused ? { lang: 'en' } : null, isRefused ? `✗ ${status} ${code}` : `✓ ${status}`),
    h('time', { dateTime: at }, timeOf(at)),
  )
}
