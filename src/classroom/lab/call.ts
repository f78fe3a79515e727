/** The lab's requests: they go to this machine and nowhere else. */

import http from 'node:http'
import { programName } from '../../disk/programName.ts'
import { isCode } from '../../http/codes.ts'
import { failedRequest } from '../../http/failures.ts'
import { loopbackOrigin } from '../../http/loopback.ts'
import { readWhole, TooLong } from '../../http/reading.ts'
import { PeerError } from '../../peer/contract.ts'

const TIMEOUT_MS = 10_000
/** /show with as many of the longest messages as may wait has a megabyte. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024

export interface CallOptions {
  /** By default a GET without a body, a POST with one. */
  readonly body?: Uint8Array | string
  readonly type?: string
}

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Buffer
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
  if (loopbackOrigin(origin) !== origin) throw new Error('The lab stays on this machine.')
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const headers = body === undefined ? {} : { 'content-type': type }
  let connect: number | undefined
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const request = http.request(
        `${origin}${path}`,
        // its own agent: the global one may take a proxy from the environment
        { method: body === undefined ? 'GET' : 'POST', headers, agent: new http.Agent(), signal },
        (response) => {
          const { statusCode: status = 0, headers } = response
          readWhole(response, MAX_BODY_BYTES, headers['content-length']).then(
            (body) => resolve({ status, type: headers['content-type'] ?? '', body }),
            (error) => {
              // somebody may go on sending
              request.destroy()
              reject(error)
            },
          )
        },
      )
      request.on('error', reject)
      request.once('socket', (socket) =>
        socket.once('connect', () => {
          connect = performance.now()
        }),
      )
      request.end(body)
    })
  } catch (error) {
    if (error instanceof TooLong)
      throw new PeerError('peer_refused', `What answers at ${origin} is not a peer.`)
    const late = signal.aborted ? { code: 'ETIMEDOUT' } : error
    const { code, message, failure } = failedRequest(new URL(origin), { connect }, late)
    const start = ` Start both peers first: ${programName()} both`
    const detail = failure === 'connection refused' ? `${message}${start}` : message
    throw new PeerError(code, detail, null, failure)
  }
}

/** The code of a refusal; else "accepted", or what else it was. */
export function outcome({ status, body }: Answer): string {
  if (status === 200 || status === 201) return 'accepted'
  const { code } = jsonOf(body)
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
export function jsonOf(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
