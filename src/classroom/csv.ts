/** CSV (RFC 4180): tables for spreadsheets, and lists that come from them. */

/** What a spreadsheet computes begins so; some of them also divide a cell at a semicolon. */
const FORMULA = /^\s*[=+\-@＝＋－＠|%]/

/** Rows of cells as CSV. A cell is on one line, and one that a spreadsheet would compute gets an apostrophe, after which it is text. */
export function csvOf(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('')
}

function cellOf(value: string | number): string {
  if (typeof value === 'number') return `${value}`
  const text = value
    .replaceAll(/[\r\n\t]+/g, ' ')
    .split(/(?<=[;|])/)
    .map((part) => (FORMULA.test(part) ? `'${part}` : part))
    .join('')
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/**
 * The rows of a list, with `separator` between their cells. A cell between quotes may hold separators and line breaks. Whatever
 * the text is, it is read to its end; blank lines are no rows.
 */
export function parseCsv(text: string, separator: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (let at = 0; at <= text.length; ) {
    let cell = ''
    // of two quotes in quotes one is meant
    for (let quote = ''; text[at] === '"'; quote = '"') {
      const end = text.indexOf('"', at + 1)
      const to = end === -1 ? text.length : end
      cell += quote + text.slice(at + 1, to)
      at = to + 1
    }
    const end = endOfCell(text, at, separator)
    cell += text.slice(at, end)
    row.push(cell)
    if (text[end] !== separator) {
      if (row.some((one) => one.trim() !== '')) rows.push(row)
      row = []
    }
    at = end + (text[end] === '\r' && text[end + 1] === '\n' ? 2 : 1)
  }
  return rows
}

function endOfCell(text: string, from: number, separator: string): number {
  let at = from
  while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at++
  return at
}
