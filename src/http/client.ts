/** The way to the other peer by got: one function for each wire route. */

import http from 'node:http'
import got, { type Got, RequestError, type Response, TimeoutError } from 'got'
import * as v from 'valibot'
import { PeerError, type Wire } from '../peer.ts'
import { parseAnswer } from '../protocol/messages.ts'
import { isCode } from './problems.ts'

/** An answer is small; a longer one is not a peer's. */
const MAX_ANSWER_BYTES = 16 * 1024

const MessageAnswer = v.strictObject({
  accepted: v.literal(true),
  missing: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

/**
 * Calls the peer at `url` (an origin) and nothing else: no redirects, no proxy, no retry, which
 * would send a message twice. `timeout`, in ms, is for a whole round trip.
 */
export function createClient(url: string, timeout = 5_000): Wire {
  const client = got.extend({
    prefixUrl: url,
    // its own agent: the global one may take a proxy from the environment
    agent: { http: new http.Agent() },
    decompress: false,
    followRedirect: false,
    retry: { limit: 0 },
    throwHttpErrors: false,
    timeout: { request: timeout },
  })
  return {
    url,
    keys: async (form) => understood(parseAnswer, await post(client, 'wire/keys', form)),
    message: async (form) =>
      understood((body) => v.parse(MessageAnswer, body), await post(client, 'wire/message', form)),
  }
}

/**
 * The parsed answer, if it was accepted.
 * @throws PeerError
 */
async function post(client: Got, path: string, json: object): Promise<unknown> {
  const response = await bounded(client, path, json)
  let body: unknown
  try {
    body = JSON.parse(response.body)
  } catch {
    throw notAPeer()
  }
  if (response.statusCode === 201) return body
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : null
  if (!isCode(code)) throw notAPeer()
  throw new PeerError('peer_refused', `The other peer answered: ${code}.`, code)
}

async function bounded(client: Got, path: string, json: object): Promise<Response<string>> {
  const request = client.post(path, { json })
  request.on('downloadProgress', ({ transferred }) => {
    if (transferred > MAX_ANSWER_BYTES) request.cancel()
  })
  try {
    return await request
  } catch (error) {
    // got's error holds the whole request: neither it nor its text goes any further
    if (request.isCanceled) throw notAPeer()
    if (error instanceof TimeoutError)
      throw new PeerError('peer_timeout', 'The other peer was reached, but did not answer in time.')
    if (error instanceof RequestError)
      throw new PeerError('peer_unreachable', 'No connection to the other peer, or it broke.')
    throw error
  }
}

function understood<T>(parse: (body: unknown) => T, body: unknown): T {
  try {
    return parse(body)
  } catch {
    throw notAPeer()
  }
}

function notAPeer(): PeerError {
  return new PeerError(
    'peer_refused',
    'What answers at the other address is not a peer of this kind.',
  )
}
