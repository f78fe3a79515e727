/** The lab's requests: they go to this machine and nowhere else. */

import { programName } from '../../disk/programName.ts'
import { isCode } from '../../http/codes.ts'
import { localOrigin } from '../../http/loopback.ts'
import { type Answer, Client } from '../../http/requests.ts'
import { PeerError } from '../../peer/contract.ts'

const TIMEOUT_MS = 10_000
/** /show with as many of the longest messages as may wait has a megabyte. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024

export interface CallOptions {
  /** A GET without a body, a POST with one. */
  readonly body?: Uint8Array | string
  readonly type?: string
}

/**
 * One request to `origin`, and its whole answer, whatever its status.
 * @throws PeerError `peer_unreachable` `peer_timeout`, and `peer_refused` where the answer is too long
 */
export async function call(
  origin: string,
  path: string,
  { body, type = 'application/json' }: CallOptions = {},
): Promise<Answer> {
  if (localOrigin(origin) !== origin) throw new Error('The lab stays on this machine.')
  const limits = { timeout: TIMEOUT_MS, maxAnswer: MAX_BODY_BYTES, keepAlive: false }
  const client = new Client(origin, { ...limits, type })
  try {
    return await (body === undefined ? client.get(path) : client.post(path, Buffer.from(body)))
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    const { code, message, failure } = error
    if (failure === null)
      throw new PeerError('peer_refused', `What answers at ${origin} is not a peer.`)
    const start = ` Start both peers first: ${programName()} both`
    const detail = failure === 'connection refused' ? `${message}${start}` : message
    throw new PeerError(code, detail, null, failure)
  }
}

/** The code of a refusal; else "accepted", or what else it was. */
export function outcome({ status, bytes }: Answer): string {
  if (status < 400) return 'accepted'
  const { code } = fieldsOf(bytes)
  return isCode(code) ? code : `HTTP ${status}`
}

/**
 * A step of a peer's owner; `text` goes in the body.
 * @throws PeerError
 */
export async function step(origin: string, path: string, text?: string): Promise<Answer> {
  const answer = await call(
    origin,
    path,
    text === undefined ? {} : { body: text, type: 'text/plain' },
  )
  const said = outcome(answer)
  if (said === 'accepted') return answer
  const code = isCode(said) ? said : null
  throw new PeerError('peer_refused', `${origin}${path} answered: ${said}.`, code)
}

/** The object that a body has as JSON; without fields if it has none. */
export function fieldsOf(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
