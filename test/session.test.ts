/** A session: what both sides derive, seal, open, and when they refuse. */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { createMlKem768 } from 'mlkem'
import { KeyPair } from '../src/protocol/curves.ts'
import { DuetError } from '../src/protocol/errors.ts'
import { KeyChain } from '../src/protocol/keyChain.ts'
import type { SealedMessage } from '../src/protocol/messages.ts'
import { Session } from '../src/protocol/session.ts'
import {
  EphemeralKeys,
  publicKeyBytes,
  SUITES,
  type Suite,
  type SuiteName,
} from '../src/protocol/suites.ts'
import * as reference from './helpers/reference.ts'
import { refuses } from './helpers/refuses.ts'
import { hides } from './helpers/secrecy.ts'
import { countBy, hex, toHex, wycheproof } from './helpers/vectors.ts'
import { CHACHA20_POLY1305 } from './vectors/rfc8439.ts'

const SLOW = process.env['SLOW'] === '1'
const TIMES = SLOW ? 10 : 1
const EXCHANGES = SLOW ? 100 : 2
const ALL = Object.entries(SUITES) as [SuiteName, Suite][]

/** ML-KEM of another implementation. */
const mlkem = await createMlKem768()

const utf8 = (text: string) => Uint8Array.from(Buffer.from(text))
const texts = fc.uint8Array({ maxLength: 200 })

interface Sides {
  a: Session
  b: Session
  /** What a second implementation derives as the side of `a`. */
  readonly expected: ReturnType<typeof reference.exchange> & { kemSecret: Uint8Array | null }
  /** The four private keys, and the seeds of a KEM. */
  privateKeys: Uint8Array[]
}

/** One exchange: the sessions of its two sides, not promoted. The ciphertext is b's, on a suite with a KEM. */
function derive(name: SuiteName): Sides {
  const suite = SUITES[name]
  const [idA, idB] = [new KeyPair(suite.curve), new KeyPair(suite.curve)]
  const [eA, eB] = [new EphemeralKeys(suite), new EphemeralKeys(suite)]
  const own = { identity: idA.exportPrivateKey(), ephemeral: eA.pair.exportPrivateKey() }
  const peer = { identity: idB.exportPrivateKey(), ephemeral: eB.pair.exportPrivateKey() }
  const b = new Session(idB, eB, { identity: idA.publicKey, publicKey: eA.publicKey })
  const { ciphertext } = b.confirm
  const a = new Session(idA, eA, { identity: idB.publicKey, publicKey: eB.publicKey }, ciphertext)
  const seeds = [eA.exportSeed(), eB.exportSeed()].flatMap((seed) => seed ?? [])
  let expected: Sides['expected'] | undefined
  return {
    a,
    b,
    // most tests ask for nothing of it
    get expected() {
      expected ??= expectedOf(name, own, peer, seeds, ciphertext)
      return expected
    },
    privateKeys: [own.identity, own.ephemeral, peer.identity, peer.ephemeral, ...seeds],
  }
}

function expectedOf(
  name: SuiteName,
  own: reference.PrivateKeys,
  peer: reference.PrivateKeys,
  seeds: readonly Uint8Array[],
  ciphertext: Uint8Array | undefined,
): Sides['expected'] {
  const [keysA, keysB] = seeds.map((seed) => mlkem.deriveKeyPair(seed))
  const encapsulated =
    ciphertext && keysA && keysB
      ? { own: keysA[0], peer: keysB[0], ciphertext, secret: mlkem.decap(ciphertext, keysA[1]) }
      : null
  assert.equal(encapsulated === null, SUITES[name].kem === null)
  return {
    ...reference.exchange(name, own, peer, encapsulated),
    kemSecret: encapsulated?.secret ?? null,
  }
}

/** The same, with both sides promoted. */
function agreed(name: SuiteName = 'X25519'): Sides {
  const sides = derive(name)
  sides.a.promote()
  sides.b.promote()
  return sides
}

/** The text of a message, which changes nothing. */
function opened(session: Session, seq: number, ciphertext: Uint8Array): Uint8Array {
  const { text, forget } = session.open({ session: session.id, seq, ciphertext })
  forget()
  return text
}

