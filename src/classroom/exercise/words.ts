/** A command line as a shell splits it, without a shell. */

/** What a word is made of: a run of plain characters, an escaped one, or something in quotes that are closed. */
const PIECE = /[^ \t\r\n'"\\]+|\\.|'[^']*'|"(?:[^"\\]|\\.)*"/sy

/**
 * Splits a command line into words as a POSIX shell does (XCU 2.2, quoting). Variables, patterns and operators mean nothing
 * here: they are letters of the words.
 * @throws SyntaxError where a quote is not closed, a backslash is the last character, or there is no word
 */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  for (let at = 0; at < line.length; ) {
    if (/[ \t\r\n]/.test(line[at] ?? '')) {
      if (word !== null) words.push(word)
      word = null
      at++
      continue
    }
    PIECE.lastIndex = at
    const [piece] = PIECE.exec(line) ?? []
    if (piece === undefined)
      throw new SyntaxError(
        line[at] === '\\' ? 'A backslash is its last character.' : `It has a ${line[at]} too many.`,
      )
    // a line that goes on in the next one is no word
    if (piece !== '\\\n') word = (word ?? '') + unquoted(piece)
    at += piece.length
  }
  if (word !== null) words.push(word)
  if (words.length === 0) throw new SyntaxError('It has no word.')
  return words
}

/** A backslash in double quotes is one, unless it stands before one of four characters; with a line feed it is nothing. */
function unquoted(piece: string): string {
  if (piece.startsWith("'")) return piece.slice(1, -1)
  if (piece.startsWith('"')) return piece.slice(1, -1).replaceAll(/\\(?:(\n)|([$`"\\]))/g, '$2')
  return piece.startsWith('\\') ? piece.slice(1) : piece
}
