/** An HTTP server with the limits that a peer keeps, and the errors below HTTP as problems too. */

import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { isIP, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { isLocal } from './loopback.ts'
import { commandsOf } from './nextCommands.ts'
import { encodeProblem, HttpError, problemOf, SAFE_HEADERS } from './problems.ts'
import { GatheringRequest } from './reading.ts'
import { ROUTES } from './routes.ts'

/** How long a caller has, in ms. */
export interface Patience {
  /** For the headers of a request to arrive. */
  readonly headers: number
  /** For all of a request to arrive; a picture, how long it may come to a halt. */
  readonly request: number
}

const PATIENCE: Patience = { headers: 5_000, request: 10_000 }
const LIMITS = {
  IncomingMessage: GatheringRequest,
  /** Node's limit would end long pictures: `limitTime` takes its place. */
  requestTimeout: 0,
  maxHeaderSize: 16 * 1024,
  /** A missing Host is refused by the guard, with an answer that says why. */
  requireHostHeader: false,
}
const MAX_CONNECTIONS = 64
/** How many of them may be from other machines: the rest is for the owner, who calls from this machine. */
const MAX_STRANGERS = 48
/** How many requests of one connection may be there at a time: one under way, and others behind it. */
const MAX_PIPELINED = 16
/** How many bytes of a picture have to arrive in each stretch of the time that a request may take. */
const PICTURE_BYTES = 16 * 1024
/** How long a caller has to read why it was refused, in ms. */
const REFUSED_MS = 2_000

/**
 * Listens on `host` and `port` (0: any free one). Requests wait until `listener` is there:
 * a peer can't be made before its port is known to be free. A caller has 5 s for the headers of
 * a request and 10 s for all of it, unless `patience` says otherwise.
 * @throws the system's error if it can't listen
 */
export async function listen(
  { host, port }: { host: string; port: number },
  listener: Promise<RequestListener>,
  patience = PATIENCE,
): Promise<http.Server> {
  const inTurn = createTurns()
  const handle: RequestListener = (request, response) => {
    inTurn(request.socket, response, () => {
      limitTime(patience, request, response)
      listener.then((listen) => listen(request, response)).catch(() => response.destroy())
    })
  }
  const timeouts = {
    headersTimeout: patience.headers,
    // Node looks for late requests only this often
    connectionsCheckingInterval: patience.headers / 5,
  }
  const server = http.createServer({ ...LIMITS, ...timeouts }, handle)
  server.maxConnections = MAX_CONNECTIONS
  server.prependListener('connection', strangersWithin(MAX_STRANGERS))
  // Node would drop headers beyond a count without a word; the limit here is `maxHeaderSize`
  server.maxHeadersCount = 0
  // an expectation other than 100-continue may be ignored (RFC 9110 section 10.1.1)
  server.on('checkExpectation', handle)
  server.on('connect', (_request, socket: Socket) => {
    // Node listens to this socket no more
    socket.on('error', () => socket.destroy())
    refuse(socket, notProxy())
    socket.destroySoon()
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    refuse(socket, faultOf(patience, error))
  })
  // by us: Bun does not say of a name that it is none
  const address = isIP(host)
    ? host
    : (await (await import('node:dns/promises')).lookup(host)).address
  await new Promise<void>((resolve, reject) => {
    // the listener stays, so that a connection that the system can't take (EMFILE) ends no peer; Bun does not say where
    server.on('error', (error) => reject(Object.assign(error, { address: host, port, ...error })))
    server.listen({ host: address, port }, resolve)
  })
  return server
}

/** Makes a function that closes each connection from another machine that is one more than `most`, as Node does over its limit. */
function strangersWithin(most: number): (socket: Socket) => void {
  let strangers = 0
  return (socket) => {
    if (isLocal(socket.remoteAddress ?? '')) return
    if (strangers === most) {
      socket.destroy()
      return
    }
    strangers++
    socket.once('close', () => strangers--)
  }
}

/**
 * Makes a function that runs the requests of each connection one after another. Node hands out
 * as many at once as one sends without waiting for answers, each with its body: the limit on
 * connections would limit nothing. One that waits is not read, and neither is what is behind it.
 */
function createTurns(): (socket: Socket, response: ServerResponse, run: () => void) => void {
  const queues = new WeakMap<Socket, (() => void)[]>()
  return (socket, response, run) => {
    const queue = queues.get(socket) ?? []
    queues.set(socket, queue)
    queue.push(run)
    response.once('close', () => {
      queue.shift()
      if (!socket.destroyed) queue[0]?.()
    })
    if (queue.length > MAX_PIPELINED) socket.destroy()
    else if (queue.length === 1) run()
  }
}

/** Ends a request that does not arrive in time, answered or not. */
function limitTime(patience: Patience, request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request
  const byProgress = ROUTES.get(request.url?.split('?')[0] ?? '')?.takesPicture
  let seen = socket.bytesRead
  const timer = setInterval(() => {
    const moved = socket.bytesRead - seen >= PICTURE_BYTES
    seen = socket.bytesRead
    // a connection may be lost without its request being closed
    if (request.complete || socket.destroyed) clearInterval(timer)
    // a picture that waits here for its turn, or for our disk, is not late
    else if (byProgress && (moved || request.readableLength > 0)) return
    else if (response.headersSent) socket.destroy()
    else refuse(socket, tooSlow(patience))
  }, patience.request)
  timer.unref()
  request.once('close', () => clearInterval(timer))
}

/** What Node's parser refuses, as a refusal of ours. */
function faultOf(patience: Patience, { code, rawPacket }: ParserError): HttpError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpError(
        'headers_too_large',
        `The headers of a request have at most ${LIMITS.maxHeaderSize} bytes.`,
      )
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return tooSlow(patience)
    // Deno has one code for all
    case 'HPE_ERROR':
    case 'HPE_INVALID_URL':
      return urlFault(rawPacket?.toString('latin1').split('\r\n')[0] ?? '')
    default:
      return malformed()
  }
}

