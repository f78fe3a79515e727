/** The other peer of a student's: a server whose answers each clause writes. */

import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request of the student's peer. */
export interface Received {
  readonly method: string
  /** As in the request's first line. */
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly request: http.IncomingMessage
  /** All of the body; rejects if it breaks off, or is far longer than it may be. */
  readonly body: () => Promise<Buffer>
  /** When it came, as `performance.now()` counts. */
  readonly at: number
}

/** `close`: the connection is cut without an answer. `never`: there is no answer, and the connection stays. */
export type Reply =
  | 'close'
  | 'never'
  | {
      readonly status: number
      /** An object is sent as JSON. */
      readonly body: object | string | Uint8Array
      readonly type?: string
      readonly headers?: http.OutgoingHttpHeaders
      /** Cuts the connection once this many bytes of the body are sent. */
      readonly cutAt?: number
    }

export type Handler = (received: Received) => Reply | Promise<Reply>

/** The longest body that is read: of a picture, and of anything else. */
const MAX_PICTURE = 96 * 1024 * 1024
const MAX_JSON = 256 * 1024
/** What is held of all bodies together: of pictures, and of anything else. */
const MAX_HELD = 256 * 1024 * 1024
const MAX_JSON_HELD = 32 * 1024 * 1024
const MAX_CONNECTIONS = 64
/** More requests than this are not remembered: a student's peer may send without end. */
const MAX_REMEMBERED = 2_000

/** 201 with `body`. */
export function accepted(body: object = { accepted: true }): Reply {
  return { status: 201, body }
}

/** A refusal as a peer gives it (RFC 9457). */
export function refusal(code: string, status = 409): Reply {
  const body = { type: 'about:blank', status, title: 'refused', code, next: [] }
  return { status, body, type: 'application/problem+json' }
}

export class OtherPeer {
  readonly origin: string
  readonly port: number
  /** All that came, in order. */
  readonly received: Received[] = []
  /** Answers what comes; what it has no reply for is `not_found`. */
  handler: Handler = () => refusal('not_found', 404)
  readonly #server: http.Server
  readonly #held = { pictures: 0, json: 0 }

  private constructor(server: http.Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    this.origin = `http://127.0.0.1:${this.port}`
  }

  /** Listens on a free port of 127.0.0.1, or on `port`. */
  static async listen(port = 0): Promise<OtherPeer> {
    const server = http.createServer({ requestTimeout: 0, headersTimeout: 10_000 })
    server.maxConnections = MAX_CONNECTIONS
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const peer = new OtherPeer(server)
    server.on('request', (request, response) => void peer.#take(request, response))
    server.on('clientError', (_error, socket) => socket.destroy())
    return peer
  }

  /** What came after the first `count` requests, of this path if one is given. */
  since(count: number, path?: string): Received[] {
    return this.received.slice(count).filter((one) => path === undefined || one.path === path)
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    request.on('error', () => {})
    response.on('error', () => {})
    // A body that is cut off takes the request's own with it.
    const { socket } = request
    let body: Promise<Buffer> | undefined
    const received: Received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      request,
      body: () => {
        body ??= this.#read(request)
        return body
      },
      at: performance.now(),
    }
    if (this.received.length < MAX_REMEMBERED) this.received.push(received)
    let reply: Reply
    try {
      reply = await this.handler(received)
      // What was not read is read now, so that the answer is not lost with the connection.
      if (reply !== 'never' && reply !== 'close' && body === undefined) request.resume()
    } catch {
      reply = 'close'
    }
    if (reply === 'never') return
    if (reply === 'close') socket.destroy()
    else send(response, reply)
  }

  async #read(request: http.IncomingMessage): Promise<Buffer> {
    const kind = request.url === '/wire/image' ? 'pictures' : 'json'
    const [limit, all] = kind === 'pictures' ? [MAX_PICTURE, MAX_HELD] : [MAX_JSON, MAX_JSON_HELD]
    const parts: Buffer[] = []
    let length = 0
    for await (const part of request as AsyncIterable<Buffer>) {
      length += part.length
      this.#held[kind] += part.length
      if (length > limit || this.#held[kind] > all) throw new Error('The body is too long.')
      parts.push(part)
    }
    return Buffer.concat(parts)
  }
}

function send(response: http.ServerResponse, reply: Exclude<Reply, string>): void {
  const { status, body, headers = {}, cutAt } = reply
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const bytes = Buffer.from(isRaw ? body : JSON.stringify(body))
  const type = reply.type ?? 'application/json'
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, ...headers })
  if (cutAt === undefined) response.end(bytes)
  else response.write(bytes.subarray(0, cutAt), () => response.destroy())
}
