/** Two implementations of duet/2 that talk: an independent peer, `mine`, and its target, the program or another independent peer. */

import assert from 'node:assert/strict'
import http from 'node:http'
import { launchAll } from '../../src/launch.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { type Suite as RealSuite, SUITES } from '../../src/protocol/suites.ts'
import { forgetful } from '../../src/state/openMemory.ts'
import type { KeyForm, MessageForm } from '../independent/forms.ts'
import type { Picture } from '../independent/peer.ts'
import type { Suite } from '../independent/suites.ts'
import { IndependentPeer, type Moment } from '../independent/wire.ts'
import type { Refused } from './bad-input.ts'
import { type Answer, type CallOptions, call, FORM, post, posting } from './call.ts'
import { assertProblem } from './problem.ts'
import { keptTerminal } from './terminal.ts'
import { linesOf, secretsOf } from './with-peers.ts'

export const KEYS = '/wire/keys'
export const MESSAGE = '/wire/message'
export const IMAGE = '/wire/image'
const SLOW = process.env['SLOW'] === '1'

/** What the owner of either peer asks of it. What it refuses, or is refused, rejects with the code. */
export interface Target {
  readonly url: string
  readonly identity: { readonly publicKey: Uint8Array }
  start(mine: IndependentPeer): Promise<void>
  stop(): Promise<void>
  /** Ends, and starts with what a peer keeps. */
  restart(mine: IndependentPeer): unknown
  sendKeys(): Promise<unknown>
  sendMessage(text: string): Promise<unknown>
  sendPicture(picture: Picture): Promise<unknown>
  readMessages(): string[] | Promise<string[]>
  /** The picture that came last. */
  lastPicture(): Buffer | Promise<Buffer>
  /** What a refusal has to leave as it is. */
  state(): unknown
}

/** A connection for each request costs as much as the request. */
const agent = new http.Agent({ keepAlive: true })

/** The program's own peer, by its owner's routes. */
export class RealPeer implements Target {
  url = ''
  readonly identity: KeyPair
  readonly #suite: RealSuite
  #knownIdentity: Uint8Array | null = null
  #launched: Awaited<ReturnType<typeof launchAll>> | undefined
  readonly #kept = keptTerminal()

  constructor({ name }: Suite) {
    this.#suite = Object.values(SUITES).find((one) => one.name === name) ?? assert.fail()
    this.identity = new KeyPair(this.#suite.curve)
  }

  async start(mine: IndependentPeer): Promise<void> {
    this.#launched = await launchAll({
      suite: this.#suite,
      plans: [{ host: '127.0.0.1', port: 0, peerUrl: mine.url }],
      openMemory: () => ({
        ...forgetful(this.#suite.curve, this.identity),
        knownIdentity: this.#knownIdentity,
        remember: (identity) => {
          this.#knownIdentity = identity
        },
      }),
      terminal: this.#kept.terminal,
      showsSecrets: true,
    })
    this.url = mine.peerUrl = `http://127.0.0.1:${this.#launched.ports[0]}`
  }

  async stop(): Promise<void> {
    await this.#launched?.close()
  }

  async restart(mine: IndependentPeer): Promise<void> {
    await this.stop()
    await this.start(mine)
  }

  sendKeys(): Promise<Answer> {
    return this.#ask('/send_keys')
  }

  sendMessage(text: string): Promise<Answer> {
    return this.#ask('/send_msg', posting(FORM, new URLSearchParams({ text }).toString()))
  }

  sendPicture({ type, content }: Picture): Promise<Answer> {
    return this.#ask('/send_image', posting(type, content))
  }

