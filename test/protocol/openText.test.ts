/** A text arrives once: what its sender knows of it, and what its receiver takes, in each order of things. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8ToBytes } from '../../src/protocol/bytes.ts'
import { CopyError } from '../../src/protocol/errors.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { SealedMessage } from '../../src/protocol/messages.ts'
import type { Fate, Outcome } from '../../src/protocol/openText.ts'
import type { Suite } from '../../src/protocol/suites.ts'
import {
  exchange,
  exchanged,
  outcomeOf,
  quickSuites,
  refusalOf,
  restarted,
  two,
} from '../helpers/exchanges.ts'
import { refuses } from '../helpers/refuses.ts'
import { flipped } from '../helpers/vectors.ts'

const PAY = utf8ToBytes('pay 1')
const NEXT = utf8ToBytes('pay 2')
const MAX_WAITING = 32

/** A copy arrives, and its sender gets the answer. Returns what is known of the text then. */
function delivered(from: Exchange, to: Exchange, copy: SealedMessage): Fate {
  return from.messageAnswered(outcomeOf(refusalOf(() => to.receiveMessage(copy))))
}

/** The texts that were waiting. */
function readBy(peer: Exchange): string[] {
  return Array.from({ length: peer.waiting.length }, () =>
    new TextDecoder().decode(peer.openOldest().text),
  )
}

function fillInbox(from: Exchange, to: Exchange): void {
  for (let i = 0; i < MAX_WAITING; i++)
    assert.equal(delivered(from, to, from.sendMessage(utf8ToBytes(`${i}`))), 'arrived')
}

/** A text whose only copy arrived, and whose answer is lost. */
function withLostAnswer(suite: Suite) {
  const [a, b] = exchanged(suite)
  const copy = a.sendMessage(PAY)
  b.receiveMessage(copy)
  assert.equal(a.messageAnswered('no answer'), 'open')
  return { a, b, copy }
}

describe('an open text', () => {
  for (const [outcomes, fate] of [
    [['accepted'], 'arrived'],
    [['replay'], 'arrived'],
    [['unknown_session'], 'refused'],
    [['no answer'], 'open'],
    [['not now'], 'open'],
    [['no answer', 'accepted'], 'arrived'],
    [['not now', 'replay'], 'arrived'],
    [['no answer', 'unknown_session'], 'unknown'],
    [['not now', 'unknown_session'], 'unknown'],
    [['no answer', 'no answer', 'not now'], 'open'],
    [['unsent'], 'refused'],
    [['unsent', 'unsent'], 'refused'],
    [['unsent', 'no answer'], 'open'],
    [['unsent', 'unknown_session'], 'refused'],
    [['no answer', 'unsent'], 'open'],
    [['no answer', 'unsent', 'unknown_session'], 'unknown'],
  ] as [Outcome[], Fate][])
    it(`is ${fate} after ${outcomes.join(', then ')}`, () => {
      const [a] = exchanged()
      a.sendMessage(PAY)
      const { openText } = a
      for (const [i, outcome] of outcomes.entries()) {
        if (i > 0) a.repeatMessage()
        a.messageAnswered(outcome)
      }
      a.giveUpUnsent()
      assert.equal(openText?.fate, fate)
      assert.equal(a.openText, fate === 'open' ? openText : null)
      if (fate !== 'open') assert.equal(a.sendMessage(NEXT).seq, 1)
    })

  it('goes out as the same bytes each time, and no other is sealed meanwhile', () => {
    const [a] = exchanged()
    const first = a.sendMessage(PAY)
    refuses('in_doubt', () => a.sendMessage(PAY))
    a.messageAnswered('no answer')
    refuses('in_doubt', () => a.sendMessage(NEXT))
    assert.deepEqual(a.repeatMessage(), first)
    assert.equal(a.current?.sent, 1)
  })

  it('has one copy under way at a time, and none once it is settled', () => {
    const [a] = exchanged()
    a.sendMessage(PAY)
    const text = a.openText ?? assert.fail()
    assert.throws(() => a.repeatMessage(), /^Error: No copy may leave now\.$/)
    a.messageAnswered('no answer')
    assert.throws(() => a.messageAnswered('accepted'), /^Error: No copy is under way\.$/)
    a.repeatMessage()
    a.messageAnswered('accepted')
    assert.throws(() => text.copy(), /^Error: No copy may leave now\.$/)
    assert.throws(() => a.repeatMessage(), /^Error: No text is open\.$/)
  })

  it('is known as the same text until it is settled, and a key of its own tells it from equal ones', () => {
    const [a, b] = exchanged()
    for (const side of [a, b]) side.sendMessage(PAY)
    const texts = [a, b].map(({ openText }) => openText ?? assert.fail())
    for (const text of texts) {
      assert.ok(text.isSame(PAY.slice()))
      for (const other of [NEXT, utf8ToBytes(''), utf8ToBytes('pay 1 ')])
        assert.equal(text.isSame(other), false)
    }
    a.messageAnswered('accepted')
    assert.equal(texts[0]?.isSame(PAY), false)
  })
})

