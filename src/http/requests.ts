/** Requests by got: to one origin, once, with a bounded answer, and every failure as a PeerError. */

import { once } from 'node:events'
import http from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Got, Request, Response } from 'got'
import { PeerError } from '../peer/contract.ts'
import { parseJson } from '../protocol/json.ts'
import { isCode } from './codes.ts'
import { failedRequest } from './failures.ts'
import { readWhole, TooLong } from './reading.ts'

/** For a whole round trip, in ms. */
export const TIMEOUT = 5_000

/** How long a connection waits for the next request, in ms: less than a server waits, so that none is sent into its end. */
const IDLE_MS = 1_000

/** An answer is small; a longer one is not a peer's. */
const MAX_ANSWER_BYTES = 16 * 1024
const UTF8 = new TextDecoder()

export interface Answer {
  status: number
  /** As it came. */
  text: string
  /** The text, parsed. */
  body: unknown
}

/** got is loaded with the first request: a third of the time that a peer takes to start. */
export async function clientOf(url: string): Promise<Got> {
  const { got } = await import('got')
  return got.extend({
    prefixUrl: url,
    // its own agent: the global one may take a proxy from the environment
    agent: { http: new http.Agent({ keepAlive: true, timeout: IDLE_MS }) },
    decompress: false,
    followRedirect: false,
    retry: { limit: 0 },
    throwHttpErrors: false,
    // got's own hands on forty more, all for TLS and unset, which Node then copies twice
    request: (url, { agent, headers, method }) => http.request(url, { agent, headers, method }),
  })
}

/**
 * POSTs `content`, and stops sending as soon as there is an answer. A piece may be overwritten once the next one
 * is asked for. `timeout` is how long, in ms, nothing may move.
 */
export async function upload(
  client: Got,
  path: string,
  headers: Record<string, string>,
  content: AsyncIterable<Uint8Array>,
  timeout: number,
): Promise<Answer> {
  const request = client.stream.post(path, { headers, timeout: { connect: timeout } })
  let fault: unknown
  /** Since when we wait for the other peer to take more; null while we wait for the picture itself. */
  let waiting: number | null = performance.now()
  async function* noting() {
    try {
      waiting = null
      for await (const piece of content) {
        waiting = performance.now()
        yield piece
        waiting = null
      }
    } catch (error) {
      fault = error
      throw error
    } finally {
      waiting = performance.now()
    }
  }
  const watch = setInterval(() => {
    if (waiting === null || performance.now() - waiting < timeout) return
    const late = failed(request, { code: 'ETIMEDOUT' })
    fault = late
    // without an error nobody who waits for the request would hear of it
    request.destroy(late)
  }, timeout / 10)
  const sending = new AbortController()
  // got buffers nothing itself, so a piece is asked for when the system has the one before; how it ends is known from the answer
  pipeline(noting(), request, { signal: sending.signal }).catch(() => {})
  try {
    return await answerTo(request)
  } catch (error) {
    // the picture itself was at fault, and not the way to the other peer
    if (fault !== undefined) throw fault
    throw error instanceof PeerError && error.failure === 'connection broke'
      ? maybeRefused(error)
      : error
  } finally {
    clearInterval(watch)
    sending.abort()
  }
}

/** A receiver that closes the connection while the picture still comes may take its own answer away with it. */
function maybeRefused({ code, message, failure }: PeerError): PeerError {
  const hint = 'Perhaps it refused the picture while it still came: its terminal says why.'
  return new PeerError(code, `${message} ${hint}`, null, failure)
}

/** The answer's status and its parsed body. @throws PeerError */
export async function answerTo(request: Request): Promise<Answer> {
  const answer = await textAnswerTo(request)
  return { ...answer, body: parsed(answer.text) }
}

/** @throws PeerError */
export function parsed(text: string): unknown {
  return understood(parseJson, text)
}

/** The answer's status and its text. @throws PeerError */
export async function textAnswerTo(request: Request): Promise<Omit<Answer, 'body'>> {
  try {
    request.on('error', () => {})
    const [response] = (await Promise.race([once(request, 'response'), switched(request)])) as [
      Response,
    ]
    const body = await readWhole(request, MAX_ANSWER_BYTES, response.headers['content-length'])
    return { status: response.statusCode, text: UTF8.decode(body) }
  } catch (error) {
    request.destroy()
    // got's error holds the whole request: neither it nor its text goes any further
    if (error instanceof PeerError) throw error
    if (error instanceof TooLong) throw notAPeer()
    throw failed(request, error)
  }
}

/**
 * Rejects if the answer is that the connection is something else than HTTP from now on (101).
 * Then there is no other answer, and no timeout of got's any more.
 * @throws PeerError `peer_refused`
 */
function switched(request: Request): Promise<never> {
  return new Promise((_resolve, reject) => {
    request.once('upgrade', (_response, socket: Socket) => {
      socket.destroy()
      reject(notAPeer())
    })
  })
}

/** The body of an answer that accepts. @throws PeerError */
export function acceptedOf(answer: Answer): unknown {
  return answer.status === 201 ? answer.body : refused(answer)
}

/** @throws PeerError */
export function refused({ status, body }: Omit<Answer, 'text'>): never {
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : null
  if (status < 400 || !isCode(code)) throw notAPeer()
  throw new PeerError('peer_refused', `The other peer answered: ${code}.`, code)
}

/** What `parse` makes of an answer's body. @throws PeerError `peer_refused` if it is not a peer's */
export function understood<In, Out>(parse: (body: In) => Out, body: In): Out {
  try {
    return parse(body)
  } catch {
    throw notAPeer()
  }
}

function failed({ options, timings }: Request, error: unknown): PeerError {
  return failedRequest(new URL(options.url ?? options.prefixUrl), timings, error)
}

function notAPeer(): PeerError {
  return new PeerError(
    'peer_refused',
    'What answers at the other address is not a peer of this kind.',
  )
}
