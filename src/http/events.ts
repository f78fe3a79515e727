/** What happens to a peer as its page shows it: a bounded ring of events, and the stream that replays and follows it. */

import { Readable } from 'node:stream'
import type { Middleware } from 'koa'
import type { Peer } from '../peer.ts'
import type { Annotated, Explained, FieldNote, Part } from '../protocol/annotate.ts'
import { bytesToHex, randomBytes, utf8ToBytes } from '../protocol/bytes.ts'
import { annotatedMessages } from '../protocol/messages.ts'
import { annotatedStream, chunksOf, HEADER_BYTES, MAGIC_BYTES } from '../protocol/stream.ts'
import type { Suite } from '../protocol/suites.ts'
import type { Language } from './language.ts'
import { annotatedProblem } from './problems.ts'

/**
 * Events that are kept. The longest holds a message's body of some 34,000 bytes: at most 7 MB in
 * all, in a usual run 200 KB.
 */
export const MAX_EVENTS = 200
/** So many of them may be of what this peer refused: nonsense pushes nothing else out. */
export const MAX_REFUSED = 100
/** A comment goes out this often, in ms, so that whoever is gone is noticed. */
const BEAT_MS = 15_000
const STUCK_MS = 60_000

/** What a transcript says of itself; the fields are in `src/page/README.md`. */
export const TRANSCRIPT = { format: 'ecdh-duet transcript', version: 1 } as const

export const STEP_PATHS: ReadonlySet<string> = new Set([
  '/send_keys',
  '/show',
  '/send_msg',
  '/decrypt_msg',
  '/send_image',
])
/** What goes over each wire route: the form of its requests, and that of its answers. */
export const FORMS = {
  '/wire/keys': ['key message', 'answer to a key message'],
  '/wire/message': ['sealed message', 'answer to a sealed message'],
  '/wire/image': ['picture header', 'answer to a picture'],
} as const
export type WireRoute = keyof typeof FORMS
export type Form = (typeof FORMS)[WireRoute][number] | 'refusal'

/** Each form with its fields explained, and how a body is cut into them. */
export function formsOf(suite: Suite): Readonly<Record<Form, Annotated>> {
  return { ...annotatedMessages(suite), ...annotatedStream(), refusal: annotatedProblem }
}

/** As seen from this peer. */
export type Way = 'sent' | 'received'

/** A step that was asked for. Its texts are not in it. */
export interface StepEvent {
  type: 'step'
  route: string
  method: string
  status: number
  /** Of a refusal. */
  code: string | null
  /** The command to run next. */
  next: string | null
}

/** A request on the wire: a body, or of a picture's stream the header. */
export interface RequestEvent {
  type: 'request'
  way: Way
  /** POST, but for a request that was refused because it is another one. */
  method: string
  route: WireRoute
  /** The length of the body; null where it was refused before anyone read it, or nobody knew it. */
  bytes: number | null
  /** null: the body is in no form that the route takes, and nothing of it is shown. */
  form: Form | null
  parts: readonly Part[]
  /** What follows a picture's header. */
  chunks?: { count: number; each: number; last: number }
}

export interface AnswerEvent {
  type: 'answer'
  way: Way
  route: WireRoute
  /** The number of the request. */
  to: number
  /** null: there was no answer. */
  status: number | null
  /** Why it was refused, or why there was no answer. */
  code: string | null
  bytes: number
  form: Form | null
  parts: readonly Part[]
}

type Content = StepEvent | RequestEvent | AnswerEvent
/** `n` counts from 1 in this run; `at` is a time, ISO 8601. */
export type Event = { readonly n: number; readonly at: string } & Readonly<Content>

/** A request that waits to be told its answer. */
export interface Pending {
  answered(status: number, body: Uint8Array): void
  /** There was none. */
  failed(code: string): void
}

/** One peer's events. Everything in them went over the wire, or is as public. */
export class Events {
  /** Tells one run from the next, so that a page notices a restart. */
  readonly run = bytesToHex(randomBytes(8))
  readonly begun = new Date().toISOString()
  /** A reader that takes nothing for so long, in ms, is left. */
  readonly patience: number
  /** The beginning of the last received picture's stream, as it came over the wire, or null. */
  sealedHead: Uint8Array | null = null
  readonly #forms: Readonly<Record<Form, Annotated>>
  readonly #events: Kept[] = []
  /** The numbers of what was refused, oldest first. */
  readonly #refused: number[] = []
  readonly #readers = new Set<() => void>()
  #last = 0
  #awake = false