  async readMessages(): Promise<string[]> {
    const { decrypted } = (await this.#ask('/decrypt_msg')).json
    // an empty text leaves the label alone
    return this.#secrets()
      .slice(-decrypted)
      .map((line) => line.replace(/^● SECRET .*/, ''))
  }

  async lastPicture(): Promise<Buffer> {
    return (await this.#ask('/image')).bytes
  }

  /** What /show answers. */
  async state(): Promise<Answer['json']> {
    return (await this.#ask('/show')).json
  }

  /** Session, shared secrets and safety number; the secrets are told to its terminal alone. */
  async show(): Promise<{ id: string; secrets: string[]; number: string }> {
    const { session, safetyNumber } = await this.state()
    const secrets = this.#secrets().slice(this.#suite.kem ? -2 : -1)
    return { id: session?.id, secrets, number: safetyNumber }
  }

  /** Rejects with the code of the other peer, if it was that one that refused. */
  async #ask(path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await call(this.url + path, { ...options, agent })
    if (answer.status < 400) return answer
    const { code, peer_code } = assertProblem(answer)
    throw Object.assign(new Error(answer.text), { code: peer_code ?? code })
  }

  #secrets(): string[] {
    return secretsOf(linesOf(this.#kept.shown(), Number(new URL(this.url).port)))
  }
}

/** The independent peer as a target; `mine` is one too. */
export class SecondPeer extends IndependentPeer implements Target {
  async start(mine: IndependentPeer): Promise<void> {
    await this.listen()
    mine.peerUrl = this.url
    this.peerUrl = mine.url
  }

  stop(): Promise<void> {
    return this.close()
  }

  lastPicture(): Buffer {
    return this.pictures.at(-1) ?? assert.fail()
  }
}

/** `party`: that of the target; either, if it is not given. */
export async function withTarget<T extends Target>(
  target: T,
  suite: Suite,
  run: (mine: SecondPeer, target: T) => Promise<void>,
  party?: 1 | 2,
): Promise<void> {
  let mine = new SecondPeer(suite)
  // identities of one length decide it
  const partyOfTarget = () =>
    mine.identity.publicKey.compare(target.identity.publicKey) > 0 ? 1 : 2
  while (party !== undefined && partyOfTarget() !== party) mine = new SecondPeer(suite)
  await mine.listen()
  try {
    await target.start(mine)
    await run(mine, target)
  } finally {
    await target.stop()
    await mine.close()
  }
}

export async function agree(mine: IndependentPeer, target: Target): Promise<void> {
  await target.sendKeys()
  await mine.sendKeys()
  assert.ok(mine.current)
}

/** Fails unless both have the same session and can talk. Returns the session's id. */
export async function assertAgreed(mine: SecondPeer, real: RealPeer): Promise<string> {
  const { current } = mine
  assert.ok(current)
  const id = current.id.toString('hex')
  const secrets = [current.secrets[0], ...(current.kemSecret ? [current.kemSecret] : [])]
  assert.deepEqual(await real.show(), {
    id,
    secrets: secrets.map((secret) => secret.toString('hex')),
    number: mine.safetyNumber(),
  })
  await assertTalk(mine, real)
  return id
}

/** Fails unless a text arrives each way. */
export async function assertTalk(mine: SecondPeer, target: Target): Promise<void> {
  await mine.sendMessage('Grüße, 世界 👋')
  await target.sendMessage('Hyvää päivää')
  assert.deepEqual((await target.readMessages()).slice(-1), ['Grüße, 世界 👋'])
  assert.deepEqual(mine.readMessages().slice(-1), ['Hyvää päivää'])
}

/** A picture for `sendPicture`. */
export const picture = (content: Buffer): Picture => ({ type: 'image/gif', name: 'a.gif', content })

/** A door that stays shut until `open` is called; `waits` resolves once somebody stands before it. */
export function door() {
  let [open, arrive] = [() => {}, () => {}]
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const waits = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const pass = () => {
    arrive()
    return opened
  }
  return { pass, waits, open: () => open() }
}

/** Holds up what passes at this moment on the route of keys. */
export function holding(mine: IndependentPeer, held: Moment) {
  const { pass, waits, open } = door()
  mine.passing = (moment, path) => (moment === held && path === KEYS ? pass() : undefined)
  return { waits, open }
}

/** Loses what passes at this moment on the route of keys. */
export function losing(mine: IndependentPeer, lost: Moment): void {
  mine.passing = (moment, path) => {
    if (moment === lost && path === KEYS) throw new Error('lost')
  }
}

/** POSTs a form as JSON, a string or bytes as they are; on the route of pictures as a picture, whole or in pieces. */
export function send(target: Target, path: string, body: unknown): Promise<Answer> {
  const url = target.url + path
  if (path !== IMAGE) return post(url, body, agent)
  // it may be refused before all of it came, and its connection is of no use then
  const headers = { 'content-type': 'application/octet-stream' }
  return call(url, { method: 'POST', headers, body: body as Buffer | AsyncIterable<Buffer> })
}

export async function assertTaken(answer: Promise<Answer>): Promise<Answer> {
  const { status, text } = await answer
  assert.equal(status, 201, text)
  return answer
}

/** Fails unless the target refuses each of these, and is what it was before (with SLOW=1: after each). */
export async function assertRefuses(
  target: Target,
  path: string,
  rows: readonly Refused[],
): Promise<void> {
  assert.ok(rows.length > 0)
  const before = await target.state()
  for (const [i, [code, what, body]] of rows.entries()) {
    assertRefused(target, await send(target, path, body), code, what)
    if (SLOW || i === rows.length - 1) assert.deepEqual(await target.state(), before, what)
  }
}

export function assertRefused(target: Target, answer: Answer, code: string, what: string): void {
  assert.ok(answer.status >= 400, `${what}: ${answer.status} ${answer.text}`)
  assert.equal(answer.json.code, code, what)
  if (target instanceof RealPeer) assertProblem(answer, code)
}

interface Bodies {
  [KEYS]: KeyForm
  [MESSAGE]: MessageForm
  [IMAGE]: Buffer
}

/** Runs `act`; the body that it makes for `path` waits until `run` is done with the target. Returns that body. */
export async function inPlaceOf<P extends keyof Bodies>(
  mine: IndependentPeer,
  path: P,
  act: () => Promise<unknown>,
  run: (genuine: Bodies[P]) => Promise<void> = async () => {},
): Promise<Bodies[P]> {
  let seen: Bodies[P] | undefined
  mine.passing = async (moment, at, body) => {
    if (seen !== undefined || moment !== 'request out' || at !== path) return
    seen = body as Bodies[P]
    await run(seen)
  }
  await act()
  mine.passing = () => {}
  return seen ?? assert.fail()
}
