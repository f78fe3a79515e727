/** ML-KEM-768 through our own interface, beside published values and another implementation. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createMlKem768 } from 'mlkem'
import { MLKEM768 } from '../../src/protocol/kem.ts'
import { checkPublicKey, EphemeralKeys, halvesOf, SUITES } from '../../src/protocol/suites.ts'
import { REASON, refuses } from '../helpers/refuses.ts'
import { hides } from '../helpers/secrecy.ts'
import { countBy, flipped, hex, toHex, wycheproof } from '../helpers/vectors.ts'
import { withNumber } from '../independent/suites.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1
const HYBRID = SUITES.X25519MLKEM768
const Q = 3329

/** The other implementation, npm `mlkem`. */
const mlkem = await createMlKem768()
const COEFFICIENTS = 768
/** An encapsulation key of zeros as coefficients, and a random rho. */
const ZEROS: Buffer = Buffer.concat([Buffer.alloc(1152), randomBytes(32)])

/** Both ways in refuse the key with `bad_point`. */
function refusesKey(key: Uint8Array, what?: string): void {
  for (const use of [
    () => MLKEM768.checkEncapsulationKey(key),
    () => MLKEM768.encapsulate(key, new Uint8Array(32)),
  ])
    assert.throws(use, { name: 'DuetError', code: 'bad_point', message: REASON }, what)
}

/** Runs `check` with random bytes, and says with which if it fails. */
function withRandom(runs: number, length: number, check: (bytes: Uint8Array) => void): void {
  for (let i = 0; i < runs; i++) {
    const bytes = new Uint8Array(randomBytes(length))
    try {
      check(bytes)
    } catch (cause) {
      throw new Error(`It fails for the random bytes ${toHex(bytes)}.`, { cause })
    }
  }
}

