/** The exchange: its states, and what each call does and leaves behind. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { equalBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import type { State } from '../../src/protocol/keyExchange.ts'
import type { Confirm, SealedMessage } from '../../src/protocol/messages.ts'
import { KeyedMessage, Session } from '../../src/protocol/session.ts'
import { HEADER_BYTES, MAGIC, parseHeader } from '../../src/protocol/stream.ts'
import { type EphemeralKeys, SUITES } from '../../src/protocol/suites.ts'
import {
  assertTogether,
  codeOfText,
  exchange,
  exchanged,
  inOrder,
  quickSuites,
  restarted,
  two,
  unconfirmed,
} from '../helpers/exchanges.ts'
import { recordValues } from '../helpers/hashed.ts'
import { quick } from '../helpers/quick-suites.ts'
import { refuses } from '../helpers/refuses.ts'

const HELLO = utf8ToBytes('hello')
const ZEROS = new Uint8Array(32)

/** A message that its sender has not looked at. */
function sealed({ current }: Exchange, text: Uint8Array): SealedMessage {
  assert.ok(current)
  return current.seal(text)
}

const STATES = ['idle', 'offered', 'invited', 'agreed'] as const

describe('the state of an exchange', () => {
  /** Ways into each state. */
  const into: Record<State, (a: Exchange, b: Exchange) => void> = {
    idle: () => {},
    offered: (a) => a.startKeys(),
    invited: (a, b) => a.receiveKeys(b.startKeys()),
    agreed: (a, b) => {
      a.receiveKeys(b.startKeys())
      a.startKeys()
    },
  }
  /** The columns of the specification's table, beside each the state that follows from each of `STATES`. */
  const table: [string, State[], (a: Exchange, b: Exchange) => unknown][] = [
    ['send keys', ['offered', 'offered', 'agreed', 'agreed'], (a) => a.startKeys()],
    [
      'key message',
      ['invited', 'agreed', 'invited', 'agreed'],
      (a, b) => a.receiveKeys(unconfirmed(b.startKeys())),
    ],
    ['an hour passes', ['idle', 'idle', 'invited', 'invited'], (a) => a.expire()],
  ]
  for (const [event, after, happens] of table)
    for (const [i, from] of STATES.entries())
      it(`is ${after[i]} after ${from}, ${event}`, () => {
        const [a, b] = two()
        into[from](a, b)
        assert.equal(a.state, from)
        happens(a, b)
        assert.equal(a.state, after[i])
      })

  it('is idle after promotion', () => {
    const [a, b] = two()
    a.receiveKeys(b.startKeys())
    const { confirm } = b.receiveKeys(a.startKeys())
    assert.equal(a.state, 'agreed')
    assert.equal(a.receiveAnswer(confirm).completed, true)
    assert.equal(a.state, 'idle')
  })
})

