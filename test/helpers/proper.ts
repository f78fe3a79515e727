/** What every answer has to be, whatever the request was, and what a pair has to be after it. */

import assert from 'node:assert/strict'
import { type Answer, posting, TEXT } from './call.ts'
import { assertNothingInternal, assertProblem } from './problem.ts'
import type { TestPeer } from './with-peers.ts'

/** Fails unless the answer is a success of a route's, or a problem of the design's other than a defect. */
export function assertProper(answer: Answer, isHead = false): void {
  assert.notEqual(answer.status, 500)
  assertNothingInternal(answer.text)
  if (answer.status === 200 || answer.status === 201) {
    const type = String(answer.headers['content-type'])
    assert.match(
      type,
      /^(?:application\/(?:json|octet-stream)|text\/(?:plain|html|css|javascript)|image\/(?:png|svg\+xml))(?:;|$)/,
    )
    if (!/^image\/png|octet-stream/.test(type)) assert.ok(answer.text.endsWith('\n'))
  } else if (isHead) {
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.equal(answer.text, '')
  } else assertProblem(answer)
}

/** Expects both to agree again, in two rounds at most, and a message to arrive. */
export async function assertStillWorks(a: TestPeer, b: TestPeer): Promise<void> {
  for (const peer of [a, b]) assertProper(await peer.call('/decrypt_msg'))
  let agreed = false
  for (let round = 0; round < 2 && !agreed; round++) {
    assert.equal((await a.call('/send_keys')).status, 201)
    assert.equal((await b.call('/send_keys')).status, 201)
    const [mine, others] = [await a.call('/show'), await b.call('/show')]
    agreed = mine.json.session !== null && mine.json.session.id === others.json.session?.id
  }
  assert.ok(agreed, 'no agreement after two rounds')
  assert.equal(a.secrets().at(-1), b.secrets().at(-1))
  // a step whose caller hung up may still be on its way, so that other texts can arrive beside this one
  const body = `Still here ${a.port}`
  for (const [from, receiver] of [
    [a, b],
    [b, a],
  ] as const) {
    // messages go in turn: once this one is answered, those before it have filled the inbox or not
    assertProper(await from.call('/send_msg'))
    assertProper(await receiver.call('/decrypt_msg'))
    const sent = await from.call('/send_msg', posting(TEXT, body))
    assert.equal(sent.status, 201, sent.text)
    assert.equal((await receiver.call('/decrypt_msg')).status, 200)
    assert.equal(receiver.secrets().filter((text) => text === body).length, 1)
  }
}

export function assertNoDefect(...peers: TestPeer[]): void {
  for (const line of peers.flatMap((peer) => peer.lines())) assert.doesNotMatch(line, /DEFECT/)
}