for (const suite of quickSuites())
  describe(`a text on ${suite.name}`, () => {
    it('arrives once where the answer is lost and its owner sends again', () => {
      const { a, b } = withLostAnswer(suite)
      assert.equal(delivered(a, b, a.repeatMessage()), 'arrived')
      assert.deepEqual(readBy(b), ['pay 1'])
    })

    for (const first of ['no answer', 'inbox_full'] as const)
      it(`arrives once where the first copy got ${first}, and comes again once there is room`, () => {
        const [a, b] = exchanged(suite)
        fillInbox(a, b)
        const copy = a.sendMessage(PAY)
        if (first === 'no answer') {
          a.messageAnswered('no answer')
          a.repeatMessage()
        }
        assert.equal(delivered(a, b, copy), 'open')
        readBy(b)
        b.receiveMessage(copy)
        assert.equal(delivered(a, b, a.repeatMessage()), 'arrived')
        assert.deepEqual(readBy(b), ['pay 1'])
      })

    it('goes before the next one, which leaves no gap', () => {
      const [a, b] = exchanged(suite)
      const lost = a.sendMessage(PAY)
      a.messageAnswered('no answer')
      refuses('in_doubt', () => a.sendMessage(NEXT))
      assert.equal(delivered(a, b, a.repeatMessage()), 'arrived')
      assert.deepEqual(b.receiveMessage(a.sendMessage(NEXT)), { missing: 0, completed: false })
      refuses('replay', () => b.receiveMessage(lost))
      assert.deepEqual(readBy(b), ['pay 1', 'pay 2'])
    })

    it('is still open after the next keys, and arrives on its own session', () => {
      const [a, b] = exchanged(suite)
      const lost = a.sendMessage(PAY)
      a.messageAnswered('no answer')
      exchange(a, b)
      const copy = a.repeatMessage()
      assert.deepEqual(copy, lost)
      assert.equal(delivered(a, b, copy), 'arrived')
      assert.equal(a.sendMessage(NEXT).seq, 0)
      assert.deepEqual(readBy(b), ['pay 1'])
    })

    it('is unknown where the answer is lost and two sessions follow: its own is dropped', () => {
      const { a, b } = withLostAnswer(suite)
      const { openText } = a
      for (const fate of ['open', 'unknown']) {
        exchange(a, b)
        assert.equal(openText?.fate, fate)
      }
      assert.equal(a.openText, null)
      assert.deepEqual(readBy(b), ['pay 1'])
    })

    it('has arrived if its answer comes when its session is dropped, and is unknown if none does', () => {
      for (const [outcome, fate] of [
        ['accepted', 'arrived'],
        ['no answer', 'unknown'],
      ] as const) {
        const [a, b] = exchanged(suite)
        b.receiveMessage(a.sendMessage(PAY))
        for (let i = 0; i < 2; i++) exchange(a, b)
        assert.equal(a.openText?.fate, 'open')
        assert.equal(a.messageAnswered(outcome), fate)
        assert.equal(a.openText, null)
      }
    })

    it('is unknown where the answer is lost and its receiver restarts, refused where that came first', () => {
      const { a: doubting, b: other } = withLostAnswer(suite)
      assert.equal(delivered(doubting, restarted(other), doubting.repeatMessage()), 'unknown')
      const [a, before] = exchanged(suite)
      const b = restarted(before)
      assert.equal(delivered(a, b, a.sendMessage(PAY)), 'refused')
      exchange(a, b)
      assert.equal(delivered(a, b, a.sendMessage(PAY)), 'arrived')
      assert.deepEqual(readBy(b), ['pay 1'])
    })

    it('is refused for good where other shares have replaced its keys, however many come', () => {
      for (const strangers of [1, 63, 64, 65, 200]) {
        const [a, b] = two(suite)
        const [keys, keysOfB] = [a.startKeys(), b.startKeys()]
        a.receiveAnswer(b.receiveKeys(keys).confirm)
        // its answer is lost: only this side is on the session
        assert.ok(a.receiveKeys(keysOfB).completed)
        for (let i = 0; i < strangers; i++) b.receiveKeys(restarted(a).startKeys())
        const copy = a.sendMessage(PAY)
        assert.equal(delivered(a, b, copy), 'refused')
        for (let i = 0; i < 65; i++) b.receiveKeys(restarted(a).startKeys())
        // recorded, and sent once more
        refusalOf(() => b.receiveKeys(keys))
        refuses('unknown_session', () => b.receiveMessage(copy))
      }
    })

    it('is unknown where its sender ends, whatever comes afterwards', () => {
      const [a, b] = exchanged(suite)
      const copy = a.sendMessage(PAY)
      const { openText } = a
      a.erase()
      assert.equal(openText?.fate, 'unknown')
      assert.equal(delivered(a, b, copy), 'unknown')
    })
  })

