/** The records of a transcript: their numbers, which answer belongs to which request, and their bytes against their fields. */

import { concatBytes, hexToBytes, utf8ToBytes } from '../../protocol/bytes.ts'
import { chunksOf } from '../../protocol/stream.ts'
import type { Annotated, Part } from '../../wirelog/annotate.ts'
import {
  type AnswerEvent,
  type Event,
  MAX_EVENTS,
  MAX_PINNED,
  MAX_REFUSED,
  MAX_UNCONFIRMED,
  type RequestEvent,
} from '../../wirelog/events.ts'
import { FORMS, type Form, formsOf } from '../../wirelog/forms.ts'
import type { Findings } from './finding.ts'
import type { Numbered, Transcript } from './form.ts'

/** A request, and what came back. */
export interface WireRecord {
  readonly request: Numbered<RequestEvent>
  /** Null: there was none yet when the transcript was taken. */
  readonly answer: Numbered<AnswerEvent> | null
  /** The bytes that its parts are: a body, or a picture's header. */
  readonly body: Uint8Array
  /** The bytes of the answer. */
  readonly answerBody: Uint8Array
  /** Whether the answer is 201. */
  readonly accepted: boolean
  /** Whether nothing is wrong with the request or its answer. Otherwise no other check looks at them. */
  readonly whole: boolean
}

/** Whether the other side has it: a message that comes once more is refused as `replay`. */
export function hasTaken({ request, answer, accepted }: WireRecord): boolean {
  return accepted || (request.route === '/wire/message' && answer?.code === 'replay')
}

export interface Records {
  readonly all: readonly WireRecord[]
  /** The events before this one gave way to newer ones: only those of keys are left, and in version 1 none. 1: none gave way. */
  readonly from: number
  /** Whether the keys of the session may be among what gave way. */
  readonly mayLackSession: boolean
  /** Whether key messages that nothing followed from may have been dropped between those that are in it. */
  readonly lacksKeys: boolean
  /** Whether a picture was taken whose request gave way to newer events while it arrived. */
  readonly lacksPicture: boolean
}

/** Checks the events of `transcript` one by one and with one another; returns the requests in their order. */
export function recordsOf(transcript: Transcript, findings: Findings): Records {
  const { events, from, keepsKeys } = transcript
  checkNumbers(transcript, findings)
  const forms = formsOf(transcript.suite)
  const wrong = new Set<number>()
  const answers = new Map<number, Numbered<AnswerEvent>>()
  const requests = new Map<number, Numbered<RequestEvent>>()
  for (const event of events) {
    const why =
      event.type === 'step'
        ? stepFault(event)
        : (bytesFault(event, forms) ??
          (event.type === 'request'
            ? requestFault(event)
            : answerFault(event, requests, answers, from)))
    if (why !== null) {
      wrong.add(event.n)
      findings.wrongWith('bad_record', why, event.n)
    }
    // two events under one number are found above; the answers then belong to the first
    if (event.type === 'request' && !requests.has(event.n)) requests.set(event.n, event)
    if (event.type === 'answer' && !answers.has(event.to)) answers.set(event.to, event)
  }
  const all = [...requests.values()].map((request): WireRecord => {
    const answer = answers.get(request.n) ?? null
    return {
      request,
      answer,
      body: bytesOf(request.parts),
      answerBody: bytesOf(answer?.parts ?? []),
      accepted: answer?.status === 201,
      whole: !wrong.has(request.n) && !(answer && wrong.has(answer.n)),
    }
  })
  checkUnanswered(all, findings)
  return {
    all,
    from,
    mayLackSession: from > 1 && !keepsKeys,
    lacksKeys: firstGap(transcript) !== undefined && acceptedKeysIn(events) >= MAX_UNCONFIRMED,
    lacksPicture: events.some(
      (event) =>
        event.type === 'answer' &&
        event.route === '/wire/image' &&
        event.way === 'sent' &&
        event.status === 201 &&
        !requests.has(event.to),
    ),
  }
}

