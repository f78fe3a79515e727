/** A transcript's form: each field of its type, none missing, none too many. `src/page/README.md` has them in words. */

import * as v from 'valibot'
import { SUITE_NAMES, SUITES, type Suite } from '../../protocol/suites.ts'
import type { Part } from '../../wirelog/annotate.ts'
import {
  type AnswerEvent,
  type Event,
  MAX_EVENTS,
  MAX_PINNED,
  type RequestEvent,
  STEP_PATHS,
  type StepEvent,
} from '../../wirelog/events.ts'
import { FORMS, type Form, formsOf, type WireRoute } from '../../wirelog/forms.ts'
import { type stateOf, TRANSCRIPT } from '../../wirelog/transcript.ts'
import { FileError } from './finding.ts'

export type State = ReturnType<typeof stateOf>
export type Numbered<Content> = { readonly n: number; readonly at: string } & Readonly<Content>

export interface Transcript {
  /** 8 bytes. */
  readonly run: string
  readonly begun: string
  readonly state: State
  /** That of the state's curve. */
  readonly suite: Suite
  readonly dropped: number
  /** The number of the first event that may not have given way to newer ones. Older ones are there because they stay. */
  readonly from: number
  /** Whether the keys of the session stay in it, however long the talk; they did not in version 1. */
  readonly keepsKeys: boolean
  readonly events: readonly Event[]
}

/** The longest value in hex is a public key of 1,216 bytes. Only a text in a part is longer. */
const MAX_HEX = 2 * 1216
/** Fields and what stands between them. No form has half as many. */
const MAX_PARTS = 64
/** A refused message has 33,824 bytes, and nothing longer is read. */
const MAX_TEXT = 64 * 1024

const Text = v.pipe(v.string(), v.maxLength(MAX_TEXT))
const Hex = v.pipe(v.string(), v.maxLength(MAX_HEX), v.regex(/^(?:[0-9a-f]{2})*$/))
const hexOf = (bytes: number) => v.pipe(Hex, v.length(2 * bytes))
const Id = hexOf(16)
const Count = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(0),
  v.check((value) => !Object.is(value, -0)),
)
/** Somebody else's answer may have any three digits. */
const Status = v.pipe(Count, v.maxValue(999))
const Time = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  v.check((text) => !Number.isNaN(Date.parse(text))),
)
const Code = v.pipe(v.string(), v.regex(/^[a-z_]{1,40}$/))
const Method = v.pipe(v.string(), v.regex(/^[A-Z-]{1,20}$/))
const Curve = v.picklist(SUITE_NAMES)
const Route = v.picklist(Object.keys(FORMS) as WireRoute[])
const FormName = v.picklist([...Object.values(FORMS).flat(), 'refusal'] as Form[])
const Way = v.picklist(['sent', 'received'])

const stateOfVersion1 = {
  port: v.pipe(Count, v.maxValue(65_535)),
  curve: Curve,
  basePoint: Hex,
  publicKey: v.nullable(Hex),
  identity: Hex,
  safetyNumber: v.nullable(v.pipe(v.string(), v.regex(/^(?:\d{5} ){11}\d{5}$/))),
  peer: v.strictObject({
    url: Text,
    basePoint: v.nullable(Hex),
    publicKey: v.nullable(Hex),
    identity: v.nullable(Hex),
    known: v.boolean(),
    // null too where whoever wrote it was of a version that did not know
    compared: v.optional(v.nullable(v.boolean()), null),
  }),
  session: v.nullable(v.strictObject({ id: Id, sent: Count, received: Count })),
  waiting: v.pipe(
    v.array(v.strictObject({ session: Id, seq: Count, bytes: Count })),
    v.maxLength(32),
  ),
  image: v.nullable(
    v.strictObject({
      bytes: Count,
      type: v.picklist(['image/png', 'image/jpeg', 'image/webp', 'image/gif']),
      sealed: v.nullable(hexOf(24)),
    }),
  ),
}
// each of the program's own type: a field that is new there is missing here, and does not compile
const StateForm: v.GenericSchema<unknown, State> = v.strictObject({
  ...stateOfVersion1,
  inDoubt: v.nullable(v.strictObject({ session: Id, seq: Count })),
})

const PartForm: v.GenericSchema<unknown, Part> = v.union([
  v.strictObject({ text: Text }),
  v.strictObject({ field: Text, text: Text }),
  v.strictObject({ field: Text, hex: Hex }),
])
const Parts = v.pipe(v.array(PartForm), v.maxLength(MAX_PARTS))
const numbered = { n: v.pipe(Count, v.minValue(1)), at: Time }

