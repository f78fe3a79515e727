/** The way to the other peer: one function for each wire route. */

import { setTimeout as sleep } from 'node:timers/promises'
import { COPY_SHARES, PeerError, type Wire } from '../peer/contract.ts'
import { DuetError } from '../protocol/errors.ts'
import { parseAnswer, parseMessageAnswer } from '../protocol/messages.ts'
import { parseImageAnswer } from '../protocol/stream.ts'
import type { Suite } from '../protocol/suites.ts'
import type { WireRoute } from '../wirelog/forms.ts'
import type { Events, Pending } from '../wirelog/ring.ts'
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

/**
 * Calls the peer at `url` (an origin) and nothing else: no redirects, no proxy, no retry of its own.
 * `timeout`, in ms, is for a whole round trip; for a text, for all its copies in one step; for a picture, it is how
 * long nothing may move. `events` is told of what goes out and comes back.
 */
export function createClient(url: string, suite: Suite, events?: Events, timeout = TIMEOUT): Wire {
  const client = once(() => clientOf(url))
  // what these requests have in common is said once: got would merge it anew for each
  const jsonClient = (ms: number) =>
    once(async () =>
      (await client()).extend({
        headers: { 'content-type': 'application/json' },
        timeout: { request: ms },
      }),
    )
  const forKeys = jsonClient(timeout)
  const forCopies = COPY_SHARES.map((share) => {
    const ms = share * timeout
    return { ms, client: jsonClient(ms) }
  })
  const post = async (route: WireRoute, form: object, client = forKeys): Promise<unknown> => {
    const body = JSON.stringify(form)
    const pending = events?.request('sent', route, body)
    return watched(
      () => pending,
      async () => answerTo((await client()).stream.post(route.slice(1), { body })),
    )
  }
  const postCopy = async (form: object, copy: number) => {
    const { ms, client } = forCopies[copy] ?? {}
    const end = performance.now() + (ms ?? 0)
    try {
      return understood(parseMessageAnswer, await post('/wire/message', form, client))
    } catch (error) {
      const rest =
        copy + 1 < forCopies.length && isRepeated(error, copy) ? end - performance.now() : 0
      // another one at its heels would meet the same trouble
      if (rest > 0) await sleep(rest, undefined, { ref: false })
      throw error
    }
  }
  return {
    url,
    keys: async (form) =>
      understood((body) => parseAnswer(suite, body), await post('/wire/keys', form)),
    message: postCopy,
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

/** Whether another copy follows one that ended so: not after a peer's refusal, and not where nothing was sent at all. */
function isRepeated(error: unknown, copy: number): boolean {
  return error instanceof PeerError && error.peerCode === null && !(error.isUnsent && copy === 0)
}

/** `make`, called when its value is first wanted, and no more. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
