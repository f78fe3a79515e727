/** A session: what both sides derive, seal, open, and when they refuse. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import { CURVES, type Curve, type CurveName, KeyPair, X25519 } from '../src/protocol/curves.ts'
import { DuetError } from '../src/protocol/errors.ts'
import type { SealedMessage } from '../src/protocol/messages.ts'
import { MAX_MESSAGES, Session } from '../src/protocol/session.ts'
import * as reference from './helpers/reference.ts'
import { refuses } from './helpers/refuses.ts'
import { hides } from './helpers/secrecy.ts'
import { countBy, hex, toHex, wycheproof } from './helpers/vectors.ts'
import { CHACHA20_POLY1305 } from './vectors/rfc8439.ts'

const SLOW = process.env['SLOW'] === '1'
const TIMES = SLOW ? 10 : 1
const BOTH = Object.entries(CURVES) as [CurveName, Curve][]

const utf8 = (text: string) => Uint8Array.from(Buffer.from(text))
const texts = fc.uint8Array({ maxLength: 200 })

interface Sides {
  a: Session
  b: Session
  /** What a second implementation derives as the side of `a`. */
  expected: ReturnType<typeof reference.exchange>
  /** The four private keys. */
  privateKeys: Uint8Array[]
}

/** One exchange: the sessions of its two sides, not promoted. */
function derive(name: CurveName): Sides {
  const curve = CURVES[name]
  const [idA, eA, idB, eB] = [1, 2, 3, 4].map(() => new KeyPair(curve))
  assert.ok(idA && eA && idB && eB)
  const own = { identity: idA.exportPrivateKey(), ephemeral: eA.exportPrivateKey() }
  const peer = { identity: idB.exportPrivateKey(), ephemeral: eB.exportPrivateKey() }
  return {
    a: new Session(idA, eA, { identity: idB.publicKey, publicKey: eB.publicKey }),
    b: new Session(idB, eB, { identity: idA.publicKey, publicKey: eA.publicKey }),
    expected: reference.exchange(name, own, peer),
    privateKeys: [own.identity, own.ephemeral, peer.identity, peer.ephemeral],
  }
}

/** The same, with both sides promoted. */
function agreed(name: CurveName = 'X25519'): Sides {
  const sides = derive(name)
  sides.a.promote()
  sides.b.promote()
  return sides
}

/** Receives as a peer does: sequence, open, count. */
function receive(session: Session, message: SealedMessage): { text: string; missing: number } {
  session.checkSequence(message.seq)
  const text = toHex(session.open(message.seq, message.ciphertext))
  return { text, missing: session.accept(message.seq) }
}

