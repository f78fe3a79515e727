/**
 * The stream of events: follows /events, takes each event once, and says on the page whether it is connected.
 *
 * @import { Explained } from '../wirelog/annotate.ts'
 * @import { Event } from '../wirelog/events.ts'
 * @import { stateOf } from '../wirelog/transcript.ts'
 * @typedef {ReturnType<typeof stateOf>} State The public state of the peer.
 * @typedef {Record<string, Record<string, Explained>>} Forms What each field of each form on the wire is for.
 *
 * @typedef {{ run: string, begun: string, forms: Forms }} Run A run of the peer, from its start to its end.
 * @typedef Handlers What the page does with what comes. `live`: it happens now, and is no replay.
 * @property {(run: Run, again: boolean) => void} begin A run of the peer begins; `again`: the page saw another one before.
 * @property {(seen: boolean) => void} connected What happened before comes next; `seen`: the page has some of it already.
 * @property {(event: Event, live: boolean) => void} happened
 * @property {(state: State, live: boolean, place: string) => void} changed `place`: another one after each event.
 */

import { byId } from './dom.js'
import { words } from './language.js'

/** How long after a refusal the page asks again, in ms. */
const AGAIN_MS = 2000

let run = ''
/** The number of the last event that is on the page. */
let seen = 0
/** Whether what comes happens now, and is not what happened before. */
let live = false

/** Calls the handlers from now on, whenever somebody looks at the page. @param {Handlers} handlers */
export function follow(handlers) {
  /** @type {EventSource | undefined} */
  let source
  function connect() {
    source?.close()
    // a browser has six connections to a peer: tabs that nobody looks at leave theirs
    if (document.hidden) return
    const opened = new EventSource(`/events?lang=${document.documentElement.lang}`)
    source = opened
    opened.addEventListener('run', (event) => begin(JSON.parse(event.data), handlers))
    opened.addEventListener('state', (event) => {
      handlers.changed(JSON.parse(event.data), live, `${run}-${seen}`)
      live = true
    })
    for (const type of ['step', 'request', 'answer'])
      opened.addEventListener(type, (event) => take(JSON.parse(event.data), handlers))
    opened.addEventListener('error', () => {
      connection(false)
      // where the browser gives up, the page does not
      if (opened.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS)
    })
  }
  document.addEventListener('visibilitychange', connect)
  connect()
}

/** @param {Run} event @param {Handlers} handlers */
function begin(event, handlers) {
  connection(true)
  if (event.run !== run) {
    const again = run !== ''
    run = event.run
    seen = 0
    handlers.begin(event, again)
  }
  // what happened before comes first, then the state
  live = false
  handlers.connected(seen > 0)
}

/** @param {Event} event @param {Handlers} handlers */
function take(event, handlers) {
  if (event.n <= seen) return
  seen = event.n
  handlers.happened(event, live)
}

/** Says on the page whether it is connected. @param {boolean} isLive */
function connection(isLive) {
  const text = isLive ? words.live : words.lost
  const line = byId('connection')
  if (line.textContent !== text) line.textContent = text
  line.classList.toggle('lost', !isLive)
}
