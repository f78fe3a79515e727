/** One HTTP request with nothing added to it, and its whole answer. */

import http from 'node:http'
import { Readable } from 'node:stream'

export const JSON_TYPE = 'application/json'
export const TEXT = 'text/plain'
export const FORM = 'application/x-www-form-urlencoded'

export interface CallOptions {
  method?: string
  headers?: Record<string, string | string[]>
  /** In pieces: with its length among the headers, or chunked. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array>
  agent?: http.Agent
  signal?: AbortSignal
  /** Stands in the request as it is, in place of the URL's. */
  path?: string
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  bytes: Buffer
  /** The bytes as UTF-8. */
  text: string
  /** The body as JSON; fails the test if it isn't. */
  // biome-ignore lint/suspicious/noExplicitAny: a test names the fields that it expects
  json: any
}

export function answerOf(status: number, headers: http.IncomingHttpHeaders, bytes: Buffer): Answer {
  const text = bytes.toString('utf8')
  return {
    status,
    headers,
    bytes,
    text,
    get json() {
      return JSON.parse(text)
    },
  }
}

/** Calls `url` on a connection of its own (unless there is an agent) and reads the answer to its end. */
export function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const { headers = {}, body, ...rest } = options
  const isWhole = typeof body === 'string' || body instanceof Uint8Array
  const hasLength = isWhole && !('transfer-encoding' in headers)
  const length = hasLength && { 'content-length': String(Buffer.byteLength(body)) }
  const { request, answer } = beginCall(url, { ...rest, headers: { ...length, ...headers } })
  if (body === undefined || isWhole) request.end(body)
  else Readable.from(body).pipe(request)
  return answer
}

/** As `call`, for whoever writes the body itself, and ends the request. */
export function beginCall(url: string, options: Omit<CallOptions, 'body'>) {
  const request = http.request(url, { agent: false, ...options })
  const answer = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve(answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks)))
      })
    })
  })
  return { request, answer }
}

/** The options of a POST of `body`, with a content type unless that is undefined. */
export function posting(
  type: string | undefined,
  body: string | Uint8Array = '',
  headers: Record<string, string> = {},
): CallOptions {
  return { method: 'POST', headers: { ...(type && { 'content-type': type }), ...headers }, body }
}

/** POSTs `body` as JSON, as a peer does; a string or bytes as they are. */
export function post(url: string, body: unknown, agent?: http.Agent): Promise<Answer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const options = posting(JSON_TYPE, isRaw ? body : JSON.stringify(body))
  return call(url, { ...options, ...(agent && { agent }) })
}
