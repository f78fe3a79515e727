/** One HTTP request with nothing added to it, and its whole answer. */

import http from 'node:http'
import { Readable } from 'node:stream'

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
  /** The body as it came, where `call` read it. */
  bytes?: Buffer
  text: string
  /** The body as JSON; fails the test if it isn't. */
  // biome-ignore lint/suspicious/noExplicitAny: a test names the fields that it expects
  json: any
}

/** Calls `url` on a connection of its own (unless there is an agent) and reads the answer to its end. */
export function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const { body, headers, agent = false, ...rest } = options
  const isWhole = typeof body === 'string' || body instanceof Uint8Array
  const length = isWhole ? { 'content-length': String(Buffer.byteLength(body)) } : {}
  return new Promise((resolve, reject) => {
    const all = { ...rest, agent, headers: { ...length, ...headers } }
    const request = http.request(url, all, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const text = bytes.toString('utf8')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          text,
          get json() {
            return JSON.parse(text)
          },
        })
      })
    })
    request.on('error', reject)
    if (body === undefined || isWhole) request.end(body)
    else Readable.from(body).pipe(request)
  })
}

/** POSTs `body` as JSON, as a peer does; a string or bytes as they are. */
export function post(url: string, body: unknown, agent?: http.Agent): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const text = isRaw ? body : JSON.stringify(body)
  return call(url, { method: 'POST', headers, body: text, ...(agent && { agent }) })
}
