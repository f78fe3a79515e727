/** Each record as it came on one of her wires, and beside it what went on on the other one. */

import { useState } from 'preact/hooks'
import { h } from '../../../../page/h.ts'
import type { WireRecord } from '../../../../page/model.ts'
import { Long } from '../../../../page/parts/Long.ts'
import { timeOf, titleOf } from '../../../../page/sentences.ts'
import {
  across,
  type Difference,
  deedOf,
  differencesOf,
  type Exchanged,
  type Passage,
  passagesOf,
} from './match.ts'
import type { View } from './view.ts'

/** So many are in sight at once, the newest. */
const SHOWN = 30

export function Passages(view: View) {
  const { hers, sides } = view
  const [hasAll, setAll] = useState(false)
  const all = passagesOf(sides).toReversed()
  const shown = hasAll ? all : all.slice(0, SHOWN)
  return h(
    'section',
    { id: 'passages', 'aria-labelledby': 'passages-title', tabIndex: -1 },
    h('h2', { id: 'passages-title' }, hers.passages, ' ', h('small', null, hers.newest)),
    all.length === 0 && h('p', { class: 'none' }, hers.none),
    h(
      'ol',
      null,
      shown.map((passage) => h(OnePassage, { key: passage.key, view, passage })),
    ),
    all.length > shown.length &&
      h(
        'button',
        { type: 'button', class: 'fold', 'aria-expanded': false, onClick: () => setAll(true) },
        hers.earlier(all.length - shown.length),
      ),
  )
}

function OnePassage({ view, passage }: { view: View; passage: Passage }) {
  const { hers, sides } = view
  const { side, came, went } = passage
  const deed = deedOf(passage)
  const from = sides[side].victim
  const to = sides[came === null ? side : across(side)].victim
  const at = (came ?? went[0])?.request.at ?? ''
  const cells = ([0, 1] as const).map((wire) => {
    const isNear = wire === side
    const exchanged = came !== null && isNear ? [came] : came === null && !isNear ? [] : went
    return h(
      'div',
      { class: 'cell', key: wire },
      h('h4', null, hers.wireOf(sides[wire].victim)),
      exchanged.map((one) => crossing(view, one, sides[wire].victim)),
      exchanged.length === 0 && h('p', { class: 'none' }, hers.nothingWent),
    )
  })
  const count = differencesOf(came?.request ?? null, went.at(-1)?.request ?? null)
  const same = count.filter((one) => one.came === one.went).length
  return h(
    'li',
    { id: `passage-${passage.key}`, class: `passage ${deed}` },
    h(
      'div',
      { class: 'deed' },
      h('h3', null, hers.deeds[deed](from, to)),
      ' ',
      h('time', { dateTime: at }, timeOf(at)),
    ),
    h(
      'div',
      { class: 'cells' },
      cells[0],
      h('span', { class: 'onward', 'aria-hidden': 'true' }, arrowOf(passage)),
      cells[1],
    ),
    count.length > 0 &&
      h(
        'details',
        null,
        h(
          'summary',
          null,
          came !== null && went.length > 0 ? hers.counted(same, count.length) : hers.fields,
        ),
        h(Fields, { view, passage }),
      ),
  )
}

/** Which way it goes on: to the right is to the second of the two. */
function arrowOf({ side, came, went }: Passage): string {
  if (came === null || went.length === 0) return ''
  return side === 0 ? '→' : '←'
}

/** A request on one wire and what was answered to it there. */
function crossing({ hers }: View, { request, answer }: Exchanged, victim: string) {
  const isSent = request.way === 'sent'
  const line = (record: WireRecord, isBack: boolean) => {
    const isRefused = record.type === 'answer' && record.status !== 201
    const isFromHer = record.way === 'sent'
    const whose = isFromHer ? hers.wentTo : hers.cameFrom
    return h(
      'p',
      {
        class: `${isFromHer ? 'hers' : 'theirs'} ${isBack ? 'back' : ''} ${isRefused ? 'refused' : ''}`,
      },
      h('small', null, whose(victim)),
      ' ',
      h('b', null, `${isRefused ? '✗ ' : ''}${titleOf(hers.words, record)}`),
      ' ',
      record.type === 'answer' && record.code !== null
        ? h('code', { lang: 'en' }, record.code)
        : record.bytes === null
          ? ''
          : hers.words.bytes(record.bytes),
    )
  }
  const code = answer?.code ?? null
  return [
    line(request, false),
    answer === null ? h('p', { class: 'none' }, hers.unanswered) : line(answer, true),
    // a code is whatever the other end wrote: no name that every object has
    isSent &&
      code !== null &&
      Object.hasOwn(hers.words.reasons, code) &&
      h('p', { class: 'why' }, hers.words.reasons[code]),
  ]
}

/** What came and what went on, field by field, and then the two answers. */
function Fields({ view, passage }: { view: View; passage: Passage }) {
  const { hers } = view
  const { came, went } = passage
  const last = went.at(-1) ?? null
  return [
    { title: hers.request, of: came?.request ?? null, on: last?.request ?? null },
    { title: hers.answer, of: came?.answer ?? null, on: last?.answer ?? null },
  ].flatMap(({ title, of, on }) => {
    const fields = differencesOf(of, on)
    if (fields.length === 0) return []
    return [
      h('h4', null, title),
      h(
        'ul',
        { class: 'fields' },
        fields.map((field) => oneField(view, passage, field)),
      ),
    ]
  })
}

function oneField(
  { hers, sides }: View,
  { side, came: first }: Passage,
  { field, came, went }: Difference,
) {
  const isOnly = came === null || went === null
  const isSame = came === went
  const values = isSame
    ? [{ value: came, victim: null }]
    : ([0, 1] as const).map((wire) => ({
        // what she sends of her own accord is on the wire that it is noted at
        value: (wire === side) === (first !== null) ? came : went,
        victim: sides[wire].victim,
      }))
  return h(
    'li',
    { key: field, class: isSame ? 'same' : 'new' },
    h(
      'p',
      null,
      h('b', { lang: 'en' }, field),
      ' ',
      h(
        'span',
        { class: 'mark' },
        isSame ? `= ${hers.isSame}` : `≠ ${isOnly ? hers.isOnly : hers.isNew}`,
      ),
    ),
    h(
      'div',
      { class: 'values' },
      values.map(({ value, victim }) =>
        h(
          'p',
          { key: victim },
          victim !== null && h('small', null, `${hers.wireOf(victim)}: `),
          value === null
            ? h('span', { class: 'none' }, hers.absent)
            : h(Long, { words: hers.words, hex: value, label: field }),
        ),
      ),
    ),
  )
}
