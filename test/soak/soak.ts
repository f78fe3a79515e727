/**
 * Two peers as programs of their own and a faulty wire between them. A round is a storm, with
 * faults and restarts, and then the calm, in which everything that was promised is checked.
 */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodePrivateKey } from '../../src/state/pem.ts'
import { type Answer, type CallOptions, call } from '../helpers/call.ts'
import { find } from '../helpers/leaks.ts'
import { freePorts } from '../helpers/ports.ts'
import { assertProblem } from '../helpers/problem.ts'
import { linesOf, secretsOf } from '../helpers/with-peers.ts'
import { Ledger, type Side } from './ledger.ts'
import { planOf, type Step } from './plan.ts'
import { type Holdings, Program } from './program.ts'
import { type FaultKind, type FaultyProxy, faultyProxy } from './proxy.ts'

/** Steps under way at once. */
const WIDTH = 4
/** Longer than steps that wait for one another and for the other peer. */
const ANSWER_MS = 60_000
/** Longer than a peer waits for anybody who sends. */
const IDLE_MS = 15_000

const SIDES: readonly Side[] = [0, 1]
const SUCCESS = [200, 201]
/** What a step may be refused with while the wire is bad; in the calm only the two that speak of the owner. */
const WIRE_TROUBLE = ['peer_unreachable', 'peer_refused', 'peer_timeout']
const REFUSALS: Record<Step['do'], readonly string[]> = {
  send_keys: [...WIRE_TROUBLE, 'confirm_failed'],
  send_msg: [...WIRE_TROUBLE, 'no_session'],
  send_image: [...WIRE_TROUBLE, 'no_session'],
  decrypt_msg: ['nothing_waiting'],
  show: [],
}

const KEPT_PICTURE = /^[\dTZ-]+-[0-9a-f]{16}\.(png|jpg|webp|gif)$/

/** What a process held in a calm. */
export interface Sample extends Holdings {
  readonly life: number
  readonly minute: number
}

interface Peer {
  readonly name: 'a' | 'b'
  readonly program: Program
  readonly state: string
  /** The way to it. */
  readonly proxy: FaultyProxy
  /** One for each calm. */
  readonly samples: Sample[]
  /** What it holds before anything happened. */
  atRest: readonly string[]
  /** Is told of each shared secret that its terminal shows. */
  shows: (secret: string) => void
}

export interface SoakOptions {
  readonly seed: number
  readonly curve: string
  /** An empty folder. */
  readonly folder: string
}

export class Soak {
  readonly ledger: Ledger
  readonly peers: Peer[] = []
  /** How often each step ended in each way, as "send_msg 201". */
  readonly steps = new Map<string, number>()
  readonly faults = new Map<FaultKind, number>()
  readonly restarts = { kill: 0, stop: 0 }
  rounds = 0
  /** Rejected with the first thing that is not as it should be, whenever it shows. */
  readonly failed: Promise<never>
  readonly #options: SoakOptions
  readonly #plan: ReturnType<typeof planOf>
  readonly #begin = performance.now()
  #fail: (error: unknown) => void = () => {}
  #over = false
  /** All that owners were told since the last search. */
  #answers: string[] = []
  /** Shared secrets that a terminal showed since the last search. */
  readonly #secrets = new Set<string>()

