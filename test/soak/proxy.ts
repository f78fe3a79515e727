/** A proxy between two peers that has bad days: it takes whole requests, and loses, copies, cuts and reorders them. */

import { once, setMaxListeners } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

export type FaultKind = keyof typeof FAULTS

interface HowMuch {
  /** How long something takes, in ms. */
  readonly ms: number
  /** Where something happens, from 0 to less than 1 of a length. */
  readonly share: number
}

/** What happens to a request; which of the numbers count depends on the kind. */
export interface Fault extends HowMuch {
  readonly kind: FaultKind
}

export type FaultyProxy = Awaited<ReturnType<typeof faultyProxy>>

type Head = Pick<IncomingMessage, 'method' | 'url' | 'headers'>

interface Reply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

/** Earlier requests that may be sent again, and how long each may be. */
const MAX_COPIES = 16
const MAX_COPY_BYTES = 256 * 1024
/** Longer than a peer waits for a request, or for something of a picture. */
const STALL_MS = 12_000
const OVERTAKEN_MS = 1_000

const part = (bytes: Buffer, share: number) => bytes.subarray(0, Math.floor(share * bytes.length))

const FAULTS = {
  passed: async (request: Passing) => request.answer(await request.deliver(request.stream)),
  'delayed request': async (request: Passing) => {
    const body = await request.whole()
    await request.wait()
    request.answer(await request.deliver(body))
  },
  'delayed answer': async (request: Passing) => {
    const reply = await request.deliver(request.stream)
    await request.wait()
    request.answer(reply)
  },
  overtaken: async (request: Passing) => {
    const body = await request.whole()
    await request.overtaken()
    request.answer(await request.deliver(body))
  },
  'dropped request': async (request: Passing) => {
    await request.whole()
    await request.wait()
    request.reset()
  },
  'dropped answer': async (request: Passing) => {
    await request.deliver(request.stream)
    await request.wait()
    request.reset()
  },
  'given up, then late': async (request: Passing) => {
    const body = await request.whole()
    request.reset()
    await request.wait()
    await request.deliver(body)
  },
  doubled: async (request: Passing) => {
    const body = await request.whole()
    const replies = await Promise.all([request.deliver(body), request.deliver(body)])
    request.answer(replies[request.share < 0.5 ? 0 : 1])
  },
  replayed: async (request: Passing) => {
    request.answer(await request.deliver(request.stream))
    await request.wait()
    await request.deliverEarlier()
  },
  'cut request': async (request: Passing) => {
    await request.deliverPart(0)
    request.reset()
  },
  stalled: async (request: Passing) => {
    await request.deliverPart(STALL_MS)
    request.reset()
  },
  'cut answer': async (request: Passing) => {
    request.answerPart(await request.deliver(request.stream))
  },
  shortened: async (request: Passing) => {
    request.answer(await request.deliver(part(await request.whole(), request.share)))
  },
  changed: async (request: Passing) => {
    const body = await request.changeable()
    const at = Math.floor(request.share * body.length)
    if (body.length > 0) body[at] = (body[at] ?? 0) ^ 1
    request.answer(await request.deliver(body))
  },
  'reset at once': async (request: Passing) => request.reset(),
} satisfies Record<string, (request: Passing) => Promise<void>>

export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[]

const NO_FAULT: Fault = { kind: 'passed', ms: 0, share: 0 }

