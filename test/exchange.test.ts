/** What must hold in the exchange, whatever the order in which things happen. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { utf8ToBytes } from '../src/protocol/bytes.ts'
import { CURVES, type Curve, KeyPair, X25519 } from '../src/protocol/curves.ts'
import { type Event, Exchange, type State, TRANSITIONS } from '../src/protocol/exchange.ts'
import type { KeyMessage } from '../src/protocol/messages.ts'
import { Session } from '../src/protocol/session.ts'
import { fakeCurve } from './helpers/fake-curve.ts'
import { type Step, World, withEverything, withoutLoss, withReplays } from './helpers/schedule.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1

/** Runs every schedule in a world of its own, to the end of what is under way, and checks it there. */
function holds(
  curve: () => Curve,
  schedules: fc.Arbitrary<Step[]>,
  numRuns: number,
  check: (world: World) => void,
): void {
  fc.assert(
    fc.property(schedules, (steps) => {
      const world = new World(curve())
      for (const step of steps) world.take(step)
      world.settle()
      check(world)
    }),
    { numRuns: numRuns * TIMES },
  )
}

function onTheSameSessionOrNone(world: World): void {
  const [a, b] = world.sessions()
  assert.equal(a, b)
  for (const side of [0, 1] as const) world.read(side)
}

function recoversByKeysOnBoth(world: World): void {
  world.sendKeysOnBoth()
  const [a, b] = world.sessions()
  assert.notEqual(a, null)
  assert.equal(a, b)
  world.talk()
}

const curves: [string, () => Curve, number][] = [
  ['a fake curve', () => fakeCurve(), 100],
  ...Object.values(CURVES).map((curve): [string, () => Curve, number] => [
    curve.name,
    () => curve,
    1,
  ]),
]

for (const [name, curve, scale] of curves) {
  describe(`random schedules on ${name}`, () => {
    it('end on the same session or none, without loss', () =>
      holds(curve, withoutLoss, 40 * scale, onTheSameSessionOrNone))

    it('end on the same session or none, with replays', () =>
      holds(curve, withReplays, 20 * scale, onTheSameSessionOrNone))

    it('recover by /send_keys on both after anything', () =>
      holds(curve, withEverything, 40 * scale, recoversByKeysOnBoth))
  })
}

/** Two exchanges that share nothing but the messages a test carries over. */
function two(curve: Curve = fakeCurve()): [Exchange, Exchange] {
  return [new Exchange(new KeyPair(curve)), new Exchange(new KeyPair(curve))]
}

/** Both keys sent and answered: the same current session on both sides. */
function exchanged(a: Exchange, b: Exchange): void {
  a.receiveAnswer(b.receiveKeys(a.startKeys()).confirm)
  b.receiveAnswer(a.receiveKeys(b.startKeys()).confirm)
}

/** A key message without its confirmation. */
function unconfirmed({ share }: KeyMessage): KeyMessage {
  return { share }
}

describe('the transition table', () => {
  /** Ways into each state, by nothing but public calls. */
  const into: Record<State, (a: Exchange, b: Exchange) => void> = {
    idle: () => {},
    offered: (a) => a.startKeys(),
    invited: (a, b) => a.receiveKeys(b.startKeys()),
    agreed: (a, b) => {
      a.receiveKeys(b.startKeys())
      a.startKeys()
    },
  }
  /** What each event is, as calls; false where the state has no such event. */
  const happens: Record<Event, (a: Exchange, b: Exchange) => boolean> = {
    'send keys': (a) => Boolean(a.startKeys()),
    'key message': (a, b) => Boolean(a.receiveKeys(unconfirmed(b.startKeys()))),
    promote: (a, b) => {
      if (a.state !== 'agreed') return false
      return a.receiveAnswer(b.receiveKeys(a.startKeys()).confirm)
    },
    expire: (a) => {
      const had = a.state === 'offered' || a.state === 'agreed'
      a.expire()
      return had
    },
  }
  for (const [from, row] of Object.entries(TRANSITIONS) as [State, (typeof TRANSITIONS)[State]][])
    for (const event of Object.keys(happens) as Event[])
      it(`has ${from}, ${event} → ${row[event] ?? 'nothing'}`, () => {
        const [a, b] = two()
        into[from](a, b)
        assert.equal(a.state, from)
        const happened = happens[event](a, b)
        assert.equal(happened, row[event] !== undefined)
        assert.equal(a.state, row[event] ?? from)
      })
})

