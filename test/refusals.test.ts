/** Every check on what comes over the wire: its code, and that a refused one changes nothing. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytesToHex, utf8ToBytes } from '../src/protocol/bytes.ts'
import { KeyPair, P256 } from '../src/protocol/curves.ts'
import type { ProtocolCode } from '../src/protocol/errors.ts'
import { Exchange, MAX_WAITING } from '../src/protocol/exchange.ts'
import { MAX_KEYS } from '../src/protocol/keyChain.ts'
import { encodeKeyMessage, type KeyForm, type MessageForm } from '../src/protocol/messages.ts'
import { publicKeyBytes, SUITES, type Suite } from '../src/protocol/suites.ts'
import { copy, pair, type WiredPeer } from './helpers/pair.ts'

/** Refused with `code`, and everything that can be seen of the peer is as it was. */
function refused(peer: WiredPeer, take: () => unknown, code: ProtocolCode): void {
  const before = seen(peer)
  assert.throws(take, { name: 'DuetError', code })
  assert.deepEqual(seen(peer), before)
}

function seen({ peer, events }: WiredPeer) {
  // what it says of this look is not a change
  const before = events.length
  const shown = peer.show()
  events.length = before
  const happened = events.filter(({ type }) => type !== 'identity changed')
  return copy({ shown, happened })
}

function flip(hex: string): string {
  const last = Number.parseInt(hex.slice(-1), 16) ^ 1
  return hex.slice(0, -1) + last.toString(16)
}

/** A key message of somebody new. */
function strangers(suite: Suite): KeyForm {
  return encodeKeyMessage(suite, new Exchange(suite, new KeyPair(suite.curve)).startKeys())
}

const pointsOf: Record<string, [string, string][]> = {
  X25519: [
    ['low order', '00'.repeat(32)],
    ['p + 9, which is 9', `f6${'ff'.repeat(30)}7f`],
    ['the top bit set', `09${'00'.repeat(30)}80`],
  ],
  'P-256': [
    ['off the curve', `04${'01'.repeat(64)}`],
    ['hybrid', `06${bytesToHex(P256.basePoint).slice(2)}`],
    ['zero', '00'.repeat(65)],
  ],
}

