/** JSON from strangers: not deeper and with no more in it than a transcript, and no name twice. */

import { FileError } from './finding.ts'

/** A transcript has five levels. */
const MAX_DEPTH = 8
/** Names, objects, lists and commas: 200 events with their parts have some 10,000. */
const MAX_ITEMS = 100_000

/**
 * The value of `text`.
 * @throws FileError `not_json` `bad_form`
 */
export function parseJson(text: string): unknown {
  const odd = firstOddName(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new FileError('not_json', 'It is not JSON, or its end is missing.')
  }
  if (odd !== null) throw new FileError('bad_form', `${odd.what} in line ${lineOf(text, odd.at)}.`)
  return value
}

/**
 * The first name that stands twice in its object, or that JavaScript takes for something else. JSON.parse would
 * keep the last value of a name and say nothing, so that two readers can read two things.
 * The text may be no JSON; then what this returns says nothing.
 * @throws FileError `bad_form` for what is too deep, and for too much
 */
function firstOddName(text: string): { what: string; at: number } | null {
  /** The names of each object that is open; null for an array. */
  const open: (Set<string> | null)[] = []
  let odd: { what: string; at: number } | null = null
  let items = 0
  const count = () => {
    if (++items > MAX_ITEMS)
      throw new FileError('bad_form', 'It has more in it than any transcript.')
  }
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '{' || character === '[') {
      count()
      open.push(character === '{' ? new Set() : null)
      if (open.length > MAX_DEPTH)
        throw new FileError('bad_form', 'It is nested deeper than a transcript is.')
    } else if (character === '}' || character === ']') open.pop()
    else if (character === ',') count()
    else if (character === '"') {
      const end = endOfString(text, i)
      const names = open.at(-1)
      if (names && isName(text, end)) {
        count()
        const name = nameOf(text.slice(i, end))
        if (names.has(name)) odd ??= { what: 'The same name stands twice in one object', at: i }
        if (name === '__proto__') odd ??= { what: 'There is a name that no transcript has', at: i }
        names.add(name)
      }
      i = end - 1
    }
  }
  return odd
}

/** Where the string that begins at `begin` ends, its closing quote included. */
function endOfString(text: string, begin: number): number {
  for (let i = begin + 1; i < text.length; i++) {
    if (text[i] === '"') return i + 1
    if (text[i] === '\\') i++
  }
  return text.length
}

/** Whether the string that ended before `end` is followed by a colon. */
function isName(text: string, end: number): boolean {
  let i = end
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++
  return text[i] === ':'
}

/** A name may be written with escapes. */
function nameOf(token: string): string {
  try {
    return token.includes('\\') ? JSON.parse(token) : token.slice(1, -1)
  } catch {
    return token
  }
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}
