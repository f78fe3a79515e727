/** PEM keys beside OpenSSL's: every form that it writes, and everything that is no key of ours. */

import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { CURVES, KeyPair, P256, X25519 } from '../../src/protocol/curves.ts'
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
  fingerprint,
} from '../../src/state/pem.ts'
import { GENPKEY, noOpenssl, openssl } from '../helpers/openssl.ts'
import { der, pem } from '../helpers/pem.ts'

const NOT_A_KEY = 'It is not a PEM key of a kind that this program uses.'
const ANOTHER_KIND = 'It is a key of another kind; this program takes X25519 and P-256.'
const NOT_OUR_FORM = 'It is not in the form that OpenSSL writes a public key in.'
const IS_PRIVATE =
  'It is a private key, which belongs to nobody else. Its public one: openssl pkey -in FILE -pubout -out NEW_FILE'
const ENCRYPTED =
  'It is encrypted, and this program asks for no passphrase. To take it off: openssl pkey -in FILE -out NEW_FILE'
const explicit = (option: string) =>
  `It describes its curve by parameters; P-256 goes by its name: openssl ec ${option}-in FILE -param_enc named_curve -out NEW_FILE`
const EXPLICIT = explicit('')
const pointOf = (form: string) =>
  `Its point is ${form}, and here the plain one belongs: openssl ec -pubin -in FILE -conv_form uncompressed -out NEW_FILE`
const IS_PUBLIC = 'It is a public key, and here the private one belongs.'
const TWO_HALVES = 'Its two halves do not belong together.'

/** What OpenSSL made, once for all tests. */
const theirs = { X25519: '', 'P-256': '', halfless: '', explicit: '' }
before(() => {
  if (noOpenssl) return
  for (const name of ['X25519', 'P-256'] as const) theirs[name] = openssl(GENPKEY[name])
  theirs.halfless = openssl('ec -no_public', theirs['P-256'])
  theirs.explicit = openssl(`${GENPKEY['P-256']} -pkeyopt ec_param_enc:explicit`)
})
const p256 = () => theirs['P-256']
/** OpenSSL converts SEC 1 in all its versions. */
const pkcs8Compressed = () =>
  openssl('pkcs8 -topk8 -nocrypt', openssl('ec -conv_form compressed', p256()))
const inForm = (form: string) => openssl(`ec -pubout -conv_form ${form}`, p256())
const publicOf = (name: 'X25519' | 'P-256') => openssl('pkey -pubout', theirs[name])

/** What makes each PEM, and what is said of it. */
type Refused = [what: string, make: () => string, message: string | RegExp][]
/** Tests that each is refused, and says why. */
function refuses(read: (text: string) => unknown, of: string, refused: Refused): void {
  for (const [what, make, message] of refused)
    it(`${of}is refused when it is ${what}`, () => {
      const key = make()
      assert.throws(() => read(key), { message })
    })
}

