/** What the program says, with words of somebody else's in it that are known as such. */

import { printable } from './printable.ts'

/** Our own words as a string; `text` came from outside. Of a `whole` one the owner sees in any case where it begins and ends. */
export type Part = string | { readonly text: string; readonly whole: boolean }

/** A sentence. What came from outside becomes `printable` when it is written (`rows.ts`), and not before. */
export class Said {
  readonly parts: readonly Part[]

  constructor(parts: readonly Part[]) {
    this.parts = parts
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
  const shown = printable(sentence)
  const nameOf = new Map(names.map((name) => [printable(name), name]))
  const patterns = [...nameOf.keys()]
    .filter((name) => name !== '' && shown.includes(name))
    // one name may be a part of another
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  if (patterns.length === 0) return ours(shown)
  const pattern = `(?<![\\p{L}\\p{N}])(${patterns.join('|')})(?![\\p{L}\\p{N}])`
  const pieces = shown.split(new RegExp(pattern, 'u'))
  return new Said(
    pieces.map((piece, i) =>
      i % 2 === 0 ? piece : { text: nameOf.get(piece) ?? piece, whole: false },
    ),
  )
}