/** Receives as a peer does: opens, then counts. */
function receive(session: Session, message: SealedMessage): { text: string; missing: number } {
  const { text, accept } = session.open(message)
  return { text: toHex(text), missing: accept().missing }
}

/** Every value that HMAC gives from here on, as it was, and the array that it was in. */
function recordValues(t: TestContext): [string, Uint8Array][] {
  const values: [string, Uint8Array][] = []
  const prototype = Object.getPrototypeOf(hmac.create(sha256, new Uint8Array(32)))
  const { digest } = prototype
  t.mock.method(prototype, 'digest', function (this: object) {
    const value: Uint8Array = digest.call(this)
    values.push([toHex(value), value])
    return value
  })
  return values
}

const withTag = ({ confirm }: Session, tag: Uint8Array) => ({ ...confirm, tag })

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

for (const [name, suite] of ALL) {
  const { curve } = suite

  describe(`a session on ${name}`, () => {
    it('has the same id and shared secrets on both sides, those of the formulas', () => {
      for (let i = 0; i < EXCHANGES; i++) {
        const { a, b, expected } = derive(name)
        assert.deepEqual([a.id.length, a.exportSharedSecrets().ecdh.length], [16, 32])
        assert.equal(expected.kemSecret?.length, suite.kem === null ? undefined : 32)
        for (const session of [a, b]) {
          assert.equal(toHex(session.id), toHex(expected.sessionId))
          const { ecdh, kem } = session.exportSharedSecrets()
          assert.equal(toHex(ecdh), toHex(expected.sharedSecret))
          assert.deepEqual(kem, expected.kemSecret)
        }
      }
    })

    it('confirms with the tag that the other side expects, and with no other', () => {
      for (let i = 0; i < EXCHANGES; i++) {
        const { a, b, expected } = derive(name)
        const { ikm, T, party } = expected
        assert.equal(toHex(a.confirm.session), toHex(a.id))
        assert.equal(toHex(a.confirm.tag), toHex(reference.confirmTag(ikm, T, party)))
        const other = party === 1 ? 2 : 1
        assert.equal(toHex(b.confirm.tag), toHex(reference.confirmTag(ikm, T, other)))
        assert.ok(a.isProvenBy(b.confirm) && b.isProvenBy(a.confirm))
        assert.ok(!a.isProvenBy(withTag(b, a.confirm.tag)))
        assert.ok(!b.isProvenBy(withTag(a, b.confirm.tag)))
        // one's own, tag and ciphertext, proves nothing either
        assert.ok(!a.isProvenBy(a.confirm) && !b.isProvenBy(b.confirm))
      }
    })

    it('confirms with a ciphertext exactly if it made the one that counts', () => {
      const { a, b } = derive(name)
      assert.equal(a.confirm.ciphertext, undefined)
      assert.equal('ciphertext' in a.confirm, false)
      assert.equal(b.confirm.ciphertext?.length, suite.kem?.ciphertextBytes)
      assert.equal(b.peerCiphertext, null)
      assert.deepEqual(a.peerCiphertext, b.confirm.ciphertext ?? null)
      // where its sender made none, there is no place for one
      const { session, tag } = a.confirm
      assert.ok(b.isProvenBy({ session, tag }))
      assert.ok(!b.isProvenBy({ session, tag, ciphertext: new Uint8Array(1088) }))
    })

    it('takes no tag with a bit changed, cut, extended or empty', () => {
      const { a, b } = derive(name)
      const { tag } = b.confirm
      for (let bit = 0; bit < 256; bit++) {
        const changed = tag.slice()
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        assert.ok(!a.isProvenBy(withTag(b, changed)))
      }
      for (const wrong of [
        tag.subarray(0, 31),
        Uint8Array.of(...tag, 0),
        new Uint8Array(),
        new Uint8Array(32),
      ])
        assert.ok(!a.isProvenBy(withTag(b, wrong)))
      assert.ok(a.isProvenBy(withTag(b, tag)))
    })

    it('differs from the session of any other exchange', () => {
      const identities = [1, 2, 3].map(() => new KeyPair(curve)) as [KeyPair, KeyPair, KeyPair]
      const fresh = [1, 2, 3].map(() => new EphemeralKeys(suite)) as [
        EphemeralKeys,
        EphemeralKeys,
        EphemeralKeys,
      ]
      const share = { identity: identities[1].publicKey, publicKey: fresh[1].publicKey }
      const session = new Session(identities[0], fresh[0], share)
      for (const other of [
        new Session(identities[0], fresh[2], share),
        new Session(identities[0], fresh[0], { ...share, publicKey: fresh[2].publicKey }),
        new Session(identities[0], fresh[0], { ...share, identity: identities[2].publicKey }),
        new Session(identities[2], fresh[0], share),
      ]) {
        assert.notEqual(toHex(other.id), toHex(session.id))
        assert.notEqual(toHex(other.confirm.tag), toHex(session.confirm.tag))
      }
    })

    it('is not confirmed by somebody who has only one of the two private keys of the peer', () => {
      const [identity, peer, stranger] = [1, 2, 3].map(() => new KeyPair(curve))
      const [fresh, peerFresh, strangerFresh] = [1, 2, 3].map(() => new EphemeralKeys(suite))
      assert.ok(identity && peer && stranger && fresh && peerFresh && strangerFresh)
      const session = new Session(identity, fresh, {
        identity: peer.publicKey,
        publicKey: peerFresh.publicKey,
      })
      const share = { identity: identity.publicKey, publicKey: fresh.publicKey }
      for (const [id, e] of [
        [peer, strangerFresh],
        [stranger, peerFresh],
      ] as const) {
        // she claims the peer's public keys and computes with what she has
        const claimed = pretend(id, peer.publicKey)
        const claimedFresh = pretendFresh(e, peerFresh.publicKey)
        const hers = new Session(claimed, claimedFresh, share, session.confirm.ciphertext)
        assert.equal(toHex(hers.id), toHex(session.id))
        assert.ok(!session.isProvenBy(hers.confirm))
      }
    })

    it('refuses a share whose points are bad', () => {
      const [identity, fresh] = [new KeyPair(curve), new EphemeralKeys(suite)]
      const good = {
        identity: new KeyPair(curve).publicKey,
        publicKey: new EphemeralKeys(suite).publicKey,
      }
      const bad = [
        { ...good, publicKey: new Uint8Array(publicKeyBytes(suite)) },
        { ...good, identity: new Uint8Array(curve.pointBytes) },
      ]
      for (const share of bad) refuses('bad_point', () => new Session(identity, fresh, share))
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
          const { text: got, accept } = receiver.open({ ...message, ciphertext: byNode })
          assert.equal(toHex(got), toHex(text))
          accept()
        }
      }
    })

    it('opens what the formulas seal under any of the next 1,025 numbers', () => {
      const { a, expected } = agreed(name)
      const { ikm, T, party } = expected
      const sequence = fc.nat({ max: 1_024 })
      fc.assert(
        fc.property(texts, sequence, (text, seq) => {
          const sealed = reference.sealMessage(ikm, T, party === 1 ? 2 : 1, seq, text)
          assert.equal(toHex(opened(a, seq, sealed)), toHex(text))
        }),
        { numRuns: 5 * TIMES },
      )
    })

    it('gives each picture the key of its number, as the formulas do, the same on both sides', () => {
      const { a, b, expected } = agreed(name)
      const { ikm, T, party } = expected
      for (const [sender, receiver, from] of [
        [a, b, party],
        [b, a, party === 1 ? 2 : 1],
      ] as const) {
        const chain = reference.K(ikm, T, `files ${from === 1 ? '1>2' : '2>1'}`, 32)
        for (const number of [0, 1, 2]) {
          const { header, key } = sender.sealPicture()
          assert.deepEqual(header, { session: sender.id, number })
          assert.equal(toHex(key), toHex(reference.keyOf(chain, number)))
          // the one in the middle never arrives
          if (number === 1) continue
          const ahead = receiver.openPicture(number)
          assert.deepEqual(ahead.key, key)
          assert.equal(ahead.accept(), number === 2 ? 1 : 0)
        }
      }
    })
  })
}

