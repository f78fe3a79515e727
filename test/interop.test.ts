/** The program against a second implementation that has nothing in common with it but the specification. */

import assert from 'node:assert/strict'
import { createCipheriv, hkdfSync } from 'node:crypto'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { launch } from '../src/launch.ts'
import { CURVES } from '../src/protocol/curves.ts'
import { forgetful } from '../src/state/memory.ts'
import { createTerminal } from '../src/terminal.ts'
import { type Answer, call, post } from './helpers/call.ts'
import {
  type Curve,
  INDEPENDENT_CURVES,
  IndependentPeer,
  keyForm,
  keyPair,
  messageForm,
  Session,
  safetyNumber,
} from './helpers/independent-peer.ts'
import { assertProblem } from './helpers/problem.ts'
import { linesOf, secretsOf } from './helpers/with-peers.ts'

const specification = fs.readFileSync(new URL('../src/protocol/README.md', import.meta.url), 'utf8')

/** The lines `name = value` of the worked example on a curve. */
function exampleOn({ name }: Curve): Record<string, string> {
  const [, block = ''] = specification.split(`\n### ${name}\n\n\`\`\`\n`)
  const lines = block.slice(0, block.indexOf('\n```')).split('\n')
  return Object.fromEntries(lines.map((line) => line.split(/ = (.*)/, 2)))
}

/** The same lines, computed by the independent peer from the private keys and the text. */
function computed(curve: Curve, given: Record<string, string>): Record<string, string> {
  const pair = (name: string) => keyPair(curve, Buffer.from(given[name] ?? '', 'hex'))
  const [id1, e1] = [pair('identity private key 1'), pair('ephemeral private key 1')]
  const [id2, e2] = [pair('identity private key 2'), pair('ephemeral private key 2')]
  const two = { identity: id2.publicKey, publicKey: e2.publicKey }
  const session = new Session(curve, id1, e1, two)
  const other = new Session(curve, id2, e2, session.own)
  assert.deepEqual([session.party, other.party], [1, 2])
  const text = given['text'] ?? ''
  const message = session.seal(Buffer.from(text))
  assert.equal(other.open(message).toString(), text)
  const [, nonce, data] = session.parameters(1, 0)
  const values: Record<string, Buffer | string> = {
    'identity private key 1': id1.privateKey,
    'identity 1': id1.publicKey,
    'ephemeral private key 1': e1.privateKey,
    'public key 1': e1.publicKey,
    'identity private key 2': id2.privateKey,
    'identity 2': id2.publicKey,
    'ephemeral private key 2': e2.privateKey,
    'public key 2': e2.publicKey,
    s1: session.shares[0],
    s2: session.shares[1],
    T: session.transcript,
    'session id': session.id,
    'DH(e1, e2)': session.secrets[0],
    'DH(id1, e2)': session.secrets[1],
    'DH(e1, id2)': session.secrets[2],
    'HKDF pseudorandom key': session.pseudorandomKey,
    'K("key 1>2", 32)': session.key('key 1>2', 32),
    'K("key 2>1", 32)': session.key('key 2>1', 32),
    'K("iv 1>2", 12)': session.key('iv 1>2', 12),
    'K("iv 2>1", 12)': session.key('iv 2>1', 12),
    'K("file 1>2", 32)': session.key('file 1>2', 32),
    'K("file 2>1", 32)': session.key('file 2>1', 32),
    'K("confirm 1", 32)': session.key('confirm 1', 32),
    'K("confirm 2", 32)': session.key('confirm 2', 32),
    'confirm tag of party 1': session.tag(1),
    'confirm tag of party 2': session.tag(2),
    'key message of party 2': JSON.stringify(keyForm(curve, two, other.confirm)),
    text,
    nonce,
    'associated data': data,
    ciphertext: message.ciphertext,
    message: JSON.stringify(messageForm(message)),
    ...computedPicture(session, given),
    'safety number': safetyNumber(curve, [id1.publicKey, id2.publicKey]),
  }
  const hex = (value: Buffer | string) =>
    typeof value === 'string' ? value : value.toString('hex')
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, hex(value)]))
}

