/**
 * Rows that stay at the bottom of a terminal, such as the line that somebody types, while other lines are written above
 * them. What is written and the rows below it go to the system as one piece, so that nobody sees one without the other.
 */

import { keepBelow, type Output } from './output.ts'
import { columnsOf } from './rows.ts'

/** What stands at the bottom: rows of less than the terminal's width, without colours, and where the cursor is. */
export interface Drawing {
  readonly rows: readonly string[]
  readonly cursor: { readonly row: number; readonly column: number }
}

/** Moves, and removes everything from the cursor to the end of the screen (ECMA-48). */
const up = (rows: number) => (rows > 0 ? `\u001b[${rows}A` : '')
const right = (columns: number) => (columns > 0 ? `\u001b[${columns}C` : '')
const ERASE = '\u001b[J'

const NOTHING: Drawing = { rows: [], cursor: { row: 0, column: 0 } }

/** An output of whole lines, above rows that `draw` makes for a width. */
export class LiveRows implements Output {
  readonly isTTY = true
  readonly #below: Output
  readonly #draw: (width: number) => Drawing
  #shown: Drawing = NOTHING
  #isOn = true

  constructor(below: Output, draw: (width: number) => Drawing) {
    this.#below = below
    this.#draw = draw
    keepBelow(this)
  }

  get columns(): number {
    return this.#below.columns || 80
  }

  get writableLength(): number {
    return this.#below.writableLength ?? 0
  }

  hasColors(): boolean {
    return this.#below.hasColors?.() ?? false
  }

  write(text: Buffer, done?: (error?: Error | null) => void): void {
    const below = Buffer.from(this.#removed())
    this.#below.write(Buffer.concat([below, text, Buffer.from(this.#drawn())]), done)
  }

  /** Draws the rows anew. To be called when they, or the size of the terminal, have changed. */
  redraw(): void {
    this.write(Buffer.alloc(0))
  }

  /** Removes the rows until `redraw`, for somebody else to write. */
  remove(): void {
    this.#below.write(Buffer.from(this.#removed()))
  }

  /** Removes the rows for good: what is written from now on stands alone. */
  end(): void {
    this.#isOn = false
    keepBelow(null)
    this.remove()
  }

  /** What removes the rows. A terminal that became narrower may have made several of one. */
  #removed(): string {
    const { rows, cursor } = this.#shown
    this.#shown = NOTHING
    if (rows.length === 0) return ''
    const { columns } = this
    const heights = rows.map((row) => Math.max(1, Math.ceil(columnsOf(row) / columns)))
    const above = heights.slice(0, cursor.row).reduce((sum, height) => sum + height, 0)
    return `\r${up(above + Math.floor(cursor.column / columns))}${ERASE}`
  }

  #drawn(): string {
    if (!this.#isOn) return ''
    this.#shown = this.#draw(this.columns)
    const { rows, cursor } = this.#shown
    if (rows.length === 0) return ''
    return `${rows.join('\n')}\r${up(rows.length - 1 - cursor.row)}${right(cursor.column)}`
  }
}
