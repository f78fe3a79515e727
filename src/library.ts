/**
 * A peer in a program of one's own: with a server, in a server that is there already, or with neither. The commands bring
 * their peers up by the same functions, in `launch.ts`.
 */

import { basePathOf, baseUrlOf } from './http/baseUrl.ts'
import { isLocal } from './http/loopback.ts'
import { mountable } from './http/mounted.ts'
import { assemble, launchAll, type Parts, peerOf } from './launch.ts'
import type { Memory, PeerEvent, Wire } from './peer/contract.ts'
import type { Peer as WholePeer } from './peer/peer.ts'
import type { KeyPair } from './protocol/curves.ts'
import { SUITE_NAMES, SUITES, type Suite, type SuiteName, suiteOf } from './protocol/suites.ts'
import { memoryIn } from './state/lockedState.ts'

/** What happens to a peer that anybody may know; bytes are public. */
export type PublicEvent =
  | Exclude<PeerEvent, { SECRET: Uint8Array }>
  /** Another peer has taken the state's folder, which can happen after this machine was asleep for two minutes. */
  | { readonly type: 'state lost'; readonly detail: string }

/** What the terminal of the command prints as SECRET, and nothing else ever shows. `SECRET`: the caller's to erase. */
export type SecretEvent = Extract<PeerEvent, { SECRET: Uint8Array }>

/** A peer, for the program that it runs in. */
export type Peer = Pick<
  WholePeer,
  | 'port'
  | 'url'
  | 'suite'
  | 'peerUrl'
  | 'maxImage'
  | 'hasSession'
  | 'owesKeys'
  | 'unread'
  | 'lastPicture'
  | 'publicState'
  | 'sendKeys'
  | 'compare'
  | 'sendMessage'
  | 'readMessages'
  | 'sendPicture'
  | 'receiveKeys'
  | 'receiveMessage'
  | 'receivePicture'
  | 'close'
>

/** What any peer is made with. */
export interface PeerSettings {
  /** Both peers have the same; X25519, or that of `identity`, by default. */
  readonly suite?: SuiteName | undefined
  /**
   * The folder where it keeps its identity, the other one's, the number that was compared, and received pictures, as the
   * command keeps them. One peer at a time has it. By default the identity is a fresh one, and nothing is kept.
   */
  readonly state?: string | undefined
  /** In place of the identity that is kept. */
  readonly identity?: KeyPair | undefined
  /** What `/send_msg` sends without a text. */
  readonly message?: string | undefined
  /** The file of the picture that is sent without another one. */
  readonly image?: string | undefined
  /** The longest picture that is sent or taken, in bytes; 64 MiB by default. */
  readonly maxImage?: number | undefined
  /** How much room received pictures may take, in bytes; 256 MiB by default. */
  readonly keepPictures?: number | undefined
  /**
   * Told of what happens, after it has happened, so that it may call the peer. No secret and no text is in any event. What it
   * throws is an unhandled rejection of the program.
   */
  readonly onEvent?: ((event: PublicEvent, peer: Peer) => void) | undefined
  /**
   * Told what the terminal of the command would print: what `/show` and `/decrypt_msg` are run for by HTTP. Without it these two show
   * no secret and open no text (`secrets_hidden`), and texts are read by `readMessages` alone.
   */
  readonly onSecret?: ((event: SecretEvent, peer: Peer) => void) | undefined
}

/** For a peer that calls the other one by HTTP. */
export interface HttpSettings extends PeerSettings {
  /** Where the other peer is: http://HOST:PORT, and the path that it is mounted at, if any. */
  readonly peer: string
  /** How long a step waits for the other peer, in ms; 5 s by default. */
  readonly timeout?: number | undefined
  /** The names, beside IP addresses and `localhost`, by which this peer may be called. */
  readonly hostNames?: readonly string[] | undefined
}

export interface LaunchSettings extends HttpSettings {
  /** 0, the default: any free one. */
  readonly port?: number | undefined
  /** The address to listen on, 127.0.0.1 by default. It listens there for its owner in any case. */
  readonly host?: string | undefined
}

export interface LaunchedPeer {
  readonly peer: Peer
  /** Where its owner calls it: http://127.0.0.1:PORT */
  readonly url: string
  readonly port: number
  /** Ends every connection, and the peer as `Peer.close` does. Resolves with how many texts nobody has read, and are lost. */
  close(): Promise<number>
}

export interface AppSettings extends HttpSettings {
  /**
   * Where its owner calls it on the program's own server: http://127.0.0.1:3000/duet. All its routes are below that path, and
   * the server's port is in what it says of itself.
   */
  readonly url: string
}

