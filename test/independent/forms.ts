/** The forms of duet/2 on the wire, as the independent peer writes and reads them. */

import { isUtf8 } from 'node:buffer'
import { type Confirm, Refusal, type Sealed, type Share } from './session.ts'
import type { Suite } from './suites.ts'

export type Json = Record<string, unknown>

export const confirmForm = (confirm: Confirm | undefined) => {
  if (!confirm) return undefined
  const { session, tag, ciphertext } = confirm
  const made = ciphertext && { ciphertext: ciphertext.toString('hex') }
  return { confirm: { session: session.toString('hex'), tag: tag.toString('hex'), ...made } }
}

export function keyForm({ name, curve }: Suite, { identity, publicKey }: Share, confirm?: Confirm) {
  return {
    v: 2,
    curve: name,
    basePoint: curve.basePoint.toString('hex'),
    identity: identity.toString('hex'),
    publicKey: publicKey.toString('hex'),
    ...confirmForm(confirm),
  }
}

export function messageForm({ session, seq, ciphertext }: Sealed) {
  return { v: 2, session: session.toString('hex'), seq, ciphertext: ciphertext.toString('hex') }
}

export type KeyForm = ReturnType<typeof keyForm>
export type MessageForm = ReturnType<typeof messageForm>

/** `value` as an object with exactly these fields; a type that ends with `?` is optional. */
export function fields(value: unknown, types: Record<string, string>): Json {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject) throw new Refusal('bad_message')
  const object = value as Json
  const { v } = object
  if ('v' in types && typeof v === 'number' && v !== 2) throw new Refusal('bad_version')
  const isKnown = Object.keys(object).every((name) => Object.hasOwn(types, name))
  const isTyped = Object.entries(types).every(([name, type]) =>
    Object.hasOwn(object, name) ? type.startsWith(typeof object[name]) : type.endsWith('?'),
  )
  if (!isKnown || !isTyped) throw new Refusal('bad_message')
  return object
}

export function confirmFields(value: unknown): Json {
  return fields(value, { session: 'string', tag: 'string', ciphertext: 'string?' })
}

/** Bytes of a field; `most` is for those of no fixed length. */
export function decode(value: unknown, length: number, most = length): Buffer {
  const hex = String(value)
  const isRight = /^(?:[0-9a-f]{2})*$/.test(hex)
  if (!isRight || hex.length < 2 * length || hex.length > 2 * most)
    throw new Refusal('bad_encoding')
  return Buffer.from(hex, 'hex')
}

export function decodeConfirm({ kem }: Suite, { session, tag, ciphertext }: Json): Confirm {
  if (ciphertext !== undefined && !kem) throw new Refusal('bad_message')
  const made = kem && ciphertext !== undefined && decode(ciphertext, kem.ciphertextLength)
  return { session: decode(session, 16), tag: decode(tag, 32), ...(made && { ciphertext: made }) }
}

/** The fields of an answer; one of another form is not a peer's. */
export function accepted(answer: unknown, types: Record<string, string>): Json {
  const form = fields(answer, { accepted: 'boolean', ...types })
  if (form['accepted'] !== true) throw new Refusal('bad_message')
  return form
}

/** What is read from an answer; a form that is none of this page's is not a peer's. */
export function ofPeer<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new Error('not a peer: an answer of another form', { cause })
  }
}

export function parse(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Refusal('bad_message')
  const text = body.toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refusal('bad_message')
  }
  // written anew it has as many colons, unless a name stood twice
  if (colonsIn(text) !== colonsIn(JSON.stringify(value))) throw new Refusal('bad_message')
  return value
}

/** How many colons stand outside of strings. */
function colonsIn(json: string): number {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length
}
