/** Bytes on a TCP connection, for requests that no HTTP client would send. */

import assert from 'node:assert/strict'
import net from 'node:net'
import { type Answer, answerOf } from './call.ts'

export interface RawOptions {
  host?: string
  /** Resolves with the first whole answer, and does not wait for the end of the connection. */
  first?: boolean
  /** Says at once that no more will come. */
  halfClose?: boolean
  /** What goes on being sent, a piece every half second, until the connection ends. */
  drip?: string
  /** How long all this may take, in ms. */
  limit?: number
}

/**
 * Writes `bytes` on a connection of its own, and resolves with the answers that came until it
 * ended. Fails if it is still open, without the awaited answer, after the limit.
 */
export function sendRaw(
  port: number,
  bytes: string | Uint8Array,
  options: RawOptions = {},
): Promise<Answer[]> {
  const { host = '127.0.0.1', first = false, halfClose = false, drip, limit = 20_000 } = options
  const isHead = /^[\r\n]*HEAD /.test(Buffer.from(bytes).toString('latin1'))
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host })
    let received = Buffer.alloc(0)
    let late = false
    const timer = setTimeout(() => {
      late = true
      socket.destroy()
    }, limit)
    const dripping = drip && setInterval(() => socket.writable && socket.write(drip), 500)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (first && answersIn(received, isHead).length > 0) socket.destroy()
    })
    // a reset after the answer is the server's right; what came before it is what counts
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      if (dripping) clearInterval(dripping)
      if (late) reject(new Error(`no end after ${limit} ms; so far: ${received}`))
      else resolve(answersIn(received, isHead))
    })
    if (halfClose) socket.end(bytes)
    else socket.write(bytes)
  })
}

/** As `sendRaw`, where one answer is to come and no other. */
export async function askRaw(
  port: number,
  bytes: string | Uint8Array,
  options: RawOptions = {},
): Promise<Answer> {
  const [answer, ...more] = await sendRaw(port, bytes, options)
  assert.ok(answer, 'no answer')
  assert.deepEqual(more, [])
  return answer
}

/** The lines of a head with the ends that HTTP wants: a body can follow. */
export function lines(...head: string[]): string {
  return `${head.join('\r\n')}\r\n\r\n`
}

/** The whole HTTP/1.1 answers in `bytes`, one after another; those to HEAD have a length and no body. */
function answersIn(bytes: Buffer, isHead: boolean): Answer[] {
  const answers: Answer[] = []
  let rest = bytes
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return answers
    const [statusLine = '', ...fields] = rest.subarray(0, end).toString('latin1').split('\r\n')
    const headers: Record<string, string> = {}
    for (const field of fields) {
      const colon = field.indexOf(':')
      headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim()
    }
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? Number.NaN)
    const body = rest.subarray(end + 4)
    const length = isHead || status < 200 ? 0 : Number(headers['content-length'] ?? 0)
    if (body.length < length) return answers
    answers.push(answerOf(status, headers, body.subarray(0, length)))
    rest = body.subarray(length)
  }
}
