/** The stream of events to a page: it replays what the ring holds, and follows it. */

import { Readable } from 'node:stream'
import type { Peer } from '../peer/peer.ts'
import type { Language } from '../wirelog/annotate.ts'
import type { Events } from '../wirelog/ring.ts'
import { stateOf } from '../wirelog/transcript.ts'

/** A comment goes out this often, in ms, so that whoever is gone is noticed. */
const BEAT_MS = 15_000

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
