/** Lines for a projector: at most 100 columns, readable without colour. */

export const WIDTH = 100

/** Takes lines of the lab's output. */
export type Say = (...lines: string[]) => void

const GAP = '  '

/** A title of its own, under a blank line. */
export function heading(title: string): string[] {
  return ['', title, '─'.repeat(Math.min(title.length, WIDTH)), '']
}

/** `text` in lines of at most `width`; a word that is longer is cut. */
export function wrap(text: string, width = WIDTH): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((word) => cut(word, width))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

function cut(word: string, width: number): string[] {
  const pieces: string[] = []
  for (let at = 0; at < word.length; at += width) pieces.push(word.slice(at, at + width))
  return pieces.length > 0 ? pieces : ['']
}

/** One row of a table whose columns have `widths`; long cells go on in the next line. */
export function row(widths: readonly number[], cells: readonly string[]): string[] {
  const columns = widths.map((width, i) => wrap(cells[i] ?? '', width))
  const height = Math.max(...columns.map((lines) => lines.length))
  return Array.from({ length: height }, (_, y) =>
    columns
      .map((lines, i) => (lines[y] ?? '').padEnd(widths[i] ?? 0))
      .join(GAP)
      .trimEnd(),
  )
}

/** The two lines that a table begins with. */
export function tableHead(widths: readonly number[], titles: readonly string[]): string[] {
  return [...row(widths, titles), widths.map((width) => '─'.repeat(width)).join(GAP)]
}

/** A whole table. */
export function table(
  widths: readonly number[],
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  return [...tableHead(widths, titles), ...rows.flatMap((cells) => row(widths, cells))]
}

/** A line `label  text`, with the texts of such lines below one another. */
export function fact(label: string, text: string): string[] {
  const indent = 2
  const column = 24
  const [first = '', ...more] = wrap(text, WIDTH - column)
  const head = `${' '.repeat(indent)}${label}`.padEnd(column - 1)
  return [`${head} ${first}`, ...more.map((line) => ' '.repeat(column) + line)]
}

/** Bytes as text where they are printable ASCII, a dot where not. */
export function readable(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'))
    .join('')
}
