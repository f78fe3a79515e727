/** `talk`: two people who talk, each at a terminal of their own. */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { isLocal } from '../http/loopback.ts'
import { type LaunchOptions, type Prepared, prepare } from '../launch.ts'
import type { PeerEvent } from '../peer/contract.ts'
import { SUITES, type SuiteName, suiteOf } from '../protocol/suites.ts'
import { readPrivateKey } from '../state/keyFiles.ts'
import { openLocked } from '../state/lockedState.ts'
import { forgetful } from '../state/openMemory.ts'
import { pictureFile } from '../state/pictureFile.ts'
import { MovingWire } from '../talk/movingWire.ts'
import { pipedLines } from '../talk/pipedLines.ts'
import { Screen } from '../talk/screen.ts'
import { Talk } from '../talk/talk.ts'
import { tell } from '../terminal/output.ts'
import { said } from '../terminal/said.ts'
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
  const asGiven = options.curve && SUITES[options.curve]
  const identity =
    options.identity === undefined ? undefined : readPrivateKey(options.identity, asGiven?.curve)
  const suite = asGiven ?? (identity ? suiteOf(identity.curve) : SUITES.X25519)
  let talk: Talk | null = null
  const signalled = askedToEnd({ alwaysAtHangup: options.state === false })
  let quit: (exitCode: number) => void = () => {}
  const quitted = new Promise<number>((resolve) => {
    quit = resolve
  })
  let isWarned = false
  const ask = () => {
    const count = talk?.unsettled ?? 0
    if (count === 0 || isWarned) quit(talk?.isInDoubt ? 1 : 0)
    else {
      isWarned = true
      const what = count === 1 ? '1 text is' : `${count} texts are`
      screen.lines.say('✗', `${what} not acknowledged yet. The same once more ends all the same.`)
    }
  }
  const screen = new Screen(
    stdin.isTTY && stdout.isTTY ? { input: stdin, output: stdout } : null,
    stdout,
    {
      line: (line) => {
        isWarned = false
        talk?.take(line)
      },
      interrupted: ask,
      ended: ask,
      leftOut: (units) =>
        screen.lines.say('✗', `That was too long: the last ${units} characters are left out.`),
    },
  )
  const terminal = createTerminal({ output: screen.output, showsSecrets: true })
  let wire: MovingWire | undefined
  let showPlainly: (event: PeerEvent) => void = () => {}
  const launched = await onSomePort(options.port, {
    suite,
    plans: [
      {
        host: options.host ?? hostFor(options.peer),
        port: 0,
        wire: (call) => {
          wire = new MovingWire(call, options.peer ?? 'http://127.0.0.1:9')
          return wire
        },
        hostNames: options.hostName,
      },
    ],
    openMemory: () =>
      options.state === false
        ? forgetful(suite.curve, identity, options.keepPictures)
        : openLocked(options.state || STATE, suite.curve, identity, tell, options.keepPictures),
    terminal: {
      reporter: (port) => {
        showPlainly = terminal.reporter(port)
        return (event) => talk?.heard(event)
      },
    },
    showsSecrets: true,
    message: options.message,
    image: options.image,
    maxImage: options.maxImage,
  })
  const [peer] = launched.peers
  if (peer === undefined || wire === undefined) throw new Error('There is one peer.')
  if (!stdout.isTTY) tellWhereSecretsGo()
  const name = () => 'other'
  talk = new Talk({
    peer,
    wire,
    screen,
    name,
    picture: (file) => pictureFile(asTyped(file)),
    showPlainly: (event) => showPlainly(event),
    who: () => screen.lines.say('·', said`The other peer is at ${peer.peerUrl}`),
    quit: ask,
  })
  launched.start()
  const running = talk.run()
  if (!screen.isTyped) sendAll(talk).then(quit, () => quit(1))
  const exitCode = await Promise.race([signalled, quitted])
  talk.end()
  screen.end()
  void running
  await launched.close()
  return talk.isInDoubt ? 1 : exitCode
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