describe('a private key', { skip: noOpenssl }, () => {
  const forms: [string, () => string][] = [
    ['PKCS#8, X25519', () => theirs.X25519],
    ['PKCS#8, P-256', p256],
    ['SEC 1', () => openssl('ec', p256())],
    ['SEC 1 behind its parameters', () => openssl('ecparam -name prime256v1 -genkey')],
    ['SEC 1 without its public half', () => theirs.halfless],
    ['SEC 1 with a compressed public half', () => openssl('ec -conv_form compressed', p256())],
    ['PKCS#8 with a compressed public half', () => pkcs8Compressed()],
    ['PKCS#8 without its public half', () => openssl('pkey', theirs.halfless)],
    ['PKCS#8 with a text behind it', () => openssl('pkey -text', p256())],
    ['with the line ends of Windows', () => p256().replaceAll('\n', '\r\n')],
    ['behind a line that quotes a header', () => `no Proc-Type: 4,ENCRYPTED\n${p256()}`],
    ['behind a line that begins like a header', () => `Proc-Type: 4,ENCRYPTED?\n${p256()}`],
    ['behind a line that quotes a label', () => `no -----BEGIN PUBLIC KEY-----\n${p256()}`],
  ]
  for (const [form, make] of forms)
    it(`is read as OpenSSL writes it: ${form}`, () => {
      const key = make()
      const pair = decodePrivateKey(key)
      const whole = form.includes('X25519') ? '' : ' -ec_conv_form uncompressed'
      const publicPem = openssl(`pkey -pubout${whole}`, key)
      assert.deepEqual(pair.publicKey, decodePublicKey(publicPem).publicKey)
      const { d = '' } = createPrivateKey(key).export({ format: 'jwk' })
      assert.equal(Buffer.from(pair.exportPrivateKey()).toString('base64url'), d)
    })

  for (const name of ['X25519', 'P-256'] as const)
    it(`of ${name} is written byte for byte as OpenSSL would`, () => {
      const pair = new KeyPair(CURVES[name])
      const ours = encodePrivateKey(pair)
      assert.equal(openssl('pkey -check', ours).replace(/^Key is valid\n/, ''), ours)
      assert.equal(openssl('pkey -pubout', ours), encodePublicKey(pair))
      assert.equal(encodePrivateKey(decodePrivateKey(theirs[name])), theirs[name])
    })

  it('of X25519 is read without the table that noble would build for its public half', (t) => {
    const { mock } = t.mock.method(X25519, 'publicKey')
    const { publicKey } = decodePrivateKey(theirs.X25519)
    assert.equal(mock.callCount(), 0)
    assert.deepEqual(publicKey, decodePublicKey(publicOf('X25519')).publicKey)
  })

  const mixed = () => {
    const [one, two] = [der(p256()), der(openssl(GENPKEY['P-256']))]
    return pem('PRIVATE KEY', Buffer.concat([one.subarray(0, -65), two.subarray(-65)]))
  }
  const zero = () => {
    const key = der(theirs.halfless)
    const at = key.indexOf(Buffer.of(0x04, 0x20)) + 2
    return pem('EC PRIVATE KEY', key.fill(0, at, at + 32))
  }
  const short = () => {
    const key = der(theirs.X25519).subarray(0, -1)
    for (const at of [1, 13, 15]) key[at] = (key[at] ?? 0) - 1
    return pem('PRIVATE KEY', key)
  }
  refuses(decodePrivateKey, '', [
    ['nothing', () => '', NOT_A_KEY],
    ['a text', () => 'secret', NOT_A_KEY],
    ['cut', () => p256().slice(0, 100), NOT_A_KEY],
    ['encrypted, PKCS#8', () => openssl('pkey -aes256 -passout pass:x', p256()), ENCRYPTED],
    ['encrypted, SEC 1', () => openssl('ec -aes256 -passout pass:x', p256()), ENCRYPTED],
    ['a public one', () => encodePublicKey(new KeyPair(X25519)), IS_PUBLIC],
    ['one of Ed25519', () => openssl('genpkey -algorithm ED25519'), ANOTHER_KIND],
    ['one of secp256k1', () => openssl('ecparam -name secp256k1 -genkey'), ANOTHER_KIND],
    ['one of P-384', () => openssl('ecparam -name secp384r1 -genkey -noout'), ANOTHER_KIND],
    ['one of RSA', () => openssl('genrsa 1024'), ANOTHER_KIND],
    ['two of them', () => p256() + p256(), 'It holds more than a private key.'],
    ['with explicit parameters, PKCS#8', () => theirs.explicit, EXPLICIT],
    ['with explicit parameters, SEC 1', () => openssl('ec', theirs.explicit), EXPLICIT],
    ['of two halves that do not belong together', mixed, TWO_HALVES],
    ['a zero', zero, NOT_A_KEY],
    ['of 31 bytes', short, NOT_A_KEY],
  ])
})

