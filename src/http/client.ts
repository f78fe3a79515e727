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
import { type Answer, accepted, Client, parsed, TIMEOUT, textOf, understood } from './requests.ts'

/**
 * Calls the peer at `url` (an origin). `timeout`, in ms, is for a whole round trip; for a text, for all its copies in
 * one step; for a picture, it is how long nothing may move. `events` is told of what goes out and comes back.
 */
export function createClient(url: string, suite: Suite, events?: Events, timeout = TIMEOUT): Wire {
  const client = new Client(url, { timeout })
  const forCopies = COPY_SHARES.map((share) => {
    const ms = share * timeout
    return { ms, client: client.with({ timeout: ms }) }
  })
  const post = (route: WireRoute, form: object, through = client): Promise<unknown> => {
    const body = JSON.stringify(form)
    const pending = events?.request('sent', route, body)
    return told(() => pending, through.post(route, body))
  }
  const postCopy = async (form: object, copy: number) => {
    const { ms = 0, client } = forCopies[copy] ?? {}
    const end = performance.now() + ms
    try {
      return understood(parseMessageAnswer, await post('/wire/message', form, client))
    } catch (error) {
      const left = end - performance.now()
      // the next copy, sent at once, would meet the same trouble
      if (copy + 1 < forCopies.length && isRepeated(error, copy) && left > 0)
        await sleep(left, undefined, { ref: false })
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
      const answer = client.upload('/wire/image', headers, head.of(content))
      return understood(parseImageAnswer, await told(() => pending, answer))
    },
  }
}

/** The body of an answer that accepts. `pending` is told of any answer that is JSON, and of a request without one. */
async function told(pending: () => Pending | undefined, coming: Promise<Answer>): Promise<unknown> {
  const { status, text, body } = await coming
    .then((answer) => {
      const text = textOf(answer)
      return { status: answer.status, text, body: parsed(text) }
    })
    .catch((error: unknown) => {
      if (error instanceof DuetError) pending()?.failed(error.code)
      throw error
    })
  pending()?.answered(status, text)
  return accepted(status, body)
}

/** Whether another copy follows one that ended so: not after a peer's refusal, and not where nothing was sent at all. */
function isRepeated(error: unknown, copy: number): boolean {
  return error instanceof PeerError && error.peerCode === null && !(error.isUnsent && copy === 0)
}
