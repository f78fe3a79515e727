/**
 * The records of the wire: a row for each request, answer and step, in their order. `record.js` opens one.
 *
 * @import { Event, StepEvent } from '../wirelog/events.ts'
 * @import { Forms } from './eventFeed.js'
 * @import { WireEvent } from './record.js'
 */

import { byId, h } from './dom.js'
import { words } from './language.js'
import { announce } from './news.js'
import { fill } from './record.js'

/** How many rows stay on the page. */
const MAX_ROWS = 1000

/** @type {Forms} */
let forms = {}
/** @type {WeakMap<Element, WireEvent>} */
const eventOf = new WeakMap()
/** The bodies of messages by their records, and those that were accepted. @type {Map<number, string>} */
const bodies = new Map()
/** @type {Set<string>} */
const accepted = new Set()

/** Begins anew: nothing of another run stays. @param {Forms} meaning */
export function clearRecords(meaning) {
  forms = meaning
  bodies.clear()
  accepted.clear()
  byId('records').replaceChildren()
}

/** Appends a row. @param {Event} event @param {boolean} live */
export function addRecord(event, live) {
  const list = byId('records')
  const scroll = byId('scroll')
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40
  list.append(event.type === 'step' ? stepRow(event) : wireRow(event))
  if (list.childElementCount > MAX_ROWS) list.firstElementChild?.remove()
  if (atEnd) scroll.scrollTop = scroll.scrollHeight
  if (live && event.type !== 'step') announce(sentence(event))
  if (addressed() === event.n) openAddressed()
}

/** The number of the record that the address names, or of a field of it. */
const addressed = () => Number(/^#record-(\d+)/.exec(location.hash)?.[1])

/** Opens the record or the field that the address names. */
export function openAddressed() {
  const details = document.querySelector(`#record-${addressed()} details`)
  if (!(details instanceof HTMLDetailsElement)) return
  details.open = true
  fillOnce(details)
  const target = document.getElementById(location.hash.slice(1))
  target?.scrollIntoView({ block: 'center' })
  target?.focus({ preventScroll: true })
}

/** @param {HTMLDetailsElement} details */
function fillOnce(details) {
  const event = eventOf.get(details)
  if (event === undefined || details.childElementCount > 1) return
  fill(details, event, event.form === null ? {} : (forms[event.form] ?? {}))
}

/** @param {WireEvent} event */
function titleOf(event) {
  if (event.form !== null) return words.forms[event.form]
  if (event.type === 'request') return event.bytes === null ? words.request : words.unknownRequest
  return event.status === null ? words.noAnswer : words.unknownAnswer
}

/** @param {WireEvent} event */
const codeOf = (event) => (event.type === 'answer' ? event.code : null)

/** @param {WireEvent} event */
function sentence(event) {
  const way = event.way === 'sent' ? words.sent : words.received
  const size = event.bytes === null ? '' : `, ${words.bytes(event.bytes)}`
  const code = codeOf(event)
  return `${way}: ${titleOf(event)}${code ? `, ${code}` : ''}${size}.`
}

/** @param {Event & StepEvent} event */
function stepRow({ n, at, route, status, code }) {
  const outcome = code === null ? `${status}` : `${status} ${code}`
  return h(
    'li',
    { id: `record-${n}`, class: code === null ? 'step' : 'step refused' },
    h('span', {}, `${words.step} ${route}`),
    h('b', code === null ? {} : { lang: 'en' }, code === null ? `✓ ${outcome}` : `✗ ${outcome}`),
    time(at),
  )
}

/**
 * Whether this answer refuses a copy of a message that was accepted, which is no error. The one who sent the copy is told
 * nothing else, so every `replay` that comes back is taken for that.
 * @param {WireEvent} event
 */
function isToCopy(event) {
  if (event.route !== '/wire/message') return false
  if (event.type === 'request') {
    bodies.set(event.n, event.parts.map((part) => ('text' in part ? part.text : part.hex)).join(''))
    const [oldest] = bodies
    if (oldest !== undefined && bodies.size > MAX_ROWS) {
      bodies.delete(oldest[0])
      accepted.delete(oldest[1])
    }
    return false
  }
  const body = bodies.get(event.to) ?? ''
  if (event.status === 201) accepted.add(body)
  return event.code === 'replay' && (event.way === 'received' || accepted.has(body))
}

/** @param {string} at */
function time(at) {
  return h('time', { datetime: at }, new Date(at).toLocaleTimeString('en-GB'))
}

/** @param {WireEvent} event */
function wireRow(event) {
  const { n, at, way, bytes } = event
  const refused = !isToCopy(event) && event.type === 'answer' && event.status !== 201
  const line =
    event.type === 'request'
      ? `${event.method} ${event.route}`
      : event.status === null
        ? ''
        : `${event.status}`
  const details = h(
    'details',
    {},
    h(
      'summary',
      {},
      h('span', { class: 'unseen' }, `${way === 'sent' ? words.sent : words.received}: `),
      h('b', {}, `${refused ? '✗ ' : ''}${titleOf(event)}`),
      ' ',
      h('code', { lang: 'en' }, [line, codeOf(event)].filter(Boolean).join(' ')),
      ' ',
      h('span', { class: 'size' }, bytes === null ? '' : words.bytes(bytes)),
      ' ',
      time(at),
    ),
  )
  eventOf.set(details, event)
  // A record is filled when it is opened: most never are. A click comes before that, so that nobody sees it empty. A
  // toggle comes after it, and alone if something other than a click opened the record.
  for (const type of ['click', 'toggle']) details.addEventListener(type, () => fillOnce(details))
  const kind = [way, event.type, refused ? 'refused' : ''].join(' ')
  return h('li', { id: `record-${n}`, class: `record ${kind}` }, details)
}