/** The example's picture, which is one chunk, sealed by party 1. */
function computedPicture(
  session: Session,
  given: Record<string, string>,
): Record<string, Buffer | string> {
  const [picture, salt] = [given['picture'], given['salt']].map((hex) =>
    Buffer.from(hex ?? '', 'hex'),
  )
  assert.ok(picture && salt)
  const name = given['picture name'] ?? ''
  const info = Buffer.concat([Buffer.from('duet/1 stream'), session.id])
  const key = Buffer.from(hkdfSync('sha256', session.key('file 1>2', 32), salt, info, 32))
  const metadata = Buffer.from(JSON.stringify({ type: 'image/gif', bytes: picture.length, name }))
  const length = Buffer.alloc(2)
  length.writeUInt16BE(metadata.length)
  const nonce = Buffer.alloc(12)
  nonce[11] = 1
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  const sealed = [cipher.update(Buffer.concat([length, metadata, picture])), cipher.final()]
  const parts = [Buffer.from('DUET1'), session.id, salt, ...sealed, cipher.getAuthTag()]
  return { picture, 'picture name': name, salt, 'stream key': key, stream: Buffer.concat(parts) }
}

/** Sends `url`, the other peer of `mine`, all that it has to refuse, between two good messages. */
async function refusesAll(
  curve: Curve,
  mine: IndependentPeer,
  url: string,
  check: (answer: Answer, code: string) => void,
): Promise<void> {
  const { current } = mine
  assert.ok(current)
  const seal = (text: string) => messageForm(current.seal(Buffer.from(text)))
  const [taken, next] = [seal('taken'), seal('next')]
  const takes = async (message: MessageForm) =>
    assert.equal((await post(`${url}/wire/message`, message)).text.includes('accepted'), true)
  await takes(taken)
  for (const [code, path, body] of [
    ...refusedKeys(curve, current),
    ...refusedMessages(taken, next),
  ])
    check(await post(url + path, body), code)
  await takes(next)
}

/** The program's own peer, by its owner's routes. */
class RealPeer {
  url = ''
  readonly #memory: ReturnType<typeof forgetful>
  #launched: Awaited<ReturnType<typeof launch>> | undefined
  #output = ''