/** The first event with another one missing before it, among those that have not given way to newer ones. */
function firstGap({ events, from }: Transcript): Event | undefined {
  return events.filter(({ n }) => n >= from).find(({ n }, i) => n !== from + i)
}

/** The oldest events give way first. Others are dropped only when a peer refuses much, or many keys come. */
function checkNumbers(transcript: Transcript, findings: Findings): void {
  const { events, dropped, from, keepsKeys } = transcript
  const wrong = (text: string, n: number | null = null) =>
    findings.wrongWith('bad_numbers', text, n)
  for (const [i, { n }] of events.entries())
    if (n <= (events[i - 1]?.n ?? 0)) {
      wrong(`Record ${n} stands behind record ${events[i - 1]?.n}.`, n)
      return
    }
  const missing = (events.at(-1)?.n ?? 0) - events.length
  if (dropped !== missing) {
    wrong(
      `It says that ${dropped} records were dropped, and by their numbers ${missing} are missing.`,
    )
    return
  }
  const older = events.filter(({ n }) => n < from)
  const newer = events.length - older.length
  const gap = firstGap(transcript)
  const full = refusedIn(events) >= MAX_REFUSED || acceptedKeysIn(events) >= MAX_UNCONFIRMED
  const step = older.find(({ type }) => type === 'step')
  if (step !== undefined)
    wrong('It is older than what is kept, and no part of an exchange.', step.n)
  else if (older.length > MAX_PINNED)
    wrong(
      `A peer keeps at most ${MAX_PINNED} records of its exchanges, and here are ${older.length}.`,
    )
  else if (gap !== undefined && !full) wrong(`Record ${gap.n - 1} is missing.`, gap.n)
  else if (from > 1 && !full && newer < MAX_EVENTS)
    wrong(
      `The first ${from - 1} records are missing, and a peer that drops any keeps the last ${MAX_EVENTS}.`,
    )
  else if (missing > 0)
    findings.remark(whatIsGone(from - 1, missing - (from - 1 - older.length), keepsKeys))
}

function whatIsGone(before: number, between: number, keepsKeys: boolean): string {
  const begin = keepsKeys
    ? `of its first ${before} records only those of the last keys are in it`
    : `cut: its first ${before} records are not in it any more, and nothing can be said of them`
  const middle = `of what was refused, or was a key message that nothing followed from, ${between} older records are not in it`
  return [before > 0 ? begin : '', between > 0 ? middle : '']
    .filter((text) => text !== '')
    .join('; ')
}

/** How many events a peer counts among what it refused. Of these it may drop some before older ones. */
function refusedIn(events: readonly Event[]): number {
  const steps = events.filter((event) => event.type === 'step' && event.code !== null)
  // with its request, which may be gone
  const answers = events.filter((event) => event.type === 'answer' && isRefusal(event))
  return steps.length + 2 * answers.length
}

/** How many events belong to key messages that were accepted. Those that no session followed from may be dropped before older ones. */
function acceptedKeysIn(events: readonly Event[]): number {
  const isAccepted = (event: Event) =>
    event.type === 'answer' &&
    event.way === 'sent' &&
    event.route === '/wire/keys' &&
    event.status === 201
  return 2 * events.filter(isAccepted).length
}

/** Whether it is a refusal by this peer. */
function isRefusal({ way, status }: AnswerEvent): boolean {
  return way === 'sent' && status !== 201
}

function stepFault({ status, code }: Event & { type: 'step' }): string | null {
  return status < 300 === (code === null) ? null : 'Its status and its code are at odds.'
}

/** The bytes that were cut into these parts. */
function bytesOf(parts: readonly Part[]): Uint8Array {
  return concatBytes(
    ...parts.map((part) => ('hex' in part ? hexToBytes(part.hex) : utf8ToBytes(part.text))),
  )
}

/** A body as JSON. Only a body that its form could be cut from comes here. */
export function jsonOf(body: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(body))
}

