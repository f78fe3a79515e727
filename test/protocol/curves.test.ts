/** X25519 and P-256 through our own interface, beside published values and OpenSSL. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  CURVES,
  type Curve,
  type CurveName,
  KeyPair,
  P256,
  X25519,
} from '../../src/protocol/curves.ts'
import { REASON, refuses } from '../helpers/refuses.ts'
import { hides } from '../helpers/secrecy.ts'
import { countBy, flipped, hex, toHex, wycheproof } from '../helpers/vectors.ts'
import { INDEPENDENT_CURVES } from '../independent/suites.ts'
import { P256_EXCHANGE } from '../vectors/rfc5903.ts'
import { X25519_EXCHANGE, X25519_ITERATED, X25519_VALUES } from '../vectors/rfc7748.ts'

const SLOW = process.env['SLOW'] === '1'
const TIMES = SLOW ? 10 : 1
const BOTH = (['X25519', 'P-256'] as const).map((name) => [name, CURVES[name]] as const)

const byOpenSsl = (name: CurveName) =>
  INDEPENDENT_CURVES.find((curve) => curve.name === name) ?? assert.fail()
/** Private key times base point, and ECDH, by OpenSSL. */
const publicKeyOf = (name: CurveName, privateKey: Uint8Array) =>
  byOpenSsl(name).publicKey(Buffer.from(privateKey))
const dh = (name: CurveName, privateKey: Uint8Array, point: Uint8Array) =>
  byOpenSsl(name).dh(Buffer.from(privateKey), Buffer.from(point))

const P_25519 = 2n ** 255n - 19n
const P_256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
/** The order of P-256's base point: SEC 2 version 2, section 2.4.2. */
const N_256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** `value` in 32 bytes, big-endian. */
const big = (value: bigint) => hex(value.toString(16).padStart(64, '0'))
/** `value` in 32 bytes, little-endian: a u coordinate. */
const little = (value: bigint) => big(value).reverse()
/** An encoded P-256 point, or something that looks like one. */
const point = (prefix: string, x: bigint, y: bigint) =>
  hex(`${prefix}${toHex(big(x))}${toHex(big(y))}`)

const privateKeys: Record<CurveName, fc.Arbitrary<Uint8Array>> = {
  X25519: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  'P-256': fc.bigInt({ min: 1n, max: N_256 - 1n }).map(big),
}