describe('ML-KEM-768', () => {
  const keygen = wycheproof<{ seed: string; ek: string; dk: string }>(
    'mlkem_768_keygen_seed_test.json',
  )
  it('makes the keys of every seed of Wycheproof', { skip: keygen.skip }, () => {
    const counts = countBy(keygen.cases, ({ tcId, seed, ek, dk, result }) => {
      const { encapsulationKey, decapsulationKey } = MLKEM768.keyPair(hex(seed))
      assert.equal(toHex(encapsulationKey), ek, `case ${tcId}`)
      assert.equal(toHex(decapsulationKey), dk, `case ${tcId}`)
      MLKEM768.checkEncapsulationKey(encapsulationKey)
      return result
    })
    assert.deepEqual(counts, { valid: 100 })
  })

  const encaps = wycheproof<{ ek: string; m: string; c: string; K: string }>(
    'mlkem_768_encaps_test.json',
  )
  it('encapsulates as every case of Wycheproof says, keys that are wrong refused as bad_point', {
    skip: encaps.skip,
  }, () => {
    const counts = countBy(encaps.cases, ({ tcId, ek, m, c, K, result }) => {
      const key = hex(ek)
      if (result === 'valid') {
        MLKEM768.checkEncapsulationKey(key)
        const { ciphertext, sharedSecret } = MLKEM768.encapsulate(key, hex(m))
        assert.equal(toHex(ciphertext), c, `case ${tcId}`)
        assert.equal(toHex(sharedSecret), K, `case ${tcId}`)
        return 'agrees'
      }
      assert.equal(result, 'invalid', `case ${tcId}`)
      refusesKey(key)
      return key.length === 1184 ? 'refused, modulus' : 'refused, length'
    })
    assert.deepEqual(counts, { agrees: 133, 'refused, modulus': 112, 'refused, length': 20 })
  })

  const decaps = wycheproof<{ seed: string; ek?: string; c: string; K: string }>(
    'mlkem_768_test.json',
  )
  it('decapsulates as every case of Wycheproof says, wrong lengths refused', {
    skip: decaps.skip,
  }, () => {
    const counts = countBy(decaps.cases, ({ tcId, comment = '', seed, ek, c, K, result }) => {
      const where = `case ${tcId}`
      if (hex(seed).length !== 64) {
        assert.equal(result, 'invalid', where)
        assert.throws(() => MLKEM768.keyPair(hex(seed)), where)
        return 'refused, length of the seed'
      }
      const { encapsulationKey, decapsulationKey } = MLKEM768.keyPair(hex(seed))
      assert.equal(toHex(encapsulationKey), ek, where)
      if (result === 'invalid') {
        assert.notEqual(hex(c).length, 1088, where)
        assert.throws(() => MLKEM768.decapsulate(decapsulationKey, hex(c)), where)
        return 'refused, length of the ciphertext'
      }
      assert.equal(toHex(MLKEM768.decapsulate(decapsulationKey, hex(c))), K, where)
      return /^(Random|Bit flipped) ciphertext/.test(comment)
        ? 'agrees, rejected implicitly'
        : 'agrees'
    })
    assert.deepEqual(counts, {
      agrees: 133,
      'agrees, rejected implicitly': 20,
      'refused, length of the seed': 20,
      'refused, length of the ciphertext': 20,
    })
  })

  it('makes the keys, the ciphertexts and the secrets that another implementation makes', () => {
    withRandom(20 * TIMES, 96, (bytes) => {
      const [seed, m] = [bytes.slice(0, 64), bytes.slice(64)]
      const { encapsulationKey, decapsulationKey } = MLKEM768.keyPair(seed)
      const [ek, dk] = mlkem.deriveKeyPair(seed)
      assert.equal(toHex(encapsulationKey), toHex(ek))
      assert.equal(toHex(decapsulationKey), toHex(dk))
      const { ciphertext, sharedSecret } = MLKEM768.encapsulate(encapsulationKey, m)
      const [c, K] = mlkem.encap(ek, m)
      assert.equal(toHex(ciphertext), toHex(c))
      assert.equal(toHex(sharedSecret), toHex(K))
      assert.equal(toHex(MLKEM768.decapsulate(decapsulationKey, ciphertext)), toHex(K))
    })
  })

  it('rejects a wrong ciphertext implicitly, with the secret that another implementation gives', () => {
    withRandom(4 * TIMES, 64 + 1088, (bytes) => {
      const { encapsulationKey, decapsulationKey } = MLKEM768.keyPair(bytes.slice(0, 64))
      const { ciphertext, sharedSecret } = MLKEM768.encapsulate(encapsulationKey)
      const random = bytes.slice(64)
      const last = 8 * 1088 - 1
      const wrong = [
        random,
        new Uint8Array(1088),
        flipped(ciphertext, 0),
        flipped(ciphertext, last),
        flipped(ciphertext, ((random[0] ?? 0) * last) >> 8),
      ]
      const secrets = wrong.map((each) => {
        const secret = toHex(MLKEM768.decapsulate(decapsulationKey, each))
        assert.equal(secret, toHex(mlkem.decap(each, decapsulationKey)))
        assert.equal(secret, toHex(MLKEM768.decapsulate(decapsulationKey, each)))
        return secret
      })
      const all = new Set([...secrets, toHex(sharedSecret)])
      assert.ok(all.size >= wrong.length, 'two ciphertexts gave one secret')
      assert.ok(!secrets.includes(toHex(sharedSecret)))
    })
  })

  it('has the lengths of FIPS 203 section 8, makes others each time, and changes nothing that it is given', () => {
    const [seed, m] = [MLKEM768.generateSeed(), new Uint8Array(randomBytes(32))]
    const { encapsulationKey, decapsulationKey } = MLKEM768.keyPair(seed)
    const { ciphertext, sharedSecret } = MLKEM768.encapsulate(encapsulationKey, m)
    const given = [seed, encapsulationKey, decapsulationKey, ciphertext, m]
    const lengths = [...given, sharedSecret].map((bytes) => bytes.length)
    assert.deepEqual(lengths, [64, 1184, 2400, 1088, 32, 32])
    const { name, encapsulationKeyBytes, ciphertextBytes } = MLKEM768
    assert.deepEqual([name, encapsulationKeyBytes, ciphertextBytes], ['ML-KEM-768', 1184, 1088])

    const before = given.map(toHex)
    MLKEM768.keyPair(seed)
    MLKEM768.encapsulate(encapsulationKey, m)
    MLKEM768.decapsulate(decapsulationKey, ciphertext)
    assert.deepEqual(given.map(toHex), before)

    const made = Array.from({ length: 20 }, () => {
      const { ciphertext, sharedSecret } = MLKEM768.encapsulate(encapsulationKey)
      return [MLKEM768.generateSeed(), ciphertext, sharedSecret].map(toHex)
    })
    assert.equal(new Set(made.flat()).size, 60)
  })
})

