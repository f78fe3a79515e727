/** `mallory`: an attacker between two peers, and with `--with` the two peers as well. */

import net, { isIP, isIPv6 } from 'node:net'
import path from 'node:path'
import type { Alteration } from '../classroom/lab/mallory/mallory.ts'
import { hostOf, privateAddress } from '../classroom/lab/mallory/privateAddress.ts'
import { makePeer, programName } from '../disk/programName.ts'
import { shellWord } from '../disk/shell.ts'
import { localOrigin } from '../http/loopback.ts'
import { type Prepared, prepare } from '../launch.ts'
import { SUITES, type SuiteName } from '../protocol/suites.ts'
import { StateError } from '../state/files.ts'
import { memoryIn } from '../state/lockedState.ts'
import { hasMet } from '../state/openMemory.ts'
import { tell } from '../terminal/output.ts'
import { Value } from '../terminal/said.ts'
import { createTerminal, type Terminal } from '../terminal/terminal.ts'
import { askedToEnd, tellWhereSecretsGo } from './ending.ts'
import { endPeers, savingUnread } from './unread.ts'

export interface MalloryOptions {
  readonly curve: SuiteName
  /** A private address of this machine, at which two others reach her; without it all are on this one. */
  readonly listen?: string
  /** Her own. */
  readonly ports: readonly [number, number]
  /** The URLs of the two victims: on loopback addresses, or with `listen` on private ones too. */
  readonly between: readonly [string, string]
  readonly alter?: Alteration
  /** Starts the victims as well: `strangers` keep nothing, `known` ones have met before. */
  readonly with?: 'strangers' | 'known'
  readonly full?: true
  /** The folder with the states of known victims: DIR/<port>, as `both` keeps them. */
  readonly state: string
}

/** As it was typed. */
export type MalloryGiven = Omit<MalloryOptions, 'ports' | 'between'> &
  Partial<Pick<MalloryOptions, 'ports' | 'between'>>

const HERE = ['http://127.0.0.1:5000', 'http://127.0.0.1:5001'] as const

/** What was typed with what is meant by what was not; or why it can't be meant. */
export function completed(given: MalloryGiven): MalloryOptions | string {
  const { listen, between, ports = [5002, 5003] } = given
  if (listen === undefined) {
    const [a, b] = (between ?? HERE).map(localOrigin)
    if (a == null || b == null)
      return 'Attacks go to this machine only: --between has loopback addresses, as 127.0.0.1 is. With --listen she goes between two machines of a private network.'
    return a === b ? 'The two of --between are one.' : { ...given, ports, between: [a, b] }
  }
  if (given.with !== undefined)
    return 'With --listen the two run on machines of their own: --with starts none.'
  if (between === undefined)
    return '--listen goes with --between, the URLs of two machines with a comma between them.'
  const addresses = between.map((url) => privateAddress(hostOf(url)))
  if (addresses.includes(null))
    return 'Attacks go to this machine and to private networks only: --between has private addresses as numbers (RFC 1918, RFC 4193, link-local IPv4, loopback), and no names.'
  if (addresses.some((address) => isIP(address ?? '') !== isIP(listen)))
    return '--listen and both of --between are IPv4, or all three IPv6.'
  const places = between.map(placeOf)
  const [a, b] = places.map(({ port }) => port) as [number, number]
  // each victim finds her at the port where it looks for the other one
  const crossed = given.ports ?? (a === b ? ports : ([b, a] as const))
  if (places.some(({ host, port }) => host === listen && crossed.includes(port)))
    return '--between names her own address and port.'
  return { ...given, between, ports: crossed }
}

/**
 * Runs her until a signal comes. Returns the exit code.
 * @throws StateError, or the system's error for a port
 */
