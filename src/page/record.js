/**
 * One record, opened: its bytes, and each field with its name, length, bytes, meaning and source.
 *
 * @import { Event, RequestEvent, AnswerEvent } from '../http/events.ts'
 * @import { Part, FieldNote } from '../protocol/annotate.ts'
 * @typedef {Event & (RequestEvent | AnswerEvent)} WireEvent What crossed the wire.
 */

import { count, h, hexOf, spaced } from './dom.js'

/** Hex digits that a field shows without scrolling. */
const LONG_HEX = 1000

/** Shows the bytes of a record and explains each. @param {HTMLElement} details @param {WireEvent} event @param {Record<string, FieldNote>} notes */
export function fill(details, event, notes) {
  const { n, parts } = event
  const fields = parts.filter((part) => part.field !== undefined)
  const marks = new Map(fields.map((part, i) => [part, i + 1]))
  const body = parts.map((part) => {
    const text = 'text' in part ? part.text : part.hex
    const mark = marks.get(part)
    if (part.field === undefined || mark === undefined) return h('span', {}, text)
    const href = `#${idOf(n, part.field)}`
    return h('a', { href, class: `f${mark % 6}`, title: part.field }, h('sup', {}, `${mark}`), text)
  })
  const label = `The bytes of record ${n}`
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
  if (event.type === 'request' && event.chunks) details.append(h('p', {}, chunkText(event.chunks)))
}

/** @param {WireEvent} event */
function emptyText(event) {
  if (event.bytes === null) return 'It was refused before its body was read.'
  if (event.type === 'answer' && event.status === null) return 'The other peer gave no answer.'
  return 'It is in no form that the protocol knows, so nothing of it is kept.'
}

/** @param {{ count: number, each: number, last: number }} chunks */
function chunkText({ count: chunks, each, last }) {
  const before = chunks > 1 ? `${count(each, 'byte')} each, the last one ` : ''
  return `Then comes the picture, with its type and its name sealed too: ${count(chunks, 'chunk')} of ChaCha20-Poly1305, ${before}${count(last, 'byte')} (RFC 8439 section 2.8).`
}

/** @param {number} n @param {string} field */
const idOf = (n, field) => `record-${n}-${field}`

/** @param {number} n @param {Part} part @param {Record<string, FieldNote>} notes @param {number} mark */
function fieldRow(n, part, notes, mark) {
  const name = part.field ?? ''
  const note = notes[name]
  const text = 'text' in part ? part.text : null
  const hex = 'hex' in part ? part.hex : note?.hex ? part.text : hexOf(part.text)
  const length = count(hex.length / 2, 'byte')
  const written =
    text === null
      ? ''
      : note?.hex
        ? `, written as ${count(hex.length, 'hex digit')}`
        : `, the character${text.length === 1 ? '' : 's'} ${text}`
  const id = idOf(n, name)
  const long = hex.length > LONG_HEX
  return h(
    'li',
    { id, class: `f${mark % 6}`, tabindex: '-1' },
    h('p', {}, h('sup', {}, `${mark}`), h('a', { href: `#${id}` }, name), ` ${length}${written}`),
    h(
      'code',
      long ? { class: 'long', tabindex: '0', role: 'group', 'aria-label': `${name} in hex` } : {},
      spaced(hex),
    ),
    h('p', {}, note?.is ?? '', ' ', h('span', { class: 'source' }, note?.source ?? '')),
  )
}
