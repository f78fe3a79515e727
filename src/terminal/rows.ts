/**
 * Sentences as rows of a terminal. Text from outside is wrapped here and not by the terminal, so that each of its rows has a
 * mark before it. Its end is marked as well.
 */

import { eastAsianWidth } from 'get-east-asian-width'
import { DRAWN, type Marks, printable } from './printable.ts'
import type { Said } from './said.ts'

/** What is never split: an escape, a flag, and a character with what is drawn into its place. */
const CLUSTER =
  /\\u\{[0-9a-f]{1,6}\}|\p{RI}{2}|.(?:[\p{M}\u1161-\u11ff\ud7b0-\ud7fb]|[\u{1f3fb}-\u{1f3ff}])*/gsu

/** With fewer columns than this beside what stands there, a text goes on below it. */
const MIN_BESIDE = 24
/** How many columns a text is indented then. */
const INDENT = 2

/** How many columns a printable text takes at most: terminals differ in joined emoji and in spacing marks. */
export function columnsOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let columns = 0
  for (const character of text)
    columns += character >= ' ' && character <= '~' ? 1 : columnsOfOne(character)
  return columns
}

function columnsOfOne(character: string): number {
  if (/^[\p{Mn}\p{Me}]$/u.test(character)) return 0
  if (/^\p{Extended_Pictographic}$/u.test(character)) return 2
  return eastAsianWidth(character.codePointAt(0) ?? 0)
}

/** `text` in rows of at most `width` columns, split at blanks. A longer word is cut. */
export function wrap(text: string, width: number): string[] {
  const rows: string[] = []
  let row = ''
  let used = 0
  for (const word of text.split(' ').flatMap((word) => cutWord(word, width))) {
    const columns = columnsOf(word)
    if (row === '') [row, used] = [word, columns]
    else if (used + 1 + columns <= width) {
      row += ` ${word}`
      used += 1 + columns
    } else {
      rows.push(row)
      ;[row, used] = [word, columns]
    }
  }
  return [...rows, row]
}

/** `word` in pieces of at most `width` columns. A cluster that is wider stands alone. */
function cutWord(word: string, width: number): string[] {
  if (columnsOf(word) <= width) return [word]
  const pieces: string[] = []
  let piece = ''
  let used = 0
  for (const [cluster] of word.matchAll(CLUSTER)) {
    const columns = columnsOf(cluster)
    if (piece !== '' && used + columns > width) {
      pieces.push(piece)
      piece = ''
      used = 0
    }
    piece += cluster
    used += columns
  }
  return [...pieces, piece]
}

/** Text from outside in at most `columns` columns, and with an ellipsis if there is more of it. */
export function cut(text: string, columns = 60): string {
  const shown = printable(text)
  if (columnsOf(shown) <= columns) return shown
  return `${cutWord(shown, columns)[0]}…`
}

/** Where rows stand on a terminal. */
export interface Place {
  /** How many columns the terminal has. */
  readonly width: number
  /** How many columns of the first row are taken. */
  readonly taken: number
  /** How far the other rows are indented. */
  readonly indent: number
  readonly marks: Marks
}

/** Below a head of `taken` columns, beside which the first row stands; but on a narrow terminal at its left. */
export function beside(taken: number, width: number, marks: Marks = DRAWN): Place {
  return { width, taken, indent: width - taken < MIN_BESIDE ? INDENT : taken, marks }
}

/** Printable text as marked rows of at most `width` columns. */
function marked(shown: string, width: number, { before, behind }: Marks): string[] {
  const rows = wrap(shown, Math.max(1, width - before.length - behind.length))
  return rows.map((row, i) => before + row + (i === rows.length - 1 ? behind : ''))
}

/** Lines of JSON as marked rows of at most `width` columns, of which the indent takes half at most. */
export function markedJson(lines: readonly string[], width: number, marks = DRAWN): string[] {
  const { before, behind } = marks
  const rows = lines.flatMap((line) => {
    const [blanks = ''] = /^ */.exec(line) ?? []
    const indent = blanks.slice(0, width / 2)
    const room = width - before.length - behind.length - indent.length
    return wrap(line.trimStart(), Math.max(1, room)).map((row) => before + indent + row)
  })
  return [...rows.slice(0, -1), rows.at(-1) + behind]
}

/** A sentence on one line, for where there is no terminal. */
export function onOneLine({ parts }: Said, { before, behind, printable }: Marks = DRAWN): string {
  return parts
    .map((part, i) => {
      if (typeof part === 'string') return part
      // what is drawn needs a row, and a word does not
      const isMarked = behind === '' && part.whole && i === parts.length - 1
      return isMarked ? before + printable(part.text) : printable(part.text)
    })
    .join('')
}

/** What follows a head of `taken` columns, in rows. `width`: how many columns the terminal has; null if there is none, and then it is one line. */
export function rowsOf(said: Said, taken: number, width: number | null, marks = DRAWN): string {
  if (width === null) return onOneLine(said, marks)
  return laidOut(said, beside(taken, width, marks)).join('\n')
}

/**
 * The same in rows, none of which is wider than the terminal unless one of our own words is. A single word from outside
 * stands without marks, if it has no escape and fits on a row that begins with our words.
 */
export function laidOut(said: Said, { width, taken, indent, marks }: Place): string[] {
  const rows: string[] = []
  let row = ''
  let used = taken
  let isOurs = true
  const add = (piece: string, columns = columnsOf(piece)) => {
    row += piece
    used += columns
    isOurs ||= piece.trim() !== ''
  }
  const newRow = () => {
    rows.push(row.trimEnd())
    row = ' '.repeat(indent)
    used = indent
    isOurs = false
  }
  let isQuoted = false
  for (const part of said.parts) {
    if (typeof part === 'string') {
      const columns = columnsOf(part)
      if (!isQuoted && used + columns <= width) {
        add(part, columns)
        continue
      }
      for (const word of part.match(/\s*\S+|\s+$/g) ?? []) {
        if (isQuoted && word.trim() === '') continue
        if ((used > indent && used + columnsOf(word) > width) || isQuoted) {
          newRow()
          add(word.trimStart())
        } else add(word)
        isQuoted = false
      }
      continue
    }
    const shown = marks.printable(part.text)
    if (shown === '' && !part.whole) continue
    // to count what is long takes as long as to wrap it
    const columns = shown.length > width ? Number.POSITIVE_INFINITY : columnsOf(shown)
    const isPlain =
      isOurs && !isQuoted && !part.whole && shown === part.text && !shown.includes(' ')
    if (isPlain && used + columns <= width) {
      add(shown, columns)
      continue
    }
    const all = columns + marks.before.length + marks.behind.length
    if (used > indent && (used + all > width || marks.behind === '')) newRow()
    for (const [i, piece] of marked(shown, width - used, marks).entries()) {
      if (i > 0) newRow()
      add(piece)
    }
    isQuoted = marks.behind === ''
  }
  return [...rows, row]
}
