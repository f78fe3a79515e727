/** JSON that everybody reads in the same way. */

export type JsonFault = 'syntax' | 'depth' | 'items' | 'name twice' | 'bad name'

/** Why a text is refused. */
export class JsonError extends SyntaxError {
  readonly fault: JsonFault
  /** Of a name, where it stands. Lines count from 1. */
  readonly line: number | null

  constructor(fault: JsonFault, line: number | null = null) {
    super(fault)
    this.fault = fault
    this.line = line
  }
}

/** What a text may have beside being JSON. */
export interface JsonLimits {
  /** How many objects and arrays may be open at once. */
  readonly depth?: number
  /** How many objects, arrays, names and commas there may be. */
  readonly items?: number
  /** A name that no object may have. */
  readonly badName?: string
}

/**
 * The value of `text`. Of a name that stands twice in one object JSON.parse would keep the last value and say
 * nothing; somebody else may read the first (RFC 8259 section 4).
 * @throws JsonError
 */
export function parseJson(text: string, limits: JsonLimits = {}): unknown {
  const nameError = scan(text, limits)
  const value = parse(text)
  if (nameError !== null) throw nameError
  return value
}

/**
 * Looks at the structure of `text` before JSON.parse builds it, and returns what is wrong with its names. If the
 * text turns out not to be JSON, that says nothing.
 * @throws JsonError `depth` `items`, and `syntax` for a name that is no string
 */
function scan(
  text: string,
  { depth = Infinity, items = Infinity, badName }: JsonLimits,
): JsonError | null {
  /** The names of each open object; of an array none. */
  const open: Set<unknown>[] = []
  let error: JsonError | null = null
  let count = 0
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
      case '[':
        count++
        open.push(new Set())
        if (open.length > depth) throw new JsonError('depth')
        break
      case '}':
      case ']':
        open.pop()
        break
      case ',':
        count++
        break
      case '"': {
        const end = endOfString(text, i)
        const names = open.at(-1)
        if (names && isBeforeColon(text, end)) {
          count++
          // two spellings of one name are the same name
          const name = parse(text.slice(i, end))
          const fault = names.has(name) ? 'name twice' : name === badName ? 'bad name' : null
          if (fault !== null) error ??= new JsonError(fault, text.slice(0, i).split('\n').length)
          names.add(name)
        }
        i = end - 1
      }
    }
    if (count > items) throw new JsonError('items')
  }
  return error
}

/** The index behind the closing quote of the string that begins at `begin`. */
function endOfString(text: string, begin: number): number {
  let quote = begin
  do {
    quote = text.indexOf('"', quote + 1)
    if (quote === -1) return text.length
  } while (isEscaped(text, quote))
  return quote + 1
}

function isEscaped(text: string, at: number): boolean {
  let escaped = false
  for (let i = at - 1; text[i] === '\\'; i--) escaped = !escaped
  return escaped
}

function isBeforeColon(text: string, end: number): boolean {
  let i = end
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++
  return text[i] === ':'
}

/** @throws JsonError `syntax` */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new JsonError('syntax')
  }
}