describe('ChaCha20-Poly1305 as the session uses it', () => {
  const { key, nonce, aad, plaintext, ciphertext, tag } = CHACHA20_POLY1305

  it('gives the value of RFC 8439 section 2.8.2, and so does node:crypto', () => {
    const sealed = chacha20poly1305(hex(key), hex(nonce), hex(aad)).encrypt(utf8(plaintext))
    assert.equal(toHex(sealed), ciphertext + tag)
    const byNode = reference.aeadSeal(hex(key), hex(nonce), hex(aad), utf8(plaintext))
    assert.equal(toHex(byNode), ciphertext + tag)
  })

  it('opens the value of section 2.8.2', () => {
    const sealed = hex(ciphertext + tag)
    const opened = chacha20poly1305(hex(key), hex(nonce), hex(aad)).decrypt(sealed)
    assert.equal(Buffer.from(opened).toString(), plaintext)
  })

  const { skip, cases } = wycheproof<{
    key: string
    iv: string
    aad: string
    msg: string
    ct: string
    tag: string
  }>('chacha20_poly1305_test.json')
  it('agrees with every case of Wycheproof, and so does node:crypto', { skip }, () => {
    const counts = countBy(cases, (each) => {
      const [key, nonce, aad] = [hex(each.key), hex(each.iv), hex(each.aad)]
      const [text, sealed] = [hex(each.msg), hex(each.ct + each.tag)]
      const seal = [
        () => chacha20poly1305(key, nonce, aad).encrypt(text),
        () => reference.aeadSeal(key, nonce, aad, text),
      ]
      const open = [
        () => chacha20poly1305(key, nonce, aad).decrypt(sealed),
        () => reference.aeadOpen(key, nonce, aad, sealed),
      ]
      const where = `case ${each.tcId}`
      if (each.result === 'valid') {
        for (const run of seal) assert.equal(toHex(run()), toHex(sealed), where)
        for (const run of open) assert.equal(toHex(run()), each.msg, where)
        return 'agrees'
      }
      for (const run of open) assert.throws(run, where)
      if (each.flags.includes('InvalidNonceSize')) {
        assert.notEqual(nonce.length, 12, where)
        for (const run of seal) assert.throws(run, where)
        return 'refused, size of nonce'
      }
      for (const run of seal) assert.equal(toHex(run().subarray(0, text.length)), each.ct, where)
      for (const run of seal) assert.notEqual(toHex(run()), toHex(sealed), where)
      return 'refused, tag'
    })
    assert.deepEqual(counts, { agrees: 256, 'refused, size of nonce': 9, 'refused, tag': 60 })
  })

  it('gives what node:crypto gives for any key, nonce, associated data and text', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(bytes(32), bytes(12), texts, texts, (key, nonce, aad, text) => {
        const sealed = chacha20poly1305(key, nonce, aad).encrypt(text)
        assert.equal(toHex(sealed), toHex(reference.aeadSeal(key, nonce, aad, text)))
      }),
      { numRuns: 100 * TIMES },
    )
  })
})

