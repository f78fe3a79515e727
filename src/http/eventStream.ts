/** The stream of events to a page: it replays what the ring holds, and follows it. */

import { Readable } from 'node:stream'
import type { Peer } from '../peer/peer.ts'
import type { Language } from '../wirelog/annotate.ts'
import type { Events } from '../wirelog/ring.ts'
import { pageStateOf } from '../wirelog/transcript.ts'

/** How often, in ms, a comment goes out: only a write shows that a reader is gone. */
const BEAT_MS = 15_000

/**
 * Server-sent events: `run` (which run this is, and what the forms mean), then what is kept and
 * what comes, each with its id, and `state` whenever that is another one. `lastId`: where a reader left off;
 * `language`: in which the forms are explained; `more`: what the state has beside.
 */
export function eventStream(
  events: Events,
  peer: Peer,
  lastId: string,
  language: Language = 'en',
  more: () => object = () => ({}),
): Readable {
  return new EventStream(events, peer, lastId, language, more)
}

/** Buffers nothing for a slow reader: events that leave the ring before it is ready are skipped. */
class EventStream extends Readable {
  readonly #events: Events
  readonly #peer: Peer
  readonly #more: () => object
  readonly #unfollow: () => void
  readonly #beat: NodeJS.Timeout
  /** The number of the last event that was sent, and the last state. */
  #lastSent: number
  #lastState = ''
  /** Whether the reader has taken all that it was sent. */
  #isReady = false

  constructor(events: Events, peer: Peer, lastId: string, language: Language, more: () => object) {
    super({ highWaterMark: 0 })
    this.#events = events
    this.#peer = peer
    this.#more = more
    const [run, n] = lastId.split('-')
    this.#lastSent = run === events.run && /^\d{1,15}$/.test(n ?? '') ? Number(n) : 0
    this.#unfollow = events.follow(() => this.#pump())
    this.#beat = setInterval(() => this.#say(': \n\n'), BEAT_MS)
    const { port, peerUrl } = peer
    const { run: id, begun } = events
    this.push(encode('run', { run: id, begun, port, peerUrl, forms: events.forms(language) }))
  }

  override _read(): void {
    this.#isReady = true
    this.#pump()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearInterval(this.#beat)
    this.#unfollow()
    done(error)
  }

  #pump(): void {
    while (this.#isReady) {
      const event = this.#events.after(this.#lastSent)
      if (event === undefined) break
      this.#lastSent = event.n
      this.#say(encode(event.type, event, `${this.#events.run}-${event.n}`))
    }
    if (!this.#isReady) return
    const state = encode('state', { ...pageStateOf(this.#peer, this.#events), ...this.#more() })
    if (state === this.#lastState) return
    this.#lastState = state
    this.#say(state)
  }

  #say(text: string): void {
    if (!this.#isReady) return
    this.#isReady = false
    // with a high-water mark of 0, `_read` is called again once the reader has taken this
    this.push(text)
  }
}

function encode(type: string, data: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`
}
