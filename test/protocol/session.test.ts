/** A session: what both sides derive, seal, open, and when they refuse. `specification.test.ts` has its exact values. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { KeyPair } from '../../src/protocol/curves.ts'
import { KeyChain } from '../../src/protocol/keyChain.ts'
import type { SealedMessage } from '../../src/protocol/messages.ts'
import { Session } from '../../src/protocol/session.ts'
import { EphemeralKeys, publicKeyBytes, SUITES, type Suite } from '../../src/protocol/suites.ts'
import { recordValues } from '../helpers/hashed.ts'
import { refuses } from '../helpers/refuses.ts'
import { hides } from '../helpers/secrecy.ts'
import { countBy, flipped, hex, toHex, wycheproof } from '../helpers/vectors.ts'
import { CHACHA20_POLY1305 } from '../vectors/rfc8439.ts'

const HYBRID = SUITES.X25519MLKEM768

const utf8 = (text: string) => Uint8Array.from(Buffer.from(text))
const HELLO = utf8('Hello, Bob')
const ZEROS = new Uint8Array(32)

/** The keys of one side, and what it shares. */
function side(suite: Suite) {
  const [identity, ephemeral] = [new KeyPair(suite.curve), new EphemeralKeys(suite)]
  const share = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
  return { identity, ephemeral, share }
}

/** One exchange: the sessions of its two sides, not promoted. The ciphertext is b's, on a suite with a KEM. */
function derive(suite: Suite = SUITES.X25519) {
  const [one, two] = [side(suite), side(suite)]
  const b = new Session(two.identity, two.ephemeral, one.share)
  const a = new Session(one.identity, one.ephemeral, two.share, b.confirm.ciphertext)
  return { a, b, sides: [one, two] }
}

/** The same, with both sides promoted. */
function agreed(suite?: Suite) {
  const sides = derive(suite)
  sides.a.promote()
  sides.b.promote()
  return sides
}

/** The text of a message, which is not counted. */
const opened = (session: Session, message: SealedMessage) => session.receive(message).open()

/** Receives as a peer does: opens, then counts. Returns the text, and how many are missing. */
const receive = (session: Session, message: SealedMessage) =>
  [opened(session, message), session.accept(message)] as const

describe('ChaCha20-Poly1305 as the session uses it', () => {
  it('seals and opens the value of RFC 8439 section 2.8.2', () => {
    const { key, nonce, aad, plaintext, ciphertext, tag } = CHACHA20_POLY1305
    const aead = () => chacha20poly1305(hex(key), hex(nonce), hex(aad))
    assert.equal(toHex(aead().encrypt(utf8(plaintext))), ciphertext + tag)
    assert.equal(toHex(aead().decrypt(hex(ciphertext + tag))), toHex(utf8(plaintext)))
  })

  const { skip, cases } = wycheproof<Record<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag', string>>(
    'chacha20_poly1305_test.json',
  )
  it('agrees with every case of Wycheproof', { skip }, () => {
    const counts = countBy(cases, (each) => {
      const { tcId, result, msg, ct, tag } = each
      const aead = () => chacha20poly1305(hex(each.key), hex(each.iv), hex(each.aad))
      const where = `case ${tcId}`
      if (result === 'valid') {
        assert.equal(toHex(aead().encrypt(hex(msg))), ct + tag, where)
        assert.equal(toHex(aead().decrypt(hex(ct + tag))), msg, where)
        return 'agrees'
      }
      assert.throws(() => aead().decrypt(hex(ct + tag)), where)
      if (each.flags.includes('InvalidNonceSize')) {
        assert.throws(() => aead().encrypt(hex(msg)), where)
        return 'refused, size of nonce'
      }
      const sealed = toHex(aead().encrypt(hex(msg)))
      assert.ok(sealed.startsWith(ct) && sealed !== ct + tag, where)
      return 'refused, tag'
    })
    assert.deepEqual(counts, { agrees: 256, 'refused, size of nonce': 9, 'refused, tag': 60 })
  })
})

