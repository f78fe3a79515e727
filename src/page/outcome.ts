/** How long the outcome of a step stays below its button: until the state of the peer has moved on. */

import type { State } from './model.ts'

/**
 * How long the outcome of a step holds: until another session takes the place of the one that the step left; of opened
 * messages, until the next one comes; of keys that were refused, until the other peer sends another key. The answer and
 * the state come on two connections, so the first states may still be from before the end of the step.
 *
 * `before`: the state when the step was asked for. `answer`: null if it was refused, which may itself have cost the session.
 */
export function holdsAfter(
  route: string,
  before: State,
  answer: Readonly<Record<string, unknown>> | null,
): (now: State) => boolean {
  const given = answer?.['session']
  let settled = false
  let opened = false
  return (now) => {
    if (route === '/decrypt_msg') {
      opened ||= now.waiting.length === 0
      if (opened && now.waiting.length > 0) return false
    }
    const old = before.session?.id ?? null
    const id = now.session?.id ?? null
    if (answer === null) {
      const isSameKey = now.peer.publicKey === before.peer.publicKey
      return (id === null || id === old) && (route !== '/send_keys' || isSameKey)
    }
    const left = given === undefined ? old : idOf(given)
    settled ||= id === left
    return id === left || (!settled && id === old)
  }
}

/** /send_keys answers with the id of the session, /show with the session, and both with null where there is none. */
function idOf(session: unknown): unknown {
  return typeof session === 'object' && session !== null && 'id' in session ? session.id : session
}
