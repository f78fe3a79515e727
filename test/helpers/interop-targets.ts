/** Whom the independent peer talks to: the program, or another of its own kind. */

import assert from 'node:assert/strict'
import http from 'node:http'
import { launch } from '../../src/launch.ts'
import type { Memory } from '../../src/peer/contract.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { type Suite as RealSuite, SUITES } from '../../src/protocol/suites.ts'
import { forgetful } from '../../src/state/openMemory.ts'
import type { Picture } from '../independent/peer.ts'
import type { Suite } from '../independent/suites.ts'
import { IndependentPeer } from '../independent/wire.ts'
import { type Answer, type CallOptions, call, FORM, posting } from './call.ts'
import { keptTerminal } from './terminal.ts'
import { linesOf, secretsOf } from './with-peers.ts'

/** The other peer of an independent peer. */
export interface Target {
  readonly url: string
  readonly identity: { readonly publicKey: Uint8Array }
  start(mine: IndependentPeer): Promise<void>
  stop(): Promise<void>
  sendKeys(): Promise<unknown>
  sendMessage(text: string): Promise<unknown>
  readMessages(): string[] | Promise<string[]>
  /** The picture that came last. */
  lastPicture(): Buffer | Promise<Buffer>
  /** What a refusal has to leave as it is. */
  state(): unknown
}

/** A connection for each request costs as much as the request. */
export const agent = new http.Agent({ keepAlive: true })

/** The program's own peer, by its owner's routes. */
export class RealPeer implements Target {
  url = ''
  readonly identity: KeyPair
  readonly #suite: RealSuite
  #knownIdentity: Uint8Array | null = null
  #launched: Awaited<ReturnType<typeof launch>> | undefined
  readonly #kept = keptTerminal()

  constructor({ name }: Suite) {
    this.#suite = Object.values(SUITES).find((one) => one.name === name) ?? assert.fail()
    this.identity = new KeyPair(this.#suite.curve)
  }

  async start(mine: IndependentPeer): Promise<void> {
    this.#launched = await launch({
      suite: this.#suite,
      plans: [{ host: '127.0.0.1', port: 0, peerUrl: mine.url }],
      openMemory: () => this.#memory(),
      terminal: this.#kept.terminal,
      showsSecrets: true,
    })
    this.url = mine.peerUrl = `http://127.0.0.1:${this.#launched.ports[0]}`
  }

  /** Of one start; identity and known identity outlast it. */
  #memory(): Memory {
    const known = () => this.#knownIdentity
    return {
      ...forgetful(this.#suite.curve, this.identity),
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

  /** With the same memory, on another port. */
  async restart(mine: IndependentPeer): Promise<void> {
    await this.stop()
    await this.start(mine)
  }

  sendKeys(): Promise<Answer> {
    return this.#call('/send_keys')
  }

  sendMessage(text: string): Promise<Answer> {
    return this.#call('/send_msg', posting(FORM, new URLSearchParams({ text }).toString()))
  }

  sendPicture({ type, content }: Picture): Promise<Answer> {
    return this.#call('/send_image', posting(type, content))
  }

  async readMessages(): Promise<string[]> {
    const { decrypted } = (await this.#call('/decrypt_msg')).json
    // an empty text leaves the label alone
    return this.#secrets()
      .slice(-decrypted)
      .map((line) => line.replace(/^● {2}SECRET .*/, ''))
  }

  async lastPicture(): Promise<Buffer> {
    const { status, bytes } = await this.#call('/image')
    assert.equal(status, 200)
    return bytes ?? assert.fail()
  }

  /** What /show answers. */
  async state(): Promise<Answer['json']> {
    const answer = await this.#call('/show')
    assert.equal(answer.status, 200)
    return answer.json
  }

  /** Session, shared secrets and safety number; the secrets are told to its terminal alone. */
  async show(): Promise<{ id: string; secrets: string[]; number: string }> {
    const { session, safetyNumber } = await this.state()
    const secrets = this.#secrets().slice(this.#suite.kem ? -2 : -1)
    return { id: session?.id, secrets, number: safetyNumber }
  }

  #call(path: string, options: CallOptions = {}): Promise<Answer> {
    return call(this.url + path, { ...options, agent })
  }

  #secrets(): string[] {
    return secretsOf(linesOf(this.#kept.shown(), Number(new URL(this.url).port)))
  }
}

/** Another independent peer. */
export class SecondPeer extends IndependentPeer implements Target {
  async start(mine: IndependentPeer): Promise<void> {
    await this.listen()
    mine.peerUrl = this.url
    this.peerUrl = mine.url
  }

  stop(): Promise<void> {
    return this.close()
  }

  /** Its owner's error is nobody's here. */
  override sendKeys(): Promise<void> {
    return super.sendKeys().catch(() => {})
  }

  lastPicture(): Buffer {
    return this.pictures.at(-1) ?? assert.fail()
  }
}

/** `party`: that of the target; either, if it is not given. */
export async function withTarget<T extends Target>(
  target: T,
  suite: Suite,
  run: (mine: IndependentPeer, target: T) => Promise<void>,
  party?: 1 | 2,
): Promise<void> {
  let mine = new IndependentPeer(suite)
  // identities of one length decide it
  const partyOfTarget = () =>
    mine.identity.publicKey.compare(target.identity.publicKey) > 0 ? 1 : 2
  while (party !== undefined && partyOfTarget() !== party) mine = new IndependentPeer(suite)
  await mine.listen()
  try {
    await target.start(mine)
    await run(mine, target)
  } finally {
    await target.stop()
    await mine.close()
  }
}
