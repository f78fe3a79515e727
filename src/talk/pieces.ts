/** A text that is too long, in several. */

import { utf8ToBytes } from '../protocol/bytes.ts'
import { MAX_TEXT_BYTES } from '../protocol/messages.ts'

/** `text` as texts of at most `most` bytes each, in order. No character is split, and no mark leaves its letter. */
export function piecesOf(text: string, most = MAX_TEXT_BYTES): Uint8Array[] {
  const whole = utf8ToBytes(text)
  if (whole.length <= most) return [whole]
  const pieces: Uint8Array[] = []
  let begin = 0
  while (whole.length - begin > most) {
    const end = boundaryBefore(whole, begin, begin + most)
    pieces.push(whole.slice(begin, end))
    begin = end
  }
  pieces.push(whole.slice(begin))
  whole.fill(0)
  return pieces
}

const UTF8 = new TextDecoder()
const CHARACTERS = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
/** How far back the last whole character is looked for, in bytes. A cluster that is longer is split between code points. */
const LOOKED_BACK = 256

/** The last place in `bytes`, at most `end`, between two characters. */
function boundaryBefore(bytes: Uint8Array, begin: number, end: number): number {
  const isInside = (at: number) => ((bytes[at] ?? 0) & 0xc0) === 0x80
  let last = end
  while (isInside(last)) last--
  let from = Math.max(begin, last - LOOKED_BACK)
  while (isInside(from)) from++
  // what follows the place decides whether a character ends there
  let to = Math.min(bytes.length, last + LOOKED_BACK)
  while (isInside(to)) to++
  const text = UTF8.decode(bytes.subarray(from, to))
  let at = from
  let best = from
  for (const { segment } of CHARACTERS.segment(text)) {
    if (at > last) break
    best = at
    at += utf8ToBytes(segment).length
  }
  return best > begin ? best : last
}
