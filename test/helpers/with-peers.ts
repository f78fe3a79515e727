/** Peers of this process, two of them on free ports, with terminals that can be read; torn down whatever happens. */

import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { type LaunchOptions, launchAll } from '../../src/launch.ts'
import type { Memory } from '../../src/peer/contract.ts'
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

/** Of `launch`, and some for both peers. */
export interface PeersOptions extends Partial<Omit<LaunchOptions, 'plans' | 'terminal'>> {
  /** Any free ones by default. */
  ports?: readonly [number, number]
  /** Where what the first sends to the second really goes, if somebody is in the way. */
  via?: string
  host?: string
  hostNames?: string[]
  /** Of a real terminal; without them it is a pipe. */
  columns?: number
}

export type StartedPeers = Awaited<ReturnType<typeof startPeers>>

/** Starts two peers; whoever calls this closes them. */
export async function startPeers(options: PeersOptions) {
  const { suite = SUITES.X25519, host = '127.0.0.1', hostNames = [], showsSecrets = true } = options
  const { ports = [0, 0], ...others } = options
  const { terminal, shown, forget } = keptTerminal({
    showsSecrets,
    ...(options.columns && { columns: options.columns }),
  })
  const launched = await launchAll({
    ...others,
    suite,
    plans: [
      { host, port: ports[0], hostNames, ...(options.via && { via: options.via }) },
      { host, port: ports[1], hostNames },
    ],
    openMemory: options.openMemory ?? (() => forgetful(suite.curve)),
    terminal,
    showsSecrets,
  })
  const peers = launched.ports.map((port) => testPeer(port, shown)) as [TestPeer, TestPeer]
  return {
    peers,
    /** What their terminals have shown so far. */
    output: shown,
    /** Leaves out of their terminals what these have shown so far. */
    forget,
    close: () => launched.close(),
  }
}

type Use = (a: TestPeer, b: TestPeer) => Promise<void>

export async function withPeers(options: PeersOptions, run: Use): Promise<void> {
  const started = await startPeers(options)
  try {
    await run(...started.peers)
  } finally {
    await started.close()
  }
}

/** What its terminal has shown, and how to forget that. */
export type LonePeer = TestPeer & Pick<KeptTerminal, 'shown' | 'forget'>

/** Runs one peer whose other one is at `peerUrl`. */
export async function withOnePeer(
  options: {
    peerUrl: string
    /** Any free one by default. */
    port?: number
    suite?: Suite | undefined
    memory?: Memory
    timeout?: number | undefined
  },
  use: (peer: LonePeer) => Promise<void>,
): Promise<void> {
  const { peerUrl, port = 0, suite = SUITES.X25519, memory = forgetful(suite.curve) } = options
  const { terminal, shown, forget } = keptTerminal()
  const { ports, close } = await launchAll({
    suite,
    plans: [{ host: '127.0.0.1', port, peerUrl }],
    openMemory: () => memory,
    terminal,
    showsSecrets: true,
    timeout: options.timeout,
  })
  try {
    await use({ ...testPeer(ports[0] ?? 0, shown), shown, forget })
  } finally {
    await close()
  }
}

function testPeer(port: number, shown: () => string): TestPeer {
  const url = `http://127.0.0.1:${port}`
  const lines = () => linesOf(shown(), port)
  return {
    port,
    url,
    call: (path, options) => call(url + path, options),
    lines,
    secrets: () => secretsOf(lines()),
  }
}

/**
 * As `withPeers`, with the same two peers for all the cases of a file or a `describe`. Their terminals show each
 * case what was said since it began; what went between them before stays. `begin` comes once, before the first case.
 */
export function sharedPeers(options: PeersOptions = {}, begin: Use = async () => {}) {
  let started: StartedPeers | undefined
  before(async () => {
    started = await startPeers(options)
    await begin(...started.peers)
  })
  after(() => started?.close())
  return async (use: Use): Promise<void> => {
    assert.ok(started)
    started.forget()
    await use(...started.peers)
  }
}

/** As `sharedPeers`, for peers that have agreed on keys; each case begins with empty inboxes. */
export function sharedSession(options: PeersOptions = {}) {
  const withPeers = sharedPeers(options, agree)
  return async (use: Use): Promise<void> => {
    await withPeers(async (...peers) => {
      for (const peer of peers) await peer.call('/decrypt_msg')
    })
    await withPeers(use)
  }
}

/** As `withPeers`, once the two have agreed on keys. */
export function withSession(options: PeersOptions, run: Use): Promise<void> {
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

/** The lines that a terminal's output has for one port, without the port and the time. */
export function linesOf(output: string, port: number): string[] {
  let isIts = false
  return output.split('\n').flatMap((line) => {
    const [, of, said] = /^(\d+) \d\d:\d\d:\d\d (.*)/.exec(line) ?? []
    if (of !== undefined) isIts = of === `${port}`
    const text = (said ?? line).trim()
    return isIts && text !== '' ? [text] : []
  })
}

/** What stands behind the label on lines that carry the word SECRET. */
export function secretsOf(lines: string[]): string[] {
  return lines
    .filter((line) => line.startsWith('● SECRET '))
    .map((line) => line.replace(/^● SECRET \S+( \S+)?\s{2,}/, ''))
}
