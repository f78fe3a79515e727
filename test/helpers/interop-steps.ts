/** What the independent peer and its target do in every test, and what is looked at then. */

import assert from 'node:assert/strict'
import type { KeyForm, MessageForm } from '../independent/forms.ts'
import type { IndependentPeer, Moment } from '../independent/wire.ts'
import type { Refused } from './bad-input.ts'
import { type Answer, call, post } from './call.ts'
import { agent, RealPeer, type Target } from './interop-targets.ts'
import { assertProblem } from './problem.ts'

export const KEYS = '/wire/keys'
export const MESSAGE = '/wire/message'
export const IMAGE = '/wire/image'
const SLOW = process.env['SLOW'] === '1'

/** An answer of `mine` to keys, before it is sent. */
export type WireAnswer = { confirm: { tag: string } }

/** Fails unless both have the same session and can talk. Returns the session's id. */
export async function assertAgreed(mine: IndependentPeer, real: RealPeer): Promise<string> {
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
export async function assertTalk(mine: IndependentPeer, target: Target): Promise<void> {
  await mine.sendMessage('Grüße, 世界 👋')
  await target.sendMessage('Hyvää päivää')
  assert.deepEqual((await target.readMessages()).slice(-1), ['Grüße, 世界 👋'])
  assert.deepEqual(mine.readMessages().slice(-1), ['Hyvää päivää'])
}

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

/** POSTs a form as JSON, a string or bytes as they are; on the route of pictures as a picture, whole or in pieces. */
export function send(target: Target, path: string, body: unknown): Promise<Answer> {
  const url = target.url + path
  if (path !== IMAGE) return post(url, body, agent)
  // it may be refused before all of it came, and its connection is of no use then
  const headers = { 'content-type': 'application/octet-stream' }
  return call(url, { method: 'POST', headers, body: body as Buffer | AsyncIterable<Buffer> })
}

export async function assertTaken(answer: Answer | Promise<Answer>): Promise<Answer> {
  const { status, text } = await answer
  assert.equal(status, 201, text)
  return answer
}

export function assertRefused(target: Target, answer: Answer, code: string, what: string): void {
  assert.ok(answer.status >= 400, `${what}: ${answer.status} ${answer.text}`)
  assert.equal(answer.json.code, code, what)
  if (target instanceof RealPeer) assertProblem(answer, code)
}

/** Fails unless the target refuses each of these, and is what it was before (with SLOW=1: after each). */
export async function assertRefusesAll(
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

/** Loses what passes at this moment, on the route of keys. */
export function losing(mine: IndependentPeer, lost: Moment): void {
  mine.passing = (moment, path) => {
    if (moment === lost && path === KEYS) throw new Error('lost')
  }
}

export async function agree(mine: IndependentPeer, target: Target): Promise<void> {
  await target.sendKeys()
  await mine.sendKeys()
  assert.ok(mine.current)
}
