/** What a talk shows: a row with the time for each thing that is said, and the texts of both sides. */

import type { Sign } from './lines.ts'
import { BatchWriter, type Output, widthOf } from './output.ts'
import { printable } from './printable.ts'
import { columnsOf, rowsOf } from './rows.ts'
import { type Colour, paint, Secrets } from './safe.ts'
import { ours, Said } from './said.ts'

/** A text with more line breaks than this is shown as one paragraph, its breaks as `\n`. */
const MAX_BREAKS = 60

const LINE_FEED = 0x0a

/** `…` waits, `?` may have arrived. */
export type TalkSign = Sign | '…' | '?'

/** The columns before what is said: time and sign, with two blanks behind each. */
const TALK_INDENT = '00:00  ·  '.length

const COLOUR_OF: Partial<Record<TalkSign, Colour>> = { '✓': 'green', '✗': 'yellow', '←': 'cyan' }

export class TalkLines {
  readonly #output: Output
  readonly #writer: BatchWriter
  readonly #secrets = new Secrets(true)
  readonly #now: () => Date

  constructor(output: Output, now = () => new Date()) {
    this.#output = output
    this.#writer = new BatchWriter(output)
    this.#now = now
  }

  /** Says a sentence. A string has our own words only. */
  say(sign: TalkSign, text: string | Said): void {
    const body = typeof text === 'string' ? ours(text) : text
    this.#write(this.#head(sign), rowsOf(body, TALK_INDENT, this.#width))
  }

  /** A row below what was said. `text`: our own words, shown as they are. */
  below(text: string): void {
    this.#write(' '.repeat(TALK_INDENT), rowsOf(ours(text), TALK_INDENT, this.#width))
  }

  /** A text that came. `name`: what stands before it. */
  heard(name: string, text: Uint8Array): void {
    const head = `${printable(name)}: `
    const lines = this.#width === null ? [text] : linesOf(text)
    for (const [i, line] of lines.entries()) {
      const begin = i === 0 ? this.#head('←') : ' '.repeat(TALK_INDENT)
      const before = i === 0 ? head : ' '.repeat(columnsOf(head))
      const body = rowsOf(
        this.#secrets.text(line, 'text'),
        TALK_INDENT + columnsOf(head),
        this.#width,
      )
      this.#write(begin + before, body)
    }
  }

  /** A text of the owner's own, whose rows are indented. */
  sent(sign: TalkSign, text: Uint8Array): void {
    this.#write(this.#head(sign), rowsOf(this.#own(text), TALK_INDENT, this.#width))
  }

  /** The same as one row of at most `width` columns, for what is not settled yet. */
  pending(sign: TalkSign, text: Uint8Array, width: number): string {
    const room = Math.max(8, width - TALK_INDENT - 1)
    const shown = printable(new TextDecoder().decode(text.subarray(0, 4 * room)))
    let row = ''
    for (const character of shown) {
      if (columnsOf(row) + columnsOf(character) > room - 1) {
        row += '…'
        break
      }
      row += character
    }
    return `       ${sign}  ${row}`
  }

  /** Rings, where there is somebody to hear it. */
  ring(): void {
    if (this.#output.isTTY) this.#output.write(Buffer.from('\u0007'))
  }

  get #width(): number | null {
    return widthOf(this.#output)
  }

  #own(text: Uint8Array): Said {
    const { parts } = this.#secrets.text(text, 'text')
    return new Said(
      parts.map((part) => (typeof part === 'string' ? part : `${printable(part.text)}`)),
    )
  }

  #head(sign: TalkSign): string {
    const time = this.#now().toTimeString().slice(0, 5)
    const colour = COLOUR_OF[sign]
    const shown = colour && this.#output.hasColors?.() ? paint(sign, colour) : sign
    return `${time}  ${shown}  `
  }

  #write(...pieces: string[]): void {
    this.#writer.write(...pieces, '\n')
  }
}

function linesOf(text: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  let begin = 0
  for (let at = text.indexOf(LINE_FEED); at >= 0; at = text.indexOf(LINE_FEED, begin)) {
    lines.push(text.subarray(begin, text[at - 1] === 0x0d && at > begin ? at - 1 : at))
    begin = at + 1
    if (lines.length > MAX_BREAKS) return [text]
  }
  return [...lines, text.subarray(begin)]
}
