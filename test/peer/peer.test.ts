/** A peer without a socket: turns, the hour, what it remembers, and what it shows of itself. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import { bytesToHex, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import { encodeKeyMessage } from '../../src/protocol/messages.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { type PairOptions, pair } from '../helpers/pair.ts'
import { PicturesInMemory } from '../helpers/pictures.ts'

const HOUR = 60 * 60 * 1000

/** Two that have agreed on keys. */
async function agreed(options: Partial<PairOptions> = {}) {
  const [a, b] = pair({ suite: SUITES.X25519, ...options })
  await a.peer.sendKeys()
  assert.notEqual((await b.peer.sendKeys()).session, null)
  return [a, b] as const
}

describe('a peer', () => {
  it('keeps the shared secrets for /show, and none of them where it prints no secrets', async () => {
    for (const suite of [SUITES.X25519, SUITES.X25519MLKEM768])
      for (const showsSecrets of [true, false]) {
        for (const { peer, events } of await agreed({ suite, showsSecrets })) {
          peer.show()
          const secrets = events.flatMap((event) =>
            event.type === 'shared secret' || event.type === 'KEM secret' ? [event.SECRET] : [],
          )
          assert.equal(secrets.length, suite.kem === null ? 1 : 2)
          for (const secret of secrets)
            assert.equal(
              secret.some((byte) => byte !== 0),
              showsSecrets,
            )
        }
      }
  })

  it('sends its keys one after another, however often it is asked', async () => {
    let underWay = 0
    let most = 0
    const [a, b] = pair({
      suite: SUITES.X25519,
      intercept: () => {
        most = Math.max(most, ++underWay)
        queueMicrotask(() => underWay--)
      },
    })
    await Promise.all(Array.from({ length: 8 }, () => a.peer.sendKeys()))
    assert.deepEqual([most, a.keysSent.length], [1, 8])
    assert.notEqual((await b.peer.sendKeys()).session, null)
  })

  it('does not take a session for gone that came about while the answer to its keys was on its way', async () => {
    let answers = 0
    let release = () => {}
    const late = new Promise<void>((resolve) => {
      release = resolve
    })
    // the second delay of the first one's keys is that of the answer
    const delay = async (port: number) => {
      if (port === 5000 && ++answers === 2) await late
    }
    const [a, b] = pair({ suite: SUITES.X25519, delay })
    const sending = a.peer.sendKeys()
    await setImmediate()
    const { session } = await b.peer.sendKeys()
    release()
    assert.equal((await sending).session, session)
    assert.deepEqual(
      a.events.filter(({ type }) => type === 'session gone'),
      [],
    )
  })

  it('goes on with the next one when one has failed', async () => {
    const [a, b] = pair({ suite: SUITES.X25519 })
    a.loses = 'connections'
    await assert.rejects(a.peer.sendKeys(), { code: 'peer_unreachable' })
    a.loses = 'nothing'
    await a.peer.sendKeys()
    assert.notEqual((await b.peer.sendKeys()).session, null)
  })

  it('uses a number once even if nothing of its message was sent, and the receiver learns of the gap', async () => {
    const [a, b] = await agreed()
    a.loses = 'connections'
    await assert.rejects(a.peer.sendMessage(), { code: 'peer_unreachable' })
    assert.equal(a.peer.publicState().inDoubt, null)
    a.loses = 'nothing'
    assert.equal((await a.peer.sendMessage()).seq, 1)
    const last = b.events.at(-1)
    assert.deepEqual(last?.type === 'message received' && [last.seq, last.missing], [1, 1])
  })

  it("erases a picture's key once it was sent, or was not asked for at all", async (t) => {
    const [a] = await agreed()
    const begin = t.mock.method(Exchange.prototype, 'sendPicture')
    await a.peer.sendPicture()
    a.loses = 'connections'
    await assert.rejects(a.peer.sendPicture(), { code: 'peer_unreachable' })
    await setImmediate()
    const keys = begin.mock.calls.map(({ result }) => result?.key)
    assert.deepEqual(keys, [new Uint8Array(32), new Uint8Array(32)])
  })

  it('erases a private key that was not confirmed within an hour, and says so', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const [a, b] = pair({ suite: SUITES.X25519 })
    await a.peer.sendKeys()
    t.mock.timers.tick(HOUR - 1)
    const expired = () => a.events.some(({ type }) => type === 'keys expired')
    assert.equal(expired(), false)
    const { publicKey } = a.peer.show()
    t.mock.timers.tick(1)
    assert.equal(expired(), true)
    assert.equal(a.peer.show().publicKey, publicKey, 'the public half stays shown')
    // b still has the share; without the private key nothing comes of it
    assert.equal((await b.peer.sendKeys()).session, null)
    assert.notEqual((await a.peer.sendKeys()).session, null)
    t.mock.timers.tick(HOUR)
    assert.notEqual(a.peer.show().session, null, 'what was confirmed stays')
  })

  it('erases one, too, that is made as soon as a picture has confirmed the one before', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const pictures = new PicturesInMemory()
    const [a, b] = pair({ suite: SUITES.X25519, openPictures: () => pictures })
    await a.peer.sendKeys()
    b.loses = 'answers'
    await assert.rejects(b.peer.sendKeys(), { code: 'peer_timeout' })
    b.loses = 'nothing'
    const create = pictures.create.bind(pictures)
    let sent: Promise<unknown> | undefined
    pictures.create = async () => {
      const draft = await create()
      const keep = () => {
        sent = b.peer.sendKeys().catch(() => {})
        return draft.keep()
      }
      return { ...draft, keep }
    }
    await a.peer.sendPicture()
    await sent
    const types = b.events.map(({ type }) => type)
    assert.ok(types.indexOf('keys confirmed') < types.lastIndexOf('keys sent'), String(types))
    t.mock.timers.tick(HOUR)
    assert.equal(b.events.at(-1)?.type, 'keys expired')
  })

  it('remembers the other one when keys were confirmed for the first time', async () => {
    const [a, b] = pair({ suite: SUITES.X25519 })
    await a.peer.sendKeys()
    assert.deepEqual([a.remembered, b.remembered], [[], []])
    for (const { peer } of [b, a, b]) await peer.sendKeys()
    assert.deepEqual(a.remembered, [b.identity.publicKey])
    assert.deepEqual(b.remembered, [a.identity.publicKey])
  })

  it('has a good session even if it could not write down who the other one is', async () => {
    const [a, b] = pair({ suite: SUITES.X25519 })
    a.remembered.push = () => {
      throw new Error('ENOSPC')
    }
    await a.peer.sendKeys()
    assert.notEqual((await b.peer.sendKeys()).session, null)
    assert.ok(a.events.some(({ type }) => type === 'not remembered'))
    assert.notEqual(a.peer.show().session, null)
  })

  it('reports nothing of what it refuses, but another identity, and then how to forget the known one', async () => {
    const suite = SUITES.X25519
    const [a, b] = await agreed({ suite })
    await a.peer.sendMessage()
    const count = b.events.length
    const [keys] = a.keysSent
    assert.throws(() => b.peer.receiveKeys({ ...keys, v: 1 }), { code: 'bad_version' })
    assert.throws(() => b.peer.receiveKeys(keys), { code: 'stale_keys' })
    assert.throws(() => b.peer.receiveMessage(a.messagesSent[0]), { code: 'replay' })
    assert.equal(b.events.length, count)
    const identity = new KeyPair(suite.curve)
    const impostor = encodeKeyMessage(suite, new Exchange(suite, identity).startKeys())
    assert.throws(() => b.peer.receiveKeys(impostor), { code: 'identity_changed' })
    const { type, ...told } = b.events.at(-1) ?? assert.fail()
    assert.equal(type, 'identity changed')
    const { publicKey } = identity
    const place = 'kept nowhere'
    assert.deepEqual(told, { identity: publicKey, place, toForget: 'start again.' })
    assert.equal(b.events.length, count + 1)
  })

  it('shows every field always, null where there is nothing yet', () => {
    const [a] = pair({ suite: SUITES.X25519 })
    const { identity, basePoint } = a.peer.show()
    assert.deepEqual(a.peer.show(), {
      port: 5000,
      curve: 'X25519',
      basePoint,
      publicKey: null,
      identity,
      safetyNumber: null,
      peer: {
        url: 'http://127.0.0.1:5001',
        basePoint: null,
        publicKey: null,
        identity: null,
        known: false,
        compared: null,
      },
      session: null,
      inDoubt: null,
      waiting: [],
      image: null,
    })
  })

  it('shows what waits as ciphertext, and counts what went and came', async () => {
    const [a, b] = await agreed()
    for (const text of ['one', 'two']) await a.peer.sendMessage(utf8ToBytes(text))
    const id = a.messagesSent[0]?.session
    assert.deepEqual(b.peer.show().session, { id, sent: 0, received: 2 })
    assert.deepEqual(a.peer.show().session, { id, sent: 2, received: 0 })
    assert.deepEqual(
      b.peer.show().waiting,
      a.messagesSent.map(({ session, seq, ciphertext }) => ({ session, seq, ciphertext })),
    )
    assert.deepEqual(b.peer.decryptMessages(), { decrypted: 2 })
    assert.deepEqual(b.peer.show().waiting, [])
  })

  it('shows no secret to whoever prints the object', async () => {
    const [a] = await agreed()
    a.peer.show()
    const shared = a.events.find((event) => event.type === 'shared secret')
    assert.ok(shared)
    for (const text of [inspect(a.peer, { depth: 9, showHidden: true }), JSON.stringify(a.peer)]) {
      assert.equal(text.includes(bytesToHex(shared.SECRET)), false)
      assert.equal(text.includes([...shared.SECRET].join(', ')), false)
      assert.equal(text.includes(bytesToHex(a.identity.exportPrivateKey())), false)
    }
  })
})
