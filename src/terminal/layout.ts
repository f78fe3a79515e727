/** Lines for a projector: at most 100 columns, readable without colour. */

import { beside, columnsOf, laidOut, wrap as wrapAt } from './rows.ts'
import { theirs } from './said.ts'

export const WIDTH = 100

/** Prints lines of the lab's output. */
export type Say = (...lines: string[]) => void

const GAP = '  '

/** A title of its own, under a blank line. */
export function heading(title: string): string[] {
  return ['', title, '─'.repeat(Math.min(title.length, WIDTH)), '']
}

/** `text` in lines of at most `width` columns. A longer word is cut. */
export function wrap(text: string, width = WIDTH): string[] {
  return wrapAt(text, width)
}

/** A cell of a table: a text, or its lines. */
export type Cell = string | readonly string[]

/** One row of a table whose columns have `widths`. Long cells go on in the next line. */
export function row(widths: readonly number[], cells: readonly Cell[]): string[] {
  const columns = widths.map((width, i) => {
    const cell = cells[i] ?? ''
    return typeof cell === 'string' ? wrap(cell, width) : cell
  })
  const height = Math.max(...columns.map((lines) => lines.length))
  return Array.from({ length: height }, (_, y) =>
    columns
      .map((lines, i) => padded(lines[y] ?? '', widths[i] ?? 0))
      .join(GAP)
      .trimEnd(),
  )
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)))
}

/** The two lines that a table begins with. */
export function tableHead(widths: readonly number[], titles: readonly string[]): string[] {
  return [...row(widths, titles), widths.map((width) => '─'.repeat(width)).join(GAP)]
}

/** A whole table. */
export function table(
  widths: readonly number[],
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
): string[] {
  return [...tableHead(widths, titles), ...rows.flatMap((cells) => row(widths, cells))]
}

/** The column where the text of a fact begins. */
const FACT_COLUMN = 24

/** A line `label  text`. The texts of such lines stand below one another. */
export function fact(label: string, text: string): string[] {
  const [first = '', ...more] = wrap(text, WIDTH - FACT_COLUMN)
  return [factHead(label) + first, ...more.map((line) => ' '.repeat(FACT_COLUMN) + line)]
}

/** The same with a text from outside, for a terminal of `width` columns. */
export function quotedFact(label: string, text: string, width: number): string[] {
  const [first = '', ...more] = laidOut(theirs(text), beside(FACT_COLUMN, width))
  return [factHead(label) + first, ...more]
}

/** A text from outside as a cell of `width` columns. */
export function quotedCell(text: string, width: number): Cell {
  return laidOut(theirs(text), beside(0, width))
}

function factHead(label: string): string {
  return `  ${label}`.padEnd(FACT_COLUMN)
}

/** Bytes as text: those that are no printable ASCII are shown as U+FFFD. */
export function readable(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '\ufffd'))
    .join('')
}
