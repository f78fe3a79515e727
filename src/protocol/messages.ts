/** The wire forms of duet/2: strict parse and encode. No aliases: each value has one form. */

import * as v from 'valibot'
import { bytesToHex, equalBytes, hexToBytes } from './bytes.ts'
import { DuetError } from './errors.ts'
import * as forms from './forms.ts'
import type { Share } from './keySchedule.ts'
import { publicKeyBytes, type Suite } from './suites.ts'

export const SESSION_ID_BYTES = 16
const CONFIRM_TAG_BYTES = 32
/** Poly1305's tag, the end of every ciphertext (RFC 8439 section 2.8). */
export const AEAD_TAG_BYTES = 16
/** The longest text, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 16 * 1024

/** The proof that its sender has the keys of `session`. */
export interface Confirm {
  /** Session id, 16 bytes. */
  readonly session: Uint8Array
  /** Confirm tag, 32 bytes. */
  readonly tag: Uint8Array
  /** The KEM's ciphertext, exactly if the sender of the confirmation made it. */
  readonly ciphertext?: Uint8Array
}

/** A public key, with the confirmation of its sender's newest session if there is one. */
export interface KeyMessage {
  readonly share: Share
  readonly confirm?: Confirm
}

/** A sealed text. */
export interface SealedMessage {
  /** Session id, 16 bytes. */
  readonly session: Uint8Array
  /** Sequence number in its session and direction, from 0. */
  readonly seq: number
  /** The text, sealed, then the 16-byte tag. */
  readonly ciphertext: Uint8Array
}

/** A `Confirm` as JSON has it: bytes in lower-case hex. */
export type ConfirmForm = {
  session: string
  tag: string
  ciphertext?: string
}

/** A key message as JSON has it: bytes in lower-case hex. */
export type KeyForm = {
  v: 2
  /** The suite's name. */
  curve: string
  basePoint: string
  identity: string
  publicKey: string
  confirm?: ConfirmForm
}

/** The answer to an accepted key message. */
export type AnswerForm = {
  accepted: true
  confirm?: ConfirmForm
}

/** A sealed message as JSON has it: bytes in lower-case hex. */
export type MessageForm = {
  v: 2
  session: string
  seq: number
  ciphertext: string
}

/** The answer to an accepted message. */
export type MessageAnswerForm = {
  accepted: true
  /** How many messages before it never came. */
  missing: number
}

/** The longest key message, in bytes of JSON: 4,096, and 8,192 on a suite with a KEM. */
export function maxKeyMessageBytes(suite: Suite): number {
  return suite.kem === null ? 4096 : 8192
}

/** A key message as JSON has it. */
export function encodeKeyMessage(suite: Suite, message: KeyMessage): KeyForm {
  return {
    v: forms.VERSION,
    curve: suite.name,
    basePoint: bytesToHex(suite.curve.basePoint),
    identity: bytesToHex(message.share.identity),
    publicKey: bytesToHex(message.share.publicKey),
    ...encodeConfirm(message.confirm),
  }
}

/**
 * A key message out of parsed JSON, its form, lengths and base point checked, its points not yet.
 * @throws DuetError `bad_version` `bad_message` `curve_mismatch` `bad_encoding` `bad_base_point`
 */
export function parseKeyMessage(suite: Suite, body: unknown): KeyMessage {
  const { curve } = suite
  const form = parse(forms.KeyForm, body, 'A key message')
  if (form.curve !== suite.name)
    throw new DuetError('curve_mismatch', `This peer was started with ${suite.name}.`)
  // First, since a ciphertext on a suite without a KEM is `bad_message`, which goes before `bad_encoding`.
  const confirm = decodeConfirm(suite, form.confirm)
  const basePoint = decodeHex('basePoint', form.basePoint, curve.pointBytes)
  const identity = decodeHex('identity', form.identity, curve.pointBytes)
  const publicKey = decodeHex('publicKey', form.publicKey, publicKeyBytes(suite))
  if (!equalBytes(basePoint, curve.basePoint))
    throw new DuetError('bad_base_point', `The base point is not that of ${curve.name}.`)
  return { share: { identity, publicKey }, ...confirm }
}

/** The answer to an accepted key message as JSON has it. */
export function encodeAnswer(confirm: Confirm | undefined): AnswerForm {
  return { accepted: true, ...encodeConfirm(confirm) }
}

/**
 * The confirmation in an answer to a key message, if it carries one.
 * @throws DuetError `bad_message` `bad_encoding`
 */
