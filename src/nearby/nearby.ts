/** Who else is on this network, as far as they say so, and what this peer says of itself. */

import { labelOf, skeletonOf } from './labels.ts'
import { Multicast, type Source } from './multicast.ts'
import {
  type Announcement,
  decode,
  encodeAnnouncement,
  encodeQuery,
  randomId,
  TTL,
} from './packets.ts'

/** How many of the others are kept, and how many of them at one address. */
const MAX_OTHERS = 64
const MAX_AT_ONE = 4

/** When others are asked for, in ms from the start; from then on at the last of these distances. */
const ASKED_MS = [0, 1000, 3000, 8000, 20_000] as const

/** Questions are answered at most so often, in ms (RFC 6762 section 6), and after a while that is left to chance. */
const ANSWERED_MS = 1000
const CHANCE_MS = 100

/** Somebody who announces a peer. Nothing of it is verified, but for the address that the packet came from. */
export interface Other {
  readonly id: string
  /** Harmless, but anybody may choose it. */
  readonly label: string
  /** Of a suite of ours, or what else it said. */
  readonly suite: string
  /** Where its packets come from, or 127.0.0.1 if that is this machine; and the port that it named. */
  readonly address: string
  readonly port: number
  readonly url: string
}

export interface NearbyOptions {
  /** What is announced, if anything: label, port and suite. */
  readonly announced: Omit<Announcement, 'id'> | null
  /** What this peer listens on: the networks that do not reach it hear nothing. */
  readonly host: string
  /** Whether others are looked for. */
  readonly looks: boolean
  /** Somebody is there, or is gone. */
  readonly changed?: () => void
  /** There is no multicast here: the system's code. */
  readonly failed?: (code: string) => void
}

export class Nearby {
  readonly #options: NearbyOptions
  readonly #own: Announcement | null
  readonly #multicast: Multicast
  readonly #others = new Map<string, { other: Other; until: number }>()
  #asked: NodeJS.Timeout | undefined
  #answering: NodeJS.Timeout | undefined
  #answered = Number.NEGATIVE_INFINITY

  constructor(options: NearbyOptions) {
    this.#options = options
    this.#own = options.announced && { id: randomId(), ...options.announced }
    this.#multicast = new Multicast(options.host, {
      packet: (bytes, source) => this.#take(bytes, source),
      joined: () => {
        this.#announce()
        if (options.looks) this.#ask(0)
      },
      failed: (code) => options.failed?.(code),
    })
  }

  /** Who is there by now, whoever was heard first before the others. */
  get others(): readonly Other[] {
    const now = performance.now()
    for (const [key, { until }] of this.#others) if (until <= now) this.#others.delete(key)
    return [...this.#others.values()].map(({ other }) => other)
  }

  /** Takes back what was announced. */
  async close(): Promise<void> {
    clearTimeout(this.#asked)
    clearTimeout(this.#answering)
    const own = this.#own
    if (own !== null) this.#multicast.send((address) => encodeAnnouncement(own, address, 0))
    await this.#multicast.close()
  }

  #ask(count: number): void {
    clearTimeout(this.#asked)
    this.#multicast.send(encodeQuery)
    const last = ASKED_MS.length - 1
    const next = count + 1
    const pause =
      next <= last ? (ASKED_MS[next] ?? 0) - (ASKED_MS[count] ?? 0) : (ASKED_MS[last] ?? 0)
    this.#asked = setTimeout(() => this.#ask(Math.min(next, last)), pause)
    this.#asked.unref()
  }

  /** Soon, and once however many ask. */
  #announce(): void {
    const own = this.#own
    if (own === null || this.#answering !== undefined) return
    const early = Math.max(0, this.#answered + ANSWERED_MS - performance.now())
    this.#answering = setTimeout(
      () => {
        this.#answering = undefined
        this.#answered = performance.now()
        this.#multicast.send((address) => encodeAnnouncement(own, address))
      },
      early + Math.random() * CHANCE_MS,
    )
    this.#answering.unref()
  }

  #take(bytes: Buffer, source: Source): void {
    for (const heard of decode(bytes)) {
      if (heard.kind === 'query') this.#announce()
      else if (this.#options.looks && heard.said.id !== this.#own?.id)
        this.#hear(heard.said, heard.ttl, source)
    }
  }

  #hear({ id, label, port, suite }: Announcement, ttl: number, source: Source): void {
    const address = source.place === 'here' ? '127.0.0.1' : source.address
    const url = `http://${address}:${port}`
    const before = this.#others.get(url)
    if (ttl === 0) {
      if (this.#others.delete(url)) this.#options.changed?.()
      return
    }
    if (before === undefined) {
      const { others } = this
      if (others.length >= MAX_OTHERS) return
      if (others.filter((one) => one.address === address).length >= MAX_AT_ONE) return
    }
    const other: Other = {
      id,
      label: labelOf(label) ?? 'no name',
      suite: labelOf(suite) ?? '',
      address,
      port,
      url,
    }
    this.#others.set(url, { other, until: performance.now() + Math.min(ttl, TTL) * 1000 })
    if (before?.other.id !== id || before.other.label !== other.label) this.#options.changed?.()
  }
}

/** The labels of `others` as they are shown: with the address, where two can't be told apart. */
export function shownAs(other: Other, others: readonly Other[]): string {
  const skeleton = skeletonOf(other.label)
  const isAlone = others.every((one) => one.url === other.url || skeletonOf(one.label) !== skeleton)
  return isAlone ? other.label : `${other.label} at ${other.address}:${other.port}`
}