/** The secret, or the code of the refusal. */
function secretOrCode(curve: Curve, privateKey: Uint8Array, bytes: Uint8Array): string {
  try {
    return toHex(curve.sharedSecret(privateKey, bytes))
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

/** Every way in refuses the point with `bad_point`. */
function refusesPoint(curve: Curve, bytes: Uint8Array, what?: string): void {
  const pair = new KeyPair(curve)
  for (const use of [
    () => curve.checkPoint(bytes),
    () => curve.sharedSecret(pair.exportPrivateKey(), bytes),
    () => pair.sharedSecret(bytes),
  ])
    assert.throws(use, { name: 'DuetError', code: 'bad_point', message: REASON }, what)
}

/** RFC 7748 section 6.1, and RFC 5903 section 8.1. */
const EXCHANGES: Record<
  CurveName,
  { parties: { privateKey: string; publicKey: string }[]; sharedSecret: string }
> = {
  X25519: { ...X25519_EXCHANGE, parties: [X25519_EXCHANGE.alice, X25519_EXCHANGE.bob] },
  'P-256': {
    ...P256_EXCHANGE,
    parties: [P256_EXCHANGE.i, P256_EXCHANGE.r].map(({ privateKey, x, y }) => ({
      privateKey,
      publicKey: `04${x}${y}`,
    })),
  },
}

interface EcdhCase {
  readonly public: string
  readonly private: string
  readonly shared: string
}

describe('X25519', () => {
  it('gives the values of RFC 7748 section 5.2, the second u of which has its top bit set', () => {
    const [one, two] = X25519_VALUES
    assert.equal(toHex(X25519.sharedSecret(hex(one.scalar), hex(one.u))), one.output)
    refusesPoint(X25519, hex(two.u))
    assert.equal(toHex(X25519.sharedSecret(hex(two.scalar), flipped(hex(two.u), 255))), two.output)
  })

  for (const { iterations, k: expected } of X25519_ITERATED) {
    const skip = iterations > 1 && !SLOW && 'takes over a second: SLOW=1 runs it'
    it(`gives the iterated value of section 5.2 after ${iterations} iterations`, { skip }, () => {
      let k = X25519.basePoint
      let u = X25519.basePoint
      for (let i = 0; i < iterations; i++) [u, k] = [k, X25519.sharedSecret(k, u)]
      assert.equal(toHex(k), expected)
    })
  }

  it('refuses the points of low order, which OpenSSL finds by computing, and their other forms', () => {
    // https://cr.yp.to/ecdh.html#validate: orders 4, 1 or 2, 8, 8, and 4 on the twist
    for (const u of [
      0n,
      1n,
      0xb8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
      0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
      P_25519 - 1n,
    ]) {
      refusesPoint(X25519, little(u))
      assert.throws(() => dh('X25519', X25519.generatePrivateKey(), little(u)))
      for (const alias of [u + P_25519, u + 2n ** 255n, u + 2n * P_25519])
        if (alias < 2n ** 256n) refusesPoint(X25519, little(alias))
    }
  })

  it('refuses every other form of a smaller u, and so differs from OpenSSL', () => {
    for (const beyond of [0n, 1n, 2n, 9n]) refusesPoint(X25519, little(P_25519 + beyond))
    for (const u of [2n ** 255n - 1n, 2n ** 255n, 2n ** 255n + 9n, 2n ** 256n - 1n])
      refusesPoint(X25519, little(u))
    refusesPoint(X25519, flipped(new KeyPair(X25519).publicKey, 255))
    const privateKey = X25519.generatePrivateKey()
    const taken = dh('X25519', privateKey, little(P_25519 + 9n))
    assert.equal(toHex(taken), toHex(dh('X25519', privateKey, little(9n))))
  })

  it('takes the smallest and the greatest u that are left', () => {
    const privateKey = X25519.generatePrivateKey()
    for (const u of [2n, P_25519 - 2n].map(little)) {
      X25519.checkPoint(u)
      const expected = toHex(dh('X25519', privateKey, u))
      assert.equal(toHex(X25519.sharedSecret(privateKey, u)), expected)
    }
  })

  it('refuses any length but 32', () => {
    for (const length of [0, 1, 31, 33, 64, 65])
      refusesPoint(X25519, new Uint8Array(length).fill(9, 0, 1))
  })

  const { skip, cases } = wycheproof<EcdhCase>('x25519_test.json')
  it('agrees with every case of Wycheproof, low order and other forms refused', { skip }, () => {
    const counts = countBy(cases, (each) => {
      const got = secretOrCode(X25519, hex(each.private), hex(each.public))
      const where = `case ${each.tcId}`
      assert.notEqual(each.result, 'invalid', where)
      const u = BigInt(`0x${toHex(hex(each.public).reverse())}`)
      const lowOrder = /^0+$/.test(each.shared)
      assert.equal(lowOrder, each.flags.includes('ZeroSharedSecret'), where)
      if (u < P_25519 && !lowOrder) {
        assert.equal(got, each.shared, where)
        return `agrees, ${each.result}`
      }
      assert.deepEqual([got, each.result], ['bad_point', 'acceptable'], where)
      if (u < P_25519) return 'refused, low order'
      return lowOrder ? 'refused, not canonical and low order' : 'refused, not canonical'
    })
    assert.deepEqual(counts, {
      'agrees, valid': 264,
      'agrees, acceptable': 210,
      'refused, low order': 15,
      'refused, not canonical': 13,
      'refused, not canonical and low order': 16,
    })
  })
})

describe('P-256', () => {
  it('refuses every first byte but 04, at any length, and infinity', () => {
    const { publicKey } = new KeyPair(P256)
    for (let first = 0; first < 256; first++)
      if (first !== 4) refuses('bad_point', () => P256.checkPoint(publicKey.with(0, first)))
    const x = publicKey.subarray(1, 33)
    for (const prefix of [2, 3]) refusesPoint(P256, Uint8Array.of(prefix, ...x))
    for (const prefix of [6, 7]) refusesPoint(P256, publicKey.with(0, prefix))
    for (const prefix of ['00', '04']) refusesPoint(P256, point(prefix, 0n, 0n))
    for (const length of [0, 1, 32, 33, 64]) refusesPoint(P256, publicKey.subarray(0, length))
    for (const other of [Uint8Array.of(0), Uint8Array.of(...publicKey, 0)])
      refusesPoint(P256, other)
  })

  it('takes x = 0 and y = 5, and refuses these and any other x or y with p added', () => {
    // so small that the sum has 32 bytes as well; each is checked to be on the curve
    const rootOfB = 0x66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4n
    const xForY5 = 0xd7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7n
    P256.checkPoint(point('04', 0n, rootOfB))
    refusesPoint(P256, point('04', P_256, rootOfB))
    P256.checkPoint(point('04', xForY5, 5n))
    refusesPoint(P256, point('04', xForY5, P_256 + 5n))
    const [x, y] = [BigInt(`0x${P256_EXCHANGE.i.x}`), BigInt(`0x${P256_EXCHANGE.i.y}`)]
    P256.checkPoint(point('04', x, y))
    for (const beyond of [P_256, P_256 + 1n, 2n ** 256n - 1n]) {
      refusesPoint(P256, point('04', beyond, y))
      refusesPoint(P256, point('04', x, beyond))
    }
  })

  it('refuses a point that is off the curve by one bit of x or y', () => {
    fc.assert(
      fc.property(privateKeys['P-256'], fc.integer({ min: 8, max: 519 }), (privateKey, bit) => {
        const off = flipped(publicKeyOf('P-256', privateKey), bit)
        // about half of all x are on the curve, but not with this y
        const { cause } = refuses('bad_point', () => P256.checkPoint(off))
        assert.ok(cause instanceof Error, 'what noble says of it')
      }),
      { numRuns: 20 * TIMES },
    )
  })

  const { skip, cases } = wycheproof<EcdhCase>('ecdh_secp256r1_ecpoint_test.json')
  it('agrees with every case of Wycheproof, compressed points refused', { skip }, () => {
    const counts = countBy(cases, (each) => {
      const privateKey = big(BigInt(`0x${each.private}`))
      const got = secretOrCode(P256, privateKey, hex(each.public))
      const where = `case ${each.tcId}`
      if (each.result === 'valid') {
        assert.equal(got, each.shared, where)
        return 'agrees'
      }
      assert.equal(got, 'bad_point', where)
      if (each.flags.includes('CompressedPoint')) return `refused, compressed, ${each.result}`
      assert.equal(each.result, 'invalid', where)
      return each.public === '' ? 'refused, empty' : 'refused, off the curve'
    })
    assert.deepEqual(counts, {
      agrees: 330,
      'refused, compressed, acceptable': 1,
      'refused, compressed, invalid': 7,
      'refused, empty': 1,
      'refused, off the curve': 16,
    })
  })
})

/** Private keys, found by counting up, that give a secret with zeros at an end for the base point as the other public key. */
const ZEROS: Record<CurveName, [privateKey: string, zeros: RegExp][]> = {
  X25519: [
    [`a00a${'00'.repeat(30)}`, /^00b607cef42a8324d990aaa6f19d190d/],
    [`8813${'00'.repeat(30)}`, /00$/],
  ],
  'P-256': [[(40393).toString(16).padStart(64, '0'), /^00003f5f178aa0706c4231eb6e5495aa/]],
}

for (const [name, curve] of BOTH) {
  describe(`the interface of ${name}`, () => {
    it('has its name, and makes private keys of 32 bytes, another each time', () => {
      assert.equal(curve.name, name)
      const made = Array.from({ length: 20 }, () => toHex(curve.generatePrivateKey()))
      for (const privateKey of made) assert.match(privateKey, /^[0-9a-f]{64}$/)
      assert.equal(new Set(made).size, made.length)
    })

    it('gives the public keys and the secret of its RFC, and has the published base point', () => {
      const { parties, sharedSecret } = EXCHANGES[name]
      for (const [own, peer] of [parties, parties.toReversed()]) {
        const pair = new KeyPair(curve, hex(own?.privateKey ?? ''))
        assert.equal(toHex(pair.publicKey), own?.publicKey)
        assert.equal(toHex(pair.sharedSecret(hex(peer?.publicKey ?? ''))), sharedSecret)
      }
      assert.equal(toHex(curve.basePoint), toHex(byOpenSsl(name).basePoint))
    })

    it('gives the public keys that OpenSSL gives, and the same 32 bytes to both sides', () => {
      fc.assert(
        fc.property(privateKeys[name], privateKeys[name], (a, b) => {
          const [alice, bob] = [new KeyPair(curve, a.slice()), new KeyPair(curve, b.slice())]
          assert.equal(alice.publicKey.length, curve.pointBytes)
          assert.equal(toHex(alice.publicKey), toHex(publicKeyOf(name, a)))
          curve.checkPoint(alice.publicKey)
          const secret = alice.sharedSecret(bob.publicKey)
          assert.equal(secret.length, 32)
          assert.equal(toHex(secret), toHex(bob.sharedSecret(alice.publicKey)))
          assert.equal(toHex(secret), toHex(dh(name, a, bob.publicKey)))
        }),
        { numRuns: 20 * TIMES },
      )
    })

    it('keeps zeros at the ends of a shared secret', () => {
      for (const [privateKey, zeros] of ZEROS[name]) {
        const secret = toHex(curve.sharedSecret(hex(privateKey), curve.basePoint))
        assert.match(secret, zeros)
        assert.equal(secret, toHex(dh(name, hex(privateKey), curve.basePoint)))
      }
    })
  })

  describe(`a key pair on ${name}`, () => {
    it('shows its private key to nothing that prints objects', () => {
      for (let i = 0; i < 10; i++) {
        const pair = new KeyPair(curve)
        hides({ nested: [pair] }, pair.exportPrivateKey())
        hides(pair, pair.exportPrivateKey())
      }
    })

    it('exports a copy, which changes nothing when it is overwritten', () => {
      const pair = new KeyPair(curve)
      const before = toHex(pair.exportPrivateKey())
      pair.exportPrivateKey().fill(0)
      assert.equal(toHex(pair.exportPrivateKey()), before)
    })

    it('has after `erase` its public key, zeros for the private one, and no secret that anyone could compute', () => {
      const given = curve.generatePrivateKey()
      const pair = new KeyPair(curve, given)
      const publicKey = toHex(pair.publicKey)
      pair.erase()
      for (const privateKey of [pair.exportPrivateKey(), given])
        assert.deepEqual(privateKey, new Uint8Array(32))
      assert.throws(() => pair.sharedSecret(curve.basePoint), /The private key is erased\./)
      assert.equal(toHex(pair.publicKey), publicKey)
    })
  })
}

describe('the check for shown secrets', () => {
  it('sees bytes, hex and base64, a part of them, and what is in a hidden field', () => {
    const secret = new KeyPair(X25519).exportPrivateKey()
    const bytes = Buffer.from(secret)
    for (const leak of [
      { secret },
      { secret: bytes },
      { secret: bytes.toString('hex') },
      { secret: bytes.toString('hex').toUpperCase() },
      { deep: { secret: bytes.toString('base64') } },
      { secret: bytes.toString('base64url') },
      { secret: secret.subarray(5, 15) },
      Object.defineProperty({}, 'secret', { value: secret, enumerable: false }),
    ])
      assert.throws(() => hides(leak, secret), /shows the secret/)
  })
})
