/** What travels over the stage while a record crosses: keyed by the record's number, so that each flies once. */

import { h } from '../h.ts'
import type { WireRecord } from '../model.ts'
import { icon } from './marks.ts'

/** How long a request travels, in ms: an answer that came sooner waits for it. */
const FLIGHT_MS = 900

interface FlightsProps {
  crossing: readonly WireRecord[]
  lane: string
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
      type === 'answer' ? (is === '' ? '✓' : '✗') : lane === 'texts' ? icon('envelope') : lane,
    )
  })
}

/** An answer goes back where its request came. */
function laneOf({ route, type, way }: WireRecord): string {
  if (route !== '/wire/keys') return 'texts'
  return (type === 'request') === (way === 'sent') ? 'A' : 'B'
}
