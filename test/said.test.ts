/** How long the page shows the outcome of a step: by the states that come after it, in whichever order they do. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { outcome } from '../src/page/said.js'

type State = Parameters<ReturnType<typeof outcome>>[0]

/** As much of a state as this asks for. */
const state = (id: string | null, waiting = 0, othersKey: string | null = null) =>
  ({
    session: id === null ? null : { id },
    waiting: Array(waiting).fill({}),
    peer: { publicKey: othersKey },
  }) as unknown as State

/** For each of `states` in turn: whether the outcome is still shown. */
function shown(holds: ReturnType<typeof outcome>, ...states: State[]): boolean[] {
  return states.map(holds)
}

describe('the outcome of a step that went well', () => {
  it('of the first keys stays until there is a session', () => {
    const holds = outcome('/send_keys', state(null), { session: null })
    assert.deepEqual(shown(holds, state(null), state(null, 0, 'k'), state('s')), [
      true,
      true,
      false,
    ])
  })

  it('of new first keys stays while the old session does, or none is there', () => {
    for (const between of ['old', null]) {
      const holds = outcome('/send_keys', state('old'), { session: null })
      assert.deepEqual(shown(holds, state(between), state('new')), [true, false])
    }
  })

  it('of the second keys waits for their session, and stays while it is that', () => {
    for (const old of ['old', null]) {
      const holds = outcome('/send_keys', state(old), { session: 's' })
      const states = [state(old), state('s'), state('s', 1), state(old)]
      assert.deepEqual(shown(holds, ...states), [true, true, true, false])
    }
  })

  it('of /show without a session stays until there is one', () => {
    const holds = outcome('/show', state(null), { session: null })
    assert.deepEqual(shown(holds, state(null), state('s')), [true, false])
  })

  it('of /show, a text or a picture goes with its session', () => {
    for (const session of ['s', { id: 's' }])
      for (const after of [null, 't']) {
        const holds = outcome('/show', state('s'), { session })
        assert.deepEqual(shown(holds, state('s', 3), state(after)), [true, false])
      }
  })

  it('of opened messages stays until the next one comes, and not only until these are gone', () => {
    const holds = outcome('/decrypt_msg', state('s', 2), { decrypted: 2 })
    const states = [state('s', 2), state('s', 0), state('s', 1)]
    assert.deepEqual(shown(holds, ...states), [true, true, false])
  })

  it('holds for the first state there is, where it was asked for before any', () => {
    const holds = outcome('/decrypt_msg', null, { decrypted: 1 })
    assert.deepEqual(shown(holds, state('s'), state('t')), [true, false])
  })
})

describe('the refusal of a step', () => {
  it('stays though it cost the session, and goes with a new one', () => {
    const holds = outcome('/send_msg', state('s'), null)
    const states = [state('s'), state(null), state('s'), state('t')]
    assert.deepEqual(shown(holds, ...states), [true, true, true, false])
  })

  it('that there is nothing to open goes once there is', () => {
    const holds = outcome('/decrypt_msg', state('s'), null)
    assert.deepEqual(shown(holds, state('s'), state('s', 1)), [true, false])
  })

  it('of keys goes once the other peer has sent its own, and that of a text does not', () => {
    for (const [route, stays] of [
      ['/send_keys', false],
      ['/send_msg', true],
    ] as const) {
      const holds = outcome(route, state(null), null)
      assert.deepEqual(shown(holds, state(null), state(null, 0, 'k')), [true, stays])
    }
  })
})