for (const suite of Object.values(SUITES)) {
  const others = Object.values(SUITES).filter(({ name }) => name !== suite.name)
  const digits = 2 * publicKeyBytes(suite)
  const head = digits - 2 * suite.curve.pointBytes

  describe(`a key message on ${suite.name}`, () => {
    type Row = [string, (form: KeyForm) => unknown, ProtocolCode]
    const rows: Row[] = [
      ['that is no object', () => [], 'bad_message'],
      ['without a public key', ({ publicKey: _, ...rest }) => rest, 'bad_message'],
      ['with an unknown field', (form) => ({ ...form, extra: 1 }), 'bad_message'],
      ['of version 1', (form) => ({ ...form, v: 1 }), 'bad_version'],
      ...others.map(
        ({ name }): Row => [`on ${name}`, (form) => ({ ...form, curve: name }), 'curve_mismatch'],
      ),
      ['in upper case', (form) => ({ ...form, publicKey: 'A'.repeat(digits) }), 'bad_encoding'],
      ['of a wrong length', (form) => ({ ...form, identity: '02'.repeat(33) }), 'bad_encoding'],
      [
        'with another base point',
        (form) => ({ ...form, basePoint: form.identity }),
        'bad_base_point',
      ],
      ...(pointsOf[suite.curve.name] ?? []).flatMap(([name, point]): Row[] => [
        [
          `with ${name} as public key`,
          (form) => ({ ...form, publicKey: form.publicKey.slice(0, head) + point }),
          'bad_point',
        ],
        [`with ${name} as identity`, (form) => ({ ...form, identity: point }), 'bad_point'],
      ]),
      [
        'whose identity is its public key',
        (form) => ({ ...form, identity: form.publicKey.slice(head) }),
        'bad_point',
      ],
    ]
    // the other checks read no key of the suite
    const onEach: ProtocolCode[] = ['curve_mismatch', 'bad_encoding', 'bad_base_point', 'bad_point']
    const isFirst = suite === SUITES.X25519
    for (const [name, change, code] of rows.filter((row) => isFirst || onEach.includes(row[2])))
      it(`${name} is ${code}`, async () => {
        const [a, b] = pair({ suite })
        await a.peer.sendKeys()
        refused(a, () => a.peer.receiveKeys(change(strangers(suite))), code)
        assert.notEqual((await b.peer.sendKeys()).session, null)
      })

    it('with one of our own keys is reflection', async () => {
      const [a, b] = pair({ suite })
      await a.peer.sendKeys()
      const ours = a.keysSent[0] as KeyForm
      const theirs = strangers(suite)
      refused(a, () => a.peer.receiveKeys(ours), 'reflection')
      refused(a, () => a.peer.receiveKeys({ ...theirs, identity: ours.identity }), 'reflection')
      refused(a, () => a.peer.receiveKeys({ ...theirs, publicKey: ours.publicKey }), 'reflection')
      await b.peer.sendKeys()
      const { confirm: _, ...used } = ours
      refused(a, () => a.peer.receiveKeys({ ...used, identity: theirs.identity }), 'reflection')
    })

    it('of another identity than the known one is identity_changed, and the terminal says what to do', async () => {
      const [a, b] = pair({ suite })
      await a.peer.sendKeys()
      await b.peer.sendKeys()
      const impostor = strangers(suite)
      refused(a, () => a.peer.receiveKeys(impostor), 'identity_changed')
      const told = a.events.at(-1)
      assert.equal(told?.type === 'identity changed' && told.toForget, 'start again.')
      assert.equal(
        told?.type === 'identity changed' && bytesToHex(told.identity),
        impostor.identity,
      )
    })

    it('that was used or replaced before is stale_keys, whatever it confirms', async () => {
      const [a, b] = pair({ suite })
      await b.peer.sendKeys()
      await b.peer.sendKeys()
      const replaced = b.keysSent[0] as KeyForm
      refused(a, () => a.peer.receiveKeys(replaced), 'stale_keys')
      await a.peer.sendKeys()
      refused(a, () => a.peer.receiveKeys(b.keysSent[1]), 'stale_keys')
    })

    it('that comes twice before it is used changes nothing', async () => {
      const [a, b] = pair({ suite })
      await b.peer.sendKeys()
      const before = a.peer.show()
      a.peer.receiveKeys(b.keysSent[0])
      assert.deepEqual(a.peer.show(), before)
      assert.notEqual((await a.peer.sendKeys()).session, null)
    })

    it('with a wrong tag for the candidate, the next candidate or the current session is confirm_failed', async () => {
      const lost = new Error('lost')
      let losing = false
      const [a, b] = pair({
        suite,
        intercept: () => {
          if (losing) throw lost
        },
      })
      const withWrongTag = (form: KeyForm) => {
        assert.ok(form.confirm)
        return { ...form, confirm: { ...form.confirm, tag: flip(form.confirm.tag) } }
      }
      // the next candidate: b's message never came, and is the first that a sees of it
      await a.peer.sendKeys()
      losing = true
      await assert.rejects(b.peer.sendKeys(), lost)
      const first = b.keysSent.at(-1) as KeyForm
      refused(a, () => a.peer.receiveKeys(withWrongTag(first)), 'confirm_failed')
      assert.ok(a.peer.receiveKeys(first).confirm)
      assert.notEqual(a.peer.show().session, null)
      // the current one, which b does not know that a has: its next message confirms its candidate
      await assert.rejects(b.peer.sendKeys(), lost)
      const current = a.peer.show().session?.id ?? ''
      const second = b.keysSent.at(-1) as KeyForm
      const wrong = { session: current, tag: 'ab'.repeat(32) }
      refused(a, () => a.peer.receiveKeys({ ...second, confirm: wrong }), 'confirm_failed')
      losing = false
      for (const { peer } of [a, b]) await peer.sendKeys()
      assert.deepEqual(a.peer.show().session, b.peer.show().session)
    })

    it('with a confirmation of any other session is taken without it', () => {
      const [a] = pair({ suite })
      const confirm = { session: '00'.repeat(16), tag: '00'.repeat(32) }
      assert.deepEqual(a.peer.receiveKeys({ ...strangers(suite), confirm }), { accepted: true })
    })

    it('is checked in the order of the specification', async () => {
      const [a, b] = pair({ suite })
      await a.peer.sendKeys()
      await b.peer.sendKeys()
      const bad = pointsOf[suite.curve.name]?.[0]?.[1] ?? ''
      const half = (a.keysSent[0] as KeyForm).publicKey.slice(0, head)
      const everything = {
        ...(a.keysSent[0] as KeyForm),
        v: 1,
        curve: 'secp256k1',
        basePoint: bad,
        publicKey: 'A'.repeat(digits),
        confirm: { session: a.peer.show().session?.id, tag: '00'.repeat(32) },
      }
      const impostor = strangers(suite)
      const mended: [ProtocolCode, object][] = [
        ['bad_version', { v: 2 }],
        ['curve_mismatch', { curve: suite.name }],
        ['bad_encoding', { publicKey: half + bad }],
        ['bad_base_point', { basePoint: bytesToHex(suite.curve.basePoint) }],
        ['bad_point', { publicKey: impostor.publicKey }],
        ['reflection', { identity: impostor.identity }],
        [
          'identity_changed',
          { identity: b.keysSent[0]?.identity, publicKey: b.keysSent[0]?.publicKey },
        ],
        ['stale_keys', { publicKey: impostor.publicKey }],
        ['confirm_failed', { confirm: undefined }],
      ]
      let form: object = everything
      for (const [code, mend] of mended) {
        refused(a, () => a.peer.receiveKeys(form), code)
        form = { ...form, ...mend }
      }
      assert.equal(a.peer.receiveKeys(copy(form)).accepted, true)
    })
  })
}

