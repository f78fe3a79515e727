/** Brings peers up and down: ports first, then their memory, then the app on each. */

import type { RequestListener, Server } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type Koa from 'koa'
import { type AppOptions, appOf } from './http/app.ts'
import { createClient } from './http/client.ts'
import { isLocal } from './http/loopback.ts'
import { quickAead } from './http/pictures.ts'
import type { State } from './http/routes.ts'
import { listen, type Patience } from './http/server.ts'
import type { Mailbox, Memory, PeerEvent, PeerOptions, Wire } from './peer/contract.ts'
import { Peer } from './peer/peer.ts'
import type { Suite } from './protocol/suites.ts'
import { ownPicture } from './state/pictureFile.ts'
import type { Terminal } from './terminal/terminal.ts'
import { Events } from './wirelog/ring.ts'

const MAX_IMAGE = 64 * 1024 * 1024

/** Addresses to listen on that take what is sent to 127.0.0.1, as the owner's curls are. */
const TAKES_OWNERS_CALLS = ['127.0.0.1', '0.0.0.0', '::', '::ffff:127.0.0.1', '::ffff:0.0.0.0']

export interface PeerPlan {
  /** The address to listen on; the peer is always at 127.0.0.1 too. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** The other peer's URL; without one, the other peer of the same launch. */
  readonly peerUrl?: string
  /** Where what is sent to that URL really goes, if somebody is in the way. */
  readonly via?: string
  /** Makes the way to the other peer where its address may change; `call` has the way to one address. */
  readonly wire?: (call: (url: string) => Wire) => Wire
  readonly hostNames?: readonly string[]
}

/** What the peers of one launch have in common, and what a peer that a program mounts in its own server has too. */
export interface Parts {
  readonly suite: Suite
  readonly showsSecrets: boolean
  readonly message?: string | undefined
  /** The picture that `/send_image` sends if it is given none. */
  readonly image?: string | undefined
  /** The longest picture, in bytes, that is sent or taken; 64 MiB by default. */
  readonly maxImage?: number | undefined
  /** How long, in ms, a step waits for the other peer, as `createClient` has it; 5 s by default. */
  readonly timeout?: number | undefined
  readonly showWork?: PeerOptions['showWork']
}

export interface LaunchOptions extends Parts {
  readonly plans: readonly PeerPlan[]
  /**
   * The memory of the peer on `port`, whose plan is number `index`. Its identity is on the suite's curve. Called once the
   * port is ours: a second peer on one port fails before it can touch the memory of the first.
   */
  readonly openMemory: (port: number, index: number) => Memory
  readonly terminal: Pick<Terminal, 'reporter'>
  /** With callers who take their time; that of a server by default. */
  readonly patience?: Patience | undefined
  /** What takes requests in place of `peer`, and of the routes. Called once for each peer, in the order of the plans. */
  readonly inPlace?: (peer: Peer, events: Events) => Pick<AppOptions, 'receiver' | 'front'>
  /** Opened as the memory is; without it, a peer takes no mail. */
  readonly openMailbox?: (() => Mailbox) | undefined
}

/** What is a peer's own. */
type Own = Pick<
  PeerOptions,
  'port' | 'url' | 'reachedAt' | 'isOneWay' | 'memory' | 'mailbox' | 'report'
>

export interface Launched {
  readonly ports: readonly number[]
  /** In the order of the plans. */
  readonly peers: readonly Peer[]
  /** The peers that have texts which nobody has read. */
  unread(): readonly Unread[]
  /**
   * Ends every connection, erases the keys of every session, and removes what is kept for this run only. Resolves with
   * what was unread then, and is lost.
   */
  close(): Promise<readonly Unread[]>
}

/** How many texts wait to be read at the peer on a port: one or more. */
export interface Unread {
  readonly port: number
  readonly texts: number
}

/** Peers that can start at once: their ports are open, and a request that comes already waits for `start`. */
export interface Prepared extends Launched {
  /** They say that they are ready, and answer. Once. */
  start(): void
}

/** A peer that calls the other one by `wire`. */
export function peerOf(parts: Parts, own: Own, wire: Wire): Peer {
  const { suite, image, maxImage = MAX_IMAGE, message, showsSecrets, showWork } = parts
  return new Peer({
    ...{ suite, maxImage, message, showsSecrets, showWork },
    ...own,
    wire,
    aead: quickAead(),
    ownPicture: ownPicture(image),
  })
}

/** A peer with its Koa app, which does not listen. */
export interface Assembled {
  readonly peer: Peer
  readonly app: Koa<State>
}