const StepForm: v.GenericSchema<unknown, Numbered<StepEvent>> = v.strictObject({
  ...numbered,
  type: v.literal('step'),
  route: v.picklist([...STEP_PATHS]),
  method: Method,
  status: Status,
  code: v.nullable(Code),
  next: v.nullable(Text),
})
const RequestForm: v.GenericSchema<unknown, Numbered<RequestEvent>> = v.strictObject({
  ...numbered,
  type: v.literal('request'),
  way: Way,
  method: Method,
  route: Route,
  bytes: v.nullable(Count),
  form: v.nullable(FormName),
  parts: Parts,
  chunks: v.exactOptional(v.strictObject({ count: Count, each: Count, last: Count })),
})
const AnswerForm: v.GenericSchema<unknown, Numbered<AnswerEvent>> = v.strictObject({
  ...numbered,
  type: v.literal('answer'),
  way: Way,
  route: Route,
  to: v.pipe(Count, v.minValue(1)),
  status: v.nullable(Status),
  code: v.nullable(Code),
  bytes: Count,
  form: v.nullable(FormName),
  parts: Parts,
})
const EVENTS = { step: StepForm, request: RequestForm, answer: AnswerForm }

const common = {
  format: v.literal(TRANSCRIPT.format),
  run: hexOf(8),
  begun: Time,
  forms: v.record(
    v.string(),
    v.record(v.string(), v.looseObject({ hex: v.exactOptional(v.literal(true)) })),
  ),
  dropped: Count,
}
/** The events come after it, one by one: so the first that is wrong can be named. */
const eventsOf = (most: number) => v.pipe(v.array(v.unknown()), v.maxLength(most))
const Version1 = v.strictObject({
  ...common,
  version: v.literal(1),
  state: v.strictObject(stateOfVersion1),
  events: eventsOf(MAX_EVENTS),
})
const Version2 = v.strictObject({
  ...common,
  version: v.literal(TRANSCRIPT.version),
  state: StateForm,
  from: v.pipe(Count, v.minValue(1)),
  events: eventsOf(MAX_EVENTS + MAX_PINNED),
})

/**
 * The transcript that a file holds, its form checked and nothing else.
 * @throws FileError `bad_form`
 */
export function parseTranscript(value: unknown): Transcript {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FileError('bad_form', 'It is JSON, and no transcript.')
  if (!('format' in value) || value.format !== TRANSCRIPT.format)
    throw new FileError(
      'bad_form',
      `It is JSON, and no transcript: it has no "format" that says so.`,
    )
  const version = 'version' in value ? value.version : null
  if (version === TRANSCRIPT.version) {
    const form = parsed(Version2, value, '')
    return { ...form, keepsKeys: true, suite: suiteIn(form), events: form.events.map(parseEvent) }
  }
  if (version !== 1)
    throw new FileError('bad_form', `It is no transcript of version 1 or ${TRANSCRIPT.version}.`)
  const form = parsed(Version1, value, '')
  const events = form.events.map(parseEvent)
  const state = { ...form.state, inDoubt: null }
  const from = events[0]?.n ?? 1
  return { ...form, state, from, keepsKeys: false, suite: suiteIn(form), events }
}

/**
 * What a transcript says of the forms' fields is for people; which there are, and which are bytes, is given.
 * @throws FileError `bad_form` if the forms are not those of the suite
 */
function suiteIn({ state, forms }: v.InferOutput<typeof Version1 | typeof Version2>): Suite {
  const suite = SUITES[state.curve]
  const outline = (of: Record<string, Record<string, { hex?: boolean }>>) =>
    JSON.stringify(
      Object.entries(of)
        .map(([form, fields]) => [
          form,
          Object.entries(fields)
            .map(([field, { hex = false }]) => `${field} ${hex}`)
            .sort(),
        ])
        .sort(),
    )
  const entries = Object.entries(formsOf(suite)).map(([name, { fields }]) => [name, fields])
  if (outline(forms) !== outline(Object.fromEntries(entries)))
    throw new FileError('bad_form', '`forms` has not the forms of the protocol with their fields.')
  return suite
}

function parseEvent(value: unknown, i: number): Event {
  const where = `events[${i}]`
  const type = typeof value === 'object' && value !== null && 'type' in value && value.type
  if (type !== 'step' && type !== 'request' && type !== 'answer')
    throw new FileError('bad_form', `${where} is neither a step nor a request nor an answer.`)
  return parsed(EVENTS[type], value, `${where}.`)
}

function parsed<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  before: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true, abortPipeEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const path = issue.path?.map(({ key }) => (/^\w{1,20}$/.test(String(key)) ? key : '?')) ?? []
  const field = `${before}${path.join('.')}`
  const is =
    issue.type !== 'strict_object'
      ? 'has not the form that a transcript gives it'
      : issue.expected === 'never'
        ? 'is no field of a transcript'
        : 'is missing'
  throw new FileError('bad_form', `\`${field}\` ${is}.`)
}
