/** The exchange on a suite with a KEM: whose ciphertext counts, and what a confirmation with one has to be. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { concatBytes } from '../../src/protocol/bytes.ts'
import { LOW_ORDER } from '../../src/protocol/curves.ts'
import type { ProtocolCode } from '../../src/protocol/errors.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import { transcriptOf } from '../../src/protocol/keySchedule.ts'
import type { Confirm, KeyMessage } from '../../src/protocol/messages.ts'
import { Session } from '../../src/protocol/session.ts'
import { EphemeralKeys, halvesOf, SUITES, type Suite } from '../../src/protocol/suites.ts'
import {
  assertTogether,
  exchange,
  exchanged,
  inOrder,
  quickHybrid,
  two,
} from '../helpers/exchanges.ts'
import { refuses } from '../helpers/refuses.ts'
import { flipped } from '../helpers/vectors.ts'

const HYBRID = SUITES.X25519MLKEM768

const shareOf = ({ identity, publicKey }: Exchange) => ({
  identity: identity.publicKey,
  publicKey: publicKey ?? assert.fail(),
})

/**
 * Both sent keys before either had the other's, and each took the other's key message: two candidates,
 * each with its own ciphertext. `one` is party 1; the answers are those to `one` and to `other`.
 */
function crossed(suite: Suite = quickHybrid()) {
  const [a, b] = two(suite)
  const [fromA, fromB] = [a.startKeys(), b.startKeys()]
  const { party } = transcriptOf(suite, fromA.share, fromB.share, null)
  const [one, other, fromOne, fromOther] = party === 1 ? [a, b, fromA, fromB] : [b, a, fromB, fromA]
  const { confirm: toOther = assert.fail() } = one.receiveKeys(fromOther)
  const { confirm: toOne = assert.fail() } = other.receiveKeys(fromOne)
  return { one, other, toOne, toOther }
}

