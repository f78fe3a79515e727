/** A peer of the walk, what goes between it and the other one, and each thing that it can do, as calls of its exchange. */

import { utf8ToBytes } from '../../src/protocol/bytes.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Confirm, KeyMessage, SealedMessage } from '../../src/protocol/messages.ts'
import type { Fate, OpenText } from '../../src/protocol/openText.ts'
import type { StreamHeader } from '../../src/protocol/stream.ts'
import { outcomeOf } from '../helpers/exchanges.ts'
import { chacha20poly1305 } from './ideal.ts'

export type Side = 0 | 1

export function other(side: Side): Side {
  return side === 0 ? 1 : 0
}

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

/** A text as it was sealed, by its end, and what its sender was told of it. */
export interface Told {
  readonly tag: Uint8Array
  readonly fate: Fate
}

/** A text that was accepted: the end of what was sealed, what it says, and in which run of the peer. */
export interface Taken {
  readonly tag: Uint8Array
  readonly text: Uint8Array
  readonly run: number
}

/** A peer: its exchange, and what its owner remembers of it. */
export interface Peer {
  readonly exchange: Exchange
  readonly sealed: readonly Sealed[]
  /** Of its own texts, those that are settled. */
  readonly told: readonly Told[]
  readonly taken: readonly Taken[]
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

/**
 * Calls the exchange once. `body`: what the peer takes; for 'take refusal' its own key message, and `answer` the refusal.
 * @throws DuetError
 */
export function perform(peer: Peer, op: Op, body: Body | null, answer: Body | null): Done {
  const { exchange } = peer
  // what was refused is sent once more: the same text under another number
  const done = peer.told.filter(({ fate }) => fate !== 'refused').length
  switch (op) {
    case 'send keys':
      return { body: { kind: 'keys', keys: exchange.startKeys() } }
    case 'send text':
      return { body: { kind: 'text', sealed: exchange.sendMessage(utf8ToBytes(`text ${done}`)) } }
    case 'repeat text':
      return { body: { kind: 'text', sealed: exchange.repeatMessage() } }
    case 'miss text answer':
      exchange.messageAnswered('no answer')
      return {}
    case 'send picture': {
      const { header, key } = exchange.sendPicture()
      const picture = utf8ToBytes(`picture ${peer.sealed.length}`)
      const sealed = chacha20poly1305(key, new Uint8Array(12)).encrypt(picture)
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
  }
  if (op === 'take keys' && body?.kind === 'keys') {
    const { confirm, completed } = exchange.receiveKeys(body.keys)
    return { completed, body: { kind: 'answer', confirm: confirm ?? null, code: null } }
  }
  if (op === 'take answer' && body?.kind === 'answer') {
    const { completed, again } = exchange.receiveAnswer(body.confirm ?? undefined)
    return { completed, ...(again && { body: { kind: 'keys', keys: again } }) }
  }
  if (op === 'take refusal' && body?.kind === 'keys' && answer?.kind === 'answer') {
    const keys = exchange.afterRefusal(body.keys, answer.code)
    return keys ? { body: { kind: 'keys', keys } } : {}
  }
  if (op === 'take text' && body?.kind === 'text') return exchange.receiveMessage(body.sealed)
  if (op === 'take text answer' && body?.kind === 'text answer') {
    exchange.messageAnswered(outcomeOf(body.code ?? undefined))
    return {}
  }
  if (op === 'take picture' && body?.kind === 'picture') return takePicture(exchange, body)
  throw new Error(`${op} takes something else.`)
}

/** As transfer.ts does it, in one step. */
function takePicture(
  exchange: Exchange,
  { header, sealed }: Extract<Body, { kind: 'picture' }>,
): Done {
  const { key, accept, forget } = exchange.receivePicture(header)
  try {
    if (!opens(key, sealed)) return { code: 'decrypt_failed' }
    return { completed: accept() }
  } finally {
    key.fill(0)
    forget()
  }
}

function opens(key: Uint8Array, sealed: Uint8Array): boolean {
  try {
    chacha20poly1305(key, new Uint8Array(12)).decrypt(sealed).fill(0)
    return true
  } catch {
    return false
  }
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

/** What a call sealed, by what goes out and the key that was used. */
export function sealedBy({ body }: Done, [key]: readonly Uint8Array[]): Sealed[] {
  if (key === undefined) return []
  const sealed = sealedIn(body ?? null)
  if (sealed === null) throw new Error('Something else was sealed.')
  return [{ ...sealed, key }]
}

/** What the owner knows of its texts once `open` may have been settled. */
export function toldOf({ told }: Peer, open: OpenText | null): readonly Told[] {
  if (open === null || open.fate === 'open') return told
  return [...told, { tag: open.message.ciphertext.slice(-16), fate: open.fate }]
}

/** The text that a call accepted. */
export function takenBy({ run }: Peer, op: Op, { code }: Done, body: Body | null): Taken[] {
  if (op !== 'take text' || code !== undefined || body?.kind !== 'text') return []
  const { ciphertext } = body.sealed
  return [{ tag: ciphertext.slice(-16), text: ciphertext.slice(0, -16), run }]
}
