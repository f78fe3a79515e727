/**
 * What the page knows of its peer: the public state, and what happened. Server and browser make it from the same events, so
 * that a page that is opened late shows the same as one that was there.
 */

import type { Explained } from '../wirelog/annotate.ts'
import type { AnswerEvent, Event, RequestEvent, StepEvent } from '../wirelog/events.ts'
import type { pageStateOf } from '../wirelog/transcript.ts'

/** The public state of the peer. */
export type State = ReturnType<typeof pageStateOf>
/** What each field of each form on the wire is for. */
export type Forms = Readonly<Record<string, Readonly<Record<string, Explained>>>>
/** What crossed the wire. */
export type WireRecord = Extract<Event, { type: 'request' | 'answer' }>
type Kept<T> = Event & T

/** A run of the peer, from its start to its end. */
export interface Run {
  readonly run: string
  readonly begun: string
  readonly forms: Forms
}

export interface Model extends Run {
  readonly state: State
  /** The newest, oldest first. */
  readonly events: readonly Event[]
  /** Whether /show was run since the last exchange of keys. */
  readonly isShown: boolean
  /** The command that the last step gave as the next one, if it is one for the other peer's owner. */
  readonly othersNext: string
  /** Answers that refuse a copy of a message that was accepted, which is no error. By their `n`. */
  readonly toCopies: ReadonlySet<number>
  /** What crosses just now: a request, then with its answer. Nothing that happened before somebody looked. */
  readonly crossing: readonly WireRecord[]
}

/** So many records stay on the page. */
const MAX_ROWS = 1000

/** Before anything has happened. */
export function modelOf(run: Run, state: State): Model {
  return {
    ...run,
    state,
    events: [],
    isShown: false,
    othersNext: '',
    toCopies: new Set(),
    crossing: [],
  }
}

/** `isLive`: it happens now, and is no replay. `own`: what commands to this peer begin with. */
export function withEvent(model: Model, event: Event, isLive: boolean, own: string): Model {
  const events = [...model.events.slice(model.events.length >= MAX_ROWS ? 1 : 0), event]
  const next = { ...model, events }
  if (event.type === 'step') return afterStep(next, event, own)
  const request = model.crossing.filter(({ n }) => event.type === 'answer' && n === event.to)
  const crossing = isLive ? [...request, event] : []
  if (event.type === 'request') return { ...next, crossing }
  return afterAnswer({ ...next, crossing }, event)
}

function afterStep(model: Model, { route, code, next }: Kept<StepEvent>, own: string): Model {
  if (code !== null) return model
  const command = next ?? ''
  // on another machine the other peer may have the same port
  const isOwn = command.startsWith(`${own}/`) && !command.includes('#')
  const othersNext = isOwn || !OTHERS_ROUTES.has(routeIn(command)) ? '' : command
  return { ...model, isShown: model.isShown || route === '/show', othersNext }
}

function afterAnswer(model: Model, answer: Kept<AnswerEvent>): Model {
  const { route, status, way, n } = answer
  const changes: { isShown?: boolean; othersNext?: string; toCopies?: ReadonlySet<number> } = {}
  if (status === 201 && route === '/wire/keys') changes.isShown = false
  if (status === 201 && way === 'sent') changes.othersNext = ''
  if (isToCopy(model.events, answer)) changes.toCopies = new Set([...model.toCopies, n])
  return { ...model, ...changes }
}

/**
 * Whether this answer refuses a copy of a message that was accepted. The one who sent the copy is told nothing else, so every
 * `replay` that comes back is taken for that.
 */
function isToCopy(events: readonly Event[], { code, route, way, to }: Kept<AnswerEvent>): boolean {
  if (code !== 'replay' || route !== '/wire/message') return false
  if (way === 'received') return true
  const accepted = new Set(
    events.flatMap((event) => (event.type === 'answer' && event.status === 201 ? event.to : [])),
  )
  const request = events.find((event) => event.n === to)
  return events.some(
    (event) =>
      accepted.has(event.n) &&
      sizeOf(event) === sizeOf(request) &&
      bodyOf(event) === bodyOf(request),
  )
}

const sizeOf = (event: Event | undefined) => (event?.type === 'request' ? event.bytes : null)

/** The body of a request as it came. */
function bodyOf(event: Event | undefined): string | null {
  if (event?.type !== 'request') return null
  return event.parts.map((part) => ('text' in part ? part.text : part.hex)).join('')
}

/** What the other peer's owner may have to do next. */
const OTHERS_ROUTES: ReadonlySet<string> = new Set(['/send_keys', '/decrypt_msg', '/'])

/** The route that a command of curl runs, or ''. */
export function routeIn(command: string): string {
  return /^curl(?:\.exe)? http:\/\/[^/]+(\/\w*)/.exec(command)?.[1] ?? ''
}

/** Whether an answer refused something. One to a copy is no refusal. */
export function isRefusal(
  model: Pick<Model, 'toCopies'>,
  record: Event & (RequestEvent | AnswerEvent),
): boolean {
  return record.type === 'answer' && record.status !== 201 && !model.toCopies.has(record.n)
}
