/** Sentences of the program in which text from outside is marked as such. */

import { printable } from './printable.ts'

/** A string has our own words; `text` came from outside. If it is `whole`, a terminal always shows where it begins and ends. */
export type Part = string | { readonly text: string; readonly whole: boolean }

/** A sentence. Its text from outside is made printable when it is written (`rows.ts`), and not before. */
export class Said {
  readonly parts: readonly Part[]

  /** Joins strings that follow one another, since a word may begin in one and end in the next. */
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

/** A key, a number, an address or a command, which is copied whole: no line break of ours cuts it. Our own words. */
export class Value {
  readonly text: string
  /** On a terminal it stands in these rows, each of them whole. */
  readonly rows: readonly string[]

  constructor(text: string, rows = [text]) {
    this.text = text
    this.rows = rows
  }
}

/** A template tag. The template has our own words, and the values came from outside, except for numbers and `Said`. */
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

/** Our own words that do not stand in a template: digits, names from our tables. */
export function ours(text: string): Said {
  return new Said([text])
}

/** A whole text from outside, such as a message or mail. */
export function theirs(text: string): Said {
  return new Said([{ text, whole: true }])
}

/** A finished sentence in which `names` came from outside, wherever they stand as whole words. */
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

/** The forms that a name may have in a sentence: as it is, with JSON's escapes, or printable already. */
function formsOf(name: string): string[] {
  // these have no other form, and a class hands in many files
  if (/^[\w./-]*$/.test(name)) return [name]
  return [...new Set([name, JSON.stringify(name).slice(1, -1), printable(name)])]
}

/**
 * The part of a sentence between two names, made printable, since it may hold a name that was not found. At the ends of a
 * line a blank is escaped, but beside a name it is not.
 */
function between(sentence: string, from: number, to: number): string {
  const before = from === 0 ? '' : 'x'
  const behind = to === sentence.length ? '' : 'x'
  const shown = printable(`${before}${sentence.slice(from, to)}${behind}`)
  return shown.slice(before.length, shown.length - behind.length)
}

/** Whether letters or digits stand on both sides of a position. */
function isInWord(text: string, at: number): boolean {
  return /^[\p{L}\p{N}]{2}/u.test(text.slice(Math.max(0, at - 1), at + 3)) && at > 0
}
