/** Whom the independent peer talks to: the program, or another of its own kind. */

import assert from 'node:assert/strict'
import type { Memory } from '../../src/contract.ts'
import { launch } from '../../src/launch.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { forgetful } from '../../src/state/memory.ts'
import { createTerminal } from '../../src/terminal/terminal.ts'
import { type Answer, call } from './call.ts'
import { IndependentPeer, type Picture } from './independent-peer.ts'
import type { Suite } from './independent-suites.ts'
import { assertProblem } from './problem.ts'
import { linesOf, secretsOf } from './with-peers.ts'

/** The other peer of an independent peer. */
export interface Target {
  readonly url: string
  /** Starts it, or starts it again with the same memory on another port. */
  start(mine: IndependentPeer): Promise<void>
  stop(): Promise<void>
  sendKeys(): Promise<unknown>
  sendMessage(text: string): Promise<unknown>
  readMessages(): Promise<string[]>
  /** The picture that came last. */
  lastPicture(): Promise<Buffer>
  /** What a refusal has to leave as it is. */
  state(): Promise<unknown>
  assertRefused(answer: Answer, code: string, context: string): void
}

/** The program's own peer, by its owner's routes. */
export class RealPeer implements Target {
  url = ''
  readonly #suite: (typeof SUITES)[keyof typeof SUITES]
  readonly #identity: KeyPair
  #knownIdentity: Uint8Array | null = null
  #launched: Awaited<ReturnType<typeof launch>> | undefined
  #output = ''
  readonly #terminal = createTerminal({
    output: {
      write: (text) => {
        this.#output += text
      },
    },
    showsSecrets: true,
  })

  constructor({ name }: Suite) {
    const suite = Object.values(SUITES).find((one) => one.name === name)
    assert.ok(suite)
    this.#suite = suite
    this.#identity = new KeyPair(suite.curve)
  }

  async start(mine: IndependentPeer): Promise<void> {
    this.#launched = await launch({
      suite: this.#suite,
      plans: [{ host: '127.0.0.1', port: 0, peerUrl: mine.url }],
      openMemory: () => this.#memory(),
      terminal: this.#terminal,
      showsSecrets: true,
    })
    this.url = mine.peerUrl = `http://127.0.0.1:${this.#launched.ports[0]}`
  }

  /** Of one start; identity and known identity outlast it. */
  #memory(): Memory {
    const known = () => this.#knownIdentity
    return {
      ...forgetful(this.#suite.curve, this.#identity),
      get knownIdentity() {
        return known()
      },
      remember: (identity) => {
        this.#knownIdentity = identity
      },
    }
  }

  async stop(): Promise<void> {
    await this.#launched?.close()
  }

  sendKeys(): Promise<Answer> {
    return call(`${this.url}/send_keys`)
  }

  sendMessage(text: string): Promise<Answer> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = new URLSearchParams({ text }).toString()
    return call(`${this.url}/send_msg`, { method: 'POST', headers, body })
  }

  sendPicture({ type, content }: Picture): Promise<Answer> {
    const headers = { 'content-type': type }
    return call(`${this.url}/send_image`, { method: 'POST', headers, body: content })
  }

  async readMessages(): Promise<string[]> {
    const { decrypted } = (await call(`${this.url}/decrypt_msg`)).json
    // an empty text leaves the label alone
    return this.#secrets()
      .slice(-decrypted)
      .map((line) => line.replace(/^● {2}SECRET .*/, ''))
  }

  async lastPicture(): Promise<Buffer> {
    const answer = await fetch(`${this.url}/image`)
    assert.equal(answer.status, 200)
    return Buffer.from(await answer.arrayBuffer())
  }

  async state(): Promise<unknown> {
    const answer = await call(`${this.url}/show`)
    assert.equal(answer.status, 200)
    return answer.json
  }

  /** Session, shared secrets and safety number; the secrets are told to its terminal alone. */
  async show(): Promise<{ id: string; secrets: string[]; number: string }> {
    const { session, safetyNumber } = (await call(`${this.url}/show`)).json
    const secrets = this.#secrets().slice(this.#suite.kem ? -2 : -1)
    return { id: session?.id, secrets, number: safetyNumber }
  }

  assertRefused(answer: Answer, code: string, context: string): void {
    assert.ok(answer.status >= 400, `${context}: ${answer.status} ${answer.text}`)
    assert.equal(answer.json.code, code, context)
    assertProblem(answer, code)
  }

  #secrets(): string[] {
    this.#terminal.flush()
    return secretsOf(linesOf(this.#output, Number(new URL(this.url).port)))
  }
}

export class SecondPeer implements Target {
  readonly #peer: IndependentPeer

  constructor(suite: Suite) {
    this.#peer = new IndependentPeer(suite)
  }

  get url(): string {
    return this.#peer.url
  }

  async start(mine: IndependentPeer): Promise<void> {
    await this.#peer.listen()
    mine.peerUrl = this.url
    this.#peer.peerUrl = mine.url
  }

  stop(): Promise<void> {
    return this.#peer.close()
  }

  /** Its owner's error is nobody's here. */
  sendKeys(): Promise<unknown> {
    return this.#peer.sendKeys().catch((error) => error)
  }

  sendMessage(text: string): Promise<unknown> {
    return this.#peer.sendMessage(text)
  }

  async readMessages(): Promise<string[]> {
    return this.#peer.readMessages()
  }

  async lastPicture(): Promise<Buffer> {
    const last = this.#peer.pictures.at(-1)
    assert.ok(last)
    return last
  }

  async state(): Promise<unknown> {
    return this.#peer.state()
  }

  assertRefused(answer: Answer, code: string, context: string): void {
    assert.ok(answer.status >= 400, `${context}: ${answer.status} ${answer.text}`)
    assert.equal(answer.json.code, code, context)
  }
}

export async function withTarget<T extends Target>(
  target: T,
  suite: Suite,
  run: (mine: IndependentPeer, target: T) => Promise<void>,
): Promise<void> {
  const mine = new IndependentPeer(suite)
  await mine.listen()
  try {
    await target.start(mine)
    await run(mine, target)
  } finally {
    await target.stop()
    await mine.close()
  }
}
