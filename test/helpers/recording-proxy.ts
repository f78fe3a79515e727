/** A TCP relay that keeps every byte that passes it, in both directions: what an eavesdropper has. */

import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { reset } from './reset.ts'

export type RecordingProxy = Awaited<ReturnType<typeof recordingProxy>>

/** Relays to the port of 127.0.0.1 that `target` is, or gives when somebody comes. */
export async function recordingProxy(target: number | (() => number)) {
  const chunks: Buffer[] = []
  const sockets = new Set<net.Socket>()
  let limit = Number.POSITIVE_INFINITY
  const server = net.createServer((from) => {
    const to = net.connect(typeof target === 'number' ? target : target(), '127.0.0.1')
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (chunk) => {
        chunks.push(chunk)
        if (from.bytesRead > limit) {
          limit = Number.POSITIVE_INFINITY
          reset(from)
          reset(to)
        } else other.write(chunk)
      })
      socket.on('end', () => other.end())
      socket.on('error', () => other.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    recorded: () => Buffer.concat(chunks),
    /** Breaks the next connection that carries more than so many bytes to the target. */
    cutAfter: (bytes: number) => {
      limit = bytes
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