/** A proxy to `target`, a port of 127.0.0.1. `next`: what happens to each request while it storms. */
export async function faultyProxy(target: number, next: () => Fault) {
  const wire = new Wire(target)
  let storming = false

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = storming ? next() : NO_FAULT
    request.on('error', () => {})
    response.on('error', () => {})
    // a request that was answered before it ended would hear nothing of its sender any more
    const { socket } = request
    const abandon = () => request.destroy()
    socket.once('close', abandon)
    try {
      await FAULTS[fault.kind](passing(wire, request, response, fault))
    } catch {
      // the sender is gone
      socket.destroy()
    } finally {
      if (request.complete) socket.off('close', abandon)
    }
  }

  const server = http.createServer({ requestTimeout: 0 }, (request, response) =>
    wire.track(take(request, response)),
  )
  server.on('clientError', (_error, socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    /** From now on faults come. */
    storm() {
      wire.patience = patience()
      storming = true
    },
    /** From now on every request passes; resolves once nothing is under way. */
    async calm() {
      storming = false
      wire.patience.abort()
      while (wire.underWay.size > 0) await Promise.all(wire.underWay)
    },
    /** What an eavesdropper has heard since the last time: heads and bodies as they were sent. */
    recorded: () => Buffer.concat(wire.heard.splice(0)),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The way to the target, and what the requests on it share. */
class Wire {
  readonly underWay = new Set<Promise<void>>()
  readonly copies: { head: Head; body: Buffer }[] = []
  readonly heard: Buffer[] = []
  /** Called when a request has passed. */
  readonly overtakers = new Set<() => void>()
  /** Aborted by the calm: whoever waits goes on. */
  patience = patience()
  readonly #target: number

  constructor(target: number) {
    this.#target = target
  }

  wait(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.patience.signal }).catch(() => {})
  }

  track(work: Promise<void>): void {
    const tracked = work.finally(() => this.underWay.delete(tracked))
    this.underWay.add(tracked)
  }

  remember(head: Head, body: Buffer): void {
    if (body.length > MAX_COPY_BYTES) return
    this.copies.push({ head, body })
    if (this.copies.length > MAX_COPIES) this.copies.shift()
  }

  /** A connection of its own for each request: what ends one ends no other. */
  open({ method, url, headers }: Head, length?: number): http.ClientRequest {
    const own = length === undefined ? {} : { 'content-length': length }
    const to = { host: '127.0.0.1', port: this.#target, agent: false }
    const request = http.request({ ...to, method, path: url, headers: { ...headers, ...own } })
    // whoever waits for the answer learns of it
    return request.on('error', () => {})
  }

  /** Hands it to the target. Null if there is no answer. */
  async deliver(head: Head, body: Buffer | AsyncIterable<Buffer>): Promise<Reply | null> {
    const isWhole = Buffer.isBuffer(body)
    const request = this.open(head, isWhole ? body.length : undefined)
    const answered = once(request, 'response') as Promise<[IncomingMessage]>
    if (isWhole) request.end(body)
    else this.track(pour(body, request))
    try {
      const [response] = await answered
      for (const goOn of this.overtakers) goOn()
      this.overtakers.clear()
      const answer = await buffer(response)
      const { statusCode: status = 0, headers, rawHeaders } = response
      this.heard.push(Buffer.from(`${status}\n${rawHeaders.join('\n')}\n`), answer)
      return { status, headers, body: answer }
    } catch {
      // the target is down, or broke off
      return null
    } finally {
      request.destroy()
    }
  }

  /** Hands the target these bytes of a longer body, waits so long, and breaks off. */
  async deliverPart(head: Head, body: Buffer, ms: number): Promise<void> {
    const request = this.open(head)
    const ended = new Promise((resolve) => request.once('close', resolve))
    const written = new Promise((resolve) => request.write(body, resolve))
    await Promise.race([written, ended])
    await Promise.race([this.wait(ms), ended])
    request.socket?.resetAndDestroy()
    request.destroy()
  }
}

/** What any number of requests may wait for. */
function patience(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

type Passing = ReturnType<typeof passing>

/** A request that passes, with all that a fault may do to it. */
function passing(
  wire: Wire,
  request: IncomingMessage,
  response: ServerResponse,
  { ms, share }: HowMuch,
) {
  const { method, url, headers } = request
  const head = { method, url, headers } as Head
  wire.heard.push(Buffer.from(`${method} ${url}\n${request.rawHeaders.join('\n')}\n`))
  async function* incoming() {
    const chunks: Buffer[] = []
    for await (const chunk of request) {
      wire.heard.push(chunk)
      chunks.push(chunk)
      yield chunk as Buffer
    }
    wire.remember(head, Buffer.concat(chunks))
  }
  const whole = () => buffer(incoming())
  return {
    share,
    /** As it comes in. */
    stream: incoming(),
    whole,
    /** The body, of which no copy as it was sent comes later: what is refused since it was changed never came. */
    async changeable() {
      const body = await whole()
      wire.copies.splice(0, Infinity, ...wire.copies.filter((copy) => !copy.body.equals(body)))
      return body
    },
    wait: () => wire.wait(ms),
    /** Resolves when another request passed, or after a while. */
    overtaken: () =>
      new Promise<void>((resolve) => {
        wire.overtakers.add(resolve)
        wire.wait(OVERTAKEN_MS).then(resolve)
      }),
    deliver: (body: Buffer | AsyncIterable<Buffer>) => wire.deliver(head, body),
    /** Hands the target the first bytes only, waits so long, and breaks off. */
    deliverPart: async (ms: number) => wire.deliverPart(head, part(await whole(), share), ms),
    /** Hands the target an earlier request, which nobody waits for. */
    async deliverEarlier() {
      const copy = wire.copies[Math.floor(share * wire.copies.length)]
      if (copy) await wire.deliver(copy.head, copy.body)
    },
    /** Answers the sender; breaks the connection if there is nothing to answer. */
    answer(reply: Reply | null) {
      if (reply === null) request.socket.resetAndDestroy()
      else response.writeHead(reply.status, reply.headers).end(reply.body)
    },
    /** Begins to answer, and breaks off. */
    answerPart(reply: Reply | null) {
      if (reply !== null) {
        response.writeHead(reply.status, reply.headers)
        response.write(part(reply.body, share))
      }
      request.socket.destroySoon()
    },
    reset() {
      request.socket.resetAndDestroy()
    },
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

function drained(into: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      into.off('drain', done).off('close', done)
      resolve()
    }
    into.on('drain', done).on('close', done)
  })
}