for (const suite of Object.values(SUITES)) {
  const { name, kem, curve } = suite

  describe(`a session on ${name}`, () => {
    it('has one id, the same secrets and the two parties on its two sides, and one ciphertext', () => {
      const { a, b } = derive(suite)
      assert.deepEqual(a.id, b.id)
      assert.equal(a.party + b.party, 3)
      assert.deepEqual(a.exportSharedSecrets(), b.exportSharedSecrets())
      assert.equal(b.peerCiphertext, null)
      assert.deepEqual(a.peerCiphertext, b.confirm.ciphertext ?? null)
      assert.equal(b.confirm.ciphertext?.length, kem?.ciphertextBytes)
    })

    it("is proven by the other side's confirmation, and not by its own or parts of either", () => {
      const { a, b } = derive(suite)
      assert.ok(a.isProvenBy(b.confirm) && b.isProvenBy(a.confirm))
      assert.ok(!a.isProvenBy(a.confirm) && !b.isProvenBy(b.confirm))
      assert.ok(!a.isProvenBy({ ...b.confirm, tag: a.confirm.tag }))
      assert.ok(!b.isProvenBy({ ...a.confirm, tag: b.confirm.tag }))
      // where its sender made no ciphertext, there is no place for one
      const ciphertext = b.confirm.ciphertext ?? new Uint8Array(1088)
      assert.ok(!b.isProvenBy({ ...a.confirm, ciphertext }))
    })

    it('seals texts and pictures that the other side opens, both ways', () => {
      const { a, b } = agreed(suite)
      for (const [sender, receiver] of [
        [a, b],
        [b, a],
      ] as const) {
        for (const text of ['', 'ñandú ☃ 🦉', 'x'.repeat(16 * 1024)])
          assert.deepEqual(receive(receiver, sender.seal(utf8(text))), [utf8(text), 0])
        for (const number of [0, 1, 2]) {
          const { header, key } = sender.sealPicture()
          assert.deepEqual(header, { session: sender.id, number })
          // the one in the middle never arrives
          if (number === 1) continue
          assert.deepEqual(receiver.pictureKey(number), key)
          receiver.acceptPicture(number)
        }
      }
    })

    it('refuses a share whose points are bad', () => {
      const { identity, ephemeral, share } = side(suite)
      const bad = [
        { ...share, publicKey: new Uint8Array(publicKeyBytes(suite)) },
        { ...share, identity: new Uint8Array(curve.pointBytes) },
      ]
      for (const share of bad) refuses('bad_point', () => new Session(identity, ephemeral, share))
    })

    it('has shared secrets of zeros once it was erased', () => {
      const { a } = agreed(suite)
      a.erase()
      assert.deepEqual(a.exportSharedSecrets(), { ecdh: ZEROS, kem: kem && ZEROS })
    })
  })
}

describe('a confirmation', () => {
  it('proves nothing with a bit of its tag changed, or with a tag of another length', () => {
    const { a, b } = derive()
    const { tag } = b.confirm
    const wrong = Array.from({ length: 256 }, (_, bit) => flipped(tag, bit))
    wrong.push(tag.subarray(0, 31), Uint8Array.of(...tag, 0), new Uint8Array(), ZEROS)
    for (const tag of wrong) assert.ok(!a.isProvenBy({ ...b.confirm, tag }))
    assert.ok(a.isProvenBy({ ...b.confirm, tag: tag.slice() }))
  })

  it('proves nothing without the ciphertext that its sender made, or with another', () => {
    const { a, b } = derive(HYBRID)
    const { session, tag, ciphertext } = b.confirm
    assert.ok(ciphertext)
    assert.ok(!a.isProvenBy({ session, tag }))
    for (const wrong of [
      new Uint8Array(1088),
      new Uint8Array(0),
      ciphertext.subarray(1),
      Uint8Array.of(...ciphertext, 0),
      ...[0, 7, 4_000, 8 * 1088 - 1].map((bit) => flipped(ciphertext, bit)),
    ])
      assert.ok(!a.isProvenBy({ session, tag, ciphertext: wrong }))
    assert.ok(a.isProvenBy({ session, tag, ciphertext: ciphertext.slice() }))
  })
})

