/** Transcript, HKDF and labels, beside published values and the independent peer's. */

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { describe, it } from 'node:test'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import {
  encodeShare,
  KeySchedule,
  type Share,
  transcriptOf,
} from '../../src/protocol/keySchedule.ts'
import { publicKeyBytes, SUITES, type Suite } from '../../src/protocol/suites.ts'
import { hides } from '../helpers/secrecy.ts'
import { countBy, hex, toHex, wycheproof } from '../helpers/vectors.ts'
import * as independent from '../independent/session.ts'
import { INDEPENDENT_SUITES } from '../independent/suites.ts'
import { HKDF_SHA256 } from '../vectors/rfc5869.ts'

const SLOW = process.env['SLOW'] === '1'
const TIMES = SLOW ? 10 : 1

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const shares = (suite: Suite): fc.Arbitrary<Share> =>
  fc.record({ identity: bytes(suite.curve.pointBytes), publicKey: bytes(publicKeyBytes(suite)) })
const inBuffers = ({ identity, publicKey }: Share) => ({
  identity: Buffer.from(identity),
  publicKey: Buffer.from(publicKey),
})

/** K(label, 32) and HMAC-SHA-256 by node:crypto. */
const K = (ikm: Uint8Array, T: Uint8Array, label: string) =>
  Buffer.from(crypto.hkdfSync('sha256', ikm, T, `duet/2 ${label}`, 32))
const hmac = (key: Uint8Array, text: Uint8Array) =>
  crypto.createHmac('sha256', key).update(text).digest()

const CHAINS = ['chain 1>2', 'chain 2>1', 'files 1>2', 'files 2>1']

/** Everything a schedule gives, as hex: the chains in the order of `CHAINS`, then the tags. */
function outputs(schedule: KeySchedule): string[] {
  const [one, two] = [schedule.direction(1), schedule.direction(2)]
  const chains = [one.chain, two.chain, one.files, two.files]
  return [...chains, schedule.confirmTag(1), schedule.confirmTag(2)].map(toHex)
}

/** The same by the specification's formulas. */
function expectedOutputs(ikm: Uint8Array, T: Uint8Array): string[] {
  const tags = [1, 2].map((party) => hmac(K(ikm, T, `confirm ${party}`), T))
  return [...CHAINS.map((label) => K(ikm, T, label)), ...tags].map(toHex)
}

describe('HKDF-SHA-256 as the key schedule uses it', () => {
  for (const { section, ikm, salt, info, length, prk, okm } of HKDF_SHA256)
    it(`gives the values of RFC 5869 appendix ${section}`, () => {
      const extracted = extract(sha256, hex(ikm), hex(salt))
      assert.equal(toHex(extracted), prk)
      assert.equal(toHex(expand(sha256, extracted, hex(info), length)), okm)
    })

  const { skip, cases } = wycheproof<
    Record<'ikm' | 'salt' | 'info' | 'okm', string> & { size: number }
  >('hkdf_sha256_test.json')
  it('agrees with every case of Wycheproof', { skip }, () => {
    const counts = countBy(cases, ({ tcId, ikm, salt, info, size, okm, result, flags }) => {
      const derive = () => expand(sha256, extract(sha256, hex(ikm), hex(salt)), hex(info), size)
      if (result === 'valid') {
        assert.equal(toHex(derive()), okm, `case ${tcId}`)
        return 'agrees'
      }
      assert.throws(derive, `case ${tcId}`)
      return flags.includes('SizeTooLarge') ? 'refused, too long' : 'refused'
    })
    assert.deepEqual(counts, { agrees: 83, 'refused, too long': 3 })
  })
})

for (const suite of Object.values(SUITES)) {
  const { name, kem } = suite
  const ciphertexts = kem === null ? fc.constant(null) : bytes(kem.ciphertextBytes)
  const theirSuite = INDEPENDENT_SUITES.find((one) => one.name === name) ?? assert.fail()

  describe(`the transcript on ${name}`, () => {
    it('is that of the independent peer, on both sides, and the smaller share is that of party 1', () => {
      fc.assert(
        fc.property(shares(suite), shares(suite), ciphertexts, (a, b, ciphertext) => {
          const [ours, theirs] = [inBuffers(a), inBuffers(b)]
          const encoded = independent.encodeShare(theirSuite, ours)
          assert.equal(toHex(encodeShare(suite, a)), toHex(encoded))
          const order = encoded.compare(independent.encodeShare(theirSuite, theirs))
          fc.pre(order !== 0)
          const given = ciphertext ? Buffer.from(ciphertext) : undefined
          const T = toHex(independent.transcriptOf(theirSuite, ours, theirs, given))
          for (const [own, peer, party] of [
            [a, b, order < 0 ? 1 : 2],
            [b, a, order < 0 ? 2 : 1],
          ] as const) {
            const transcript = transcriptOf(suite, own, peer, ciphertext)
            assert.equal(toHex(transcript.hash), T)
            assert.equal(toHex(transcript.sessionId), T.slice(0, 32))
            assert.equal(transcript.party, party)
          }
        }),
        { numRuns: 50 * TIMES },
      )
    })
  })
}

describe('the key schedule', () => {
  const ikm = new Uint8Array(96).map((_, i) => i)
  const T = new Uint8Array(32).map((_, i) => 200 + i)

  it('gives the chains and tags of the formulas, for any input', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(96), bytes(128)), bytes(32), (ikm, T) => {
        assert.deepEqual(outputs(new KeySchedule(ikm, T)), expectedOutputs(ikm, T))
      }),
      { numRuns: 50 * TIMES },
    )
  })

  it('gives six values that differ, the same however often it is asked, in copies of their own', () => {
    const schedule = new KeySchedule(ikm, T)
    const before = outputs(schedule)
    assert.equal(new Set(before).size, 6)
    for (const value of Object.values(schedule.direction(1))) value.fill(0)
    schedule.confirmTag(1).fill(0)
    assert.deepEqual(outputs(schedule), before)
  })

  it('shows neither the input nor the extracted key nor what it expands to', () => {
    const schedule = new KeySchedule(ikm, T)
    const expanded = [...CHAINS, 'confirm 1', 'confirm 2'].map((label) => K(ikm, T, label))
    hides(schedule, ikm, hmac(T, ikm), ...expanded)
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
