/** `talk`: two people who talk, each at a terminal of their own. */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { programName } from '../disk/programName.ts'
import { isLocal } from '../http/loopback.ts'
import { type LaunchOptions, type Prepared, prepare } from '../launch.ts'
import { ownLabel } from '../nearby/labels.ts'
import type { PeerEvent } from '../peer/contract.ts'
import type { Peer } from '../peer/peer.ts'
import { SUITES, type SuiteName, suiteOf } from '../protocol/suites.ts'
import { readPrivateKey } from '../state/keyFiles.ts'
import { memoryIn } from '../state/lockedState.ts'
import { pictureFile } from '../state/pictureFile.ts'
import { MovingWire } from '../talk/movingWire.ts'
import { pipedLines } from '../talk/pipedLines.ts'
import { Screen } from '../talk/screen.ts'
import { Talk } from '../talk/talk.ts'
import { Whereabouts } from '../talk/whereabouts.ts'
import { tell } from '../terminal/output.ts'
import { ours, said, Value } from '../terminal/said.ts'
import { createTerminal } from '../terminal/terminal.ts'
import { askedToEnd, tellWhereSecretsGo } from './ending.ts'

/** Ports that are tried one after another where none is named. */
const USUAL_PORTS = [5000, 5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008, 5009]

/** What stays of a talk: the folder of its state. */
const STATE = path.join('.duet', 'talk')

/** How long, in ms, what is not acknowledged is tried after the end of standard input, if nothing moves. */
const GIVE_UP_MS = 60_000

/** So many lines of a pipe are read before those that were sent are acknowledged. */
const MAX_PIPED_UNSETTLED = 100

/** So many of the others on this network are named by /who. */
const MAX_NAMED = 9

export interface TalkOptions {
  readonly peer?: string
  readonly port?: number
  readonly host?: string
  readonly hostName: string[]
  readonly as?: string
  readonly yes?: true
  readonly curve?: SuiteName
  readonly identity?: string
  readonly image?: string
  readonly message?: string
  readonly maxImage?: number
  readonly keepPictures?: number
  readonly state?: string | false
}

/**
 * Talks until somebody ends it, or until the lines of a pipe are sent. Returns the exit code: 1 if a text stays in doubt.
 * @throws StateError, DuetError, or the system's error for a port
 */
export async function talk(options: TalkOptions): Promise<number> {
  const { stdin, stdout } = process
  const ending = new Ending(options.state === false)
  const screen = new Screen(
    stdin.isTTY && stdout.isTTY ? { input: stdin, output: stdout } : null,
    stdout,
    {
      line: (line) => {
        ending.goOn()
        if (line.mayBeCommand && line.text.trim() === '/quit') ending.ask()
        else if (!whereabouts?.answer(line)) talk?.take(line)
      },
      interrupted: () => ending.ask(),
      ended: () => ending.ask(),
      hungUp: () => ending.end(0),
      leftOut: (units) =>
        screen.lines.say('✗', `That was too long: the last ${units} characters are left out.`),
    },
  )
  let talk: Talk | undefined
  let whereabouts: Whereabouts | undefined
  let launched: Prepared | undefined
  try {
    const label = ownLabel(options.as)
    const prepared = await preparedPeer(options, screen, (event) => talk?.heard(event))
    launched = prepared.launched
    const { peer, wire, isKnown, showPlainly } = prepared
    const { lines } = screen
    if (!stdout.isTTY) tellWhereSecretsGo()
    const sayWho = () => {
      const at = options.peer === undefined ? [] : peer.reachedAt
      lines.say('·', `You are ${label}, on port ${peer.port}, with ${peer.suite.name}.`)
      for (const url of at) lines.below(new Value(`The other one names you: --peer ${url}`))
    }
    talk = new Talk({
      peer,
      wire,
      screen,
      label: () => whereabouts?.label ?? null,
      showPlainly,
      picture: (file) => pictureFile(asTyped(file)),
      confirmed: () => whereabouts?.confirmed(),
      who: () => {
        sayWho()
        lines.below(said`${ours(whereabouts?.label ?? 'The other one')} is at ${peer.peerUrl}.`)
        const others = whereabouts?.others ?? []
        for (const { label, address, port } of others.slice(0, MAX_NAMED))
          lines.below(`On this network, unverified: ${label}, at ${address}:${port}`)
      },
      quit: () => ending.ask(),
    })
    const { aim } = talk
    ending.of(talk, screen)
    launched.start()
    sayWho()
    if (options.peer !== undefined) aim(options.peer)
    else {
      aim(null)
      whereabouts = new Whereabouts({
        screen,
        own: { label, port: peer.port, suite: peer.suite.name },
        host: options.host ?? hostFor(undefined),
        yes: options.yes === true,
        isKnown,
        aim,
        failures: () => talk?.failures ?? 0,
        adviseInstead: () => {
          lines.say('·', 'Nobody was found yet, and I look on. You can also name each other:')
          lines.below(new Value(`${programName()} talk --peer http://ADDRESS:PORT`))
          for (const url of peer.reachedAt) lines.below(new Value(`You are ${url}`))
        },
      })
    }
    talk.run().catch((error) => ending.fail(error))
    if (!screen.isTyped)
      sendAll(talk).then(
        (code) => ending.end(code),
        (error) => ending.fail(error),
      )
    return await ending.asked
  } finally {
    talk?.end()
    screen.end()
    await whereabouts?.close()
    await launched?.close()
  }
}

