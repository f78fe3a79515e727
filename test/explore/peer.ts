/** A peer of the walk, what goes between it and the other one, and each thing that it can do, as calls of its exchange. */

import { utf8ToBytes } from '../../src/protocol/bytes.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Confirm, KeyMessage, SealedMessage } from '../../src/protocol/messages.ts'
import type { Fate, OpenText } from '../../src/protocol/openText.ts'
import type { StreamHeader } from '../../src/protocol/stream.ts'
import { outcomeOf } from '../helpers/exchanges.ts'
import { chacha20poly1305 } from './ideal.ts'

export type Side = 0 | 1
export const SIDES = [0, 1] as const
export const other = (side: Side): Side => (side === 0 ? 1 : 0)

/**
 * What goes over the wire. An answer to a key message has a confirmation, or nothing, or is a refusal; one to a text
 * has the code of a refusal, or null.
 */
export type Body =
  | { kind: 'keys'; keys: KeyMessage }
  | { kind: 'text'; sealed: SealedMessage }
  | { kind: 'picture'; header: StreamHeader; sealed: Uint8Array }
  | { kind: 'answer'; confirm: Confirm | null; code: string | null }
  | { kind: 'text answer'; code: string | null }
type BodyOf<Kind> = Extract<Body, { kind: Kind }>

/** Something that was sealed, which must not be sealed again. */
export interface Sealed {
  readonly kind: 'text' | 'picture'
  readonly session: Uint8Array
  readonly seq: number
  /** A copy of the key. */
  readonly key: Uint8Array
  /** The end of what came out. */
  readonly tag: Uint8Array
}

/** A peer: its exchange, and what its owner remembers of it. A text is known by the end of what was sealed. */
export interface Peer {
  readonly exchange: Exchange
  readonly sealed: readonly Sealed[]
  /** Of its own texts, those that are settled. */
  readonly told: readonly { readonly tag: Uint8Array; readonly fate: Fate }[]
  /** The texts that were accepted, and in which run. */
  readonly taken: readonly {
    readonly tag: Uint8Array
    readonly text: Uint8Array
    readonly run: number
  }[]
  /** How often it was restarted. */
  readonly run: number
}

export const OPS = [
  'send keys',
  'send text',
  'repeat text',
  'send picture',
  'read',
  'expire',
  'restart',
  'take keys',
  'take answer',
  'take refusal',
  'take text',
  'take text answer',
  'miss text answer',
  'take picture',
] as const
export type Op = (typeof OPS)[number]

/** What came of a call: `body` is what goes out, `text` what was read. */
export interface Done {
  body?: Body
  text?: Uint8Array
  completed?: boolean
  code?: string
}

function as<Kind extends Body['kind']>(kind: Kind, body: Body | null): BodyOf<Kind> {
  if (body?.kind !== kind) throw new Error(`This is no ${kind}.`)
  return body as BodyOf<Kind>
}

/**
 * Calls the exchange once. `taken`: what the peer takes; for 'take refusal' its own key message, and `answer` the refusal.
 * @throws DuetError
 */
export function perform(peer: Peer, op: Op, taken: Body | null, answer: Body | null): Done {
  const { exchange } = peer
  switch (op) {
    case 'send keys':
      return { body: { kind: 'keys', keys: exchange.startKeys() } }
    case 'send text': {
      // what was refused is sent once more: the same text under another number
      const settled = peer.told.filter(({ fate }) => fate !== 'refused').length
      const sealed = exchange.sendMessage(utf8ToBytes(`text ${settled}`))
      return { body: { kind: 'text', sealed } }
    }
    case 'repeat text':
      return { body: { kind: 'text', sealed: exchange.repeatMessage() } }
    case 'send picture': {
      const { header, key } = exchange.sendPicture()
      const sealed = pictureAead(key).encrypt(utf8ToBytes(`picture ${peer.sealed.length}`))
      key.fill(0)
      return { body: { kind: 'picture', header, sealed } }
    }
    case 'read': {
      const { text } = exchange.openOldest()
      const read = text.slice()
      text.fill(0)
      return { text: read }
    }
    case 'expire':
      exchange.expire()
      return {}
    case 'restart':
      throw new Error('A restart is no call of the exchange.')
    case 'take keys': {
      const { confirm, completed } = exchange.receiveKeys(as('keys', taken).keys)
      return { completed, body: { kind: 'answer', confirm: confirm ?? null, code: null } }
    }
    case 'take answer': {
      const { confirm } = as('answer', taken)
      const { completed, again } = exchange.receiveAnswer(confirm ?? undefined)
      return { completed, ...(again && { body: { kind: 'keys', keys: again } }) }
    }
    case 'take refusal': {
      const keys = exchange.afterRefusal(as('keys', taken).keys, as('answer', answer).code)
      return keys ? { body: { kind: 'keys', keys } } : {}
    }
    case 'take text':
      return exchange.receiveMessage(as('text', taken).sealed)
    case 'take text answer':
      exchange.messageAnswered(outcomeOf(as('text answer', taken).code ?? undefined))
      return {}
    case 'miss text answer':
      exchange.messageAnswered('no answer')
      return {}
    case 'take picture':
      return takePicture(exchange, as('picture', taken))
  }
}

const pictureAead = (key: Uint8Array) => chacha20poly1305(key, new Uint8Array(12))

/** As transfer.ts does it, in one step. */
function takePicture(exchange: Exchange, { header, sealed }: BodyOf<'picture'>): Done {
  const { key, accept } = exchange.receivePicture(header)
  try {
    pictureAead(key).decrypt(sealed).fill(0)
  } catch {
    return { code: 'decrypt_failed' }
  } finally {
    key.fill(0)
  }
  return { completed: accept() }
}

/** Of what was sealed: where it stands, and its end. */
export function sealedIn(body: Body | null): Omit<Sealed, 'key'> | null {
  if (body?.kind === 'text') {
    const { session, seq, ciphertext } = body.sealed
    return { kind: 'text', session, seq, tag: ciphertext.slice(-16) }
  }
  if (body?.kind !== 'picture') return null
  const { session, number: seq } = body.header
  return { kind: 'picture', session, seq, tag: body.sealed.slice(-16) }
}

/**
 * What the owner remembers once the call is over. `open`: the text that was open before it, and may be settled now;
 * `keys`: those that sealed.
 */
export function remembering(
  peer: Peer,
  open: OpenText | null,
  op: Op,
  taken: Body | null,
  { body, code }: Done,
  [key]: readonly Uint8Array[],
): Peer {
  const out = key && sealedIn(body ?? null)
  if (key && !out) throw new Error('Something else was sealed.')
  const sealed = key && out ? [...peer.sealed, { ...out, key }] : peer.sealed
  const isSettled = open !== null && open.fate !== 'open'
  const told = isSettled
    ? [...peer.told, { tag: open.message.ciphertext.slice(-16), fate: open.fate }]
    : peer.told
  if (op !== 'take text' || code !== undefined) return { ...peer, sealed, told }
  const { ciphertext } = as('text', taken).sealed
  const text = { tag: ciphertext.slice(-16), text: ciphertext.slice(0, -16), run: peer.run }
  return { ...peer, sealed, told, taken: [...peer.taken, text] }
}