export function parseAnswer(suite: Suite, body: unknown): Confirm | undefined {
  return decodeConfirm(suite, parse(forms.AnswerForm, body, 'An answer to a key message').confirm)
    .confirm
}

/** A sealed message as JSON has it. */
export function encodeMessage(message: SealedMessage): MessageForm {
  return {
    v: forms.VERSION,
    session: bytesToHex(message.session),
    seq: message.seq,
    ciphertext: bytesToHex(message.ciphertext),
  }
}

/**
 * A sealed message out of parsed JSON, not yet opened.
 * @throws DuetError `bad_version` `bad_message` `bad_encoding`
 */
export function parseMessage(body: unknown): SealedMessage {
  const form = parse(forms.MessageForm, body, 'A message')
  return {
    session: decodeHex('session', form.session, SESSION_ID_BYTES),
    seq: form.seq,
    ciphertext: decodeHex(
      'ciphertext',
      form.ciphertext,
      AEAD_TAG_BYTES,
      AEAD_TAG_BYTES + MAX_TEXT_BYTES,
    ),
  }
}

/**
 * The answer to an accepted message.
 * @throws DuetError `bad_message`
 */
export function parseMessageAnswer(body: unknown): MessageAnswerForm {
  return parse(forms.MessageAnswerForm, body, 'An answer to a message')
}

type Form =
  | typeof forms.KeyForm
  | typeof forms.AnswerForm
  | typeof forms.MessageForm
  | typeof forms.MessageAnswerForm

/** Another version may have other fields, so the version is looked at before them. */
function parse<F extends Form>(form: F, body: unknown, what: string): v.InferOutput<F> {
  if ('v' in form.entries && typeof body === 'object' && body !== null && 'v' in body) {
    if (typeof body.v === 'number' && body.v !== forms.VERSION)
      throw new DuetError('bad_version', `This peer speaks duet/${forms.VERSION} only.`)
  }
  const result = v.safeParse(form, body)
  if (result.success) return result.output
  const [issue] = result.issues
  // 'null' where the whole body is at fault
  const field = `${v.getDotPath(issue)}`
  const fields = Object.keys(form.entries).flatMap((name) =>
    name === 'confirm'
      ? [name, ...Object.keys(forms.ConfirmForm.entries).map((of) => `${name}.${of}`)]
      : name,
  )
  // A name that came from outside is not repeated.
  if (!fields.includes(field))
    throw new DuetError(
      'bad_message',
      `${what} is a JSON object with no other fields than \`${fields.join('`, `')}\`.`,
    )
  throw new DuetError(
    'bad_message',
    issue.received === 'undefined'
      ? `${what} lacks \`${field}\`.`
      : `${what} needs \`${field}\` in the form that the protocol gives it.`,
  )
}

function encodeConfirm(confirm: Confirm | undefined) {
  if (confirm === undefined) return {}
  return {
    confirm: {
      session: bytesToHex(confirm.session),
      tag: bytesToHex(confirm.tag),
      ...(confirm.ciphertext && { ciphertext: bytesToHex(confirm.ciphertext) }),
    },
  }
}

function decodeConfirm({ name, kem }: Suite, form: ConfirmForm | undefined): { confirm?: Confirm } {
  if (form === undefined) return {}
  const { session, tag, ciphertext } = form
  if (ciphertext !== undefined && kem === null)
    throw new DuetError('bad_message', `\`confirm.ciphertext\` has no place on ${name}.`)
  return {
    confirm: {
      session: decodeHex('confirm.session', session, SESSION_ID_BYTES),
      tag: decodeHex('confirm.tag', tag, CONFIRM_TAG_BYTES),
      ...(ciphertext !== undefined &&
        kem !== null && {
          ciphertext: decodeHex('confirm.ciphertext', ciphertext, kem.ciphertextBytes),
        }),
    },
  }
}

/** Lower-case hex of `min` to `max` bytes: upper case and odd lengths are other forms of the same value. */
function decodeHex(field: string, hex: string, min: number, max = min): Uint8Array {
  if (hex.length < 2 * min || hex.length > 2 * max || hex.length % 2 !== 0) {
    const expected = min === max ? `${2 * min}` : `an even number from ${2 * min} to ${2 * max}`
    throw new DuetError(
      'bad_encoding',
      `\`${field}\` has ${hex.length} characters; expected ${expected} hex digits.`,
    )
  }
  try {
    return hexToBytes(hex)
  } catch {
    throw new DuetError('bad_encoding', `\`${field}\` is not in lower-case hex.`)
  }
}
