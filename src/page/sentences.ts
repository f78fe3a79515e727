/** What the page says of a record: its time, its title, a sentence. */

import type { WireRecord } from './model.ts'
import type { Words } from './words/en.ts'

/** The time of day, as the clock of whoever looks has it. */
export function timeOf(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB')
}

/** What a record is, in a few words. */
export function titleOf(words: Words, record: WireRecord): string {
  if (record.form !== null) return words.forms[record.form]
  if (record.type === 'request') return record.bytes === null ? words.request : words.unknownRequest
  return record.status === null ? words.noAnswer : words.unknownAnswer
}

/** A record in a sentence. */
export function recordSentence(words: Words, record: WireRecord): string {
  const way = record.way === 'sent' ? words.sent : words.received
  const size = record.bytes === null ? '' : `, ${words.bytes(record.bytes)}`
  const code = record.type === 'answer' ? record.code : null
  return `${way}: ${titleOf(words, record)}${code ? `, ${code}` : ''}${size}.`
}