for (const [name, curve] of BOTH) {
  describe(`a session on ${name}`, () => {
    it('has the same id and shared secret on both sides, those of the formulas', () => {
      for (let i = 0; i < 10 * TIMES; i++) {
        const { a, b, expected } = derive(name)
        assert.deepEqual([a.id.length, a.exportSharedSecret().length], [16, 32])
        for (const session of [a, b]) {
          assert.equal(toHex(session.id), toHex(expected.sessionId))
          assert.equal(toHex(session.exportSharedSecret()), toHex(expected.sharedSecret))
        }
      }
    })

    it('confirms with the tag that the other side expects, and with no other', () => {
      for (let i = 0; i < 10 * TIMES; i++) {
        const { a, b, expected } = derive(name)
        const { ikm, T, party } = expected
        assert.equal(toHex(a.confirm.session), toHex(a.id))
        assert.equal(toHex(a.confirm.tag), toHex(reference.confirmTag(ikm, T, party)))
        const other = party === 1 ? 2 : 1
        assert.equal(toHex(b.confirm.tag), toHex(reference.confirmTag(ikm, T, other)))
        assert.ok(a.isPeerTag(b.confirm.tag) && b.isPeerTag(a.confirm.tag))
        assert.ok(!a.isPeerTag(a.confirm.tag) && !b.isPeerTag(b.confirm.tag))
      }
    })

    it('takes no tag with a bit changed, cut, extended or empty', () => {
      const { a, b } = derive(name)
      const { tag } = b.confirm
      for (let bit = 0; bit < 256; bit++) {
        const changed = tag.slice()
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        assert.ok(!a.isPeerTag(changed))
      }
      assert.ok(!a.isPeerTag(tag.subarray(0, 31)))
      assert.ok(!a.isPeerTag(Uint8Array.of(...tag, 0)))
      assert.ok(!a.isPeerTag(new Uint8Array()))
      assert.ok(!a.isPeerTag(new Uint8Array(32)))
    })

    it('differs from the session of any other exchange', () => {
      const identities = [new KeyPair(curve), new KeyPair(curve)] as const
      const fresh = [new KeyPair(curve), new KeyPair(curve), new KeyPair(curve)] as const
      const share = { identity: identities[1].publicKey, publicKey: fresh[1].publicKey }
      const session = new Session(identities[0], fresh[0], share)
      for (const other of [
        new Session(identities[0], fresh[2], share),
        new Session(identities[0], fresh[0], { ...share, publicKey: fresh[2].publicKey }),
        new Session(identities[0], fresh[0], { ...share, identity: fresh[2].publicKey }),
        new Session(fresh[2], fresh[0], share),
      ]) {
        assert.notEqual(toHex(other.id), toHex(session.id))
        assert.notEqual(toHex(other.confirm.tag), toHex(session.confirm.tag))
      }
    })

    it('is not confirmed by somebody who has only one of the two private keys of the peer', () => {
      const [identity, fresh, stranger] = [1, 2, 3].map(() => new KeyPair(curve))
      const peer = { identity: new KeyPair(curve), fresh: new KeyPair(curve) }
      assert.ok(identity && fresh && stranger)
      const session = new Session(identity, fresh, {
        identity: peer.identity.publicKey,
        publicKey: peer.fresh.publicKey,
      })
      const share = { identity: identity.publicKey, publicKey: fresh.publicKey }
      for (const [id, e] of [
        [peer.identity, stranger],
        [stranger, peer.fresh],
      ] as const) {
        // she claims the peer's public keys and computes with what she has
        const claimed = pretend(id, peer.identity.publicKey)
        const claimedFresh = pretend(e, peer.fresh.publicKey)
        const hers = new Session(claimed, claimedFresh, share)
        assert.equal(toHex(hers.id), toHex(session.id))
        assert.ok(!session.isPeerTag(hers.confirm.tag))
      }
    })

    it('refuses a share whose points are bad', () => {
      const [identity, fresh] = [new KeyPair(curve), new KeyPair(curve)]
      const good = new KeyPair(curve).publicKey
      const bad = new Uint8Array(curve.pointBytes)
      refuses('bad_point', () => new Session(identity, fresh, { identity: good, publicKey: bad }))
      refuses('bad_point', () => new Session(identity, fresh, { identity: bad, publicKey: good }))
    })

    it('seals what the formulas give, and opens what they sealed', () => {
      const { a, b, expected } = agreed(name)
      const { ikm, T, party } = expected
      const other = party === 1 ? 2 : 1
      for (const [sender, receiver, from] of [
        [a, b, party],
        [b, a, other],
      ] as const) {
        for (const text of ['', 'Hello, Bob', 'ñandú ☃ 🦉', 'x'.repeat(16 * 1024)].map(utf8)) {
          const message = sender.seal(text)
          const byNode = reference.sealMessage(ikm, T, from, message.seq, text)
          assert.equal(toHex(message.session), toHex(T.subarray(0, 16)))
          assert.equal(toHex(message.ciphertext), toHex(byNode))
          assert.equal(toHex(receiver.open(message.seq, byNode)), toHex(text))
        }
      }
    })

    it('opens what the formulas seal under any sequence number', () => {
      const { a, expected } = agreed(name)
      const { ikm, T, party } = expected
      const sequence = fc.nat({ max: MAX_MESSAGES - 1 })
      fc.assert(
        fc.property(texts, sequence, (text, seq) => {
          const sealed = reference.sealMessage(ikm, T, party === 1 ? 2 : 1, seq, text)
          assert.equal(toHex(a.open(seq, sealed)), toHex(text))
        }),
        { numRuns: 100 * TIMES },
      )
    })

    it('shows none of its secrets to anything that prints objects', () => {
      const promoted = agreed(name)
      const candidate = derive(name)
      for (const { a, b, expected, privateKeys } of [promoted, candidate]) {
        const { ikm, T, sharedSecret } = expected
        const secrets = [
          sharedSecret,
          ikm.subarray(32, 64),
          ikm.subarray(64),
          ...privateKeys,
          ...['1>2', '2>1'].flatMap((arrow) => [
            reference.K(ikm, T, `key ${arrow}`, 32),
            reference.K(ikm, T, `iv ${arrow}`, 12),
            reference.K(ikm, T, `file ${arrow}`, 32),
          ]),
          reference.K(ikm, T, 'confirm 1', 32),
          reference.K(ikm, T, 'confirm 2', 32),
        ]
        for (const session of [a, b]) for (const secret of secrets) hides(session, secret)
      }
    })
  })
}

