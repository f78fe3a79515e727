/** An HTTP relay on the wire before a peer: it passes requests on and keeps a copy of each, or holds them back. */

import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readWhole } from '../../http/reading.ts'
import type { Answer } from '../../http/requests.ts'
import { call, MAX_BODY_BYTES } from './call.ts'

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
  /** The requests so far, oldest first. */
  readonly passed: readonly Passed[]
  /** Where requests go on to; set once the peer has a port. */
  target: string
  /** Whether messages are held back: their sender is told that they were accepted, since it seals no text while one is open. */
  holding: boolean
  close(): void
}

/** What a receiver answers to a message that it has accepted: anybody on the wire can write that. */
const ACCEPTED: Answer = {
  status: 201,
  type: 'application/json',
  bytes: Buffer.from('{"accepted":true,"missing":0}'),
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
    const answer = tap.holding ? ACCEPTED : await call(tap.target, path, { body, type })
    request.answer = answer
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.bytes)
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
