/** Who is there: two peers as programs, a faulty wire each way between them, and for each a watcher of its mailbox. */

import assert from 'node:assert/strict'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SUITES, type SuiteName } from '../../src/protocol/suites.ts'
import { type Answer, type CallOptions, call } from '../helpers/call.ts'
import { type MailKeys, makeKeys, textsIn } from '../helpers/mail.ts'
import { freePorts } from '../helpers/ports.ts'
import { linesOf, secretsOf } from '../helpers/with-peers.ts'
import { Ledger } from './ledger.ts'
import { Program, type ProgramOptions } from './program.ts'
import { type Fault, type FaultKind, type FaultyProxy, faultyProxy } from './proxy.ts'
import { other, type Side } from './texts.ts'

export const SIDES: readonly Side[] = [0, 1]

/** Longer than steps that wait for one another and for the other peer, in ms. */
const ANSWER = 60_000

/** One of the two, with its two programs, its folders, and the faulty way to it. */
export interface Peer {
  readonly name: 'a' | 'b'
  readonly port: number
  readonly peer: Program
  readonly watcher: Program
  readonly state: string
  readonly mailbox: string
  readonly mailKeys: MailKeys
  readonly proxy: FaultyProxy
  /** Is told of each shared secret that its terminal shows. */
  shows: (secret: string) => void
}

export interface SceneOptions {
  readonly seed: number
  readonly curve: SuiteName
  /** An empty folder. */
  readonly folder: string
  /** What happens to the requests to each side while it storms. */
  readonly faults: readonly [Generator<Fault, never>, Generator<Fault, never>]
  /** How many times as fast as people's clocks those of the peers run. */
  readonly haste: number
}

export class Scene {
  readonly ledger: Ledger
  readonly curve: SuiteName
  readonly haste: number
  readonly peers: Peer[] = []
  /** Copies of texts that went out after the first ones. */
  copies = 0
  /** How often each step ended in each way, as "send_msg 201". */
  readonly steps = new Map<string, number>()
  readonly faults = new Map<FaultKind, number>()
  readonly restarts = { kill: 0, stop: 0 }
  /** All that owners, senders and lookers-on were told since the last search. */
  answers: string[] = []
  /** Shared secrets that a terminal showed since the last search. */
  readonly secrets = new Set<string>()
  /** Rejected with the first thing that is not as it should be, whenever it shows. */
  readonly failed: Promise<never>
  isOver = false
  readonly #options: SceneOptions
  #fail: (error: unknown) => void = () => {}

