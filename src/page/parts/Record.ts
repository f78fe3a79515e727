/** One record, and opened its bytes, each field with its name, length, bytes, meaning and source. */

import { useState } from 'preact/hooks'
import type { Explained, Part } from '../../wirelog/annotate.ts'
import { h } from '../h.ts'
import type { Forms, WireRecord } from '../model.ts'
import { timeOf, titleOf } from '../sentences.ts'
import { linksOf } from '../sources.ts'
import type { Words } from '../words/en.ts'
import { Long } from './Long.ts'
import { hexOf } from './marks.ts'

interface RecordProps {
  words: Words
  record: WireRecord
  isRefused: boolean
  isFolded: boolean
  forms: Forms
}

/** Its row. It is filled when it is opened: most never are. */
export function OneRecord({ words, record, isRefused, isFolded, forms }: RecordProps) {
  const [isFilled, setFilled] = useState(false)
  const [isOpen, setOpen] = useState(false)
  const { n, at, way, type, bytes } = record
  const line =
    type === 'request'
      ? `${record.method} ${record.route}`
      : [record.status, record.code].filter((part) => part !== null).join(' ')
  const fill = () => setFilled(true)
  return h(
    'li',
    {
      id: `record-${n}`,
      class: `record ${way} ${type} ${isRefused ? 'refused' : ''} ${isFolded && !isOpen ? 'folded' : ''}`,
    },
    h(
      'details',
      // a click comes before the record opens, so that nobody sees it empty; a toggle alone if something else opened it
      {
        onClick: fill,
        onToggle: (event) => {
          fill()
          setOpen(event.currentTarget.open)
        },
      },
      h(
        'summary',
        null,
        h('span', { class: 'unseen' }, `${way === 'sent' ? words.sent : words.received}: `),
        h('b', null, `${isRefused ? '✗ ' : ''}${titleOf(words, record)}`),
        ' ',
        h('code', { lang: 'en' }, line),
        ' ',
        h('span', { class: 'size' }, bytes === null ? '' : words.bytes(bytes)),
        ' ',
        h('time', { dateTime: at }, timeOf(at)),
      ),
      isFilled && contentOf(words, record, record.form === null ? {} : (forms[record.form] ?? {})),
    ),
  )
}

/** The bytes of a record, and its fields explained; `only`: the one of them that is. */
export function contentOf(
  words: Words,
  record: WireRecord,
  notes: Readonly<Record<string, Explained>>,
  only?: string,
) {
  const { n, parts } = record
  const fields = parts.filter((part) => part.field !== undefined)
  const marks = new Map(fields.map((part, i) => [part, i + 1]))
  const body = parts.map((part) => {
    const text = 'text' in part ? part.text : part.hex
    const mark = marks.get(part)
    if (part.field === undefined || mark === undefined) return h('span', { lang: 'en' }, text)
    const href = `#${idOf(n, part.field)}`
    const attributes = { href, class: `f${mark % 6}`, title: part.field, lang: 'en' }
    return h('a', attributes, h('sup', null, `${mark}`), text)
  })
  const label = words.bytesOfRecord(n)
  const chunks = record.type === 'request' ? record.chunks : undefined
  return [
    body.length > 0
      ? h('p', { class: 'bytes', tabIndex: 0, role: 'group', 'aria-label': label }, body)
      : h('p', null, emptyText(words, record)),
    fields.length > 0 &&
      h(
        'ol',
        { class: 'fields' },
        fields
          .filter(({ field }) => only === undefined || field === only)
          .map((part) => fieldRow(words, n, part, notes, marks.get(part) ?? 0)),
      ),
    chunks && h('p', null, words.chunks(chunks.count, chunks.each, chunks.last)),
  ]
}

function emptyText(words: Words, record: WireRecord): string {
  if (record.bytes === null) return words.unread
  if (record.type === 'answer' && record.status === null) return words.unanswered
  return words.unknown
}

const idOf = (n: number, field: string) => `record-${n}-${field}`

function fieldRow(
  words: Words,
  n: number,
  part: Part,
  notes: Readonly<Record<string, Explained>>,
  mark: number,
) {
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
  return h(
    'li',
    { id, class: `f${mark % 6}`, tabIndex: -1, key: name },
    h(
      'p',
      null,
      h('sup', null, `${mark}`),
      h('a', { href: `#${id}`, lang: 'en' }, name),
      ` ${length}${written}`,
    ),
    h(Long, { words, hex, label: words.inHex(name), isSpaced: true }),
    h(
      'p',
      null,
      note?.is ?? '',
      ' ',
      note && h('span', { class: 'source', lang: 'en' }, sourcesOf(note.source)),
    ),
  )
}

function sourcesOf(source: string) {
  return linksOf(source).map(({ text, href }, i) => [
    i > 0 && '; ',
    href === null ? text : h('a', { href }, text),
  ])
}
