/** The program and a second implementation that has nothing in common with it but the specification: that they agree. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GIF, gif, stranger } from '../helpers/bad-input.ts'
import {
  agree,
  assertAgreed,
  assertTaken,
  door,
  KEYS,
  losing,
  send,
  type WireAnswer,
} from '../helpers/interop-steps.ts'
import { RealPeer, withTarget } from '../helpers/interop-targets.ts'
import { assertProblem } from '../helpers/problem.ts'
import { type KeyForm, keyForm } from '../independent/forms.ts'
import { Refusal } from '../independent/session.ts'
import { INDEPENDENT_SUITES, type Suite } from '../independent/suites.ts'
import type { IndependentPeer } from '../independent/wire.ts'

const [X25519] = INDEPENDENT_SUITES
assert.ok(X25519)
const SLOW = process.env['SLOW'] === '1'

/** `party`: that of the program. */
const withReal = (
  suite: Suite,
  run: (mine: IndependentPeer, real: RealPeer) => Promise<void>,
  party?: 1 | 2,
) => withTarget(new RealPeer(suite), suite, run, party)

/** Both key messages arrive before either answer is read. Returns the forms of key messages, as they were sent. */
async function cross(mine: IndependentPeer, real: RealPeer) {
  const [theirKeys, myAnswer] = [door(), door()]
  const sent: Record<'mine' | 'theirs', KeyForm[]> = { mine: [], theirs: [] }
  mine.passing = (moment, path, body) => {
    if (path !== KEYS) return
    if (moment === 'request out') sent.mine.push(body as KeyForm)
    else if (moment === 'request in') {
      sent.theirs.push(JSON.parse(String(body)))
      return theirKeys.pass()
    } else if (moment === 'answer in') return myAnswer.pass()
    return
  }
  const theirs = real.sendKeys()
  await theirKeys.waits
  const other = mine.sendKeys()
  await myAnswer.waits
  theirKeys.open()
  await theirs
  myAnswer.open()
  await other
  mine.passing = () => {}
  return sent
}

const picture = (content: Buffer) => ({ type: 'image/gif', name: 'a.gif', content })

