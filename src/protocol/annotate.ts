/** The bytes of a wire form cut into its fields, each with what it is for: for whoever looks at the wire. */

import * as v from 'valibot'
import { bytesToHex, equalBytes } from './bytes.ts'

/** What a field is for, and where that is written down. */
export interface FieldNote {
  readonly is: string
  /** The same in Spanish. */
  readonly es: string
  /** RFC and section. */
  readonly source: string
  /** Its value is bytes, and JSON has them in hex. */
  readonly hex?: boolean
}

/** A note in one language, in `is`. */
export type Explained = Omit<FieldNote, 'es'>

/** A field in hex whose last `bytes` bytes are another thing. */
export interface EndedNote extends FieldNote {
  readonly end: FieldNote & { readonly name: string; readonly bytes: number }
}

/** A note for every value of a form, one level down as `outer.inner`: none can be missing, none too many. */
export type Notes<Form> = {
  readonly [Path in Leaves<Required<Form>>]: FieldNote | EndedNote
}
type Leaves<Form> = {
  [Name in keyof Form & string]: Form[Name] extends object ? `${Name}.${Leaves<Form[Name]>}` : Name
}[keyof Form & string]

/** A piece of a body: as text where it is UTF-8, else in hex. `field` is missing for what holds fields together. */
export type Part = TextPart | HexPart
interface TextPart {
  readonly field?: string
  readonly text: string
}
interface HexPart {
  readonly field: string
  readonly hex: string
}

/** One form on the wire, with its fields explained. */
export interface Annotated {
  readonly fields: Readonly<Record<string, FieldNote>>
  /**
   * Parts that join to exactly `body`; null for one that is not of this form. So nothing but
   * fields that the protocol knows is ever shown: somebody may send a text in clear.
   */
  cut(body: Uint8Array): readonly Part[] | null
}

/** A form in JSON: `schema` as it is parsed, and `notes` for its values. */
export function annotatedJson<Schema extends v.GenericSchema>(
  schema: Schema,
  notes: Notes<v.InferOutput<Schema>>,
): Annotated {
  const ended = new Map<string, EndedNote>()
  const fields: Record<string, FieldNote> = {}
  for (const [name, note] of Object.entries<FieldNote | EndedNote>(notes)) {
    fields[name] = fieldNote(note)
    if (!('end' in note)) continue
    ended.set(name, note)
    fields[note.end.name] = fieldNote(note.end)
  }
  return {
    fields,
    cut(body) {
      const text = textOf(schema, body)
      if (text === null) return null
      const parts = valuesOf(text)
      const named = parts.flatMap(({ field }) => field ?? [])
      // JSON lets a name come twice: whoever sends that shall not have thousands of parts kept, nor a text in
      // the place of `outer`, which `v.is` does not see where an object follows it
      if (new Set(named).size < named.length) return null
      if (!named.every((name) => Object.hasOwn(notes, name))) return null
      const isHex = ({ field, text }: TextPart) =>
        !fields[field ?? '']?.hex || HEX.test(unescaped(text))
      if (!parts.every(isHex)) return null
      return parts.flatMap((part) => {
        const note = ended.get(part.field ?? '')
        return note === undefined ? [part] : splitEnd(part, note)
      })
    },
  }
}

/** A form that begins with `magic`, then fields at fixed places in this order, and no more. */
export function annotatedBytes(
  magic: FieldNote & { name: string; value: Uint8Array },
  fields: readonly (FieldNote & { name: string; bytes: number })[],
): Annotated {
  const all = [{ ...magic, bytes: magic.value.length }, ...fields]
  const length = all.reduce((sum, { bytes }) => sum + bytes, 0)
  return {
    fields: Object.fromEntries(all.map((field) => [field.name, fieldNote(field)])),
    cut(body) {
      if (body.length !== length) return null
      if (!equalBytes(body.subarray(0, magic.value.length), magic.value)) return null
      let at = 0
      return all.map(({ name, bytes }) => {
        const begin = at
        at += bytes
        return { field: name, hex: bytesToHex(body.subarray(begin, at)) }
      })
    },
  }
}

function fieldNote({ is, es, source, hex }: FieldNote): FieldNote {
  return { is, es, source, ...(hex && { hex }) }
}

/** The text of a body in JSON that is of this form, else null. */
function textOf(schema: v.GenericSchema, body: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    return v.is(schema, JSON.parse(text)) ? text : null
  } catch {
    return null
  }
}

const HEX = /^[0-9a-f]*$/
/**
 * The tokens of JSON that matter here: a string (with the colon that makes it a name), a scalar, braces. That a string may
 * lack its end makes no difference in JSON, and keeps the pattern from looking for an end once more at every quote.
 */
const TOKENS = /"((?:[^"\\]|\\.)*)"?(\s*:)?|-?\d[\d.eE+-]*|true|null|[{}]/g

/**
 * Cuts JSON into its values and what stands between them; the quotes of a string are between.
 * The text is of one of our forms: strings, numbers, `true` and null, in at most one object inside another.
 */
function valuesOf(text: string): TextPart[] {
  const parts: TextPart[] = []
  let outer = ''
  let name = ''
  let done = 0
  for (const { 0: token, 1: inner, 2: colon, index } of text.matchAll(TOKENS)) {
    if (colon !== undefined) name = JSON.parse(`"${inner}"`)
    else if (token === '{') outer = name === '' ? '' : `${name}.`
    else if (token === '}') outer = ''
    else {
      const begin = index + (inner === undefined ? 0 : 1)
      const value = inner ?? token
      parts.push({ text: text.slice(done, begin) }, { field: outer + name, text: value })
      done = begin + value.length
    }
  }
  return [...parts, { text: text.slice(done) }]
}

/** What stands between the quotes of a string in JSON, without its escapes. */
function unescaped(text: string): string {
  return JSON.parse(`"${text}"`)
}

function splitEnd(part: TextPart, { end }: EndedNote): TextPart[] {
  const at = part.text.length - 2 * end.bytes
  // too short: then it is refused, and there is nothing to tell apart; or written with escapes, so that bytes are no pairs
  if (at < 0 || part.text.includes('\\')) return [part]
  const last = { field: end.name, text: part.text.slice(at) }
  return at === 0 ? [last] : [{ ...part, text: part.text.slice(0, at) }, last]
}
