/** Transcript, HKDF and labels, beside published values and a second computation with node:crypto. */

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { describe, it } from 'node:test'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { CURVES, type Curve, type CurveName, X25519 } from '../src/protocol/curves.ts'
import { encodeShare, KeySchedule, type Share, transcriptOf } from '../src/protocol/keySchedule.ts'
import * as reference from './helpers/reference.ts'
import { hides } from './helpers/secrecy.ts'
import { countBy, hex, toHex, wycheproof } from './helpers/vectors.ts'
import { HKDF_SHA256 } from './vectors/rfc5869.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1
const BOTH = Object.entries(CURVES) as [CurveName, Curve][]

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const shares = (curve: Curve): fc.Arbitrary<Share> =>
  fc.record({ identity: bytes(curve.pointBytes), publicKey: bytes(curve.pointBytes) })
const encoded = (name: CurveName, { identity, publicKey }: Share) =>
  reference.share(name, identity, publicKey)

/** A copy with one bit turned over. */
function flipped(original: Uint8Array, bit: number): Uint8Array {
  const copy = original.slice()
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

/** Everything a schedule gives, as hex. */
function outputs(schedule: KeySchedule) {
  return {
    'key 1>2': toHex(schedule.direction(1).key),
    'key 2>1': toHex(schedule.direction(2).key),
    'iv 1>2': toHex(schedule.direction(1).iv),
    'iv 2>1': toHex(schedule.direction(2).iv),
    'tag 1': toHex(schedule.confirmTag(1)),
    'tag 2': toHex(schedule.confirmTag(2)),
  }
}

/** The same by the design's formulas. */
function expectedOutputs(ikm: Uint8Array, T: Uint8Array) {
  return {
    'key 1>2': toHex(reference.K(ikm, T, 'key 1>2', 32)),
    'key 2>1': toHex(reference.K(ikm, T, 'key 2>1', 32)),
    'iv 1>2': toHex(reference.K(ikm, T, 'iv 1>2', 12)),
    'iv 2>1': toHex(reference.K(ikm, T, 'iv 2>1', 12)),
    'tag 1': toHex(reference.confirmTag(ikm, T, 1)),
    'tag 2': toHex(reference.confirmTag(ikm, T, 2)),
  }
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

for (const [name, curve] of BOTH) {
  describe(`the transcript on ${name}`, () => {
    it('encodes a share as curve id, identity and public key, the two with their lengths', () => {
      fc.assert(
        fc.property(shares(curve), (share) => {
          const got = encodeShare(curve, share)
          assert.equal(got.length, 2 + 2 * (2 + curve.pointBytes))
          assert.equal(toHex(got), toHex(encoded(name, share)))
        }),
        { numRuns: 50 * TIMES },
      )
    })

    it('is the hash of both shares in bytewise order, the same on both sides', () => {
      fc.assert(
        fc.property(shares(curve), shares(curve), (a, b) => {
          const T = reference.transcript(encoded(name, a), encoded(name, b))
          for (const [own, peer] of [
            [a, b],
            [b, a],
          ] as const) {
            const { hash, sessionId } = transcriptOf(curve, own, peer)
            assert.equal(toHex(hash), toHex(T))
            assert.equal(toHex(sessionId), toHex(T.subarray(0, 16)))
          }
        }),
        { numRuns: 50 * TIMES },
      )
    })

    it('makes party 1 of the side whose share comes first, party 2 of the other', () => {
      fc.assert(
        fc.property(shares(curve), shares(curve), (a, b) => {
          const order = Buffer.compare(encoded(name, a), encoded(name, b))
          fc.pre(order !== 0)
          assert.equal(transcriptOf(curve, a, b).party, order < 0 ? 1 : 2)
          assert.equal(transcriptOf(curve, b, a).party, order < 0 ? 2 : 1)
        }),
        { numRuns: 50 * TIMES },
      )
    })

    it('orders by the identity first, and by the public key where the identities are equal', () => {
      const all = (byte: number) => new Uint8Array(curve.pointBytes).fill(byte)
      const low = { identity: all(1), publicKey: all(9) }
      const high = { identity: all(2), publicKey: all(3) }
      assert.equal(transcriptOf(curve, low, high).party, 1)
      assert.equal(transcriptOf(curve, high, low).party, 2)
      const same = { identity: all(1), publicKey: all(8) }
      assert.equal(transcriptOf(curve, same, low).party, 1)
      assert.equal(transcriptOf(curve, low, same).party, 2)
    })

    it('orders by unsigned bytes: 7f comes before 80', () => {
      const all = (byte: number) => new Uint8Array(curve.pointBytes).fill(byte)
      const low = { identity: all(0x7f), publicKey: all(0) }
      const high = { identity: all(0x80), publicKey: all(0) }
      assert.equal(transcriptOf(curve, low, high).party, 1)
      assert.equal(transcriptOf(curve, high, low).party, 2)
    })

    it('changes with every bit of the four public keys', () => {
      const own = { identity: curve.basePoint.slice(), publicKey: curve.basePoint.slice().fill(5) }
      const peer = { identity: own.publicKey.slice().fill(6), publicKey: own.publicKey.slice() }
      const before = toHex(transcriptOf(curve, own, peer).hash)
      const seen = new Set([before])
      const bits = 8 * curve.pointBytes
      for (let bit = 0; bit < bits; bit++) {
        for (const field of ['identity', 'publicKey'] as const) {
          const [mine, theirs] = [own, peer].map((share) => ({
            ...share,
            [field]: flipped(share[field], bit),
          }))
          assert.ok(mine && theirs)
          seen.add(toHex(transcriptOf(curve, mine, peer).hash))
          seen.add(toHex(transcriptOf(curve, own, theirs).hash))
        }
      }
      assert.equal(seen.size, 1 + 4 * bits)
    })

    it('gives a session id that is a copy', () => {
      const share = { identity: curve.basePoint, publicKey: curve.basePoint }
      const { hash, sessionId } = transcriptOf(curve, share, share)
      const before = toHex(hash)
      sessionId.fill(0)
      assert.equal(toHex(hash), before)
    })
  })
}

describe('the transcript', () => {
  it('changes with the curve id', () => {
    const share = (byte: number) => ({
      identity: new Uint8Array(32).fill(byte),
      publicKey: new Uint8Array(32).fill(byte + 1),
    })
    const other: Curve = { ...X25519, id: 2 }
    assert.notDeepEqual(
      transcriptOf(X25519, share(1), share(3)).hash,
      transcriptOf(other, share(1), share(3)).hash,
    )
  })

  it('changes when a byte moves from the end of one key to the beginning of the next', () => {
    const peer = { identity: Uint8Array.of(9), publicKey: Uint8Array.of(9) }
    const one = { identity: Uint8Array.of(1, 2), publicKey: Uint8Array.of(3) }
    const two = { identity: Uint8Array.of(1), publicKey: Uint8Array.of(2, 3) }
    assert.notDeepEqual(transcriptOf(X25519, one, peer).hash, transcriptOf(X25519, two, peer).hash)
  })
})

describe('the key schedule', () => {
  it('gives the keys, ivs and tags of the formulas, for any input', () => {
    fc.assert(
      fc.property(bytes(96), bytes(32), (ikm, T) => {
        assert.deepEqual(outputs(new KeySchedule(ikm, T)), expectedOutputs(ikm, T))
      }),
      { numRuns: 50 * TIMES },
    )
  })

  for (const [name, curve] of BOTH) {
    it(`gives them for an exchange on ${name} that OpenSSL computed`, () => {
      // any private keys will do; small bytes are in the range of both curves
      const own = { identity: new Uint8Array(32).fill(1), ephemeral: new Uint8Array(32).fill(2) }
      const peer = { identity: new Uint8Array(32).fill(3), ephemeral: new Uint8Array(32).fill(4) }
      const [a, b] = [own, peer].map(({ identity, ephemeral }) => ({
        identity: curve.publicKey(identity),
        publicKey: curve.publicKey(ephemeral),
      }))
      assert.ok(a && b)
      const { T, ikm, party } = reference.exchange(name, own, peer)
      const transcript = transcriptOf(curve, a, b)
      assert.equal(toHex(transcript.hash), toHex(T))
      assert.equal(transcript.party, party)
      assert.equal(ikm.length, 96)
      assert.deepEqual(outputs(new KeySchedule(ikm, transcript.hash)), expectedOutputs(ikm, T))
    })
  }

  const ikm = new Uint8Array(96).map((_, i) => i)
  const T = new Uint8Array(32).map((_, i) => 200 + i)

  it('gives six values that differ, keys of 32 bytes, ivs of 12, tags of 32', () => {
    const given = outputs(new KeySchedule(ikm, T))
    assert.deepEqual(
      Object.values(given).map((value) => value.length / 2),
      [32, 32, 12, 12, 32, 32],
    )
    const beginnings = Object.values(given).map((value) => value.slice(0, 24))
    assert.equal(new Set(beginnings).size, 6)
  })

  it('gives the same values however often it is asked, in copies of their own', () => {
    const schedule = new KeySchedule(ikm, T)
    const before = outputs(schedule)
    for (const value of [schedule.direction(1).key, schedule.direction(1).iv]) value.fill(0)
    schedule.confirmTag(1).fill(0)
    assert.deepEqual(outputs(schedule), before)
  })

  it('gives other values after any bit of the input or the transcript changed', () => {
    const before = Object.values(outputs(new KeySchedule(ikm, T)))
    fc.assert(
      fc.property(fc.nat({ max: 8 * 128 - 1 }), (bit) => {
        const changed = flipped(Uint8Array.of(...ikm, ...T), bit)
        const schedule = new KeySchedule(changed.slice(0, 96), changed.slice(96))
        const after = new Set(Object.values(outputs(schedule)))
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
    for (const [label, n] of [
      ['key 1>2', 32],
      ['key 2>1', 32],
      ['iv 1>2', 12],
      ['iv 2>1', 12],
      ['file 1>2', 32],
      ['file 2>1', 32],
      ['confirm 1', 32],
      ['confirm 2', 32],
    ] as const)
      hides(schedule, reference.K(ikm, T, label, n))
  })

  it('gives none of its keys after `erase`', () => {
    const schedule = new KeySchedule(ikm, T)
    const before = Object.values(outputs(schedule))
    schedule.erase()
    let after: string[] = []
    try {
      after = Object.values(outputs(schedule))
    } catch {
      // to refuse is as good
    }
    assert.ok(before.every((value) => !after.includes(value)))
  })
})