describe('an exchange with a KEM', () => {
  it('sends its ciphertext along with its confirmation, and the other side does not', () => {
    const [a, b] = two(HYBRID)
    b.receiveKeys(a.startKeys())
    const fromB = b.startKeys()
    assert.equal(fromB.confirm?.ciphertext?.length, 1088)
    const { completed, confirm = assert.fail() } = a.receiveKeys(fromB)
    assert.equal(completed, true)
    assert.equal('ciphertext' in confirm, false)
    assert.equal(b.receiveAnswer(confirm).completed, true)
    assertTogether(a, b)
  })

  it('goes by the ciphertext of party 1 where both made one, and party 2 confirms it once more', () => {
    for (const suite of [quickHybrid(), HYBRID]) {
      const { one, other, toOne, toOther } = crossed(suite)
      assert.deepEqual(one.receiveAnswer(toOne), { completed: false })
      const { completed, again = assert.fail() } = other.receiveAnswer(toOther)
      assert.equal(completed, false)
      assert.deepEqual(Object.keys(again.confirm ?? {}), ['session', 'tag'])
      const answer = one.receiveKeys(again)
      assert.equal(answer.completed, true)
      assert.equal(other.receiveAnswer(answer.confirm).completed, true)
      assertTogether(one, other)
      assert.deepEqual(one.current?.id, toOther.session)
    }
  })

  it('keeps the keys that it confirms once more: they answer to whatever the other side sends meanwhile', () => {
    const { one, other, toOne, toOther } = crossed()
    one.receiveAnswer(toOne)
    const { again = assert.fail() } = other.receiveAnswer(toOther)
    // party 1 starts anew before the confirmation has arrived
    const anew = one.startKeys()
    refuses('confirm_failed', () => one.receiveKeys(again))
    const answer = other.receiveKeys(anew)
    assert.equal(answer.completed, true)
    assert.equal(one.receiveAnswer(answer.confirm).completed, true)
    assertTogether(one, other)
  })

  it('takes the ciphertext of party 1 from a key message as well, and party 1 keeps its own', (t) => {
    const { one, other, toOne, toOther } = crossed()
    const kept = one.receiveKeys({ share: shareOf(other), confirm: toOne })
    assert.deepEqual(kept, { confirm: toOther, completed: false })
    const erase = t.mock.method(Session.prototype, 'erase')
    const taken = other.receiveKeys({ share: shareOf(one), confirm: toOther })
    assert.equal(taken.completed, true)
    const erased = erase.mock.calls.map(({ this: session }) => (session as Session).id)
    assert.deepEqual(erased, [toOne.session], 'its own candidate')
    assert.equal(one.receiveAnswer(taken.confirm).completed, true)
    assertTogether(one, other)
  })

  it('makes a ciphertext of its own where the one that waits has a wrong tag', () => {
    const [a, b] = two(quickHybrid())
    const [fromA, fromB] = [a.startKeys(), b.startKeys()]
    const { confirm = assert.fail() } = b.receiveKeys(fromA)
    a.receiveAnswer({ ...confirm, tag: new Uint8Array(32) })
    const answer = a.receiveKeys(fromB)
    assert.equal(answer.completed, false)
    assert.ok(answer.confirm?.ciphertext)
    assert.notDeepEqual(answer.confirm.ciphertext, confirm.ciphertext)
  })

  it('lets no answer that loses take the place of one that waits', () => {
    const { one, other, toOne } = crossed()
    const { share, confirm = assert.fail() } = other.startKeys()
    assert.deepEqual(one.receiveAnswer(confirm), { completed: false })
    assert.deepEqual(one.receiveAnswer(toOne), { completed: false })
    assert.equal(one.receiveKeys({ share }).completed, true)
  })

  it('knows no session without a ciphertext, whichever party it is', () => {
    for (const turned of [false, true]) {
      const sides = inOrder(two(quickHybrid()))
      const [a, b] = turned ? sides.reverse() : sides
      assert.ok(a && b)
      a.receiveKeys(b.startKeys())
      const { share } = a.startKeys()
      const { sessionId } = transcriptOf(a.suite, share, shareOf(b), null)
      const answer = a.receiveAnswer({ session: sessionId, tag: new Uint8Array(32) })
      assert.deepEqual(answer, { completed: false })
    }
  })

  it('sends the same keys again for a KEM only, and only while it has them', () => {
    const [a] = exchanged()
    assert.equal(a.afterRefusal(a.startKeys(), 'confirm_failed'), undefined)
    const [c] = exchanged(quickHybrid())
    const replaced = c.startKeys()
    const present = c.startKeys()
    const { share, confirm } = present
    assert.ok(confirm)
    assert.equal(c.afterRefusal(replaced, 'confirm_failed'), undefined)
    assert.equal(c.afterRefusal(present, 'stale_keys'), undefined)
    assert.deepEqual(c.afterRefusal(present, 'confirm_failed'), { share })
    assert.equal(c.afterRefusal({ share }, 'confirm_failed'), undefined, 'once')
    c.expire()
    assert.equal(c.afterRefusal(present, 'confirm_failed'), undefined)
  })
})