/** The peer of a talk, which has its port and its memory, and the way to the other one. */
async function preparedPeer(
  options: TalkOptions,
  screen: Screen,
  heard: (event: PeerEvent) => void,
): Promise<{
  launched: Prepared
  peer: Peer
  wire: MovingWire
  isKnown: boolean
  showPlainly: (event: PeerEvent) => void
}> {
  const asGiven = options.curve && SUITES[options.curve]
  const identity =
    options.identity === undefined ? undefined : readPrivateKey(options.identity, asGiven?.curve)
  const suite = asGiven ?? (identity ? suiteOf(identity.curve) : SUITES.X25519)
  const terminal = createTerminal({ output: screen.output, showsSecrets: true })
  let showPlainly: (event: PeerEvent) => void = () => {}
  let wire: MovingWire | undefined
  let isKnown = false
  const launched = await onSomePort(options.port, {
    suite,
    plans: [
      {
        host: options.host ?? hostFor(options.peer),
        port: 0,
        wire: (call) => {
          wire = new MovingWire(call)
          return wire
        },
        hostNames: options.hostName,
      },
    ],
    openMemory: () => {
      const dir = options.state !== false && (options.state || STATE)
      const memory = memoryIn(dir, suite.curve, identity, tell, options.keepPictures)
      isKnown = memory.knownIdentity !== null
      return memory
    },
    terminal: {
      reporter: (port) => {
        showPlainly = terminal.reporter(port)
        return heard
      },
    },
    showsSecrets: true,
    message: options.message,
    image: options.image,
    maxImage: options.maxImage,
  })
  const [peer] = launched.peers
  if (peer === undefined || wire === undefined) throw new Error('There is one peer.')
  return { launched, peer, wire, isKnown, showPlainly }
}

/** When a talk ends, and with which exit code. */
class Ending {
  readonly asked: Promise<number>
  readonly #end: (code: number) => void
  readonly #fail: (error: unknown) => void
  #talk: Talk | undefined
  #screen: Screen | undefined
  #isWarned = false

  constructor(alwaysAtHangup: boolean) {
    const signalled = askedToEnd({ alwaysAtHangup })
    let end: (code: number) => void = () => {}
    let fail: (error: unknown) => void = () => {}
    const own = new Promise<number>((resolve, reject) => {
      end = resolve
      fail = reject
    })
    this.#end = end
    this.#fail = fail
    this.asked = Promise.race([signalled, own]).then((code) => (this.#talk?.isInDoubt ? 1 : code))
  }

  of(talk: Talk, screen: Screen): void {
    this.#talk = talk
    this.#screen = screen
  }

  end(code: number): void {
    this.#end(code)
  }

  fail(error: unknown): void {
    this.#fail(error)
  }

  /** A warning counts until something else is typed. */
  goOn(): void {
    this.#isWarned = false
  }

  /** Ends, unless texts are not acknowledged: then the first time only warns. */
  ask(): void {
    const count = this.#talk?.unsettled ?? 0
    if (count === 0 || this.#isWarned) {
      this.#end(0)
      return
    }
    this.#isWarned = true
    const what = count === 1 ? '1 text is' : `${count} texts are`
    this.#screen?.lines.say(
      '✗',
      `${what} not acknowledged yet. The same once more ends all the same.`,
    )
  }
}

/** Sends each line of standard input. Returns the exit code. */
async function sendAll(talk: Talk): Promise<number> {
  let isWhole = true
  for await (const text of pipedLines(process.stdin)) {
    if (text === null) {
      isWhole = false
      tell('a line is not in UTF-8, and was not sent')
    } else talk.take({ text, mayBeCommand: process.stdin.isTTY === true })
    // so that a long file is not in memory as a whole
    if (talk.unsettled > MAX_PIPED_UNSETTLED) {
      await talk.settled(GIVE_UP_MS)
      if (talk.unsettled > 0) return 1
    }
  }
  await talk.settled(GIVE_UP_MS)
  return isWhole && !talk.isInDoubt ? 0 : 1
}

/** Prepares the one peer on `port`, or on the first of the usual ones that is free. */
async function onSomePort(port: number | undefined, options: LaunchOptions): Promise<Prepared> {
  const [plan] = options.plans
  if (plan === undefined) throw new Error('There is one plan.')
  const on = (port: number) => prepare({ ...options, plans: [{ ...plan, port }] })
  if (port !== undefined) return on(port)
  for (const usual of USUAL_PORTS)
    try {
      return await on(usual)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  return on(0)
}

/** What to listen on, so that the other peer reaches it. */
function hostFor(peerUrl: string | undefined): string {
  if (peerUrl !== undefined && isLocal(peerUrl)) return '127.0.0.1'
  return peerUrl !== undefined && new URL(peerUrl).hostname.startsWith('[') ? '::' : '0.0.0.0'
}

/** A file's name as a person types it, or as a terminal pastes it: in quotes, with backslashes, or from the home folder. */
function asTyped(argument: string): string {
  const quoted = /^(['"])(.*)\1$/.exec(argument)?.[2] ?? argument
  const home = quoted.replace(/^~(?=\/)/, os.homedir())
  return fs.existsSync(home) ? home : home.replace(/\\(.)/g, '$1')
}
