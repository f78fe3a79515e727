/** A proxy between two peers that has bad days: it takes whole requests, and loses, copies, cuts and reorders them. */

import { once, setMaxListeners } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { reset } from '../helpers/reset.ts'

export type FaultKind = keyof typeof FAULTS
export type FaultyWire = Awaited<ReturnType<typeof faultyWire>>

/** What happens to a request, how long something takes in ms, and where in a length something happens, from 0 to 1. */
export interface Fault {
  readonly kind: FaultKind
  readonly ms: number
  readonly share: number
}

/** Earlier requests that may be sent again, and how long each may be. */
const MAX_COPIES = 16
const MAX_COPY_BYTES = 256 * 1024
/** Longer than a peer waits for a request, or for something of a picture. */
const STALL_MS = 12_000
const OVERTAKEN_MS = 1_000

/** What becomes of a request, step by step. */
const FAULTS = {
  passed: ['deliver', 'answer'],
  'delayed request': ['wait', 'deliver', 'answer'],
  'delayed answer': ['deliver', 'wait', 'answer'],
  overtaken: ['beOvertaken', 'deliver', 'answer'],
  'dropped request': ['wait', 'reset'],
  'dropped answer': ['deliver', 'wait', 'reset'],
  'given up, then late': ['reset', 'wait', 'deliver'],
  doubled: ['deliverTwice', 'answer'],
  replayed: ['deliver', 'answer', 'wait', 'deliverAnEarlierOne'],
  'cut request': ['deliverAPart', 'reset'],
  stalled: ['stall', 'reset'],
  'cut answer': ['deliver', 'answerAPart'],
  shortened: ['shorten', 'deliver', 'answer'],
  changed: ['change', 'deliver', 'answer'],
  'reset at once': ['reset'],
} satisfies Record<string, readonly (keyof ReturnType<Taking>)[]>

export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[]
const NO_FAULT: Fault = { kind: 'passed', ms: 0, share: 0 }

type Taking = Awaited<ReturnType<typeof faultyWire>>['stepsOf']

/** A proxy to `target`, a port of 127.0.0.1. `next`: what happens to each request while it storms. */
export async function faultyWire(target: number, next: () => Fault) {
  /** Aborted by the calm, so that whoever waits goes on; null while it is calm. */
  let storm: AbortController | null = null
  let heard: Buffer[] = []
  /** Requests that came, for replays. */
  let copies: { request: IncomingMessage; sent: Buffer }[] = []
  const underWay = new Set<Promise<void>>()
  /** Called when a request has passed. */
  const overtakers = new Set<() => void>()

  const wait = (ms: number) =>
    storm && sleep(ms, undefined, { signal: storm.signal }).catch(() => {})
  const hear = (what: string, { rawHeaders }: IncomingMessage, body: Buffer) =>
    heard.push(Buffer.from(`${what}\n${rawHeaders.join('\n')}\n`), body)

  /** A request to the target, on a connection of its own: what ends one ends no other. */
  function open({ method, url, headers }: IncomingMessage, length?: number): http.ClientRequest {
    const own = length === undefined ? {} : { 'content-length': length }
    const to = { host: '127.0.0.1', port: target, agent: false, method, path: url }
    // whoever waits for the answer learns of it
    return http.request({ ...to, headers: { ...headers, ...own } }).on('error', () => {})
  }

  /** The target's answer; null if it is down, or broke off. */
  async function handOver(head: IncomingMessage, body: Buffer) {
    const request = open(head, body.length)
    const answered = once(request, 'response') as Promise<[IncomingMessage]>
    request.end(body)
    try {
      const [response] = await answered
      for (const goOn of overtakers) goOn()
      overtakers.clear()
      const answer = await buffer(response)
      hear(String(response.statusCode), response, answer)
      return { response, body: answer }
    } catch {
      return null
    } finally {
      request.destroy()
    }
  }

  /** Hands the first bytes over, waits so long, and breaks off. */
  async function handOverPart(head: IncomingMessage, bytes: Buffer, ms: number): Promise<void> {
    const request = open(head)
    const ended = new Promise((resolve) => request.once('close', resolve))
    await Promise.race([new Promise((resolve) => request.write(bytes, resolve)), ended])
    await Promise.race([wait(ms), ended])
    reset(request.socket)
    request.destroy()
  }

  /** All that a fault may do with a request. */
  function stepsOf(request: IncomingMessage, to: ServerResponse, sent: Buffer, fault: Fault) {
    let body = sent
    let reply: Awaited<ReturnType<typeof handOver>> = null
    const part = (bytes: Buffer) => bytes.subarray(0, Math.floor(fault.share * bytes.length))
    const begin = () => {
      if (reply) to.writeHead(reply.response.statusCode ?? 0, reply.response.headers)
      return reply
    }
    return {
      wait: () => wait(fault.ms),
      shorten: () => {
        body = part(sent)
      },
      /** Changes one bit. What was sent is never replayed then: its sender was told that it was refused. */
      change: () => {
        copies = copies.filter((copy) => !copy.sent.equals(sent))
        body = Buffer.from(sent)
        const at = part(sent).length
        if (at < body.length) body[at] = (body[at] ?? 0) ^ 1
      },
      /** Waits until another request has passed, or for a while. */
      beOvertaken: () =>
        new Promise<void>((resolve) => {
          overtakers.add(resolve)
          Promise.resolve(wait(OVERTAKEN_MS)).then(() => resolve())
        }),
      deliver: async () => {
        reply = await handOver(request, body)
      },
      deliverTwice: async () => {
        const replies = await Promise.all([handOver(request, body), handOver(request, body)])
        reply = replies[fault.share < 0.5 ? 0 : 1]
      },
      deliverAnEarlierOne: async () => {
        const copy = copies[Math.floor(fault.share * copies.length)]
        if (copy) await handOver(copy.request, copy.sent)
      },
      deliverAPart: () => handOverPart(request, part(sent), 0),
      stall: () => handOverPart(request, part(sent), STALL_MS),
      /** Breaks the connection if there is nothing to answer. */
      answer: () => {
        if (begin()) to.end(reply?.body)
        else reset(request.socket)
      },
      answerAPart: () => {
        const answer = begin()
        if (answer) to.write(part(answer.body))
        request.socket.destroySoon()
      },
      reset: () => reset(request.socket),
    }
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = storm ? next() : NO_FAULT
    response.on('error', () => {})
    try {
      const sent = fault.kind === 'reset at once' ? Buffer.of() : await buffer(request)
      hear(`${request.method} ${request.url}`, request, sent)
      if (fault.kind !== 'reset at once' && sent.length <= MAX_COPY_BYTES)
        copies = [...copies, { request, sent }].slice(-MAX_COPIES)
      const steps = stepsOf(request, response, sent, fault)
      for (const step of FAULTS[fault.kind]) await steps[step]()
    } catch {
      // the sender is gone
      request.socket.destroy()
    }
  }

  const server = http.createServer({ requestTimeout: 0 }, (request, response) => {
    const taken = take(request, response).finally(() => underWay.delete(taken))
    underWay.add(taken)
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    /** From now on faults come. */
    storm() {
      storm = new AbortController()
      setMaxListeners(0, storm.signal)
    },
    /** From now on every request passes; resolves once nothing is under way. */
    async calm() {
      storm?.abort()
      storm = null
      while (underWay.size > 0) await Promise.all(underWay)
    },
    /** What an eavesdropper has heard since the last time: heads and bodies as they were sent. */
    recorded() {
      const all = Buffer.concat(heard)
      heard = []
      return all
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
    stepsOf,
  }
}
