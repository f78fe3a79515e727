/** What happened to a peer, for its page: a bounded ring of events, each made when somebody looks. */

import { bytesToHex, randomBytes, utf8ToBytes } from '../protocol/bytes.ts'
import { SESSION_ID_BYTES } from '../protocol/messages.ts'
import { MAGIC_BYTES } from '../protocol/stream.ts'
import type { Suite } from '../protocol/suites.ts'
import type { Explained, Language } from './annotate.ts'
import {
  type Content,
  type Event,
  MAX_EVENTS,
  MAX_REFUSED,
  MAX_UNCONFIRMED,
  type StepEvent,
  type Way,
} from './events.ts'
import type { WireRoute } from './forms.ts'
import { Records } from './records.ts'

const STUCK_MS = 60_000

/** A request on record whose answer is not known yet. */
export interface Pending {
  answered(status: number, body: string): void
  /** No answer came, and `code` says why. */
  failed(code: string): void
}

/** A session that was just completed. */
interface Confirmed {
  /** Its id, 16 bytes. */
  readonly session: Uint8Array
  /** This peer's public key of that exchange, and the other one's. */
  readonly own: Uint8Array
  readonly peer: Uint8Array
}

/** A request that came and was not answered yet. */
interface Unanswered {
  readonly n: number
  readonly route: WireRoute
  /** The text that its fields are read from: JSON, or the id of a picture's session in hex. */
  readonly body: () => string
}

/** A public key in hex, and the numbers of the requests that carried it. */
interface Keys {
  readonly key: string | null
  readonly requests: readonly number[]
}

const NO_KEYS: Keys = { key: null, requests: [] }
/** One public key of this peer goes out at most so often: twice, and each time once more without its confirmation. */
const MAX_SENT = 4
/** So many requests may have completed one exchange, since pictures can arrive at the same time. */
const MAX_PROOFS = 4

/** One peer's events. All that they hold went over the wire, or is public as well. */
export class Events {
  /** Tells one run from the next, so that a page notices a restart. */
  readonly run = bytesToHex(randomBytes(8))
  readonly begun = new Date().toISOString()
  /** In ms: a reader that takes nothing for so long is disconnected. */
  readonly patience: number
  /** The beginning of the last received picture's stream, as it came over the wire, or null. */
  sealedHead: Uint8Array | null = null
  /** Told of each request and its number before anything else is done for it. */
  onRequest: ((way: Way, n: number) => void) | null = null
  readonly #records: Records
  readonly #events: Kept[] = []
  /** The numbers of refused steps, requests and their answers, oldest first. */
  readonly #refused: number[] = []
  /** The numbers of accepted key messages that no session has come of. */
  readonly #unconfirmed: number[] = []
  /** By their numbers. */
  readonly #unanswered = new Map<number, Unanswered>()
  /** The public key that this peer sent last, and the one that it accepted last. */
  #own = NO_KEYS
  #peers = NO_KEYS
  /** The numbers of the requests that made the present session, and of those that made the one before. */
  #present: readonly number[] = []
  #previous: readonly number[] = []
  /** The numbers in these four fields: such requests and their answers stay, however much comes after them. */
  #pinned: ReadonlySet<number> = new Set()
  #from = 1
  /** How many events are kept that are not pinned. */
  #free = 0
  readonly #readers = new Set<() => void>()
  #last = 0
  #isTelling = false

  constructor(suite: Suite, patience = STUCK_MS) {
    this.patience = patience
    this.#records = new Records(suite)
  }

  /** What each field of each form is for. */
  forms(language: Language = 'en'): Record<string, Record<string, Explained>> {
    return this.#records.forms(language)
  }

  /** The events that are kept, oldest first. */
  get kept(): readonly Event[] {
    return this.#events.map(({ event }) => event)
  }

  /** How many are not kept any more. */
  get dropped(): number {
    return this.#last - this.#events.length
  }

