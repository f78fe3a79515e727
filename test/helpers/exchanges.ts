/** Two exchanges that share nothing but the messages that a test carries over. */

import assert from 'node:assert/strict'
import { compareBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import type { KeyMessage } from '../../src/protocol/messages.ts'
import type { Outcome } from '../../src/protocol/openText.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { quick } from './quick-suites.ts'

/** Without a KEM and with one: real keys would add time and show nothing more. */
const quickX25519 = () => quick(SUITES.X25519)
export const quickHybrid = () => quick(SUITES.X25519MLKEM768)
export const quickSuites = () => [quickX25519(), quickHybrid()]

export function two(suite: Suite = quickX25519()): [Exchange, Exchange] {
  const side = () => new Exchange(suite, new KeyPair(suite.curve))
  return [side(), side()]
}

/** Both keys sent and answered: the same current session on both sides. */
export function exchange(a: Exchange, b: Exchange): void {
  a.receiveAnswer(b.receiveKeys(a.startKeys()).confirm)
  b.receiveAnswer(a.receiveKeys(b.startKeys()).confirm)
}

/** Two that have done so. */
export function exchanged(suite?: Suite): [Exchange, Exchange] {
  const [a, b] = two(suite)
  exchange(a, b)
  return [a, b]
}

/** The one with the smaller identity, which is party 1, comes first. */
export function inOrder([a, b]: [Exchange, Exchange]): [Exchange, Exchange] {
  return compareBytes(a.identity.publicKey, b.identity.publicKey) < 0 ? [a, b] : [b, a]
}

/** The same peer in another run. */
export function restarted({ suite, identity, knownIdentity }: Exchange): Exchange {
  return new Exchange(suite, identity, knownIdentity)
}

/** A key message without its confirmation. */
export function unconfirmed({ share }: KeyMessage): KeyMessage {
  return { share }
}

/** Fails unless both are on the same session. */
export function assertTogether(a: Exchange, b: Exchange): void {
  assert.ok(a.current && b.current)
  assert.deepEqual(a.current.id, b.current.id)
}

/** What a copy's sender learns from a refusal with `code`; null: from no answer; undefined: from 201. */
export function outcomeOf(code: string | null | undefined): Outcome {
  if (code === undefined) return 'accepted'
  if (code === null) return 'no answer'
  return code === 'replay' || code === 'unknown_session' ? code : 'not now'
}

/** What `from` is told if it sends a text: the code of a refusal, or null if it was taken. */
export function codeOfText(from: Exchange, to: Exchange): string | null {
  try {
    const message = from.sendMessage(utf8ToBytes('?'))
    const code = refusalOf(() => to.receiveMessage(message))
    from.messageAnswered(outcomeOf(code))
    return code ?? null
  } catch (error) {
    assert.ok(error instanceof DuetError)
    return error.code
  }
}

/** The code with which `take` is refused; undefined if it is not. */
export function refusalOf(take: () => unknown): string | undefined {
  try {
    take()
    return undefined
  } catch (error) {
    assert.ok(error instanceof DuetError, String(error))
    return error.code
  }
}