for (const suite of INDEPENDENT_SUITES)
  describe(`the program and the independent peer on ${suite.name}`, () => {
    it('agree whoever starts, again and again, and at once', () =>
      withReal(suite, async (mine, real) => {
        const ids: string[] = []
        const orders = [
          [real, mine],
          [mine, real],
        ]
        for (const order of [...orders, [mine, mine, real]]) {
          for (const peer of order) await peer.sendKeys()
          ids.push(await assertAgreed(mine, real))
        }
        for (const order of orders) {
          await Promise.all(order.map((peer) => peer.sendKeys()))
          ids.push(await assertAgreed(mine, real))
        }
        assert.equal(new Set(ids).size, 5)
      }))

    for (const party of [1, 2] as const)
      it(`agree when both key messages cross, and the program is party ${party}`, () =>
        withReal(
          suite,
          async (mine, real) => {
            // with a KEM once more, beside the session that they have then
            for (let i = 0; i < (suite.kem ? 2 : 1); i++) {
              const sent = await cross(mine, real)
              const [repeats, other] =
                party === 2 ? [sent.theirs, sent.mine] : [sent.mine, sent.theirs]
              await assertAgreed(mine, real)
              assert.equal(other.length, 1)
              assert.equal(repeats.length, suite.kem ? 2 : 1)
              if (!suite.kem) continue
              // party 2 takes the other's ciphertext, and says so with the same share
              const [first, again] = repeats
              assert.deepEqual({ ...again, confirm: 0 }, { ...first, confirm: 0 })
              assert.equal(again?.confirm?.session, mine.current?.id.toString('hex'))
              assert.deepEqual(Object.keys(again?.confirm ?? {}).sort(), ['session', 'tag'])
            }
          },
          party,
        ))

    // P-256 has points of its own, and no other rules
    if (suite.name === 'P-256' && !SLOW) return

    for (const [whose, held] of [
      ['the program', 'request in'],
      ['the other one', 'request out'],
    ] as const)
      it(`agree when an answer overtakes the keys of ${whose}`, () =>
        withReal(suite, async (mine, real) => {
          const { pass, waits, open } = door()
          mine.passing = (moment) => (moment === held ? pass() : undefined)
          const [first, second] = held === 'request in' ? [real, mine] : [mine, real]
          const late = first.sendKeys()
          await waits
          await second.sendKeys()
          assert.equal(mine.current, null)
          open()
          await late
          await assertAgreed(mine, real)
        }))

    it('agree anew after the answer that overtook the keys had a wrong tag', () =>
      withReal(suite, async (mine, real) => {
        const { pass, waits, open } = door()
        mine.passing = (moment, _, body) => {
          if (moment === 'request out') return pass()
          if (moment === 'answer out') (body as WireAnswer).confirm.tag = '00'.repeat(32)
          return
        }
        const late = mine.sendKeys()
        await waits
        await assertTaken(real.sendKeys())
        mine.passing = () => {}
        open()
        await late
        if (!suite.kem) assert.equal((await real.state()).session, null)
        await mine.sendKeys()
        await assertTaken(real.sendKeys())
        await assertAgreed(mine, real)
      }))

    it('take messages and pictures that were under way while they agreed anew', () =>
      withReal(suite, async (mine, real) => {
        await agree(mine, real)
        const before = await assertAgreed(mine, real)
        const [incoming, outgoing] = [door(), door()]
        mine.passing = (moment, path) => {
          const isHeld = path !== KEYS && moment.startsWith('request')
          return isHeld ? (moment === 'request in' ? incoming : outgoing).pass() : undefined
        }
        const [ours, theirs] = [gif(50), gif(60)]
        const late = [mine.sendMessage(''), real.sendMessage('')]
        const pictures = [mine.sendPicture(picture(ours)), real.sendPicture(picture(theirs))]
        await Promise.all([incoming.waits, outgoing.waits])
        await agree(mine, real)
        incoming.open()
        outgoing.open()
        await Promise.all([...late, ...pictures])
        assert.deepEqual([mine.readMessages(), await real.readMessages()], [[''], ['']])
        assert.deepEqual([mine.pictures.at(-1), await real.lastPicture()], [theirs, ours])
        assert.notEqual(await assertAgreed(mine, real), before)
      }))

    for (const kind of ['message', 'picture'] as const)
      for (const whose of ['the program', 'the other one'])
        it(`agree by a ${kind} when ${whose} has not got the answer`, () =>
          withReal(suite, async (mine, real) => {
            if (whose === 'the program') {
              await mine.sendKeys()
              losing(mine, 'answer out')
              assertProblem(await real.sendKeys(), 'peer_unreachable')
              assertProblem(await real.sendMessage('too early'), 'no_session')
            } else {
              await real.sendKeys()
              losing(mine, 'answer in')
              await assert.rejects(mine.sendKeys(), /lost/)
              await assert.rejects(mine.sendMessage('too early'), { code: 'no_session' })
            }
            mine.passing = () => {}
            const [sender, receiver] = whose === 'the program' ? [mine, real] : [real, mine]
            if (kind === 'message') {
              await sender.sendMessage('completes it')
              assert.deepEqual(await receiver.readMessages(), ['completes it'])
            } else {
              await sender.sendPicture(picture(GIF))
              const last = receiver === mine ? mine.pictures.at(-1) : await real.lastPicture()
              assert.deepEqual(last, GIF)
            }
            await assertAgreed(mine, real)
          }))

    it('agree again after either was restarted, and know each other', () =>
      withReal(suite, async (mine, real) => {
        await agree(mine, real)
        const known = mine.safetyNumber()

        mine.restart()
        const lost = await real.sendMessage('for nobody')
        assert.equal(assertProblem(lost, 'peer_refused').peer_code, 'unknown_session')
        await mine.sendKeys()
        await real.sendKeys()
        await assertAgreed(mine, real)

        await real.restart(mine)
        await assert.rejects(mine.sendMessage('for nobody'), { code: 'unknown_session' })
        const unknown = keyForm(suite, stranger(suite))
        assertProblem(await send(real, KEYS, unknown), 'identity_changed')
        await agree(mine, real)
        await assertAgreed(mine, real)
        assert.equal(mine.safetyNumber(), known)
      }))

    it('agree by a message after an answer that the program does not take', () =>
      withReal(suite, async (mine, real) => {
        const inConfirm = (changes: object) => (answer: WireAnswer) =>
          Object.assign(answer.confirm, changes)
        const another = suite.kem ? 'confirm_failed' : 'peer_refused'
        const wrong: [code: string, change: (answer: WireAnswer) => void][] = [
          ['peer_refused', (answer) => Object.assign(answer, { confirm: null })],
          ['peer_refused', inConfirm({ tag: '00'.repeat(31) })],
          ['confirm_failed', inConfirm({ tag: '00'.repeat(32) })],
          [another, inConfirm({ ciphertext: '00'.repeat(1_088) })],
        ]
        for (const [code, change] of wrong) {
          await mine.sendKeys()
          const { session } = await real.state()
          mine.passing = (moment, _, answer) => {
            if (moment === 'answer out') change(answer as WireAnswer)
          }
          const problem = assertProblem(await real.sendKeys(), code)
          if (code === 'peer_refused') assert.equal(problem.peer_code, null)
          mine.passing = () => {}
          assert.deepEqual((await real.state()).session, session)
          await mine.sendMessage('completes it')
          assert.deepEqual(await real.readMessages(), ['completes it'])
        }
        await assertAgreed(mine, real)
      }))

    it('fail to agree while the other one refuses keys with and without a confirmation', () =>
      withReal(suite, async (mine, real) => {
        await agree(mine, real)
        const before = await assertAgreed(mine, real)
        const confirms = watchConfirms(mine, 'request in', () => {
          throw new Refusal('confirm_failed')
        })
        const { peer_code } = assertProblem(await real.sendKeys(), 'peer_refused')
        assert.equal(peer_code, 'confirm_failed')
        assert.deepEqual(confirms, suite.kem ? [true, false] : [true])
        mine.passing = () => {}
        assert.equal(await assertAgreed(mine, real), before)
        await agree(mine, real)
        assert.notEqual(await assertAgreed(mine, real), before)
      }))

    if (!suite.kem) return

    for (const whose of ['the program', 'the other one'])
      for (const isCandidate of [false, true])
        it(`agree when ${whose} confirmed a ${isCandidate ? 'candidate' : 'session'} that a restart has lost`, () =>
          withReal(suite, async (mine, real) => {
            const [confirming, other] = whose === 'the program' ? [real, mine] : [mine, real]
            if (isCandidate) await other.sendKeys()
            else await agree(mine, real)
            await other.restart(mine)
            // what it sends then is lost
            losing(mine, other === mine ? 'request out' : 'request in')
            if (other === mine) await assert.rejects(mine.sendKeys(), /lost/)
            else assertProblem(await real.sendKeys(), 'peer_unreachable')
            const confirms = watchConfirms(mine, other === mine ? 'request in' : 'request out')
            await confirming.sendKeys()
            assert.deepEqual(confirms, [true, false])
            mine.passing = () => {}
            if (isCandidate) assert.equal(mine.current, null)
            await other.sendKeys()
            if (isCandidate) await confirming.sendKeys()
            await assertAgreed(mine, real)
          }))
  })

describe('the program and the independent peer', () => {
  it('show each other pictures of no, one and several whole chunks', () =>
    withReal(X25519, async (mine, real) => {
      await agree(mine, real)
      const head = 2 + JSON.stringify({ type: 'image/gif', bytes: 65_536, name: 'a.gif' }).length
      for (const length of [14, 65_536 - head, 65_536 - head + 1, 131_072 - head]) {
        const content = gif(length)
        assert.equal(await mine.sendPicture(picture(content)), length)
        assert.deepEqual(await real.lastPicture(), content)
        assert.equal((await real.sendPicture(picture(content))).status, 201)
        assert.deepEqual(mine.pictures.at(-1), content)
      }
    }))
})

/** Whether each key message from here on has a confirmation; `then` is done with each. */
function watchConfirms(
  mine: IndependentPeer,
  at: 'request in' | 'request out',
  then: () => void = () => {},
): boolean[] {
  const confirms: boolean[] = []
  mine.passing = (moment, path, body) => {
    if (path !== KEYS || moment !== at) return
    const form = (at === 'request in' ? JSON.parse(String(body)) : body) as KeyForm
    confirms.push(form.confirm !== undefined)
    then()
  }
  return confirms
}