describe('a message', () => {
  const suite = SUITES.X25519
  async function talking(): Promise<[WiredPeer, WiredPeer, MessageForm]> {
    let losing = false
    const [a, b] = pair({
      suite,
      intercept: () => {
        if (losing) throw new Error('lost')
      },
    })
    await a.peer.sendKeys()
    await b.peer.sendKeys()
    losing = true
    await assert.rejects(a.peer.sendMessage(utf8ToBytes('hello')), /lost/)
    losing = false
    return [a, b, a.messagesSent[0] as MessageForm]
  }

  const rows: [string, (form: MessageForm) => unknown, ProtocolCode][] = [
    ['that is no object', () => 'hello', 'bad_message'],
    ['without a sequence number', ({ seq: _, ...rest }) => rest, 'bad_message'],
    ['with a negative one', (form) => ({ ...form, seq: -1 }), 'bad_message'],
    ['with an unknown field', (form) => ({ ...form, text: 'hello' }), 'bad_message'],
    ['of version 1', (form) => ({ ...form, v: 1 }), 'bad_version'],
    ['that is shorter than a tag', (form) => ({ ...form, ciphertext: '00' }), 'bad_encoding'],
    ['of an unknown session', (form) => ({ ...form, session: '00'.repeat(16) }), 'unknown_session'],
    ['beyond the last', (form) => ({ ...form, seq: MAX_KEYS }), 'rekey_required'],
    ['1,025 beyond the next', (form) => ({ ...form, seq: 1_025 }), 'too_far_ahead'],
    [
      'with one bit changed',
      (form) => ({ ...form, ciphertext: flip(form.ciphertext) }),
      'decrypt_failed',
    ],
    ['under another number', (form) => ({ ...form, seq: 1 }), 'decrypt_failed'],
  ]
  for (const [name, change, code] of rows)
    it(`${name} is ${code}`, async () => {
      const [, b, form] = await talking()
      refused(b, () => b.peer.receiveMessage(change(form)), code)
      assert.deepEqual(b.peer.receiveMessage(form), { accepted: true, missing: 0 })
      assert.deepEqual(b.peer.decryptMessages(), { decrypted: 1 })
    })

  it('that came before is replay, read or not', async () => {
    const [, b, form] = await talking()
    b.peer.receiveMessage(form)
    refused(b, () => b.peer.receiveMessage(form), 'replay')
    b.peer.decryptMessages()
    refused(b, () => b.peer.receiveMessage(form), 'replay')
  })

  it('that comes after a later one is replay, and the later one says what is missing', async () => {
    const [a, b, first] = await talking()
    await a.peer.sendMessage(utf8ToBytes('second'))
    const received = b.events.at(-1)
    assert.equal(received?.type === 'message received' && received.missing, 1)
    refused(b, () => b.peer.receiveMessage(first), 'replay')
  })

  it('from the receiver itself does not open', async () => {
    const [a, , form] = await talking()
    refused(a, () => a.peer.receiveMessage(form), 'decrypt_failed')
  })

  it('that finds the inbox full is inbox_full, and arrives when there is room', async () => {
    const [a, b] = await talking()
    for (let i = 0; i < MAX_WAITING; i++) await a.peer.sendMessage(utf8ToBytes(`${i}`))
    await assert.rejects(a.peer.sendMessage(utf8ToBytes('one more')), { code: 'inbox_full' })
    const oneMore = a.messagesSent.at(-1)
    refused(b, () => b.peer.receiveMessage(oneMore), 'inbox_full')
    assert.deepEqual(b.peer.decryptMessages(), { decrypted: MAX_WAITING })
    assert.deepEqual(b.peer.receiveMessage(oneMore), { accepted: true, missing: 0 })
  })

  it('that is not UTF-8 is bad_text, and its number stays free', () => {
    const side = () => new Exchange(suite, new KeyPair(suite.curve))
    const [a, b] = [side(), side()]
    b.receiveKeys(a.startKeys())
    a.receiveKeys(b.startKeys())
    const current = a.current
    assert.ok(current)
    const message = current.seal(Uint8Array.of(0xff))
    assert.throws(() => b.receiveMessage(message), { code: 'bad_text' })
    // what does not hold a text does not complete an exchange either
    assert.deepEqual([b.current, b.waiting.length, b.state], [null, 0, 'agreed'])
  })
})
