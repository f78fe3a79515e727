/**
 * Sentences as rows of a terminal. Text from outside is wrapped here and not by the terminal, so that each of its rows has a
 * mark before it. Its end is marked as well.
 */

import { eastAsianWidth } from 'get-east-asian-width'
import { END, MARK, printable } from './printable.ts'
import type { Said } from './said.ts'

/** What is never split: an escape, a flag, and a character with what is drawn into its place. */
const CLUSTER =
  /\\u\{[0-9a-f]{1,6}\}|\p{RI}{2}|.(?:[\p{M}\u1161-\u11ff\ud7b0-\ud7fb]|[\u{1f3fb}-\u{1f3ff}])*/gsu

/** The columns of the marks before and behind a row, with a blank each. */
const MARKS = 4
/** With fewer columns than this beside its label, a text goes on below the label. */
const MIN_BESIDE = 24
/** How many columns a text below its label is indented. */
const INDENT = 2

/** How many columns a printable text takes at most: terminals differ in joined emoji and in spacing marks. */
export function columnsOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let columns = 0
  for (const character of text) columns += columnsOfOne(character)
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

/** Printable text as marked rows of at most `width` columns. */
function marked(shown: string, width: number): string[] {
  return ended(wrap(shown, Math.max(1, width - MARKS)).map((row) => `${MARK} ${row}`))
}

function ended(rows: readonly string[]): string[] {
  return [...rows.slice(0, -1), `${rows.at(-1)} ${END}`]
}

/** Lines of JSON as marked rows of at most `width` columns, of which the indent takes half at most. */
export function markedJson(lines: readonly string[], width: number): string[] {
  const rows = lines.flatMap((line) => {
    const [blanks = ''] = /^ */.exec(line) ?? []
    const indent = blanks.slice(0, width / 2)
    return wrap(line.trimStart(), Math.max(1, width - MARKS - indent.length)).map(
      (row) => `${MARK} ${indent}${row}`,
    )
  })
  return ended(rows)
}

/**
 * What follows a head of `taken` columns, in rows. `width`: how many columns the terminal has; null if there is none, and
 * then it is one line. Our own words that do not end with a full stop are one line on a terminal too, which wraps it by
 * itself: so a key, a number or a command can be selected whole.
 */
export function rowsOf(said: Said, taken: number, width: number | null): string {
  const isOurs = said.parts.every((part) => typeof part === 'string')
  const line = said.parts
    .map((part) => (typeof part === 'string' ? part : printable(part.text)))
    .join('')
  if (width === null || (isOurs && !line.endsWith('.'))) return line
  return laidOut(said, taken, width).join('\n')
}

/**
 * The same in rows of at most `width` columns, unless one of our own words is longer. A single word from outside stands
 * without marks, if it has no escape and fits on a row that begins with our words.
 */
export function laidOut(said: Said, taken: number, width: number): string[] {
  const indent = width - taken < MIN_BESIDE ? INDENT : taken
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
  for (const part of said.parts) {
    if (typeof part === 'string') {
      for (const word of part.split(/(?<=\S)(?=\s)/)) {
        if (used > indent && used + columnsOf(word) > width) {
          newRow()
          add(word.trimStart())
        } else add(word)
      }
      continue
    }
    const shown = printable(part.text)
    if (shown === '' && !part.whole) continue
    // to count what is long takes as long as to wrap it
    const columns = shown.length > width ? Number.POSITIVE_INFINITY : columnsOf(shown)
    const isPlain = isOurs && !part.whole && shown === part.text && !shown.includes(' ')
    if (isPlain && used + columns <= width) {
      add(shown, columns)
      continue
    }
    if (used > indent && used + columns + MARKS > width) newRow()
    for (const [i, piece] of marked(shown, width - used).entries()) {
      if (i > 0) newRow()
      add(piece)
    }
  }
  return [...rows, row]
}
