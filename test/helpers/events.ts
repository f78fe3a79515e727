/** A reader of server-sent events, as a browser is one, that keeps what it got. */

import { once } from 'node:events'
import http from 'node:http'

export interface Received {
  readonly id: string | null
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: a test names the fields that it expects
  readonly data: any
}

export type Reader = Awaited<ReturnType<typeof readEvents>>

const LIMIT_MS = 60_000

/** Opens the event stream of the peer at `url`; `query` may begin with ?. */
export async function readEvents(url: string, lastEventId?: string, query = '') {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const request = http.get(`${url}/events${query}`, { headers, agent: false })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  request.on('error', () => {})
  const received: Received[] = []
  let text = ''
  let rest = ''
  response.setEncoding('utf8').on('data', (more) => {
    text += more
    const blocks = `${rest}${more}`.split('\n\n')
    rest = blocks.pop() ?? ''
    received.push(...blocks.flatMap(parse))
  })
  const ended = new Promise<void>((resolve) => {
    response.on('error', () => {})
    response.once('close', () => resolve())
  })
  const until = async (wanted: (event: Received) => boolean) => {
    const signal = AbortSignal.timeout(LIMIT_MS)
    for (let seen = 0; ; ) {
      const found = received.slice(seen).find(wanted)
      if (found) return found
      seen = received.length
      await once(response, 'data', { signal }).catch(() => {
        throw new Error(`it never came; what came:\n${text}`)
      })
    }
  }
  return {
    response,
    /** The whole text so far. */
    text: () => text,
    received: (): readonly Received[] => received,
    /** Waits for an event that `wanted` takes, and returns it. */
    until,
    /** Waits for the first state after what is kept. */
    caughtUp: () => until(({ type }) => type === 'state'),
    /** Settles once the stream has ended, however. */
    ended,
    close: () => request.destroy(),
  }
}

function parse(block: string): Received[] {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null
  const type = field('event')
  return type === null ? [] : [{ id: field('id'), type, data: JSON.parse(field('data') ?? '') }]
}
