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
} from './helpers/bad-input.ts'
import { beginCall, post } from './helpers/call.ts'
import {
  type IndependentPeer,
  type KeyForm,
  keyForm,
  type MessageForm,
  messageForm,
} from './helpers/independent-peer.ts'
import { Session } from './helpers/independent-session.ts'
import { ephemeralKeys, INDEPENDENT_SUITES, type Suite } from './helpers/independent-suites.ts'
import {
  agree,
  assertRefusesAll,
  assertTaken,
  assertTalk,
  door,
  IMAGE,
  inPlaceOf,
  KEYS,
  losing,
  MESSAGE,
  send,
} from './helpers/interop-steps.ts'
import { RealPeer, SecondPeer, type Target, withTarget } from './helpers/interop-targets.ts'

const SLOW = process.env['SLOW'] === '1'

const suites = (...names: string[]) =>
  INDEPENDENT_SUITES.filter(({ name }) => SLOW || names.includes(name))

/**
 * On which suites each is asked about keys, and about what is sealed. With SLOW=1 on all; else the program about keys
 * on all, since they differ there, the other one where the rules are the most, and about what is alike on all once.
 */
const TARGETS: {
  name: string
  make: (suite: Suite) => Target
  keys: readonly Suite[]
  sealed: readonly Suite[]
}[] = [
  {
    name: 'the program',
    make: (suite) => new RealPeer(suite),
    keys: INDEPENDENT_SUITES,
    sealed: suites('X25519'),
  },
  {
    name: 'a second independent peer',
    make: (suite) => new SecondPeer(suite),
    keys: suites('X25519MLKEM768'),
    sealed: suites('X25519'),
  },
]

/** Fills a form with spaces up to so many bytes. */
function padded(form: KeyForm | MessageForm, length: number): string {
  const text = JSON.stringify(form)
  assert.ok(text.length <= length)
  return text.slice(0, -1) + ' '.repeat(length - text.length) + text.slice(-1)
}
/** Where both have a session to begin with, and talk in the end. */
const withSession = (
  target: Target,
  suite: Suite,
  run: (mine: IndependentPeer, target: Target, current: Session) => Promise<void>,
) =>
  withTarget(target, suite, async (mine) => {
    await agree(mine, target)
    assert.ok(mine.current)
    await run(mine, target, mine.current)
    await assertTalk(mine, target)
  })

