/** Who is there: two peers as programs, a faulty wire each way between them, and for each a watcher of its mailbox. */

import assert from 'node:assert/strict'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SUITES, type SuiteName } from '../../src/protocol/suites.ts'
import { type Answer, type CallOptions, call } from '../helpers/call.ts'
import { makeKeys, textsIn } from '../helpers/mail.ts'
import { freePorts } from '../helpers/ports.ts'
import { secretsOf } from '../helpers/with-peers.ts'
import { other, Parcels, type Side, Texts } from './ledger.ts'
import { Dice, drawFault } from './plan.ts'
import { Program } from './program.ts'
import { type Fault, type FaultyWire, faultyWire } from './wire.ts'

export const SIDES: readonly Side[] = [0, 1]

/** How many times as fast the peers' clocks run where texts are the end of it: a step waits for an eighth of a second. */
const HASTE = 40
/** Longer than steps that wait for one another and for the other peer, in ms. */
const ANSWER = 60_000

export interface SceneOptions {
  readonly seed: number
  readonly curve: SuiteName
  /** An empty folder. */
  readonly folder: string
  /** How many texts are the end of it; null if that is the clock. */
  readonly texts: number | null
}

export type Peer = ReturnType<Scene['makePeer']>

export class Scene {
  readonly options: SceneOptions
  readonly texts: Texts
  readonly parcels = new Parcels()
  readonly haste: number
  peers: Peer[] = []
  /** How often steps, faults and restarts came, and how each step ended. */
  readonly counts = new Map<string, number>()
  /** All that owners, senders and lookers-on were told since the last search. */
  answers: string[] = []
  /** Shared secrets that a terminal showed since the last search. */
  readonly secrets = new Set<string>()
  isOver = false
  /** Fails the whole soak with the first thing that is not as it should be, whenever it shows. */
  readonly fail: (error: unknown) => void
  readonly failed: Promise<never>
  /** What happens to the requests to each side while it storms. */
  readonly #faults: readonly Dice[]

  constructor(options: SceneOptions) {
    this.options = options
    this.texts = new Texts(options.seed)
    this.haste = options.texts === null ? 1 : HASTE
    this.#faults = SIDES.map((side) => new Dice(options.seed + 2 + side))
    let fail = (_: unknown) => {}
    this.failed = new Promise((_, reject) => {
      fail = reject
    })
    this.failed.catch(() => {})
    this.fail = (error) => {
      this.isOver = true
      fail(error)
    }
  }

  get programs(): Program[] {
    return this.peers.flatMap(({ peer, watcher }) => [peer, watcher])
  }

  at(side: Side): Peer {
    return this.peers[side] as Peer
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  async start(): Promise<void> {
    const ports = await freePorts(2)
    const wires = await Promise.all(
      SIDES.map((side) => faultyWire(ports[side] ?? 0, () => this.#nextFault(side))),
    )
    this.peers = SIDES.map((side) =>
      this.makePeer(
        side,
        ports[side] ?? 0,
        wires[side] as FaultyWire,
        wires[other(side)]?.port ?? 0,
      ),
    )
    for (const program of this.programs) await program.start()
    for (const { peer } of this.peers) peer.atRest = (await peer.holdings()).handles
  }

  #nextFault(side: Side): Fault {
    const dice = this.#faults[side] as Dice
    const fault = drawFault(dice, this.options.texts === null ? 'all' : 'texts')
    this.count(`wire: ${fault.kind}`)
    return fault
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    this.isOver = true
    await Promise.allSettled(this.programs.map((program) => program.end('SIGKILL')))
    for (const { wire } of this.peers) wire.close()
  }

  /** No faults any more, and nothing is under way. */
  async calm(): Promise<void> {
    await within(
      ANSWER,
      'what was under way',
      Promise.all(this.peers.map(({ wire }) => wire.calm())),
    )
  }

  /** A request of the owner's, or of somebody else's over the wire; its answer is searched for secrets later. */
  async ask(port: number, path: string, options?: CallOptions): Promise<Answer> {
    const asked = call(`http://127.0.0.1:${port}${path}`, options)
    const answer = await within(ANSWER, `the answer to ${path}`, asked)
    this.answers.push(JSON.stringify(answer.headers), answer.text)
    return answer
  }

  makePeer(side: Side, port: number, wire: FaultyWire, wayOut: number) {
    const { curve, folder } = this.options
    const name = side === 0 ? 'a' : 'b'
    const [state, mailbox] = [path.join(folder, name, 'state'), path.join(folder, name, 'mail')]
    const mailKeys = makeKeys(path.join(folder, name, 'keys'), SUITES[curve].curve)
    const peer = new Program({
      name: `the peer ${name}`,
      args: ['peer', '--port', String(port), '--peer', `http://127.0.0.1:${wayOut}`]
        .concat('--curve', curve, '--state', state, '--message', this.texts.standard(other(side)))
        .concat('--mailbox', mailbox, '--mailbox-key', mailKeys.publicFile),
      haste: this.haste,
      ready: /· ready/,
      onLine: (line) => this.#read(side, line.replace(/^\d+ \S+ (?=\S )/, '').trim()),
      onEnd: (isKilled) => {
        if (isKilled) this.texts.lost(side, Number.POSITIVE_INFINITY)
        else this.texts.saidAll(side, peer.life - 1)
      },
      onFailure: this.fail,
    })
    /** The text that a watcher printed last, and the one that a watcher was killed after. */
    let printed = ''
    let mayRepeat = ''
    const watcher = new Program({
      name: `the watcher of ${name}`,
      args: ['watch', mailbox, '--key', mailKeys.privateFile],
      haste: 1,
      ready: /watching/,
      onLine: (line) => {
        for (const text of textsIn(line)) {
          this.parcels.arrive(side, text, text === mayRepeat)
          printed = text
        }
      },
      onEnd: (isKilled) => {
        if (isKilled) mayRepeat = printed
      },
      onFailure: this.fail,
    })
    return {
      ...{ name, port, state, mailbox, mailKeys, wire, peer, watcher },
      /** Is told of each shared secret that its terminal shows. */
      shows: (_secret: string) => {},
    }
  }

  /** The number of the text that its terminal has just said nobody will be able to tell of. */
  readonly #unsettled: [number, number] = [0, 0]

  /** What a line of a peer's terminal says of texts and secrets. */
  #read(side: Side, line: string): void {
    const { peer, shows } = this.at(side)
    const [, number, says = ''] =
      /^\S (?:SECRET |sent )?message (\d+)(?: again)? +(.*)/.exec(line) ?? []
    const seq = Number(number)
    if (says.startsWith('Nobody will be able to tell')) this.#unsettled[side] = seq
    // the last line of that block
    const [, session] = /^session (\w+)$/.exec(line) ?? []
    const [, lost] = /not read +(\d+) text/.exec(line) ?? []
    const [secret] = secretsOf([line])
    if (secret && number) this.texts.opened(side, seq, secret)
    else if (secret && /^[0-9a-f]{64}$/.test(secret)) {
      this.secrets.add(secret)
      shows(secret)
    } else if (session) this.texts.settled(side, peer.life, this.#unsettled[side], session)
    else if (says.startsWith('It has arrived')) this.texts.settled(side, peer.life, seq)
    else if (says.startsWith('No answer came')) this.count('texts: another copy')
    else if (lost) this.texts.lost(side, Number(lost))
  }
}

/** @throws AssertionError if it takes longer */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const late = sleep(ms, null, { signal: timer.signal }).then(() => {
    throw new assert.AssertionError({ message: `${what} took more than ${ms / 1000} seconds` })
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
    late.catch(() => {})
  }
}