describe('a key message on X25519MLKEM768', () => {
  /** `a` has sent keys, which `b` has taken; `genuine` is what b sends then. */
  function underWay() {
    const [a, b] = two(HYBRID)
    const fromA = a.startKeys()
    b.receiveKeys(fromA)
    const genuine = b.startKeys()
    const { confirm = assert.fail() } = genuine
    const { ciphertext = assert.fail() } = confirm
    return { a, b, fromA, genuine, confirm: { ...confirm, ciphertext } }
  }
  type Scene = ReturnType<typeof underWay>

  /** Refuses the message with `code`, and takes the genuine one afterwards. */
  function stays({ a, genuine }: Scene, message: KeyMessage, code: ProtocolCode): void {
    const before = [a.state, a.peerPublicKey, a.peerIdentity, a.current]
    refuses(code, () => a.receiveKeys(message))
    assert.deepEqual([a.state, a.peerPublicKey, a.peerIdentity, a.current], before)
    assert.equal(a.receiveKeys(genuine).completed, true)
  }

  const withCiphertext = ({ confirm }: Scene, ciphertext: Uint8Array) => ({
    ...confirm,
    ciphertext,
  })
  /** The same, and the session has the name that follows from it. */
  const following = (scene: Scene, ciphertext: Uint8Array) => {
    const { fromA, genuine } = scene
    const { sessionId } = transcriptOf(HYBRID, fromA.share, genuine.share, ciphertext)
    return { ...withCiphertext(scene, ciphertext), session: sessionId }
  }
  const wrong: Record<string, (scene: Scene) => Confirm> = {
    'with one bit changed': (scene) => withCiphertext(scene, flipped(scene.confirm.ciphertext, 0)),
    'of another exchange': (scene) => withCiphertext(scene, underWay().confirm.ciphertext),
    'missing where it has to be': ({ confirm: { session, tag } }) => ({ session, tag }),
    'with one bit changed, in a session of that name': (scene) =>
      following(scene, flipped(scene.confirm.ciphertext, 4_000)),
    'of zeros, in a session of that name': (scene) => following(scene, new Uint8Array(1088)),
    'right, with a wrong tag': ({ confirm }) => ({ ...confirm, tag: flipped(confirm.tag, 255) }),
  }
  for (const [what, confirmOf] of Object.entries(wrong))
    it(`is refused with a ciphertext ${what}`, () => {
      const scene = underWay()
      const message = { share: scene.genuine.share, confirm: confirmOf(scene) }
      stays(scene, message, 'confirm_failed')
    })

  it('is refused with a ciphertext that the receiver made itself, as an answer is', () => {
    const [a, b] = two(HYBRID)
    a.receiveKeys(b.startKeys())
    const fromA = a.startKeys()
    const { ciphertext = assert.fail() } = fromA.confirm ?? {}
    const { confirm = assert.fail() } = b.receiveKeys(fromA)
    // b confirms a's candidate, whose ciphertext a made
    const doubled = { ...confirm, ciphertext }
    refuses('confirm_failed', () => a.receiveKeys({ share: shareOf(b), confirm: doubled }))
    refuses('confirm_failed', () => a.receiveAnswer(doubled))
    assert.equal(a.state, 'agreed')
    assert.equal(a.receiveAnswer(confirm).completed, true)
  })

  it('is refused where its halves are bad or our own', () => {
    const scene = underWay()
    const { a, genuine, fromA } = scene
    const { identity, publicKey } = genuine.share
    const { encapsulationKey, point } = halvesOf(HYBRID, publicKey)
    const own = halvesOf(HYBRID, fromA.share.publicKey)
    // the first coefficient is 3329
    const bad = concatBytes(Uint8Array.of(0x01, 0x0d), encapsulationKey.subarray(2))
    const [low = assert.fail()] = LOW_ORDER
    const refused: [ProtocolCode, publicKey: Uint8Array, identity?: Uint8Array][] = [
      ['bad_point', concatBytes(bad, point)],
      ['bad_point', concatBytes(encapsulationKey, low)],
      ['bad_point', publicKey, point],
      ['reflection', concatBytes(own.encapsulationKey, point)],
      ['reflection', concatBytes(encapsulationKey, own.point)],
      ['reflection', concatBytes(encapsulationKey, a.identity.publicKey)],
      ['reflection', publicKey, a.identity.publicKey],
      ['reflection', publicKey, own.point],
    ]
    for (const [code, publicKey, claimed = identity] of refused)
      refuses(code, () => a.receiveKeys({ share: { identity: claimed, publicKey } }))
    stays(scene, { share: { identity, publicKey: concatBytes(bad, point) } }, 'bad_point')
  })

  it('is refused where a half of it is one of our own of the current or the previous session', () => {
    const [a, b] = two(HYBRID)
    const fresh = halvesOf(HYBRID, new EphemeralKeys(HYBRID).publicKey)
    const used = [1, 2].map(() => {
      exchange(a, b)
      return halvesOf(HYBRID, shareOf(a).publicKey)
    })
    for (const { encapsulationKey, point } of used)
      for (const publicKey of [
        concatBytes(encapsulationKey, fresh.point),
        concatBytes(fresh.encapsulationKey, point),
      ]) {
        const share = { identity: b.identity.publicKey, publicKey }
        refuses('reflection', () => a.receiveKeys({ share }))
      }
  })
})