describe('a session on X25519MLKEM768', () => {
  it('shows none of its secrets to anything that prints objects', () => {
    const promoted = agreed('X25519MLKEM768')
    const candidate = derive('X25519MLKEM768')
    for (const { a, b, expected, privateKeys } of [promoted, candidate]) {
      const { ikm, T, sharedSecret } = expected
      const secrets = [
        sharedSecret,
        ikm.subarray(0, 32),
        ikm.subarray(32, 64),
        ikm.subarray(64, 96),
        ikm.subarray(96),
        ...privateKeys,
        ...['chain 1>2', 'chain 2>1', 'files 1>2', 'files 2>1'].flatMap((label) => {
          const chain = reference.K(ikm, T, label, 32)
          return [chain, reference.keyOf(chain, 0)]
        }),
        reference.K(ikm, T, 'confirm 1', 32),
        reference.K(ikm, T, 'confirm 2', 32),
      ]
      for (const session of [a, b]) for (const secret of secrets) hides(session, secret)
    }
  })

  it('is proven by the tag together with the ciphertext that the peer made, and no other', () => {
    const { a, b } = derive('X25519MLKEM768')
    const { session, tag, ciphertext } = b.confirm
    assert.ok(ciphertext)
    assert.ok(a.isProvenBy({ session, tag, ciphertext: ciphertext.slice() }))
    assert.ok(!a.isProvenBy({ session, tag }))
    const wrong = [
      new Uint8Array(1088),
      new Uint8Array(0),
      ciphertext.subarray(1),
      Uint8Array.of(...ciphertext, 0),
    ]
    for (const bit of [0, 7, 4_000, 8 * 1088 - 1]) {
      const changed = ciphertext.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      wrong.push(changed)
    }
    for (const other of wrong) assert.ok(!a.isProvenBy({ session, tag, ciphertext: other }))
    // one's own is not the peer's
    assert.ok(!b.isProvenBy({ ...a.confirm, ciphertext }))
  })

  it('is another for a ciphertext with a bit changed, and nothing of the one proves the other', () => {
    const suite = SUITES.X25519MLKEM768
    const [idA, idB] = [new KeyPair(suite.curve), new KeyPair(suite.curve)]
    const [eA, eB] = [new EphemeralKeys(suite), new EphemeralKeys(suite)]
    const b = new Session(idB, eB, { identity: idA.publicKey, publicKey: eA.publicKey })
    const { ciphertext } = b.confirm
    assert.ok(ciphertext)
    const share = { identity: idB.publicKey, publicKey: eB.publicKey }
    const changed = ciphertext.with(500, (ciphertext[500] ?? 0) ^ 1)
    const wrong = new Session(idA, eA, share, changed)
    assert.notDeepEqual(wrong.id, b.id)
    assert.notDeepEqual(wrong.exportSharedSecrets().kem, b.exportSharedSecrets().kem)
    // the same half on the curve, and yet no key in common
    assert.deepEqual(wrong.exportSharedSecrets().ecdh, b.exportSharedSecrets().ecdh)
    assert.ok(!wrong.isProvenBy({ ...b.confirm, ciphertext: changed }))
    assert.ok(!b.isProvenBy(wrong.confirm))
  })

  it('needs both halves: what one of them gives opens nothing', () => {
    const { a, expected } = agreed('X25519MLKEM768')
    const { T, ikm, party, kemSecret } = expected
    assert.equal(ikm.length, 128)
    const other = party === 1 ? 2 : 1
    const zeros = Buffer.alloc(96)
    for (const half of [
      ikm.subarray(32),
      kemSecret ?? assert.fail(),
      Buffer.concat([ikm.subarray(0, 32), zeros]),
      Buffer.concat([zeros.subarray(0, 32), ikm.subarray(32)]),
      Buffer.concat([ikm.subarray(32), ikm.subarray(0, 32)]),
    ]) {
      const forged = reference.sealMessage(half, T, other, 0, utf8('forged'))
      refuses('decrypt_failed', () => opened(a, 0, forged))
    }
    const right = reference.sealMessage(ikm, T, other, 0, utf8('right'))
    assert.deepEqual(opened(a, 0, right), utf8('right'))
  })
})

