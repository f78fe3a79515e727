/** What a peer tells its page and its transcript: each kind of event, and the forms of what crosses the wire. */

import { annotatedProblem } from '../http/problems.ts'
import type { Peer } from '../peer/peer.ts'
import type { Annotated, Part } from '../protocol/annotate.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { annotatedMessages } from '../protocol/messages.ts'
import { annotatedStream, HEADER_BYTES, MAGIC_BYTES } from '../protocol/stream.ts'
import type { Suite } from '../protocol/suites.ts'
import type { Events } from './ring.ts'

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
/** So many of them may be of what this peer refused: what is answered with a refusal pushes nothing else out. */
export const MAX_REFUSED = 100
/** So many may be of key messages that came, were accepted, and that no session followed from: anybody can send those. */
export const MAX_UNCONFIRMED = 20

/** What a transcript says of itself; the fields are in `src/page/README.md`. */
export const TRANSCRIPT = { format: 'ecdh-duet transcript', version: 2 } as const

/** The steps of the owner's that are told. */
export const STEP_PATHS = [
  '/send_keys',
  '/show',
  '/send_msg',
  '/decrypt_msg',
  '/send_image',
] as const
export type Step = (typeof STEP_PATHS)[number]
/** What goes over each wire route: the form of its requests, and that of its answers. */
export const FORMS = {
  '/wire/keys': ['key message', 'answer to a key message'],
  '/wire/message': ['sealed message', 'answer to a sealed message'],
  '/wire/image': ['picture header', 'answer to a picture'],
} as const
export type WireRoute = keyof typeof FORMS
export type Form = (typeof FORMS)[WireRoute][number] | 'refusal'

/** Each form with its fields explained, and how a body is cut into them. */
export function formsOf(suite: Suite): Readonly<Record<Form, Annotated>> {
  return { ...annotatedMessages(suite), ...annotatedStream(), refusal: annotatedProblem }
}

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
  /** POST, but for a request that was refused because it is another one. */
  method: string
  route: WireRoute
  /** The length of the body; null where it was refused before anyone read it, or nobody knew it. */
  bytes: number | null
  /** null: the body is in no form that the route takes, and nothing of it is shown. */
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

/** The public side of a peer, as its page has it. */
export function stateOf(
  peer: Pick<Peer, 'publicState'>,
  { sealedHead }: { sealedHead: Uint8Array | null },
) {
  const { image, ...state } = peer.publicState()
  // session and number of its stream, if that came in this run: others for each picture
  const sealed = sealedHead && bytesToHex(sealedHead.subarray(MAGIC_BYTES, HEADER_BYTES))
  return { ...state, image: image && { ...image, sealed } }
}

/** All public data of this run, as it is handed in. */
export function transcriptOf(peer: Pick<Peer, 'publicState'>, events: Events) {
  const { run, begun, dropped, from, kept } = events
  const state = stateOf(peer, events)
  return { ...TRANSCRIPT, run, begun, state, forms: events.forms(), dropped, from, events: kept }
}
