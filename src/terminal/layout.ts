/** Lines for the lab and for tables, as wide as the terminal and 100 columns at most, readable without colour. */

import { marks, USUAL_COLUMNS, widthOf, writesPlainly } from './output.ts'
import { beside, columnsOf, laidOut } from './rows.ts'
import { theirs } from './said.ts'

/** More are hard to read from the last row. */
const MOST_COLUMNS = 100

/** Prints lines of the lab's output. */
export type Say = (...lines: string[]) => void

const GAP = '  '

/** How many columns there are. */
export function columnsHere(most = MOST_COLUMNS): number {
  return Math.min(most, widthOf(process.stdout) ?? USUAL_COLUMNS)
}

/** A title of its own, under a blank line. */
export function heading(title: string): string[] {
  if (writesPlainly()) return ['', title, '']
  return ['', title, '─'.repeat(Math.min(columnsOf(title), columnsHere())), '']
}

/** Our own `text` in lines of at most `width` columns. A longer word is not cut. */
export function wrap(text: string, width = columnsHere()): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Lines as they are shown: a sentence that is too long is wrapped. */
export function shownLines(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const text = writesPlainly() ? withoutSigns(line) : line
    // with blanks that hold places it is no sentence
    return columnsOf(text) > columnsHere() && !text.includes(GAP) ? wrap(text) : [text]
  })
}

/** The words beside a sign say the same. */
function withoutSigns(text: string): string {
  return text
    .replaceAll(/[✓✗·●] /g, '')
    .replaceAll(' → ', ' to ')
    .replaceAll('…', '...')
}

/** A cell of a table: a text, or its lines. */
export type Cell = string | readonly string[]

const MIN_COLUMN = 5

/** The widths of columns that want `widths`, on this terminal; null if there is no room for words of `least` columns. */
function fitted(widths: readonly number[], least: readonly number[]): number[] | null {
  const room = columnsHere() - GAP.length * (widths.length - 1)
  const all = [...widths]
  const sum = () => all.reduce((total, width) => total + width, 0)
  while (sum() > room) {
    const spare = all.map((width, i) => (width > (least[i] ?? 0) ? width : 0))
    const widest = spare.indexOf(Math.max(...spare))
    if (spare[widest] === 0) return null
    all[widest] = (all[widest] ?? 0) - 1
  }
  return all
}

/** The lines of a cell are as they are; a text is split at blanks. */
const longestWord = (cell: Cell) =>
  Math.max(0, ...(typeof cell === 'string' ? cell.split(' ') : cell).map(columnsOf))

/** A table that is said row by row. Where there is no room for its columns, or no symbols, each cell is a line of its own. */
export class Columns {
  readonly #titles: readonly string[]
  readonly #widths: readonly number[] | null

  /** `rows`: those that are known, none of whose words is cut. */
  constructor(
    widths: readonly number[],
    titles: readonly string[],
    rows: readonly (readonly Cell[])[] = [],
  ) {
    this.#titles = titles
    const least = widths.map((_, i) =>
      [titles, ...rows].reduce(
        (most, cells) => Math.max(most, longestWord(cells[i] ?? '')),
        MIN_COLUMN,
      ),
    )
    this.#widths = writesPlainly() ? null : fitted(widths, least)
  }

  /** How wide column `i` is. */
  width(i: number): number {
    return this.#widths?.[i] ?? columnsHere() - GAP.length
  }

  /** The two lines that it begins with. */
  head(): string[] {
    if (this.#widths === null) return []
    const rule = this.#widths.map((width) => '─'.repeat(width)).join(GAP)
    return [...this.row(this.#titles), rule]
  }

  /** One row. Long cells go on in the next line. */
  row(cells: readonly Cell[]): string[] {
    const widths = this.#widths
    if (widths === null) return this.#listed(cells)
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

  #listed(cells: readonly Cell[]): string[] {
    return cells.flatMap((cell, i) => {
      const title = this.#titles[i] ?? ''
      const indent = i === 0 ? '' : GAP
      if (typeof cell !== 'string') return [`${indent}${title}:`, ...cell.map((line) => GAP + line)]
      if (cell === '') return []
      const text = title === '' ? cell : `${title}: ${cell}`
      return wrap(text, columnsHere() - GAP.length).map((line, y) => (y > 0 ? GAP : indent) + line)
    })
  }
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)))
}

/** A whole table. */
export function table(
  widths: readonly number[],
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const columns = new Columns(widths, titles, rows)
  return [...columns.head(), ...rows.flatMap((cells) => columns.row(cells))]
}

/** The column where the text of a fact begins, and how far it is indented where that leaves too little room. */
const FACT_COLUMN = 24
const MIN_FACT = 36
const FACT_INDENT = 4

/** A line `label  text`. The texts of such lines stand below one another. A value that does not fit stands below its label. */
export function fact(label: string, text: string): string[] {
  const width = columnsHere()
  const room = width - FACT_COLUMN
  const words = Math.max(...text.split(' ').map(columnsOf))
  if (writesPlainly() || room < MIN_FACT || words > room) {
    const head = `  ${label}${writesPlainly() ? ':' : ''}`
    const indent = Math.max(0, Math.min(FACT_INDENT, width - words))
    return [head, ...wrap(text, width - indent).map((line) => ' '.repeat(indent) + line)]
  }
  const [first = '', ...more] = wrap(text, room)
  return [factHead(label) + first, ...more.map((line) => ' '.repeat(FACT_COLUMN) + line)]
}

/** The hex digits of a long value in lines that stand below one another, so that they can be compared. */
export function hexFact(label: string, hex: string): string[] {
  const digits = Math.max(16, (columnsHere() - FACT_COLUMN) & ~15)
  return Array.from(
    { length: Math.ceil(hex.length / digits) },
    (_, i) => factHead(i === 0 ? label : '') + hex.slice(i * digits, (i + 1) * digits),
  )
}

/** The same with a text from outside, for a terminal of `width` columns. */
export function quotedFact(label: string, text: string, width: number): string[] {
  const [first = '', ...more] = laidOut(theirs(text), beside(FACT_COLUMN, width, marks()))
  return [factHead(label) + first, ...more]
}

/** A text from outside as a cell of `width` columns. */
export function quotedCell(text: string, width: number): Cell {
  return laidOut(theirs(text), { width, taken: 0, indent: 0, marks: marks() })
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
