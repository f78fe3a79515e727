/** What happened to a peer, for its page: a bounded ring of events, each made when somebody looks. */

import type { Explained } from '../protocol/annotate.ts'
import { bytesToHex, randomBytes, utf8ToBytes } from '../protocol/bytes.ts'
import type { Suite } from '../protocol/suites.ts'
import {
  type Content,
  type Event,
  MAX_EVENTS,
  MAX_REFUSED,
  MAX_UNCONFIRMED,
  type StepEvent,
  type Way,
  type WireRoute,
} from './events.ts'
import type { Language } from './language.ts'
import { Records } from './records.ts'

const STUCK_MS = 60_000

/** A request that waits to be told its answer. */
export interface Pending {
  answered(status: number, body: string): void
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
  readonly #records: Records
  readonly #events: Kept[] = []
  /** The numbers of what was refused, oldest first. */
  readonly #refused: number[] = []
  /** Those of key messages that were accepted, and of their answers, while no session has come of them. */
  readonly #unconfirmed: number[] = []
  #sessions = 0
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
    return this.#ask(way, route, () => this.#records.request(way, route, bytesOf(body)))
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
    return this.#ask(way, '/wire/image', () => this.#records.picture(way, header, bytes))
  }

  /** A session was completed: by the key message that is being answered, or by the last one that came. */
  confirmed(): void {
    this.#sessions++
    this.#unconfirmed.splice(-2)
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

  #ask(way: Way, route: WireRoute, request: () => Content): Pending {
    const to = this.#add(request)
    const back = way === 'sent' ? 'received' : 'sent'
    const sessions = this.#sessions
    return {
      answered: (status, body) => {
        const n = this.#add(() => this.#records.answer(back, route, to, status, bytesOf(body)))
        if (way === 'sent') return
        if (status !== 201) this.#bound(this.#refused, MAX_REFUSED, to, n)
        else if (route === '/wire/keys' && this.#sessions === sessions)
          this.#bound(this.#unconfirmed, MAX_UNCONFIRMED, to, n)
      },
      failed: (code) => this.#add(() => this.#records.noAnswer(back, route, to, code)),
    }
  }

  /** Counts `numbers` among those `of` a kind, and drops the oldest of them that are more than `most`. */
  #bound(of: number[], most: number, ...numbers: number[]): void {
    of.push(...numbers)
    for (const n of of.splice(0, of.length - most)) {
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

/**
 * An event in the ring, made when somebody looks: most leave it unseen, and to cut a body takes longer than to
 * open it. Until then it holds the body as it came; one of less than 4 KiB may be a slice of the 8 KiB that Node
 * allocates at a time for such.
 */
class Kept {
  readonly n: number
  /** In ms since 1970. */
  readonly #at = Date.now()
  #is: Event | (() => Content)

  constructor(n: number, content: () => Content) {
    this.n = n
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
