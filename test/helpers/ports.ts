/** Ports that have to be known before a program starts: two peers that name each other. */

import { once } from 'node:events'
import net from 'node:net'

/** Below the range that systems hand out for port 0, and for each test process its own stretch. */
let next = 20_000 + (process.pid % 600) * 20

/** `count` ports of 127.0.0.1 that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = next++
    const server = net.createServer()
    server.listen(port, '127.0.0.1')
    // once() rejects when the error comes
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!free) continue
    ports.push(port)
    server.close()
    await once(server, 'close')
  }
  return ports
}
