/** The lines of a pipe or a file, as they come. */

import { isUtf8 } from 'node:buffer'

/** A line that is longer, in bytes, is handed out in pieces. */
const MAX_PIPED = 256 * 1024

const LINE_FEED = 0x0a
const RETURN = 0x0d

/** The lines of `input` without their ends; null for one that is not UTF-8. */
export async function* pipedLines(input: AsyncIterable<Buffer>): AsyncGenerator<string | null> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of input) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      yield textOf(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
    }
    while (rest.length > MAX_PIPED) {
      // not within a character, of which all bytes but the first begin with 10
      let end = MAX_PIPED
      while (end > MAX_PIPED - 4 && ((rest[end] ?? 0) & 0xc0) === 0x80) end--
      yield textOf(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  }
  if (rest.length > 0) yield textOf(rest)
}

function textOf(line: Buffer): string | null {
  const whole = line.at(-1) === RETURN ? line.subarray(0, -1) : line
  return isUtf8(whole) ? whole.toString() : null
}
