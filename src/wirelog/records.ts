/** Makes the records of the wire: of a request or an answer, with its body cut into the fields of its form. */

import { chunksOf } from '../protocol/stream.ts'
import type { Suite } from '../protocol/suites.ts'
import type { Annotated, Explained, FieldNote, Language, Part } from './annotate.ts'
import type { AnswerEvent, RequestEvent, Way } from './events.ts'
import { FORMS, type Form, formsOf, type WireRoute } from './forms.ts'

/** Makes the records of one suite's forms. */
export class Records {
  readonly #forms: Readonly<Record<Form, Annotated>>

  constructor(suite: Suite) {
    this.#forms = formsOf(suite)
  }

  /** What each field of each form is for. */
  forms(language: Language): Record<string, Record<string, Explained>> {
    const explain = ({ en, es, ...rest }: FieldNote) => ({ is: { en, es }[language], ...rest })
    return mapped(this.#forms, ({ fields }) => mapped(fields, explain))
  }

  request(way: Way, route: WireRoute, body: Uint8Array): RequestEvent {
    const content = this.#cut(FORMS[route][0], body)
    return { type: 'request', way, method: 'POST', route, bytes: body.length, ...content }
  }

  /** A request whose body nobody read. */
  unread(method: string, route: WireRoute): RequestEvent {
    const nothing = { bytes: null, form: null, parts: [] }
    return { type: 'request', way: 'received', method, route, ...nothing }
  }

  /** A picture's stream that begins with `header`; `bytes`: its length, if it is known. */
  picture(way: Way, header: Uint8Array, bytes: number | null): RequestEvent {
    const route = '/wire/image'
    const content = this.#cut(FORMS[route][0], header)
    const chunks = content.form !== null && bytes !== null && { chunks: chunksOf(bytes) }
    return { type: 'request', way, method: 'POST', route, bytes, ...content, ...chunks }
  }

  /** The answer to request number `to`. */
  answer(way: Way, route: WireRoute, to: number, status: number, body: Uint8Array): AnswerEvent {
    const { form, parts } = this.#cut(status === 201 ? FORMS[route][1] : 'refusal', body)
    const code = form === 'refusal' ? codeOf(body) : null
    return { type: 'answer', way, route, to, status, code, bytes: body.length, form, parts }
  }

  /** That there was no answer, and why. */
  noAnswer(way: Way, route: WireRoute, to: number, code: string): AnswerEvent {
    const nothing = { status: null, bytes: 0, form: null, parts: [] }
    return { type: 'answer', way, route, to, code, ...nothing }
  }

  #cut(form: Form, body: Uint8Array): { form: Form | null; parts: readonly Part[] } {
    const parts = this.#forms[form].cut(body)
    return parts === null ? { form: null, parts: [] } : { form, parts }
  }
}

/** The same names with other values. */
function mapped<A, B>(from: Readonly<Record<string, A>>, change: (value: A) => B) {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value)]))
}

/** The `code` of a problem, as far as it is one. */
function codeOf(body: Uint8Array): string | null {
  try {
    const { code } = JSON.parse(new TextDecoder().decode(body))
    return typeof code === 'string' ? code : null
  } catch {
    return null
  }
}