  constructor(options: SoakOptions) {
    this.#options = options
    this.#plan = planOf(options.seed)
    this.ledger = new Ledger(options.seed)
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = (error) => {
        this.#over = true
        reject(error)
      }
    })
  }

  /** Minutes since the start. */
  get minute(): number {
    return (performance.now() - this.#begin) / 60_000
  }

  async start(): Promise<void> {
    const ports = await freePorts(2)
    const proxies: FaultyProxy[] = []
    for (const side of SIDES) {
      const faults = this.#plan.faults[side]
      const next = () => {
        const fault = faults.next().value
        count(this.faults, fault.kind)
        return fault
      }
      proxies.push(await faultyProxy(ports[side] ?? 0, next))
    }
    for (const side of SIDES) {
      const [port, proxy, way] = [ports[side], proxies[side], proxies[other(side)]]
      assert.ok(port && proxy && way)
      const name = side === 0 ? 'a' : 'b'
      const state = path.join(this.#options.folder, name)
      const peer: Peer = {
        name,
        state,
        proxy,
        program: new Program({
          port,
          args: ['--peer', `http://127.0.0.1:${way.port}`]
            .concat('--curve', this.#options.curve)
            .concat('--state', state),
          onLine: (line) => this.#guarded(() => this.#read(side, line)),
          onCrash: (error) => this.#fail(error),
        }),
        samples: [],
        atRest: [],
        shows: () => {},
      }
      this.peers.push(peer)
      await peer.program.start()
      peer.atRest = (await peer.program.holdings()).handles
    }
  }

  /** Owners run steps over a bad wire for so many ms, and those of `restartable` are restarted. */
  async storm(ms: number, restartable: readonly Side[]): Promise<void> {
    const end = performance.now() + ms
    const goesOn = () => performance.now() < end && !this.#over
    const own = async () => {
      while (goesOn()) {
        const step = this.#plan.steps.next().value
        await this.#take(step)
        await sleep(step.pause)
      }
    }
    const restart = async () => {
      while (goesOn()) {
        const { after, how, pick, down } = this.#plan.restarts.next().value
        await sleep(Math.min(after, Math.max(end - performance.now(), 0)))
        if (!goesOn()) return
        const { program } = this.#peer(restartable[pick % restartable.length] ?? 0)
        await program[how]()
        this.restarts[how]++
        await sleep(down)
        await program.start()
      }
    }
    for (const { proxy } of this.peers) proxy.storm()
    const working = Promise.all([...Array.from({ length: WIDTH }, own), restart()])
    await Promise.race([sleep(ms), working])
    await this.#calm()
    await within(ANSWER_MS, 'the end of the steps and restarts', working)
    // what the last of them sent has arrived too
    await this.#calm()
  }

  /** The wire is whole again. @throws AssertionError if a promise was broken */
  async check(): Promise<void> {
    const publicKeys = await this.#agree()
    await this.#talk()
    // what a terminal shows now comes after all that it had to show before
    await this.#showBoth()
    for (const side of SIDES) {
      this.#lookThroughState(side)
      this.ledger.settle(side, this.#peer(side).program.life)
    }
    for (const peer of this.peers) {
      const { life } = peer.program
      peer.samples.push({ life, minute: this.minute, ...(await this.#atRest(peer)) })
    }
    this.#search(publicKeys)
    this.rounds++
  }

  /** Ends both, by SIGTERM. */
  async end(): Promise<void> {
    for (const { program } of this.peers) await program.stop()
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    this.#over = true
    await Promise.allSettled(this.peers.map(({ program }) => program.kill()))
    for (const { proxy } of this.peers) proxy.close()
  }

  #peer(side: Side): Peer {
    return this.peers[side] as Peer
  }

  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A line of a terminal. */
  #read(side: Side, line: string): void {
    assert.doesNotMatch(line, /DEFECT/)
    const { program, shows } = this.#peer(side)
    for (const secret of secretsOf(linesOf(line, program.port)))
      if (/^[0-9a-f]{64}$/.test(secret)) {
        this.#secrets.add(secret)
        shows(secret)
      } else this.ledger.opened(side, secret)
  }

  // ---- the storm

  /** A step of an owner who can't know how the wire is, nor whether the peer runs. */
  async #take(step: Step): Promise<void> {
    const { program } = this.#peer(step.side)
    const { life, isRunning } = program
    const [options, accept] = this.#handIn(step)
    let outcome: string
    try {
      const answer = await this.#call(step.side, step.do, options)
      outcome = SUCCESS.includes(answer.status) ? String(answer.status) : assertProblem(answer).code
      if (SUCCESS.includes(answer.status)) accept()
      else assert.ok(REFUSALS[step.do].includes(outcome), `${step.do}: ${answer.text}`)
    } catch (error) {
      if (isRunning && program.isRunning && program.life === life) throw error
      outcome = 'peer down'
    }
    count(this.steps, `${step.do} ${outcome}`)
  }

  /** The body of a step, and what to do once it was accepted. */
  #handIn(step: Step): [CallOptions, () => void] {
    const to = other(step.side)
    const { life } = this.#peer(to).program
    if (step.do === 'send_msg') {
      const text = this.ledger.text(to, life, step.length)
      const body = step.asForm ? `text=${encodeURIComponent(text)}` : text
      const type = step.asForm ? 'application/x-www-form-urlencoded' : 'text/plain'
      const headers = { 'content-type': type }
      return [{ method: 'POST', headers, body }, () => this.ledger.accept(text)]
    }
    if (step.do === 'send_image') {
      const body = this.ledger.picture(to, life, step.type, step.length)
      const headers = { 'content-type': step.type }
      return [{ method: 'POST', headers, body }, () => this.ledger.accept(body)]
    }
    return [{}, () => {}]
  }

  async #call(side: Side, step: Step['do'], options: CallOptions = {}): Promise<Answer> {
    const url = `http://127.0.0.1:${this.#peer(side).program.port}/${step}`
    const answer = await within(ANSWER_MS, `an answer to ${step}`, call(url, options))
    this.#answers.push(`${answer.status} ${JSON.stringify(answer.headers)} ${answer.text}`)
    return answer
  }

  // ---- the calm

  async #calm(): Promise<void> {
    const calm = Promise.all(this.peers.map(({ proxy }) => proxy.calm()))
    await within(ANSWER_MS, 'the end of what was under way', calm)
  }

  /** A step that has no reason to fail now. */
  async #succeeds(side: Side, step: Step['do'], options?: CallOptions): Promise<Answer> {
    const answer = await this.#call(side, step, options)
    assert.ok(SUCCESS.includes(answer.status), `${step} in the calm: ${answer.text}`)
    return answer
  }

  /** `/send_keys` on both, once, frees whatever is stuck. Returns both public keys. */
  async #agree(): Promise<Buffer[]> {
    const first: Side = this.rounds % 2 === 0 ? 0 : 1
    for (const side of [first, other(first)]) await this.#succeeds(side, 'send_keys')
    const [mine, others] = await this.#showBoth()
    assert.ok(mine.session, 'no session after /send_keys on both')
    assert.equal(mine.session.id, others.session?.id, 'two sessions after /send_keys on both')
    assert.deepEqual(
      [mine.secret, mine.safetyNumber, mine.identity, mine.peer.identity],
      [others.secret, others.safetyNumber, others.peer.identity, others.identity],
    )
    return [mine, others].map(({ publicKey }) => Buffer.from(publicKey, 'hex'))
  }

  /** `/show` on both, with the secret that each terminal shows: after all that it had to show before. */
  async #showBoth() {
    const show = async (side: Side) => {
      const secret = new Promise<string>((resolve) => {
        this.#peer(side).shows = resolve
      })
      const { json } = await this.#succeeds(side, 'show')
      return { ...json, secret: await within(ANSWER_MS, 'the secret on a terminal', secret) }
    }
    return [await show(0), await show(1)] as const
  }

  /** All that waits is opened; then a text goes each way, and is opened. */
  async #talk(): Promise<void> {
    for (const side of SIDES) {
      const { status, json } = await this.#call(side, 'decrypt_msg')
      assert.ok(SUCCESS.includes(status) || json.code === 'nothing_waiting', json.code)
    }
    for (const side of SIDES) {
      const step = { do: 'send_msg', side, pause: 0, length: 0, asForm: false } as const
      const [options, accept] = this.#handIn(step)
      await this.#succeeds(side, 'send_msg', options)
      accept()
      const { json } = await this.#succeeds(other(side), 'decrypt_msg')
      assert.equal(json.decrypted, 1)
    }
  }

  /** Nothing is there but its keys and whole pictures, which are removed, so that the disk stays empty. */
  #lookThroughState(side: Side): void {
    const { state } = this.#peer(side)
    const { curve } = this.#options
    const own = ['.gitignore', `identity.${curve}.pem`, `peer.${curve}.pem`, 'pictures']
    for (const name of fs.readdirSync(state)) assert.ok(own.includes(name), `left behind: ${name}`)
    const pictures = path.join(state, 'pictures')
    if (!fs.existsSync(pictures)) return
    for (const name of fs.readdirSync(pictures)) {
      assert.match(name, KEPT_PICTURE, 'left behind')
      const file = path.join(pictures, name)
      this.ledger.found(side, name, fs.readFileSync(file))
      fs.rmSync(file)
    }
  }

  /** What it holds once it has let go of everything that it has no more use for. */
  async #atRest(peer: Peer): Promise<Holdings> {
    const end = performance.now() + IDLE_MS
    for (;;) {
      const held = await peer.program.holdings()
      if (String(held.handles) === String(peer.atRest)) return held
      if (performance.now() > end) {
        assert.deepEqual(held.handles, peer.atRest, `what ${peer.name} holds with nothing to do`)
      }
      await sleep(100)
    }
  }

  /** Secrets stand on the terminals and nowhere else. `publicKeys`: what the search has to find. */
  #search(publicKeys: readonly Buffer[]): void {
    const wires = this.peers.map(
      ({ name, proxy }) => [`wire to ${name}`, proxy.recorded()] as const,
    )
    const answers = Buffer.from(this.#answers.join('\n'))
    const files = this.peers.flatMap(({ name, state }) =>
      ['identity', 'peer'].map((kind) => {
        const file = `${kind}.${this.#options.curve}.pem`
        return [`${name}/${file}`, fs.readFileSync(path.join(state, file))] as const
      }),
    )
    const outside = { ...Object.fromEntries(wires), answers }
    const shared = [...this.#secrets].map((secret) => Buffer.from(secret, 'hex'))
    const secrets = [Buffer.from(this.ledger.marker), ...shared]
    assert.deepEqual(find(secrets, { ...outside, ...Object.fromEntries(files) }), [])
    const identities = files.filter(([name]) => name.includes('identity'))
    const privateKeys = identities.map(([, pem]) =>
      Buffer.from(decodePrivateKey(pem.toString()).exportPrivateKey()),
    )
    assert.deepEqual(find(privateKeys, outside), [])
    // the same search finds what is public
    const found = find(publicKeys, outside)
    for (const place of Object.keys(outside)) assert.ok(found.includes(`${place} (hex)`), place)
    this.#answers = []
    this.#secrets.clear()
  }
}

function count<T>(counts: Map<T, number>, what: T): void {
  counts.set(what, (counts.get(what) ?? 0) + 1)
}

function other(side: Side): Side {
  return side === 0 ? 1 : 0
}

/** @throws AssertionError if it takes longer */
async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
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
