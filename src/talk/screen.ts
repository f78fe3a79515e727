/** The terminal of a talk: what was said above, and below it what is not settled yet and the line that is being typed. */

import type { ReadStream, WriteStream } from 'node:tty'
import { type Drawing, LiveRows } from '../terminal/liveRows.ts'
import type { Output } from '../terminal/output.ts'
import { columnsOf } from '../terminal/rows.ts'
import { TalkLines, type TalkSign } from '../terminal/talkLines.ts'
import { typedRows } from '../terminal/typedLine.ts'
import { type TypedLine, Typing } from './typing.ts'

/** So many lines that are not settled are shown, and the number of the others. */
const MAX_PENDING = 3

export interface Pending {
  readonly sign: TalkSign
  readonly text: Uint8Array
}

export interface ScreenHandlers {
  line(line: TypedLine): void
  interrupted(): void
  ended(): void
  hungUp(): void
  leftOut(units: number): void
}

export class Screen {
  /** Where whole lines go. */
  readonly output: Output
  readonly lines: TalkLines
  readonly #live: LiveRows | null
  readonly #typing: Typing | null
  #head = '> '
  #status: string | null = null
  #notes: readonly string[] = []
  #pending: readonly Pending[] = []

  /** `terminal`: where somebody types, or null where nobody does. */
  constructor(
    terminal: { input: ReadStream; output: WriteStream } | null,
    output: Output,
    handlers: ScreenHandlers,
  ) {
    this.#live = terminal && new LiveRows(output, (width) => this.#draw(width))
    this.output = this.#live ?? output
    this.lines = new TalkLines(this.output)
    this.#typing =
      terminal &&
      new Typing(terminal.input, terminal.output, {
        ...handlers,
        changed: () => this.#live?.redraw(),
        stopped: () => this.#live?.remove(),
      })
    terminal?.output.on('resize', () => this.#live?.redraw())
    this.#live?.redraw()
  }

  /** Whether somebody types here. */
  get isTyped(): boolean {
    return this.#typing !== null
  }

  /** What stands before the line that is typed. `text`: our own words. */
  set head(text: string) {
    if (text === this.#head) return
    this.#head = text
    this.#live?.redraw()
  }

  /** What is going on, on a row above the line that is typed; null for nothing. `text`: our own words. */
  set status(text: string | null) {
    if (text === this.#status) return
    this.#status = text
    this.#live?.redraw()
  }

  /** Rows above that. `rows`: our own words, and harmless labels. */
  set notes(rows: readonly string[]) {
    if (rows.join('\n') === this.#notes.join('\n')) return
    this.#notes = rows
    this.#live?.redraw()
  }

  /** What was typed and is not settled. */
  set pending(pending: readonly Pending[]) {
    this.#pending = pending
    this.#live?.redraw()
  }

  /** Removes the rows at the bottom, and gives the terminal back. */
  end(): void {
    this.#typing?.end()
    this.#live?.end()
  }

  #draw(width: number): Drawing {
    const above = this.#pending
      .slice(0, MAX_PENDING)
      .map(({ sign, text }) => this.lines.pending(sign, text, width))
    const more = this.#pending.length - above.length
    if (more > 0) above.push(`          and ${more} more`)
    above.push(...this.#notes)
    if (this.#status !== null) above.push(this.#status)
    const typing = this.#typing
    const typed = typedRows(this.#head, typing?.line ?? '', typing?.cursor ?? 0, width)
    const { row, column } = typed.cursor
    return {
      rows: [...above.map((row) => within(row, width)), ...typed.rows],
      cursor: { row: above.length + row, column },
    }
  }
}

/** `row` in less than `width` columns. */
function within(row: string, width: number): string {
  if (columnsOf(row) < width) return row
  let kept = ''
  let columns = 0
  for (const character of row) {
    columns += columnsOf(character)
    if (columns >= width) break
    kept += character
  }
  return kept
}