describe('sealing', () => {
  it('is refused before promotion, and takes no number', () => {
    const { a } = derive()
    assert.equal(a.isConfirmed, false)
    refuses('no_session', () => a.seal(utf8('too early')))
    refuses('no_session', () => a.sealPicture())
    assert.equal(a.sent, 0)
    a.promote()
    assert.equal(a.isConfirmed, true)
    assert.equal(a.seal(utf8('now')).seq, 0)
    assert.equal(a.sealPicture().header.number, 0)
  })

  it('counts from 0, each side and pictures apart, and leaves the text as it was', () => {
    const { a, b } = agreed()
    const text = HELLO.slice()
    assert.deepEqual([a.seal(text).seq, a.seal(text).seq], [0, 1])
    assert.deepEqual(text, HELLO)
    assert.deepEqual([a.sent, b.sent], [2, 0])
    assert.equal(b.seal(text).seq, 0)
    assert.equal(a.sealPicture().header.number, 0)
    assert.equal(a.sent, 2)
  })

  it('takes its number even if it fails, so that no key is ever used again', (t) => {
    const { a, b } = agreed()
    // fails where the sequence number is first written
    const failure = new Error('injected')
    const failing = t.mock.method(DataView.prototype, 'setBigUint64', () => {
      throw failure
    })
    for (let i = 0; i < 3; i++) assert.throws(() => a.seal(utf8('lost')), failure)
    failing.mock.restore()
    assert.equal(a.sent, 3)
    const message = a.seal(utf8('sent'))
    assert.equal(message.seq, 3)
    assert.deepEqual(receive(b, message), [utf8('sent'), 3])
  })
})

describe('opening', () => {
  it('works before promotion', () => {
    const { a, b } = derive()
    a.promote()
    assert.deepEqual(opened(b, a.seal(HELLO)), HELLO)
  })

  it('changes nothing until it is accepted: the same message opens again', () => {
    const { a, b } = agreed()
    const message = a.seal(HELLO)
    const before = structuredClone(message)
    for (let i = 0; i < 3; i++) assert.deepEqual(opened(b, message), HELLO)
    assert.deepEqual(message, before)
    assert.equal(b.received, 0)
    b.checkSequence(message.seq)
  })

  it('fails with any bit changed, cut, longer, under another number, or sent back; with one text', () => {
    const { a, b } = agreed()
    const message = a.seal(HELLO)
    const { ciphertext } = message
    const wrong = [
      ...Array.from({ length: 8 * ciphertext.length }, (_, bit) => flipped(ciphertext, bit)),
      ...Array.from(ciphertext, (_, length) => ciphertext.subarray(0, length)),
      ...[Uint8Array.of(...ciphertext, 0), Uint8Array.of(0, ...ciphertext)],
    ]
    const failures = [
      ...wrong.map((ciphertext) => () => opened(b, { ...message, ciphertext })),
      ...[1, 2, 255, 256, 1_024].map((seq) => () => opened(b, { ...message, seq })),
      // what one sealed oneself
      () => opened(a, message),
    ].map((open) => refuses('decrypt_failed', open))
    assert.equal(new Set(failures.map((error) => error.message)).size, 1)
    for (const error of failures) assert.equal(error.cause, undefined)
    assert.deepEqual(opened(b, message), HELLO)
  })
})

describe('the receiving sequence', () => {
  it('says how many are missing, and refuses what was accepted or overtaken', () => {
    const { a, b } = agreed()
    const messages = Array.from({ length: 10 }, () => a.seal(HELLO))
    const missing = [0, 3, 4, 9].map((i) => receive(b, messages[i] as SealedMessage)[1])
    assert.deepEqual(missing, [0, 2, 0, 4])
    for (const message of messages)
      assert.match(
        refuses('replay', () => b.receive(message)).message,
        /^This message .*: number \d+; next expected \d+/,
      )
    assert.equal(b.received, 4)
    assert.equal(receive(b, a.seal(HELLO))[1], 0)
  })
})

describe('a message that waits to be read', () => {
  it('is the sealed one, and opens by itself, although its session was erased and others came', () => {
    const { a, b } = agreed()
    const message = a.seal(HELLO)
    const waiting = b.receive(message)
    b.accept(message)
    const { session, seq, ciphertext } = waiting
    assert.deepEqual({ session, seq, ciphertext }, message)
    receive(b, a.seal(utf8('the next')))
    b.erase()
    for (let i = 0; i < 2; i++) assert.deepEqual(waiting.open(), HELLO)
  })

  it('shows nothing to what prints objects, and once it was erased nothing opens it', (t) => {
    const { a, b } = agreed()
    const message = a.seal(HELLO)
    const values = recordValues(t)
    const waiting = b.receive(message)
    const [[key] = assert.fail()] = values
    hides(waiting, hex(key), HELLO)
    b.accept(message)
    waiting.erase()
    for (const [, value] of values) assert.deepEqual(value, ZEROS)
    refuses('decrypt_failed', () => waiting.open())
    refuses('replay', () => b.receive(message))
  })
})

