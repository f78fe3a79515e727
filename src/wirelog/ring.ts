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

/** A request that waits to be told its answer. */
export interface Pending {
  answered(status: number, body: string): void
  /** There was none. */
  failed(code: string): void
}

/** A session as it stands in the ring. */
interface Confirmed {
  /** Its id, 16 bytes. */
  readonly session: Uint8Array
  /** This peer's public key of that exchange, and the other one's. */
  readonly own: Uint8Array
  readonly peer: Uint8Array
}

/** A request that came, with the text that its fields are read from: JSON, or of a picture the session's id as hex. */
interface Asked {
  readonly n: number
  readonly route: WireRoute
  readonly body: () => string
}

/** A public key, as hex, and the requests that carried it. */
interface Keys {
  readonly key: string | null
  readonly requests: readonly number[]
}

const NO_KEYS: Keys = { key: null, requests: [] }
/** This peer sends one public key at most so often: twice, and each without its confirmation. */
const MAX_SENT = 4
/** Requests that may have completed one exchange: pictures arrive at the same time. */
const MAX_PROOFS = 4

/** One peer's events. Everything in them went over the wire, or is as public. */
export class Events {
  /** Tells one run from the next, so that a page notices a restart. */
  readonly run = bytesToHex(randomBytes(8))
  readonly begun = new Date().toISOString()
  /** A reader that takes nothing for so long, in ms, is left. */
  readonly patience: number
  /** The beginning of the last received picture's stream, as it came over the wire, or null. */
  sealedHead: Uint8Array | null = null
  readonly #records: Records
  readonly #events: Kept[] = []
  /** The numbers of what was refused, oldest first. */
  readonly #refused: number[] = []
  /** The key messages that were accepted while no session has come of them. */
  readonly #unconfirmed: number[] = []
  /** What came and was not answered yet, by its number. */
  readonly #open = new Map<number, Asked>()
  /** The public key that this peer sent last, and the one that it accepted last. */
  #own = NO_KEYS
  #peers = NO_KEYS
  /** The requests that gave the present session, and those that gave the one before. */
  #present: readonly number[] = []
  #previous: readonly number[] = []
  /** The requests that stay with their answers, however much comes after them: all of these. */
  #pinned: ReadonlySet<number> = new Set()
  #from = 1
  readonly #readers = new Set<() => void>()
  #last = 0
  #awake = false

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

  /** The number of the first event that has not given way to newer ones; of older ones some stay. */
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

  /** A request whose body is `body`: bytes that nobody writes to any more, or a text in UTF-8. */
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

  /**
   * A picture whose stream begins with `header`, which nobody writes to any more, and has `bytes` bytes in
   * all, as far as that is known.
   */
  picture(way: Way, header: Uint8Array, bytes: number | null): Pending {
    const session = () => bytesToHex(header.subarray(MAGIC_BYTES, MAGIC_BYTES + SESSION_ID_BYTES))
    return this.#ask(way, '/wire/image', () => this.#records.picture(way, header, bytes), session)
  }

  /** A session was completed: the key messages that it comes from stay, and what completed it. */
  confirmed({ session: id, own, peer }: Confirmed): void {
    const [session, ownKey, peerKey] = [id, own, peer].map(bytesToHex)
    const open = [...this.#open.values()]
    const carriesKey = ({ route, body }: Asked) =>
      route === '/wire/keys' && publicKeyIn(body()) === peerKey
    // the message that is being answered may be the first with this key
    const known = this.#peers.key === peerKey ? this.#peers.requests : []
    const first = known[0] ?? open.find(carriesKey)?.n
    const proofs = open.filter((asked) => sessionIn(asked) === session).slice(-MAX_PROOFS)
    this.#previous = this.#present
    this.#present = [
      ...(this.#own.key === ownKey ? this.#own.requests : []),
      ...(first === undefined ? [] : [first]),
      ...proofs.map(({ n }) => n),
    ]
    this.#pin()
  }

  /** Something about the peer may have changed: readers get its state if it has. */
  changed = (): void => {
    if (this.#awake || this.#readers.size === 0) return
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

  #ask(way: Way, route: WireRoute, request: () => Content, body = () => ''): Pending {
    const to = this.#add(request)
    const back = way === 'sent' ? 'received' : 'sent'
    if (way === 'received') this.#open.set(to, { n: to, route, body })
    return {
      answered: (status, answer) => {
        const content = () => this.#records.answer(back, route, to, status, bytesOf(answer))
        const n = this.#add(content, to)
        if (way === 'sent') return
        this.#open.delete(to)
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

  /** Of copies of one message, which anybody can send, the first one stays. */
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
    remove(this.#events, (kept) => kept.request === oldest)
  }

  #pin(): void {
    const last = [...this.#own.requests, ...this.#peers.requests]
    this.#pinned = new Set([...last, ...this.#present, ...this.#previous])
    remove(this.#unconfirmed, (n) => this.#present.includes(n))
    remove(this.#events, (kept) => kept.n < this.#from && !this.#isPinned(kept))
  }

  #isPinned({ request }: Kept): boolean {
    return this.#pinned.has(request)
  }

  /** Counts `numbers` among those `of` a kind, and drops the oldest of them that are more than `most`. */
  #bound(of: number[], most: number, ...numbers: number[]): void {
    of.push(...numbers)
    for (const oldest of of.splice(0, of.length - most))
      remove(this.#events, ({ n }) => n === oldest)
  }

  /** `request`: the number of the one that it answers. */
  #add(content: () => Content, request?: number): number {
    const n = ++this.#last
    this.#events.push(new Kept(n, request ?? n, content))
    if (this.#events.length > MAX_EVENTS) {
      const free = this.#events.filter((kept) => !this.#isPinned(kept))
      const [oldest] = free
      if (oldest && free.length > MAX_EVENTS) {
        this.#from = oldest.n + 1
        remove(this.#events, (kept) => kept === oldest)
      }
    }
    this.changed()
    return n
  }
}

function remove<T>(items: T[], isOut: (item: T) => boolean): void {
  for (let i = items.length - 1; i >= 0; i--) if (isOut(items[i] as T)) items.splice(i, 1)
}

/**
 * An event in the ring, made when somebody looks: most leave it unseen, and to cut a body takes longer than to
 * open it. Until then it holds the body as it came; one of less than 4 KiB may be a slice of the 8 KiB that Node
 * allocates at a time for such.
 */
class Kept {
  readonly n: number
  /** The number of the request that it is, or answers. */
  readonly request: number
  /** In ms since 1970. */
  readonly #at = Date.now()
  #is: Event | (() => Content)

  constructor(n: number, request: number, content: () => Content) {
    this.n = n
    this.request = request
    this.#is = content
  }

  get event(): Event {
    if (typeof this.#is === 'function')
      this.#is = { n: this.n, at: new Date(this.#at).toISOString(), ...this.#is() }
    return this.#is
  }
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === 'string' ? utf8ToBytes(body) : body
}

/** The public key in a key message, as it is written there, or null. */
function publicKeyIn(body: string): string | null {
  const { publicKey } = fieldsOf(body)
  return typeof publicKey === 'string' ? publicKey : null
}

/** The session that a request speaks of, as hex, if it has one. */
function sessionIn({ route, body }: Asked): unknown {
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