describe('a public key', { skip: noOpenssl }, () => {
  for (const name of ['X25519', 'P-256'] as const) {
    it(`of ${name} is read as OpenSSL writes it, and written back the same`, () => {
      const text = publicOf(name)
      const key = decodePublicKey(text)
      assert.equal(key.curve, CURVES[name])
      assert.equal(encodePublicKey(key), text)
      assert.deepEqual(decodePublicKey(text.trimEnd()), key)
      assert.deepEqual(decodePublicKey(text.replaceAll('\n', '\r\n')), key)
    })

    it(`of ${name} has the fingerprint that OpenSSL computes`, () => {
      const text = publicOf(name)
      const digest = openssl('dgst -sha256 -r', der(text)).slice(0, 64)
      const base64 = Buffer.from(digest, 'hex').toString('base64')
      assert.equal(`${fingerprint(decodePublicKey(text))}=`, `SHA256:${base64}`)
    })

    const bytes = () => der(publicOf(name))
    refuses(decodePublicKey, `of ${name} `, [
      ['in a form with text before it', () => `a comment\n${publicOf(name)}`, NOT_OUR_FORM],
      ['twice', () => publicOf(name).repeat(2), NOT_OUR_FORM],
      ['in other lines', () => publicOf(name).replace(/^(M.{9})/m, '$1\n'), NOT_OUR_FORM],
      ['the private one', () => theirs[name], IS_PRIVATE],
      ['the public one and the private one', () => publicOf(name) + theirs[name], IS_PRIVATE],
      ['followed by bytes', () => pem('PUBLIC KEY', Buffer.concat([bytes(), Buffer.of(0)])), /./],
      ['cut by a byte', () => pem('PUBLIC KEY', bytes().subarray(0, -1)), NOT_A_KEY],
      ['under another label', () => pem('CERTIFICATE', bytes()), NOT_A_KEY],
    ])
  }

  const ed25519 = () => openssl('pkey -pubout', openssl('genpkey -algorithm ED25519'))
  const secp256k1 = () => openssl('ec -pubout', openssl('ecparam -name secp256k1 -genkey'))
  const offCurve = () => {
    const key = der(encodePublicKey(new KeyPair(P256)))
    key[90] = (key[90] ?? 0) ^ 1
    return pem('PUBLIC KEY', key)
  }
  const ofLength = (length: number) => () => {
    // SEQUENCE { SEQUENCE { OID 1.3.101.110 }, BIT STRING }
    const head = [0x30, length + 10, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, length + 1, 0]
    return pem('PUBLIC KEY', Buffer.concat([Buffer.from(head), Buffer.alloc(length, 9)]))
  }
  refuses(decodePublicKey, '', [
    ['of Ed25519', ed25519, ANOTHER_KIND],
    ['of secp256k1', secp256k1, ANOTHER_KIND],
    // these three OpenSSL takes
    [
      'with explicit parameters',
      () => openssl('pkey -pubout', theirs.explicit),
      explicit('-pubin '),
    ],
    ['compressed', () => inForm('compressed'), pointOf('compressed')],
    ['hybrid', () => inForm('hybrid'), pointOf('in the hybrid form')],
    ['a private one in SEC 1', () => openssl('ec', p256()), IS_PRIVATE],
    ['an encrypted one', () => openssl('pkey -aes256 -passout pass:x', p256()), IS_PRIVATE],
    ['an encrypted one in SEC 1', () => openssl('ec -aes256 -passout pass:x', p256()), IS_PRIVATE],
    ['off the curve', offCurve, NOT_A_KEY],
    ['of X25519 with 31 bytes', ofLength(31), NOT_A_KEY],
    ['of X25519 with 33 bytes', ofLength(33), NOT_A_KEY],
  ])

  it('is read once what its refusal says to type was typed', () => {
    const { publicKey } = decodePrivateKey(p256())
    for (const form of ['compressed', 'hybrid']) {
      const plain = openssl('ec -pubin -conv_form uncompressed', inForm(form))
      assert.deepEqual(decodePublicKey(plain).publicKey, publicKey)
    }
    for (const encrypt of ['pkey', 'ec']) {
      const encrypted = openssl(`${encrypt} -aes256 -passout pass:x`, p256())
      const plain = decodePrivateKey(openssl('pkey -passin pass:x', encrypted))
      assert.deepEqual(plain.publicKey, publicKey)
    }
    const explicitly = openssl('pkey -pubout', theirs.explicit)
    const ofExplicit = decodePublicKey(openssl('ec -pubin -param_enc named_curve', explicitly))
    const named = openssl('ec -param_enc named_curve', theirs.explicit)
    assert.deepEqual(decodePrivateKey(named).publicKey, ofExplicit.publicKey)
  })

  it('of low order, or not canonical, is refused', () => {
    const spki = der(encodePublicKey(new KeyPair(X25519)))
    for (const u of [Buffer.alloc(32), Buffer.alloc(32, 0xff)]) {
      const text = pem('PUBLIC KEY', Buffer.concat([spki.subarray(0, -32), u]))
      assert.throws(() => decodePublicKey(text), { code: 'bad_point' })
    }
  })
})

