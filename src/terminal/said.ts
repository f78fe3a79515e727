/** What the program says, with words of somebody else's in it that are known as such. */

import { printable } from './printable.ts'

/** Our own words as a string; `text` came from outside. Of a `whole` one the owner sees in any case where it begins and ends. */
export type Part = string | { readonly text: string; readonly whole: boolean }

/** A sentence. What came from outside becomes `printable` when it is written (`rows.ts`), and not before. */
export class Said {
  readonly parts: readonly Part[]

  /** Strings that follow one another become one, since a word may begin in one of them and end in the next. */
  constructor(parts: readonly Part[]) {
    const joined: Part[] = []
    for (const part of parts) {
      const last = joined.at(-1)
      if (typeof part === 'string' && typeof last === 'string')
        joined[joined.length - 1] = last + part
      else joined.push(part)
    }
    this.parts = joined
  }
}

/** A template: what stands in it is ours, and what is put in came from outside, unless it is a number or `Said`. */
export function said(
  words: TemplateStringsArray,
  ...values: readonly (string | number | Said)[]
): Said {
  return new Said(
    words.flatMap((word, i) => {
      const value = values[i]
      return value === undefined ? [word] : [word, ...partsOf(value)]
    }),
  )
}

function partsOf(value: string | number | Said): readonly Part[] {
  if (value instanceof Said) return value.parts
  return [typeof value === 'number' ? `${value}` : { text: value, whole: false }]
}

/** Words of ours that are no literal: digits, names from our own tables. */
export function ours(text: string): Said {
  return new Said([text])
}

/** A whole text of somebody else's, as messages and mail are. */
export function theirs(text: string): Said {
  return new Said([{ text, whole: true }])
}

/** A finished sentence; where one of `names` stands in it, as a word or more, that came from outside. */
export function quoting(sentence: string, names: readonly string[]): Said {
  const found = names
    .flatMap((text) => formsOf(text).map((form) => ({ text, form })))
    .filter(({ form }) => form !== '' && sentence.includes(form))
    // one name may be a part of another
    .sort((a, b) => b.form.length - a.form.length)
  const parts: Part[] = []
  let from = 0
  for (let at = 0; at < sentence.length; at++) {
    const name = isInWord(sentence, at)
      ? undefined
      : found.find(
          ({ form }) => sentence.startsWith(form, at) && !isInWord(sentence, at + form.length),
        )
    if (name === undefined) continue
    parts.push(between(sentence, from, at), { text: name.text, whole: false })
    from = at + name.form.length
    at = from - 1
  }
  return new Said([...parts, between(sentence, from, sentence.length)])
}

/** How a name may stand in a sentence: as it is, in JSON's escapes, or printable already. */
function formsOf(name: string): string[] {
  // what has no other form: a class hands in many files
  if (/^[\w./-]*$/.test(name)) return [name]
  return [...new Set([name, JSON.stringify(name).slice(1, -1), printable(name)])]
}

/**
 * What stands between two names. Of a name that was not found it may have anything; but a blank beside a name that was
 * is in the middle of a line, which only the whole sentence shows.
 */
function between(sentence: string, from: number, to: number): string {
  const before = from === 0 ? '' : 'x'
  const behind = to === sentence.length ? '' : 'x'
  const shown = printable(`${before}${sentence.slice(from, to)}${behind}`)
  return shown.slice(before.length, shown.length - behind.length)
}

/** Whether a letter or a digit stands on both sides of a place. */
function isInWord(text: string, at: number): boolean {
  return /^[\p{L}\p{N}]{2}/u.test(text.slice(Math.max(0, at - 1), at + 3)) && at > 0
}
