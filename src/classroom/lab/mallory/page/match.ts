/** What Mallory's page knows, and what follows from it: each record as it came, beside what went on in its place. */

import type { State, WireRecord } from '../../../../page/model.ts'
import type { AnswerEvent, Event, RequestEvent } from '../../../../wirelog/events.ts'

/** A request that one side sent on account of one that the other side got: their numbers, each in its own log. */
export interface Passed {
  readonly n: number
  readonly of: number
  /** Whether the text that it carries is another one. */
  readonly isAltered: boolean
}

/** One of her peers: where it is, whom it faces (by the port), and what happened at it. */
export interface Side {
  readonly port: number
  readonly victim: string
  readonly state: State
  readonly events: readonly Event[]
  /** What this side sent on account of the other one. */
  readonly passed: readonly Passed[]
}
export type Sides = readonly [Side, Side]
export type Index = 0 | 1
export const across = (side: Index): Index => (side === 0 ? 1 : 0)

type Request = Event & RequestEvent
type Answer = Event & AnswerEvent

/** A request and what was answered to it. */
export interface Exchanged {
  readonly request: Request
  /** null: not yet. */
  readonly answer: Answer | null
}

/** What came at one side, and what went on at the other one. */
export interface Passage {
  readonly key: string
  /** Where it came, or was sent if nothing came. */
  readonly side: Index
  /** null: she sent it of her own accord, or what it came of is no longer kept. */
  readonly came: Exchanged | null
  readonly isForgotten: boolean
  readonly went: readonly Exchanged[]
  readonly isAltered: boolean
  /** Whether the same bytes came at this side before. */
  readonly isCopy: boolean
}

/** Everything that crossed her two wires, in the order in which it began. */
export function passagesOf(sides: Sides): readonly Passage[] {
  const [own, others] = sides.map(exchangedOf)
  const logs = [own ?? new Map(), others ?? new Map()] as const
  const passages: Passage[] = []
  const used: [Set<number>, Set<number>] = [new Set(), new Set()]
  for (const side of [0, 1] as const) {
    const seen = new Set<string>()
    for (const came of logs[side].values()) {
      if (came.request.way !== 'received') continue
      const bytes = JSON.stringify(came.request.parts)
      const isCopy = came.request.form !== null && seen.has(bytes)
      seen.add(bytes)
      const far = across(side)
      const passed = sides[far].passed.filter(({ of }) => of === came.request.n)
      const went = passed.flatMap(({ n }) => logs[far].get(n) ?? [])
      for (const { request } of went) used[far].add(request.n)
      const isAltered = passed.some((one) => one.isAltered)
      const key = keyOf(side, came)
      passages.push({ key, side, came, isForgotten: false, went, isAltered, isCopy })
    }
  }
  for (const side of [0, 1] as const)
    for (const sent of logs[side].values()) {
      const { n, way } = sent.request
      if (way !== 'sent' || used[side].has(n)) continue
      const link = sides[side].passed.find((one) => one.n === n)
      passages.push({
        key: keyOf(side, sent),
        side,
        came: null,
        isForgotten: link !== undefined,
        went: [sent],
        isAltered: link?.isAltered ?? false,
        isCopy: false,
      })
    }
  // the sort is stable, and both logs have the clock of one machine
  return passages.sort((one, two) =>
    begunAt(one) < begunAt(two) ? -1 : begunAt(one) > begunAt(two) ? 1 : 0,
  )
}

const keyOf = (side: Index, { request }: Exchanged) => `${side}-${request.n}`

function begunAt({ came, went }: Passage): string {
  return (came ?? went[0])?.request.at ?? ''
}

/** The requests in a log, by their numbers, each with its answer. */
function exchangedOf({ events }: Side): Map<number, Exchanged> {
  const exchanged = new Map<number, Exchanged>()
  for (const event of events) {
    if (event.type === 'request') exchanged.set(event.n, { request: event, answer: null })
    const asked = event.type === 'answer' ? exchanged.get(event.to) : undefined
    if (event.type === 'answer' && asked !== undefined)
      exchanged.set(event.to, { request: asked.request, answer: event })
  }
  return exchanged
}

/** A field of a record on one wire, and of the one on the other wire: null where there is none. */
export interface Difference {
  readonly field: string
  readonly came: string | null
  readonly went: string | null
}

/** The fields of what came and of what went on, one beside the other. */
export function differencesOf(
  came: WireRecord | null,
  went: WireRecord | null,
): readonly Difference[] {
  const [of, on] = [fieldsOf(came), fieldsOf(went)]
  return [...new Set([...of.keys(), ...on.keys()])].map((field) => ({
    field,
    came: of.get(field) ?? null,
    went: on.get(field) ?? null,
  }))
}

function fieldsOf(record: WireRecord | null): Map<string, string> {
  return new Map(
    (record?.parts ?? []).flatMap((part) =>
      part.field === undefined ? [] : [[part.field, 'text' in part ? part.text : part.hex]],
    ),
  )
}

/** What she did with what came. */
export type Deed =
  /** Her key in place of the one that came, or her key in the name of the identity that came. */
  | 'keys'
  | 'claim'
  /** Opened and sealed anew: a text as it was or another one, a picture. */
  | 'sealed'
  | 'altered'
  | 'picture'
  /** The very same bytes went on. */
  | 'same'
  | 'pending'
  | 'refused'
  /** She took it, and nothing went on. */
  | 'kept'
  /** It came a second time: the first one had gone on. */
  | 'copy'
  | 'own'
  | 'forgotten'

/** As it follows from the records. */
export function deedOf({ came, went, isForgotten, isAltered, isCopy }: Passage): Deed {
  const last = went.at(-1)?.request
  if (came === null) return isForgotten ? 'forgotten' : 'own'
  if (last === undefined) {
    if (came.answer === null) return 'pending'
    if (isCopy || came.answer.code === 'replay') return 'copy'
    return came.answer.status === 201 ? 'kept' : 'refused'
  }
  const fields = differencesOf(came.request, last)
  if (fields.every((one) => one.came === one.went) && came.request.bytes === last.bytes)
    return 'same'
  if (last.form === 'picture header') return 'picture'
  if (last.form === 'sealed message') return isAltered ? 'altered' : 'sealed'
  const identity = fields.find(({ field }) => field === 'identity')
  return identity !== undefined && identity.came === identity.went ? 'claim' : 'keys'
}

/** Where the attack stands. */
export type Standing = 'nothing' | 'one' | 'both' | 'shut out'

/** Her sessions with the two, and what kept her out. */
export function standingOf(sides: Sides): Standing {
  const sessions = sides.filter(({ state }) => state.session !== null).length
  if (sessions === 2) return 'both'
  if (sides.some(isShutOut)) return 'shut out'
  return sides.every(({ events }) => events.every(({ type }) => type === 'step'))
    ? 'nothing'
    : 'one'
}

/** Whether the one that a side faces remembers somebody else. */
export function isShutOut({ events, state }: Side): boolean {
  const answers = events.filter((event) => event.type === 'answer' && event.way === 'received')
  const codes = answers.map((event) => (event as Answer).code)
  return (
    state.session === null &&
    codes.some((code) => code === 'identity_changed' || code === 'confirm_failed')
  )
}
