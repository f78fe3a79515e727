/** What a peer tells its page and its transcript: each kind of event, and how many are kept. */

import type { Part } from './annotate.ts'
import type { Form, WireRoute } from './forms.ts'

/**
 * Events that are kept, the newest. The longest holds a message's body of some 34,000 bytes: at most 7 MB in
 * all, in a usual run 200 KB.
 */
export const MAX_EVENTS = 200
/**
 * So many older ones stay beside them: the key messages of the present session and of the one before, with their
 * answers and what completed the exchange, and the last key message of each side. At most eight of them are longer than
 * a key message: 600 KB in all.
 */
export const MAX_PINNED = 48
/** So many of them may be refusals and what they answer, so that refused requests push nothing else out. */
export const MAX_REFUSED = 100
/** So many may be accepted key messages that no session followed from, with their answers: anybody can send those. */
export const MAX_UNCONFIRMED = 20

/** The steps of the owner's that are told. */
export const STEP_PATHS = [
  '/send_keys',
  '/show',
  '/compare',
  '/send_msg',
  '/decrypt_msg',
  '/send_image',
] as const
export type Step = (typeof STEP_PATHS)[number]

/** As seen from this peer. */
export type Way = 'sent' | 'received'

/** A step that was asked for. Its texts are not in it. */
export interface StepEvent {
  type: 'step'
  route: string
  method: string
  status: number
  /** Of a refusal. */
  code: string | null
  /** The command to run next. */
  next: string | null
}

/** A request on the wire: a body, or of a picture's stream the header. */
export interface RequestEvent {
  type: 'request'
  way: Way
  /** POST, unless that is why the request was refused. */
  method: string
  route: WireRoute
  /** The length of the body; null where it was refused before anyone read it, or nobody knew it. */
  bytes: number | null
  /** null: the body is not in the route's form, and nothing of it is shown. */
  form: Form | null
  parts: readonly Part[]
  /** What follows a picture's header. */
  chunks?: { count: number; each: number; last: number }
}

export interface AnswerEvent {
  type: 'answer'
  way: Way
  route: WireRoute
  /** The number of the request. */
  to: number
  /** null: there was no answer. */
  status: number | null
  /** Why it was refused, or why there was no answer. */
  code: string | null
  bytes: number
  form: Form | null
  parts: readonly Part[]
}

export type Content = StepEvent | RequestEvent | AnswerEvent
/** `n` counts from 1 in this run; `at` is a time, ISO 8601. */
export type Event = { readonly n: number; readonly at: string } & Readonly<Content>
