/**
 * A connection for load: requests are bytes made beforehand, of an answer only its status and its
 * length are looked at. It takes a small part of the time that any server needs.
 */

import { once } from 'node:events'
import net from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')

/** A request as it goes over the wire. */
export function request(path: string, body?: { type: string; bytes: Uint8Array }): Buffer {
  const head = `${body ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n`
  if (body === undefined) return Buffer.from(`${head}\r\n`)
  const { type, bytes } = body
  const more = `Content-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head + more), bytes])
}

const text = { type: 'text/plain', bytes: Buffer.alloc(1024, 'a') }
/** What an owner asks for; the text has 1 KiB. */
export const STEPS = {
  sendKeys: request('/send_keys'),
  sendMsg: request('/send_msg', text),
  decryptMsg: request('/decrypt_msg'),
}

/** A server closes a connection that is idle for longer. */
const IDLE_MS = 2_000

export class Connection {
  readonly #port: number
  #socket: net.Socket
  /** When an answer was last seen. */
  #used = performance.now()
  #rest: Buffer = Buffer.alloc(0)
  #awaited = 0
  #done: (error?: Error) => void = () => {}

  private constructor(port: number, socket: net.Socket) {
    this.#port = port
    this.#socket = socket
    this.#watch()
  }

  /** @throws the system's error if nothing listens on `port` */
  static async to(port: number): Promise<Connection> {
    return new Connection(port, await connected(port))
  }

  /**
   * Sends requests, one right behind the other, and waits for their answers. Returns milliseconds.
   * @throws if an answer's status is not of the kind 2xx
   */
  async send(...requests: readonly Buffer[]): Promise<number> {
    if (performance.now() - this.#used > IDLE_MS) {
      this.close()
      this.#socket = await connected(this.#port)
      this.#watch()
    }
    const bytes = Buffer.concat(requests)
    const begin = performance.now()
    await new Promise<void>((resolve, reject) => {
      this.#awaited = requests.length
      this.#done = (error) => (error ? reject(error) : resolve())
      this.#socket.write(bytes)
    })
    this.#used = performance.now()
    return this.#used - begin
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy()
  }

  #watch(): void {
    this.#socket.on('data', (more) => {
      try {
        this.#take(more)
      } catch (error) {
        this.#done(error as Error)
      }
    })
    this.#socket.on('error', (error) => this.#done(error))
    this.#socket.on('close', () => this.#done(new Error('The connection ended before the answer.')))
  }

  #take(more: Buffer): void {
    let bytes = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more])
    for (;;) {
      const end = bytes.indexOf(HEAD_END)
      if (end < 0) break
      const head = bytes.toString('latin1', 0, end)
      const [, length] = /^content-length: (\d+)$/im.exec(head) ?? []
      if (length === undefined) throw new Error(`An answer without its length: ${head}`)
      const whole = end + HEAD_END.length + Number(length)
      if (bytes.length < whole) break
      if (head[9] !== '2') throw new Error(`Refused: ${bytes.toString('utf8', 0, whole)}`)
      bytes = bytes.subarray(whole)
      this.#awaited--
    }
    this.#rest = bytes
    if (this.#awaited === 0) this.#done()
  }
}

async function connected(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** How many are under way at once, where it is not one. */
const AT_ONCE = 16

/** A connection for each of them. */
export function connections(port: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, () => Connection.to(port)))
}

/** Milliseconds until all are answered, as many of them under way as there are connections. */
export async function burst(
  connections: readonly Connection[],
  requests: readonly Buffer[],
): Promise<number> {
  const left = requests.values()
  const work = async (connection: Connection) => {
    for (const request of left) await connection.send(request)
  }
  const begin = performance.now()
  await Promise.all(connections.map(work))
  return performance.now() - begin
}
