/** The program against a second implementation that has nothing in common with it but the specification. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
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
import { type Answer, call, post } from './helpers/call.ts'
import {
  type IndependentPeer,
  type KeyForm,
  keyForm,
  type MessageForm,
  type Moment,
  messageForm,
} from './helpers/independent-peer.ts'
import {
  openChunk,
  Refusal,
  Session,
  type Share,
  safetyNumber,
} from './helpers/independent-session.ts'
import {
  ephemeralKeys,
  INDEPENDENT_SUITES,
  keyPair,
  type Suite,
} from './helpers/independent-suites.ts'
import { RealPeer, SecondPeer, type Target, withTarget } from './helpers/interop-targets.ts'
import { assertProblem } from './helpers/problem.ts'

const KEYS = '/wire/keys'
const MESSAGE = '/wire/message'
const IMAGE = '/wire/image'
const ATTEMPTS = 40

const specification = fs.readFileSync(new URL('../src/protocol/README.md', import.meta.url), 'utf8')

/** The lines `name = value` of the worked example on a suite. */
function exampleOn({ name }: Suite): Record<string, string> {
  const [, block = ''] = specification.split(`\n### ${name}\n\n\`\`\`\n`)
  const lines = block.slice(0, block.indexOf('\n```')).split('\n')
  return Object.fromEntries(lines.map((line) => line.split(/ = (.*)/, 2)))
}

type Values = Record<string, Buffer | string>

/** The same lines, computed by the independent peer from private keys, seeds, m, texts and picture. */
function computed(suite: Suite, given: Record<string, string>): Record<string, string> {
  const { curve } = suite
  const bytes = (name: string) => Buffer.from(given[name] ?? '', 'hex')
  const keysOf = (i: number) => {
    const seed = suite.kem ? bytes(`KEM seed ${i}`) : Buffer.alloc(0)
    const ephemeral = ephemeralKeys(suite, bytes(`ephemeral private key ${i}`), seed)
    return { identity: keyPair(curve, bytes(`identity private key ${i}`)), ephemeral, seed }
  }
  const [one, two] = [keysOf(1), keysOf(2)]
  const shareOf = ({ identity, ephemeral }: typeof one): Share => ({
    identity: identity.publicKey,
    publicKey: ephemeral.publicKey,
  })
  const other = new Session(
    suite,
    two.identity,
    two.ephemeral,
    shareOf(one),
    undefined,
    suite.kem ? bytes('m') : undefined,
  )
  const { ciphertext } = other
  const session = new Session(
    suite,
    one.identity,
    one.ephemeral,
    other.own,
    ciphertext ?? undefined,
  )
  assert.deepEqual([session.party, other.party], [1, 2])
  assert.deepEqual([session.id, session.pseudorandomKey], [other.id, other.pseudorandomKey])
  const partyValues = (i: number, { identity, ephemeral, seed }: typeof one): Values => ({
    [`identity private key ${i}`]: identity.privateKey,
    [`identity ${i}`]: identity.publicKey,
    [`ephemeral private key ${i}`]: ephemeral.point.privateKey,
    ...(ephemeral.kem && {
      [`X25519 public key ${i}`]: ephemeral.point.publicKey,
      [`KEM seed ${i}`]: seed,
      [`encapsulation key ${i}`]: ephemeral.kem.publicKey,
    }),
    [`public key ${i}`]: ephemeral.publicKey,
  })
  const labels = ['chain 1>2', 'chain 2>1', 'files 1>2', 'files 2>1', 'confirm 1', 'confirm 2']
  const keys = labels.map((label) => [`K("${label}", 32)`, session.key(label, 32)])
  const kem = ciphertext &&
    session.kemSecret && { m: bytes('m'), ciphertext, 'ML-KEM shared secret': session.kemSecret }
  const values: Values = {
    ...partyValues(1, one),
    ...partyValues(2, two),
    ...kem,
    s1: session.shares[0],
    s2: session.shares[1],
    T: session.transcript,
    'session id': session.id,
    'DH(e1, e2)': session.secrets[0],
    'DH(id1, e2)': session.secrets[1],
    'DH(e1, id2)': session.secrets[2],
    'HKDF pseudorandom key': session.pseudorandomKey,
    ...Object.fromEntries(keys),
    'confirm tag of party 1': session.tag(1),
    'confirm tag of party 2': session.tag(2),
    'key message of party 2': JSON.stringify(keyForm(suite, other.own, other.confirm)),
    ...computedMessages(session, other, given),
    ...computedPicture(session, other, given),
    'safety number': safetyNumber(curve, [one.identity.publicKey, two.identity.publicKey]),
  }
  const hex = (value: Buffer | string) =>
    typeof value === 'string' ? value : value.toString('hex')
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, hex(value)]))
}

