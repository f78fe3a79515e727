/** Peers of this process, two of them on free ports, with terminals that can be read; torn down whatever happens. */

import assert from 'node:assert/strict'
import type { Patience } from '../../src/http/server.ts'
import { launch } from '../../src/launch.ts'
import type { Mailbox, Memory } from '../../src/peer/contract.ts'
import type { PeerOptions } from '../../src/peer/peer.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { forgetful } from '../../src/state/openMemory.ts'
import { type Answer, type CallOptions, call, posting, TEXT } from './call.ts'
import { type KeptTerminal, keptTerminal } from './terminal.ts'

export interface TestPeer {
  readonly port: number
  /** http://127.0.0.1:PORT */
  readonly url: string
  /** Runs a request on this peer. */
  call(path: string, options?: CallOptions): Promise<Answer>
  /** The lines of its terminal so far, without the port. */
  lines(): string[]
  /** What its terminal shows as SECRET, oldest first: the text after the label. */
  secrets(): string[]
}

export interface PeersOptions {
  suite?: Suite
  /** Any free ones by default. */
  ports?: readonly [number, number]
  /** Where what the first sends to the second really goes, if somebody is in the way. */
  via?: string
  host?: string
  hostNames?: string[]
  message?: string
  showsSecrets?: boolean
  /** Of a real terminal; without them it is a pipe. */
  columns?: number
  image?: string
  maxImage?: number
  patience?: Patience
  /** How long, in ms, they wait for each other. */
  timeout?: number
  openMemory?: (port: number) => Memory
  openMailbox?: () => Mailbox
  showWork?: PeerOptions['showWork']
}

export type StartedPeers = Awaited<ReturnType<typeof startPeers>>

/** Starts two peers; whoever calls this closes them. */
export async function startPeers(options: PeersOptions) {
  const { suite = SUITES.X25519, host = '127.0.0.1', hostNames = [], showsSecrets = true } = options
  const { ports = [0, 0] } = options
  const { terminal, shown, forget } = keptTerminal({
    showsSecrets,
    ...(options.columns && { columns: options.columns }),
  })
  const launched = await launch({
    suite,
    plans: [
      { host, port: ports[0], hostNames, ...(options.via && { via: options.via }) },
      { host, port: ports[1], hostNames },
    ],
    openMemory: options.openMemory ?? (() => forgetful(suite.curve)),
    terminal,
    showsSecrets,
    message: options.message,
    image: options.image,
    maxImage: options.maxImage,
    patience: options.patience,
    timeout: options.timeout,
    openMailbox: options.openMailbox,
    showWork: options.showWork,
  })
  const peers = launched.ports.map((port) => {
    const url = `http://127.0.0.1:${port}`
    const lines = () => linesOf(shown(), port)
    return {
      port,
      url,
      call: (path: string, options?: CallOptions) => call(url + path, options),
      lines,
      secrets: () => secretsOf(lines()),
    }
  }) as [TestPeer, TestPeer]
  return {
    peers,
    /** What their terminals have shown so far. */
    output: shown,
    /** Leaves out of their terminals what these have shown so far. */
    forget,
    close: () => launched.close(),
  }
}

export async function withPeers(
  options: PeersOptions,
  run: (a: TestPeer, b: TestPeer) => Promise<void>,
): Promise<void> {
  const started = await startPeers(options)
  try {
    await run(...started.peers)
  } finally {
    await started.close()
  }
}

/** Runs one peer beside `use`, whose other one is somewhere else: where it listens, and where the other one does. */
export async function withOnePeer(
  options: { ports: readonly [number, number]; suite?: Suite; memory?: Memory },
  use: (terminal: KeptTerminal) => Promise<void>,
): Promise<void> {
  const { ports, suite = SUITES.X25519, memory = forgetful(suite.curve) } = options
  const kept = keptTerminal()
  const { close } = await launch({
    suite,
    plans: [{ host: '127.0.0.1', port: ports[0], peerUrl: `http://127.0.0.1:${ports[1]}` }],
    openMemory: () => memory,
    terminal: kept.terminal,
    showsSecrets: true,
  })
  try {
    await use(kept)
  } finally {
    await close()
  }
}

/** As `withPeers`, once the two have agreed on keys. */
export function withSession(
  options: PeersOptions,
  run: (a: TestPeer, b: TestPeer) => Promise<void>,
): Promise<void> {
  return withPeers(options, async (a, b) => {
    await agree(a, b)
    await run(a, b)
  })
}

export async function agree(a: TestPeer, b: TestPeer): Promise<void> {
  await a.call('/send_keys')
  assert.notEqual((await b.call('/send_keys')).json.session, null)
}

/** All that two do: they agree, look, and the second reads a text and gets a picture. */
export async function talk(a: TestPeer, b: TestPeer): Promise<void> {
  await agree(a, b)
  await a.call('/show')
  await a.call('/send_msg', posting(TEXT, 'Nobody else may read this text'))
  await b.call('/decrypt_msg')
  await a.call('/send_image')
}

/** The lines that a terminal's output has for one port, without the port. */
export function linesOf(output: string, port: number): string[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith(`${port} `))
    .map((line) => line.slice(`${port}`.length).trim())
}

/** What stands behind the label on lines that carry the word SECRET. */
export function secretsOf(lines: string[]): string[] {
  return lines
    .filter((line) => line.startsWith('●  SECRET '))
    .map((line) => line.replace(/^● {2}SECRET \S+( \S+)?\s{2,}/, ''))
}
