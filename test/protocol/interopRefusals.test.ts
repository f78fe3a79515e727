/**
 * What a peer of duet/2 has to refuse, and that it is what it was before then: of the program, and of a second
 * implementation that was written from the specification alone, which shows that the rows say the same as it.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  badConfirms,
  badForms,
  badMessages,
  badPictures,
  GIF,
  gif,
  manyFaults,
  type Refused,
  reflections,
  stranger,
} from '../helpers/bad-input.ts'
import {
  agree,
  assertRefused,
  assertRefuses,
  assertTaken,
  assertTalk,
  door,
  IMAGE,
  inPlaceOf,
  KEYS,
  losing,
  MESSAGE,
  picture,
  RealPeer,
  SecondPeer,
  send,
  type Target,
  withTarget,
} from '../helpers/interop.ts'
import { type KeyForm, keyForm, type MessageForm, messageForm } from '../independent/forms.ts'
import { Session } from '../independent/session.ts'
import { ephemeralKeys, INDEPENDENT_SUITES, type Suite } from '../independent/suites.ts'

const SLOW = process.env['SLOW'] === '1'

const suites = (...names: string[]) =>
  INDEPENDENT_SUITES.filter(({ name }) => SLOW || names.includes(name))

/**
 * On which suites each is asked about keys. With SLOW=1 on all; else without a KEM and with one, and the second peer
 * where the rules are the most. P-256 has points of its own, which curves.test.ts and badKeys.test.ts have, and no other
 * rules. About what is alike on all suites each is asked once.
 */
const TARGETS: [name: string, make: (suite: Suite) => Target, keys: readonly Suite[]][] = [
  ['the program', (suite) => new RealPeer(suite), suites('X25519', 'X25519MLKEM768')],
  ['a second independent peer', (suite) => new SecondPeer(suite), suites('X25519MLKEM768')],
]

/** Fills a form with spaces up to so many bytes. */
function padded(form: KeyForm | MessageForm, length: number): string {
  const text = JSON.stringify(form)
  assert.ok(text.length <= length)
  return text.slice(0, -1) + ' '.repeat(length - text.length) + text.slice(-1)
}

/** A key message with these changes in its confirmation. */
const confirming = (form: KeyForm, changes: object) => ({
  ...form,
  confirm: { ...form.confirm, ...changes },
})
const ZERO_TAG = { tag: '00'.repeat(32) }
const NO_CIPHERTEXT = { ciphertext: '00'.repeat(1_088) }
const failed = (what: string, body: object): Refused => ['confirm_failed', what, body]

/** Runs a test against a fresh target. */
const against =
  (make: (suite: Suite) => Target, suite: Suite) =>
  (run: (mine: SecondPeer, target: Target) => Promise<void>, party?: 1 | 2) =>
    withTarget(make(suite), suite, run, party)

/** The same, where both have a session to begin with, and talk in the end. */
const inSession =
  (make: (suite: Suite) => Target, suite: Suite) =>
  (run: (mine: SecondPeer, target: Target, current: Session) => Promise<void>) =>
    withTarget(make(suite), suite, async (mine, target) => {
      await agree(mine, target)
      await run(mine, target, mine.current ?? assert.fail())
      await assertTalk(mine, target)
    })

