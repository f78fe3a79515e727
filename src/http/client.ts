/** The way to the other peer by got: one function for each wire route. */

import { once } from 'node:events'
import http from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Got, Request, Response } from 'got'
import getRawBody from 'raw-body'
import * as v from 'valibot'
import { PeerError, type PictureSource, type Wire } from '../contract.ts'
import { utf8ToBytes } from '../protocol/bytes.ts'
import { DuetError } from '../protocol/errors.ts'
import { parseAnswer, parseMessageAnswer } from '../protocol/messages.ts'
import { parseImageAnswer } from '../protocol/stream.ts'
import type { Suite } from '../protocol/suites.ts'
import type { Events, Pending, WireRoute } from './events.ts'
import { StreamHead } from './pictures.ts'
import { isCode } from './problems.ts'

/** For a whole round trip, in ms. */
const TIMEOUT = 5_000

/** The owner's own peer answers once the other one has the whole picture. */
const OWNER_TIMEOUT = 60_000

const PIECES_AHEAD = 8

/** How long a connection waits for the next request, in ms: less than a server waits, so that none is sent into its end. */
const IDLE_MS = 1_000

/** An answer is small; a longer one is not a peer's. */
const MAX_ANSWER_BYTES = 16 * 1024

/** The id is printed: it has nothing in it that acts on a terminal. */
const MailAnswer = v.strictObject({
  stored: v.literal(true),
  id: v.pipe(v.string(), v.regex(/^[\w.-]{1,100}$/)),
})

/**
 * Calls the peer at `url` (an origin) and nothing else: no redirects, no proxy, no retry, which
 * would send a message twice. `timeout`, in ms, is for a whole round trip. `events` is told of
 * what goes out and comes back.
 */
export function createClient(url: string, suite: Suite, events?: Events, timeout = TIMEOUT): Wire {
  let loading: Promise<Got> | undefined
  const client = () => {
    loading ??= clientOf(url)
    return loading
  }
  const post = async (route: WireRoute, form: object): Promise<unknown> => {
    const body = JSON.stringify(form)
    const headers = { 'content-type': 'application/json' }
    const path = route.slice(1)
    const pending = events?.request('sent', route, utf8ToBytes(body))
    return watched(
      () => pending,
      async () => {
        const got = await client()
        return answerTo(got.stream.post(path, { body, headers, timeout: { request: timeout } }))
      },
    )
  }
  return {
    url,
    keys: async (form) =>
      understood((body) => parseAnswer(suite, body), await post('/wire/keys', form)),
    message: async (form) => understood(parseMessageAnswer, await post('/wire/message', form)),
    image: async ({ bytes, content }) => {
      const headers = { 'content-type': 'application/octet-stream', 'content-length': `${bytes}` }
      let pending: Pending | undefined
      const head = new StreamHead((header) => {
        pending = events?.picture('sent', header, bytes)
      })
      const answer = await watched(
        () => pending,
        async () => upload(await client(), 'wire/image', headers, head.of(content), timeout),
      )
      return understood(parseImageAnswer, answer)
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
    agent: { http: new http.Agent({ keepAlive: true, timeout: IDLE_MS }) },
    decompress: false,
    followRedirect: false,
    retry: { limit: 0 },
    throwHttpErrors: false,
  })
}

/**
 * The public key that mail for the peer at `url` is sealed to, as it came: PEM, if it is one.
 * @throws PeerError
 */
export async function fetchMailboxKey(url: string): Promise<string> {
  const client = await clientOf(url)
  const request = client.stream.get('public_key', { timeout: { request: TIMEOUT } })
  const { status, text } = await textAnswerTo(request)
  return status === 200 ? text : refused({ status, body: parsed(text) })
}

/**
 * Sends a sealed text to the mailbox of the peer at `url`. Where an answer was lost, the same
 * bytes are sent once more: they are stored once.
 * @throws PeerError
 */
export async function sendMailTo(url: string, sealed: Uint8Array) {
  const client = await clientOf(url)
  const json = { message: Buffer.from(sealed).toString('base64') }
  const send = async () =>
    acceptedOf(
      await answerTo(client.stream.post('message', { json, timeout: { request: TIMEOUT } })),
    )
  const body = await send().catch((error: unknown) => {
    if (error instanceof PeerError && error.code !== 'peer_refused') return send()
    throw error
  })
  return understood((body) => v.parse(MailAnswer, body), body)
}

interface Answer {
  status: number
  /** As it came. */
  text: string
  /** The text, parsed. */
  body: unknown
}

/** The body of an answer that accepts; `pending` is told of any answer, and of none. */
async function watched(
  pending: () => Pending | undefined,
  run: () => Promise<Answer>,
): Promise<unknown> {
  let answer: Answer
  try {
    answer = await run()
  } catch (error) {
    if (error instanceof DuetError) pending()?.failed(error.code)
    throw error
  }
  pending()?.answered(answer.status, utf8ToBytes(answer.text))
  return acceptedOf(answer)
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
  const answer = await textAnswerTo(request)
  return { ...answer, body: parsed(answer.text) }
}

/** @throws PeerError */
function parsed(text: string): unknown {
  return understood(JSON.parse, text)
}

/** The answer's status and its text. @throws PeerError */
async function textAnswerTo(request: Request): Promise<Omit<Answer, 'body'>> {
  try {
    request.on('error', () => {})
    const [response] = (await Promise.race([once(request, 'response'), switched(request)])) as [
      Response,
    ]
    const text = await getRawBody(request, { limit: MAX_ANSWER_BYTES, encoding: 'utf-8' })
    return { status: response.statusCode, text }
  } catch (error) {
    request.destroy()
    // got's error holds the whole request: neither it nor its text goes any further
    if (error instanceof PeerError) throw error
    if (isTooLarge(error)) throw notAPeer()
    if ((error as Error).name === 'TimeoutError') throw timedOut()
    throw new PeerError('peer_unreachable', 'No connection to the other peer, or it broke.')
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

function isTooLarge(error: unknown): boolean {
  return (error as getRawBody.RawBodyError).type === 'entity.too.large'
}

/** The body of an answer that accepts. @throws PeerError */
function acceptedOf(answer: Answer): unknown {
  return answer.status === 201 ? answer.body : refused(answer)
}

/** @throws PeerError */
function refused({ status, body }: Omit<Answer, 'text'>): never {
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : null
  if (status < 400 || !isCode(code)) throw notAPeer()
  throw new PeerError('peer_refused', `The other peer answered: ${code}.`, code)
}

function understood<In, Out>(parse: (body: In) => Out, body: In): Out {
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