/** A Koa app. What is declared here is what is meant to be used, so that nobody needs Koa's types. */
export interface PeerApp {
  readonly peer: Peer
  /** Answers Node's IncomingMessage by its ServerResponse, as Express's `use` and `http.createServer` call it. */
  callback(): (request: object, response: object) => Promise<void>
  /** A middleware for a Koa app or a router of Koa's: what is not below the path of `url` goes on to the next one. */
  routes(): (context: object, next: () => Promise<unknown>) => Promise<unknown>
}

/**
 * A peer and its Koa app, which does not listen: the program's own server hands it requests. What it keeps is closed
 * by `app.peer.close()`.
 * @throws TypeError for a setting that is none; StateError if the folder can't be used, or another peer has it
 */
export function createApp(settings: AppSettings): PeerApp {
  const url = urlOf('url', settings.url)
  const peerUrl = urlOf('peer', settings.peer)
  const base = basePathOf(url)
  const { hostname, port } = new URL(url)
  const { parts, memory, report, is } = made(settings)
  const { peer, app } = assemble(
    parts,
    {
      port: Number(port || 80),
      url,
      reachedAt: isLocal(url) ? [] : [url],
      isOneWay: isLocal(url) && !isLocal(peerUrl),
      memory: memory(),
      report,
    },
    (call) => call(peerUrl),
    () => ({ base, hostNames: [hostname, ...(settings.hostNames ?? [])] }),
  )
  is(peer)
  return Object.assign(mountable(app, base), { peer }) as object as PeerApp
}

/**
 * A peer with a server of its own, which listens. It has the limits on connections and time of the command.
 * @throws the system's error if the port can't be had; and as `createApp`
 */
export async function launch(settings: LaunchSettings): Promise<LaunchedPeer> {
  const { host = '127.0.0.1', port: wanted = 0, hostNames = [] } = settings
  const { parts, memory, report, is } = made(settings)
  const launched = await launchAll({
    ...parts,
    plans: [{ host, port: wanted, peerUrl: urlOf('peer', settings.peer), hostNames }],
    openMemory: memory,
    terminal: { reporter: () => report },
  })
  const [peer] = launched.peers
  if (peer === undefined) throw new Error('There is one peer.')
  is(peer)
  const close = async () => (await launched.close()).reduce((all, { texts }) => all + texts, 0)
  return { peer, url: peer.url, port: peer.port, close }
}

/**
 * A peer without HTTP: `wire` is the way to the other one, and what comes from there is given to `receiveKeys`, `receiveMessage` and
 * `receivePicture`.
 * @throws as `createApp`
 */
export function createPeer(settings: PeerSettings & { readonly wire: Wire }): Peer {
  const { parts, memory, report, is } = made(settings)
  const { message = 'This is a secret message!' } = settings
  const peer = peerOf({ ...parts, message }, { port: 0, memory: memory(), report }, settings.wire)
  is(peer)
  return peer
}

/** What the functions above have in common; `is` tells whose events they are. */
function made(settings: PeerSettings & { readonly timeout?: number | undefined }) {
  const { identity, state, keepPictures, onEvent, onSecret, message, image, maxImage } = settings
  const suite = suiteFor(settings)
  const parts: Parts = {
    suite,
    showsSecrets: onSecret !== undefined,
    ...{ message, image, maxImage, timeout: settings.timeout },
  }
  let is: (peer: Peer) => void = () => {}
  const whose = new Promise<Peer>((resolve) => {
    is = resolve
  })
  /** Each is told when the peer has done what it is about, so that the program may call it. */
  const tell = (event: PublicEvent) => {
    if (onEvent !== undefined) whose.then((peer) => onEvent(event, peer))
  }
  const report = (event: PeerEvent) => {
    if (!('SECRET' in event)) return tell(event)
    if (onSecret === undefined) return
    const kept = { ...event, SECRET: event.SECRET.slice() }
    whose.then((peer) => onSecret(kept, peer))
  }
  const memory = (): Memory =>
    memoryIn(
      state ?? false,
      suite.curve,
      identity,
      (detail) => tell({ type: 'state lost', detail }),
      keepPictures,
    )
  return { parts, memory, report, is }
}

/** @throws TypeError */
function suiteFor({ suite: name, identity }: PeerSettings): Suite {
  const byDefault = identity ? suiteOf(identity.curve) : SUITES.X25519
  const suite = SUITE_NAMES.includes(name ?? byDefault.name) && SUITES[name ?? byDefault.name]
  if (!suite) throw new TypeError(`suite: one of ${SUITE_NAMES.join(', ')}`)
  if (identity && identity.curve.name !== suite.curve.name)
    throw new TypeError(`identity: on ${suite.curve.name}, as ${suite.name} has it`)
  return suite
}

/** @throws TypeError */
function urlOf(name: 'url' | 'peer', text: string): string {
  const url = baseUrlOf(text)
  if (url === null)
    throw new TypeError(`${name}: http://HOST:PORT, or that with a plain path behind it`)
  return url
}
