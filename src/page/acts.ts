/** The wire in acts: keys, comparing, messages; and which of their rows a person reads at once. */

import type { Event, Way } from '../wirelog/events.ts'
import type { WireRecord } from './model.ts'

/** Consecutive events that belong together. */
export interface Act {
  /** `before`: what comes before anything that has a form. */
  readonly kind: 'keys' | 'compare' | 'messages' | 'before'
  readonly events: readonly Event[]
  /** So many of them, the oldest, stand in the fold. */
  readonly folded: number
  /** Of keys: the session that came of them. */
  readonly session: string | null
  /** Of comparing: whether the numbers were the same at last. */
  readonly isSame: boolean
}

/** More requests than this in an act are folded, all but so many. */
const MAX_REQUESTS = 6
const SHOWN_REQUESTS = 4

type Draft = { -readonly [Name in keyof Act]: Act[Name] } & {
  events: Event[]
  /** The public keys in it, and whose they are. */
  keys: Map<string, Way>
}

/**
 * The acts of `events`, oldest first. Keys that come after a session came about begin a new one, unless they are in it
 * already. Folded is every act before the keys of the present session, and what is long ago in a long one.
 */
export function actsOf(events: readonly Event[]): readonly Act[] {
  const acts: Draft[] = []
  const ofRequests = new Map<number, Draft>()
  /** Sessions that have come about. */
  const sessions = new Set<string>()
  const begin = (kind: Act['kind']): Draft => {
    const act = {
      kind,
      events: [],
      folded: 0,
      session: null,
      isSame: false,
      keys: new Map<string, Way>(),
    }
    acts.push(act)
    return act
  }
  for (const event of events) {
    const last = acts.at(-1)
    const answered = event.type === 'answer' ? ofRequests.get(event.to) : undefined
    const kind = kindOf(event) ?? last?.kind ?? 'before'
    const isOver = last?.session != null && isKeyOf(last, event) === false
    const act = answered ?? (last?.kind !== kind || isOver ? begin(kind) : last)
    act.events.push(event)
    if (event.type === 'request') ofRequests.set(event.n, act)
    if (event.type === 'step') act.isSame = event.code === null
    else note(act, event, sessions)
  }
  const current = acts.findLastIndex(({ session }) => session !== null)
  for (const [i, act] of acts.entries())
    act.folded = i < current && act.kind !== 'before' ? act.events.length : foldedOf(act.events)
  return acts
}

/** null: the one that is going on. */
function kindOf(event: Event): Act['kind'] | null {
  if (event.type === 'step') return event.route === '/compare' ? 'compare' : null
  if (event.form === null) return null
  return event.route === '/wire/keys' ? 'keys' : 'messages'
}

const fieldOf = ({ parts }: WireRecord, name: string): string | undefined => {
  const part = parts.find(({ field }) => field === name)
  return part && ('text' in part ? part.text : part.hex)
}

/** Whether the public key of a key message is in an act; null for anything else. */
function isKeyOf({ keys }: Draft, event: Event): boolean | null {
  const key = event.type === 'request' ? fieldOf(event, 'publicKey') : undefined
  return key === undefined ? null : keys.has(key)
}

function note(act: Draft, record: WireRecord & Event, sessions: Set<string>): void {
  const key = fieldOf(record, 'publicKey')
  if (key !== undefined) act.keys.set(key, record.way)
  const session = fieldOf(record, 'confirm.session')
  if (record.type !== 'answer' || record.status !== 201 || session === undefined) return
  // to the first of two keys an answer names the session before
  const areBoth = new Set(act.keys.values()).size === 2
  if (areBoth && !sessions.has(session)) act.session = session
  sessions.add(session)
}

function foldedOf(events: readonly Event[]): number {
  const requests = events.flatMap(({ type }, i) => (type === 'request' ? i : []))
  return requests.length > MAX_REQUESTS ? (requests.at(-SHOWN_REQUESTS) ?? 0) : 0
}

/** What stands in a fold. */
export interface Counts {
  readonly keys: number
  readonly messages: number
  readonly pictures: number
  readonly others: number
  readonly refused: number
}

/** Counts the requests by their form, and the answers that `isRefusal` names. */
export function countsOf(
  events: readonly Event[],
  isRefusal: (record: WireRecord & Event) => boolean,
): Counts {
  const requests = events.filter((event) => event.type === 'request')
  const of = (form: string) => requests.filter((request) => request.form === form).length
  const [keys, messages, pictures] = [of('key message'), of('sealed message'), of('picture header')]
  return {
    keys,
    messages,
    pictures,
    others: requests.length - keys - messages - pictures,
    refused: events.filter((event) => event.type !== 'step' && isRefusal(event)).length,
  }
}
