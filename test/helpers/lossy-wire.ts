/** Two peers that have agreed, and a proxy between them that loses what the first one sends, as it is told. */

import assert from 'node:assert/strict'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { agree, type TestPeer, withPeers } from './with-peers.ts'

/** What a proxy does with a copy of a text. */
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

/** Two peers, and a proxy that treats the first one's texts as told, one after another, and passes all others. */
export async function withTreated(
  run: (
    a: TestPeer,
    b: TestPeer,
    treat: (...how: (keyof typeof TREATMENTS)[]) => void,
  ) => Promise<void>,
): Promise<void> {
  let target = ''
  let treatments: (keyof typeof TREATMENTS)[] = []
  const server = http.createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const pass = async () => {
      const answer = await fetch(target + request.url, {
        method: 'POST',
        headers: { 'content-type': request.headers['content-type'] ?? '' },
        body: Buffer.concat(chunks),
      })
      return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
    }
    const how = request.url === '/wire/message' ? treatments.shift() : undefined
    await TREATMENTS[how ?? 'passed'](pass, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  try {
    await withPeers({ via: `http://127.0.0.1:${address.port}`, timeout: 2_000 }, async (a, b) => {
      target = b.url
      await agree(a, b)
      await run(a, b, (...how) => {
        treatments = how
      })
    })
  } finally {
    server.close()
    server.closeAllConnections()
  }
}
