/** A line that somebody types, as rows of a terminal. */

import type { Drawing } from './liveRows.ts'
import { printable } from './printable.ts'
import { columnsOf } from './rows.ts'

/** Stands for a line break within a line: a code point that no text has (a noncharacter of Unicode). */
export const LINE_BREAK = '\ufdd0'

/** So many rows of a long line are shown at most: those around the cursor. */
const MAX_ROWS = 6

/** More than so many UTF-16 units away from the cursor, nothing of a line is shown. */
const NEAR = 4096

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * Rows for `line` behind `head`, of less than `width` columns. `cursor`: a place in `line`, in UTF-16 units. What acts on
 * a terminal, or cannot be seen, is shown as an escape.
 */
export function typedRows(head: string, line: string, cursor: number, width: number): Drawing {
  const indent = Math.min(columnsOf(head), Math.floor(width / 2))
  const rows: string[] = []
  let row = head
  let column = columnsOf(head)
  let place = { row: 0, column }
  let at = 0
  const put = (shown: string) => {
    const columns = columnsOf(shown)
    if (column + columns >= width) {
      rows.push(row)
      row = ' '.repeat(indent)
      column = indent
    }
    if (at <= cursor) place = { row: rows.length, column }
    row += shown
    column += columns
  }
  // of a line that is much longer than what is shown, only what is near the cursor is looked at
  const begin = Math.max(0, cursor - NEAR)
  at = begin
  for (const { segment } of CHARACTERS.segment(line.slice(begin, cursor + NEAR))) {
    put(shownAs(segment))
    at += segment.length
  }
  if (at <= cursor) place = { row: rows.length, column }
  rows.push(row)
  const first = Math.max(0, Math.min(place.row - MAX_ROWS + 2, rows.length - MAX_ROWS))
  return {
    rows: rows.slice(first, first + MAX_ROWS),
    cursor: { row: place.row - first, column: place.column },
  }
}

function shownAs(character: string): string {
  if (character === LINE_BREAK) return '⏎'
  return character === ' ' ? character : printable(character)
}
