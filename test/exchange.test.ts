/** What must hold in the exchange, whatever the order in which things happen. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareBytes, concatBytes, equalBytes, utf8ToBytes } from '../src/protocol/bytes.ts'
import { KeyPair, LOW_ORDER } from '../src/protocol/curves.ts'
import { DuetError, type ProtocolCode } from '../src/protocol/errors.ts'
import {
  type Event,
  Exchange,
  type State,
  TRANSITIONS,
  type Witness,
} from '../src/protocol/exchange.ts'
import { transcriptOf } from '../src/protocol/keySchedule.ts'
import type { Confirm, KeyMessage, SealedMessage } from '../src/protocol/messages.ts'
import { Session } from '../src/protocol/session.ts'
import { EphemeralKeys, halvesOf, SUITES, type Suite } from '../src/protocol/suites.ts'
import { fakeHybrid, fakeSuite } from './helpers/fake-curve.ts'
import { refuses } from './helpers/refuses.ts'
import { type Step, World, withEverything, withoutLoss, withReplays } from './helpers/schedule.ts'

const SLOW = process.env['SLOW'] === '1'

/** Runs every schedule in a world of its own, to the end of what is under way, and checks it there. */
function holds(
  suite: () => Suite,
  schedules: fc.Arbitrary<Step[]>,
  numRuns: number,
  check: (world: World) => void,
): void {
  fc.assert(
    fc.property(schedules, (steps) => {
      const world = new World(suite())
      for (const step of steps) world.take(step)
      world.settle()
      check(world)
    }),
    { numRuns },
  )
}

function onTheSameSessionOrNone(world: World): void {
  const [a, b] = world.sessions()
  assert.equal(a, b)
  for (const side of [0, 1] as const) world.read(side)
}

/** Where the two are on different sessions, whoever sends a text is told, or the text brings them together. */
function isVisibleIfApart(world: World): void {
  const apart = () => {
    const [a, b] = world.sessions()
    return a !== b
  }
  if (!apart()) return
  for (const side of [0, 1] as const) world.read(side)
  const codes = ([0, 1] as const).map((side) => world.codeOfText(side))
  if (apart()) assert.match(codes.join(' '), /no_session|unknown_session/)
}

function recoversByKeysOnBoth(world: World): void {
  isVisibleIfApart(world)
  world.sendKeysOnBoth()
  const [a, b] = world.sessions()
  assert.notEqual(a, null)
  assert.equal(a, b)
  world.talk()
}

/** Real keys add only time to what the fake ones show, and `make explore` has each schedule that is short. */
const suites: [name: string, suite: () => Suite, scale: number][] = [
  // with SLOW=1 these are 100,000
  ['a fake curve', () => fakeSuite(), SLOW ? 1_000 : 3],
  ['a fake curve with a fake KEM', () => fakeHybrid(), SLOW ? 1_000 : 3],
  ...Object.values(SUITES).map((suite): (typeof suites)[number] => [
    suite.name,
    () => suite,
    SLOW ? 10 : 0.05,
  ]),
]

for (const [name, suite, scale] of suites) {
  describe(`random schedules on ${name}`, () => {
    it('end on the same session or none, without loss', () =>
      holds(suite, withoutLoss, 40 * scale, onTheSameSessionOrNone))

    it('end on the same session or none, with replays', () =>
      holds(suite, withReplays, 20 * scale, onTheSameSessionOrNone))

    it('show where they are apart, and recover by /send_keys on both, after anything', () =>
      holds(suite, withEverything, 40 * scale, recoversByKeysOnBoth))
  })
}