for (const [name, make, keys] of TARGETS) {
  for (const suite of keys)
    describe(`${name} on ${suite.name}`, () => {
      const [withFresh, withSession] = [against(make, suite), inSession(make, suite)]

      it('refuses a key message that is wrong in any way, and takes the genuine one', () =>
        withSession(async (mine, target) => {
          await agree(mine, target)
          await target.sendKeys()
          const { share, current, previous } = mine
          assert.ok(share && current && previous)
          const theirs = [share, current.theirs, previous.theirs].map((one) => one.publicKey)
          const unknown = keyForm(suite, stranger(suite))
          const before = keyForm(suite, previous.own, current.confirm)
          const rowsFor = (form: KeyForm): Refused[] => [
            ...badForms(suite, form),
            ...reflections(suite, form, share.identity, theirs),
            ['identity_changed', 'a stranger', unknown],
            ['identity_changed', 'one who confirms', { ...unknown, confirm: form.confirm }],
            ['stale_keys', 'the share of the current session', keyForm(suite, current.own)],
            ['stale_keys', 'that of the previous one', before],
            ...badConfirms(suite, form, mine.candidate ?? assert.fail()),
            ...manyFaults(suite, form, theirs[0] ?? Buffer.alloc(0), current.own),
          ]
          await inPlaceOf(
            mine,
            KEYS,
            () => mine.sendKeys(),
            (form) => assertRefuses(target, KEYS, rowsFor(form)),
          )
        }))

      it('takes a body of the longest length, and none that is a byte longer', () =>
        withFresh(async (mine, target) => {
          const limit = suite.kem ? 8_192 : 4_096
          await inPlaceOf(
            mine,
            KEYS,
            () => mine.sendKeys(),
            async (form) => {
              await assertTaken(send(target, KEYS, padded(form, limit)))
              const others = INDEPENDENT_SUITES.filter((one) => one !== suite)
              await assertRefuses(target, KEYS, [
                ...[limit + 1, 8_192 + 1, 3 * limit].map(
                  (length): Refused => ['too_large', `${length} bytes`, padded(form, length)],
                ),
                ...others.flatMap((other) =>
                  [4_096, 4_097, 8_192, 8_193].map((length): Refused => {
                    const code = length > 8_192 ? 'too_large' : 'curve_mismatch'
                    const theirs = padded(keyForm(other, stranger(other)), length)
                    return [code, `${length} bytes of ${other.name}`, theirs]
                  }),
                ),
              ])
            },
          )
          await target.sendKeys()
          const { current } = mine
          assert.ok(current)
          const short = messageForm(current.seal(Buffer.from('short')))
          const tooLong = padded(short, 33_825)
          await assertRefuses(target, MESSAGE, [['too_large', 'a byte more', tooLong]])
          await assertTaken(send(target, MESSAGE, padded(short, 33_824)))
          const longest = 'x'.repeat(16_384)
          await mine.sendMessage(longest)
          assert.deepEqual(await target.readMessages(), ['short', longest])
        }))

      it('refuses a wrong confirmation of its candidate, and takes the right one', () =>
        withFresh(async (mine, target) => {
          await mine.sendKeys()
          losing(mine, 'answer out')
          await assert.rejects(target.sendKeys())
          const { current } = mine
          assert.ok(current)
          const [own, made] = [current.tag(3 - current.party), current.ciphertext]
          await inPlaceOf(
            mine,
            KEYS,
            () => mine.sendKeys(),
            (form) => {
              const { confirm } = form
              assert.ok(confirm)
              assert.equal(confirm.ciphertext, undefined)
              const another = { ...keyForm(suite, stranger(suite)), confirm }
              const changes: [what: string, changes: object][] = [
                ['a tag of zeros', ZERO_TAG],
                ["the receiver's own tag", { tag: own.toString('hex') }],
              ]
              if (made)
                changes.push(
                  ['a ciphertext that the receiver made', { ciphertext: made.toString('hex') }],
                  ['a ciphertext where none was made', NO_CIPHERTEXT],
                  ['a session that nobody has', { session: '07'.repeat(16) }],
                )
              return assertRefuses(target, KEYS, [
                ...changes.map(([what, changes]) => failed(what, confirming(form, changes))),
                ['identity_changed', 'a stranger, other than the one confirmed', another],
              ])
            },
          )
          // the share of the genuine one was new: it takes the next /send_keys
          await target.sendKeys()
          await assertTalk(mine, target)
        }))

      it('takes whatever confirmation while it has no private key', () =>
        withSession(async (mine, target, current) => {
          const confirm = { ...current.confirm, session: Buffer.alloc(16, 7) }
          const share = { ...current.own, publicKey: ephemeralKeys(suite).publicKey }
          await assertTaken(send(target, KEYS, keyForm(suite, share, confirm)))
          const wrong = confirming(keyForm(suite, share, current.confirm), ZERO_TAG)
          await assertRefuses(target, KEYS, [failed('a wrong tag', wrong)])
          await mine.sendKeys()
          await target.sendKeys()
        }))

      it('takes a confirmation of its current or previous session, which says nothing new', () =>
        withSession(async (mine, target) => {
          await agree(mine, target)
          const { current, previous } = mine
          assert.ok(current && previous)
          const ids = [current, previous].map(({ id }) => id.toString('hex'))
          for (const session of [previous, current]) {
            await target.sendKeys()
            const share = { ...current.own, publicKey: ephemeralKeys(suite).publicKey }
            const wrong = confirming(keyForm(suite, share, current.confirm), ZERO_TAG)
            await assertRefuses(target, KEYS, [failed('a wrong tag', wrong)])
            const right = keyForm(suite, share, session.confirm)
            const answer = await assertTaken(send(target, KEYS, right))
            assert.ok(!ids.includes(answer.json.confirm.session))
          }
          const text = 'on the session that both had before'
          await mine.sendMessage(text)
          assert.deepEqual(await target.readMessages(), [text])
          await mine.sendKeys()
          await target.sendKeys()
        }))

      if (!suite.kem) return

      it('refuses a confirmation without the ciphertext that it has taken from the other one', () =>
        withFresh(async (mine, target) => {
          const [theirKeys, myAnswer] = [door(), door()]
          let arrived = 0
          let own: KeyForm | undefined
          let confirm: KeyForm['confirm']
          mine.passing = (moment, _, body) => {
            if (moment === 'request out') own = body as KeyForm
            if (moment === 'request in' && arrived++ === 0) return theirKeys.pass()
            if (moment === 'request in') throw new Error('lost')
            if (moment === 'answer out') confirm ??= (body as KeyForm).confirm
            return moment === 'answer in' ? myAnswer.pass() : undefined
          }
          const theirs = assert.rejects(target.sendKeys())
          await theirKeys.waits
          const ours = mine.sendKeys().catch(() => {})
          await myAnswer.waits
          theirKeys.open()
          await theirs
          assert.ok(own && confirm)
          // its candidate is the session for which `mine` made the ciphertext
          const genuine: KeyForm = { ...own, confirm }
          await assertRefuses(target, KEYS, [
            failed('no ciphertext', confirming(genuine, { ciphertext: undefined })),
            failed('zeros', confirming(genuine, NO_CIPHERTEXT)),
            failed('another tag', confirming(genuine, ZERO_TAG)),
          ])
          await assertTaken(send(target, KEYS, genuine))
          mine.passing = () => {}
          myAnswer.open()
          await ours
          await mine.sendKeys()
          await target.sendKeys()
          await assertTalk(mine, target)
        }, 2))

      for (const party of [1, 2] as const)
        it(`as party ${party} ${party === 1 ? 'keeps its own ciphertext' : 'takes a confirmation that follows from the share it keeps'}`, () =>
          withFresh(async (mine, target) => {
            const [identity, ephemeral] = [mine.identity, ephemeralKeys(suite)]
            const share = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
            await assertTaken(send(target, KEYS, keyForm(suite, share)))
            let theirs: KeyForm | undefined
            mine.passing = (_, __, body) => {
              theirs = JSON.parse(String(body))
              throw new Error('lost')
            }
            await assert.rejects(target.sendKeys())
            assert.ok(theirs)
            const session = new Session(suite, identity, ephemeral, {
              identity: Buffer.from(theirs.identity, 'hex'),
              publicKey: Buffer.from(theirs.publicKey, 'hex'),
            })
            assert.equal(session.party, 3 - party)
            const genuine = keyForm(suite, share, session.confirm)
            const wrong = confirming(genuine, ZERO_TAG)
            if (party === 2) await assertRefuses(target, KEYS, [failed('a wrong tag', wrong)])
            else {
              // it derives nothing, and so has nothing to check
              const before = await target.state()
              await assertTaken(send(target, KEYS, wrong))
              assert.deepEqual(await target.state(), before)
            }
            const answer = await assertTaken(send(target, KEYS, genuine))
            const kept = party === 1 ? theirs : genuine
            assert.equal(answer.json.confirm.session, kept.confirm?.session)
          }, party))
    })

  for (const suite of suites('X25519'))
    describe(`${name} on ${suite.name}, of what is alike on all`, () => {
      const [withFresh, withSession] = [against(make, suite), inSession(make, suite)]

      it('refuses a message that is wrong in any way, and takes the genuine one', () =>
        withSession(async (mine, target, current) => {
          const taken = await inPlaceOf(mine, MESSAGE, () => mine.sendMessage('taken'))
          await inPlaceOf(
            mine,
            MESSAGE,
            () => mine.sendMessage('next'),
            (form) => assertRefuses(target, MESSAGE, badMessages(current, form, taken)),
          )
          assert.deepEqual(await target.readMessages(), ['taken', 'next'])
        }))

      it('refuses a picture that is wrong in any way, and takes the genuine one', () =>
        withSession(async (mine, target, current) => {
          const sendPicture = (content: Buffer) => () => mine.sendPicture(picture(content))
          const taken = await inPlaceOf(mine, IMAGE, sendPicture(GIF))
          const content = gif(150_000)
          await inPlaceOf(mine, IMAGE, sendPicture(content), (stream) =>
            assertRefuses(target, IMAGE, badPictures(current, stream, taken)),
          )
          assert.deepEqual(await target.lastPicture(), content)
        }))

      it('takes what is 1,024 beyond the next, and none of those before it', () =>
        withSession(async (mine, target, current) => {
          const before = <T>(make: () => T) => Array.from({ length: 1_024 }, make)
          const overtaken = (all: readonly unknown[]) =>
            [0, 1, 1_023].map((i): Refused => ['replay', `number ${i}`, all[i]])
          const messages = before(() => messageForm(current.seal(GIF)))
          assert.equal(await mine.sendMessage('far'), 1_024)
          await assertRefuses(target, MESSAGE, overtaken(messages))
          assert.deepEqual(await target.readMessages(), ['far'])

          const metadata = { type: 'image/gif', bytes: GIF.length, name: 'dot.gif' }
          const pictures = before(() => current.sealPicture(metadata, GIF))
          const content = gif(40)
          await mine.sendPicture(picture(content))
          await assertRefuses(target, IMAGE, overtaken(pictures))
          assert.deepEqual(await target.lastPicture(), content)
        }))

      it('keeps 32 messages that wait, and refuses the next until they were read', () =>
        withSession(async (mine, target) => {
          const texts = Array.from({ length: 32 }, (_, i) => `waits ${i}`)
          for (const text of texts.slice(0, 16)) await mine.sendMessage(text)
          await agree(mine, target)
          for (const text of texts.slice(16)) await mine.sendMessage(text)
          const { current } = mine
          assert.ok(current)
          const next = messageForm(current.sealAhead(16, Buffer.from('next')))
          const far = messageForm(current.sealAhead(16 + 1_025, GIF))
          await assertRefuses(target, MESSAGE, [
            ['inbox_full', 'the 33rd', next],
            ['inbox_full', 'one that does not open', { ...next, ciphertext: '00'.repeat(16) }],
            ['replay', 'one that came', { ...next, seq: 15 }],
            ['too_far_ahead', 'one too far', far],
          ])
          // two more exchanges drop the session of the first ones
          await agree(mine, target)
          assert.deepEqual(await target.readMessages(), texts)
        }))

      it('refuses a picture that a later one overtakes while it comes', () =>
        withSession(async (mine, target) => {
          const { finish, answer } = beginPicture(mine, target)
          const content = gif(40)
          await mine.sendPicture(picture(content))
          const before = await target.state()
          finish()
          assertRefused(target, await answer, 'replay', 'the slow one')
          assert.deepEqual(await target.state(), before)
          assert.deepEqual(await target.lastPicture(), content)
        }))

      it('takes a picture whose session was replaced twice while it came', () =>
        withSession(async (mine, target) => {
          const { slow, finish, answer } = beginPicture(mine, target)
          for (let i = 0; i < 2; i++) await agree(mine, target)
          finish()
          await assertTaken(answer)
          assert.deepEqual(await target.lastPicture(), slow)
        }))

      it('refuses a picture whose session was replaced before anybody confirmed it', () =>
        withFresh(async (mine, target) => {
          await mine.sendKeys()
          losing(mine, 'answer out')
          await assert.rejects(target.sendKeys())
          const { finish, answer } = beginPicture(mine, target)
          await assert.rejects(target.sendKeys())
          const before = await target.state()
          finish()
          assertRefused(target, await answer, 'unknown_session', 'a picture of nobody')
          assert.deepEqual(await target.state(), before)
          mine.passing = () => {}
          await agree(mine, target)
          await assertTalk(mine, target)
        }))
    })
}

/** Sends the first chunk and more of a picture in the session that `mine` has, and the rest when it is told to. */
function beginPicture(mine: SecondPeer, target: Target) {
  assert.ok(mine.current)
  const slow = gif(150_000)
  const metadata = { type: 'image/gif', bytes: slow.length, name: 'slow.gif' }
  const stream = mine.current.sealPicture(metadata, slow)
  const { pass, open } = door()
  async function* parts() {
    yield stream.subarray(0, 100_000)
    await pass()
    yield stream.subarray(100_000)
  }
  return { slow, finish: open, answer: send(target, IMAGE, parts()) }
}
