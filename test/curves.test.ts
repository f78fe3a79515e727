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
} from '../src/protocol/curves.ts'
import { dh, publicKeyOf } from './helpers/reference.ts'
import { refuses } from './helpers/refuses.ts'
import { hides } from './helpers/secrecy.ts'
import { countBy, hex, toHex, wycheproof } from './helpers/vectors.ts'
import { P256_EXCHANGE } from './vectors/rfc5903.ts'
import { X25519_EXCHANGE, X25519_ITERATED, X25519_VALUES } from './vectors/rfc7748.ts'

const SLOW = process.env['SLOW'] === '1'
const TIMES = SLOW ? 10 : 1
const BOTH = Object.entries(CURVES) as [CurveName, Curve][]

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

/** Every way in refuses the point with `bad_point`. */
function refusesPoint(curve: Curve, bytes: Uint8Array): void {
  const pair = new KeyPair(curve)
  refuses('bad_point', () => curve.checkPoint(bytes))
  refuses('bad_point', () => curve.sharedSecret(pair.exportPrivateKey(), bytes))
  refuses('bad_point', () => pair.sharedSecret(bytes))
}

/** The secret, or the code of the refusal. */
function secretOrCode(curve: Curve, privateKey: Uint8Array, bytes: Uint8Array): string {
  try {
    return toHex(curve.sharedSecret(privateKey, bytes))
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

describe('X25519', () => {
  it('gives the first value of RFC 7748 section 5.2', () => {
    const { scalar, u, output } = X25519_VALUES[0]
    assert.equal(toHex(X25519.sharedSecret(hex(scalar), hex(u))), output)
  })

  it('refuses the second u of section 5.2 for its top bit, and gives the value without it', () => {
    const { scalar, u, output } = X25519_VALUES[1]
    refusesPoint(X25519, hex(u))
    const masked = hex(u)
    masked[31] = (masked[31] ?? 0) & 0x7f
    assert.equal(toHex(X25519.sharedSecret(hex(scalar), masked)), output)
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

  it('gives the public keys and the secret of section 6.1', () => {
    const { alice, bob, sharedSecret } = X25519_EXCHANGE
    for (const [own, peer] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const pair = new KeyPair(X25519, hex(own.privateKey))
      assert.equal(toHex(pair.publicKey), own.publicKey)
      assert.equal(toHex(pair.sharedSecret(hex(peer.publicKey))), sharedSecret)
    }
  })

  it('has the base point 9', () => {
    assert.deepEqual(X25519.basePoint, little(9n))
  })

  // https://cr.yp.to/ecdh.html#validate: orders 4, 1 or 2, 8, 8, and 4 on the twist
  const lowOrder = {
    '0': 0n,
    '1': 1n,
    'the first of order 8': 0xb8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
    'the second of order 8': 0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
    'p - 1': P_25519 - 1n,
  }
  for (const [name, u] of Object.entries(lowOrder)) {
    it(`refuses the point of low order ${name}`, () => {
      refusesPoint(X25519, little(u))
      // OpenSSL finds by computing what we know beforehand
      assert.throws(() => dh('X25519', X25519.generatePrivateKey(), little(u)))
    })
    it(`refuses the point of low order ${name} with p added or the top bit set`, () => {
      for (const alias of [u + P_25519, u + 2n ** 255n, u + 2n * P_25519])
        if (alias < 2n ** 256n) refusesPoint(X25519, little(alias))
    })
  }

  const notCanonical = {
    p: P_25519,
    'p + 1': P_25519 + 1n,
    'p + 2': P_25519 + 2n,
    'p + 9': P_25519 + 9n,
    '2^255 - 1': 2n ** 255n - 1n,
    '2^255': 2n ** 255n,
    '2^255 + 9': 2n ** 255n + 9n,
    '2^256 - 1': 2n ** 256n - 1n,
  }
  for (const [name, u] of Object.entries(notCanonical)) {
    it(`refuses ${name}, another form of a smaller u`, () => refusesPoint(X25519, little(u)))
  }

  it('refuses p + 9, which OpenSSL takes for 9', () => {
    const privateKey = X25519.generatePrivateKey()
    const taken = dh('X25519', privateKey, little(P_25519 + 9n))
    assert.equal(toHex(taken), toHex(dh('X25519', privateKey, little(9n))))
    refusesPoint(X25519, little(P_25519 + 9n))
  })

  it('takes the smallest and the greatest u that are left', () => {
    const privateKey = X25519.generatePrivateKey()
    for (const u of [2n, P_25519 - 2n].map(little)) {
      X25519.checkPoint(u)
      const expected = toHex(dh('X25519', privateKey, u))
      assert.equal(toHex(X25519.sharedSecret(privateKey, u)), expected)
    }
  })

  it('refuses any public key once its top bit is set', () => {
    const u = new KeyPair(X25519).publicKey.slice()
    u[31] = (u[31] ?? 0) | 0x80
    refusesPoint(X25519, u)
  })

  it('refuses any length but 32', () => {
    for (const length of [0, 1, 31, 33, 64, 65])
      refusesPoint(X25519, new Uint8Array(length).fill(9, 0, 1))
  })

  const { skip, cases } = wycheproof<{ public: string; private: string; shared: string }>(
    'x25519_test.json',
  )
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
      assert.equal(got, 'bad_point', where)
      assert.equal(each.result, 'acceptable', where)
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
  it('gives the public keys and the secret of RFC 5903 section 8.1', () => {
    const { i, r, sharedSecret } = P256_EXCHANGE
    for (const [own, peer] of [
      [i, r],
      [r, i],
    ] as const) {
      const pair = new KeyPair(P256, hex(own.privateKey))
      assert.equal(toHex(pair.publicKey), `04${own.x}${own.y}`)
      assert.equal(toHex(pair.sharedSecret(hex(`04${peer.x}${peer.y}`))), sharedSecret)
    }
  })

  it('has the base point of SEC 2, uncompressed', () => {
    assert.equal(toHex(P256.basePoint), toHex(publicKeyOf('P-256', big(1n))))
  })

  it('refuses the two hybrid forms, 06 and 07', () => {
    const { publicKey } = new KeyPair(P256)
    for (const prefix of [6, 7]) {
      const hybrid = publicKey.slice()
      hybrid[0] = prefix
      refusesPoint(P256, hybrid)
    }
  })

  it('refuses the two compressed forms, 02 and 03, at their own length and padded', () => {
    const x = new KeyPair(P256).publicKey.subarray(1, 33)
    for (const prefix of [2, 3]) {
      refusesPoint(P256, Uint8Array.of(prefix, ...x))
      refusesPoint(P256, Uint8Array.of(prefix, ...x, ...new Uint8Array(32)))
    }
  })

  it('refuses every first byte but 04', () => {
    const bytes = new KeyPair(P256).publicKey.slice()
    for (let first = 0; first < 256; first++) {
      bytes[0] = first
      if (first !== 4) refuses('bad_point', () => P256.checkPoint(bytes))
    }
  })

  it('refuses infinity in every form', () => {
    refusesPoint(P256, Uint8Array.of(0))
    for (const prefix of ['00', '04']) refusesPoint(P256, point(prefix, 0n, 0n))
  })

  // points whose x or y is so small that p can be added within 32 bytes; each is checked to be on the curve
  const rootOfB = 0x66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4n
  const xForY5 = 0xd7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7n

  it('takes x = 0 and refuses x = p, the same point in another form', () => {
    P256.checkPoint(point('04', 0n, rootOfB))
    refusesPoint(P256, point('04', P_256, rootOfB))
  })

  it('takes y = 5 and refuses y = p + 5, the same point in another form', () => {
    P256.checkPoint(point('04', xForY5, 5n))
    refusesPoint(P256, point('04', xForY5, P_256 + 5n))
  })

  it('refuses every other x or y that is not below p', () => {
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
        const off = Uint8Array.from(publicKeyOf('P-256', privateKey))
        off[bit >> 3] = (off[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        // about half of all x are on the curve, but not with this y
        const { cause } = refuses('bad_point', () => P256.checkPoint(off))
        assert.ok(cause instanceof Error, 'what noble says of it')
      }),
      { numRuns: 20 * TIMES },
    )
  })

  it('refuses any length but 65', () => {
    const { publicKey } = new KeyPair(P256)
    for (const length of [0, 1, 32, 33, 64]) refusesPoint(P256, publicKey.subarray(0, length))
    refusesPoint(P256, Uint8Array.of(...publicKey, 0))
  })

  const { skip, cases } = wycheproof<{ public: string; private: string; shared: string }>(
    'ecdh_secp256r1_ecpoint_test.json',
  )
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

for (const [name, curve] of BOTH) {
  describe(`the interface of ${name}`, () => {
    it('has its name', () => assert.equal(curve.name, name))

    it('makes private keys of 32 bytes, another each time', () => {
      const made = Array.from({ length: 20 }, () => toHex(curve.generatePrivateKey()))
      for (const privateKey of made) assert.match(privateKey, /^[0-9a-f]{64}$/)
      assert.equal(new Set(made).size, made.length)
    })

    it('makes the public keys that OpenSSL makes, and takes them', () => {
      fc.assert(
        fc.property(privateKeys[name], (privateKey) => {
          const publicKey = curve.publicKey(privateKey)
          assert.equal(publicKey.length, curve.pointBytes)
          assert.equal(toHex(publicKey), toHex(publicKeyOf(name, privateKey)))
          curve.checkPoint(publicKey)
        }),
        { numRuns: 20 * TIMES },
      )
    })

    it('gives both sides the same 32 bytes, those that OpenSSL gives', () => {
      fc.assert(
        fc.property(privateKeys[name], privateKeys[name], (a, b) => {
          const [alice, bob] = [new KeyPair(curve, a.slice()), new KeyPair(curve, b.slice())]
          const secret = alice.sharedSecret(bob.publicKey)
          assert.equal(secret.length, 32)
          assert.equal(toHex(secret), toHex(bob.sharedSecret(alice.publicKey)))
          assert.equal(toHex(secret), toHex(dh(name, a, bob.publicKey)))
        }),
        { numRuns: 20 * TIMES },
      )
    })
  })
}

describe('a shared secret with zeros at an end', () => {
  // private keys found by counting up; with the base point as the other side's public key
  const found: [string, CurveName, string, string][] = [
    ['first', 'X25519', `a00a${'00'.repeat(30)}`, '00b607cef42a8324d990aaa6f19d190d'],
    ['last', 'X25519', `8813${'00'.repeat(30)}`, 'f0d00cfaca472b5d0ad2067b7db00'],
    ['first', 'P-256', (40393).toString(16).padStart(64, '0'), '00003f5f178aa0706c4231eb6e5495aa'],
  ]
  for (const [end, name, digits, part] of found) {
    it(`keeps them on ${name} where they come ${end}`, () => {
      const curve = CURVES[name]
      const secret = curve.sharedSecret(hex(digits), curve.basePoint)
      assert.equal(secret.length, 32)
      assert.equal(toHex(secret), toHex(dh(name, hex(digits), curve.basePoint)))
      assert.ok(end === 'first' ? toHex(secret).startsWith(part) : toHex(secret).endsWith('00'))
    })
  }
})

describe('the check for shown secrets', () => {
  const secret = new KeyPair(X25519).exportPrivateKey()
  const bytes = Buffer.from(secret)
  const leaks = {
    bytes: { secret },
    'bytes in a Buffer': { secret: bytes },
    hex: { secret: bytes.toString('hex') },
    'upper-case hex': { secret: bytes.toString('hex').toUpperCase() },
    base64: { deep: { secret: bytes.toString('base64') } },
    base64url: { secret: bytes.toString('base64url') },
    'a part': { secret: secret.subarray(5, 15) },
    'a hidden field': Object.defineProperty({}, 'secret', { value: secret, enumerable: false }),
  }
  for (const [form, leak] of Object.entries(leaks)) {
    it(`sees ${form}`, () => assert.throws(() => hides(leak, secret), /shows the secret/))
  }
})

for (const [name, curve] of BOTH) {
  describe(`a key pair on ${name}`, () => {
    it('shows its private key to nothing that prints objects', () => {
      for (let i = 0; i < 10; i++) {
        const pair = new KeyPair(curve)
        hides(pair, pair.exportPrivateKey())
        hides({ nested: [pair] }, pair.exportPrivateKey())
      }
    })

    it('exports a copy, which changes nothing when it is overwritten', () => {
      const pair = new KeyPair(curve)
      const before = toHex(pair.exportPrivateKey())
      pair.exportPrivateKey().fill(0)
      assert.equal(toHex(pair.exportPrivateKey()), before)
    })

    it('has a private key of zeros after `erase`, and so has the array it was given', () => {
      const given = curve.generatePrivateKey()
      const pair = new KeyPair(curve, given)
      pair.erase()
      assert.deepEqual(pair.exportPrivateKey(), new Uint8Array(32))
      assert.deepEqual(given, new Uint8Array(32))
    })

    it('gives no shared secret after `erase`: anyone could compute it', () => {
      const pair = new KeyPair(curve)
      pair.erase()
      assert.throws(() => pair.sharedSecret(curve.basePoint), /The private key is erased\./)
    })

    it('keeps its public key after `erase`', () => {
      const pair = new KeyPair(curve)
      const before = toHex(pair.publicKey)
      pair.erase()
      assert.equal(toHex(pair.publicKey), before)
    })
  })
}
