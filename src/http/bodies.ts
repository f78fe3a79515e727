/** Reads request bodies: bounded, counted as they stream, and strict about what they claim to be. */

import { utf8ToBytes } from '../protocol/bytes.ts'
import { DuetError } from '../protocol/errors.ts'
import { parseJson } from '../protocol/json.ts'
import { MAX_TEXT_BYTES } from '../protocol/messages.ts'
import { HttpError } from './problems.ts'
import { readWhole, TooLong } from './reading.ts'
import type { Ctx } from './routes.ts'

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Percent-encoding makes three bytes of one. */
const MAX_FORM_BYTES = 'text='.length + 3 * MAX_TEXT_BYTES

/**
 * A JSON body of at most `limit` bytes, parsed; `seen` gets its bytes, whatever they are.
 * @throws HttpError `unsupported_type` `too_large`; DuetError `bad_message`
 */
export async function readJson(
  ctx: Ctx,
  limit: number,
  seen?: (body: Uint8Array) => void,
): Promise<unknown> {
  return jsonOf(await readJsonBytes(ctx, limit, seen))
}

/**
 * The same, not parsed yet.
 * @throws HttpError `unsupported_type` `too_large`
 */
export async function readJsonBytes(
  ctx: Ctx,
  limit: number,
  seen: (body: Uint8Array) => void = () => {},
): Promise<Uint8Array> {
  if (mediaType(ctx) !== 'application/json')
    throw new HttpError('unsupported_type', 'This route takes application/json.')
  const body = await readBytes(ctx, limit)
  seen(body)
  return body
}

/** @throws DuetError `bad_message` */
export function jsonOf(body: Uint8Array): unknown {
  try {
    return parseJson(UTF8.decode(body))
  } catch {
    throw new DuetError('bad_message', 'The body is not JSON, or has a name twice in one object.')
  }
}

/** What an owner sends in a body: the name that it has in a form, and the code of one that is no UTF-8. */
interface Field {
  readonly name: 'text' | 'number'
  readonly code: 'bad_text' | 'bad_number'
}
const TEXT: Field = { name: 'text', code: 'bad_text' }
const NUMBER: Field = { name: 'number', code: 'bad_number' }

/**
 * The safety number that the owner got from the other side, with whatever stands around it; '' without a body.
 * @throws HttpError `unsupported_type` `too_large`; DuetError `bad_message` `bad_number`
 */
export async function readNumber(ctx: Ctx): Promise<string> {
  return new TextDecoder().decode(await readText(ctx, NUMBER))
}

/**
 * The owner's text, as UTF-8 bytes, from a text/plain body or a form's field, either of which may be
 * empty; undefined without a body, and in a form that is empty as a whole by its length (`curl -d ''`).
 * @throws HttpError `unsupported_type` `too_large`; DuetError `bad_message`, and the field's own code
 */
export async function readText(ctx: Ctx, field = TEXT): Promise<Uint8Array | undefined> {
  if (!hasBody(ctx) && typeOf(ctx) !== 'text/plain') return undefined
  switch (mediaType(ctx)) {
    case 'text/plain':
      return readBytes(ctx, MAX_TEXT_BYTES)
    case 'application/x-www-form-urlencoded':
      return formText(await readBytes(ctx, MAX_FORM_BYTES, MAX_TEXT_BYTES), field)
    default:
      throw new HttpError(
        'unsupported_type',
        `A ${field.name} comes as text/plain or as the field \`${field.name}\` of a form.`,
      )
  }
}

/** Whether the request has a body that is not empty, as far as its headers tell. */
export function hasBody(ctx: Ctx): boolean {
  const { headers } = ctx.req
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** The content type without its parameters; only UTF-8 may be said of it, and no encoding of the body. */
function mediaType(ctx: Ctx): string {
  const charset = ctx.get('content-type').includes(';') ? ctx.request.charset : ''
  if (charset !== '' && !isUtf8(charset))
    throw new HttpError('unsupported_type', 'Texts come in UTF-8.')
  return binaryType(ctx)
}

/** The same for pictures: bytes have no charset, and one that is named means nothing. */
export function binaryType(ctx: Ctx): string {
  if (!['', 'identity'].includes(ctx.get('content-encoding').toLowerCase()))
    throw new HttpError('unsupported_type', 'Bodies come without a content encoding.')
  return typeOf(ctx)
}

/** Whether it is a label of UTF-8: `utf8` is one, too (WHATWG Encoding, section 4.2). */
function isUtf8(label: string): boolean {
  try {
    return new TextDecoder(label).encoding === 'utf-8'
  } catch {
    return false
  }
}

function typeOf(ctx: Ctx): string {
  return ctx.request.type.trim().toLowerCase()
}

/** One field and no other: `-d 'text=Tom & Jerry'` has two, and would lose half of it. */
function formText(body: Uint8Array, { name, code }: Field): Uint8Array {
  let text: string
  try {
    const form = UTF8.decode(body)
    if (!form.startsWith(`${name}=`) || form.includes('&'))
      throw new DuetError(
        'bad_message',
        `A form has one field, \`${name}\`, and its value is percent-encoded.`,
      )
    text = decodeURIComponent(form.slice(name.length + 1).replaceAll('+', ' '))
  } catch (error) {
    if (error instanceof DuetError) throw error
    throw new DuetError<Field['code']>(
      code,
      `The value of \`${name}\` is not percent-encoded UTF-8.`,
    )
  }
  const bytes = utf8ToBytes(text)
  if (bytes.length > MAX_TEXT_BYTES) throw tooLarge(MAX_TEXT_BYTES)
  return bytes
}

/** `said`: the limit that a refusal names, where the body is longer than the text in it. */
async function readBytes(ctx: Ctx, limit: number, said = limit): Promise<Uint8Array> {
  try {
    return await readWhole(ctx.req, limit, ctx.req.headers['content-length'])
  } catch (error) {
    if (error instanceof TooLong) throw tooLarge(said)
    throw new HttpError('bad_request', 'The body did not arrive whole.')
  }
}

/** The refusal of a body that is longer than `limit`, in bytes. */
export function tooLarge(limit: number): HttpError {
  return new HttpError('too_large', `At most ${limit} bytes are taken here.`)
}
