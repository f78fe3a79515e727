/** A socket of multicast DNS on every network of this machine. What is not about peers is dropped before it is parsed. */

import dgram from 'node:dgram'
import { type Network, ownNetworks, placeOf } from './networks.ts'
import { isOurs } from './packets.ts'

const GROUP = '224.0.0.251'
const PORT = 5353

/** The longest packet that is looked at, in bytes: one of Ethernet's. */
const MAX_PACKET = 1500
/** How many packets a second are parsed, and how many of them from one address. */
const MAX_A_SECOND = 200
const MAX_OF_ONE = 20

/** How often, in ms, it is looked for networks that are new. */
const NETWORKS_MS = 5000

/** Where a packet about peers came from. `place`: this machine, or a network that it is on. */
export interface Source {
  readonly address: string
  readonly place: 'here' | 'near'
}

export interface MulticastHandlers {
  /** A packet that may be about peers, from a network of ours. */
  packet(bytes: Buffer, source: Source): void
  /** A network is new: what was announced before, nobody there has heard. */
  joined(): void
  /** There is no multicast here, and why: the system's code. */
  failed(code: string): void
}

/** Whether what listens on `host` is reached by a network of this machine. */
function isReachedBy({ address, isInternal }: Network, host: string): boolean {
  return isInternal || host === '0.0.0.0' || host === '::' || host === address
}

export class Multicast {
  readonly #socket = dgram.createSocket({ type: 'udp4', reuseAddr: true })
  readonly #handlers: MulticastHandlers
  readonly #host: string
  readonly #joined = new Set<string>()
  readonly #heard = new Map<string, number>()
  #networks: readonly Network[] = []
  #parsed = 0
  #sending: Promise<void> = Promise.resolve()
  readonly #timers: NodeJS.Timeout[] = []
  #isClosed = false

  /** `host`: what this peer listens on. Nothing is sent to, or taken from, networks that do not reach it. */
  constructor(host: string, handlers: MulticastHandlers) {
    this.#host = host
    this.#handlers = handlers
    this.#socket.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
      if (!this.#isClosed) handlers.failed(code)
      this.#stop()
    })
    this.#socket.on('message', (bytes, { address }) => this.#take(bytes, address))
    this.#socket.bind(PORT, () => {
      this.#socket.setMulticastTTL(255)
      this.#look()
      this.#timers.push(setInterval(() => this.#look(), NETWORKS_MS))
    })
    this.#timers.push(
      setInterval(() => {
        this.#parsed = 0
        this.#heard.clear()
      }, 1000),
    )
    // nobody has to wait for what others announce
    this.#socket.unref()
  }

  /** Sends what `packet` makes for this machine's address on a network, on each of them. */
  send(packet: (address: string) => Buffer): Promise<void> {
    this.#sending = this.#sending.then(() => this.#sendNow(packet)).catch(() => {})
    return this.#sending
  }

  /** Ends once what is being sent has left. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#sending
    this.#stop()
    try {
      this.#socket.close()
    } catch {
      // it was never bound
    }
  }

  #stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #sendNow(packet: (address: string) => Buffer): Promise<void> {
    // one after another: a packet leaves by the network that was named last
    for (const address of this.#joined) {
      const bytes = packet(address)
      await new Promise<void>((resolve) => {
        try {
          this.#socket.setMulticastInterface(address)
          this.#socket.send(bytes, PORT, GROUP, () => resolve())
        } catch {
          // that network is gone
          resolve()
        }
      })
    }
  }

  #look(): void {
    this.#networks = ownNetworks().filter((network) => isReachedBy(network, this.#host))
    const addresses = new Set(this.#networks.map(({ address }) => address))
    for (const gone of [...this.#joined].filter((one) => !addresses.has(one)))
      this.#joined.delete(gone)
    let isNew = false
    for (const address of addresses) {
      if (this.#joined.has(address)) continue
      try {
        this.#socket.addMembership(GROUP, address)
      } catch (error) {
        // an interface with two addresses is joined once; others know no multicast
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') continue
      }
      this.#joined.add(address)
      isNew = true
    }
    if (isNew) this.#handlers.joined()
  }

  #take(bytes: Buffer, address: string): void {
    if (bytes.length > MAX_PACKET || !isOurs(bytes)) return
    const place = placeOf(address, this.#networks)
    if (place === null || this.#parsed >= MAX_A_SECOND) return
    const ofThis = (this.#heard.get(address) ?? 0) + 1
    this.#heard.set(address, ofThis)
    if (ofThis > MAX_OF_ONE) return
    this.#parsed++
    this.#handlers.packet(bytes, { address, place })
  }
}