/** `rawPacket`: what was being parsed. */
type ParserError = NodeJS.ErrnoException & { rawPacket?: Buffer }

/** `line`: the request's first, as far as it came. */
function urlFault(line: string): HttpError {
  if (/^(?:GET|POST) (?:\/other)?\/send_msg\?/.test(line))
    return new HttpError(
      'text_in_url',
      'Programs on the way write URLs into their logs, and a URL is in ASCII only.',
    )
  return /[\x80-\xff]/.test(line) ? malformed(NOT_ASCII) : malformed()
}

const NOT_ASCII =
  'A URL is in ASCII only: all else is percent-encoded, which curl does with -G --data-urlencode.'

function malformed(detail = 'This is not HTTP/1.1.'): HttpError {
  return new HttpError('bad_request', detail)
}

function tooSlow({ headers, request }: Patience): HttpError {
  return new HttpError(
    'too_slow',
    `Headers arrive within ${headers / 1000} seconds, requests within ${request / 1000}; of a picture at least ${PICTURE_BYTES / 1024} KiB in that time.`,
  )
}

function notProxy(): HttpError {
  return new HttpError('method_not_allowed', 'This is not a proxy.', { Allow: 'GET, POST' })
}

/** Where there is no request that Koa could answer: writes the answer itself, and ends the connection. */
function refuse(socket: Duplex, error: HttpError): void {
  if (!(socket instanceof Socket && socket.writable)) {
    socket.destroy()
    return
  }
  const url = `http://127.0.0.1:${socket.localPort}`
  const problem = problemOf(error, commandsOf({ url, peerUrl: url }), '')
  const body = encodeProblem(problem)
  const headers = {
    ...SAFE_HEADERS,
    ...error.headers,
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const { status } = problem
  socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
  // a caller that never ends its side would hold its connection for good
  setTimeout(() => socket.destroy(), REFUSED_MS).unref()
}
