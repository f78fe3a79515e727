/** How long the page shows the outcome of a step: by the states that come after it, in whichever order they do. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { holdsAfter } from '../../src/page/outcome.ts'

type State = Parameters<ReturnType<typeof holdsAfter>>[0]

/** As much of a state as this asks for. */
const state = (id: string | null, waiting = 0, othersKey: string | null = null) =>
  ({
    session: id === null ? null : { id },
    waiting: Array(waiting).fill({}),
    peer: { publicKey: othersKey },
  }) as unknown as State

/** Fails unless it is shown at each of `states` in turn, and no more at the last. */
function goesAtLast(holds: ReturnType<typeof holdsAfter>, ...states: State[]): void {
  const expected = states.map((_, i) => i < states.length - 1)
  assert.deepEqual(states.map(holds), expected)
}

const [none, s, t] = [state(null), state('s'), state('t')]
const noneYet = { session: null }

describe('the outcome of a step that went well', () => {
  it('of the first keys stays until there is a session', () =>
    goesAtLast(holdsAfter('/send_keys', none, noneYet), none, state(null, 0, 'k'), s))

  it('of new first keys stays while the old session does, or none is there', () => {
    for (const between of [s, none]) goesAtLast(holdsAfter('/send_keys', s, noneYet), between, t)
  })

  it('of the second keys waits for their session, and stays while it is that', () => {
    for (const old of [t, none])
      goesAtLast(holdsAfter('/send_keys', old, { session: 's' }), old, s, state('s', 1), old)
  })

  it('of /show without a session stays until there is one', () =>
    goesAtLast(holdsAfter('/show', none, noneYet), none, s))

  it('of /show, a text or a picture goes with its session', () => {
    for (const session of ['s', { id: 's' }])
      for (const after of [none, t])
        goesAtLast(holdsAfter('/show', s, { session }), state('s', 3), after)
  })

  it('of opened messages stays until the next one comes, and not only until these are gone', () => {
    const two = state('s', 2)
    goesAtLast(holdsAfter('/decrypt_msg', two, { decrypted: 2 }), two, s, state('s', 1))
  })
})

describe('the refusal of a step', () => {
  it('stays though it cost the session, and goes with a new one', () =>
    goesAtLast(holdsAfter('/send_msg', s, null), s, none, s, t))

  it('that there is nothing to open goes once there is', () =>
    goesAtLast(holdsAfter('/decrypt_msg', s, null), s, state('s', 1)))

  it('of keys goes once the other peer has sent its own, and that of a text does not', () => {
    goesAtLast(holdsAfter('/send_keys', none, null), none, state(null, 0, 'k'))
    assert.equal(holdsAfter('/send_msg', none, null)(state(null, 0, 'k')), true)
  })
})