/** Two messages of the chain from party 1, opened by party 2. */
function computedMessages(session: Session, other: Session, given: Record<string, string>): Values {
  const [out, values]: [Session['messages']['out'], Values] = [session.messages.out, {}]
  for (const seq of [0, 1]) {
    const text = given[`text ${seq}`] ?? ''
    const [nonce, data] = session.parameters(1, seq)
    const { key } = out.ahead(seq)
    const chain = out.value
    const message = session.seal(Buffer.from(text))
    assert.equal(other.open(message, other.messages.in.ahead(seq).key).toString(), text)
    Object.assign(values, {
      [`text ${seq}`]: text,
      [`chain_${seq}`]: chain,
      [`key of message ${seq}`]: key,
      [`nonce of message ${seq}`]: nonce,
      [`associated data of message ${seq}`]: data,
      [`ciphertext ${seq}`]: message.ciphertext,
      [`message ${seq}`]: JSON.stringify(messageForm(message)),
    })
  }
  return { ...values, chain_2: out.value }
}

/** The example's picture, which is one chunk, sealed by party 1. */
function computedPicture(session: Session, other: Session, given: Record<string, string>): Values {
  const picture = Buffer.from(given['picture'] ?? '', 'hex')
  const name = given['picture name'] ?? ''
  const { key } = session.files.out.ahead(0)
  const metadata = { type: 'image/gif', bytes: picture.length, name }
  const stream = session.sealPicture(metadata, picture)
  const plain = openChunk(other.files.in.ahead(0).key, 0, true, stream.subarray(29))
  assert.deepEqual(plain.subarray(-picture.length), picture)
  return { picture, 'picture name': name, 'key of picture 0': key, stream }
}

/** An answer of `mine` to keys, before it is sent. */
type WireAnswer = { confirm: { tag: string } }

/** Fails unless both have the same session, and can talk and show pictures. Returns the session's id. */
async function assertAgreed(mine: IndependentPeer, real: RealPeer): Promise<string> {
  const { current } = mine
  assert.ok(current)
  const id = current.id.toString('hex')
  const secrets = [current.secrets[0], ...(current.kemSecret ? [current.kemSecret] : [])]
  assert.deepEqual(await real.show(), {
    id,
    secrets: secrets.map((secret) => secret.toString('hex')),
    number: mine.safetyNumber(),
  })
  for (const text of [`to ${id}`, 'Grüße, 世界 👋', '']) {
    assert.equal(await mine.sendMessage(text), 0)
    assert.equal((await real.sendMessage(text)).status, 201)
    assert.deepEqual(await real.readMessages(), [text])
    assert.deepEqual(mine.readMessages(), [text])
  }
  const content = gif(100)
  const picture = { type: 'image/gif', name: 'dot.gif', content }
  assert.equal(await mine.sendPicture(picture), content.length)
  assert.deepEqual(await real.lastPicture(), content)
  assert.equal((await real.sendPicture(picture)).status, 201)
  assert.deepEqual(mine.pictures.at(-1), content)
  return id
}

/** A door that stays shut until `open` is called; `waits` resolves once somebody stands before it. */
function door() {
  let [open, arrive] = [() => {}, () => {}]
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const waits = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const pass = () => {
    arrive()
    return opened
  }
  return { pass, waits, open: () => open() }
}