/**
 * Makes a peer that calls the other one by HTTP, and its app. `wireBy`: the way to the other peer, from what makes the way to
 * a URL. `appOptions`: of its app.
 */
export function assemble(
  parts: Parts,
  own: Own,
  wireBy: (call: (url: string) => Wire) => Wire,
  appOptions: (peer: Peer, events: Events) => Omit<AppOptions, 'events'>,
): Assembled {
  const events = new Events(parts.suite)
  const report = (event: PeerEvent) => {
    own.report(event)
    if (event.type === 'keys confirmed') events.confirmed(event)
    events.changed()
  }
  const wire = wireBy((url) => createClient(url, parts.suite, events, parts.timeout))
  const peer = peerOf(parts, { ...own, report }, wire)
  return { peer, app: appOf(peer, { ...appOptions(peer, events), events }) }
}

/**
 * Starts a peer for each plan, all or none.
 * @throws the system's error if a port can't be had, or what `openMemory` throws
 */
export async function launchAll(options: LaunchOptions): Promise<Launched> {
  const prepared = await prepare(options)
  prepared.start()
  return prepared
}

/**
 * All of `launchAll` that can fail, for whoever starts others too: all or none.
 * @throws the system's error if a port can't be had, or what `openMemory` throws
 */
export async function prepare(options: LaunchOptions): Promise<Prepared> {
  const { plans, openMemory, terminal, patience, inPlace, openMailbox } = options
  const servers: Server[] = []
  const places: { port: number; reachedAt: string[] }[] = []
  const peers: Peer[] = []
  let answer: (listeners: RequestListener[]) => void = () => {}
  const listeners = new Promise<RequestListener[]>((resolve) => {
    answer = resolve
  })
  const unread = () =>
    peers.map(({ port, unread: texts }) => ({ port, texts })).filter(({ texts }) => texts > 0)
  const close = async () => {
    await Promise.all(servers.map(stop))
    const lost = unread()
    for (const peer of peers) peer.close()
    return lost
  }
  try {
    for (const [i, { host, port: wanted }] of plans.entries()) {
      const listener = listeners.then((all) => all[i] as RequestListener)
      const server = await listen({ host, port: wanted }, listener, patience)
      servers.push(server)
      const { address, port } = server.address() as AddressInfo
      const reachedAt = addressesOf(address).map(
        (name) => `http://${isIPv6(name) ? `[${name}]` : name}:${port}`,
      )
      places.push({ port, reachedAt })
      if (!TAKES_OWNERS_CALLS.includes(address))
        servers.push(await listen({ host: '127.0.0.1', port }, listener, patience))
    }
    const callbacks: RequestListener[] = []
    const apps = places.map(({ port, reachedAt }, i) => {
      const j = places.length - 1 - i
      const sibling = `http://127.0.0.1:${places[j]?.port}`
      const { peerUrl = sibling, via = peerUrl, wire, hostNames } = plans[i] ?? {}
      const own = {
        ...{ port, reachedAt, memory: openMemory(port, i), mailbox: openMailbox?.() },
        isOneWay: !isLocal(peerUrl) && reachedAt.every(isLocal),
        report: terminal.reporter(port),
      }
      const isOther = j !== i && isLocal(peerUrl) && portOf(peerUrl) === places[j]?.port
      const { peer, app } = assemble(
        options,
        own,
        (call) => wire?.(call) ?? { ...call(via), url: peerUrl },
        (peer, events) => ({
          hostNames,
          ...inPlace?.(peer, events),
          other: isOther ? (request, response) => callbacks[j]?.(request, response) : undefined,
        }),
      )
      peers.push(peer)
      return app
    })
    const start = () => {
      for (const peer of peers) peer.start()
      callbacks.push(...apps.map((app) => app.callback()))
      answer(callbacks)
    }
    return { ports: places.map(({ port }) => port), peers, start, unread, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The addresses by which other machines reach what listens on `address`: none if that is loopback's. */
function addressesOf(address: string): string[] {
  // IPv4 in IPv6 is a form that the guard refuses
  const name = address.replace(/^::ffff:(?=[\d.]+$)/, '')
  if (name !== '0.0.0.0' && name !== '::')
    return TAKES_OWNERS_CALLS.includes(name) || name === '::1' ? [] : [name]
  return Object.values(networkInterfaces())
    .flat()
    .filter((one) => one !== undefined && !one.internal)
    .filter((one) => one?.family === 'IPv4' || (name === '::' && one?.scopeid === 0))
    .map((one) => one?.address ?? '')
}

function portOf(url: string): number {
  return Number(new URL(url).port || 80)
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
