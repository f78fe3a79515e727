/** Sealed texts of the mailbox, changed: they never open, and what can be said without the key is said. */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkSealed, MAX_MAIL_BYTES, open, seal, sealedBytes } from '../../src/mailbox/seal.ts'
import { CURVES, type CurveName, KeyPair } from '../../src/protocol/curves.ts'
import { anyBytes, damagedBy, damages } from '../helpers/mutations.ts'
import { codeOf, hold, promptly, type Target } from './target.ts'

const CHECKED = ['bad_encoding', 'bad_point', 'too_large']

/** Points that are none, or that give nothing away. */
const points = [
  Buffer.alloc(32),
  Buffer.from(`01${'00'.repeat(31)}`, 'hex'),
  Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex'),
  Buffer.from(`ed${'ff'.repeat(30)}7f`, 'hex'),
  Buffer.alloc(32, 0xff),
  Buffer.alloc(65),
  Buffer.alloc(65, 4),
  Buffer.concat([Buffer.of(4), Buffer.alloc(64, 0xff)]),
  Buffer.alloc(33, 2),
  ...Object.values(CURVES).map((curve) => Buffer.from(new KeyPair(curve).publicKey)),
]

type Change = (sealed: Buffer) => Buffer

const change: fc.Arbitrary<Change> = fc.oneof(
  damages.map((damages) => (sealed: Buffer) => damagedBy(damages, sealed)),
  fc
    .constantFrom(...points)
    .map((point) => (sealed: Buffer) => Buffer.concat([point, sealed.subarray(point.length)])),
  anyBytes(200).map((bytes) => () => bytes),
  fc.integer({ min: -100, max: 100 }).map((more) => (sealed: Buffer) => {
    const length = 65 + 64 * 1024 + 16 + more
    return Buffer.concat([sealed, Buffer.alloc(length)]).subarray(0, length)
  }),
)

export const sealedTexts: Target = {
  name: 'sealed texts that were changed',
  cases: 20,
  async fuzz(seed, limits, tell) {
    const pairs = { X25519: new KeyPair(CURVES.X25519), 'P-256': new KeyPair(CURVES['P-256']) }
    const text = anyBytes(300)
    const curve = fc.constantFrom<CurveName>('X25519', 'P-256')
    await hold(
      fc.asyncProperty(curve, curve, text, change, async (name, sealedTo, text, change) => {
        const pair = pairs[name]
        const sealed = Buffer.from(await seal(pairs[sealedTo], text))
        const changed = change(sealed)
        let outcome = 'opened'
        try {
          const opened = await promptly(() => open(pair, changed))
          assert.ok(name === sealedTo && changed.equals(sealed), 'a changed text was opened')
          assert.deepEqual(Buffer.from(opened), Buffer.from(text))
        } catch (error) {
          outcome = codeOf(error)
          assert.equal(outcome, 'decrypt_failed')
        }
        try {
          await promptly(() => checkSealed(pair.curve, changed))
          assert.ok(changed.length >= sealedBytes(pair.curve, 0), 'too short')
          assert.ok(changed.length <= sealedBytes(pair.curve, MAX_MAIL_BYTES), 'too long')
        } catch (error) {
          assert.ok(CHECKED.includes(codeOf(error)))
          assert.notEqual(outcome, 'opened')
          outcome = codeOf(error)
        }
        tell(outcome)
      }),
      seed,
      limits,
    )
  },
}