/** Two exchanges that share nothing but the messages a test carries over. */
function two(suite: Suite = fakeSuite()): [Exchange, Exchange] {
  const side = () => new Exchange(suite, new KeyPair(suite.curve))
  return [side(), side()]
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
      return a.receiveAnswer(b.receiveKeys(a.startKeys()).confirm).completed
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
    refuses('no_session', () => b.sendMessage(utf8ToBytes('too early')))
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

  it('is completed by a picture that opens under the candidate', () => {
    const [a, b] = two()
    b.receiveKeys(a.startKeys())
    a.receiveKeys(b.startKeys())
    const { header, key } = a.sendPicture()
    const received = b.receivePicture(header)
    assert.deepEqual(received.key, key)
    assert.equal(b.state, 'agreed')
    assert.equal(received.accept(), true)
    assert.deepEqual(b.current?.id, a.current?.id)
  })

  it('takes an answer that overtook the key message it belongs to', () => {
    const [a, b] = two()
    const fromA = a.startKeys()
    const fromB = unconfirmed(b.startKeys())
    assert.equal(a.receiveAnswer(b.receiveKeys(fromA).confirm).completed, false)
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
    refuses('confirm_failed', () => a.receiveAnswer(wrong))
    // the sender's own tag proves nothing about the peer
    refuses('confirm_failed', () => a.receiveAnswer(confirm))
    assert.deepEqual([a.state, a.current], ['agreed', null])
  })

  it('erases the keys that it derived for a key message with a wrong tag', (t) => {
    const [a, b] = two()
    const message = b.startKeys()
    const { confirm } = b.receiveKeys(a.startKeys())
    assert.ok(confirm)
    const erase = t.mock.method(Session.prototype, 'erase')
    const wrong = { session: confirm.session, tag: new Uint8Array(32) }
    refuses('confirm_failed', () => a.receiveKeys({ ...message, confirm: wrong }))
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
    refuses('replay', () => b.receiveMessage(late))
    const later = a.sendMessage(utf8ToBytes('later'))
    exchanged(a, b)
    exchanged(a, b)
    refuses('unknown_session', () => b.receiveMessage(later))
    const texts = [b.openOldest().text]
    assert.deepEqual(
      texts.map((text) => new TextDecoder().decode(text)),
      ['late'],
    )
  })

  it('keeps of a message that waits its own key and no other, and erases it once it was read', (t) => {
    const [a, b] = two()
    exchanged(a, b)
    const unsent = a.sendMessage(utf8ToBytes('never sent'))
    b.receiveMessage(a.sendMessage(utf8ToBytes('patient')))
    const session = b.current
    const [waiting] = b.waiting
    for (let i = 0; i < 3; i++) exchanged(a, b)
    for (const message of [unsent, { ...unsent, seq: 2 }])
      assert.throws(() => session?.open(message), { code: /^(replay|decrypt_failed)$/ })
    assert.throws(() => session?.open({ ...unsent, seq: 2 }), { code: 'decrypt_failed' })
    const erase = t.mock.method(Object.getPrototypeOf(waiting), 'erase')
    assert.deepEqual(b.openOldest().text, utf8ToBytes('patient'))
    assert.equal(erase.mock.callCount(), 1)
    refuses('decrypt_failed', () => waiting?.open())
  })

  it('erases what it replaces: the sending keys and the shared secrets, then all of it', () => {
    for (const suite of [fakeSuite(), fakeHybrid()]) {
      const [a, b] = two(suite)
      const sessions: (typeof b.current)[] = []
      const sealed: SealedMessage[] = []
      for (let i = 0; i < 3; i++) {
        exchanged(a, b)
        sessions.push(b.current)
        sealed.push(a.sendMessage(utf8ToBytes('a text')))
      }
      const opens = sessions.map((session, i) => {
        try {
          return session?.open(sealed[i] as SealedMessage).text.length
        } catch {
          return null
        }
      })
      assert.deepEqual(opens, [null, 6, 6])
      const isThere = (bytes: Uint8Array | null | undefined) => bytes?.some((byte) => byte !== 0)
      const shows = sessions.map((session) => {
        const { ecdh, kem } = session?.exportSharedSecrets() ?? {}
        return [isThere(ecdh), isThere(kem)]
      })
      const kem = suite.kem === null ? undefined : false
      const kemNow = suite.kem === null ? undefined : true
      assert.deepEqual(shows, [
        [false, kem],
        [false, kem],
        [true, kemNow],
      ])
      refuses('no_session', () => sessions[1]?.seal(utf8ToBytes('no more')))
    }
  })

  it('can do nothing any more once it is erased', () => {
    const [a, b] = two()
    exchanged(a, b)
    const message = a.sendMessage(utf8ToBytes('too late'))
    b.receiveMessage(a.sendMessage(utf8ToBytes('unread')))
    for (const exchange of [a, b]) exchange.erase()
    refuses('no_session', () => a.sendMessage(utf8ToBytes('no')))
    refuses('decrypt_failed', () => b.receiveMessage({ ...message, seq: 7 }))
    refuses('decrypt_failed', () => b.openOldest())
  })

  it('takes 32 messages that wait, and one more as soon as one was read', () => {
    const [a, b] = two()
    exchanged(a, b)
    const text = (i: number) => utf8ToBytes(`number ${i}`)
    for (let i = 0; i < 32; i++) b.receiveMessage(a.sendMessage(text(i)))
    const next = a.sendMessage(text(32))
    refuses('inbox_full', () => b.receiveMessage(next))
    assert.equal(b.waiting.length, 32)
    assert.deepEqual(b.openOldest(), { session: b.current?.id, seq: 0, text: text(0) })
    assert.deepEqual(b.receiveMessage(next), { missing: 0, completed: false })
    for (let i = 1; i <= 32; i++) assert.deepEqual(b.openOldest().text, text(i))
    refuses('nothing_waiting', () => b.openOldest())
  })

  it('neither seals nor takes what is no UTF-8 or longer than 16 KiB', () => {
    const [a, b] = two()
    exchanged(a, b)
    const longest = new Uint8Array(16 * 1024).fill(0x61)
    for (const text of [Uint8Array.of(0xff), Uint8Array.of(...longest, 0x61)]) {
      refuses('bad_text', () => a.sendMessage(text))
      // a peer that does not look seals it all the same
      const sealed = a.current?.seal(text) as SealedMessage
      refuses('bad_text', () => b.receiveMessage(sealed))
      refuses('bad_text', () => b.receiveMessage(sealed))
    }
    assert.deepEqual(b.waiting, [])
    assert.deepEqual(b.receiveMessage(a.sendMessage(longest)), { missing: 2, completed: false })
    assert.deepEqual(b.openOldest().text, longest)
  })

  it('erases the text of a message once it was authenticated, whether it takes it or not', (t) => {
    const [a, b] = two()
    exchanged(a, b)
    const { open } = Session.prototype
    const texts: Uint8Array[] = []
    t.mock.method(Session.prototype, 'open', function (this: Session, message: SealedMessage) {
      const opened = open.call(this, message)
      texts.push(opened.text)
      return opened
    })
    b.receiveMessage(a.sendMessage(utf8ToBytes('taken')))
    const sealed = a.current?.seal(Uint8Array.of(0xff)) as SealedMessage
    refuses('bad_text', () => b.receiveMessage(sealed))
    assert.deepEqual(texts, [new Uint8Array(5), new Uint8Array(1)])
  })

  it('says what it knows of the other side: both public keys, and whether it met it before', () => {
    const suite = fakeSuite()
    const [a, b] = two(suite)
    assert.deepEqual([a.publicKey, a.peerPublicKey], [null, null])
    exchanged(a, b)
    assert.ok(a.publicKey && b.publicKey)
    assert.deepEqual([a.peerPublicKey, b.peerPublicKey], [b.publicKey, a.publicKey])
    const again = new Exchange(suite, a.identity, b.identity.publicKey)
    assert.deepEqual([a.wasKnown, again.wasKnown], [false, true])
  })

  it('is not completed by an answer without a confirmation, or with that of the present session', () => {
    const [a, b] = two()
    exchanged(a, b)
    a.startKeys()
    assert.deepEqual(a.receiveAnswer(undefined), { completed: false })
    const { confirm } = b.current ?? {}
    assert.ok(confirm)
    assert.deepEqual(a.receiveAnswer(confirm), { completed: false })
    refuses('confirm_failed', () => a.receiveAnswer({ ...confirm, tag: new Uint8Array(32) }))
  })

  it('takes a share that it holds as often as it comes', () => {
    const [a, b] = two()
    const message = a.startKeys()
    for (let i = 0; i < 3; i++) assert.deepEqual(b.receiveKeys(message), { completed: false })
    assert.equal(a.receiveAnswer(b.receiveKeys(message).confirm).completed, false)
    assert.equal(a.receiveKeys(b.startKeys()).completed, true)
  })

  it('keeps a share that comes with the confirmation of another one, and none that it promoted', () => {
    for (const anew of [true, false]) {
      const [a, b] = two()
      const { share } = a.startKeys()
      b.receiveKeys({ share })
      const { confirm } = a.receiveKeys(b.startKeys())
      assert.ok(confirm)
      const next = anew ? a.startKeys() : { share, confirm }
      assert.equal(b.receiveKeys(next).completed, true)
      assert.equal(b.state, anew ? 'invited' : 'idle')
      assert.deepEqual(b.peerPublicKey, next.share.publicKey)
    }
  })

  it('takes a key message that confirms the present session or the one before, and no wrong tag', () => {
    for (const suite of [fakeSuite(), fakeHybrid()]) {
      const [a, b] = two(suite)
      exchanged(a, b)
      const [late, wrong] = [a.startKeys(), a.startKeys()]
      exchanged(a, b)
      b.startKeys()
      assert.ok(wrong.confirm)
      b.receiveKeys(late)
      const present = { ...a.startKeys() }
      assert.deepEqual(present.confirm?.session, b.current?.id)
      const tag = new Uint8Array(32)
      const confirm = { ...(present.confirm as Confirm), tag }
      refuses('confirm_failed', () => b.receiveKeys({ ...present, confirm }))
      b.receiveKeys(present)
    }
  })

  it('shows its witness the keys of a session right before they are erased', () => {
    const suite = fakeHybrid()
    const seen: { own: EphemeralKeys; peer: Uint8Array; ciphertext: Uint8Array | null }[] = []
    const shown: boolean[] = []
    const witness: Witness = (own, peer, ciphertext) => {
      seen.push({ own, peer, ciphertext })
      shown.push(own.pair.exportPrivateKey().some((byte) => byte !== 0))
    }
    const a = new Exchange(suite, new KeyPair(suite.curve), null, witness)
    const [b] = two(suite)
    const replaced = a.startKeys()
    exchanged(a, b)
    assert.notDeepEqual(a.publicKey, replaced.share.publicKey)
    assert.deepEqual(shown, [true])
    const [{ own, peer, ciphertext } = assert.fail()] = seen
    assert.deepEqual([own.publicKey, peer], [a.publicKey, b.publicKey])
    assert.deepEqual(ciphertext, a.current?.peerCiphertext)
    assert.deepEqual(own.pair.exportPrivateKey(), new Uint8Array(32))
  })

  it('erases a candidate that gives way: to other keys of either side, or to an hour', (t) => {
    const [a, b] = two()
    a.receiveKeys(b.startKeys())
    const { mock } = t.mock.method(Session.prototype, 'erase')
    a.startKeys()
    const events = [
      () => a.startKeys(),
      () => a.receiveKeys(unconfirmed(b.startKeys())),
      () => a.expire(),
    ]
    for (const [i, event] of events.entries()) {
      event()
      assert.equal(mock.callCount(), i + 1)
    }
  })

  it('takes no step that the table does not have, and stays as it was', (t) => {
    const [a] = two()
    const { idle } = TRANSITIONS
    t.after(() => Object.assign(TRANSITIONS, { idle }))
    for (const other of [{}, { 'send keys': 'agreed' }]) {
      Object.assign(TRANSITIONS, { idle: other })
      assert.throws(() => a.startKeys(), /^Error: No transition: idle, send keys\.$/)
      assert.deepEqual([a.state, a.publicKey], ['idle', null])
    }
  })

  it('says of which of its own shares the current session is', () => {
    const [a, b] = two()
    const first = a.startKeys()
    assert.equal(a.hasCompleted(first.share), false)
    a.receiveAnswer(b.receiveKeys(first).confirm)
    a.receiveKeys(b.startKeys())
    assert.equal(a.hasCompleted(first.share), true)
    assert.equal(a.hasCompleted(a.startKeys().share), false)
    assert.equal(b.hasCompleted(first.share), false)
  })

  it('takes no other identity with the confirmation that makes one known', () => {
    const [a, b] = two()
    const [mallory] = two(fakeSuite(5_000))
    // b has a candidate with a; a's confirmation for it reaches mallory first
    b.receiveKeys(a.startKeys())
    const { confirm } = a.receiveKeys(unconfirmed(b.startKeys()))
    assert.ok(confirm)
    const forged = { share: mallory.startKeys().share, confirm }
    const wrong = { ...confirm, tag: new Uint8Array(32) }
    refuses('confirm_failed', () => b.receiveKeys({ ...forged, confirm: wrong }))
    refuses('identity_changed', () => b.receiveKeys(forged))
    assert.deepEqual([b.state, b.current, b.knownIdentity], ['agreed', null, null])
    // the same with a's own next share is what an honest peer sends
    assert.equal(b.receiveKeys(a.startKeys()).completed, true)
    assert.deepEqual(b.knownIdentity, a.identity.publicKey)
    refuses('identity_changed', () => b.receiveKeys(mallory.startKeys()))
  })

  it('tells another identity from a used share, also where the confirmation is what makes one known', () => {
    const [a, b] = two()
    const [mallory] = two(fakeSuite(5_000))
    const used = mallory.startKeys()
    a.receiveKeys(used)
    a.receiveKeys(b.startKeys())
    const { confirm } = b.receiveKeys(a.startKeys())
    assert.ok(confirm)
    const forged = { share: used.share, confirm }
    assert.throws(() => a.receiveKeys(forged), { code: 'identity_changed' })
    assert.throws(() => a.receiveKeys(used), { code: 'stale_keys' })
    assert.equal(a.state, 'agreed')
  })

  it("refuses a stranger's picture that came while the keys were confirmed with another", () => {
    const suite = fakeSuite()
    const [a, b] = two(suite)
    const [mallory] = two(suite)
    const fromA = a.startKeys()
    mallory.receiveKeys(fromA)
    mallory.receiveAnswer(a.receiveKeys(unconfirmed(mallory.startKeys())).confirm)
    const { header, key } = mallory.sendPicture()
    const begun = a.receivePicture(header)
    assert.deepEqual(begun.key, key, 'it opens')
    b.receiveKeys(fromA)
    assert.equal(a.receiveKeys(b.startKeys()).completed, true)
    assert.throws(() => begun.accept(), { code: 'unknown_session' })
  })

  it('remembers the last 64 shares that were used, and refuses each', () => {
    const [a, b] = two()
    const used = Array.from({ length: 66 }, () => b.startKeys())
    for (const message of used) a.receiveKeys(message)
    const [forgotten, ...remembered] = used.slice(0, -1)
    assert.equal(remembered.length, 64)
    for (const message of remembered) refuses('stale_keys', () => a.receiveKeys(message))
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

/**
 * How two exchanges can be apart once nothing is under way: all the ways that `make explore` finds, each by a
 * shortest schedule. `texts`: what A is told of a text, and then B. `meet`: whether these two bring them together.
 */
const waysApart: {
  what: string
  happens(a: Exchange, b: Exchange): Exchange
  texts: [string | null, string | null]
  meet: boolean
}[] = [
  {
    what: 'one restarted while its answer was out: the other has a session, and it has none',
    happens(a, b) {
      loseAnswer(a, b)
      return restarted(b)
    },
    texts: ['unknown_session', 'no_session'],
    meet: false,
  },
  {
    what: 'the answer that confirms the first session is lost: one has it, and the other waits for that',
    happens(a, b) {
      loseAnswer(a, b)
      return b
    },
    texts: [null, null],
    meet: true,
  },
  {
    what: 'the answer that confirms a later session is lost: one has it, and the other is on the one before',
    happens(a, b) {
      exchanged(a, b)
      loseAnswer(a, b)
      return b
    },
    texts: [null, null],
    meet: true,
  },
  {
    what: 'an hour passed for keys that were under way: one has a session of them, and the other is on the one before',
    happens(a, b) {
      exchanged(a, b)
      const keysA = a.startKeys()
      const keysB = b.startKeys()
      const answerB = b.receiveKeys(keysA)
      b.expire()
      a.receiveAnswer(answerB.confirm)
      const answerA = a.receiveKeys(keysB)
      assert.equal(answerA.completed, true)
      assert.equal(b.receiveAnswer(answerA.confirm).completed, false)
      return b
    },
    texts: ['unknown_session', null],
    meet: false,
  },
  {
    what: 'one restarted, and a copy of an old key message came: each has a session that the other does not have',
    happens(a, b) {
      const keysA = a.startKeys()
      const lateB = b.startKeys()
      const answerB = b.receiveKeys(keysA)
      const later = restarted(b)
      const answerA = a.receiveKeys(later.startKeys())
      a.receiveAnswer(answerB.confirm)
      assert.equal(a.receiveKeys(lateB).completed, true)
      later.receiveAnswer(answerA.confirm)
      assert.equal(later.receiveKeys(keysA).completed, true)
      return later
    },
    texts: ['unknown_session', 'unknown_session'],
    meet: false,
  },
  {
    what: 'one restarted, and an answer is lost: one is on a session of the run before, and waits for the other one',
    happens(a, b) {
      const keysA = a.startKeys()
      const lateB = b.startKeys()
      const answerB = b.receiveKeys(keysA)
      const later = restarted(b)
      const keysB = later.startKeys()
      a.receiveAnswer(answerB.confirm)
      assert.equal(a.receiveKeys(lateB).completed, true)
      const answerA = a.receiveKeys(keysB)
      assert.equal(later.receiveKeys(a.startKeys()).completed, true)
      later.receiveAnswer(answerA.confirm)
      return later
    },
    texts: ['unknown_session', null],
    meet: true,
  },
]

/** Both send keys, and b does not get its answer. */
function loseAnswer(a: Exchange, b: Exchange): void {
  const keysA = a.startKeys()
  const keysB = b.startKeys()
  a.receiveAnswer(b.receiveKeys(keysA).confirm)
  assert.equal(a.receiveKeys(keysB).completed, true)
}

/** The same peer in another run. */
function restarted({ suite, identity, knownIdentity }: Exchange): Exchange {
  return new Exchange(suite, identity, knownIdentity)
}

describe('two exchanges', () => {
  const text = (from: Exchange, to: Exchange): string | null => {
    try {
      to.receiveMessage(from.sendMessage(utf8ToBytes('?')))
      return null
    } catch (error) {
      assert.ok(error instanceof DuetError)
      return error.code
    }
  }
  const together = (a: Exchange, b: Exchange) =>
    a.current !== null && b.current !== null && equalBytes(a.current.id, b.current.id)
  for (const { what, happens, texts, meet } of waysApart)
    it(`are apart where ${what}; a text tells it or ends it, and keys from both end it`, () => {
      for (const kind of [fakeSuite(), fakeHybrid()])
        for (const smaller of [0, 1]) {
          // whichever of the two is party 1
          const pair = two(kind).sort((one, other) =>
            compareBytes(one.identity.publicKey, other.identity.publicKey),
          )
          const [a, first] = smaller === 0 ? pair : pair.reverse()
          assert.ok(a && first)
          const b = happens(a, first)
          assert.equal(together(a, b), false)
          assert.deepEqual([text(a, b), text(b, a)], texts, kind.name)
          assert.equal(together(a, b), meet, kind.name)
          exchanged(a, b)
          assert.equal(together(a, b), true, kind.name)
          assert.deepEqual([text(a, b), text(b, a)], [null, null])
        }
    })
})

/**
 * Both sent keys before either had the other's, and each took the other's key message: two candidates,
 * each with its own ciphertext. `one` is party 1.
 */
function crossed(suite = fakeHybrid()): {
  one: Exchange
  two: Exchange
  answers: [Confirm, Confirm]
} {
  const [a, b] = two(suite)
  const [fromA, fromB] = [a.startKeys(), b.startKeys()]
  const { party } = transcriptOf(suite, fromA.share, fromB.share, null)
  const [one, other, fromOne, fromOther] = party === 1 ? [a, b, fromA, fromB] : [b, a, fromB, fromA]
  const toOther = one.receiveKeys(fromOther).confirm
  const toOne = other.receiveKeys(fromOne).confirm
  assert.ok(toOne && toOther)
  return { one, two: other, answers: [toOne, toOther] }
}

describe('an exchange with a KEM', () => {
  const suite = SUITES.X25519MLKEM768

  it('is completed by the six steps in either order, again and again, and after restarts', () => {
    for (const suite of [fakeHybrid(), SUITES.X25519MLKEM768]) {
      let [a, b] = two(suite)
      for (const change of ['none', 'none', 'other order', 'a restarts', 'b restarts']) {
        if (change === 'other order') [a, b] = [b, a]
        if (change === 'a restarts') a = new Exchange(suite, a.identity, a.knownIdentity)
        if (change === 'b restarts') b = new Exchange(suite, b.identity, b.knownIdentity)
        exchanged(a, b)
        assert.ok(a.current && b.current, change)
        assert.deepEqual(a.current.id, b.current.id, change)
        b.receiveMessage(a.sendMessage(utf8ToBytes('there')))
        a.receiveMessage(b.sendMessage(utf8ToBytes('and back')))
        const texts = [a, b].map((side) => new TextDecoder().decode(side.openOldest().text))
        assert.deepEqual(texts, ['and back', 'there'], change)
      }
    }
  })

  it('sends its ciphertext along with its confirmation, and the other side does not', () => {
    const [a, b] = two(suite)
    b.receiveKeys(a.startKeys())
    const fromB = b.startKeys()
    assert.equal(fromB.confirm?.ciphertext?.length, 1088)
    const answer = a.receiveKeys(fromB)
    assert.equal(answer.completed, true)
    assert.ok(answer.confirm)
    assert.equal('ciphertext' in answer.confirm, false)
  })

  it('goes by the ciphertext of party 1 where both made one, and party 2 confirms it once more', () => {
    for (const kind of [fakeHybrid(), suite]) {
      const { one, two, answers } = crossed(kind)
      assert.deepEqual(one.receiveAnswer(answers[0]), { completed: false })
      const { completed, again } = two.receiveAnswer(answers[1])
      assert.equal(completed, false)
      assert.ok(again?.confirm)
      assert.equal('ciphertext' in again.confirm, false)
      const answer = one.receiveKeys(again)
      assert.equal(answer.completed, true)
      assert.equal(two.receiveAnswer(answer.confirm).completed, true)
      assert.deepEqual(one.current?.id, two.current?.id)
      assert.deepEqual(one.current?.id, answers[1].session)
      two.receiveMessage(one.sendMessage(utf8ToBytes('hello')))
      one.receiveMessage(two.sendMessage(utf8ToBytes('hello')))
    }
  })

  it('keeps the keys that it confirms once more: they answer to whatever the other side sends meanwhile', () => {
    const { one, two, answers } = crossed()
    one.receiveAnswer(answers[0])
    const { again } = two.receiveAnswer(answers[1])
    assert.ok(again)
    // party 1 starts anew before the confirmation has arrived
    const anew = one.startKeys()
    refuses('confirm_failed', () => one.receiveKeys(again))
    const answer = two.receiveKeys(anew)
    assert.equal(answer.completed, true)
    assert.equal(one.receiveAnswer(answer.confirm).completed, true)
    assert.deepEqual(one.current?.id, two.current?.id)
  })

  it('takes the ciphertext of party 1 from a key message as well, and party 1 keeps its own', (t) => {
    const { one, two, answers } = crossed()
    const shareOfOne = { identity: one.identity.publicKey, publicKey: one.publicKey as Uint8Array }
    const shareOfTwo = { identity: two.identity.publicKey, publicKey: two.publicKey as Uint8Array }
    const kept = one.receiveKeys({ share: shareOfTwo, confirm: answers[0] })
    assert.deepEqual(kept, { confirm: answers[1], completed: false })
    const erase = t.mock.method(Session.prototype, 'erase')
    const taken = two.receiveKeys({ share: shareOfOne, confirm: answers[1] })
    assert.equal(taken.completed, true)
    const erased = erase.mock.calls.map(({ this: session }) => (session as Session).id)
    assert.deepEqual(erased, [answers[0].session], 'its own candidate')
    assert.equal(one.receiveAnswer(taken.confirm).completed, true)
    assert.deepEqual(one.current?.id, two.current?.id)
  })

  it('takes an answer with a ciphertext that overtook the key message it belongs to', () => {
    const [a, b] = two(suite)
    const fromA = a.startKeys()
    const fromB = b.startKeys()
    const { confirm } = b.receiveKeys(fromA)
    assert.deepEqual(a.receiveAnswer(confirm), { completed: false })
    const answer = a.receiveKeys(fromB)
    assert.equal(answer.completed, true)
    assert.equal(b.receiveAnswer(answer.confirm).completed, true)
  })

  it('makes a ciphertext of its own where the one that waits has a wrong tag', () => {
    const [a, b] = two(fakeHybrid())
    const fromA = a.startKeys()
    const fromB = b.startKeys()
    const { confirm } = b.receiveKeys(fromA)
    assert.ok(confirm)
    a.receiveAnswer({ ...confirm, tag: new Uint8Array(32) })
    const answer = a.receiveKeys(fromB)
    assert.equal(answer.completed, false)
    assert.ok(answer.confirm?.ciphertext)
    assert.notDeepEqual(answer.confirm.ciphertext, confirm.ciphertext)
  })

  it('lets no answer that loses take the place of one that waits', () => {
    const { one, two, answers } = crossed()
    const { share, confirm } = two.startKeys()
    assert.ok(confirm)
    assert.deepEqual(one.receiveAnswer(confirm), { completed: false })
    assert.deepEqual(one.receiveAnswer(answers[0]), { completed: false })
    assert.equal(one.receiveKeys({ share }).completed, true)
  })

  it('knows no session without a ciphertext', () => {
    const hybrid = fakeHybrid()
    const [a, b] = two(hybrid)
    a.receiveKeys(b.startKeys())
    const { share } = a.startKeys()
    assert.ok(b.publicKey)
    const theirs = { identity: b.identity.publicKey, publicKey: b.publicKey }
    const { sessionId } = transcriptOf(hybrid, share, theirs, null)
    const answer = a.receiveAnswer({ session: sessionId, tag: new Uint8Array(32) })
    assert.deepEqual(answer, { completed: false })
  })

  it('sends the same keys again for a KEM only, and only while it has them', () => {
    const [a, b] = two()
    exchanged(a, b)
    assert.equal(a.afterRefusal(a.startKeys(), 'confirm_failed'), undefined)
    const [c, d] = two(fakeHybrid())
    exchanged(c, d)
    const replaced = c.startKeys()
    const { share, confirm } = c.startKeys()
    assert.ok(confirm)
    assert.equal(c.afterRefusal(replaced, 'confirm_failed'), undefined)
    assert.deepEqual(c.afterRefusal({ share, confirm }, 'confirm_failed'), { share })
    c.expire()
    assert.equal(c.afterRefusal({ share, confirm }, 'confirm_failed'), undefined)
  })

  it('sends its keys without a confirmation that the other side has lost, and both come together', () => {
    const hybrid = fakeHybrid()
    let [a, b] = two(hybrid)
    exchanged(b, a)
    // b restarts, and what it sends is lost: a confirms a session that b does not have
    b = new Exchange(hybrid, b.identity, b.knownIdentity)
    b.startKeys()
    const message = a.startKeys()
    assert.ok(message.confirm)
    refuses('confirm_failed', () => b.receiveKeys(message))
    const again = a.afterRefusal(message, 'confirm_failed')
    assert.deepEqual(again, { share: message.share })
    assert.ok(again)
    assert.equal(a.afterRefusal(again, 'confirm_failed'), undefined, 'once')
    assert.equal(a.afterRefusal(message, 'stale_keys'), undefined)
    a.receiveAnswer(b.receiveKeys(again).confirm)
    const anew = b.startKeys()
    b.receiveAnswer(a.receiveKeys(anew).confirm)
    assert.ok(a.current && b.current)
    assert.deepEqual(a.current.id, b.current.id)
  })
})

describe('a key message on X25519MLKEM768', () => {
  const suite = SUITES.X25519MLKEM768

  /** `a` has sent keys, which `b` has taken; `genuine` is what b sends then. */
  function underWay() {
    const [a, b] = two(suite)
    const fromA = a.startKeys()
    b.receiveKeys(fromA)
    const genuine = b.startKeys()
    const { confirm } = genuine
    assert.ok(confirm?.ciphertext)
    return { a, b, fromA, genuine, confirm: { ...confirm, ciphertext: confirm.ciphertext } }
  }

  /** Refused with `code`, and the genuine one is taken afterwards. */
  function stays(
    { a, genuine }: Pick<ReturnType<typeof underWay>, 'a' | 'genuine'>,
    message: KeyMessage,
    code: ProtocolCode,
  ): void {
    const before = [a.state, a.peerPublicKey, a.peerIdentity, a.current]
    refuses(code, () => a.receiveKeys(message))
    assert.deepEqual([a.state, a.peerPublicKey, a.peerIdentity, a.current], before)
    assert.equal(a.receiveKeys(genuine).completed, true)
  }

  const flip = (bytes: Uint8Array, at: number) => bytes.with(at, (bytes[at] ?? 0) ^ 1)
  const wrong: Record<string, (scene: ReturnType<typeof underWay>) => Confirm> = {
    'with one bit changed': ({ confirm }) => ({
      ...confirm,
      ciphertext: flip(confirm.ciphertext, 500),
    }),
    'of zeros': ({ confirm }) => ({ ...confirm, ciphertext: new Uint8Array(1088) }),
    'of another exchange': ({ confirm }) => ({
      ...confirm,
      ciphertext: underWay().confirm.ciphertext,
    }),
    'missing where it has to be': ({ confirm: { session, tag } }) => ({ session, tag }),
    'with one bit changed, in a session of that name': ({ fromA, genuine, confirm }) => {
      const ciphertext = flip(confirm.ciphertext, 0)
      const { sessionId } = transcriptOf(suite, fromA.share, genuine.share, ciphertext)
      return { ...confirm, ciphertext, session: sessionId }
    },
    'of zeros, in a session of that name': ({ fromA, genuine, confirm }) => {
      const ciphertext = new Uint8Array(1088)
      const { sessionId } = transcriptOf(suite, fromA.share, genuine.share, ciphertext)
      return { ...confirm, ciphertext, session: sessionId }
    },
    'right, with a wrong tag': ({ confirm }) => ({ ...confirm, tag: flip(confirm.tag, 31) }),
  }
  for (const [what, confirmOf] of Object.entries(wrong))
    it(`is refused with a ciphertext ${what}`, () => {
      const scene = underWay()
      const message = { share: scene.genuine.share, confirm: confirmOf(scene) }
      stays(scene, message, 'confirm_failed')
    })

  it('is refused with a ciphertext that the receiver made itself, or beside a session without one of its', () => {
    const [a, b] = two(suite)
    a.receiveKeys(b.startKeys())
    const fromA = a.startKeys()
    const genuine = { ...b.receiveKeys(fromA) }
    assert.ok(genuine.confirm && fromA.confirm?.ciphertext && b.publicKey)
    // b confirms a's candidate, whose ciphertext a made
    const doubled = { ...genuine.confirm, ciphertext: fromA.confirm.ciphertext }
    const share = { identity: b.identity.publicKey, publicKey: b.publicKey }
    refuses('confirm_failed', () => a.receiveKeys({ share, confirm: doubled }))
    refuses('confirm_failed', () => a.receiveAnswer(doubled))
    assert.equal(a.state, 'agreed')
    assert.equal(a.receiveAnswer(genuine.confirm).completed, true)
  })

  it('is refused where its halves are bad or our own', () => {
    const scene = underWay()
    const { a, b, genuine, fromA } = scene
    const { encapsulationKey, point } = halvesOf(suite, genuine.share.publicKey)
    const own = halvesOf(suite, fromA.share.publicKey)
    const share = (publicKey: Uint8Array, identity = b.identity.publicKey): KeyMessage => ({
      share: { identity, publicKey },
    })
    // the first coefficient is 3329, and then the last one 4095
    const first = concatBytes(Uint8Array.of(0x01, 0x0d), encapsulationKey.subarray(2))
    const last = encapsulationKey.with(1151, 0xff).with(1150, 0xff)
    const refused: [KeyMessage, ProtocolCode][] = [
      [share(concatBytes(first, point)), 'bad_point'],
      [share(concatBytes(last, point)), 'bad_point'],
      [share(concatBytes(new Uint8Array(1184).fill(0xff), point)), 'bad_point'],
      ...LOW_ORDER.map((low): [KeyMessage, ProtocolCode] => [
        share(concatBytes(encapsulationKey, low)),
        'bad_point',
      ]),
      [share(genuine.share.publicKey, point), 'bad_point'],
      [share(concatBytes(own.encapsulationKey, point)), 'reflection'],
      [share(concatBytes(encapsulationKey, own.point)), 'reflection'],
      [share(fromA.share.publicKey), 'reflection'],
      [share(concatBytes(encapsulationKey, a.identity.publicKey)), 'reflection'],
      [share(genuine.share.publicKey, a.identity.publicKey), 'reflection'],
      [share(genuine.share.publicKey, own.point), 'reflection'],
    ]
    for (const [message, code] of refused) refuses(code, () => a.receiveKeys(message))
    stays(scene, share(concatBytes(first, point)), 'bad_point')
  })

  it('is refused where a half of it is one of our own of the current or the previous session', () => {
    const [a, b] = two(suite)
    const used: Uint8Array[] = []
    for (let i = 0; i < 3; i++) {
      exchanged(a, b)
      used.push(a.publicKey as Uint8Array)
    }
    const fresh = halvesOf(suite, new EphemeralKeys(suite).publicKey)
    const codes = used.map((publicKey) => {
      const { encapsulationKey, point } = halvesOf(suite, publicKey)
      return [
        concatBytes(encapsulationKey, fresh.point),
        concatBytes(fresh.encapsulationKey, point),
      ].map((publicKey) => {
        try {
          a.receiveKeys({ share: { identity: b.identity.publicKey, publicKey } })
          return 'accepted'
        } catch (error) {
          return (error as { code?: string }).code
        }
      })
    })
    assert.deepEqual(codes.slice(1), [
      ['reflection', 'reflection'],
      ['reflection', 'reflection'],
    ])
  })
})

describe('numbers of messages and pictures', () => {
  it('may leave out 1,024 and no more, and never go back', () => {
    const [a, b] = two()
    exchanged(a, b)
    const sealed = Array.from({ length: 1_026 }, (_, i) => a.sendMessage(utf8ToBytes(`${i}`)))
    const [late] = sealed
    const [farthest, tooFar] = sealed.slice(-2)
    assert.ok(late && farthest && tooFar)
    refuses('too_far_ahead', () => b.receiveMessage(tooFar))
    assert.deepEqual(b.receiveMessage(farthest), { missing: 1_024, completed: false })
    refuses('replay', () => b.receiveMessage(late))
    refuses('replay', () => b.receiveMessage(farthest))
    assert.deepEqual(b.receiveMessage(tooFar), { missing: 0, completed: false })
    const texts = [b.openOldest(), b.openOldest()]
    assert.deepEqual(
      texts.map(({ text }) => new TextDecoder().decode(text)),
      ['1024', '1025'],
    )

    const pictures = Array.from({ length: 1_026 }, () => a.sendPicture())
    const [first, ...others] = pictures
    const [second] = others
    const [far, farther] = others.slice(-2)
    assert.ok(first && second && far && farther)
    refuses('too_far_ahead', () => b.receivePicture(farther.header))
    const overtaken = b.receivePicture(first.header)
    assert.deepEqual(overtaken.key, first.key)
    const failed = b.receivePicture(second.header)
    failed.forget()
    const taken = b.receivePicture(far.header)
    assert.deepEqual(taken.key, far.key)
    assert.equal(taken.accept(), false)
    refuses('replay', () => overtaken.accept())
    for (const { header } of [first, second, far]) refuses('replay', () => b.receivePicture(header))
    assert.deepEqual(b.receivePicture(farther.header).key, farther.key)
  })
})
