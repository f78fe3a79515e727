/** Sealed texts of the mailbox: RFC 9180's vectors, another implementation, and everything that must not open. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openBase, sealBase } from '../../src/mailbox/hpke.ts'
import { checkSealed, MAX_MAIL_BYTES, open, seal, sealedBytes } from '../../src/mailbox/seal.ts'
import { CURVES, KeyPair, P256, X25519 } from '../../src/protocol/curves.ts'
import { encodePrivateKey, encodePublicKey } from '../../src/state/pem.ts'
import { refuses, rejects } from '../helpers/refuses.ts'
import { hex, toHex } from '../helpers/vectors.ts'
import { independentOpen, independentSeal } from '../independent/hpke.ts'
import { HPKE_BASE } from '../vectors/rfc9180.ts'

const TEXT = Buffer.from('Meet me at noon')

describe('RFC 9180, base mode', () => {
  for (const vector of HPKE_BASE) {
    const curve = CURVES[vector.curve]
    const { aead } = vector
    const parameters = { aead, info: hex(vector.info), aad: hex(vector.aad) }
    const pair = new KeyPair(curve, hex(vector.skRm))
    const [enc, ciphertext] = [hex(vector.enc), hex(vector.ciphertext)]

    it(`opens on ${curve.name} with ${aead}, and with no other parameters (${vector.source})`, async () => {
      assert.equal(toHex(pair.publicKey), vector.pkRm)
      assert.equal(toHex(await openBase(parameters, pair, enc, ciphertext)), vector.plaintext)
      const others = [
        { ...parameters, info: hex(`${vector.info}00`) },
        { ...parameters, aad: new Uint8Array(0) },
        { ...parameters, aead: aead === 'AES-128-GCM' ? 'AES-256-GCM' : 'AES-128-GCM' } as const,
      ]
      for (const other of others) await assert.rejects(openBase(other, pair, enc, ciphertext))
    })

    it(`leaves no copy of the key on ${curve.name} with ${aead}, opened or not`, async (t) => {
      const { mock } = t.mock.method(pair, 'exportPrivateKey')
      await openBase(parameters, pair, enc, ciphertext)
      await assert.rejects(openBase(parameters, pair, enc, ciphertext.subarray(1)))
      const copies = mock.calls.map(({ result }) => toHex(result ?? TEXT))
      assert.deepEqual(copies, Array(2).fill('00'.repeat(32)))
    })

    it(`is what the tests' own HPKE computes on ${curve.name} with ${aead}`, () => {
      const ephemeral = new KeyPair(curve, hex(vector.skEm))
      const made = independentSeal(
        encodePublicKey(pair),
        hex(vector.plaintext),
        parameters,
        encodePrivateKey(ephemeral),
      )
      for (const field of ['enc', 'sharedSecret', 'key', 'baseNonce', 'ciphertext'] as const)
        assert.equal(toHex(made[field]), vector[field], field)
    })
  }
})

for (const curve of Object.values(CURVES))
  describe(`a text sealed to a key of ${curve.name}`, () => {
    const pair = new KeyPair(curve)

    it('opens to the same bytes, whatever they are', () =>
      fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 2_000, size: 'max' }), async (text) => {
          const sealed = await seal(pair, text)
          assert.equal(sealed.length, sealedBytes(curve, text.length))
          checkSealed(curve, sealed)
          assert.deepEqual(new Uint8Array(await open(pair, sealed)), text)
        }),
        { numRuns: process.env['SLOW'] === '1' ? 500 : 20 },
      ))

    it('has at most 64 KiB, and one byte more is too_large', async () => {
      const longest = new Uint8Array(MAX_MAIL_BYTES).fill(7)
      assert.equal(longest.length, 65_536)
      const sealed = await seal(pair, longest)
      checkSealed(curve, sealed)
      assert.deepEqual(new Uint8Array(await open(pair, sealed)), longest)
      await rejects('too_large', seal(pair, new Uint8Array(MAX_MAIL_BYTES + 1)))
      refuses('too_large', () => checkSealed(curve, Buffer.concat([sealed, Buffer.of(0)])))
    })

    it('is never sealed in the same way twice', async () => {
      const [one, two] = [await seal(pair, TEXT), await seal(pair, TEXT)]
      assert.notDeepEqual(one.slice(0, curve.pointBytes), two.slice(0, curve.pointBytes))
      assert.notDeepEqual(one.slice(curve.pointBytes), two.slice(curve.pointBytes))
    })

    it('opens by another implementation, from our PEM, and here when that one sealed it', async () => {
      assert.deepEqual(independentOpen(encodePrivateKey(pair), await seal(pair, TEXT)), TEXT)
      const { sealed } = independentSeal(encodePublicKey(pair), TEXT)
      assert.deepEqual(Buffer.from(await open(pair, sealed)), TEXT)
    })

    it('opens under the info of the mailbox only', async () => {
      const empty = new Uint8Array(0)
      const parameters = { aead: 'AES-256-GCM', info: empty, aad: empty } as const
      const { enc, ciphertext } = await sealBase(parameters, pair, TEXT)
      await rejects('decrypt_failed', open(pair, Buffer.concat([enc, ciphertext])))
    })

    it('does not open once any byte of it is changed', async () => {
      const sealed = await seal(pair, TEXT)
      for (const at of sealed.keys()) {
        const changed = sealed.slice()
        changed.set([(sealed[at] ?? 0) ^ 0x01], at)
        await rejects('decrypt_failed', open(pair, changed))
      }
    })

    it('fails in one way, whatever is wrong with it', async () => {
      const sealed = await seal(pair, TEXT)
      const { pointBytes } = curve
      const other = curve === X25519 ? P256 : X25519
      const rest = sealed.slice(pointBytes)
      const wrong = {
        nothing: new Uint8Array(0),
        'enc alone': sealed.slice(0, pointBytes),
        'cut by a byte': sealed.slice(0, -1),
        'one byte more': Buffer.concat([sealed, Buffer.of(0)]),
        'another ephemeral key': Buffer.concat([new KeyPair(curve).publicKey, rest]),
        'an enc of zeros': Buffer.concat([new Uint8Array(pointBytes), rest]),
        'sealed to another key': await seal(new KeyPair(curve), TEXT),
        'sealed to a key of the other curve': await seal(new KeyPair(other), TEXT),
        '65 KiB of garbage': new Uint8Array(65 * 1024).fill(0x2a),
      }
      const details = new Set<string>()
      for (const [what, bytes] of Object.entries(wrong))
        details.add((await rejects('decrypt_failed', open(pair, bytes), what)).message)
      assert.equal(details.size, 1)
      assert.deepEqual(Buffer.from(await open(pair, sealed)), TEXT)
    })

    it('is refused before it is opened when its length or its first point can not be right', () => {
      const { pointBytes } = curve
      for (const length of [0, 1, pointBytes, sealedBytes(curve, 0) - 1])
        refuses('bad_encoding', () => checkSealed(curve, new Uint8Array(length)))
      refuses('bad_point', () => checkSealed(curve, new Uint8Array(sealedBytes(curve, 0))))
      const offCurve = new KeyPair(curve).publicKey.slice()
      if (curve === X25519) offCurve.fill(0xff)
      else offCurve.set([(offCurve[64] ?? 0) ^ 1], 64)
      refuses('bad_point', () => checkSealed(curve, Buffer.concat([offCurve, new Uint8Array(16)])))
    })

    it('is not sealed to what is no public key', async () => {
      const publicKey = new Uint8Array(curve.pointBytes)
      await rejects('bad_point', seal({ curve, publicKey }, TEXT))
    })
  })
