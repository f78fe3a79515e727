/** JSON that everybody reads in the same way. */

/**
 * The value of `text`. Of a name that stands twice in one object JSON.parse would keep the last value and say
 * nothing; somebody else may read the first (RFC 8259 section 4).
 * @throws SyntaxError, or RangeError for what is nested too deep
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  // fewer strings are read than are written, if a name and its value are gone
  if (quotesIn(text) !== 2 * stringsIn(value))
    throw new SyntaxError('A name stands twice in one object.')
  return value
}

/** How many quotes stand around strings. */
function quotesIn(text: string): number {
  const bare = text.replace(/\\./g, '')
  let count = 0
  for (let at = bare.indexOf('"'); at >= 0; at = bare.indexOf('"', at + 1)) count++
  return count
}

/** How many strings a value is written with, those that are names counted. */
function stringsIn(value: unknown): number {
  if (typeof value === 'string') return 1
  // numbers, true, false and null
  if (!(value instanceof Object)) return 0
  const names = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, inner) => sum + stringsIn(inner), names)
}
