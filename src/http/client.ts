/** The way to the other peer by got: one function for each wire route. */

import { once } from 'node:events'
import http from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Got, Request, Response } from 'got'
import getRawBody from 'raw-body'
import * as v from 'valibot'
import { PeerError, type PictureSource, type Wire } from '../contract.ts'
import { parseAnswer } from '../protocol/messages.ts'
import { isCode } from './problems.ts'

/** The owner's own peer answers once the other one has the whole picture. */
const OWNER_TIMEOUT = 60_000

const PIECES_AHEAD = 8

/** An answer is small; a longer one is not a peer's. */
const MAX_ANSWER_BYTES = 16 * 1024

const ImageAnswer = v.strictObject({
  accepted: v.literal(true),
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})
const MessageAnswer = v.strictObject({
  accepted: v.literal(true),
  missing: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

/**
 * Calls the peer at `url` (an origin) and nothing else: no redirects, no proxy, no retry, which
 * would send a message twice. `timeout`, in ms, is for a whole round trip.
 */
export function createClient(url: string, timeout = 5_000): Wire {
  let loading: Promise<Got> | undefined
  const client = () => {
    loading ??= clientOf(url)
    return loading
  }
  return {
    url,
    keys: async (form) =>
      understood(parseAnswer, await post(await client(), 'wire/keys', form, timeout)),
    message: async (form) =>
      understood(
        (body) => v.parse(MessageAnswer, body),
        await post(await client(), 'wire/message', form, timeout),
      ),
    image: async ({ bytes, content }) => {
      const headers = { 'content-type': 'application/octet-stream', 'content-length': `${bytes}` }
      const answer = await upload(await client(), 'wire/image', headers, content, timeout)
      return understood((body) => v.parse(ImageAnswer, body), acceptedOf(answer))
    },
  }
}

/**
 * Hands a picture to the owner's own peer at `url`, as a curl would. `progress` is told how many
 * bytes went out. Returns what the peer answers.
 * @throws PeerError
 */
export async function sendPictureTo(
  url: string,
  { type, bytes, name, content }: PictureSource,
  progress: (bytes: number) => void,
): Promise<{ status: number; body: unknown }> {
  async function* watched() {
    let sent = 0
    for await (const piece of content) {
      // got reads ahead, and a piece is good until the next one is asked for
      yield Uint8Array.from(piece)
      sent += piece.length
      progress(sent)
    }
  }
  const headers = {
    'content-type': type,
    'content-length': `${bytes}`,
    'picture-name': encodeURIComponent(name),
  }
  return upload(await clientOf(url), 'send_image', headers, watched(), OWNER_TIMEOUT)
}

/** got is loaded with the first request: a third of the time that a peer takes to start. */
async function clientOf(url: string): Promise<Got> {
  const { got } = await import('got')
  return got.extend({
    prefixUrl: url,
    // its own agent: the global one may take a proxy from the environment
    agent: { http: new http.Agent() },
    decompress: false,
    followRedirect: false,
    retry: { limit: 0 },
    throwHttpErrors: false,
  })
}

interface Answer {
  status: number
  body: unknown
}

/** POSTs JSON and returns the body of an answer that accepts it. */
async function post(client: Got, path: string, json: object, timeout: number): Promise<unknown> {
  const request = client.stream.post(path, { json, timeout: { request: timeout } })
  return acceptedOf(await answerTo(request))
}

/**
 * POSTs `content`, and stops sending as soon as there is an answer. `timeout` is how long, in
 * ms, nothing may move.
 */
async function upload(
  client: Got,
  path: string,
  headers: Record<string, string>,
  content: AsyncIterable<Uint8Array>,
  timeout: number,
): Promise<Answer> {
  const request = client.stream.post(path, { headers, timeout: { connect: timeout } })
  let fault: unknown
  /** Since when it is the other peer that nothing moves for; null while the picture is read. */
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
    const late = timedOut()
    fault = late
    // without an error nobody who waits for the request would hear of it
    request.destroy(late)
  }, timeout / 10)
  const sending = new AbortController()
  // what follows is read and sealed while a piece is on its way
  const ahead = Readable.from(noting(), { highWaterMark: PIECES_AHEAD })
  // how it ends is known from the answer
  pipeline(ahead, request, { signal: sending.signal }).catch(() => {})
  try {
    return await answerTo(request)
  } catch (error) {
    // the picture itself was at fault, and not the way to the other peer
    throw fault ?? error
  } finally {
    clearInterval(watch)
    sending.abort()
  }
}

/** The answer's status and its parsed body. @throws PeerError */
async function answerTo(request: Request): Promise<Answer> {
  try {
    request.on('error', () => {})
    const [response] = (await once(request, 'response')) as [Response]
    const text = await getRawBody(request, { limit: MAX_ANSWER_BYTES, encoding: 'utf-8' })
    return { status: response.statusCode, body: JSON.parse(text) }
  } catch (error) {
    request.destroy()
    // got's error holds the whole request: neither it nor its text goes any further
    if (error instanceof SyntaxError || isTooLarge(error)) throw notAPeer()
    if ((error as Error).name === 'TimeoutError') throw timedOut()
    throw new PeerError('peer_unreachable', 'No connection to the other peer, or it broke.')
  }
}

function isTooLarge(error: unknown): boolean {
  return (error as getRawBody.RawBodyError).type === 'entity.too.large'
}

/** The body of an answer that accepts. @throws PeerError */
function acceptedOf({ status, body }: Answer): unknown {
  if (status === 201) return body
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : null
  if (status < 400 || !isCode(code)) throw notAPeer()
  throw new PeerError('peer_refused', `The other peer answered: ${code}.`, code)
}

function understood<T>(parse: (body: unknown) => T, body: unknown): T {
  try {
    return parse(body)
  } catch {
    throw notAPeer()
  }
}

function timedOut(): PeerError {
  return new PeerError('peer_timeout', 'The other peer was reached, but did not answer in time.')
}

function notAPeer(): PeerError {
  return new PeerError(
    'peer_refused',
    'What answers at the other address is not a peer of this kind.',
  )
}