/** A pair that claims another public key than its own. */
function pretend(pair: KeyPair, publicKey: Uint8Array): KeyPair {
  const claimed = new KeyPair(pair.curve, pair.exportPrivateKey())
  return Object.assign(claimed, { publicKey })
}

describe('sealing', () => {
  it('is refused before promotion, on both sides, and takes no sequence number', () => {
    const { a, b } = derive('X25519')
    for (const session of [a, b]) {
      refuses('no_session', () => session.seal(utf8('too early')))
      assert.equal(session.sent, 0)
      session.promote()
      assert.equal(session.seal(utf8('now')).seq, 0)
    }
  })

  it('counts from 0, and one side does not count for the other', () => {
    const { a, b } = agreed()
    assert.deepEqual(
      [0, 1, 2].map(() => a.seal(utf8('same')).seq),
      [0, 1, 2],
    )
    assert.deepEqual([a.sent, b.sent], [3, 0])
    assert.equal(b.seal(utf8('same')).seq, 0)
  })

  it('never gives the same ciphertext twice for the same text', () => {
    const { a, b } = agreed()
    const sealed = new Set<string>()
    for (let i = 0; i < 500; i++)
      for (const session of [a, b]) sealed.add(toHex(session.seal(utf8('same')).ciphertext))
    assert.equal(sealed.size, 1000)
  })

  it('leaves the text as it was', () => {
    const { a } = agreed()
    const text = utf8('Hello, Bob')
    a.seal(text)
    assert.deepEqual(text, utf8('Hello, Bob'))
  })

  it('is refused after 2^20 messages, in which a seal that failed counts too', () => {
    const { a } = agreed()
    const text = utf8('x')
    // fails where the sequence number is first written, so that 2^20 of them take a second
    const failure = new Error('injected')
    const original = DataView.prototype.setBigUint64
    DataView.prototype.setBigUint64 = () => {
      throw failure
    }
    try {
      for (let i = 0; i < MAX_MESSAGES - 1; i++) {
        try {
          a.seal(text)
        } catch (error) {
          if (error !== failure) throw error
        }
      }
    } finally {
      DataView.prototype.setBigUint64 = original
    }
    assert.equal(a.sent, 2 ** 20 - 1)
    assert.equal(a.seal(text).seq, 2 ** 20 - 1)
    for (let i = 0; i < 3; i++) refuses('rekey_required', () => a.seal(text))
    assert.equal(a.sent, 2 ** 20)
  })

  const skip = !SLOW && 'takes over ten seconds: SLOW=1 runs it'
  it('is refused after 2^20 messages that were really sealed', { skip }, () => {
    const { a, b } = agreed()
    const text = utf8('x')
    let last = a.seal(text)
    for (let seq = 1; seq < 2 ** 20; seq++) last = a.seal(text)
    assert.equal(last.seq, 2 ** 20 - 1)
    assert.deepEqual(receive(b, last), { text: toHex(text), missing: 2 ** 20 - 1 })
    for (let i = 0; i < 3; i++) refuses('rekey_required', () => a.seal(text))
    assert.equal(a.sent, 2 ** 20)
    assert.equal(b.seal(text).seq, 0)
  })
})