describe('a PKCS#8 of version 2 (RFC 5958)', () => {
  /** An element of DER of at most 127 bytes, or of at most 65,535. */
  const element = (tag: number, ...parts: Uint8Array[]) => {
    const content = Buffer.concat(parts)
    const { length } = content
    const head = length < 128 ? [length] : [0x82, length >> 8, length & 0xff]
    return Buffer.concat([Buffer.of(tag, ...head), content])
  }
  /** `pair` with `version`, and `more` behind its private key. */
  const written = (pair: KeyPair, version: number, ...more: Uint8Array[]) => {
    const first = der(encodePrivateKey(pair))
    const head = (first[1] ?? 0) < 128 ? 2 : 3
    const rest = first.subarray(head + 3)
    return pem('PRIVATE KEY', element(0x30, Buffer.of(2, 1, version), rest, ...more))
  }
  const point = (bytes: Uint8Array, unused = 0) => element(0x81, Buffer.of(unused), bytes)
  const attributes = element(0xa0, Buffer.of(0x30, 0))

  for (const curve of Object.values(CURVES))
    describe(`of ${curve.name}`, () => {
      const pair = new KeyPair(curve)
      const own = point(pair.publicKey)
      it('is read, with its public half and without', () => {
        const forms = [written(pair, 1, own), written(pair, 1), written(pair, 1, attributes, own)]
        for (const text of [...forms, forms[0]?.replaceAll('\n', '\r\n') ?? '']) {
          const read = decodePrivateKey(text)
          assert.deepEqual(read.exportPrivateKey(), pair.exportPrivateKey())
          assert.deepEqual(read.publicKey, pair.publicKey)
        }
      })

      const other = new KeyPair(curve).publicKey
      refuses(decodePrivateKey, '', [
        ['with another public half', () => written(pair, 1, point(other)), TWO_HALVES],
        [
          'with a part of it',
          () => written(pair, 1, point(pair.publicKey.subarray(1))),
          TWO_HALVES,
        ],
        [
          'with a public half of other bits',
          () => written(pair, 1, point(pair.publicKey, 1)),
          NOT_A_KEY,
        ],
        ['with two public halves', () => written(pair, 1, own, own), NOT_A_KEY],
        ['with bytes behind it', () => written(pair, 1, own, Buffer.of(4)), NOT_A_KEY],
        ['of version 1 all the same', () => written(pair, 0, own), NOT_A_KEY],
        ['of version 3', () => written(pair, 2, own), NOT_A_KEY],
      ])
    })

  it('of P-256 may have its public half compressed, if it is the right one', () => {
    for (const sign of [2, 3]) {
      let pair = new KeyPair(P256)
      while ((pair.publicKey.at(-1) ?? 0) % 2 !== sign - 2) pair = new KeyPair(P256)
      const x = pair.publicKey.subarray(1, 33)
      const text = (sign: number) => written(pair, 1, point(Uint8Array.of(sign, ...x)))
      assert.deepEqual(decodePrivateKey(text(sign)).publicKey, pair.publicKey)
      assert.throws(() => decodePrivateKey(text(5 - sign)), { message: TWO_HALVES })
    }
  })
})

describe('any change of a PEM', () => {
  /** Reads `text` with a piece of it left out and another one in its place, and again. */
  const hold = (text: string, read: (text: string) => void, says: RegExp) => {
    const change = fc.tuple(fc.nat(text.length - 1), fc.nat(20), fc.string({ maxLength: 3 }))
    fc.assert(
      fc.property(change, ([at, length, by]) => {
        try {
          read(text.slice(0, at) + by + text.slice(at + length))
        } catch (error) {
          assert.match((error as Error).message, says)
        }
      }),
    )
  }

  for (const curve of Object.values(CURVES)) {
    const pair = new KeyPair(curve)

    it(`of a public key of ${curve.name} makes it another key, or none, in one fixed sentence`, () =>
      hold(
        encodePublicKey(pair),
        (text) => assert.equal(encodePublicKey(decodePublicKey(text)).trim(), text.trim()),
        /^(It is|A u coordinate|A P-256|The point)/,
      ))

    it(`of a private key of ${curve.name} is never quoted`, () =>
      hold(
        encodePrivateKey(pair),
        (text) => assert.ok(decodePrivateKey(text) instanceof KeyPair),
        /^It(s two halves| is| holds| describes)/,
      ))
  }
})
