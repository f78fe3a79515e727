/** The original's curve and ciphers, broken: the arithmetic behind `lab original`, which the lesson runs. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openFernet, sealFernet } from '../../src/classroom/lab/original/fernet.ts'
import { logarithm, modelMessage, tryAllKeys } from '../../src/classroom/lab/original/original.ts'
import { rhoBits } from '../../src/classroom/lab/original/scale.ts'
import { multiply, TOY } from '../../src/page/toy/curves.ts'

describe('the attacks on the model', () => {
  it('find the text whatever the private keys are', () => {
    const text = 'Whoever has as few keys as this has none.'
    for (let a = 1; a <= TOY.order; a++)
      for (const b of [1, 10, TOY.order]) {
        const { ciphertext, publicKeyA, publicKeyB } = modelMessage(text, a, b)
        const shared = multiply(TOY, logarithm(publicKeyA), publicKeyB)
        assert.deepEqual(tryAllKeys(ciphertext), [{ shared, text }])
      }
  })

  it("see that the original's private key makes the base point its shared secret", () => {
    const { publicKeyA, publicKeyB, ciphertext } = modelMessage('Meet me at noon')
    assert.deepEqual(publicKeyA, publicKeyB)
    assert.equal(logarithm(publicKeyA), 4564 % 33)
    assert.deepEqual(tryAllKeys(ciphertext)[0]?.shared, TOY.base)
  })
})

describe('Fernet', () => {
  // https://github.com/fernet/spec/blob/master/generate.json
  const secret = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4='
  const token =
    'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=='

  it("gives its specification's token, and opens it", () => {
    const iv = Uint8Array.from({ length: 16 }, (_, i) => i)
    const time = Date.parse('1985-10-26T01:20:00-07:00') / 1000
    assert.equal(sealFernet(secret, iv, time, Buffer.from('hello')), token)
    assert.equal(Buffer.from(openFernet(secret, token)).toString(), 'hello')
  })

  it('refuses another key, and a token that was changed', () => {
    assert.throws(() => openFernet(Buffer.alloc(32).toString('base64url'), token))
    for (let at = 0; at < token.length - 3; at++) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      assert.throws(() => openFernet(secret, changed), `character ${at}`)
    }
  })
})

describe('the scale of the attack', () => {
  it('is the one that SafeCurves gives', () => {
    // https://safecurves.cr.yp.to/rho.html
    assert.equal(rhoBits(2n ** 252n + 27742317777372353535851937790883648493n).toFixed(1), '125.8')
  })
})