describe('an exchange', () => {
  it('is completed by a message or a picture that opens under the candidate, and by nothing less', () => {
    const [a, b] = two()
    for (const by of ['message', 'picture']) {
      b.receiveKeys(a.startKeys())
      a.receiveKeys(b.startKeys())
      // a's answer is lost, but a has a session and sends on it
      assert.deepEqual([a.state, b.state], ['idle', 'agreed'])
      const noText = sealed(a, Uint8Array.of(0xff))
      refuses('bad_text', () => b.receiveMessage(noText))
      assert.equal(b.state, 'agreed')
      if (b.current === null) refuses('no_session', () => b.sendMessage(HELLO))
      if (by === 'message')
        assert.deepEqual(b.receiveMessage(sealed(a, HELLO)), { missing: 1, completed: true })
      else {
        const { header, key } = a.sendPicture()
        const received = b.receivePicture(header)
        assert.deepEqual(received.key, key)
        assert.equal(b.state, 'agreed')
        assert.equal(received.accept(), true)
      }
      assertTogether(a, b)
    }
  })

  it('takes an answer that overtook the key message it belongs to, unless it starts anew', () => {
    for (const suite of quickSuites())
      for (const anew of [false, true]) {
        const [a, b] = two(suite)
        const [fromA, fromB] = [a.startKeys(), b.startKeys()]
        const { confirm } = b.receiveKeys(fromA)
        assert.deepEqual(a.receiveAnswer(confirm), { completed: false })
        if (anew) a.startKeys()
        assert.equal(a.receiveKeys(fromB).completed, !anew)
      }
  })

  it('goes by the last answer that named another session, also if that is the one before', () => {
    const [a, b] = exchanged()
    const { confirm: previous } = b.current ?? assert.fail()
    exchange(a, b)
    const [fromA, fromB] = [a.startKeys(), b.startKeys()]
    for (const confirm of [b.receiveKeys(fromA).confirm, previous])
      assert.equal(a.receiveAnswer(confirm).completed, false)
    assert.equal(a.receiveKeys(fromB).completed, false)
  })

  it('refuses a wrong tag in an answer and stays as it was, and is not completed by what is known', () => {
    const [a, b] = exchanged()
    a.receiveKeys(unconfirmed(b.startKeys()))
    const { confirm: own = assert.fail() } = a.startKeys()
    const { confirm: known } = b.current ?? assert.fail()
    // of the candidate and of the current session; one's own tag proves nothing about the peer
    for (const wrong of [own, { ...own, tag: ZEROS }, { ...known, tag: ZEROS }])
      refuses('confirm_failed', () => a.receiveAnswer(wrong))
    for (const confirm of [undefined, known])
      assert.deepEqual(a.receiveAnswer(confirm), { completed: false })
    assert.deepEqual([a.state, a.current?.id], ['agreed', known.session])
  })

  it('erases the keys that it derived for a key message with a wrong tag', (t) => {
    const [a, b] = two()
    const message = b.startKeys()
    const { confirm = assert.fail() } = b.receiveKeys(a.startKeys())
    const erase = t.mock.method(Session.prototype, 'erase')
    const wrong = { ...message, confirm: { ...confirm, tag: ZEROS } }
    refuses('confirm_failed', () => a.receiveKeys(wrong))
    assert.equal(erase.mock.callCount(), 1)
    assert.equal(a.state, 'offered')
    assert.equal(a.receiveKeys({ ...message, confirm }).completed, true)
  })

  it('takes a key message that confirms the present session or the one before, and no wrong tag', () => {
    for (const suite of quickSuites()) {
      const [a, b] = exchanged(suite)
      // stays under way until both are on another session
      const late = a.startKeys()
      exchange(a, b)
      b.startKeys()
      b.receiveKeys(late)
      const present = a.startKeys()
      const { confirm = assert.fail() } = present
      assert.deepEqual(confirm.session, b.current?.id)
      const confirmedBy = (change: Partial<Confirm>) =>
        b.receiveKeys({ ...present, confirm: { ...confirm, ...change } })
      refuses('confirm_failed', () => confirmedBy({ tag: ZEROS }))
      // of a session that b does not know: with a KEM it would have to follow from the two shares
      const ofUnknown = () => confirmedBy({ session: ZEROS.slice(16) })
      if (suite.kem === null) assert.equal(ofUnknown().completed, false)
      else refuses('confirm_failed', ofUnknown)
      b.receiveKeys(present)
    }
  })

  it('takes one public key under two identities for two shares', () => {
    const [a, b] = two()
    const { share } = b.startKeys()
    a.receiveKeys({ share: { ...share, identity: new KeyPair(a.suite.curve).publicKey } })
    a.receiveKeys({ share })
    assert.equal(b.receiveKeys(a.startKeys()).completed, true)
  })

  it('takes a share that it holds as often as it comes', () => {
    const [a, b] = two()
    const message = a.startKeys()
    for (let i = 0; i < 3; i++) assert.deepEqual(b.receiveKeys(message), { completed: false })
    assert.equal(a.receiveKeys(b.startKeys()).completed, true)
  })

  it('keeps a share that comes with the confirmation of another one, and none that it promoted', () => {
    for (const anew of [true, false]) {
      const [a, b] = two()
      const { share } = a.startKeys()
      b.receiveKeys({ share })
      const { confirm = assert.fail() } = a.receiveKeys(b.startKeys())
      const next = anew ? a.startKeys() : { share, confirm }
      assert.equal(b.receiveKeys(next).completed, true)
      assert.equal(b.state, anew ? 'invited' : 'idle')
      assert.deepEqual(b.peerPublicKey, next.share.publicKey)
    }
  })

  it('remembers the last 64 shares that were used, and refuses each', () => {
    const [a, b] = two()
    const used = Array.from({ length: 66 }, () => b.startKeys())
    for (const message of used) a.receiveKeys(message)
    const [forgotten = assert.fail(), ...remembered] = used.slice(0, -1)
    assert.equal(remembered.length, 64)
    for (const message of remembered) refuses('stale_keys', () => a.receiveKeys(message))
    a.receiveKeys(forgotten)
  })

  it("says what the candidate's id is beside one that it does not hold", () => {
    const [a, b] = exchanged()
    const { confirm: previous = assert.fail() } = a.current ?? assert.fail()
    const unknown = { ...previous, session: new Uint8Array(16) }
    assert.equal(b.idBeside(unknown), null, 'there is no candidate')
    exchange(a, b)
    b.receiveKeys(unconfirmed(a.startKeys()))
    b.startKeys()
    const { confirm: current = assert.fail() } = a.current ?? assert.fail()
    const { confirm: candidate = assert.fail() } = b.startKeys()
    for (const held of [previous, current, candidate]) assert.equal(b.idBeside(held), null)
    assert.deepEqual(b.idBeside(unknown), candidate.session)
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
})

describe('what an exchange is given', () => {
  /** A copy as another thread gets it, with Buffers, which may be views of memory of others. */
  const posted = <T>(value: T): T => {
    const clone = structuredClone(value)
    const asBuffers = (value: object) => {
      for (const [name, inner] of Object.entries(value))
        if (inner instanceof Uint8Array) Object.assign(value, { [name]: Buffer.from(inner) })
        else if (inner !== null && typeof inner === 'object') asBuffers(inner)
    }
    asBuffers(clone as object)
    return clone
  }

  it('may be a copy, and may have Buffers in place of bytes', () => {
    for (const suite of quickSuites()) {
      const [a, b] = [0, 1].map(() => {
        const key = Buffer.from(new KeyPair(suite.curve).exportPrivateKey())
        return new Exchange(suite, new KeyPair(suite.curve, key))
      }) as [Exchange, Exchange]
      const [one, other] = [posted(a.startKeys()), posted(b.startKeys())]
      const { confirm } = posted(b.receiveKeys(one))
      if (suite.kem !== null && confirm)
        assert.deepEqual(a.afterRefusal({ ...one, confirm }, 'confirm_failed'), {
          share: one.share,
        })
      a.receiveAnswer(confirm)
      b.receiveAnswer(posted(a.receiveKeys(other)).confirm)
      assertTogether(a, b)
      assert.ok(a.hasCompleted(one.share))
      b.receiveMessage(posted(a.sendMessage(Buffer.from(HELLO))))
      assert.deepEqual(b.openOldest().text, HELLO)
    }
  })

  it('is a copy where it says so, though it was a Buffer', () => {
    const pair = new KeyPair(
      SUITES.X25519.curve,
      Buffer.from(SUITES.X25519.curve.generatePrivateKey()),
    )
    const key = pair.exportPrivateKey()
    key.fill(0)
    assert.notDeepEqual(pair.exportPrivateKey(), key)
    const bytes = Buffer.concat([MAGIC, Buffer.alloc(HEADER_BYTES - MAGIC.length, 7)])
    const { session } = parseHeader(bytes)
    bytes.fill(0)
    assert.deepEqual(session, new Uint8Array(16).fill(7))
  })
})

describe('two exchanges of which one restarted', () => {
  const isTogether = (a: Exchange, b: Exchange) =>
    a.current !== null && b.current !== null && equalBytes(a.current.id, b.current.id)

  /** `texts`: what A is told of a text, and then B. `meet`: whether these two bring them together. Keys from both do. */
  function areApart(
    after: (a: Exchange, b: Exchange) => Exchange,
    { texts, meet }: { texts: [string | null, string | null]; meet: boolean },
  ): void {
    for (const suite of quickSuites())
      for (const partyOfA of [1, 2]) {
        const [one, other] = inOrder(two(suite))
        const [a, first] = partyOfA === 1 ? [one, other] : [other, one]
        const b = after(a, first)
        assert.equal(isTogether(a, b), false)
        assert.deepEqual([codeOfText(a, b), codeOfText(b, a)], texts, suite.name)
        assert.equal(isTogether(a, b), meet, suite.name)
        exchange(a, b)
        assertTogether(a, b)
      }
  }

  // the short run of `make explore` is too short for these two: each is a shortest schedule
  it('each have a session that the other does not have, after a copy of an old key message', () =>
    areApart(
      (a, b) => {
        const [keysA, lateB] = [a.startKeys(), b.startKeys()]
        const answerB = b.receiveKeys(keysA)
        const later = restarted(b)
        const answerA = a.receiveKeys(later.startKeys())
        a.receiveAnswer(answerB.confirm)
        assert.equal(a.receiveKeys(lateB).completed, true)
        later.receiveAnswer(answerA.confirm)
        assert.equal(later.receiveKeys(keysA).completed, true)
        return later
      },
      { texts: ['unknown_session', 'unknown_session'], meet: false },
    ))

  it('are on a session of the run before and on one that waits for the other, after a lost answer', () =>
    areApart(
      (a, b) => {
        const [keysA, lateB] = [a.startKeys(), b.startKeys()]
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
      { texts: ['unknown_session', null], meet: true },
    ))
})

describe('what an exchange knows of the other side', () => {
  it('is its public key, and its identity once that was confirmed', () => {
    const [a, b] = two()
    assert.deepEqual([a.publicKey, a.peerPublicKey, a.wasKnown], [null, null, false])
    a.startKeys()
    a.receiveKeys(unconfirmed(b.startKeys()))
    assert.deepEqual([a.knownIdentity, a.peerIdentity], [null, b.identity.publicKey])
    exchange(a, b)
    assert.ok(a.publicKey && b.publicKey)
    assert.deepEqual([a.peerPublicKey, b.peerPublicKey], [b.publicKey, a.publicKey])
    assert.deepEqual([a.knownIdentity, a.wasKnown], [b.identity.publicKey, false])
    assert.equal(restarted(a).wasKnown, true)
    exchange(a, b)
    assert.equal(a.wasKnown, true)
  })

  it('is no other identity that comes with the confirmation that makes one known', () => {
    const [a, b] = two()
    const [mallory] = two(quick(SUITES.X25519, 5_000n))
    const used = mallory.startKeys()
    b.receiveKeys(used)
    // b has a candidate with a; a's confirmation for it reaches mallory first
    b.receiveKeys(a.startKeys())
    const { confirm = assert.fail() } = a.receiveKeys(unconfirmed(b.startKeys()))
    const forged = { share: mallory.startKeys().share, confirm }
    const wrong = { ...forged, confirm: { ...confirm, tag: ZEROS } }
    refuses('confirm_failed', () => b.receiveKeys(wrong))
    refuses('identity_changed', () => b.receiveKeys(forged))
    refuses('identity_changed', () => b.receiveKeys({ ...forged, share: used.share }))
    refuses('stale_keys', () => b.receiveKeys(used))
    assert.deepEqual([b.state, b.current, b.knownIdentity], ['agreed', null, null])
    // the same with a's own next share is what an honest peer sends
    assert.equal(b.receiveKeys(a.startKeys()).completed, true)
    assert.deepEqual(b.knownIdentity, a.identity.publicKey)
    refuses('identity_changed', () => b.receiveKeys(mallory.startKeys()))
  })
})

describe('messages of an exchange', () => {
  it('are still taken on the session before, once, and on none before that', () => {
    const [a, b] = exchanged()
    const late = sealed(a, HELLO)
    exchange(a, b)
    assert.deepEqual(b.receiveMessage(late), { missing: 0, completed: false })
    refuses('replay', () => b.receiveMessage(late))
    const later = sealed(a, HELLO)
    for (let i = 0; i < 2; i++) exchange(a, b)
    refuses('unknown_session', () => b.receiveMessage(later))
  })

  it('wait, 32 of them, and one more as soon as one was read', () => {
    const [a, b] = exchanged()
    const text = (i: number) => utf8ToBytes(`number ${i}`)
    for (let i = 0; i < 32; i++) b.receiveMessage(sealed(a, text(i)))
    const next = sealed(a, text(32))
    refuses('inbox_full', () => b.receiveMessage(next))
    assert.equal(b.waiting.length, 32)
    assert.deepEqual(b.openOldest(), { session: b.current?.id, seq: 0, text: text(0) })
    assert.deepEqual(b.receiveMessage(next), { missing: 0, completed: false })
    for (let i = 1; i <= 32; i++) assert.deepEqual(b.openOldest().text, text(i))
    refuses('nothing_waiting', () => b.openOldest())
  })

  it('are neither sealed nor taken if they are no UTF-8 or longer than 16 KiB', () => {
    const [a, b] = exchanged()
    const longest = new Uint8Array(16 * 1024).fill(0x61)
    for (const text of [Uint8Array.of(0xff), Uint8Array.of(...longest, 0x61)]) {
      refuses('bad_text', () => a.sendMessage(text))
      // a peer that does not look seals it all the same
      const message = sealed(a, text)
      for (let i = 0; i < 2; i++) refuses('bad_text', () => b.receiveMessage(message))
    }
    assert.deepEqual(b.waiting, [])
    assert.deepEqual(b.receiveMessage(sealed(a, longest)), { missing: 2, completed: false })
    assert.deepEqual(b.openOldest().text, longest)
  })

  it('may leave out 1,024 numbers and no more, and never go back', () => {
    const [a, b] = exchanged()
    const messages = Array.from({ length: 1_026 }, () => sealed(a, HELLO))
    const [last = assert.fail(), tooFar = assert.fail()] = messages.slice(-2)
    refuses('too_far_ahead', () => b.receiveMessage(tooFar))
    assert.deepEqual(b.receiveMessage(last), { missing: 1_024, completed: false })
    for (const old of messages.slice(0, -1)) refuses('replay', () => b.receiveMessage(old))
    assert.deepEqual(b.receiveMessage(tooFar), { missing: 0, completed: false })
  })

  it('may be a picture whose session is gone when all of it has come, and no second copy of that', () => {
    const [a, b] = exchanged()
    const { header } = a.sendPicture()
    const [begun, copy] = [b.receivePicture(header), b.receivePicture(header)]
    for (let i = 0; i < 2; i++) exchange(a, b)
    refuses('unknown_session', () => b.receivePicture(header))
    assert.equal(begun.accept(), false)
    refuses('replay', () => copy.accept())
  })

  it("are no stranger's: her picture came while the keys were confirmed with another", () => {
    const suite = quick(SUITES.X25519)
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
    refuses('unknown_session', () => begun.accept())
  })
})

describe('what an exchange leaves behind', () => {
  it('is no text of a message that was authenticated, whether it was taken or not', (t) => {
    const [a, b] = exchanged()
    const { mock } = t.mock.method(KeyedMessage.prototype, 'open')
    b.receiveMessage(sealed(a, HELLO))
    const noText = sealed(a, Uint8Array.of(0xff))
    refuses('bad_text', () => b.receiveMessage(noText))
    const texts = mock.calls.map(({ result }) => result)
    assert.deepEqual(texts, [new Uint8Array(5), new Uint8Array(1)])
  })

  it('is no key of a message that was read or refused: it does not open, or is no text', (t) => {
    const [a, b] = exchanged()
    const message = sealed(a, HELLO)
    const values = recordValues(t)
    refuses('decrypt_failed', () => b.receiveMessage({ ...message, seq: 9 }))
    const noText = sealed(a, Uint8Array.of(0xff))
    refuses('bad_text', () => b.receiveMessage(noText))
    b.receiveMessage(sealed(a, HELLO))
    b.openOldest()
    assert.ok(values.length > 10)
    for (const [, value] of values) assert.deepEqual(value, ZEROS)
  })

  it('is nothing after `erase`', () => {
    const [a, b] = exchanged()
    const message = sealed(a, utf8ToBytes('too late'))
    b.receiveMessage(sealed(a, utf8ToBytes('unread')))
    for (const side of [a, b]) side.erase()
    refuses('no_session', () => a.sendMessage(HELLO))
    refuses('decrypt_failed', () => b.receiveMessage({ ...message, seq: 7 }))
    refuses('decrypt_failed', () => b.openOldest())
  })

  it('is shown to a witness right before it is erased: the private keys of a session', () => {
    const suite = quick(SUITES.X25519MLKEM768)
    const seen: [own: EphemeralKeys, peer: Uint8Array, ciphertext: Uint8Array | null][] = []
    const a = new Exchange(suite, new KeyPair(suite.curve), null, (own, ...others) => {
      seen.push([own, ...others])
      assert.notDeepEqual(own.pair.exportPrivateKey(), ZEROS)
    })
    const [b] = two(suite)
    const replaced = a.startKeys()
    exchange(a, b)
    assert.notDeepEqual(a.publicKey, replaced.share.publicKey)
    assert.equal(seen.length, 1)
    const [[own, peer, ciphertext] = assert.fail()] = seen
    assert.deepEqual([own.publicKey, peer], [a.publicKey, b.publicKey])
    assert.deepEqual(ciphertext, a.current?.peerCiphertext)
    assert.deepEqual(own.pair.exportPrivateKey(), ZEROS)
  })
})
