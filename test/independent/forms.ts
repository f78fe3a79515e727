/** What crosses the wire, as the independent peer writes and reads it: JSON, and a picture's stream. */

import { isUtf8 } from 'node:buffer'
import { CHUNK, type Confirm, Refusal, type Sealed, type Share } from './session.ts'
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

/** What `read` makes of the fields of an answer; one of another form is not a peer's. */
export function ofAnswer<T>(
  answer: unknown,
  types: Record<string, string>,
  read: (form: Json) => T,
): T {
  try {
    const form = fields(answer, { accepted: 'boolean', ...types })
    if (form['accepted'] !== true) throw new Refusal('bad_message')
    return read(form)
  } catch (cause) {
    throw new Error('not a peer: an answer of another form', { cause })
  }
}

/** The value of a body's JSON, in which no name stands twice in one object. */
export function parse(body: Buffer): unknown {
  try {
    if (!isUtf8(body)) throw new Error('no UTF-8')
    const text = body.toString()
    const value: unknown = JSON.parse(text)
    // written anew it has as many colons, unless a name stood twice
    if (colonsIn(text) !== colonsIn(JSON.stringify(value))) throw new Error('a name twice')
    return value
  } catch {
    throw new Refusal('bad_message')
  }
}

/** How many colons stand outside of strings. */
function colonsIn(json: string): number {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length
}

const MAX_IMAGE = 64 * 1024 * 1024
const MAX_METADATA = 1_024
const HEAD = 29

/** The head of a picture's stream, then its sealed chunks. */
export async function* piecesOf(
  body: AsyncIterable<Buffer>,
): AsyncGenerator<{ bytes: Buffer; isLast: boolean }, undefined> {
  let [waiting, size] = [Buffer.alloc(0), HEAD]
  for await (const part of body) {
    waiting = Buffer.concat([waiting, part])
    while (waiting.length > size) {
      yield { bytes: waiting.subarray(0, size), isLast: false }
      waiting = waiting.subarray(size)
      size = CHUNK + 16
    }
  }
  yield { bytes: waiting, isLast: true }
  return undefined
}

export function readHead(bytes: Buffer | undefined): { id: Buffer; number: number } {
  if (!bytes || bytes.length < HEAD || !bytes.toString('latin1').startsWith('DUET2'))
    throw new Refusal('bad_image')
  return { id: bytes.subarray(5, 21), number: Number(bytes.readBigUInt64BE(21)) }
}

const SIGNATURES: Readonly<Record<string, RegExp>> = {
  'image/png': /^89504e470d0a1a0a/,
  'image/jpeg': /^ffd8ff/,
  'image/webp': /^52494646.{8}57454250/,
  'image/gif': /^474946383[79]61/,
}

/** What the first chunk's plaintext says of the picture that follows in it: its type, its name, how many bytes it has. */
export function readMetadata(plain: Buffer): {
  type: string
  name: string
  declared: number
  picture: Buffer
} {
  const end = 2 + (plain.length < 2 ? 0 : plain.readUInt16BE())
  if (end > 2 + MAX_METADATA || end > plain.length) throw new Refusal('bad_image')
  let form: Json
  try {
    const types = { type: 'string', bytes: 'number', name: 'string' }
    form = fields(parse(plain.subarray(2, end)), types)
  } catch {
    throw new Refusal('bad_image')
  }
  const [type, declared] = [String(form['type']), Number(form['bytes'])]
  if (!Object.hasOwn(SIGNATURES, type) || !Number.isSafeInteger(declared) || declared < 1)
    throw new Refusal('bad_image')
  if (declared > MAX_IMAGE) throw new Refusal('too_large')
  return { type, name: String(form['name']), declared, picture: plain.subarray(end) }
}

/** Whether it is of another type, or over 65,535 pixels a side or 64 megapixels in all, as far as its head says. */
export function isBadPicture(type: string, picture: Buffer): boolean {
  const isOfType = SIGNATURES[type]?.test(picture.toString('hex', 0, 12))
  const [width, height] = sidesOf(type, picture)
  return !isOfType || Math.max(width, height) > 65_535 || width * height > 64e6
}

/** Of a PNG, a GIF or an extended WebP. */
function sidesOf(type: string, picture: Buffer): [width: number, height: number] {
  const name = picture.toString('latin1', 12, 16)
  if (type === 'image/png' && name === 'IHDR' && picture.length >= 24)
    return [picture.readUInt32BE(16), picture.readUInt32BE(20)]
  if (type === 'image/gif' && picture.length >= 13)
    return [picture.readUInt16LE(6), picture.readUInt16LE(8)]
  if (type === 'image/webp' && name === 'VP8X' && picture.length >= 30)
    return [picture.readUIntLE(24, 3) + 1, picture.readUIntLE(27, 3) + 1]
  return [0, 0]
}
