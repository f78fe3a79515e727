/** The stream of events: follows it, and takes each event once. */

import type { Event } from '../../wirelog/events.ts'
import type { Run, State } from '../model.ts'

/** How long after a refusal the page asks again, in ms. */
const AGAIN_MS = 2000

/** What the page does with what comes. */
export interface Handlers {
  /** A run of the peer begins. */
  begin(run: Run): void
  /** `isLive`: it happens now, and is no replay. */
  happened(event: Event, isLive: boolean): void
  /** The public state; after what happened before, or when it changes. */
  changed(state: State): void
  connected(isConnected: boolean): void
}

/** Follows the stream at `path`: calls the handlers from now on, whenever somebody looks at the page. */
export function follow(path: string, language: string, handlers: Handlers): void {
  let source: EventSource | undefined
  let run = ''
  /** The number of the last event that is on the page. */
  let seen = 0
  let isLive = false

  function connect() {
    source?.close()
    // a browser has six connections to a peer: tabs that nobody looks at leave theirs
    if (document.hidden) return
    const opened = new EventSource(`${path}?lang=${language}`)
    source = opened
    opened.addEventListener('run', ({ data }) => {
      const begun: Run = JSON.parse(data)
      handlers.connected(true)
      // what happened before comes first, then the state
      isLive = false
      if (begun.run === run) return
      run = begun.run
      seen = 0
      handlers.begin(begun)
    })
    opened.addEventListener('state', ({ data }) => {
      handlers.changed(JSON.parse(data))
      isLive = true
    })
    for (const type of ['step', 'request', 'answer'])
      opened.addEventListener(type, ({ data }) => {
        const event: Event = JSON.parse(data)
        if (event.n <= seen) return
        seen = event.n
        handlers.happened(event, isLive)
      })
    opened.addEventListener('error', () => {
      handlers.connected(false)
      // where the browser gives up, the page does not
      if (opened.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS)
    })
  }

  document.addEventListener('visibilitychange', connect)
  connect()
}
