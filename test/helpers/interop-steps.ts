/** What the independent peer and its target do in every test, and what is looked at then. */

import assert from 'node:assert/strict'
import { gif, type Refused } from './bad-input.ts'
import { type Answer, call, post } from './call.ts'
import type { IndependentPeer, Moment } from './independent-peer.ts'
import { RealPeer, type Target } from './interop-targets.ts'

export const KEYS = '/wire/keys'
export const MESSAGE = '/wire/message'
export const IMAGE = '/wire/image'
const SLOW = process.env['SLOW'] === '1'

/** An answer of `mine` to keys, before it is sent. */
export type WireAnswer = { confirm: { tag: string } }

/** Fails unless both have the same session, and can talk and show pictures. Returns the session's id. */
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
  for (const text of [`${id}: Grüße, 世界 👋`, '']) {
    assert.equal(await mine.sendMessage(text), 0)
    assert.equal((await real.sendMessage(text)).status, 201)
    assert.deepEqual(await real.readMessages(), [text])
    assert.deepEqual(mine.readMessages(), [text])
  }
  const content = gif(100)
  const picture = { type: 'image/gif', name: 'dot.gif', content }
  assert.equal(await mine.sendPicture(picture), content.length)
  assert.deepEqual(await real.lastPicture(), content)
  assert.equal((await real.sendPicture(picture)).status, 201)
  assert.deepEqual(mine.pictures.at(-1), content)
  return id
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

/** POSTs a form as JSON, a string or bytes as they are; on the route of pictures as a picture. */
export function send(url: string, path: string, body: unknown): Promise<Answer> {
  if (path !== IMAGE) return post(url + path, body)
  const headers = { 'content-type': 'application/octet-stream' }
  return call(url + path, { method: 'POST', headers, body: body as Buffer })
}

export async function assertTaken(answer: Answer | Promise<Answer>): Promise<Answer> {
  const { status, text } = await answer
  assert.equal(status, 201, text)
  return answer
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
    const answer = await send(target.url, path, body)
    target.assertRefused(answer, code, what)
    if (SLOW || i === rows.length - 1) assert.deepEqual(await target.state(), before, what)
  }
}

/** Runs `act`; the body that it makes for `path` waits until `run` is done with the target. */
export async function inPlaceOf<T>(
  mine: IndependentPeer,
  path: string,
  act: () => Promise<T>,
  run: (genuine: never) => Promise<void>,
): Promise<T> {
  let seen = false
  mine.passing = async (moment, at, body) => {
    if (seen || moment !== 'request out' || at !== path) return
    seen = true
    await run(body as never)
  }
  const result = await act()
  mine.passing = () => {}
  assert.ok(seen)
  return result
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

/** Both talk on the same session; the real peer's terminal and safety number are looked at by assertAgreed. */
export async function assertTalk(mine: IndependentPeer, target: Target): Promise<void> {
  if (target instanceof RealPeer) {
    await assertAgreed(mine, target)
    return
  }
  await mine.sendMessage('to the target')
  await target.sendMessage('from the target')
  assert.deepEqual((await target.readMessages()).slice(-1), ['to the target'])
  assert.deepEqual(mine.readMessages().slice(-1), ['from the target'])
}
