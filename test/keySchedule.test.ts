/** Transcript, HKDF and labels, beside published values and a second computation with node:crypto. */

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { describe, it } from 'node:test'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { concatBytes } from '../src/protocol/bytes.ts'
import { encodeShare, KeySchedule, type Share, transcriptOf } from '../src/protocol/keySchedule.ts'
import { publicKeyBytes, SUITES, type Suite, type SuiteName } from '../src/protocol/suites.ts'
import * as reference from './helpers/reference.ts'
import { hides } from './helpers/secrecy.ts'
import { countBy, hex, toHex, wycheproof } from './helpers/vectors.ts'
import { HKDF_SHA256 } from './vectors/rfc5869.ts'

const SLOW = process.env['SLOW'] === '1'
const TIMES = SLOW ? 10 : 1
const ALL = Object.entries(SUITES) as [SuiteName, Suite][]

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const shares = (suite: Suite): fc.Arbitrary<Share> =>
  fc.record({ identity: bytes(suite.curve.pointBytes), publicKey: bytes(publicKeyBytes(suite)) })
/** Of the length that the suite's KEM gives, or none. */
const ciphertexts = ({ kem }: Suite): fc.Arbitrary<Uint8Array | null> =>
  kem === null ? fc.constant(null) : bytes(kem.ciphertextBytes)
const encoded = (name: SuiteName, { identity, publicKey }: Share) =>
  reference.share(name, identity, publicKey)

/** A copy with one bit turned over. */
function flipped(original: Uint8Array, bit: number): Uint8Array {
  const copy = original.slice()
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

const CHAINS = ['chain 1>2', 'chain 2>1', 'files 1>2', 'files 2>1']

/** Everything a schedule gives, as hex: the chains in the order of `CHAINS`, then the tags. */
function outputs(schedule: KeySchedule): string[] {
  const directions = [schedule.direction(1), schedule.direction(2)]
  const chains = [...directions.map(({ chain }) => chain), ...directions.map(({ files }) => files)]
  return [...chains, schedule.confirmTag(1), schedule.confirmTag(2)].map(toHex)
}

/** The same by the design's formulas. */
function expectedOutputs(ikm: Uint8Array, T: Uint8Array): string[] {
  const chains = CHAINS.map((label) => reference.K(ikm, T, label, 32))
  const tags = [reference.confirmTag(ikm, T, 1), reference.confirmTag(ikm, T, 2)]
  return [...chains, ...tags].map(toHex)
}

describe('HKDF-SHA-256 as the key schedule uses it', () => {
  for (const { section, ikm, salt, info, length, prk, okm } of HKDF_SHA256) {
    it(`gives the values of RFC 5869 appendix ${section}`, () => {
      const extracted = extract(sha256, hex(ikm), hex(salt))
      assert.equal(toHex(extracted), prk)
      assert.equal(toHex(expand(sha256, extracted, hex(info), length)), okm)
      assert.equal(
        toHex(crypto.hkdfSync('sha256', hex(ikm), hex(salt), hex(info), length)),
        okm,
        'node:crypto',
      )
    })
  }

  const { skip, cases } = wycheproof<{
    ikm: string
    salt: string
    info: string
    size: number
    okm: string
  }>('hkdf_sha256_test.json')
  it('agrees with every case of Wycheproof, and so does node:crypto', { skip }, () => {
    const counts = countBy(cases, (each) => {
      const [ikm, salt, info] = [hex(each.ikm), hex(each.salt), hex(each.info)]
      const noble = () => expand(sha256, extract(sha256, ikm, salt), info, each.size)
      const node = () => crypto.hkdfSync('sha256', ikm, salt, info, each.size)
      const where = `case ${each.tcId}`
      if (each.result === 'valid') {
        assert.equal(toHex(noble()), each.okm, where)
        assert.equal(toHex(node()), each.okm, where)
        return 'agrees'
      }
      assert.throws(noble, where)
      assert.throws(node, where)
      return each.flags.includes('SizeTooLarge') ? 'refused, too long' : 'refused'
    })
    assert.deepEqual(counts, { agrees: 83, 'refused, too long': 3 })
  })

  it('has an HMAC that agrees with node:crypto', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array(), (key, text) => {
        const expected = crypto.createHmac('sha256', key).update(text).digest()
        assert.equal(toHex(hmac(sha256, key, text)), toHex(expected))
      }),
      { numRuns: 100 * TIMES },
    )
  })
})

