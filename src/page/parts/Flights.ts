/** What travels over the stage while a record crosses: keyed by the record's number, so that each flies once. */

import { h } from '../h.ts'
import type { WireRecord } from '../model.ts'
import { icon } from './marks.ts'

/** How long a request travels, in ms: an answer that came sooner waits for it. */
const FLIGHT_MS = 900

/** Of each public key, and of what is sealed each way. */
export type Lane = 'A' | 'B' | 'sent' | 'received'

interface FlightsProps {
  crossing: readonly WireRecord[]
  lane: Lane
}

/** Those of one lane of the wire. They are drawings: the stage's caption says what crossed. */
export function Flights({ crossing, lane }: FlightsProps) {
  const [first] = crossing
  if (first === undefined || laneOf(first) !== lane) return null
  return crossing.map((record) => {
    const { n, at, way, type } = record
    const isSoon = record !== first && Date.parse(at) - Date.parse(first.at) < FLIGHT_MS
    const is = type === 'request' || record.status === 201 ? '' : record.status ? 'refused' : 'lost'
    return h(
      'span',
      {
        key: n,
        class: `crossing ${way} ${type} ${is} ${isSoon ? 'soon' : ''}`,
        'data-record': n,
        'aria-hidden': 'true',
      },
      type === 'answer' ? (is === '' ? '✓' : '✗') : lane.length > 1 ? icon('envelope') : lane,
    )
  })
}

/** An answer goes back where its request came. */
function laneOf({ route, type, way }: WireRecord): Lane {
  const isSent = (type === 'request') === (way === 'sent')
  if (route === '/wire/keys') return isSent ? 'A' : 'B'
  return isSent ? 'sent' : 'received'
}
