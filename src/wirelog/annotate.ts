/** Cuts the bytes of a wire form into its fields, each with a note on what it is for: for whoever looks at the wire. */

import * as v from 'valibot'
import { bytesToHex, equalBytes } from '../protocol/bytes.ts'

/** The languages of the notes, and of the page that shows them. */
export const LANGUAGES = ['en', 'es'] as const
export type Language = (typeof LANGUAGES)[number]

/** What a field is for, in each language, and where that is written down. */
export interface FieldNote extends Readonly<Record<Language, string>> {
  /** RFC and section. */
  readonly source: string
  /** Its value is bytes, and JSON has them in hex. */
  readonly hex?: boolean
}

/** A note in one language, as the page and a transcript have it. */
export interface Explained extends Omit<FieldNote, Language> {
  readonly is: string
}

/** A note on a field in hex whose last `bytes` bytes are shown as a field of their own. */
export interface EndedNote extends FieldNote {
  readonly end: FieldNote & { readonly name: string; readonly bytes: number }
}

/** One note for each value of a form, one level down as `outer.inner`. A missing or superfluous one does not compile. */
export type Notes<Form> = {
  readonly [Path in Leaves<Required<Form>>]: FieldNote | EndedNote
}
type Leaves<Form> = {
  [Name in keyof Form & string]: Form[Name] extends object ? `${Name}.${Leaves<Form[Name]>}` : Name
}[keyof Form & string]

/** A piece of a body: as text where it is UTF-8, else in hex. What stands between two fields has no `field`. */
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
   * Parts that join to exactly `body`, or null if it is not of this form. Since a sender can put a text in clear
   * anywhere, only the values of known fields are ever shown.
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
      // JSON allows a name twice, and `v.is` sees the last value only: the first could be a text in clear, and
      // thousands of copies would be kept
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

/** A form that is `magic`, then `fields` of fixed lengths in this order, and nothing more. */
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

function fieldNote({ en, es, source, hex }: FieldNote): FieldNote {
  return { en, es, source, ...(hex && { hex }) }
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
 * The tokens of JSON that matter here: a string (with the colon that makes it a name), a scalar, braces. The closing
 * quote is optional only so that the pattern takes linear time: valid JSON always has it.
 */
const TOKENS = /"((?:[^"\\]|\\.)*)"?(\s*:)?|-?\d[\d.eE+-]*|true|null|[{}]/g

/**
 * Cuts JSON into its values and what stands between them, the quotes of a string included.
 * `text` is of one of our forms: strings, numbers, `true` and null, in at most one object inside another.
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

/** Makes two parts of a field with an end. Whole stays a value that is too short, or that has escapes among its digits. */
function splitEnd(part: TextPart, { end }: EndedNote): TextPart[] {
  const at = part.text.length - 2 * end.bytes
  if (at < 0 || part.text.includes('\\')) return [part]
  const last = { field: end.name, text: part.text.slice(at) }
  return at === 0 ? [last] : [{ ...part, text: part.text.slice(0, at) }, last]
}