/** The parts of a record are what the program would cut its bytes into, and as long as it says. */
function bytesFault(
  { route, form, parts, bytes, ...event }: Numbered<RequestEvent> | Numbered<AnswerEvent>,
  forms: Readonly<Record<Form, Annotated>>,
): string | null {
  if (form === null) return parts.length === 0 ? null : 'It has parts, and no form.'
  const [ofRequest, ofAnswer] = FORMS[route]
  const expected =
    event.type === 'request' ? ofRequest : event.status === 201 ? ofAnswer : 'refusal'
  if (form !== expected) return `It says to be a ${form}, where a ${expected} belongs.`
  const body = bytesOf(parts)
  if (event.type === 'request' && route === '/wire/image') {
    // of a picture that broke off, nobody knew the length
    if (bytes !== null && bytes < body.length) return 'It is shorter than its own header.'
  } else if (body.length !== bytes)
    return `It says to have ${bytes} bytes, and its fields are ${body.length}.`
  const cut = forms[form].cut(body)
  if (cut === null) return `Its bytes are no ${form}.`
  return JSON.stringify(cut) === JSON.stringify(parts.map(inOrder))
    ? null
    : `Its fields are not those of its bytes.`
}

/** A part with its names in the order in which the program writes them. */
function inOrder(part: Part): Part {
  if ('hex' in part) return { field: part.field, hex: part.hex }
  return part.field === undefined ? part : { field: part.field, text: part.text }
}

function requestFault({ way, method, route, bytes, form, chunks }: Numbered<RequestEvent>) {
  if ((way === 'sent' || form !== null) && method !== 'POST') return 'A peer sends by POST alone.'
  if (way === 'sent' && form === null) return 'This peer sent what is no form of the protocol.'
  const counted = route === '/wire/image' && form !== null && bytes !== null
  const expected = counted ? chunksOf(bytes) : undefined
  const { count, each, last } = chunks ?? {}
  return count === expected?.count && each === expected?.each && last === expected?.last
    ? null
    : 'Its chunks are not what its length gives.'
}

/** Before event number `from`, an answer may be there without its request. */
function answerFault(
  answer: Numbered<AnswerEvent>,
  requests: ReadonlyMap<number, Numbered<RequestEvent>>,
  answers: ReadonlyMap<number, Numbered<AnswerEvent>>,
  from: number,
): string | null {
  const { n, way, route, to, status, code, bytes, form, parts } = answer
  const request = requests.get(to)
  if (to >= n) return 'It answers a request that came after it.'
  if (request === undefined && to >= from && !isRefusal(answer))
    return `It answers record ${to}, which is no request.`
  if (request !== undefined && (request.route !== route || request.way === way))
    return `It answers record ${to}, which is of another route or way.`
  if (answers.has(to)) return `It answers record ${to}, which has an answer already.`
  if (status === null)
    return way === 'received' && code !== null && bytes === 0 && form === null
      ? null
      : 'There was no answer, and yet it has one.'
  if (way === 'sent' && form === null) return 'This peer answered in no form of the protocol.'
  if (way === 'sent' && status === 201 && request?.form === null)
    return `It takes record ${to}, which is in no form of the protocol.`
  const said = form === 'refusal' ? codeIn(parts) : null
  return code === said ? null : 'Its code is not that of its bytes.'
}

function codeIn(parts: readonly Part[]): unknown {
  const { code } = jsonOf(bytesOf(parts)) as { code?: unknown }
  return code
}

/** A peer sends keys, and messages, one after another: only the last of each may still wait for its answer. */
function checkUnanswered(all: readonly WireRecord[], findings: Findings): void {
  for (const { request, answer } of all) {
    if (answer !== null || request.route === '/wire/image') continue
    const later = all.find(
      (other) =>
        other.request.n > request.n &&
        other.request.route === request.route &&
        other.request.way === request.way &&
        other.answer !== null,
    )
    if (later !== undefined)
      findings.wrongWith('bad_record', 'It has no answer, and one after it has.', request.n)
  }
}
