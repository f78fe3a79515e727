/** One request to a student's peer. Whatever that does, it ends in time, and in bounded memory. */

import http from 'node:http'
import type { Readable } from 'node:stream'
import { jsonOf } from './forms.ts'

export interface CallOptions {
  readonly method?: string
  /** The body: whole, or as a stream, which is sent in chunks without a length. */
  readonly body?: Uint8Array | string | Readable
  readonly headers?: http.OutgoingHttpHeaders
  /** What the request may take, in milliseconds. */
  readonly ms?: number
  /** To use one connection for several requests. */
  readonly agent?: http.Agent
  /** Present: `Host` is this; null: there is none. */
  readonly host?: string | null
  /** Another address of this machine than that of the URL. */
  readonly address?: string
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
  /** The body as JSON, undefined if it is none. */
  readonly json: unknown
  /** `code` of a problem, else null. */
  readonly code: string | null
  /** How long it took. */
  readonly ms: number
  /** True if the answer came before all of the request was sent. */
  readonly isEarly: boolean
}

/** `slow`: nothing whole came in time. `broken`: the connection ended. `unreachable`: there was none. `too long`: over 2 MiB. */
export type NoAnswerKind = 'slow' | 'broken' | 'unreachable' | 'too long' | 'not HTTP'

/** What `call` throws in place of an answer. */
export class NoAnswer extends Error {
  readonly kind: NoAnswerKind

  constructor(kind: NoAnswerKind, message: string) {
    super(message)
    this.kind = kind
  }
}

const REQUEST_MS = 8_000
const MAX_ANSWER = 2 * 1024 * 1024
/** Letters of a code: no code of the specification has as many. */
const MAX_CODE = 80

/**
 * The answer of `url`, whatever its status. Reads while it writes.
 * @throws NoAnswer
 */
export function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const { body, headers = {}, ms = REQUEST_MS, agent, host, address } = options
  const method = options.method ?? (body === undefined ? 'GET' : 'POST')
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    const request = http.request(url, {
      method,
      headers: { ...headers, ...(typeof host === 'string' ? { host } : {}) },
      setHost: host === undefined,
      agent: agent ?? false,
      ...(address === undefined ? {} : { hostname: address }),
    })
    const fail = (kind: NoAnswerKind, message: string) => {
      clearTimeout(timer)
      request.destroy()
      reject(new NoAnswer(kind, message))
    }
    const timer = setTimeout(() => fail('slow', `no whole answer within ${ms / 1000} seconds`), ms)
    let hasSent = false
    request.once('finish', () => {
      hasSent = true
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      const { code = error.message } = error
      if (code === 'ECONNREFUSED') fail('unreachable', 'nobody listens there')
      else if (code.startsWith('HPE_')) fail('not HTTP', 'what came is not HTTP')
      else fail('broken', `the connection broke (${code})`)
    })
    request.once('upgrade', () => fail('not HTTP', 'it answered 101 and changed the protocol'))
    request.once('response', (response) => {
      const isEarly = !hasSent
      const parts: Buffer[] = []
      let length = 0
      response.on('data', (part: Buffer) => {
        length += part.length
        if (length > MAX_ANSWER) fail('too long', 'the answer has over 2 MiB')
        else parts.push(part)
      })
      response.once('error', () => fail('broken', 'the answer broke off'))
      response.once('aborted', () => fail('broken', 'the answer broke off'))
      response.once('end', () => {
        clearTimeout(timer)
        if (!hasSent) request.destroy()
        const bytes = Buffer.concat(parts)
        const json = jsonOf(bytes)
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: bytes,
          json,
          code: codeOf(json),
          ms: performance.now() - begun,
          isEarly,
        })
      })
    })
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array)
      request.end(body)
    else {
      body.on('error', () => request.destroy())
      body.pipe(request)
    }
  })
}

function codeOf(json: unknown): string | null {
  if (typeof json !== 'object' || json === null) return null
  const { code } = json as { code?: unknown }
  return typeof code === 'string' ? code.slice(0, MAX_CODE) : null
}