describe('the modulus check', () => {
  /** With this coefficient at one place, or at all of them. */
  const withOne = (at: number, coefficient: number) =>
    new Uint8Array(withNumber(ZEROS, at, coefficient))
  const withAll = (coefficient: number) =>
    Array.from({ length: COEFFICIENTS }, (_, i) => i).reduce<Buffer>(
      (key, at) => withNumber(key, at, coefficient),
      ZEROS,
    )

  it('refuses a coefficient of 3329 or 4095, and takes one of 3328, at each of the 768 places', () => {
    for (let at = 0; at < COEFFICIENTS; at++) {
      for (const coefficient of [Q, 4095])
        refusesKey(withOne(at, coefficient), `${coefficient} at ${at}`)
      assert.doesNotThrow(() => MLKEM768.checkEncapsulationKey(withOne(at, Q - 1)), `at ${at}`)
    }
  })

  it('takes 3328 at all places at once, and encapsulates for it as another implementation does', () => {
    const key = withAll(Q - 1)
    const m = new Uint8Array(randomBytes(32))
    const { ciphertext, sharedSecret } = MLKEM768.encapsulate(key, m)
    assert.deepEqual([ciphertext, sharedSecret].map(toHex), mlkem.encap(key, m).map(toHex))
  })

  it('takes any rho behind the coefficients, and no length but 1,184', () => {
    for (const byte of [0, 0xff])
      MLKEM768.checkEncapsulationKey(Buffer.from(ZEROS).fill(byte, 1152))
    const key = Uint8Array.from(ZEROS)
    for (const length of [0, 1, 32, 1152, 1183]) refusesKey(key.subarray(0, length))
    for (const more of [Uint8Array.of(0), key]) refusesKey(Uint8Array.of(...key, ...more))
  })

  it('is made of the first half of a public key on X25519MLKEM768, and the point of the second', () => {
    const { publicKey } = new EphemeralKeys(HYBRID)
    const { encapsulationKey, point } = halvesOf(HYBRID, publicKey)
    checkPublicKey(HYBRID, publicKey)
    for (const [first, second] of [
      [withOne(500, Q), point],
      [encapsulationKey, new Uint8Array(32)],
      [point, encapsulationKey],
    ] as const)
      refuses('bad_point', () => checkPublicKey(HYBRID, Uint8Array.of(...first, ...second)))
  })
})

describe('the fresh keys of X25519MLKEM768', () => {
  const fresh = () => {
    const keys = new EphemeralKeys(HYBRID)
    return { keys, seed: keys.exportSeed() ?? assert.fail() }
  }

  it('have a public key of both halves, the encapsulation key first, and decapsulate what is made for it', () => {
    const { keys, seed } = fresh()
    assert.equal(keys.publicKey.length, 1216)
    const [encapsulationKey] = mlkem.deriveKeyPair(seed)
    assert.equal(toHex(keys.publicKey), toHex(encapsulationKey) + toHex(keys.pair.publicKey))
    const { ciphertext, sharedSecret } = MLKEM768.encapsulate(encapsulationKey)
    assert.deepEqual(keys.decapsulate(ciphertext), sharedSecret)
  })

  it('show neither seed nor private keys to anything that prints objects', () => {
    const { keys, seed } = fresh()
    hides(keys, seed, keys.pair.exportPrivateKey())
    // the decapsulation key ends with the encapsulation key, its hash and z; the secret is before that
    hides(keys, MLKEM768.keyPair(seed).decapsulationKey.subarray(0, 1152))
  })

  it('give a copy of the seed, which changes nothing when it is overwritten', () => {
    const { keys, seed } = fresh()
    assert.equal(seed.length, 64)
    const before = toHex(seed)
    seed.fill(0)
    assert.equal(toHex(keys.exportSeed() ?? assert.fail()), before)
  })

  it('can not be used after `erase`, and the arrays that held them are zero', () => {
    const seed = MLKEM768.generateSeed()
    const held: Uint8Array[] = [seed]
    const kem = {
      ...MLKEM768,
      generateSeed: () => seed,
      keyPair: (from: Uint8Array) => {
        const made = MLKEM768.keyPair(from)
        held.push(made.decapsulationKey)
        return made
      },
    }
    const keys = new EphemeralKeys({ ...HYBRID, kem })
    const { encapsulationKey } = halvesOf(HYBRID, keys.publicKey)
    const { ciphertext } = MLKEM768.encapsulate(encapsulationKey)
    const publicKey = toHex(keys.publicKey)
    for (const bytes of held) assert.ok(bytes.some((byte) => byte !== 0))
    keys.erase()
    assert.deepEqual(held, [new Uint8Array(64), new Uint8Array(2400)])
    assert.deepEqual(keys.exportSeed(), new Uint8Array(64))
    assert.throws(() => keys.decapsulate(ciphertext), /erased/)
    assert.throws(() => keys.pair.sharedSecret(HYBRID.curve.basePoint), /erased/)
    // what everybody knows stays
    assert.equal(toHex(keys.publicKey), publicKey)
  })

  for (const name of ['X25519', 'P-256'] as const)
    it(`have no KEM on ${name}`, () => {
      const keys = new EphemeralKeys(SUITES[name])
      assert.equal(keys.exportSeed(), null)
      assert.deepEqual(keys.publicKey, keys.pair.publicKey)
      assert.throws(() => keys.decapsulate(new Uint8Array(1088)), /has no KEM/)
    })
})
