/** A plain HTTP server, and a peer that takes what is at some URL for its counterpart. */

import { once } from 'node:events'
import http, { type RequestListener } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import { createApp } from '../../src/http/app.ts'
import { createClient } from '../../src/http/client.ts'
import { listen } from '../../src/http/server.ts'
import type { PeerEvent } from '../../src/peer/contract.ts'
import { Peer } from '../../src/peer/peer.ts'
import { nobleAead } from '../../src/protocol/stream.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { forgetful } from '../../src/state/openMemory.ts'
import { ownPicture } from '../../src/state/pictureFile.ts'
import { Events } from '../../src/wirelog/ring.ts'
import { type Answer, type CallOptions, call } from './call.ts'

/** Runs a server of nobody's on a free port. */
export async function withServer<T>(
  listener: RequestListener,
  run: (url: string, server: http.Server) => Promise<T>,
): Promise<T> {
  const server = http.createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server)
  } finally {
    await stop(server)
  }
}

/**
 * Runs with the URL of a listener that takes no connection any more: its system drops each further SYN, as a firewall does.
 * Only on Linux is it known how many it has to have until then.
 */
export async function withFullListener<T>(run: (url: string) => Promise<T>): Promise<T> {
  const BACKLOG = 1
  // a thread that sleeps: one that runs would accept them
  const listener = new Worker(
    `const { parentPort } = require('node:worker_threads')
    const server = require('node:net').createServer()
    server.listen({ host: '127.0.0.1', port: 0, backlog: ${BACKLOG} }, () => {
      parentPort.postMessage(server.address().port)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`,
    { eval: true },
  )
  const sockets: net.Socket[] = []
  try {
    const [port] = await once(listener, 'message')
    // Linux takes one more than the backlog
    for (let i = 0; i <= BACKLOG; i++) {
      const socket = net.connect(port, '127.0.0.1')
      sockets.push(socket)
      await once(socket, 'connect')
    }
    return await run(`http://127.0.0.1:${port}`)
  } finally {
    for (const socket of sockets) socket.destroy()
    await listener.terminate()
  }
}

/** Answers that another protocol is spoken on the connection from here on. */
export const switching: RequestListener = ({ socket }) => {
  const head = 'HTTP/1.1 101 xyzzy\r\nUpgrade: xyzzy\r\nConnection: upgrade\r\n\r\n'
  socket.write(`${head}xyzzy`)
}

export interface LonePeer {
  readonly port: number
  readonly url: string
  call(path: string, options?: CallOptions): Promise<Answer>
  readonly events: readonly PeerEvent[]
}

/** Runs one peer whose counterpart is at `peerUrl`; `timeout`, in ms, is its patience with it. */
export async function withPeerFacing(
  peerUrl: string,
  timeout: number | undefined,
  run: (peer: LonePeer) => Promise<void>,
  suite = SUITES.X25519,
): Promise<void> {
  let answer: (listener: RequestListener) => void = () => {}
  const listener = new Promise<RequestListener>((resolve) => {
    answer = resolve
  })
  const server = await listen({ host: '127.0.0.1', port: 0 }, listener)
  const { port } = server.address() as AddressInfo
  const events: PeerEvent[] = []
  const page = new Events(suite)
  const peer = new Peer({
    port,
    suite,
    memory: forgetful(suite.curve),
    wire: createClient(peerUrl, suite, page, timeout),
    report: (event) => events.push(event),
    showsSecrets: true,
    ownPicture: ownPicture(),
    maxImage: 1024 * 1024,
    aead: nobleAead,
  })
  answer(createApp(peer, { events: page }).callback())
  const url = `http://127.0.0.1:${port}`
  try {
    await run({ port, url, events, call: (path, options) => call(url + path, options) })
  } finally {
    peer.close()
    await stop(server)
  }
}

function stop(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
