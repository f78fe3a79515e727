/** One HTTP request with nothing added to it, and its whole answer. */

import http from 'node:http'

export interface CallOptions {
  method?: string
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array
  agent?: http.Agent
  /** Stands in the request as it is, in place of the URL's. */
  path?: string
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  text: string
  /** The body as JSON; fails the test if it isn't. */
  // biome-ignore lint/suspicious/noExplicitAny: a test names the fields that it expects
  json: any
}

/** Calls `url` on a connection of its own (unless there is an agent) and reads the answer to its end. */
export function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, agent = false, path } = options
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request = http.request(
      url,
      {
        method,
        headers: { ...length, ...headers },
        agent,
        ...(path === undefined ? {} : { path }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            get json() {
              return JSON.parse(text)
            },
          })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** POSTs `body` as JSON, as a peer does; a string or bytes as they are. */
export function post(url: string, body: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const text = isRaw ? body : JSON.stringify(body)
  return call(url, { method: 'POST', headers, body: text })
}