for (const [name, suite] of ALL) {
  const { curve, kem } = suite
  const ciphertext: Uint8Array | null = kem && new Uint8Array(kem.ciphertextBytes).fill(7)

  describe(`the transcript on ${name}`, () => {
    it('encodes a share as suite id, identity and public key, the two with their lengths', () => {
      fc.assert(
        fc.property(shares(suite), (share) => {
          const got = encodeShare(suite, share)
          assert.equal(got.length, 2 + 2 + curve.pointBytes + 2 + publicKeyBytes(suite))
          assert.equal(toHex(got), toHex(encoded(name, share)))
        }),
        { numRuns: 50 * TIMES },
      )
    })

    it('is the hash of both shares in bytewise order and of the ciphertext, the same on both sides', () => {
      fc.assert(
        fc.property(shares(suite), shares(suite), ciphertexts(suite), (a, b, ciphertext) => {
          const T = reference.transcript(encoded(name, a), encoded(name, b), ciphertext)
          for (const [own, peer] of [
            [a, b],
            [b, a],
          ] as const) {
            const { hash, sessionId } = transcriptOf(suite, own, peer, ciphertext)
            assert.equal(toHex(hash), toHex(T))
            assert.equal(toHex(sessionId), toHex(T.subarray(0, 16)))
          }
        }),
        { numRuns: 50 * TIMES },
      )
    })

    it('makes party 1 of the side whose share comes first, party 2 of the other', () => {
      fc.assert(
        fc.property(shares(suite), shares(suite), (a, b) => {
          const order = Buffer.compare(encoded(name, a), encoded(name, b))
          fc.pre(order !== 0)
          assert.equal(transcriptOf(suite, a, b, ciphertext).party, order < 0 ? 1 : 2)
          assert.equal(transcriptOf(suite, b, a, ciphertext).party, order < 0 ? 2 : 1)
        }),
        { numRuns: 50 * TIMES },
      )
    })

    it('orders by the identity first, and by the public key where the identities are equal', () => {
      const all = (byte: number) => new Uint8Array(curve.pointBytes).fill(byte)
      const long = (byte: number) => new Uint8Array(publicKeyBytes(suite)).fill(byte)
      const low = { identity: all(1), publicKey: long(9) }
      const high = { identity: all(2), publicKey: long(3) }
      assert.equal(transcriptOf(suite, low, high, ciphertext).party, 1)
      assert.equal(transcriptOf(suite, high, low, ciphertext).party, 2)
      const same = { identity: all(1), publicKey: long(8) }
      assert.equal(transcriptOf(suite, same, low, ciphertext).party, 1)
      assert.equal(transcriptOf(suite, low, same, ciphertext).party, 2)
    })

    it('orders by unsigned bytes: 7f comes before 80', () => {
      const all = (byte: number) => new Uint8Array(curve.pointBytes).fill(byte)
      const low = { identity: all(0x7f), publicKey: all(0) }
      const high = { identity: all(0x80), publicKey: all(0) }
      assert.equal(transcriptOf(suite, low, high, ciphertext).party, 1)
      assert.equal(transcriptOf(suite, high, low, ciphertext).party, 2)
    })

    it('changes with every bit of both shares and of the ciphertext', () => {
      const publicKey = new Uint8Array(publicKeyBytes(suite)).fill(5)
      const own = { identity: curve.basePoint.slice(), publicKey }
      const peer = { identity: new Uint8Array(curve.pointBytes).fill(6), publicKey }
      const of = (one: Share, two: Share, third = ciphertext) =>
        toHex(transcriptOf(suite, one, two, third).hash)
      const seen = new Set([of(own, peer)])
      let changes = 1
      // where a key is long, another bit of each byte
      const next = suite.kem === null || SLOW ? 1 : 9
      for (const field of ['identity', 'publicKey'] as const)
        for (let bit = 0; bit < 8 * own[field].length; bit += next) {
          seen.add(of({ ...own, [field]: flipped(own[field], bit) }, peer))
          seen.add(of(own, { ...peer, [field]: flipped(peer[field], bit) }))
          changes += 2
        }
      for (let bit = 0; ciphertext !== null && bit < 8 * ciphertext.length; bit += next) {
        seen.add(of(own, peer, flipped(ciphertext, bit)))
        changes++
      }
      assert.equal(seen.size, changes)
    })

    it('gives a session id that is a copy', () => {
      const share = { identity: curve.basePoint, publicKey: curve.basePoint }
      const { hash, sessionId } = transcriptOf(suite, share, share, ciphertext)
      const before = toHex(hash)
      sessionId.fill(0)
      assert.equal(toHex(hash), before)
    })
  })
}

