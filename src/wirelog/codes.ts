/** Every code that a refusal on the wire can have. `http/codes.ts` has a row for each. */

import { PEER_CODES } from '../peer/contract.ts'
import { PROTOCOL_CODES } from '../protocol/errors.ts'

/** What HTTP itself can refuse. */
const HTTP_CODES = [
  'bad_request',
  'text_in_url',
  'bad_letter',
  'cross_site',
  'owner_only',
  'not_between',
  'not_found',
  'no_image',
  'method_not_allowed',
  'too_large',
  'unsupported_type',
  'bad_host',
  'too_slow',
  'headers_too_large',
  'internal',
] as const
export type HttpCode = (typeof HTTP_CODES)[number]

export const CODES = [...PROTOCOL_CODES, ...PEER_CODES, ...HTTP_CODES] as const
export type Code = (typeof CODES)[number]
