/** The forms of what crosses the wire as JSON, and of what stands before a picture: strict, so that each value has one form. */

import * as v from 'valibot'

export const VERSION = 2

/** JSON can have 0 as -0, which would be a second form of it. */
const isNotMinusZero = (seq: number) => !Object.is(seq, -0)

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export const ConfirmForm = v.strictObject({
  session: v.string(),
  tag: v.string(),
  // on a suite with a KEM; `decodeConfirm` refuses it on another
  ciphertext: v.exactOptional(v.string()),
})
export const KeyForm = v.strictObject({
  v: v.literal(VERSION),
  curve: v.string(),
  basePoint: v.string(),
  identity: v.string(),
  publicKey: v.string(),
  confirm: v.exactOptional(ConfirmForm),
})
export const AnswerForm = v.strictObject({
  accepted: v.literal(true),
  confirm: v.exactOptional(ConfirmForm),
})
export const MessageForm = v.strictObject({
  v: v.literal(VERSION),
  session: v.string(),
  seq: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.check(isNotMinusZero)),
  ciphertext: v.string(),
})
export const MessageAnswerForm = v.strictObject({ accepted: v.literal(true), missing: count })
export const ImageAnswerForm = v.strictObject({ accepted: v.literal(true), bytes: count })

const TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const
export const Metadata = v.strictObject({
  type: v.picklist(TYPES),
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  name: v.string(),
})