  constructor(suite: Suite, patience = STUCK_MS) {
    this.patience = patience
    this.#forms = formsOf(suite)
  }

  /** What each field of each form is for. */
  forms(language: Language = 'en'): Record<string, Record<string, Explained>> {
    const explain = ({ is, es, ...rest }: FieldNote) => ({
      is: language === 'es' ? es : is,
      ...rest,
    })
    return mapped(this.#forms, ({ fields }) => mapped(fields, explain))
  }

  /** The events that are kept, oldest first. */
  get kept(): readonly Event[] {
    return this.#events.map(({ event }) => event)
  }

  /** How many are not kept any more. */
  get dropped(): number {
    return this.#last - this.#events.length
  }

  /** The first event after number `n` that is kept. */
  after(n: number): Event | undefined {
    return this.#events.find((kept) => kept.n > n)?.event
  }

  step(step: Omit<StepEvent, 'type'>): void {
    const n = this.#add(() => ({ type: 'step', ...step }))
    if (step.code !== null) this.#bound(n)
  }

  /** A request whose body is `body`. */
  request(way: Way, route: WireRoute, body: Uint8Array): Pending {
    return this.#ask(way, 'POST', route, () => ({
      bytes: body.length,
      ...this.#cut(FORMS[route][0], body),
    }))
  }

  /** A request that is refused before anyone reads its body. */
  unread(method: string, route: WireRoute): Pending {
    return this.#ask('received', method, route, () => ({ bytes: null, form: null, parts: [] }))
  }

  /** A picture whose stream begins with `head` and has `bytes` bytes in all, as far as that is known. */
  picture(way: Way, head: Uint8Array, bytes: number | null): Pending {
    const header = head.slice(0, HEADER_BYTES)
    return this.#ask(way, 'POST', '/wire/image', () => {
      const content = this.#cut('picture header', header)
      const chunks = content.form !== null && bytes !== null && { chunks: chunksOf(bytes) }
      return { bytes, ...content, ...chunks }
    })
  }

  /** Something about the peer may have changed: readers get its state if it has. */
  changed = (): void => {
    if (this.#awake) return
    this.#awake = true
    // what changes in one go is told once
    queueMicrotask(() => {
      this.#awake = false
      for (const read of this.#readers) read()
    })
  }

  /** Calls `read` after each change until the function it returns is called. */
  follow(read: () => void): () => void {
    this.#readers.add(read)
    return () => this.#readers.delete(read)
  }

  #ask(
    way: Way,
    method: string,
    route: WireRoute,
    request: () => Pick<RequestEvent, 'bytes' | 'form' | 'parts' | 'chunks'>,
  ): Pending {
    const to = this.#add(() => ({ type: 'request', way, method, route, ...request() }))
    const back = way === 'sent' ? 'received' : 'sent'
    const none = { type: 'answer', way: back, route, to, bytes: 0, form: null, parts: [] } as const
    return {
      answered: (status, body) => {
        const n = this.#add(() => {
          const { form, parts } = this.#cut(status === 201 ? FORMS[route][1] : 'refusal', body)
          const code = form === 'refusal' ? codeOf(body) : null
          return { ...none, status, code, bytes: body.length, form, parts }
        })
        if (way === 'received' && status !== 201) this.#bound(to, n)
      },
      failed: (code) => this.#add(() => ({ ...none, status: null, code })),
    }
  }

  #cut(form: Form, body: Uint8Array): { form: Form | null; parts: readonly Part[] } {
    const parts = this.#forms[form].cut(body)
    return parts === null ? { form: null, parts: [] } : { form, parts }
  }

  /** Counts these among what was refused, and drops the oldest of it that are too many. */
  #bound(...numbers: number[]): void {
    this.#refused.push(...numbers)
    for (const n of this.#refused.splice(0, this.#refused.length - MAX_REFUSED)) {
      const at = this.#events.findIndex((kept) => kept.n === n)
      if (at >= 0) this.#events.splice(at, 1)
    }
  }

  #add(content: () => Content): number {
    const n = ++this.#last
    this.#events.push(new Kept(n, content))
    if (this.#events.length > MAX_EVENTS) this.#events.shift()
    this.changed()
    return n
  }
}

