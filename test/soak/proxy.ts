/** A proxy between two peers that has bad days: it takes whole requests, and loses, copies, cuts and reorders them. */

import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

export type FaultKind = keyof typeof FAULTS

/** What happens to a request; which of the numbers count depends on the kind. */
export interface Fault {
  readonly kind: FaultKind
  /** How long something takes, in ms. */
  readonly ms: number
  /** Where something happens, from 0 to less than 1 of a length. */
  readonly share: number
}

export interface FaultyProxy {
  readonly port: number
  /** From now on faults come. */
  storm(): void
  /** From now on every request passes; resolves once nothing is under way. */
  calm(): Promise<void>
  /** What an eavesdropper has heard since the last time: heads and bodies as they were sent. */
  recorded(): Buffer
  close(): void
}

interface Head {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: http.IncomingHttpHeaders
}

interface Reply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

interface Copy {
  readonly head: Head
  readonly body: Buffer
}

/** Earlier requests that may be sent again, and how long each may be. */
const MAX_COPIES = 16
const MAX_COPY_BYTES = 256 * 1024

/** A request that passes, with all that a fault may do to it. */
interface Passing extends Fault {
  /** As it comes in. */
  readonly stream: AsyncIterable<Buffer>
  whole(): Promise<Buffer>
  /** Hands it to the target. Null if there is no answer. */
  deliver(body: Buffer | AsyncIterable<Buffer>): Promise<Reply | null>
  /** Hands the target the first bytes only, waits so long, and breaks off. */
  deliverPart(body: Buffer, ms: number): Promise<void>
  /** Hands the target an earlier request, which nobody waits for. */
  deliverEarlier(): Promise<void>
  /** Resolves when another request passed, or the time is over. */
  overtaken(ms: number): Promise<void>
  wait(ms: number): Promise<void>
  /** Answers the sender; breaks the connection if there is nothing to answer. */
  answer(reply: Reply | null): void
  /** Begins to answer, and breaks off. */
  answerPart(reply: Reply | null): void
  /** RST to the sender. */
  reset(): void
}

const part = (bytes: Buffer, share: number) => bytes.subarray(0, Math.floor(share * bytes.length))

/** Longer than a peer waits for a request, or for something of a picture. */
const STALL_MS = 12_000
const OVERTAKEN_MS = 1_000

const FAULTS = {
  passed: async (request: Passing) => request.answer(await request.deliver(request.stream)),
  'delayed request': async (request: Passing) => {
    const body = await request.whole()
    await request.wait(request.ms)
    request.answer(await request.deliver(body))
  },
  'delayed answer': async (request: Passing) => {
    const reply = await request.deliver(request.stream)
    await request.wait(request.ms)
    request.answer(reply)
  },
  overtaken: async (request: Passing) => {
    const body = await request.whole()
    await request.overtaken(OVERTAKEN_MS)
    request.answer(await request.deliver(body))
  },
  'dropped request': async (request: Passing) => {
    await request.whole()
    request.reset()
  },
  'dropped answer': async (request: Passing) => {
    await request.deliver(request.stream)
    request.reset()
  },
  'given up, then late': async (request: Passing) => {
    const body = await request.whole()
    request.reset()
    await request.wait(request.ms)
    await request.deliver(body)
  },
  doubled: async (request: Passing) => {
    const body = await request.whole()
    const replies = await Promise.all([request.deliver(body), request.deliver(body)])
    request.answer(replies[request.share < 0.5 ? 0 : 1])
  },
  replayed: async (request: Passing) => {
    request.answer(await request.deliver(request.stream))
    await request.wait(request.ms)
    await request.deliverEarlier()
  },
  'cut request': async (request: Passing) => {
    await request.deliverPart(part(await request.whole(), request.share), 0)
    request.reset()
  },
  stalled: async (request: Passing) => {
    await request.deliverPart(part(await request.whole(), request.share), STALL_MS)
    request.reset()
  },
  'cut answer': async (request: Passing) => {
    request.answerPart(await request.deliver(request.stream))
  },
  shortened: async (request: Passing) => {
    request.answer(await request.deliver(part(await request.whole(), request.share)))
  },
  changed: async (request: Passing) => {
    const body = Buffer.from(await request.whole())
    const at = Math.floor(request.share * body.length)
    if (body.length > 0) body[at] = (body[at] ?? 0) ^ 1
    request.answer(await request.deliver(body))
  },
  'reset at once': async (request: Passing) => request.reset(),
} satisfies Record<string, (request: Passing) => Promise<void>>

export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[]

const NO_FAULT: Fault = { kind: 'passed', ms: 0, share: 0 }

