/** Two peers that have agreed, and a proxy between them that loses what the first one sends, as it is told. */

import type { ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { withServer } from './fakes.ts'
import { agree, type TestPeer, withPeers } from './with-peers.ts'

/** What the proxy does with a copy of a text; `pass` has it answered by the other peer. */
type Treatment = (pass: () => Promise<Passed>, response: ServerResponse) => unknown
interface Passed {
  readonly status: number
  readonly body: Buffer
}

const TREATMENTS = {
  passed: async (pass, response) => {
    const { status, body } = await pass()
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  },
  'never passed': () => {},
  'answer lost': (pass) => pass(),
  'answer cut': async (pass, response) => {
    const { status, body } = await pass()
    response.writeHead(status, { 'content-length': body.length + 1 }).write(body)
    response.destroy()
  },
  reset: (_pass, response) => response.destroy(),
} satisfies Record<string, Treatment>
type Kind = keyof typeof TREATMENTS

/** Runs with such peers. `treat` says what becomes of the first one's next texts, one after another; all others pass. */
export function withTreated(
  run: (a: TestPeer, b: TestPeer, treat: (...kinds: Kind[]) => void) => Promise<void>,
): Promise<void> {
  let target = ''
  let treatments: Kind[] = []
  return withServer(
    async (request, response) => {
      const body = await buffer(request)
      const pass = async () => {
        const headers = { 'content-type': request.headers['content-type'] ?? '' }
        const answer = await fetch(target + request.url, { method: 'POST', headers, body })
        return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
      }
      const kind = request.url === '/wire/message' ? treatments.shift() : undefined
      await TREATMENTS[kind ?? 'passed'](pass, response)
    },
    (via) =>
      withPeers({ via, timeout: 2_000 }, async (a, b) => {
        target = b.url
        await agree(a, b)
        await run(a, b, (...kinds) => {
          treatments = kinds
        })
      }),
  )
}