for (const { name, make, keys, sealed } of TARGETS) {
  for (const suite of keys)
    describe(`${name} on ${suite.name}`, () => {
      it('refuses a key message before it knows anybody, and takes the genuine one', () =>
        withTarget(make(suite), suite, async (mine, target) => {
          await target.sendKeys()
          const theirs = mine.share
          assert.ok(theirs)
          await inPlaceOf(
            mine,
            KEYS,
            () => mine.sendKeys(),
            (form: KeyForm) => {
              assert.ok(mine.candidate)
              return assertRefusesAll(target, KEYS, [
                ...badForms(suite, form),
                ...reflections(suite, form, theirs.identity, [theirs.publicKey]),
                ...badConfirms(suite, form, mine.candidate),
              ])
            },
          )
          await assertTalk(mine, target)
        }))

      it('takes a body of the longest length, and none that is a byte longer', () =>
        withTarget(make(suite), suite, async (mine, target) => {
          const limit = suite.kem ? 8_192 : 4_096
          await inPlaceOf(
            mine,
            KEYS,
            () => mine.sendKeys(),
            async (form: KeyForm) => {
              await assertTaken(send(target.url, KEYS, padded(form, limit)))
              const rows: Refused[] = [
                ['too_large', 'a byte more', padded(form, limit + 1)],
                ['too_large', 'far more', padded(form, 3 * limit)],
                ['too_large', 'as long as the longest of all, and more', padded(form, 8_193)],
              ]
              for (const other of INDEPENDENT_SUITES) {
                if (other.name === suite.name) continue
                const theirs = keyForm(other, stranger(other))
                for (const length of [4_096, 4_097, 8_192])
                  rows.push([
                    'curve_mismatch',
                    `${length} of ${other.name}`,
                    padded(theirs, length),
                  ])
                rows.push(['too_large', `8,193 of ${other.name}`, padded(theirs, 8_193)])
              }
              if (!suite.kem) rows.push(['too_large', '8,192 of its own', padded(form, 8_192)])
              await assertRefusesAll(target, KEYS, rows)
            },
          )
          await target.sendKeys()
          const { current } = mine
          assert.ok(current)
          const short = messageForm(current.seal(Buffer.from('short')))
          await assertRefusesAll(target, MESSAGE, [
            ['too_large', 'a byte more', padded(short, 33_825)],
          ])
          await assertTaken(send(target.url, MESSAGE, padded(short, 33_824)))
          assert.deepEqual(await target.readMessages(), ['short'])
          const longest = 'x'.repeat(16_384)
          await mine.sendMessage(longest)
          assert.deepEqual(await target.readMessages(), [longest])
          await assertTalk(mine, target)
        }))

      // P-256 has points of its own, and no other rules
      if (suite.name === 'P-256' && !SLOW) return

      it('refuses a key message from whom it knows, and takes the genuine one', () =>
        withSession(make(suite), suite, async (mine, target) => {
          await agree(mine, target)
          await target.sendKeys()
          const { share, current, previous } = mine
          assert.ok(share && current && previous)
          const theirs = [share, current.theirs, previous.theirs].map((one) => one.publicKey)
          await inPlaceOf(
            mine,
            KEYS,
            () => mine.sendKeys(),
            (form: KeyForm) => {
              assert.ok(mine.candidate)
              return assertRefusesAll(target, KEYS, [
                ...reflections(suite, form, share.identity, theirs),
                ['identity_changed', 'a stranger', keyForm(suite, stranger(suite))],
                [
                  'identity_changed',
                  'a stranger who repeats a confirmation',
                  { ...keyForm(suite, stranger(suite)), confirm: form.confirm },
                ],
                ['stale_keys', 'the share of the current session', keyForm(suite, current.own)],
                [
                  'stale_keys',
                  'that of the previous one',
                  keyForm(suite, previous.own, current.confirm),
                ],
                ...badConfirms(suite, form, mine.candidate),
                ...manyFaults(suite, form, theirs[0] ?? Buffer.alloc(0), current.own),
              ])
            },
          )
        }))

      it('refuses a wrong confirmation of its candidate, and takes the right one', () =>
        withTarget(make(suite), suite, async (mine, target) => {
          await mine.sendKeys()
          losing(mine, 'answer out')
          await target.sendKeys()
          const { current } = mine
          assert.ok(current)
          await inPlaceOf(
            mine,
            KEYS,
            () => mine.sendKeys(),
            (form: KeyForm) => {
              const { confirm } = form
              assert.ok(confirm)
              assert.equal(confirm.ciphertext, undefined)
              const changed = (changes: object) => ({
                ...form,
                confirm: { ...confirm, ...changes },
              })
              const own = current.tag(3 - current.party).toString('hex')
              const another = { ...keyForm(suite, stranger(suite)), confirm }
              const rows: Refused[] = [
                ['confirm_failed', 'a tag of zeros', changed({ tag: '00'.repeat(32) })],
                ['confirm_failed', "the receiver's own tag", changed({ tag: own })],
                [
                  'identity_changed',
                  'a stranger, who would be another than the one confirmed',
                  another,
                ],
              ]
              if (suite.kem) {
                const ciphertext = current.ciphertext?.toString('hex')
                assert.ok(ciphertext)
                const what = 'a ciphertext that the receiver made'
                rows.push(['confirm_failed', what, changed({ ciphertext })])
                const zeros = changed({ ciphertext: '00'.repeat(1_088) })
                rows.push(['confirm_failed', 'a ciphertext where none was made', zeros])
                const unknown = changed({
                  session: stranger(suite).identity.toString('hex', 0, 16),
                })
                rows.push(['confirm_failed', 'a session that nobody has', unknown])
              }
              return assertRefusesAll(target, KEYS, rows)
            },
          )
          // the share of the genuine one was new: it takes the next /send_keys
          await target.sendKeys()
          await assertTalk(mine, target)
        }))

      if (suite.kem)
        it('refuses a confirmation without the ciphertext that it has taken from the other one', () =>
          withTarget(
            make(suite),
            suite,
            async (mine, target) => {
              const [theirKeys, myAnswer] = [door(), door()]
              const forms: KeyForm[] = []
              let own: KeyForm | undefined
              let confirm: KeyForm['confirm']
              mine.passing = (moment, path, body) => {
                if (path !== KEYS) return
                if (moment === 'request out') own = body as KeyForm
                if (moment === 'request in' && forms.push(JSON.parse(String(body))) === 1)
                  return theirKeys.pass()
                if (moment === 'request in') throw new Error('lost')
                if (moment === 'answer out') confirm ??= (body as KeyForm).confirm
                if (moment === 'answer in') return myAnswer.pass()
                return
              }
              const theirs = target.sendKeys()
              await theirKeys.waits
              const ours = mine.sendKeys().catch(() => {})
              await myAnswer.waits
              theirKeys.open()
              await theirs
              assert.ok(own && confirm && forms[0])
              const genuine: KeyForm = { ...own, confirm }
              // its candidate is the session for which `mine` made the ciphertext
              const changed = (changes: object) => ({
                ...genuine,
                confirm: { ...confirm, ...changes },
              })
              await assertRefusesAll(target, KEYS, [
                ['confirm_failed', 'no ciphertext', changed({ ciphertext: undefined })],
                ['confirm_failed', 'zeros', changed({ ciphertext: '00'.repeat(1_088) })],
                ['confirm_failed', 'another tag', changed({ tag: '00'.repeat(32) })],
              ])
              await assertTaken(post(target.url + KEYS, genuine))
              mine.passing = () => {}
              myAnswer.open()
              await ours
              await mine.sendKeys()
              await target.sendKeys()
              await mine.sendMessage('agreed')
              assert.deepEqual(await target.readMessages(), ['agreed'])
            },
            2,
          ))

      if (suite.kem)
        for (const party of [1, 2] as const)
          it(`as party ${party} ${party === 1 ? 'keeps its own ciphertext' : 'takes a confirmation that follows from the share it keeps'}`, () =>
            withTarget(
              make(suite),
              suite,
              async (mine, target) => {
                const [identity, ephemeral] = [mine.identity, ephemeralKeys(suite)]
                const share = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
                await assertTaken(post(target.url + KEYS, keyForm(suite, share)))
                let theirs: KeyForm | undefined
                mine.passing = (moment, _, body) => {
                  if (moment !== 'request in') return
                  theirs = JSON.parse(String(body))
                  throw new Error('lost')
                }
                await target.sendKeys()
                assert.ok(theirs)
                const session = new Session(suite, identity, ephemeral, {
                  identity: Buffer.from(theirs.identity, 'hex'),
                  publicKey: Buffer.from(theirs.publicKey, 'hex'),
                })
                assert.equal(session.party, 3 - party)
                const genuine = keyForm(suite, share, session.confirm)
                const wrong = { ...genuine, confirm: { ...genuine.confirm, tag: '00'.repeat(32) } }
                if (party === 2)
                  await assertRefusesAll(target, KEYS, [['confirm_failed', 'a wrong tag', wrong]])
                else {
                  // it derives nothing, and so has nothing to check
                  const before = await target.state()
                  await assertTaken(post(target.url + KEYS, wrong))
                  assert.deepEqual(await target.state(), before)
                }
                const answer = await assertTaken(post(target.url + KEYS, genuine))
                const isTheirs = answer.json.confirm.session === theirs.confirm?.session
                const isOurs = answer.json.confirm.session === genuine.confirm?.session
                assert.deepEqual([isTheirs, isOurs], [party === 1, party === 2])
              },
              party,
            ))

      it('takes whatever confirmation while it has no private key', () =>
        withSession(make(suite), suite, async (mine, target, current) => {
          const confirm = { ...current.confirm, session: Buffer.alloc(16, 7) }
          const share = { ...current.own, publicKey: ephemeralKeys(suite).publicKey }
          await assertTaken(post(target.url + KEYS, keyForm(suite, share, confirm)))
          const wrong = keyForm(suite, share, { ...current.confirm, tag: Buffer.alloc(32) })
          await assertRefusesAll(target, KEYS, [['confirm_failed', 'a wrong tag', wrong]])
          await mine.sendKeys()
          await target.sendKeys()
        }))

      it('takes a confirmation of its current or previous session, which says nothing new', () =>
        withSession(make(suite), suite, async (mine, target) => {
          await agree(mine, target)
          const { current, previous } = mine
          assert.ok(current && previous)
          for (const session of [previous, current]) {
            await target.sendKeys()
            const share = { ...current.own, publicKey: ephemeralKeys(suite).publicKey }
            const wrong = { ...current.confirm, tag: Buffer.alloc(32) }
            await assertRefusesAll(target, KEYS, [
              ['confirm_failed', 'a wrong tag of the current one', keyForm(suite, share, wrong)],
            ])
            const answer = await assertTaken(
              post(target.url + KEYS, keyForm(suite, share, session.confirm)),
            )
            const { session: derived } = answer.json.confirm
            const ids = [current, previous].map(({ id }) => id.toString('hex'))
            assert.ok(!ids.includes(derived))
          }
          const text = 'on the session that both had before'
          await mine.sendMessage(text)
          assert.deepEqual(await target.readMessages(), [text])
          await mine.sendKeys()
          await target.sendKeys()
        }))
    })

  for (const suite of sealed)
    describe(`${name} on ${suite.name}, of what is alike on all`, () => {
      it('refuses the last 64 shares that were replaced', () =>
        withTarget(make(suite), suite, async (mine, target) => {
          const share = () => ({ ...stranger(suite), identity: mine.identity.publicKey })
          const forms = Array.from({ length: 66 }, () => keyForm(suite, share()))
          for (const form of forms) await assertTaken(post(target.url + KEYS, form))
          const rows = [1, 2, 64].map((i): Refused => ['stale_keys', `share ${i}`, forms[i]])
          await assertRefusesAll(target, KEYS, rows)
          // the kept one again, and the one that is forgotten
          for (const form of [forms[65], forms[0]]) await assertTaken(post(target.url + KEYS, form))
          await mine.sendKeys()
          await target.sendKeys()
          await assertTalk(mine, target)
        }))

      it('refuses a message that is wrong in any way, and takes the genuine one', () =>
        withSession(make(suite), suite, async (mine, target, current) => {
          let taken: MessageForm | undefined
          await inPlaceOf(
            mine,
            MESSAGE,
            () => mine.sendMessage('taken'),
            async (form: MessageForm) => {
              taken = form
            },
          )
          await inPlaceOf(
            mine,
            MESSAGE,
            () => mine.sendMessage('next'),
            (form: MessageForm) => {
              assert.ok(taken)
              return assertRefusesAll(target, MESSAGE, badMessages(current, form, taken))
            },
          )
          assert.deepEqual(await target.readMessages(), ['taken', 'next'])
        }))

      it('takes a message 1,024 beyond the next, and none of those before it', () =>
        withSession(make(suite), suite, async (mine, target, current) => {
          const overtaken = Array.from({ length: 1_024 }, (_, i) =>
            messageForm(current.seal(Buffer.from(`overtaken ${i}`))),
          )
          assert.equal(await mine.sendMessage('far'), 1_024)
          const rows = [0, 1, 1_023].map((i): Refused => ['replay', `message ${i}`, overtaken[i]])
          await assertRefusesAll(target, MESSAGE, rows)
          assert.deepEqual(await target.readMessages(), ['far'])
        }))

      it('keeps 32 messages that wait, and refuses the next until they were read', () =>
        withSession(make(suite), suite, async (mine, target, current) => {
          const texts = Array.from({ length: 32 }, (_, i) => `waits ${i}`)
          for (const text of texts.slice(0, 16)) await mine.sendMessage(text)
          await agree(mine, target)
          for (const text of texts.slice(16)) await mine.sendMessage(text)
          const next = messageForm(
            mine.current?.sealAhead(16, Buffer.from('next')) ?? current.seal(GIF),
          )
          const far = messageForm(mine.current?.sealAhead(16 + 1_025, GIF) ?? current.seal(GIF))
          await assertRefusesAll(target, MESSAGE, [
            ['inbox_full', 'the 33rd', next],
            ['inbox_full', 'one that does not open', { ...next, ciphertext: '00'.repeat(16) }],
            ['replay', 'one that came', { ...next, seq: 15 }],
            ['too_far_ahead', 'one too far', far],
          ])
          // two more exchanges drop the session of the first ones
          await agree(mine, target)
          assert.deepEqual(await target.readMessages(), texts)
        }))

      it('refuses a picture that is wrong in any way, and takes the genuine one', () =>
        withSession(make(suite), suite, async (mine, target, current) => {
          const picture = (content: Buffer) => ({ type: 'image/gif', name: 'dot.gif', content })
          let taken: Buffer | undefined
          await inPlaceOf(
            mine,
            IMAGE,
            () => mine.sendPicture(picture(GIF)),
            async (stream: Buffer) => {
              taken = stream
            },
          )
          const content = gif(150_000)
          await inPlaceOf(
            mine,
            IMAGE,
            () => mine.sendPicture(picture(content)),
            (stream: Buffer) => {
              assert.ok(taken)
              return assertRefusesAll(target, IMAGE, badPictures(current, stream, taken))
            },
          )
          assert.deepEqual(await target.lastPicture(), content)
        }))

      it('takes a picture 1,024 beyond the next, and none of those before it', () =>
        withSession(make(suite), suite, async (mine, target, current) => {
          const metadata = { type: 'image/gif', bytes: GIF.length, name: 'dot.gif' }
          const overtaken = Array.from({ length: 1_024 }, () => current.sealPicture(metadata, GIF))
          const content = gif(40)
          await mine.sendPicture({ type: 'image/gif', name: 'far.gif', content })
          const rows = [0, 1, 1_023].map((i): Refused => ['replay', `picture ${i}`, overtaken[i]])
          await assertRefusesAll(target, IMAGE, rows)
          assert.deepEqual(await target.lastPicture(), content)
        }))

      it('refuses a picture that a later one overtakes while it comes', () =>
        withSession(make(suite), suite, async (mine, target) => {
          const { finish, answer } = beginPicture(mine, target)
          const content = gif(40)
          await mine.sendPicture({ type: 'image/gif', name: 'fast.gif', content })
          const before = await target.state()
          finish()
          target.assertRefused(await answer, 'replay', 'the slow one')
          assert.deepEqual(await target.state(), before)
          assert.deepEqual(await target.lastPicture(), content)
        }))

      it('takes a picture whose session was replaced twice while it came', () =>
        withSession(make(suite), suite, async (mine, target) => {
          const { slow, finish, answer } = beginPicture(mine, target)
          for (let i = 0; i < 2; i++) await agree(mine, target)
          finish()
          await assertTaken(answer)
          assert.deepEqual(await target.lastPicture(), slow)
        }))

      it('refuses a picture whose session was replaced before anybody confirmed it', () =>
        withTarget(make(suite), suite, async (mine, target) => {
          await mine.sendKeys()
          losing(mine, 'answer out')
          await target.sendKeys()
          const { finish, answer } = beginPicture(mine, target)
          await target.sendKeys()
          const before = await target.state()
          finish()
          target.assertRefused(await answer, 'unknown_session', 'a picture of nobody')
          assert.deepEqual(await target.state(), before)
          mine.passing = () => {}
          await agree(mine, target)
          await assertTalk(mine, target)
        }))
    })
}

/** Sends the first chunk and more of a picture in the session that `mine` has, and the rest when it is told to. */
function beginPicture(mine: IndependentPeer, { url }: Target) {
  assert.ok(mine.current)
  const slow = gif(150_000)
  const metadata = { type: 'image/gif', bytes: slow.length, name: 'slow.gif' }
  const stream = mine.current.sealPicture(metadata, slow)
  const first = 100_000
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': `${stream.length}`,
  }
  const { request, answer } = beginCall(url + IMAGE, { method: 'POST', headers })
  request.write(stream.subarray(0, first))
  return { slow, finish: () => void request.end(stream.subarray(first)), answer }
}