/** An event in the ring, made when somebody looks: most leave it unseen, and to cut a body takes longer than to open it. */
class Kept {
  readonly n: number
  readonly #at = new Date()
  #is: Event | (() => Content)

  constructor(n: number, content: () => Content) {
    this.n = n
    this.#is = content
  }

  get event(): Event {
    if (typeof this.#is === 'function')
      this.#is = { n: this.n, at: this.#at.toISOString(), ...this.#is() }
    return this.#is
  }
}

/** The same names with other values. */
function mapped<A, B>(from: Readonly<Record<string, A>>, change: (value: A) => B) {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value)]))
}

/** The `code` of a problem, as far as it is one. */
function codeOf(body: Uint8Array): string | null {
  return said(new TextDecoder().decode(body)).code
}

/** `code` and `next` of an answer in JSON. */
function said(text: string): { code: string | null; next: string | null } {
  try {
    const { code, next } = JSON.parse(text)
    const textOrNull = (value: unknown) => (typeof value === 'string' ? value : null)
    return { code: textOrNull(code), next: textOrNull(next) }
  } catch {
    return { code: null, next: null }
  }
}

/** The public side of a peer, as its page has it. */
export function stateOf(peer: Peer, { sealedHead }: Events) {
  const { image, ...state } = peer.publicState()
  // session and number of its stream, if that came in this run: others for each picture
  const sealed = sealedHead && bytesToHex(sealedHead.subarray(MAGIC_BYTES, HEADER_BYTES))
  return { ...state, image: image && { ...image, sealed } }
}

/**
 * Server-sent events: `run` (which run this is, and what the forms mean), then what is kept and
 * what comes, each with its id, and `state` whenever that is another one. `lastId`: where a reader left off;
 * `language`: in which the forms are explained.
 */
export function eventStream(
  events: Events,
  peer: Peer,
  lastId: string,
  language: Language = 'en',
): Readable {
  return new EventStream(events, peer, lastId, language)
}

/** Keeps nothing for a slow reader: what fell out of the ring meanwhile is skipped. */
class EventStream extends Readable {
  readonly #events: Events
  readonly #peer: Peer
  readonly #unfollow: () => void
  readonly #beat: NodeJS.Timeout
  #at: number
  #state = ''
  #wanted = false

  constructor(events: Events, peer: Peer, lastId: string, language: Language) {
    super({ highWaterMark: 0 })
    this.#events = events
    this.#peer = peer
    const [run, n] = lastId.split('-')
    this.#at = run === events.run && /^\d{1,15}$/.test(n ?? '') ? Number(n) : 0
    this.#unfollow = events.follow(() => this.#pump())
    this.#beat = setInterval(() => this.#say(': \n\n'), BEAT_MS)
    const { port, peerUrl } = peer
    const { run: id, begun } = events
    this.push(encode('run', { run: id, begun, port, peerUrl, forms: events.forms(language) }))
  }

  override _read(): void {
    this.#wanted = true
    this.#pump()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearInterval(this.#beat)
    this.#unfollow()
    done(error)
  }

  #pump(): void {
    while (this.#wanted) {
      const event = this.#events.after(this.#at)
      if (event === undefined) break
      this.#at = event.n
      this.#say(encode(event.type, event, `${this.#events.run}-${event.n}`))
    }
    if (!this.#wanted) return
    const state = encode('state', stateOf(this.#peer, this.#events))
    if (state === this.#state) return
    this.#state = state
    this.#say(state)
  }

  #say(text: string): void {
    if (!this.#wanted) return
    this.#wanted = false
    // with nothing to hold back, it asks for more as soon as this is gone
    this.push(text)
  }
}

function encode(type: string, data: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`
}

/** What `recording` finds in a context's state. */
interface Recorded {
  /** The answer's text. */
  said?: string
  pending?: Pending
}

/** Tells `events` of each step, and of each answer that a wire route gave. */
export function recording(events: Events): Middleware<Recorded> {
  return async (ctx, next) => {
    await next()
    const [route = ''] = ctx.req.url?.split('?') ?? []
    const { status, method } = ctx
    const text = ctx.state.said ?? ''
    if (STEP_PATHS.has(route)) events.step({ route, method, status, ...said(text) })
    else if (isWireRoute(route)) {
      const pending = ctx.state.pending ?? events.unread(method, route)
      pending.answered(status, utf8ToBytes(text))
    }
  }
}

function isWireRoute(path: string): path is WireRoute {
  return Object.hasOwn(FORMS, path)
}
