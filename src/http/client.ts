/** The way to the other peer: one function for each wire route. */

import type { Wire } from '../contract.ts'
import { DuetError } from '../protocol/errors.ts'
import { parseAnswer, parseMessageAnswer } from '../protocol/messages.ts'
import { parseImageAnswer } from '../protocol/stream.ts'
import type { Suite } from '../protocol/suites.ts'
import type { WireRoute } from './events.ts'
import { StreamHead } from './pictures.ts'
import {
  type Answer,
  acceptedOf,
  answerTo,
  clientOf,
  TIMEOUT,
  understood,
  upload,
} from './requests.ts'
import type { Events, Pending } from './ring.ts'

/**
 * Calls the peer at `url` (an origin) and nothing else: no redirects, no proxy, no retry, which
 * would send a message twice. `timeout`, in ms, is for a whole round trip; for a picture, it is how long
 * nothing may move. `events` is told of what goes out and comes back.
 */
export function createClient(url: string, suite: Suite, events?: Events, timeout = TIMEOUT): Wire {
  const client = once(() => clientOf(url))
  // what these requests have in common is said once: got would merge it anew for each
  const jsonClient = once(async () =>
    (await client()).extend({
      headers: { 'content-type': 'application/json' },
      timeout: { request: timeout },
    }),
  )
  const post = async (route: WireRoute, form: object): Promise<unknown> => {
    const body = JSON.stringify(form)
    const pending = events?.request('sent', route, body)
    return watched(
      () => pending,
      async () => answerTo((await jsonClient()).stream.post(route.slice(1), { body })),
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
  pending()?.answered(answer.status, answer.text)
  return acceptedOf(answer)
}

/** `make`, called when its value is first wanted, and no more. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
