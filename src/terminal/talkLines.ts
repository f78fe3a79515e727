/** What a talk shows: a row with the time for each thing that is said, and the texts of both sides. */

import type { Sign, Text } from './lines.ts'
import { BatchWriter, hasColours, type Output, widthOf, writesPlainly } from './output.ts'
import { DRAWN, printable, SPOKEN } from './printable.ts'
import { columnsOf, cut, rowsOf } from './rows.ts'
import { paint, Secrets } from './safe.ts'
import { ours, Said, Value } from './said.ts'

/** A text with more line breaks than this is shown as one paragraph, its breaks as `\n`. */
const MAX_BREAKS = 60

const LINE_FEED = 0x0a
const RETURN = 0x0d

/** Beside the signs of each terminal: `…` waits, `?` may have arrived. */
export type TalkSign = Sign | '…' | '?'

/** What is said in the place of a sign, before a text of the owner's own, where no signs are shown (`--plain`). */
const WORDS: Readonly<Record<TalkSign, string>> = {
  '…': 'You, not sent yet: ',
  '?': 'You, perhaps not arrived: ',
  '✓': 'You, arrived: ',
  '✗': 'You, not sent: ',
  '→': '',
  '←': '',
  '·': '',
  '●': '',
}

/** The columns before what is said: time and sign, with two blanks behind each. */
const INDENT = '00:00  ·  '.length

export class TalkLines {
  readonly #output: Output
  readonly #writer: BatchWriter
  readonly #secrets = new Secrets(true)
  readonly #isPlain = writesPlainly()

  constructor(output: Output) {
    this.#output = output
    this.#writer = new BatchWriter(output)
  }

  /** Says a sentence. A string has our own words only. */
  say(sign: TalkSign, text: Text): void {
    this.#row(this.#head(sign), text, sign === '✗')
  }

  /** A row below what was said. */
  below(text: Text): void {
    this.#row(' '.repeat(INDENT), text)
  }

  /** A text that came. `name`: what stands before it, harmless already. */
  heard(name: string, text: Uint8Array): void {
    const who = this.#isPlain ? `${printable(name)} says: ` : `${printable(name)}: `
    const lines = this.#width === null ? [text] : linesOf(text)
    for (const [i, line] of lines.entries())
      this.#row(
        i === 0 ? this.#head('←') + who : ' '.repeat(INDENT + columnsOf(who)),
        this.#secrets.text(line),
      )
  }

  /** A text of the owner's own. */
  sent(sign: TalkSign, text: Uint8Array): void {
    const head = this.#head(sign) + (this.#isPlain ? WORDS[sign] : '')
    const lines = this.#width === null ? [text] : linesOf(text)
    for (const [i, line] of lines.entries()) {
      const { parts } = this.#secrets.text(line)
      // it has no marks: who wrote it reads it, and none of its rows begins at the left
      const own = parts.map((part) => (typeof part === 'string' ? part : printable(part.text)))
      this.#row(i === 0 ? head : ' '.repeat(columnsOf(head)), new Said(own))
    }
  }

  /** The same as one row of less than `width` columns, for what is not settled yet. */
  pending(sign: TalkSign, text: Uint8Array, width: number): string {
    const room = Math.max(8, width - INDENT - 2)
    // a character takes four bytes at most
    const begin = new TextDecoder().decode(text.subarray(0, 4 * room))
    const head = this.#isPlain ? WORDS[sign] : `       ${sign}  `
    return head + cut(begin, room)
  }

  /** Rings, where there is somebody to hear it. */
  ring(): void {
    if (this.#output.isTTY) this.#output.write(Buffer.from('\u0007'))
  }

  get #width(): number | null {
    return widthOf(this.#output)
  }

  #row(head: string, text: Text, isBold = false): void {
    const width = this.#width
    const taken = columnsOf(head)
    if (text instanceof Value) {
      const rows = width === null ? [text.text] : text.rows
      const all = rows.map((row, i) => {
        const before = i === 0 ? head : ' '.repeat(taken)
        // it stays whole, and so farther to the left where there is no room
        return width === null || taken + columnsOf(row) <= width ? before + row : row
      })
      this.#writer.write(all.join('\n'), '\n')
      return
    }
    const said = typeof text === 'string' ? ours(text) : text
    const rows = rowsOf(said, taken, width, this.#isPlain ? SPOKEN : DRAWN)
    const isPainted = isBold && hasColours(this.#output)
    this.#writer.write(head, isPainted ? paint(rows, 'bold') : rows, '\n')
  }

  #head(sign: TalkSign): string {
    const time = new Date().toTimeString()
    return this.#isPlain ? `${time.slice(0, 8)}: ` : `${time.slice(0, 5)}  ${sign}  `
  }
}

function linesOf(text: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  let begin = 0
  for (let at = text.indexOf(LINE_FEED); at >= 0; at = text.indexOf(LINE_FEED, begin)) {
    lines.push(text.subarray(begin, at > begin && text[at - 1] === RETURN ? at - 1 : at))
    begin = at + 1
    if (lines.length > MAX_BREAKS) return [text]
  }
  return [...lines, text.subarray(begin)]
}