  constructor(curve: Curve) {
    const known = Object.values(CURVES).find(({ name }) => name === curve.name)
    assert.ok(known)
    let knownIdentity: Uint8Array | null = null
    this.#memory = {
      ...forgetful(known),
      get knownIdentity() {
        return knownIdentity
      },
      remember: (identity: Uint8Array) => {
        knownIdentity = identity
      },
    }
  }

  /** Starts it, or starts it again with the same memory on another port. */
  async start(mine: IndependentPeer): Promise<void> {
    const write = (text: string) => {
      this.#output += text
    }
    this.#launched = await launch({
      plans: [{ host: '127.0.0.1', port: 0, peerUrl: mine.url }],
      openMemory: () => this.#memory,
      terminal: createTerminal({ output: { write }, showsSecrets: true }),
      showsSecrets: true,
    })
    this.url = mine.peerUrl = `http://127.0.0.1:${this.#launched.ports[0]}`
  }

  async stop(): Promise<void> {
    await this.#launched?.close()
  }

  sendKeys(): Promise<Answer> {
    return call(`${this.url}/send_keys`)
  }

  sendMessage(text: string): Promise<Answer> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = new URLSearchParams({ text }).toString()
    return call(`${this.url}/send_msg`, { method: 'POST', headers, body })
  }

  async readMessages(): Promise<string[]> {
    const { decrypted } = (await call(`${this.url}/decrypt_msg`)).json
    // an empty text leaves the label alone
    return this.#secrets()
      .slice(-decrypted)
      .map((line) => line.replace(/^● {2}SECRET .*/, ''))
  }

  /** Session, shared secret and safety number; the second is told to its terminal alone. */
  async show(): Promise<{ id: string; secret: string | undefined; number: string }> {
    const { session, safetyNumber } = (await call(`${this.url}/show`)).json
    return { id: session?.id, secret: this.#secrets().at(-1), number: safetyNumber }
  }

  #secrets(): string[] {
    return secretsOf(linesOf(this.#output, Number(new URL(this.url).port)))
  }
}

async function withBoth(
  curve: Curve,
  run: (mine: IndependentPeer, real: RealPeer) => Promise<void>,
): Promise<void> {
  const [mine, real] = [new IndependentPeer(curve), new RealPeer(curve)]
  await mine.listen()
  try {
    await real.start(mine)
    await run(mine, real)
  } finally {
    await real.stop()
    await mine.close()
  }
}

/** Fails unless both have the same session, and can talk. Returns the session's id. */
async function assertAgreed(mine: IndependentPeer, real: RealPeer): Promise<string> {
  const { current } = mine
  assert.ok(current)
  const id = current.id.toString('hex')
  const secret = current.secrets[0].toString('hex')
  assert.deepEqual(await real.show(), { id, secret, number: mine.safetyNumber() })
  for (const text of [`to ${id}`, 'Grüße, 世界 👋', '']) {
    assert.equal(await mine.sendMessage(text), 0)
    assert.equal((await real.sendMessage(text)).status, 201)
    assert.deepEqual(await real.readMessages(), [text])
    assert.deepEqual(mine.readMessages(), [text])
  }
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

function strangers(curve: Curve) {
  const [identity, publicKey] = [keyPair(curve).publicKey, keyPair(curve).publicKey]
  return keyForm(curve, { identity, publicKey })
}

function flip(hex: string): string {
  return hex.slice(0, -1) + (Number.parseInt(hex.slice(-1), 16) ^ 1).toString(16)
}

/** Low order, not canonical, and what is no point. */
const BAD_POINTS: Record<string, string[]> = {
  X25519: ['00'.repeat(32), `f6${'ff'.repeat(30)}7f`, `09${'00'.repeat(30)}80`],
  'P-256': [
    `04${'00'.repeat(64)}`,
    // the point whose x is 5, with 5 + the field's prime
    '04ffffffff00000001000000000000000000000001000000000000000000000004' +
      '459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc',
    `04${'01'.repeat(64)}`,
  ],
}

type Refused = [code: string, path: string, body: object]

function refusedKeys(curve: Curve, { own, theirs, confirm }: Session): Refused[] {
  const fresh = { ...own, publicKey: keyPair(curve).publicKey }
  const keys = keyForm(curve, fresh)
  const wrong = { ...confirm, tag: Buffer.from(flip(confirm.tag.toString('hex')), 'hex') }
  const upper = keys.publicKey.replace(/[a-f]/, (digit) => digit.toUpperCase())
  const rows: [string, object][] = [
    ['bad_version', { ...keys, v: 2 }],
    ['bad_message', { ...keys, more: 0 }],
    ['curve_mismatch', { ...keys, curve: curve.name === 'P-256' ? 'X25519' : 'P-256' }],
    ['bad_encoding', { ...keys, publicKey: upper }],
    ['bad_base_point', { ...keys, basePoint: keys.publicKey }],
    ...(BAD_POINTS[curve.name] ?? []).flatMap((point): [string, object][] => [
      ['bad_point', { ...keys, identity: point }],
      ['bad_point', { ...keys, publicKey: point }],
    ]),
    ['bad_point', { ...keys, publicKey: keys.identity }],
    ['reflection', keyForm(curve, theirs)],
    ['reflection', keyForm(curve, { ...fresh, identity: theirs.identity })],
    ['reflection', keyForm(curve, { ...fresh, publicKey: theirs.publicKey })],
    ['identity_changed', strangers(curve)],
    ['stale_keys', keyForm(curve, own, confirm)],
    ['confirm_failed', keyForm(curve, fresh, wrong)],
  ]
  return rows.map(([code, body]) => [code, '/wire/keys', body])
}

type MessageForm = ReturnType<typeof messageForm>

/** `taken` was accepted; `next` would be. */
function refusedMessages(taken: MessageForm, next: MessageForm): Refused[] {
  const rows: [string, object][] = [
    ['bad_version', { ...next, v: 2 }],
    ['bad_message', { ...next, seq: '1' }],
    ['bad_encoding', { ...next, ciphertext: next.ciphertext.toUpperCase() }],
    ['unknown_session', { ...next, session: flip(next.session) }],
    ['rekey_required', { ...next, seq: 2 ** 20 }],
    ['replay', taken],
    ['decrypt_failed', { ...next, ciphertext: flip(next.ciphertext) }],
    ['decrypt_failed', { ...next, seq: 2 }],
  ]
  return rows.map(([code, body]) => [code, '/wire/message', body])
}

for (const curve of INDEPENDENT_CURVES) {
  describe(`the independent peer on ${curve.name}`, () => {
    it('computes every value of the worked example', () => {
      const example = exampleOn(curve)
      assert.deepEqual(computed(curve, example), example)
    })

    it('refuses what the specification says', async () => {
      const [a, b] = [new IndependentPeer(curve), new IndependentPeer(curve)]
      try {
        await Promise.all([a.listen(), b.listen()])
        a.peerUrl = b.url
        b.peerUrl = a.url
        await a.sendKeys()
        await b.sendKeys()
        await refusesAll(curve, a, b.url, ({ json }, code) => assert.equal(json.code, code))
        assert.deepEqual(b.readMessages(), ['taken', 'next'])
      } finally {
        await Promise.all([a.close(), b.close()])
      }
    })
  })

  describe(`the program and the independent peer on ${curve.name}`, () => {
    it('agree when the program starts', () =>
      withBoth(curve, async (mine, real) => {
        await real.sendKeys()
        await mine.sendKeys()
        await assertAgreed(mine, real)
      }))

    it('agree when the other one starts, and again after that', () =>
      withBoth(curve, async (mine, real) => {
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
      withBoth(curve, async (mine, real) => {
        for (let i = 0; i < 3; i++) {
          await Promise.all(
            i % 2 ? [mine.sendKeys(), real.sendKeys()] : [real.sendKeys(), mine.sendKeys()],
          )
          await assertAgreed(mine, real)
        }
      }))

    for (const [whose, held] of [
      ['the program', 'request in'],
      ['the other one', 'request out'],
    ] as const)
      it(`agree when an answer overtakes the keys of ${whose}`, () =>
        withBoth(curve, async (mine, real) => {
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

    it('take messages that were under way while they agreed anew', () =>
      withBoth(curve, async (mine, real) => {
        await mine.sendKeys()
        await real.sendKeys()
        const before = await assertAgreed(mine, real)
        const [incoming, outgoing] = [door(), door()]
        mine.passing = (moment, path) => {
          const isHeld = path === '/wire/message' && moment.startsWith('request')
          return isHeld ? (moment === 'request in' ? incoming : outgoing).pass() : undefined
        }
        const late = [mine.sendMessage('from mine'), real.sendMessage('from real')]
        await Promise.all([incoming.waits, outgoing.waits])
        await real.sendKeys()
        await mine.sendKeys()
        incoming.open()
        outgoing.open()
        await Promise.all(late)
        assert.deepEqual(mine.readMessages(), ['from real'])
        assert.deepEqual(await real.readMessages(), ['from mine'])
        assert.notEqual(await assertAgreed(mine, real), before)
      }))

    for (const [whose, lost] of [
      ['the program', 'answer out'],
      ['the other one', 'answer in'],
    ] as const)
      it(`agree by a message when ${whose} has not got the answer`, () =>
        withBoth(curve, async (mine, real) => {
          await (lost === 'answer out' ? mine : real).sendKeys()
          mine.passing = (moment) => {
            if (moment === lost) throw new Error('lost')
          }
          if (lost === 'answer out') {
            assertProblem(await real.sendKeys(), 'peer_unreachable')
            assertProblem(await real.sendMessage('too early'), 'no_session')
            mine.passing = () => {}
            await mine.sendMessage('completes it')
          } else {
            await assert.rejects(mine.sendKeys(), /lost/)
            await assert.rejects(mine.sendMessage('too early'), { code: 'no_session' })
            mine.passing = () => {}
            await real.sendMessage('completes it')
          }
          const read = lost === 'answer out' ? await real.readMessages() : mine.readMessages()
          assert.deepEqual(read, ['completes it'])
          await assertAgreed(mine, real)
        }))

    it('agree again after either was restarted, and know each other', () =>
      withBoth(curve, async (mine, real) => {
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
        assertProblem(await post(`${real.url}/wire/keys`, strangers(curve)), 'identity_changed')
        await real.sendKeys()
        await mine.sendKeys()
        await assertAgreed(mine, real)
        assert.equal(mine.safetyNumber(), known)
      }))

    it('go on after everything that the specification has refused', () =>
      withBoth(curve, async (mine, real) => {
        await mine.sendKeys()
        await real.sendKeys()
        await refusesAll(curve, mine, real.url, assertProblem)
        assert.deepEqual(await real.readMessages(), ['taken', 'next'])
        await assertAgreed(mine, real)
      }))
  })
}