const withReal = (suite: Suite, run: (mine: IndependentPeer, real: RealPeer) => Promise<void>) =>
  withTarget(new RealPeer(suite), suite, run)

const withMade = (
  make: (suite: Suite) => Target,
  suite: Suite,
  run: (mine: IndependentPeer, target: Target) => Promise<void>,
) => withTarget(make(suite), suite, run)

/** POSTs a form as JSON, a string as it is; on the route of pictures bytes, too, as they are. */
function send(url: string, path: string, body: unknown): Promise<Answer> {
  if (path !== IMAGE && typeof body !== 'string' && !Buffer.isBuffer(body))
    return post(url + path, body)
  const type = path === IMAGE ? 'application/octet-stream' : 'application/json'
  const headers = { 'content-type': type }
  return call(url + path, { method: 'POST', headers, body: body as string | Buffer })
}

async function assertTaken(answer: Answer | Promise<Answer>): Promise<Answer> {
  const { status, text } = await answer
  assert.equal(status, 201, text)
  return answer
}

/** Fails unless the target refuses each of these, and is after each what it was before. */
async function assertRefusesAll(target: Target, path: string, rows: Refused[]): Promise<void> {
  assert.ok(rows.length > 0)
  const before = await target.state()
  for (const [code, what, body] of rows) {
    const answer = await send(target.url, path, body)
    target.assertRefused(answer, code, what)
    assert.deepEqual(await target.state(), before, what)
  }
}

/** Runs `act`; the body that it makes for `path` waits until `run` is done with the target. */
async function inPlaceOf<T>(
  mine: IndependentPeer,
  path: string,
  act: () => Promise<T>,
  run: (genuine: never) => Promise<void>,
): Promise<T> {
  let seen = false
  mine.passing = async (moment, at, body) => {
    if (seen || moment !== 'request out' || at !== path) return
    seen = true
    await run(body as never)
  }
  const result = await act()
  mine.passing = () => {}
  assert.ok(seen)
  return result
}

/** Loses what passes at this moment, on the route of keys. */
function losing(mine: IndependentPeer, lost: Moment): void {
  mine.passing = (moment, path) => {
    if (moment === lost && path === KEYS) throw new Error('lost')
  }
}

async function agree(mine: IndependentPeer, target: Target): Promise<void> {
  await target.sendKeys()
  await mine.sendKeys()
  assert.ok(mine.current)
}

/** Both talk on the same session; the real peer's terminal and safety number are looked at by assertAgreed. */
async function assertTalk(mine: IndependentPeer, target: Target): Promise<void> {
  if (target instanceof RealPeer) await assertAgreed(mine, target)
  await mine.sendMessage('to the target')
  await target.sendMessage('from the target')
  assert.deepEqual((await target.readMessages()).slice(-1), ['to the target'])
  assert.deepEqual(mine.readMessages().slice(-1), ['from the target'])
}

interface Crossing {
  /** The real peer's. */
  readonly party: 1 | 2
  /** Forms of key messages, in the order in which they were sent. */
  readonly mine: KeyForm[]
  readonly theirs: KeyForm[]
}

/** Both key messages arrive before either answer is read. */
async function cross(mine: IndependentPeer, target: Target): Promise<Crossing> {
  const [theirKeys, myAnswer] = [door(), door()]
  const sent: Record<'mine' | 'theirs', KeyForm[]> = { mine: [], theirs: [] }
  let own: Share | null = null
  let theirs: Share | null = null
  const shareOf = (form: KeyForm): Share => ({
    identity: Buffer.from(form.identity, 'hex'),
    publicKey: Buffer.from(form.publicKey, 'hex'),
  })
  mine.passing = (moment, path, body) => {
    if (path !== KEYS) return
    if (moment === 'request out') {
      const form = body as KeyForm
      own = shareOf(form)
      sent.mine.push(form)
    } else if (moment === 'request in') {
      const form: KeyForm = JSON.parse(String(body))
      theirs = shareOf(form)
      sent.theirs.push(form)
      return theirKeys.pass()
    } else if (moment === 'answer in') return myAnswer.pass()
    return
  }
  const real = target.sendKeys()
  await theirKeys.waits
  const other = mine.sendKeys()
  await myAnswer.waits
  theirKeys.open()
  await real
  myAnswer.open()
  await other
  mine.passing = () => {}
  assert.ok(own && theirs)
  return { party: partyOf(theirs, own), ...sent }
}