/** A pair that claims another public key than its own. */
function pretend(pair: KeyPair, publicKey: Uint8Array): KeyPair {
  const claimed = new KeyPair(pair.curve, pair.exportPrivateKey())
  return Object.assign(claimed, { publicKey })
}

/** The same with fresh keys. */
function pretendFresh(keys: EphemeralKeys, publicKey: Uint8Array): EphemeralKeys {
  return Object.assign(Object.create(keys, {}), {
    suite: keys.suite,
    pair: keys.pair,
    publicKey,
    decapsulate: (ciphertext: Uint8Array) => keys.decapsulate(ciphertext),
  })
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
    for (let i = 0; i < 50; i++)
      for (const session of [a, b]) sealed.add(toHex(session.seal(utf8('same')).ciphertext))
    assert.equal(sealed.size, 100)
  })

  it('leaves the text as it was', () => {
    const { a } = agreed()
    const text = utf8('Hello, Bob')
    a.seal(text)
    assert.deepEqual(text, utf8('Hello, Bob'))
  })

  it('overwrites the key that it used, and the chain before it', (t) => {
    const { a, b, expected } = agreed()
    const { ikm, T, party } = expected
    const chain = reference.K(ikm, T, `chain ${party === 1 ? '1>2' : '2>1'}`, 32)
    const values = recordValues(t)
    const message = a.seal(utf8('Hello, Bob'))
    assert.deepEqual(
      values.map(([before]) => before),
      [reference.keyOf(chain, 0), reference.chainAt(chain, 1)].map(toHex),
    )
    for (const [, value] of values) assert.deepEqual(value, new Uint8Array(32))
    t.mock.restoreAll()
    assert.equal(receive(b, message).text, toHex(utf8('Hello, Bob')))
  })

  it('takes its number even if it fails, so that no key is ever used again', () => {
    const { a, b } = agreed()
    // fails where the sequence number is first written
    const failure = new Error('injected')
    const original = DataView.prototype.setBigUint64
    DataView.prototype.setBigUint64 = () => {
      throw failure
    }
    try {
      for (let i = 0; i < 3; i++) assert.throws(() => a.seal(utf8('lost')), failure)
    } finally {
      DataView.prototype.setBigUint64 = original
    }
    assert.equal(a.sent, 3)
    const message = a.seal(utf8('sent'))
    assert.equal(message.seq, 3)
    assert.deepEqual(receive(b, message), { text: toHex(utf8('sent')), missing: 3 })
  })

  const skip = !SLOW && 'takes over ten seconds: SLOW=1 runs it'
  it('is refused after 2^20 messages', { skip }, () => {
    const { a, b } = agreed()
    const text = utf8('x')
    let last = a.seal(text)
    for (let seq = 1; seq < 2 ** 20; seq++) {
      // the receiver can be behind, but not by more than 1,024
      if (seq % 1_024 === 0) receive(b, last)
      last = a.seal(text)
    }
    assert.equal(last.seq, 2 ** 20 - 1)
    assert.deepEqual(receive(b, last), { text: toHex(text), missing: 1_023 })
    for (let i = 0; i < 3; i++) refuses('rekey_required', () => a.seal(text))
    assert.equal(a.sent, 2 ** 20)
    assert.equal(b.seal(text).seq, 0)
    refuses('replay', () => b.checkSequence(last.seq))
    refuses('rekey_required', () => b.checkSequence(last.seq + 1))
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
        assert.equal(receive(receiver, message).text, toHex(text))
      }),
      { numRuns: 100 * TIMES },
    )
  })

  it('works before promotion', () => {
    const { a, b } = derive('X25519')
    a.promote()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    assert.deepEqual(opened(b, seq, ciphertext), utf8('Hello, Bob'))
  })

  it('changes nothing until it is accepted: the same message opens again', () => {
    const { a, b } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    const before = toHex(ciphertext)
    for (let i = 0; i < 3; i++) assert.deepEqual(opened(b, seq, ciphertext), utf8('Hello, Bob'))
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
      refuses('decrypt_failed', () => opened(b, seq, changed))
    }
    assert.deepEqual(opened(b, seq, ciphertext), utf8('Hello, Bob'))
  })

  it('that fails overwrites the key, and every other that it computed', (t) => {
    const { a, b } = agreed()
    const { session, ciphertext } = a.seal(utf8('Hello, Bob'))
    const values = recordValues(t)
    refuses('decrypt_failed', () => b.open({ session, seq: 9, ciphertext }))
    assert.equal(values.length, 11)
    for (const [, value] of values) assert.deepEqual(value, new Uint8Array(32))
  })

  it('fails for every length but the right one', () => {
    const { a, b } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    for (let length = 0; length < ciphertext.length; length++)
      refuses('decrypt_failed', () => opened(b, seq, ciphertext.subarray(0, length)))
    refuses('decrypt_failed', () => opened(b, seq, Uint8Array.of(...ciphertext, 0)))
    refuses('decrypt_failed', () => opened(b, seq, Uint8Array.of(0, ...ciphertext)))
  })

  it('fails under another sequence number', () => {
    const { a, b } = agreed()
    const first = a.seal(utf8('one'))
    const second = a.seal(utf8('two'))
    refuses('decrypt_failed', () => opened(b, second.seq, first.ciphertext))
    refuses('decrypt_failed', () => opened(b, first.seq, second.ciphertext))
    for (const seq of [1, 2, 255, 256, 1_024])
      refuses('decrypt_failed', () => opened(b, seq, first.ciphertext))
  })

  it('fails for what one sealed oneself: no message can be sent back', () => {
    const { a, b } = agreed()
    for (const session of [a, b]) {
      const { seq, ciphertext } = session.seal(utf8('Hello, Bob'))
      refuses('decrypt_failed', () => opened(session, seq, ciphertext))
    }
  })

  it('fails in the session of another exchange', () => {
    const { a } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    for (const other of Object.values(agreed()).slice(0, 2))
      refuses('decrypt_failed', () => opened(other as Session, seq, ciphertext))
  })

  it('gives one text for every failure', () => {
    const { a, b } = agreed()
    const { seq, ciphertext } = a.seal(utf8('Hello, Bob'))
    const failures = [
      refuses('decrypt_failed', () => opened(b, seq + 1, ciphertext)),
      refuses('decrypt_failed', () => opened(b, seq, ciphertext.subarray(1))),
      refuses('decrypt_failed', () => opened(b, seq, new Uint8Array())),
      refuses('decrypt_failed', () => opened(a, seq, ciphertext)),
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
    for (const message of sealed.slice(0, 4))
      assert.match(refuses('replay', () => receive(b, message)).message, /^A message /)
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

  it('has room up to 1,024 beyond the next number, and none from 2^20 on', () => {
    const { b } = agreed()
    b.checkSequence(1_024)
    for (const seq of [1_025, 2 ** 16, 2 ** 20 - 1])
      refuses('too_far_ahead', () => b.checkSequence(seq))
    for (const seq of [2 ** 20, 2 ** 20 + 1, 2 ** 32, Number.MAX_SAFE_INTEGER])
      refuses('rekey_required', () => b.checkSequence(seq))
  })

  it('refuses what is too far ahead even if it would open', () => {
    const { b, expected } = agreed()
    const { ikm, T, party } = expected
    const sealed = (seq: number) => ({
      session: b.id,
      seq,
      ciphertext: reference.sealMessage(ikm, T, party, seq, utf8('far')),
    })
    refuses('too_far_ahead', () => receive(b, sealed(1_025)))
    assert.equal(receive(b, sealed(1_024)).missing, 1_024)
    assert.equal(receive(b, sealed(1_025)).missing, 0)
    refuses('replay', () => receive(b, sealed(1_024)))
  })
})

describe('a message that waits to be read', () => {
  const TEXT = utf8('Hello, Bob')
  function accepted() {
    const { a, b, expected } = agreed()
    const message = a.seal(TEXT)
    const { ikm, T, party } = expected
    const chain = reference.K(ikm, T, `chain ${party === 1 ? '1>2' : '2>1'}`, 32)
    const { missing, waiting } = b.open(message).accept()
    assert.equal(missing, 0)
    return { a, b, message, waiting, key: reference.keyOf(chain, 0) }
  }

  it('is the sealed one, and opens by itself, as often as it is asked', () => {
    const { message, waiting } = accepted()
    const { session, seq, ciphertext } = waiting
    assert.deepEqual({ session, seq, ciphertext }, message)
    for (let i = 0; i < 2; i++) assert.deepEqual(waiting.open(), TEXT)
  })

  it('opens although its session was erased, and others came', () => {
    const { a, b, waiting } = accepted()
    receive(b, a.seal(utf8('the next')))
    b.erase()
    assert.deepEqual(waiting.open(), TEXT)
  })

  it('is opened by nothing once it was erased, and by no session', () => {
    const { a, b, message, waiting } = accepted()
    waiting.erase()
    refuses('decrypt_failed', () => waiting.open())
    refuses('replay', () => receive(b, message))
    refuses('decrypt_failed', () => opened(a, message.seq, message.ciphertext))
  })

  it('shows neither text nor key to anything that prints objects', () => {
    const { waiting, key } = accepted()
    hides(waiting, key)
    hides(waiting, TEXT)
  })
})

describe('a picture', () => {
  it('is not sent before promotion, and takes no number then', () => {
    const { a, b } = derive('X25519')
    for (const session of [a, b]) {
      refuses('no_session', () => session.sealPicture())
      session.promote()
      assert.equal(session.sealPicture().header.number, 0)
    }
  })

  it('is counted apart from the messages', () => {
    const { a, b } = agreed()
    for (let i = 0; i < 3; i++) receive(b, a.seal(utf8(`${i}`)))
    const { header, key } = a.sealPicture()
    assert.equal(header.number, 0)
    const ahead = b.openPicture(0)
    assert.deepEqual(ahead.key, key)
    assert.equal(ahead.accept(), 0)
    assert.deepEqual([a.sent, b.received], [3, 3])
    assert.equal(receive(b, a.seal(utf8('3'))).missing, 0)
  })

  it('is refused by its number: accepted, overtaken, too far ahead, beyond the last', () => {
    const { b } = agreed()
    const [first, third] = [b.openPicture(0), b.openPicture(2)]
    third.accept()
    for (const number of [0, 1, 2])
      assert.match(refuses('replay', () => b.openPicture(number)).message, /^A picture /)
    // one that was on its way when a later one was accepted
    refuses('replay', () => first.accept())
    b.openPicture(3 + 1_024).forget()
    refuses('too_far_ahead', () => b.openPicture(3 + 1_025))
    for (const number of [2 ** 20, 2 ** 64]) refuses('rekey_required', () => b.openPicture(number))
    assert.equal(b.openPicture(3).accept(), 0)
  })
})

describe('a session', () => {
  it('is confirmed from its promotion on', () => {
    const { a } = derive('X25519')
    assert.equal(a.isConfirmed, false)
    a.promote()
    assert.equal(a.isConfirmed, true)
    a.demote()
    assert.equal(a.isConfirmed, true)
  })
})

describe('a session that another one took the place of', () => {
  it('still receives, and neither sends nor shows a secret', () => {
    const { a, b } = agreed('X25519MLKEM768')
    const [message, picture] = [a.seal(utf8('late')), a.sealPicture()]
    b.demote()
    refuses('no_session', () => b.seal(utf8('too late')))
    refuses('no_session', () => b.sealPicture())
    const zeros = new Uint8Array(32)
    assert.deepEqual(b.exportSharedSecrets(), { ecdh: zeros, kem: zeros })
    assert.equal(receive(b, message).text, toHex(utf8('late')))
    assert.deepEqual(b.openPicture(0).key, picture.key)
  })
})

describe('what a session leaves behind', () => {
  it('is none of the secrets that its keys came from, but the one that is shown', (t) => {
    const made: Uint8Array[] = []
    const { sharedSecret } = KeyPair.prototype
    t.mock.method(KeyPair.prototype, 'sharedSecret', function (this: KeyPair, point: Uint8Array) {
      const secret = sharedSecret.call(this, point)
      made.push(secret)
      return secret
    })
    const { a, b } = derive('X25519')
    const left = made.filter((secret) => secret.some((byte) => byte !== 0))
    assert.equal(made.length, 6)
    assert.deepEqual(
      left,
      [b, a].map((session) => session.exportSharedSecrets().ecdh),
    )
  })

  it('is no chain: the two to send end with its place, the two to receive with the rest', (t) => {
    const { a } = agreed()
    const { mock } = t.mock.method(KeyChain.prototype, 'erase')
    a.demote()
    assert.equal(mock.callCount(), 2)
    a.erase()
    assert.equal(mock.callCount(), 4)
    assert.equal(new Set(mock.calls.map((call) => call.this)).size, 4)
  })
})

describe('an erased session', () => {
  it('has shared secrets of zeros', () => {
    for (const [name, { kem }] of ALL) {
      const { a } = agreed(name)
      a.erase()
      const zeros = new Uint8Array(32)
      assert.deepEqual(a.exportSharedSecrets(), { ecdh: zeros, kem: kem && zeros })
    }
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
    refuses('decrypt_failed', () => opened(b, seq, ciphertext))
  })

  it('has no key for a picture, neither to send nor to receive', () => {
    const { a, b } = agreed()
    a.sealPicture()
    for (const session of [a, b]) {
      session.erase()
      refuses('no_session', () => session.sealPicture())
      refuses('decrypt_failed', () => session.openPicture(0))
    }
  })

  it('takes the tag of the other side no more', () => {
    const { a, b } = derive('X25519')
    a.erase()
    assert.ok(a.isProvenBy(b.confirm) === false)
  })

  it('does not come back to its keys by promotion', () => {
    const { a, b } = derive('X25519')
    a.erase()
    refuses('decrypt_failed', () => {
      try {
        a.promote()
        return opened(b, 0, a.seal(utf8('Hello, Bob')).ciphertext)
      } catch (cause) {
        // to refuse earlier is as good
        throw new DuetError('decrypt_failed', 'This was refused.', { cause })
      }
    })
  })

  it('leaves the other side and the identity as they were', () => {
    const suite = SUITES.X25519MLKEM768
    const [idA, idB] = [new KeyPair(suite.curve), new KeyPair(suite.curve)]
    const [eA, eB] = [new EphemeralKeys(suite), new EphemeralKeys(suite)]
    const privateKeys = () =>
      [idA.exportPrivateKey(), eA.pair.exportPrivateKey(), eA.exportSeed()].map(
        (key) => key && toHex(key),
      )
    const before = privateKeys()
    const a = new Session(idA, eA, { identity: idB.publicKey, publicKey: eB.publicKey })
    a.erase()
    assert.deepEqual(privateKeys(), before)
  })
})

describe('the shared secret of a session', () => {
  it('is given as a copy', () => {
    const { a } = agreed('X25519MLKEM768')
    const before = structuredClone(a.exportSharedSecrets())
    for (const secret of Object.values(a.exportSharedSecrets())) secret?.fill(0)
    assert.deepEqual(a.exportSharedSecrets(), before)
  })

  it('opens nothing by itself: no key of the session is made from it alone', () => {
    const { a, expected } = agreed()
    const { T, sharedSecret, party } = expected
    const other = party === 1 ? 2 : 1
    for (const ikm of [sharedSecret, Buffer.concat([sharedSecret, sharedSecret, sharedSecret])]) {
      const forged = reference.sealMessage(ikm, T, other, 0, utf8('forged'))
      refuses('decrypt_failed', () => opened(a, 0, forged))
    }
  })
})