  /** From this number on, no event has given way to newer ones; of older ones only some are kept. */
  get from(): number {
    return this.#from
  }

  /** The first event after number `n` that is kept. */
  after(n: number): Event | undefined {
    return this.#events.find((kept) => kept.n > n)?.event
  }

  step(step: Omit<StepEvent, 'type'>): void {
    const n = this.#add(() => ({ type: 'step', ...step }))
    if (step.code !== null) this.#bound(this.#refused, MAX_REFUSED, n)
  }

  /** A request with this body: a text in UTF-8, or bytes that must not change any more. */
  request(way: Way, route: WireRoute, body: Uint8Array | string): Pending {
    const text = () => (typeof body === 'string' ? body : new TextDecoder().decode(body))
    const request = () => this.#records.request(way, route, bytesOf(body))
    const pending = this.#ask(way, route, request, text)
    if (way === 'sent' && route === '/wire/keys') this.#sentKeys(publicKeyIn(text()))
    return pending
  }

  /** A request that is refused before anyone reads its body. */
  unread(method: string, route: WireRoute): Pending {
    return this.#ask('received', route, () => this.#records.unread(method, route))
  }

  /** A picture whose stream begins with `header`, which must not change any more; `bytes`: its length, if it is known. */
  picture(way: Way, header: Uint8Array, bytes: number | null): Pending {
    const session = () => bytesToHex(header.subarray(MAGIC_BYTES, MAGIC_BYTES + SESSION_ID_BYTES))
    return this.#ask(way, '/wire/image', () => this.#records.picture(way, header, bytes), session)
  }