describe('a message that was accepted', () => {
  it('is known when the same bytes come again, and other bytes under its number are not', () => {
    const [a, b] = exchanged()
    const copy = a.sendMessage(PAY)
    b.receiveMessage(copy)
    assert.ok(refuses('replay', () => b.receiveMessage(copy)) instanceof CopyError)
    readBy(b)
    assert.ok(refuses('replay', () => b.receiveMessage(copy)) instanceof CopyError)
    const forged = { ...copy, ciphertext: flipped(copy.ciphertext, 0) }
    const refused = refuses('replay', () => b.receiveMessage(forged))
    assert.equal(refused instanceof CopyError, false)
    assert.equal(refused.message, refuses('replay', () => b.receiveMessage(copy)).message)
  })

  it('is known among the last 64 of its session, also when that is the one before', () => {
    const [a, b] = exchanged()
    const copies = Array.from({ length: 65 }, (_, i) => {
      const copy = a.sendMessage(utf8ToBytes(`${i}`))
      assert.equal(delivered(a, b, copy), 'arrived')
      readBy(b)
      return copy
    })
    exchange(a, b)
    const isKnown = (copy: SealedMessage) =>
      refuses('replay', () => b.receiveMessage(copy)) instanceof CopyError
    assert.deepEqual(copies.map(isKnown), [false, ...Array(64).fill(true)])
  })

  it('says nothing of one that was passed over', () => {
    const [a, b] = exchanged()
    const lost = a.sendMessage(PAY)
    a.messageAnswered('unsent')
    a.giveUpUnsent()
    assert.deepEqual(b.receiveMessage(a.sendMessage(NEXT)), { missing: 1, completed: false })
    assert.equal(refuses('replay', () => b.receiveMessage(lost)) instanceof CopyError, false)
  })
})