describe('opening', () => {
  it('gives back any text, in both directions', () => {
    const { a, b } = agreed()
    fc.assert(
      fc.property(texts, fc.boolean(), (text, forth) => {
        const [sender, receiver] = forth ? [a, b] : [b, a]
        const message = sender.seal(text)
        assert.equal(message.ciphertext.length, text.length + 16)
        assert.equal(toHex(receiver.open(message.seq, message.ciphertext)), toHex(text))
      }),
      { numRuns: 100 * TIMES },
    )
  })

  it('works before promotion', () => {
    const { a, b } = derive('X25519')
    a.promote()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    assert.deepEqual(b.open(seq, ciphertext), utf8('Hello, Bob'))
  })

  it('changes nothing: the same message opens again', () => {
    const { a, b } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    const before = toHex(ciphertext)
    for (let i = 0; i < 3; i++) assert.deepEqual(b.open(seq, ciphertext), utf8('Hello, Bob'))
    assert.equal(toHex(ciphertext), before)
    assert.equal(b.received, 0)
    b.checkSequence(seq)
  })

  it('fails with any bit of the ciphertext or its tag changed', () => {
    const { a, b } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    for (let bit = 0; bit < 8 * ciphertext.length; bit++) {
      const changed = ciphertext.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      refuses('decrypt_failed', () => b.open(seq, changed))
    }
    assert.deepEqual(b.open(seq, ciphertext), utf8('Hello, Bob'))
  })

  it('fails for every length but the right one', () => {
    const { a, b } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    for (let length = 0; length < ciphertext.length; length++)
      refuses('decrypt_failed', () => b.open(seq, ciphertext.subarray(0, length)))
    refuses('decrypt_failed', () => b.open(seq, Uint8Array.of(...ciphertext, 0)))
    refuses('decrypt_failed', () => b.open(seq, Uint8Array.of(0, ...ciphertext)))
  })

  it('fails under another sequence number', () => {
    const { a, b } = agreed()
    const first = a.seal(utf8('one'))
    const second = a.seal(utf8('two'))
    refuses('decrypt_failed', () => b.open(second.seq, first.ciphertext))
    refuses('decrypt_failed', () => b.open(first.seq, second.ciphertext))
    for (const seq of [1, 2, 255, 256, 2 ** 16, 2 ** 20 - 1, 2 ** 32, 2 ** 53 - 1])
      refuses('decrypt_failed', () => b.open(seq, first.ciphertext))
  })

  it('fails for what one sealed oneself: no message can be sent back', () => {
    const { a, b } = agreed()
    for (const session of [a, b]) {
      const { seq, ciphertext } = session.seal(utf8('Hello, Bob'))
      refuses('decrypt_failed', () => session.open(seq, ciphertext))
    }
  })

  it('fails in the session of another exchange', () => {
    const { a } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    for (const other of Object.values(agreed()).slice(0, 2))
      refuses('decrypt_failed', () => (other as Session).open(seq, ciphertext))
  })

  it('gives one text for every failure', () => {
    const { a, b } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    const failures = [
      refuses('decrypt_failed', () => b.open(seq + 1, ciphertext)),
      refuses('decrypt_failed', () => b.open(seq, ciphertext.subarray(1))),
      refuses('decrypt_failed', () => b.open(seq, new Uint8Array())),
      refuses('decrypt_failed', () => a.open(seq, ciphertext)),
    ]
    assert.equal(new Set(failures.map((error) => error.message)).size, 1)
    for (const error of failures) assert.equal(error.cause, undefined)
  })
})