describe('the transcript', () => {
  it('changes with the suite id', () => {
    const share = (byte: number) => ({
      identity: new Uint8Array(32).fill(byte),
      publicKey: new Uint8Array(32).fill(byte + 1),
    })
    const other: Suite = { ...SUITES.X25519, id: 2 }
    assert.notDeepEqual(
      transcriptOf(SUITES.X25519, share(1), share(3), null).hash,
      transcriptOf(other, share(1), share(3), null).hash,
    )
  })

  it('changes when a byte moves from the end of one key to the beginning of the next', () => {
    const peer = { identity: Uint8Array.of(9), publicKey: Uint8Array.of(9) }
    const one = { identity: Uint8Array.of(1, 2), publicKey: Uint8Array.of(3) }
    const two = { identity: Uint8Array.of(1), publicKey: Uint8Array.of(2, 3) }
    assert.notDeepEqual(
      transcriptOf(SUITES.X25519, one, peer, null).hash,
      transcriptOf(SUITES.X25519, two, peer, null).hash,
    )
  })
})

describe('the key schedule', () => {
  it('gives the chains and tags of the formulas, for any input', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(96), bytes(128)), bytes(32), (ikm, T) => {
        assert.deepEqual(outputs(new KeySchedule(ikm, T)), expectedOutputs(ikm, T))
      }),
      { numRuns: 50 * TIMES },
    )
  })

  for (const [name, { curve, kem }] of ALL) {
    it(`gives them for an exchange on ${name} that OpenSSL computed`, () => {
      // any private keys will do; small bytes are in the range of both curves
      const own = { identity: new Uint8Array(32).fill(1), ephemeral: new Uint8Array(32).fill(2) }
      const peer = { identity: new Uint8Array(32).fill(3), ephemeral: new Uint8Array(32).fill(4) }
      const encapsulated = kem && {
        own: new Uint8Array(1184).fill(5),
        peer: new Uint8Array(1184).fill(6),
        ciphertext: new Uint8Array(1088).fill(7),
        secret: new Uint8Array(32).fill(8),
      }
      const none: Uint8Array = new Uint8Array(0)
      const shareOf = (keys: typeof own, encapsulationKey = none): Share => ({
        identity: curve.publicKey(keys.identity),
        publicKey: concatBytes(encapsulationKey, curve.publicKey(keys.ephemeral)),
      })
      const { T, ikm, party } = reference.exchange(name, own, peer, encapsulated)
      const transcript = transcriptOf(
        SUITES[name],
        shareOf(own, encapsulated?.own),
        shareOf(peer, encapsulated?.peer),
        encapsulated?.ciphertext ?? null,
      )
      assert.equal(toHex(transcript.hash), toHex(T))
      assert.equal(transcript.party, party)
      assert.equal(ikm.length, kem === null ? 96 : 128)
      assert.deepEqual(outputs(new KeySchedule(ikm, transcript.hash)), expectedOutputs(ikm, T))
    })
  }

  const ikm = new Uint8Array(96).map((_, i) => i)
  const T = new Uint8Array(32).map((_, i) => 200 + i)

  it('gives six values of 32 bytes that differ', () => {
    const given = outputs(new KeySchedule(ikm, T))
    assert.deepEqual(
      given.map((value) => value.length / 2),
      [32, 32, 32, 32, 32, 32],
    )
    assert.equal(new Set(given).size, 6)
  })

  it('gives the same values however often it is asked, in copies of their own', () => {
    const schedule = new KeySchedule(ikm, T)
    const before = outputs(schedule)
    for (const value of Object.values(schedule.direction(1))) value.fill(0)
    schedule.confirmTag(1).fill(0)
    assert.deepEqual(outputs(schedule), before)
  })

  it('gives other values after any bit of the input or the transcript changed', () => {
    const before = outputs(new KeySchedule(ikm, T))
    fc.assert(
      fc.property(fc.nat({ max: 8 * 128 - 1 }), (bit) => {
        const changed = flipped(Uint8Array.of(...ikm, ...T), bit)
        const schedule = new KeySchedule(changed.slice(0, 96), changed.slice(96))
        const after = new Set(outputs(schedule))
        assert.ok(before.every((value) => !after.has(value)))
      }),
      { numRuns: 50 * TIMES },
    )
  })

  it('keeps no hold on the input, which its owner erases', () => {
    const input = ikm.slice()
    const schedule = new KeySchedule(input, T)
    const before = outputs(schedule)
    input.fill(0)
    assert.deepEqual(outputs(schedule), before)
  })

  it('shows neither the input nor the extracted key nor what it expands to', () => {
    const schedule = new KeySchedule(ikm, T)
    hides(schedule, ikm)
    hides(schedule, crypto.createHmac('sha256', T).update(ikm).digest())
    for (const label of [...CHAINS, 'confirm 1', 'confirm 2'])
      hides(schedule, reference.K(ikm, T, label, 32))
  })

  it('gives none of its keys after `erase`', () => {
    const schedule = new KeySchedule(ikm, T)
    schedule.erase()
    for (const party of [1, 2] as const) {
      assert.throws(() => schedule.direction(party), /The key schedule is erased\./)
      assert.throws(() => schedule.confirmTag(party), /The key schedule is erased\./)
    }
  })
})
