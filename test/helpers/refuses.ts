/** A refusal by its code. */

import assert from 'node:assert/strict'
import { DuetError, type ProtocolCode } from '../../src/protocol/errors.ts'
import { parseJson } from '../../src/protocol/json.ts'

/** Why something was refused: a sentence that leaves nothing out. */
export const REASON = /^\S(?!.*``).{10,}\.$/

/** Fails unless `operation` throws a DuetError with this code. Returns the error. */
export function refuses(code: ProtocolCode, operation: () => unknown): DuetError {
  let refusal: unknown
  assert.throws(operation, (error) => {
    refusal = error
    return true
  })
  return withCode(code, refusal)
}

/** Fails unless `promise` is rejected with a DuetError of this code. Returns the error. */
export async function rejects(
  code: ProtocolCode,
  promise: Promise<unknown>,
  what?: string,
): Promise<DuetError> {
  let refusal: unknown
  await assert.rejects(
    promise,
    (error) => {
      refusal = error
      return true
    },
    what,
  )
  return withCode(code, refusal)
}

function withCode(code: ProtocolCode, refusal: unknown): DuetError {
  assert.ok(refusal instanceof DuetError, `expected a DuetError, got ${refusal}`)
  assert.equal(refusal.code, code, refusal.message)
  assert.equal(refusal.name, 'DuetError')
  assert.match(refusal.message, REASON, 'a refusal says why, in a sentence')
  return refusal
}

/** The value of a body that stands in a table of bad input; a text is JSON, as it would come over HTTP. */
export function bodyValue(body: unknown): unknown {
  if (typeof body !== 'string') return body
  try {
    return parseJson(body)
  } catch (cause) {
    assert.ok(cause instanceof SyntaxError)
    throw new DuetError('bad_message', 'This is not JSON.', { cause })
  }
}
