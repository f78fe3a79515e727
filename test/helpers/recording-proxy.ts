/** A TCP relay that keeps every byte that passes it, in both directions: what an eavesdropper has. */

import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'

export interface RecordingProxy {
  readonly port: number
  recorded(): Buffer
  close(): void
}

/** Relays to `target`, a port of 127.0.0.1. */
export async function recordingProxy(target: number): Promise<RecordingProxy> {
  const chunks: Buffer[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer((from) => {
    const to = net.connect(target, '127.0.0.1')
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (chunk) => {
        chunks.push(chunk)
        other.write(chunk)
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
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
