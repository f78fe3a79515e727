/**
 * One record, opened: its bytes, and each field with its name, length, bytes, meaning and source.
 *
 * @import { Event, RequestEvent, AnswerEvent } from '../wirelog/events.ts'
 * @import { Part, Explained } from '../wirelog/annotate.ts'
 * @typedef {Event & (RequestEvent | AnswerEvent)} WireEvent What crossed the wire.
 */

import { h, hexOf, spaced } from './dom.js'
import { words } from './language.js'

/** Hex digits that a field shows without scrolling. */
const LONG_HEX = 1000

/** Shows the bytes of a record and explains each. @param {HTMLElement} details @param {WireEvent} event @param {Record<string, Explained>} notes */
export function fill(details, event, notes) {
  const { n, parts } = event
  const fields = parts.filter((part) => part.field !== undefined)
  const marks = new Map(fields.map((part, i) => [part, i + 1]))
  const body = parts.map((part) => {
    const text = 'text' in part ? part.text : part.hex
    const mark = marks.get(part)
    if (part.field === undefined || mark === undefined) return h('span', { lang: 'en' }, text)
    const href = `#${idOf(n, part.field)}`
    const attributes = { href, class: `f${mark % 6}`, title: part.field, lang: 'en' }
    return h('a', attributes, h('sup', {}, `${mark}`), text)
  })
  const label = words.bytesOfRecord(n)
  if (body.length > 0)
    details.append(
      h('p', { class: 'bytes', tabindex: '0', role: 'group', 'aria-label': label }, ...body),
    )
  else details.append(h('p', {}, emptyText(event)))
  if (fields.length > 0)
    details.append(
      h(
        'ol',
        { class: 'fields' },
        ...fields.map((part) => fieldRow(n, part, notes, marks.get(part) ?? 0)),
      ),
    )
  if (event.type !== 'request' || !event.chunks) return
  const { count, each, last } = event.chunks
  details.append(h('p', {}, words.chunks(count, each, last)))
}

/** @param {WireEvent} event */
function emptyText(event) {
  if (event.bytes === null) return words.unread
  if (event.type === 'answer' && event.status === null) return words.unanswered
  return words.unknown
}

/** @param {number} n @param {string} field */
const idOf = (n, field) => `record-${n}-${field}`

/** @param {number} n @param {Part} part @param {Record<string, Explained>} notes @param {number} mark */
function fieldRow(n, part, notes, mark) {
  const name = part.field ?? ''
  const note = notes[name]
  const text = 'text' in part ? part.text : null
  const hex = 'hex' in part ? part.hex : note?.hex ? part.text : hexOf(part.text)
  const length = words.bytes(hex.length / 2)
  const written =
    text === null
      ? ''
      : note?.hex
        ? `, ${words.writtenAsHex(hex.length)}`
        : `, ${words.characters(text)}`
  const id = idOf(n, name)
  const long = hex.length > LONG_HEX
  return h(
    'li',
    { id, class: `f${mark % 6}`, tabindex: '-1' },
    h(
      'p',
      {},
      h('sup', {}, `${mark}`),
      h('a', { href: `#${id}`, lang: 'en' }, name),
      ` ${length}${written}`,
    ),
    h(
      'code',
      long ? { class: 'long', tabindex: '0', role: 'group', 'aria-label': words.inHex(name) } : {},
      spaced(hex),
    ),
    h('p', {}, note?.is ?? '', ' ', h('span', { class: 'source', lang: 'en' }, note?.source ?? '')),
  )
}