/** A proxy to `target`, a port of 127.0.0.1. `next`: what happens to each request while it storms. */
export async function faultyProxy(target: number, next: () => Fault): Promise<FaultyProxy> {
  const underWay = new Set<Promise<void>>()
  const copies: Copy[] = []
  let heard: Buffer[] = []
  let storming = false
  /** Aborted by the calm: whoever waits goes on. */
  let patience = new AbortController()
  /** Called when a request has passed. */
  const overtakers = new Set<() => void>()

  const wait = (ms: number) => sleep(ms, undefined, { signal: patience.signal }).catch(() => {})

  function passing(request: IncomingMessage, response: ServerResponse, fault: Fault): Passing {
    const { method, url, headers } = request
    const head = { method, path: url, headers }
    heard.push(Buffer.from(`${method} ${url}\n${request.rawHeaders.join('\n')}\n`))
    async function* stream() {
      const chunks: Buffer[] = []
      for await (const chunk of request) {
        heard.push(chunk)
        chunks.push(chunk)
        yield chunk as Buffer
      }
      remember({ head, body: Buffer.concat(chunks) })
    }
    return {
      ...fault,
      stream: stream(),
      whole: () => buffer(stream()),
      wait,
      deliver: (body) => deliver(head, body),
      deliverPart: (body, ms) => deliverPart(head, body, ms),
      deliverEarlier: async () => {
        const copy = copies[Math.floor(fault.share * copies.length)]
        if (copy) await deliver(copy.head, copy.body)
      },
      overtaken: (ms) =>
        new Promise((resolve) => {
          overtakers.add(resolve)
          wait(ms).then(resolve)
        }),
      answer: (reply) => {
        if (reply === null) request.socket.resetAndDestroy()
        else response.writeHead(reply.status, reply.headers).end(reply.body)
      },
      answerPart: (reply) => {
        if (reply !== null) {
          response.writeHead(reply.status, reply.headers)
          response.write(part(reply.body, fault.share))
        }
        request.socket.destroySoon()
      },
      reset: () => request.socket.resetAndDestroy(),
    }
  }

  function remember(copy: Copy): void {
    if (copy.body.length > MAX_COPY_BYTES) return
    copies.push(copy)
    if (copies.length > MAX_COPIES) copies.shift()
  }

  /** A connection of its own for each request: what ends one ends no other. */
  function open({ method, path, headers }: Head, length?: number): http.ClientRequest {
    const own = length === undefined ? {} : { 'content-length': length }
    const options: http.RequestOptions = { host: '127.0.0.1', port: target, agent: false }
    const request = http.request({ ...options, method, path, headers: { ...headers, ...own } })
    // whoever waits for the answer learns of it
    return request.on('error', () => {})
  }

  async function deliver(head: Head, body: Buffer | AsyncIterable<Buffer>): Promise<Reply | null> {
    const isWhole = Buffer.isBuffer(body)
    const request = open(head, isWhole ? body.length : undefined)
    const answered = once(request, 'response') as Promise<[IncomingMessage]>
    if (isWhole) request.end(body)
    else track(pour(body, request))
    try {
      const [response] = await answered
      for (const goOn of overtakers) goOn()
      overtakers.clear()
      const answer = await buffer(response)
      const { statusCode: status = 0, headers, rawHeaders } = response
      heard.push(Buffer.from(`${status}\n${rawHeaders.join('\n')}\n`), answer)
      return { status, headers, body: answer }
    } catch {
      // the target is down, or broke off
      return null
    } finally {
      request.destroy()
    }
  }

  /** As fast as the target takes it; once that has answered, the rest flows away. */
  async function pour(body: AsyncIterable<Buffer>, into: http.ClientRequest): Promise<void> {
    try {
      for await (const chunk of body) if (!into.destroyed && !into.write(chunk)) await drained(into)
      into.end()
    } catch {
      // the sender is gone
      into.destroy()
    }
  }

  async function deliverPart(head: Head, body: Buffer, ms: number): Promise<void> {
    const request = open(head)
    const ended = new Promise((resolve) => request.once('close', resolve))
    const written = new Promise((resolve) => request.write(body, resolve))
    await Promise.race([written, ended])
    await Promise.race([wait(ms), ended])
    request.socket?.resetAndDestroy()
    request.destroy()
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = storming ? next() : NO_FAULT
    request.on('error', () => {})
    response.on('error', () => {})
    // a request that was answered before it ended would hear nothing of its sender any more
    const { socket } = request
    const abandon = () => request.destroy()
    socket.once('close', abandon)
    try {
      await FAULTS[fault.kind](passing(request, response, fault))
    } catch {
      // the sender is gone
      socket.destroy()
    } finally {
      if (request.complete) socket.off('close', abandon)
    }
  }

  function track(work: Promise<void>): void {
    const tracked = work.finally(() => underWay.delete(tracked))
    underWay.add(tracked)
  }

  const server = http.createServer({ requestTimeout: 0 }, (request, response) =>
    track(take(request, response)),
  )
  server.on('clientError', (_error, socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    storm: () => {
      patience = new AbortController()
      storming = true
    },
    calm: async () => {
      storming = false
      patience.abort()
      while (underWay.size > 0) await Promise.all(underWay)
    },
    recorded: () => {
      const all = Buffer.concat(heard)
      heard = []
      return all
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function drained(into: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      into.off('drain', done).off('close', done)
      resolve()
    }
    into.on('drain', done).on('close', done)
  })
}
