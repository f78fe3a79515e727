/** A peer of the walk, what goes between it and the other one, and each thing that it can do, as calls of its exchange. */

import { utf8ToBytes } from '../../src/protocol/bytes.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Confirm, KeyMessage, SealedMessage } from '../../src/protocol/messages.ts'
import type { StreamHeader } from '../../src/protocol/stream.ts'
import { chacha20poly1305 } from './ideal.ts'

export type Side = 0 | 1

export function other(side: Side): Side {
  return side === 0 ? 1 : 0
}

/** What goes over the wire. An answer to a key message has a confirmation, or nothing, or is a refusal. */
export type Body =
  | { kind: 'keys'; keys: KeyMessage }
  | { kind: 'text'; sealed: SealedMessage }
  | { kind: 'picture'; header: StreamHeader; sealed: Uint8Array }
  | { kind: 'answer'; confirm: Confirm | null; code: string | null }

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

/** A peer: its exchange, and what its owner remembers of it. */
export interface Peer {
  readonly exchange: Exchange
  readonly sealed: readonly Sealed[]
}

export const OPS = [
  'send keys',
  'send text',
  'send picture',
  'read',
  'expire',
  'restart',
  'take keys',
  'take answer',
  'take refusal',
  'take text',
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
  const nameOfText = () => utf8ToBytes(`text ${peer.sealed.length}`)
  switch (op) {
    case 'send keys':
      return { body: { kind: 'keys', keys: exchange.startKeys() } }
    case 'send text':
      return { body: { kind: 'text', sealed: exchange.sendMessage(nameOfText()) } }
    case 'send picture': {
      const { header, key } = exchange.sendPicture()
      const sealed = chacha20poly1305(key, new Uint8Array(12)).encrypt(nameOfText())
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
