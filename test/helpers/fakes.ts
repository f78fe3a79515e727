/** HTTP servers that are no peers, for whoever calls one. */

import { once } from 'node:events'
import http, { type RequestListener } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'

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

function stop(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