describe('the receiving sequence', () => {
  it('takes numbers in order, and says that none is missing', () => {
    const { a, b } = agreed()
    for (let i = 0; i < 5; i++)
      assert.deepEqual(receive(b, a.seal(utf8(`${i}`))), { text: toHex(utf8(`${i}`)), missing: 0 })
    assert.equal(b.received, 5)
  })

  it('says how many are missing before the one that came', () => {
    const { a, b } = agreed()
    const sealed = Array.from({ length: 10 }, (_, i) => a.seal(utf8(`${i}`)))
    const missing = [0, 3, 4, 9].map((i) => receive(b, sealed[i] as SealedMessage).missing)
    assert.deepEqual(missing, [0, 2, 0, 4])
    assert.equal(b.received, 4)
  })

  it('refuses a number that was accepted, and every number below it', () => {
    const { a, b } = agreed()
    const sealed = Array.from({ length: 6 }, (_, i) => a.seal(utf8(`${i}`)))
    receive(b, sealed[3] as SealedMessage)
    for (const message of sealed.slice(0, 4)) refuses('replay', () => receive(b, message))
    assert.equal(b.received, 1)
    receive(b, sealed[4] as SealedMessage)
    refuses('replay', () => receive(b, sealed[4] as SealedMessage))
    receive(b, sealed[5] as SealedMessage)
  })

  it('is not moved by a message that does not open', () => {
    const { a, b } = agreed()
    const { seq, ciphertext, session } = a.seal(utf8('Hello, Bob'))
    const forged = { session, seq: 1000, ciphertext }
    refuses('decrypt_failed', () => receive(b, forged))
    assert.equal(receive(b, { session, seq, ciphertext }).missing, 0)
  })

  it('has room up to 2^20 - 1 and none from 2^20 on', () => {
    const { b } = agreed()
    b.checkSequence(2 ** 20 - 1)
    for (const seq of [2 ** 20, 2 ** 20 + 1, 2 ** 32, Number.MAX_SAFE_INTEGER])
      refuses('rekey_required', () => b.checkSequence(seq))
  })

  it('is at its end once the last number was accepted', () => {
    const { b, expected } = agreed()
    const { ikm, T, party } = expected
    const seq = 2 ** 20 - 1
    const ciphertext = reference.sealMessage(ikm, T, party, seq, utf8('the last'))
    assert.equal(receive(b, { session: b.id, seq, ciphertext }).missing, seq)
    refuses('replay', () => b.checkSequence(0))
    refuses('replay', () => b.checkSequence(seq))
    refuses('rekey_required', () => b.checkSequence(seq + 1))
  })
})

describe('an erased session', () => {
  it('has a shared secret of zeros', () => {
    const { a } = agreed()
    a.erase()
    assert.deepEqual(a.exportSharedSecret(), new Uint8Array(32))
  })

  it('seals nothing', () => {
    const { a } = agreed()
    a.erase()
    refuses('no_session', () => a.seal(utf8('Hello, Bob')))
  })

  it('opens nothing that was sealed for it', () => {
    const { a, b } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    b.erase()
    refuses('decrypt_failed', () => b.open(seq, ciphertext))
  })

  it('takes the tag of the other side no more', () => {
    const { a, b } = derive('X25519')
    a.erase()
    assert.ok(!a.isPeerTag(b.confirm.tag))
  })

  it('does not come back to its keys by promotion', () => {
    const { a, b } = derive('X25519')
    a.erase()
    refuses('decrypt_failed', () => {
      try {
        a.promote()
        return b.open(0, a.seal(utf8('Hello, Bob')).ciphertext)
      } catch (cause) {
        // to refuse earlier is as good
        throw new DuetError('decrypt_failed', 'refused', { cause })
      }
    })
  })

  it('leaves the other side and the identity as they were', () => {
    const [idA, eA, idB, eB] = [1, 2, 3, 4].map(() => new KeyPair(X25519))
    assert.ok(idA && eA && idB && eB)
    const before = [idA, eA].map((pair) => toHex(pair.exportPrivateKey()))
    const a = new Session(idA, eA, { identity: idB.publicKey, publicKey: eB.publicKey })
    a.erase()
    assert.deepEqual(
      [idA, eA].map((pair) => toHex(pair.exportPrivateKey())),
      before,
    )
  })
})

describe('the shared secret of a session', () => {
  it('is given as a copy', () => {
    const { a } = agreed()
    const before = toHex(a.exportSharedSecret())
    a.exportSharedSecret().fill(0)
    assert.equal(toHex(a.exportSharedSecret()), before)
  })

  it('opens nothing by itself: no key of the session is made from it alone', () => {
    const { a, expected } = agreed()
    const { T, sharedSecret, party } = expected
    const other = party === 1 ? 2 : 1
    for (const ikm of [sharedSecret, Buffer.concat([sharedSecret, sharedSecret, sharedSecret])]) {
      const forged = reference.sealMessage(ikm, T, other, 0, utf8('forged'))
      refuses('decrypt_failed', () => a.open(0, forged))
    }
  })
})