describe('an exchange', () => {
  it('has no sending keys before the peer has confirmed', () => {
    const [a, b] = two()
    b.receiveKeys(a.startKeys())
    b.startKeys()
    assert.equal(b.state, 'agreed')
    assert.throws(() => b.sendMessage(utf8ToBytes('too early')), { code: 'no_session' })
  })

  it('is completed by a message that opens under the candidate', () => {
    const [a, b] = two()
    b.receiveKeys(a.startKeys())
    a.receiveKeys(b.startKeys())
    // a's answer is lost, but a has a session and sends on it
    assert.deepEqual([a.state, b.state], ['idle', 'agreed'])
    const received = b.receiveMessage(a.sendMessage(utf8ToBytes('hello')))
    assert.deepEqual(received, { missing: 0, completed: true })
    assert.deepEqual(b.current?.id, a.current?.id)
  })

  it('takes an answer that overtook the key message it belongs to', () => {
    const [a, b] = two()
    const fromA = a.startKeys()
    const fromB = unconfirmed(b.startKeys())
    assert.equal(a.receiveAnswer(b.receiveKeys(fromA).confirm), false)
    assert.equal(a.receiveKeys(fromB).completed, true)
  })

  it('forgets a confirmation that waits when it starts anew', () => {
    const [a, b] = two()
    const fromA = a.startKeys()
    const fromB = unconfirmed(b.startKeys())
    a.receiveAnswer(b.receiveKeys(fromA).confirm)
    a.startKeys()
    assert.equal(a.receiveKeys(fromB).completed, false)
  })

  it('refuses a wrong tag in an answer and stays as it was', () => {
    const [a, b] = two()
    a.receiveKeys(b.startKeys())
    const { confirm } = a.startKeys()
    assert.ok(confirm)
    const wrong = { session: confirm.session, tag: new Uint8Array(32) }
    assert.throws(() => a.receiveAnswer(wrong), { code: 'confirm_failed' })
    // the sender's own tag proves nothing about the peer
    assert.throws(() => a.receiveAnswer(confirm), { code: 'confirm_failed' })
    assert.deepEqual([a.state, a.current], ['agreed', null])
  })

  it('erases the keys that it derived for a key message with a wrong tag', (t) => {
    const [a, b] = two()
    const message = b.startKeys()
    const { confirm } = b.receiveKeys(a.startKeys())
    assert.ok(confirm)
    const erase = t.mock.method(Session.prototype, 'erase')
    const wrong = { session: confirm.session, tag: new Uint8Array(32) }
    assert.throws(() => a.receiveKeys({ ...message, confirm: wrong }), { code: 'confirm_failed' })
    assert.equal(erase.mock.callCount(), 1)
    assert.equal(a.state, 'offered')
    assert.equal(a.receiveKeys({ ...message, confirm }).completed, true)
  })

  it('still takes what was sealed before the keys were changed, once', () => {
    const [a, b] = two()
    exchanged(a, b)
    const late = a.sendMessage(utf8ToBytes('late'))
    exchanged(a, b)
    assert.deepEqual(b.receiveMessage(late), { missing: 0, completed: false })
    assert.throws(() => b.receiveMessage(late), { code: 'replay' })
    const later = a.sendMessage(utf8ToBytes('later'))
    exchanged(a, b)
    exchanged(a, b)
    assert.throws(() => b.receiveMessage(later), { code: 'unknown_session' })
    const texts = [b.openOldest().text]
    assert.deepEqual(
      texts.map((text) => new TextDecoder().decode(text)),
      ['late'],
    )
  })

  it('keeps the keys of a session as long as one of its messages waits', () => {
    const [a, b] = two()
    exchanged(a, b)
    const { ciphertext } = a.sendMessage(utf8ToBytes('never sent'))
    b.receiveMessage(a.sendMessage(utf8ToBytes('patient')))
    const session = b.current
    for (let i = 0; i < 3; i++) exchanged(a, b)
    assert.deepEqual(session?.open(0, ciphertext), utf8ToBytes('never sent'))
    assert.deepEqual(b.openOldest().text, utf8ToBytes('patient'))
    assert.throws(
      () => session?.open(0, ciphertext),
      { code: 'decrypt_failed' },
      'erased once read',
    )
  })

  it('erases what it replaces: the sending keys and the shared secret, then all of it', () => {
    const [a, b] = two(X25519)
    const sessions: (typeof b.current)[] = []
    const sealed: Uint8Array[] = []
    for (let i = 0; i < 3; i++) {
      exchanged(a, b)
      sessions.push(b.current)
      sealed.push(a.sendMessage(utf8ToBytes('a text')).ciphertext)
    }
    const opens = sessions.map((session, i) => {
      try {
        return session?.open(0, sealed[i] ?? new Uint8Array()).length
      } catch {
        return null
      }
    })
    assert.deepEqual(opens, [null, 6, 6])
    const shows = sessions.map((session) =>
      session?.exportSharedSecret().some((byte) => byte !== 0),
    )
    assert.deepEqual(shows, [false, false, true])
    assert.throws(() => sessions[1]?.seal(utf8ToBytes('no more')), { code: 'no_session' })
  })

  it('can do nothing any more once it is erased', () => {
    const [a, b] = two()
    exchanged(a, b)
    const message = a.sendMessage(utf8ToBytes('too late'))
    b.receiveMessage(a.sendMessage(utf8ToBytes('unread')))
    for (const exchange of [a, b]) exchange.erase()
    assert.throws(() => a.sendMessage(utf8ToBytes('no')), { code: 'no_session' })
    assert.throws(() => b.receiveMessage({ ...message, seq: 7 }), { code: 'decrypt_failed' })
    assert.throws(() => b.openOldest(), { code: 'decrypt_failed' })
  })

  it('takes no other identity with the confirmation that makes one known', () => {
    const [a, b] = two()
    const [mallory] = two(fakeCurve(5_000))
    // b has a candidate with a; a's confirmation for it reaches mallory first
    b.receiveKeys(a.startKeys())
    const { confirm } = a.receiveKeys(unconfirmed(b.startKeys()))
    assert.ok(confirm)
    const forged = { share: mallory.startKeys().share, confirm }
    assert.throws(() => b.receiveKeys(forged), { code: 'identity_changed' })
    assert.deepEqual([b.state, b.current, b.knownIdentity], ['agreed', null, null])
    // the same with a's own next share is what an honest peer sends
    assert.equal(b.receiveKeys(a.startKeys()).completed, true)
    assert.deepEqual(b.knownIdentity, a.identity.publicKey)
    assert.throws(() => b.receiveKeys(mallory.startKeys()), { code: 'identity_changed' })
  })

  it('remembers the last 64 shares that were used, and refuses each', () => {
    const [a, b] = two()
    const used = Array.from({ length: 66 }, () => b.startKeys())
    for (const message of used) a.receiveKeys(message)
    const [forgotten, ...remembered] = used.slice(0, -1)
    assert.equal(remembered.length, 64)
    for (const message of remembered)
      assert.throws(() => a.receiveKeys(message), { code: 'stale_keys' })
    assert.ok(forgotten)
    a.receiveKeys(forgotten)
  })

  it('knows the identity of the peer only after it was confirmed', () => {
    const [a, b] = two()
    a.startKeys()
    a.receiveKeys(unconfirmed(b.startKeys()))
    assert.deepEqual([a.knownIdentity, a.wasKnown], [null, false])
    assert.deepEqual(a.peerIdentity, b.identity.publicKey)
    exchanged(a, b)
    assert.deepEqual(a.knownIdentity, b.identity.publicKey)
    assert.equal(a.wasKnown, false)
    exchanged(a, b)
    assert.equal(a.wasKnown, true)
  })
})