describe('a picture', () => {
  it('is refused by its number: accepted, overtaken, too far ahead, beyond the last', () => {
    const { b } = agreed()
    // the first was on its way when the third was accepted
    b.pictureKey(0)
    b.acceptPicture(2)
    for (const number of [0, 1, 2]) {
      assert.match(refuses('replay', () => b.pictureKey(number)).message, /^This picture /)
      refuses('replay', () => b.acceptPicture(number))
    }
    b.pictureKey(3 + 1_024)
    refuses('too_far_ahead', () => b.pictureKey(3 + 1_025))
    for (const number of [2 ** 20, 2 ** 64]) refuses('rekey_required', () => b.pictureKey(number))
    b.acceptPicture(3)
    assert.equal(b.received, 0, 'is counted apart from the messages')
  })
})

describe('a session that another one took the place of', () => {
  it('still receives, and neither sends nor shows a secret', () => {
    const { a, b } = agreed(HYBRID)
    const [message, picture] = [a.seal(utf8('late')), a.sealPicture()]
    b.demote()
    assert.equal(b.isConfirmed, true)
    refuses('no_session', () => b.seal(utf8('too late')))
    refuses('no_session', () => b.sealPicture())
    assert.deepEqual(b.exportSharedSecrets(), { ecdh: ZEROS, kem: ZEROS })
    assert.deepEqual(opened(b, message), utf8('late'))
    assert.deepEqual(b.pictureKey(0), picture.key)
  })
})

describe('what a session holds', () => {
  it('is shown to nothing that prints objects, before promotion and after', (t) => {
    for (const make of [derive, agreed]) {
      const values = recordValues(t)
      const { a, b, sides } = make(HYBRID)
      const isPublic = (hex: string) => [a, b].some(({ confirm }) => toHex(confirm.tag) === hex)
      const secrets = [
        ...Object.values(a.exportSharedSecrets()),
        ...sides.flatMap(({ identity, ephemeral }) => [
          identity.exportPrivateKey(),
          ephemeral.pair.exportPrivateKey(),
          ephemeral.exportSeed() ?? assert.fail(),
        ]),
        // HKDF and the chains
        ...values.flatMap(([value]) => (isPublic(value) ? [] : [hex(value)])),
      ]
      for (const session of [a, b]) hides(session, ...secrets)
    }
  })

  it('is none of the secrets that its keys came from, but the one that is shown', (t) => {
    const { mock } = t.mock.method(KeyPair.prototype, 'sharedSecret')
    const { a, b } = derive()
    const made = mock.calls.map(({ result }) => result ?? assert.fail())
    assert.equal(made.length, 6)
    const left = made.filter((secret) => secret.some((byte) => byte !== 0))
    const shown = [b, a].map((session) => session.exportSharedSecrets().ecdh)
    assert.deepEqual(left, shown)
  })

  it('is no chain in the end: the two to send go with its place, the two to receive with the rest', (t) => {
    const { a } = agreed()
    const { mock } = t.mock.method(KeyChain.prototype, 'erase')
    a.demote()
    assert.equal(mock.callCount(), 2)
    a.erase()
    assert.equal(new Set(mock.calls.map((call) => call.this)).size, 4)
  })

  it('is shown in copies, of the shared secrets', () => {
    const { a } = agreed(HYBRID)
    const before = structuredClone(a.exportSharedSecrets())
    for (const secret of Object.values(a.exportSharedSecrets())) secret?.fill(0)
    assert.deepEqual(a.exportSharedSecrets(), before)
  })
})

describe('an erased session', () => {
  it('seals, opens and takes nothing any more', () => {
    const { a, b } = agreed()
    const message = a.seal(HELLO)
    b.erase()
    refuses('no_session', () => b.seal(HELLO))
    refuses('no_session', () => b.sealPicture())
    refuses('decrypt_failed', () => b.receive(message))
    refuses('decrypt_failed', () => b.pictureKey(0))
    assert.equal(b.isProvenBy(a.confirm), false)
  })

  it('does not come back to its keys by promotion', () => {
    const { a } = derive()
    a.erase()
    assert.throws(() => a.promote(), /The key schedule is erased\./)
  })
})
