/** The one HTTP client: it calls one origin, takes a bounded answer, and turns every failure into a PeerError. */

import { once } from 'node:events'
import http from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { urlToHttpOptions } from 'node:url'
import type { Got, Request, Response } from 'got'
import { PeerError } from '../peer/contract.ts'
import { parseJson } from '../protocol/json.ts'
import { isCode } from './codes.ts'
import { failedRequest } from './failures.ts'
import { readWhole, TooLong } from './reading.ts'

/** For a whole round trip, in ms. */
export const TIMEOUT = 5_000

/** How long an unused connection is kept, in ms: for less time than a server keeps it, so that no request meets its end. */
const IDLE_MS = 1_000

/** An answer is small; a longer one is not a peer's. */
const MAX_ANSWER_BYTES = 16 * 1024
const UTF8 = new TextDecoder()

export interface Answer {
  readonly status: number
  /** Its content type, or ''. */
  readonly type: string
  readonly bytes: Buffer
}

export interface ClientOptions {
  /** How long, in ms, a round trip may take; of an upload, how long nothing may move. */
  readonly timeout?: number
  /** The content type of what is posted. */
  readonly type?: string
  /** The longest answer, in bytes. */
  readonly maxAnswer?: number
  readonly keepAlive?: boolean
}

/** Calls the origin `url` and nothing else: no redirects, no proxy, no second try. Each call throws PeerError. */
export class Client {
  readonly #url: string
  readonly #options: Required<ClientOptions>
  /** Its own: the global one may take a proxy from the environment. */
  readonly #agent: http.Agent
  #got: Promise<Got> | undefined
  #limitedGot: Promise<Got> | undefined

  constructor(url: string, options: ClientOptions = {}, agent?: http.Agent) {
    const common = { timeout: TIMEOUT, type: 'application/json', maxAnswer: MAX_ANSWER_BYTES }
    this.#url = url
    this.#options = { ...common, keepAlive: true, ...options }
    const { keepAlive } = this.#options
    this.#agent = agent ?? new http.Agent(keepAlive ? { keepAlive, timeout: IDLE_MS } : {})
  }

  /** A client with other options that uses the same connections. */
  with(options: ClientOptions): Client {
    return new Client(this.#url, { ...this.#options, ...options }, this.#agent)
  }

  async get(path: string): Promise<Answer> {
    const headers = { 'content-type': undefined }
    return this.#answerTo((await this.#limited()).stream.get(path.slice(1), { headers }))
  }

  async post(path: string, body: string | Buffer): Promise<Answer> {
    return this.#answerTo((await this.#limited()).stream.post(path.slice(1), { body }))
  }

  /**
   * POSTs `content`, and stops sending as soon as there is an answer. A piece may be overwritten once the next one
   * is asked for.
   */
  async upload(
    path: string,
    headers: Record<string, string>,
    content: AsyncIterable<Uint8Array>,
  ): Promise<Answer> {
    const { timeout } = this.#options
    const got = await this.#loaded()
    const request = got.stream.post(path.slice(1), { headers, timeout: { connect: timeout } })
    let fault: unknown
    /** Since when the other peer has not taken what it was sent; null while we read the next piece of the picture. */
    let waiting: number | null = performance.now()
    async function* watched() {
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
      fault = failed(request, { code: 'ETIMEDOUT' })
      // with an error, so that whoever waits for the answer hears of it
      request.destroy(fault as PeerError)
    }, timeout / 10)
    const sending = new AbortController()
    // got buffers nothing itself, so a piece is asked for once the system has taken the one before. The answer says how
    // it ended.
    pipeline(watched(), request, { signal: sending.signal }).catch(() => {})
    try {
      return await this.#answerTo(request)
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

  /** got is loaded with the first request: it takes a third of the time that a peer takes to start. */
  #loaded(): Promise<Got> {
    const { type } = this.#options
    const { hostname, port } = urlToHttpOptions(new URL(this.#url))
    const origin = { hostname, port }
    // what all requests have in common is said once: got would merge it anew for each
    this.#got ??= import('got').then(({ got }) =>
      got.extend({
        prefixUrl: this.#url,
        agent: { http: this.#agent },
        headers: { 'content-type': type },
        decompress: false,
        followRedirect: false,
        retry: { limit: 0 },
        throwHttpErrors: false,
        // got's own hands on forty more, all for TLS and unset, which Node then copies twice
        request: ({ pathname, search }, { agent, headers, method }) =>
          http.request({ ...origin, path: pathname + search, agent, headers, method }),
      }),
    )
    return this.#got
  }

  /** The same, with the limit on a whole round trip. */
  #limited(): Promise<Got> {
    const { timeout } = this.#options
    this.#limitedGot ??= this.#loaded().then((got) => got.extend({ timeout: { request: timeout } }))
    return this.#limitedGot
  }

  async #answerTo(request: Request): Promise<Answer> {
    try {
      request.on('error', () => {})
      const [response] = (await Promise.race([once(request, 'response'), switched(request)])) as [
        Response,
      ]
      const { statusCode: status, headers } = response
      const bytes = await readWhole(request, this.#options.maxAnswer, headers['content-length'])
      return { status, type: headers['content-type'] ?? '', bytes }
    } catch (error) {
      request.destroy()
      // got's error holds the whole request: neither it nor its text goes any further
      if (error instanceof PeerError) throw error
      if (error instanceof TooLong) throw notAPeer()
      throw failed(request, error)
    }
  }
}

/** A receiver that closes the connection while the picture still comes may take its own answer away with it. */
function maybeRefused({ code, message, failure }: PeerError): PeerError {
  const hint = 'Perhaps it refused the picture while it still came: its terminal says why.'
  return new PeerError(code, `${message} ${hint}`, null, failure)
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

export function textOf({ bytes }: Answer): string {
  return UTF8.decode(bytes)
}

/** @throws PeerError `peer_refused` if it is not JSON */
export function parsed(text: string): unknown {
  return understood(parseJson, text)
}

/** `body` if the answer accepts. @throws PeerError */
export function accepted(status: number, body: unknown): unknown {
  return status === 201 ? body : refused(status, body)
}

/** @throws PeerError, always: with the code of a refusal, if that is what the answer is */
export function refused(status: number, body: unknown): never {
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
