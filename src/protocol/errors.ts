/** The errors of duet/2: one class, and the union of the protocol's codes. */

/** What the protocol can refuse. */
export const PROTOCOL_CODES = [
  'bad_message',
  'bad_encoding',
  'bad_version',
  'bad_point',
  'bad_base_point',
  'bad_text',
  'bad_image',
  'decrypt_failed',
  'curve_mismatch',
  'reflection',
  'stale_keys',
  'identity_changed',
  'confirm_failed',
  'no_session',
  'in_doubt',
  'unknown_session',
  'replay',
  'too_far_ahead',
  'rekey_required',
  'inbox_full',
  'too_large',
  'nothing_waiting',
] as const
/** One of these. */
export type ProtocolCode = (typeof PROTOCOL_CODES)[number]

/**
 * A refusal: `code` for programs, the message for people. The message is a
 * fixed text about the form of what came; it never quotes a secret.
 */
export class DuetError<Code extends string = ProtocolCode> extends Error {
  // a field: where Error.prototype is frozen, `name` can't be assigned
  override readonly name = 'DuetError'
  readonly code: Code

  constructor(code: Code, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.code = code
  }
}

/**
 * A message that came once more, byte for byte as it was accepted: refused as any other `replay`, but nobody's
 * attack. Its sender has had no answer, or the network made two of one.
 */
export class CopyError extends DuetError<'replay'> {
  readonly seq: number

  constructor(seq: number, detail: string) {
    super('replay', detail)
    this.seq = seq
  }
}
