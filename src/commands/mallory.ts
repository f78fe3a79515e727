/** `mallory`: an attacker between two peers, and with `--with` the two peers as well. */

import net from 'node:net'
import path from 'node:path'
import type { Alteration } from '../classroom/lab/mallory/mallory.ts'
import { programName } from '../disk/programName.ts'
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
  /** Her own. */
  readonly ports: readonly [number, number]
  /** The URLs of the two victims, on loopback addresses. */
  readonly between: readonly [string, string]
  readonly alter?: Alteration
  /** Starts the victims as well: `strangers` keep nothing, `known` ones have met before. */
  readonly with?: 'strangers' | 'known'
  readonly full?: true
  /** The folder with the states of known victims: DIR/<port>, as `both` keeps them. */
  readonly state: string
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
  const attacker = await prepareMallory({
    ports: options.ports,
    between: options.between,
    suite: SUITES[options.curve],
    alteration: options.alter,
    terminal,
  })
  all.push(attacker)
  try {
    if (options.with !== undefined)
      all.push(await prepareVictims(options, attacker.ports, terminal))
    // all four ports are open by now, so none of the four has to give up after another has said that it is ready
    for (const each of all) each.start()
    if (options.with === undefined) await tellHowToCome(options, attacker.ports, terminal)
    tellWhereSecretsGo()
    return await asked
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
  { between, curve }: MalloryOptions,
  hers: readonly number[],
  terminal: Terminal,
): Promise<void> {
  for (const [i, url] of between.entries()) {
    const { say } = terminal.narrator(hers[i] ?? 0)
    const { port } = placeOf(url)
    const how = `start it with --peer http://127.0.0.1:${hers[i]} --curve ${curve} --no-state`
    say('·', `to bring in ${port}`, new Value(how))
    if (!(await isTaken(url))) say('✗', 'not there', `Nobody listens at ${url} yet.`)
  }
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