  constructor(options: SceneOptions) {
    this.#options = options
    this.curve = options.curve
    this.haste = options.haste
    this.ledger = new Ledger(options.seed)
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = (error) => {
        this.isOver = true
        reject(error)
      }
    })
  }

  get programs(): Program[] {
    return this.peers.flatMap(({ peer, watcher }) => [peer, watcher])
  }

  at(side: Side): Peer {
    return this.peers[side] as Peer
  }

  async start(): Promise<void> {
    const ports = await freePorts(2)
    const proxies: FaultyProxy[] = []
    for (const side of SIDES) {
      const next = () => {
        const fault = this.#options.faults[side].next().value
        count(this.faults, fault.kind)
        return fault
      }
      proxies.push(await faultyProxy(ports[side] ?? 0, next))
    }
    for (const side of SIDES) {
      const [port, proxy, way] = [ports[side], proxies[side], proxies[other(side)]]
      assert.ok(port && proxy && way)
      this.peers.push(this.#make(side, port, proxy, way.port))
    }
    for (const program of this.programs) await program.start()
    for (const { peer } of this.peers) peer.atRest = (await peer.holdings()).handles
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    this.isOver = true
    await Promise.allSettled(this.programs.map((program) => program.kill()))
    for (const { proxy } of this.peers) proxy.close()
  }

  /** No faults any more, and nothing is under way. */
  async calm(): Promise<void> {
    const calm = Promise.all(this.peers.map(({ proxy }) => proxy.calm()))
    await within(ANSWER, 'the end of what was under way', calm)
  }

  /** A request of the owner's. */
  ask(side: Side, path: string, options?: CallOptions): Promise<Answer> {
    return this.#call(`http://127.0.0.1:${this.at(side).port}${path}`, options)
  }

  /** A request of somebody else's, over the wire. */
  askOverWire(side: Side, path: string, options?: CallOptions): Promise<Answer> {
    return this.#call(`http://127.0.0.1:${this.at(side).proxy.port}${path}`, options)
  }

  async #call(url: string, options?: CallOptions): Promise<Answer> {
    const answer = await within(ANSWER, `an answer of ${url}`, call(url, options))
    this.answers.push(`${answer.status} ${JSON.stringify(answer.headers)} ${answer.text}`)
    return answer
  }

  #make(side: Side, port: number, proxy: FaultyProxy, wayOut: number): Peer {
    const name = side === 0 ? 'a' : 'b'
    const { curve, folder } = this.#options
    const [state, mailbox] = [path.join(folder, name, 'state'), path.join(folder, name, 'mail')]
    const keys = makeKeys(path.join(folder, name, 'keys'), SUITES[curve].curve)
    /** The text that a watcher printed last, and the one that a watcher was killed after. */
    let printed = ''
    let mayRepeat = ''
    const peer: Peer = {
      name,
      port,
      state,
      mailbox,
      mailKeys: keys,
      proxy,
      peer: this.#program({
        name: `the peer ${name}`,
        args: ['peer', '--port', String(port), '--peer', `http://127.0.0.1:${wayOut}`]
          .concat('--curve', curve)
          .concat('--state', state)
          .concat('--mailbox', mailbox)
          .concat('--mailbox-key', keys.publicFile)
          .concat('--message', this.ledger.texts.standard(other(side))),
        haste: this.haste,
        ready: /· {2}ready/,
        onLine: (line) => this.#read(side, linesOf(line, port)),
        onEnd: (isKilled) => {
          if (isKilled) this.ledger.texts.lost(side, Number.POSITIVE_INFINITY)
          else this.ledger.texts.saidAll(side, peer.peer.life - 1)
        },
      }),
      watcher: this.#program({
        name: `the watcher of ${name}`,
        args: ['watch', mailbox, '--key', keys.privateFile],
        ready: /watching/,
        onLine: (line) => {
          for (const text of textsIn(line)) {
            this.ledger.printed(side, text, text === mayRepeat)
            printed = text
          }
        },
        onEnd: (isKilled) => {
          if (isKilled) mayRepeat = printed
        },
      }),
      shows: () => {},
    }
    return peer
  }

  /** What a line of a peer's terminal says of texts and secrets. */
  #read(side: Side, lines: string[]): void {
    const { texts } = this.ledger
    const { peer, shows } = this.at(side)
    for (const line of lines) {
      const [, number, says = ''] = /^\S +(?:SECRET )?message (\d+) +(.*)/.exec(line) ?? []
      const seq = Number(number)
      const [, session] = /^Nobody will be able to tell .*\(session (\w+)\)/.exec(says) ?? []
      const [, lost] = /not read +(\d+) text/.exec(line) ?? []
      const [secret] = secretsOf([line])
      if (secret && number) texts.opened(side, seq, secret)
      else if (secret && /^[0-9a-f]{64}$/.test(secret)) {
        this.secrets.add(secret)
        shows(secret)
      } else if (session || says.startsWith('It has arrived'))
        texts.settled(side, peer.life, seq, session)
      else if (says.startsWith('No answer came')) this.copies++
      else if (lost) texts.lost(side, Number(lost))
    }
  }

  /** A program whose failures are the soak's. */
  #program(options: Omit<ProgramOptions, 'onCrash'>): Program {
    const onLine = (line: string) => {
      try {
        assert.doesNotMatch(line, /DEFECT/)
        options.onLine(line)
      } catch (error) {
        this.#fail(error)
      }
    }
    return new Program({ ...options, onLine, onCrash: (error) => this.#fail(error) })
  }
}

export function count<T>(counts: Map<T, number>, what: T): void {
  counts.set(what, (counts.get(what) ?? 0) + 1)
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
  }
}
