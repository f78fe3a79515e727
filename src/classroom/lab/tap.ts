/** Somebody on the wire before a peer: passes requests on and keeps them, or keeps them back. */

import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readWhole } from '../../http/reading.ts'
import { type Answer, call, MAX_BODY_BYTES } from './call.ts'

/** A request as it went by. */
export interface Passed {
  readonly path: string
  readonly type: string
  readonly body: Buffer
  /** What came back; null while nothing has. */
  readonly answer: Answer | null
}

export interface Tap {
  /** Where the other peer sends to. */
  readonly url: string
  /** All that came, oldest first. */
  readonly passed: readonly Passed[]
  /** The peer's own URL: it is known once the peer is there. */
  target: string
  /** Whether requests are kept back: then their sender learns that nobody took them. */
  holding: boolean
  close(): void
}

/** A tap on a free port of 127.0.0.1. */
export async function openTap(): Promise<Tap> {
  const passed: (Passed & { answer: Answer | null })[] = []
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { url: path = '/', headers } = incoming
    const type = headers['content-type'] ?? ''
    const body = await readWhole(incoming, MAX_BODY_BYTES, headers['content-length'])
    const request = { path, type, body, answer: null as Answer | null }
    passed.push(request)
    const answer: Answer = tap.holding
      ? { status: 502, type: 'application/json', body: Buffer.from('{}') }
      : await call(tap.target, path, { body, type })
    request.answer = answer
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
  }
  const server = http.createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const tap: Tap = {
    url: `http://127.0.0.1:${port}`,
    passed,
    target: '',
    holding: false,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
  return tap
}