export async function mallory(options: MalloryOptions): Promise<number> {
  const terminal = createTerminal({
    output: process.stdout,
    showsSecrets: true,
    isFull: options.full,
  })
  const all: Prepared[] = []
  // her copies of pictures are temporary, and so are those of strangers
  const asked = askedToEnd({ alwaysAtHangup: true, ...savingUnread(all, terminal) })
  if (options.with === 'known') refuseStrangers(options)
  const { prepareMallory } = await import('../classroom/lab/mallory/mallory.ts')
  const isOnNetwork = options.listen !== undefined
  const hers = terminal.of(isOnNetwork ? 'attacker' : '')
  const attacker = await prepareMallory({
    ports: options.ports,
    between: options.between,
    listen: options.listen,
    suite: SUITES[options.curve],
    alteration: options.alter,
    terminal: hers,
  })
  all.push(attacker)
  try {
    if (options.with !== undefined)
      all.push(await prepareVictims(options, attacker.ports, terminal))
    // all four ports are open by now, so none of the four has to give up after another has said that it is ready
    for (const each of all) each.start()
    if (options.with === undefined) await tellHowToCome(options, attacker.ports, hers)
    tellWhereSecretsGo()
    const exitCode = await asked
    if (isOnNetwork) await attacker.takeLeave()
    return exitCode
  } finally {
    await endPeers(all, terminal)
  }
}

/**
 * Refuses victims that have met nobody: they would remember Mallory, in a state that honest runs use.
 * @throws StateError
 */
function refuseStrangers({ between, curve, state }: MalloryOptions): void {
  for (const { port } of between.map(placeOf)) {
    const dir = path.join(state, String(port))
    if (!hasMet(dir, SUITES[curve].curve))
      throw new StateError(
        `${dir}: This peer has met nobody on ${curve} yet. Run ${programName()} both and /send_keys on both, end them, and come again.`,
      )
  }
}

/** Prepares the victims. Each of them believes that it reaches the other one, and reaches Mallory. */
function prepareVictims(
  { between, curve: name, with: kind, state }: MalloryOptions,
  hers: readonly number[],
  terminal: Terminal,
): Promise<Prepared> {
  const suite = SUITES[name]
  const [a, b] = between
  return prepare({
    suite,
    plans: [
      { ...placeOf(a), peerUrl: b, via: `http://127.0.0.1:${hers[0]}` },
      { ...placeOf(b), peerUrl: a, via: `http://127.0.0.1:${hers[1]}` },
    ],
    openMemory: (port) =>
      memoryIn(kind === 'known' && path.join(state, String(port)), suite.curve, undefined, tell),
    terminal,
    showsSecrets: true,
  })
}

async function tellHowToCome(
  { between, curve, listen }: MalloryOptions,
  ports: readonly number[],
  terminal: Pick<Terminal, 'narrator'>,
): Promise<void> {
  for (const [i, url] of between.entries()) {
    const { say } = terminal.narrator(ports[i] ?? 0)
    const { host, port } = placeOf(url)
    if (listen === undefined) {
      const how = `start it with --peer http://127.0.0.1:${ports[i]} --curve ${curve} --no-state`
      say('·', `to bring in ${port}`, new Value(how))
      if (!(await isTaken(url))) say('✗', 'not there', `Nobody listens at ${url} yet.`)
      continue
    }
    say('·', `to bring in ${new URL(url).host}`, 'Somebody types this there:')
    say('·', '', new Value(typedThere({ curve, host, port }, hersAt(listen, ports[i]))))
  }
}

const hersAt = (address: string, port = 0) =>
  `http://${isIPv6(address) ? `[${address}]` : address}:${port}`

/** What starts a peer that takes `peer` for the other one, and keeps nothing of it. */
function typedThere(
  { curve, host, port }: { curve: SuiteName; host: string; port: number },
  peer: string,
): string {
  const byMake = makePeer(port)
  if (byMake !== null)
    return `${byMake} HOST=${host} PEER=${shellWord(peer)}${curve === 'X25519' ? '' : ` CURVE=${curve}`} NO_STATE=1`
  const suite = curve === 'X25519' ? '' : ` --curve ${curve}`
  return `${programName()} peer --port ${port} --host ${host} --peer ${shellWord(peer)}${suite} --no-state`
}

function placeOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 80) }
}

function isTaken(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(placeOf(url))
    const end = (taken: boolean) => () => {
      socket.destroy()
      resolve(taken)
    }
    socket.once('connect', end(true)).once('error', end(false))
  })
}