  /** A session was completed. Its key messages stay, and the requests that completed it. */
  confirmed({ session: id, own, peer }: Confirmed): void {
    const [session, ownKey, peerKey] = [id, own, peer].map(bytesToHex)
    const unanswered = [...this.#unanswered.values()]
    const carriesKey = ({ route, body }: Unanswered) =>
      route === '/wire/keys' && publicKeyIn(body()) === peerKey
    // its first message may be the one that is being answered now
    const known = this.#peers.key === peerKey ? this.#peers.requests : []
    const first = known[0] ?? unanswered.find(carriesKey)?.n
    const proofs = unanswered.filter((request) => sessionIn(request) === session).slice(-MAX_PROOFS)
    this.#previous = this.#present
    this.#present = [
      ...(this.#own.key === ownKey ? this.#own.requests : []),
      ...(first === undefined ? [] : [first]),
      ...proofs.map(({ n }) => n),
    ]
    this.#pin()
  }

  /** Tells readers that the state of the peer may have changed. */
  changed = (): void => {
    if (this.#isTelling || this.#readers.size === 0) return
    this.#isTelling = true
    // several changes in one go are told once
    queueMicrotask(() => {
      this.#isTelling = false
      for (const read of this.#readers) read()
    })
  }

  /** Calls `read` after each change until the function it returns is called. */
  follow(read: () => void): () => void {
    this.#readers.add(read)
    return () => this.#readers.delete(read)
  }

  #ask(way: Way, route: WireRoute, request: () => Content, body = () => ''): Pending {
    const to = this.#add(request)
    this.onRequest?.(way, to)
    const back = way === 'sent' ? 'received' : 'sent'
    if (way === 'received') this.#unanswered.set(to, { n: to, route, body })
    return {
      answered: (status, answer) => {
        const content = () => this.#records.answer(back, route, to, status, bytesOf(answer))
        const n = this.#add(content, to)
        if (way === 'sent') return
        this.#unanswered.delete(to)
        if (status !== 201) this.#bound(this.#refused, MAX_REFUSED, to, n)
        else if (route === '/wire/keys') this.#tookKeys(publicKeyIn(body()), to)
      },
      failed: (code) => this.#add(() => this.#records.noAnswer(back, route, to, code), to),
    }
  }

  #sentKeys(key: string | null): void {
    const before = this.#own.key === key ? this.#own.requests : []
    this.#own = { key, requests: [...before, this.#last].slice(-MAX_SENT) }
    this.#pin()
  }

  /** Anybody can send copies of a message: only the first request with a public key is pinned. */
  #tookKeys(key: string | null, request: number): void {
    if (this.#peers.key !== key) {
      this.#peers = { key, requests: [request] }
      this.#pin()
    }
    if (this.#present.includes(request)) return
    this.#unconfirmed.push(request)
    const oldest = this.#unconfirmed.find((n) => !this.#pinned.has(n))
    if (2 * this.#unconfirmed.length <= MAX_UNCONFIRMED || oldest === undefined) return
    remove(this.#unconfirmed, (n) => n === oldest)
    this.#remove((kept) => kept.request === oldest)
  }

  #pin(): void {
    const last = [...this.#own.requests, ...this.#peers.requests]
    this.#pinned = new Set([...last, ...this.#present, ...this.#previous])
    remove(this.#unconfirmed, (n) => this.#present.includes(n))
    this.#remove((kept) => kept.n < this.#from && !this.#isPinned(kept))
  }

  #isPinned({ request }: Kept): boolean {
    return this.#pinned.has(request)
  }

  /** Counts `numbers` among those `of` a kind, and drops the oldest of them that are more than `most`. */
  #bound(of: number[], most: number, ...numbers: number[]): void {
    of.push(...numbers)
    for (const oldest of of.splice(0, of.length - most)) this.#remove(({ n }) => n === oldest)
  }

  #remove(isOut: (kept: Kept) => boolean): void {
    remove(this.#events, isOut)
    this.#free = this.#events.filter((kept) => !this.#isPinned(kept)).length
  }

  /** `request`: the number of the one that it answers. */
  #add(content: () => Content, request?: number): number {
    const n = ++this.#last
    const added = new Kept(n, request ?? n, content)
    this.#events.push(added)
    if (!this.#isPinned(added)) this.#free++
    if (this.#free > MAX_EVENTS) {
      // few stand before it: only pinned ones outlive it
      const at = this.#events.findIndex((kept) => !this.#isPinned(kept))
      const [oldest = added] = this.#events.splice(at, 1)
      this.#from = oldest.n + 1
      this.#free--
    }
    this.changed()
    return n
  }
}

function remove<T>(items: T[], isOut: (item: T) => boolean): void {
  for (let i = items.length - 1; i >= 0; i--) if (isOut(items[i] as T)) items.splice(i, 1)
}

/**
 * An event in the ring, made when somebody looks: most leave the ring unseen, and cutting a body into fields takes longer
 * than opening it. Until then it holds the body as it came. One of less than 4 KiB may keep the 8 KiB alive that Node
 * allocated for several.
 */
class Kept {
  readonly n: number
  /** The number of the request that it is, or answers. */
  readonly request: number
  /** In ms since 1970. */
  readonly #at = Date.now()
  #content: Event | (() => Content)

  constructor(n: number, request: number, content: () => Content) {
    this.n = n
    this.request = request
    this.#content = content
  }

  get event(): Event {
    if (typeof this.#content === 'function')
      this.#content = { n: this.n, at: new Date(this.#at).toISOString(), ...this.#content() }
    return this.#content
  }
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === 'string' ? utf8ToBytes(body) : body
}

/** The public key in a key message, as the message has it, or null. */
function publicKeyIn(body: string): string | null {
  const { publicKey } = fieldsOf(body)
  return typeof publicKey === 'string' ? publicKey : null
}

/** The id of the session that a request belongs to or confirms, if it names one. */
function sessionIn({ route, body }: Unanswered): unknown {
  if (route === '/wire/image') return body()
  const { session, confirm } = fieldsOf(body())
  return route === '/wire/keys' ? fieldsIn(confirm)['session'] : session
}

function fieldsOf(body: string): Record<string, unknown> {
  try {
    return fieldsIn(JSON.parse(body))
  } catch {
    return {}
  }
}

function fieldsIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
