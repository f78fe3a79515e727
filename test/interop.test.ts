/** The program and a second implementation that has nothing in common with it but the specification: that they agree. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GIF, gif, stranger } from './helpers/bad-input.ts'
import { call, post } from './helpers/call.ts'
import { type IndependentPeer, type KeyForm, keyForm } from './helpers/independent-peer.ts'
import { Refusal } from './helpers/independent-session.ts'
import { INDEPENDENT_SUITES, type Suite } from './helpers/independent-suites.ts'
import {
  agree,
  assertAgreed,
  assertTaken,
  door,
  KEYS,
  losing,
  type WireAnswer,
} from './helpers/interop-steps.ts'
import { RealPeer, withTarget } from './helpers/interop-targets.ts'
import { assertProblem } from './helpers/problem.ts'

const SLOW = process.env['SLOW'] === '1'

/** `party`: that of the program. */
const withReal = (
  suite: Suite,
  run: (mine: IndependentPeer, real: RealPeer) => Promise<void>,
  party?: 1 | 2,
) => withTarget(new RealPeer(suite), suite, run, party)

interface Crossing {
  /** Forms of key messages, in the order in which they were sent. */
  readonly mine: KeyForm[]
  readonly theirs: KeyForm[]
}

/** Both key messages arrive before either answer is read. */
async function cross(mine: IndependentPeer, real: RealPeer): Promise<Crossing> {
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
for (const suite of INDEPENDENT_SUITES)
  describe(`the program and the independent peer on ${suite.name}`, () => {
    it('agree when the program starts', () =>
      withReal(suite, async (mine, real) => {
        await real.sendKeys()
        await mine.sendKeys()
        await assertAgreed(mine, real)
      }))

    it('agree when the other one starts, and again after that', () =>
      withReal(suite, async (mine, real) => {
        await mine.sendKeys()
        await real.sendKeys()
        const ids = [await assertAgreed(mine, real)]
        await real.sendKeys()
        await mine.sendKeys()
        ids.push(await assertAgreed(mine, real))
        await mine.sendKeys()
        await mine.sendKeys()
        await real.sendKeys()
        ids.push(await assertAgreed(mine, real))
        assert.equal(new Set(ids).size, 3)
      }))

    it('agree when both start at once', () =>
      withReal(suite, async (mine, real) => {
        for (let i = 0; i < 2; i++) {
          await Promise.all(
            i % 2 ? [mine.sendKeys(), real.sendKeys()] : [real.sendKeys(), mine.sendKeys()],
          )
          await assertAgreed(mine, real)
        }
      }))

    for (const party of [1, 2] as const)
      it(`agree when both key messages cross, and the program is party ${party}`, () =>
        withReal(
          suite,
          async (mine, real) => {
            for (let i = 0; i < 2; i++) {
              const crossing = await cross(mine, real)
              const [repeats, other] =
                party === 2 ? [crossing.theirs, crossing.mine] : [crossing.mine, crossing.theirs]
              await assertAgreed(mine, real)
              assert.equal(other.length, 1)
              if (!suite.kem) {
                assert.equal(repeats.length, 1)
                continue
              }
              // party 2 takes the other's ciphertext, and says so with the same share
              const [first, again] = repeats
              assert.ok(first && again && repeats.length === 2)
              assert.deepEqual({ ...again, confirm: 0 }, { ...first, confirm: 0 })
              assert.equal(again.confirm?.session, mine.current?.id.toString('hex'))
              assert.deepEqual(Object.keys(again.confirm ?? {}).sort(), ['session', 'tag'])
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

    it('take messages and pictures that were under way while they agreed anew', () =>
      withReal(suite, async (mine, real) => {
        await mine.sendKeys()
        await real.sendKeys()
        const before = await assertAgreed(mine, real)
        const [incoming, outgoing] = [door(), door()]
        mine.passing = (moment, path) => {
          const isHeld = path !== KEYS && moment.startsWith('request')
          return isHeld ? (moment === 'request in' ? incoming : outgoing).pass() : undefined
        }
        const [ours, theirs] = [gif(50), gif(60)].map((content) => ({
          type: 'image/gif',
          name: 'late.gif',
          content,
        }))
        assert.ok(ours && theirs)
        const late = [mine.sendMessage('from mine'), real.sendMessage('from real')]
        const pictures = [mine.sendPicture(ours), real.sendPicture(theirs)]
        await Promise.all([incoming.waits, outgoing.waits])
        await real.sendKeys()
        await mine.sendKeys()
        incoming.open()
        outgoing.open()
        await Promise.all([...late, ...pictures])
        assert.deepEqual(mine.readMessages(), ['from real'])
        assert.deepEqual(await real.readMessages(), ['from mine'])
        assert.deepEqual(mine.pictures.at(-1), theirs.content)
        assert.deepEqual(await real.lastPicture(), ours.content)
        assert.notEqual(await assertAgreed(mine, real), before)
      }))

    for (const kind of ['message', 'picture'] as const)
      for (const [whose, lost] of [
        ['the program', 'answer out'],
        ['the other one', 'answer in'],
      ] as const)
        it(`agree by a ${kind} when ${whose} has not got the answer`, () =>
          withReal(suite, async (mine, real) => {
            const picture = { type: 'image/gif', name: 'dot.gif', content: GIF }
            await (lost === 'answer out' ? mine : real).sendKeys()
            losing(mine, lost)
            if (lost === 'answer out') {
              assertProblem(await real.sendKeys(), 'peer_unreachable')
              assertProblem(await real.sendMessage('too early'), 'no_session')
              mine.passing = () => {}
              if (kind === 'message') await mine.sendMessage('completes it')
              else await mine.sendPicture(picture)
            } else {
              await assert.rejects(mine.sendKeys(), /lost/)
              await assert.rejects(mine.sendMessage('too early'), { code: 'no_session' })
              mine.passing = () => {}
              if (kind === 'message') await real.sendMessage('completes it')
              else await real.sendPicture(picture)
            }
            if (kind === 'message') {
              const read = lost === 'answer out' ? await real.readMessages() : mine.readMessages()
              assert.deepEqual(read, ['completes it'])
            } else {
              const seen = lost === 'answer out' ? await real.lastPicture() : mine.pictures.at(-1)
              assert.deepEqual(seen, GIF)
            }
            await assertAgreed(mine, real)
          }))

    it('agree again after either was restarted, and know each other', () =>
      withReal(suite, async (mine, real) => {
        await mine.sendKeys()
        await real.sendKeys()
        await assertAgreed(mine, real)
        const known = mine.safetyNumber()

        mine.restart()
        const lost = await real.sendMessage('for nobody')
        assert.equal(assertProblem(lost, 'peer_refused').peer_code, 'unknown_session')
        await mine.sendKeys()
        await real.sendKeys()
        await assertAgreed(mine, real)

        await real.stop()
        await real.start(mine)
        await assert.rejects(mine.sendMessage('for nobody'), { code: 'unknown_session' })
        const unknown = keyForm(suite, stranger(suite))
        assertProblem(await post(real.url + KEYS, unknown), 'identity_changed')
        await real.sendKeys()
        await mine.sendKeys()
        await assertAgreed(mine, real)
        assert.equal(mine.safetyNumber(), known)
      }))

    it('agree by a message after an answer that the program does not take', () =>
      withReal(suite, async (mine, real) => {
        const wrong: [code: string, change: (answer: WireAnswer) => void][] = [
          ['peer_refused', (answer) => Object.assign(answer, { accepted: false })],
          ['peer_refused', (answer) => Object.assign(answer, { more: 0 })],
          ['peer_refused', (answer) => Object.assign(answer, { confirm: null })],
          ['peer_refused', ({ confirm }) => Object.assign(confirm, { more: 0 })],
          ['peer_refused', ({ confirm }) => Object.assign(confirm, { tag: undefined })],
          ['peer_refused', ({ confirm }) => Object.assign(confirm, { tag: '00'.repeat(31) })],
          ['peer_refused', ({ confirm }) => Object.assign(confirm, { tag: 'AB'.repeat(32) })],
          ['peer_refused', ({ confirm }) => Object.assign(confirm, { session: '00' })],
          ['peer_refused', ({ confirm }) => Object.assign(confirm, { ciphertext: '00' })],
          ['confirm_failed', ({ confirm }) => Object.assign(confirm, { tag: '00'.repeat(32) })],
          [
            suite.kem ? 'confirm_failed' : 'peer_refused',
            ({ confirm }) => Object.assign(confirm, { ciphertext: '00'.repeat(1_088) }),
          ],
        ]
        for (const [code, change] of wrong) {
          await mine.sendKeys()
          const { session } = (await call(`${real.url}/show`)).json
          mine.passing = (moment, _, answer) => {
            if (moment === 'answer out') change(answer as WireAnswer)
          }
          const problem = assertProblem(await real.sendKeys(), code)
          if (code === 'peer_refused') assert.equal(problem.peer_code, null)
          mine.passing = () => {}
          assert.deepEqual((await call(`${real.url}/show`)).json.session, session)
          await mine.sendMessage('completes it')
          assert.deepEqual(await real.readMessages(), ['completes it'])
        }
        await assertAgreed(mine, real)
      }))

    it('agree anew after the answer that overtook the keys had a wrong tag', () =>
      withReal(suite, async (mine, real) => {
        const { pass, waits, open } = door()
        mine.passing = (moment, _, body) => {
          if (moment === 'request out') return pass()
          const answer = body as WireAnswer
          if (moment === 'answer out') answer.confirm.tag = '00'.repeat(32)
          return
        }
        const late = mine.sendKeys()
        await waits
        await assertTaken(real.sendKeys())
        mine.passing = () => {}
        open()
        await late
        const { session } = (await call(`${real.url}/show`)).json
        if (!suite.kem) assert.equal(session, null)
        await mine.sendKeys()
        await assertTaken(real.sendKeys())
        await assertAgreed(mine, real)
      }))

    it('show each other pictures of no, one and several whole chunks', () =>
      withReal(suite, async (mine, real) => {
        await agree(mine, real)
        const head = 2 + JSON.stringify({ type: 'image/gif', bytes: 65_536, name: 'a.gif' }).length
        for (const length of [6, 65_536 - head, 65_536 - head + 1, 131_072 - head, 200_000]) {
          const picture = { type: 'image/gif', name: 'a.gif', content: gif(length) }
          assert.equal(await mine.sendPicture(picture), length)
          assert.deepEqual(await real.lastPicture(), picture.content)
          assert.equal((await real.sendPicture(picture)).status, 201)
          assert.deepEqual(mine.pictures.at(-1), picture.content)
        }
        await assertAgreed(mine, real)
      }))

    it('fail to agree while the other one refuses keys with and without a confirmation', () =>
      withReal(suite, async (mine, real) => {
        await agree(mine, real)
        const before = await assertAgreed(mine, real)
        const confirms: boolean[] = []
        mine.passing = (moment, _, body) => {
          if (moment !== 'request in') return
          const form: KeyForm = JSON.parse(String(body))
          confirms.push(form.confirm !== undefined)
          throw new Refusal('confirm_failed')
        }
        const { peer_code } = assertProblem(await real.sendKeys(), 'peer_refused')
        assert.equal(peer_code, 'confirm_failed')
        assert.deepEqual(confirms, suite.kem ? [true, false] : [true])
        mine.passing = () => {}
        assert.equal(await assertAgreed(mine, real), before)
        await real.sendKeys()
        await mine.sendKeys()
        assert.notEqual(await assertAgreed(mine, real), before)
      }))

    if (suite.kem) {
      for (const whose of ['the program', 'the other one'] as const)
        it(`agree when the confirmation of ${whose} is of a session that a restart has lost`, () =>
          withReal(suite, async (mine, real) => {
            await agree(mine, real)
            if (whose === 'the program') {
              mine.restart()
              losing(mine, 'request out')
              await assert.rejects(mine.sendKeys(), /lost/)
            } else {
              await real.stop()
              await real.start(mine)
              losing(mine, 'request in')
              assertProblem(await real.sendKeys(), 'peer_unreachable')
            }
            const confirms: boolean[] = []
            mine.passing = (moment, path, body) => {
              const isIn = whose === 'the program'
              if (path !== KEYS || moment !== (isIn ? 'request in' : 'request out')) return
              const form: KeyForm = isIn ? JSON.parse(String(body)) : body
              confirms.push(form.confirm !== undefined)
            }
            if (whose === 'the program') await assertTaken(real.sendKeys())
            else await mine.sendKeys()
            assert.deepEqual(confirms, [true, false])
            mine.passing = () => {}
            if (whose === 'the program') await mine.sendKeys()
            else await assertTaken(real.sendKeys())
            await assertAgreed(mine, real)
          }))

      it('agree by one /send_keys each after the program confirmed what a restart has lost', () =>
        withReal(suite, async (mine, real) => {
          await mine.sendKeys()
          mine.restart()
          losing(mine, 'request out')
          await assert.rejects(mine.sendKeys(), /lost/)
          mine.passing = () => {}
          const answer = await assertTaken(real.sendKeys())
          assert.equal(answer.json.session, null)
          await mine.sendKeys()
          await assertTaken(real.sendKeys())
          await assertAgreed(mine, real)
        }))

      it('agree by one /send_keys each after the other one confirmed what a restart has lost', () =>
        withReal(suite, async (mine, real) => {
          await real.sendKeys()
          await real.stop()
          await real.start(mine)
          losing(mine, 'request in')
          assertProblem(await real.sendKeys(), 'peer_unreachable')
          mine.passing = () => {}
          await mine.sendKeys()
          assert.equal(mine.current, null)
          await assertTaken(real.sendKeys())
          await mine.sendKeys()
          await assertAgreed(mine, real)
        }))
    }
  })