/** The party of the first share: identities of one length decide it. */
function partyOf(a: Share, b: Share): 1 | 2 {
  return a.identity.compare(b.identity) < 0 ? 1 : 2
}

/** Runs with fresh peers until the target was both parties. */
async function asBothParties(run: () => Promise<1 | 2>): Promise<void> {
  const seen = new Set<number>()
  for (let i = 0; i < ATTEMPTS && seen.size < 2; i++) seen.add(await run())
  assert.equal(seen.size, 2, `only ever party ${[...seen]} in ${ATTEMPTS} runs`)
}

/** Fills a form with spaces up to so many bytes. */
function padded(form: KeyForm | MessageForm, length: number): string {
  const text = JSON.stringify(form)
  assert.ok(text.length <= length)
  return text.slice(0, -1) + ' '.repeat(length - text.length) + text.slice(-1)
}

const TARGETS: [name: string, make: (suite: Suite) => Target][] = [
  ['the program', (suite) => new RealPeer(suite)],
  ['a second independent peer', (suite) => new SecondPeer(suite)],
]

for (const suite of INDEPENDENT_SUITES) {
  describe(`the independent peer on ${suite.name}`, () => {
    it('computes every value of the worked example', () => {
      const example = exampleOn(suite)
      assert.deepEqual(computed(suite, example), example)
      assert.deepEqual(Object.keys(computed(suite, example)), Object.keys(example))
    })
  })

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
        for (let i = 0; i < 3; i++) {
          await Promise.all(
            i % 2 ? [mine.sendKeys(), real.sendKeys()] : [real.sendKeys(), mine.sendKeys()],
          )
          await assertAgreed(mine, real)
        }
      }))

    it('agree when both key messages cross, whichever of them is party 1', () =>
      asBothParties(async () => {
        let party: 1 | 2 = 1
        await withReal(suite, async (mine, real) => {
          for (let i = 0; i < 2; i++) {
            const crossing = await cross(mine, real)
            party = crossing.party
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
        })
        return party
      }))

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

  for (const [name, make] of TARGETS)
    describe(`${name} on ${suite.name}`, () => {
      it('refuses a key message before it knows anybody, and takes the genuine one', () =>
        withMade(make, suite, async (mine, target) => {
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

      it('refuses a key message from whom it knows, and takes the genuine one', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
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
          await assertTalk(mine, target)
        }))

      it('refuses a wrong confirmation of its candidate, and takes the right one', () =>
        withMade(make, suite, async (mine, target) => {
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
          asBothParties(async () => {
            let party: 1 | 2 = 1
            await withMade(make, suite, async (mine, target) => {
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
              party = forms[0].identity < own.identity ? 1 : 2
              if (party === 2) {
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
              }
              mine.passing = () => {}
              myAnswer.open()
              await ours
              await mine.sendKeys()
              await target.sendKeys()
              await mine.sendMessage('agreed')
              assert.deepEqual(await target.readMessages(), ['agreed'])
            })
            return party
          }))

      if (suite.kem)
        it('takes a confirmation that follows from the share it keeps, or as party 1 keeps its own', () =>
          asBothParties(async () => {
            let party: 1 | 2 = 1
            await withMade(make, suite, async (mine, target) => {
              const [identity, ephemeral] = [keyPair(suite.curve), ephemeralKeys(suite)]
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
              party = session.party === 1 ? 2 : 1
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
            })
            return party
          }))

      it('takes whatever confirmation while it has no private key', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
          const { current } = mine
          assert.ok(current)
          const confirm = { ...current.confirm, session: Buffer.alloc(16, 7) }
          const share = { ...current.own, publicKey: ephemeralKeys(suite).publicKey }
          await assertTaken(post(target.url + KEYS, keyForm(suite, share, confirm)))
          const wrong = keyForm(suite, share, { ...current.confirm, tag: Buffer.alloc(32) })
          await assertRefusesAll(target, KEYS, [['confirm_failed', 'a wrong tag', wrong]])
          await mine.sendKeys()
          await target.sendKeys()
          await assertTalk(mine, target)
        }))

      it('takes a confirmation of its current or previous session, which says nothing new', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
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
          await assertTalk(mine, target)
        }))

      it('refuses the last 64 shares that were replaced', () =>
        withMade(make, suite, async (mine, target) => {
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

      it('takes a body of the longest length, and none that is a byte longer', () =>
        withMade(make, suite, async (mine, target) => {
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

      it('refuses a message that is wrong in any way, and takes the genuine one', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
          const { current } = mine
          assert.ok(current)
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
          await assertTalk(mine, target)
        }))

      it('takes a message 1,024 beyond the next, and none of those before it', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
          const { current } = mine
          assert.ok(current)
          const overtaken = Array.from({ length: 1_024 }, (_, i) =>
            messageForm(current.seal(Buffer.from(`overtaken ${i}`))),
          )
          assert.equal(await mine.sendMessage('far'), 1_024)
          const rows = [0, 1, 1_023].map((i): Refused => ['replay', `message ${i}`, overtaken[i]])
          await assertRefusesAll(target, MESSAGE, rows)
          assert.deepEqual(await target.readMessages(), ['far'])
          await assertTalk(mine, target)
        }))

      it('keeps 32 messages that wait, and refuses the next until they were read', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
          const { current } = mine
          assert.ok(current)
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
          await assertTalk(mine, target)
        }))

      it('refuses a picture that is wrong in any way, and takes the genuine one', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
          const { current } = mine
          assert.ok(current)
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
          await assertTalk(mine, target)
        }))

      it('takes a picture 1,024 beyond the next, and none of those before it', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
          const { current } = mine
          assert.ok(current)
          const metadata = { type: 'image/gif', bytes: GIF.length, name: 'dot.gif' }
          const overtaken = Array.from({ length: 1_024 }, () => current.sealPicture(metadata, GIF))
          const content = gif(40)
          await mine.sendPicture({ type: 'image/gif', name: 'far.gif', content })
          const rows = [0, 1, 1_023].map((i): Refused => ['replay', `picture ${i}`, overtaken[i]])
          await assertRefusesAll(target, IMAGE, rows)
          assert.deepEqual(await target.lastPicture(), content)
          await assertTalk(mine, target)
        }))

      it('refuses a picture that a later one overtakes while it comes', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
          const { finish, answer } = beginPicture(mine, target)
          const content = gif(40)
          await mine.sendPicture({ type: 'image/gif', name: 'fast.gif', content })
          const before = await target.state()
          finish()
          target.assertRefused(await answer, 'replay', 'the slow one')
          assert.deepEqual(await target.state(), before)
          assert.deepEqual(await target.lastPicture(), content)
          await assertTalk(mine, target)
        }))

      it('takes a picture whose session was replaced twice while it came', () =>
        withMade(make, suite, async (mine, target) => {
          await agree(mine, target)
          const { slow, finish, answer } = beginPicture(mine, target)
          for (let i = 0; i < 2; i++) await agree(mine, target)
          finish()
          await assertTaken(answer)
          assert.deepEqual(await target.lastPicture(), slow)
          await assertTalk(mine, target)
        }))

      it('refuses a picture whose session was replaced before anybody confirmed it', () =>
        withMade(make, suite, async (mine, target) => {
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
  const headers = { 'content-type': 'application/octet-stream', 'content-length': stream.length }
  const request = http.request(url + IMAGE, { method: 'POST', headers, agent: false })
  const answer = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', async (response) => {
      let text = ''
      for await (const part of response) text += part
      const { statusCode: status = 0, headers } = response
      resolve({ status, headers, text, json: JSON.parse(text) })
    })
  })
  request.write(stream.subarray(0, first))
  return { slow, finish: () => void request.end(stream.subarray(first)), answer }
}
