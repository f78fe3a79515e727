/** The program and a second implementation that has nothing in common with it but the specification: that they agree. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GIF, gif, stranger } from '../helpers/bad-input.ts'
import {
  agree,
  assertAgreed,
  assertRefuses,
  door,
  holding,
  KEYS,
  losing,
  picture,
  RealPeer,
  type SecondPeer,
  type Target,
  withTarget,
} from '../helpers/interop.ts'
import { type KeyForm, keyForm } from '../independent/forms.ts'
import { Refusal } from '../independent/session.ts'
import { INDEPENDENT_SUITES, type Suite } from '../independent/suites.ts'
import type { Moment } from '../independent/wire.ts'

const SLOW = process.env['SLOW'] === '1'
const PEERS = ['the program', 'the other one'] as const
/** An answer of `mine` to keys, before it is sent. */
type WireAnswer = { confirm: object }

/** `party`: that of the program. */
const withReal = (
  suite: Suite,
  run: (mine: SecondPeer, real: RealPeer) => Promise<void>,
  party?: 1 | 2,
) => withTarget(new RealPeer(suite), suite, run, party)

/** The form of each key message that passes at this moment; `then` is done with each. */
function watchKeys(mine: SecondPeer, at: Moment, then = () => {}): KeyForm[] {
  const forms: KeyForm[] = []
  mine.passing = (moment, path, body) => {
    if (path !== KEYS || moment !== at) return
    forms.push(keyFormIn(body))
    then()
  }
  return forms
}

const keyFormIn = (body: unknown) =>
  (Buffer.isBuffer(body) ? JSON.parse(String(body)) : body) as KeyForm
const areConfirmed = (forms: KeyForm[]) => forms.map(({ confirm }) => confirm !== undefined)

/** Both key messages arrive before either answer is read. Returns the forms of key messages, as they were sent. */
async function cross(mine: SecondPeer, real: RealPeer) {
  const [theirKeys, myAnswer] = [door(), door()]
  const sent: Record<'mine' | 'theirs', KeyForm[]> = { mine: [], theirs: [] }
  mine.passing = (moment, _, body) => {
    if (moment === 'request out') sent.mine.push(keyFormIn(body))
    if (moment === 'request in') sent.theirs.push(keyFormIn(body))
    if (moment === 'request in') return theirKeys.pass()
    return moment === 'answer in' ? myAnswer.pass() : undefined
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

    /** The one of the two that `whose` names, then the other. */
    const inOrder = (
      whose: (typeof PEERS)[number],
      mine: SecondPeer,
      real: RealPeer,
    ): [Target, Target] => (whose === 'the program' ? [real, mine] : [mine, real])

    for (const whose of PEERS)
      it(`agree when an answer overtakes the keys of ${whose}`, () =>
        withReal(suite, async (mine, real) => {
          const [first, second] = inOrder(whose, mine, real)
          const { waits, open } = holding(mine, first === real ? 'request in' : 'request out')
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
          if (moment === 'answer out')
            Object.assign((body as WireAnswer).confirm, { tag: '00'.repeat(32) })
          return
        }
        const late = mine.sendKeys()
        await waits
        await real.sendKeys()
        mine.passing = () => {}
        open()
        await late
        if (!suite.kem) assert.equal((await real.state()).session, null)
        await mine.sendKeys()
        await real.sendKeys()
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
        assert.deepEqual([mine.lastPicture(), await real.lastPicture()], [theirs, ours])
        assert.notEqual(await assertAgreed(mine, real), before)
      }))

    for (const kind of ['message', 'picture'] as const)
      for (const whose of PEERS)
        it(`agree by a ${kind} when ${whose} has not got the answer`, () =>
          withReal(suite, async (mine, real) => {
            const [without, other] = inOrder(whose, mine, real)
            await other.sendKeys()
            losing(mine, without === real ? 'answer out' : 'answer in')
            const lost = without === real ? { code: 'peer_unreachable' } : /lost/
            await assert.rejects(without.sendKeys(), lost)
            await assert.rejects(without.sendMessage('too early'), { code: 'no_session' })
            mine.passing = () => {}
            if (kind === 'message') {
              await other.sendMessage('completes it')
              assert.deepEqual(await without.readMessages(), ['completes it'])
            } else {
              await other.sendPicture(picture(GIF))
              assert.deepEqual(await without.lastPicture(), GIF)
            }
            await assertAgreed(mine, real)
          }))

    it('agree again after either was restarted, and know each other', () =>
      withReal(suite, async (mine, real) => {
        await agree(mine, real)
        const known = mine.safetyNumber()
        for (const whose of PEERS) {
          const [restarted, other] = inOrder(whose, mine, real)
          await restarted.restart(mine)
          await assert.rejects(other.sendMessage('for nobody'), { code: 'unknown_session' })
          const unknown = keyForm(suite, stranger(suite))
          await assertRefuses(restarted, KEYS, [['identity_changed', 'a stranger', unknown]])
          await restarted.sendKeys()
          await other.sendKeys()
          await assertAgreed(mine, real)
        }
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
          await assert.rejects(real.sendKeys(), { code })
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
        const forms = watchKeys(mine, 'request in', () => {
          throw new Refusal('confirm_failed')
        })
        await assert.rejects(real.sendKeys(), { code: 'confirm_failed' })
        assert.deepEqual(areConfirmed(forms), suite.kem ? [true, false] : [true])
        mine.passing = () => {}
        assert.equal(await assertAgreed(mine, real), before)
        await agree(mine, real)
        assert.notEqual(await assertAgreed(mine, real), before)
      }))

    if (!suite.kem) return

    for (const whose of PEERS)
      for (const what of ['candidate', 'session'])
        it(`agree when ${whose} confirmed a ${what} that a restart has lost`, () =>
          withReal(suite, async (mine, real) => {
            const [confirming, other] = inOrder(whose, mine, real)
            if (what === 'candidate') await other.sendKeys()
            else await agree(mine, real)
            await other.restart(mine)
            // what it sends then is lost
            losing(mine, other === mine ? 'request out' : 'request in')
            await assert.rejects(other.sendKeys())
            const forms = watchKeys(mine, other === mine ? 'request in' : 'request out')
            await confirming.sendKeys()
            assert.deepEqual(areConfirmed(forms), [true, false])
            mine.passing = () => {}
            if (what === 'candidate') assert.equal(mine.current, null)
            await other.sendKeys()
            if (what === 'candidate') await confirming.sendKeys()
            await assertAgreed(mine, real)
          }))
  })

describe('the program and the independent peer', () => {
  it('show each other pictures of no, one and several whole chunks', () =>
    withReal(INDEPENDENT_SUITES[0] ?? assert.fail(), async (mine, real) => {
      await agree(mine, real)
      const head = 2 + JSON.stringify({ type: 'image/gif', bytes: 65_536, name: 'a.gif' }).length
      for (const length of [14, 65_536 - head, 65_536 - head + 1, 131_072 - head]) {
        const content = gif(length)
        assert.equal(await mine.sendPicture(picture(content)), length)
        assert.deepEqual(await real.lastPicture(), content)
        assert.equal((await real.sendPicture(picture(content))).status, 201)
        assert.deepEqual(mine.lastPicture(), content)
      }
    }))
})
