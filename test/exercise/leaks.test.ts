/** Secrets are found in every form in which programs print bytes, and files are looked at within limits. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { leakIn } from '../../src/classroom/exercise/clauses/owner/forms.ts'
import { privateKeyIn } from '../../src/classroom/exercise/clauses/owner/privateKeys.ts'
import { pictureOf, TYPES } from '../../src/classroom/exercise/clauses/pictures/genuine.ts'
import { Random } from '../../src/classroom/exercise/computation/random.ts'
import { filesUnder } from '../../src/classroom/exercise/files.ts'
import { PictureSize } from '../../src/peer/pictureSize.ts'
import { KeyPair, X25519 } from '../../src/protocol/curves.ts'
import { pictureTypeOf } from '../../src/protocol/stream.ts'

const bytes = (of: number) => new Random(of, 'leaks.test').bytes(32)
const SECRET = bytes(1)
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
const pem = (value: Uint8Array) =>
  `-----BEGIN PRIVATE KEY-----\n${Buffer.concat([
    Buffer.from('302e020100300506032b656e04220420', 'hex'),
    value,
  ])
    .toString('base64')
    .replaceAll(/(.{40})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`

/** By the form as it is reported: bytes as somebody prints them. */
const FORMS: Readonly<Record<string, (value: Uint8Array) => string | Uint8Array>> = {
  hex,
  'upper-case hex': (value) => hex(value).toUpperCase(),
  'hex with colons': (value) => (hex(value).match(/../g) ?? []).join(':'),
  base64: (value) => Buffer.concat([Buffer.from('x'), value]).toString('base64'),
  'a list of numbers': (value) => JSON.stringify([...value], null, 1),
  'a decimal number': (value) => String(BigInt(`0x${hex(value)}`)),
  'raw bytes': (value) => value,
  PEM: pem,
}

describe('a secret', () => {
  for (const [form, print] of Object.entries(FORMS))
    it(`is found as ${form}, and its private key by its public one`, () => {
      const name = 'DH(e1, e2)'
      const inside = (value: Uint8Array) => {
        const printed = print(value)
        // A key that stands alone in a file is looked for; raw bytes among others only where a format tells where.
        if (typeof printed !== 'string') return printed
        return Buffer.from(`{"a": "${printed}", "b": "${hex(bytes(3))}"}`)
      }
      assert.deepEqual(leakIn([{ name, value: SECRET }], inside(SECRET)), { name, form })
      assert.equal(leakIn([{ name, value: SECRET }], inside(bytes(2))), null)
      const { publicKey } = new KeyPair(X25519, SECRET.slice())
      const found = form === 'base64' ? print(SECRET) : inside(SECRET)
      assert.equal(privateKeyIn(X25519, [publicKey], Buffer.from(found as string)), publicKey)
      assert.equal(privateKeyIn(X25519, [publicKey], inside(bytes(2))), null)
    })

  it('is found as Python writes bytes', () => {
    const value = Buffer.from("a\\b'c\n\u0000\u007f and some more", 'latin1')
    const printed = String.raw`key: b"a\\b'c\n\x00\x7f and some more"`
    assert.equal(
      leakIn([{ name: 'K', value }], Buffer.from(printed))?.form,
      'bytes as Python writes them',
    )
  })
})

describe('the files of a peer', () => {
  it('are found without following links', async (t) => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'leaks-test-'))
    t.after(() => fs.rmSync(root, { recursive: true }))
    fs.mkdirSync(path.join(root, 'inner'))
    fs.writeFileSync(path.join(root, 'inner', 'file'), 'x')
    fs.symlinkSync('/', path.join(root, 'all'))
    fs.symlinkSync(path.join(root, 'inner', 'file'), path.join(root, 'link'))
    const found = (await filesUnder(root)).map((file) => path.relative(root, file.path))
    assert.deepEqual(found, [path.join('inner', 'file')])
    assert.deepEqual(await filesUnder(path.join(root, 'all')), [])
  })
})

describe('a picture of the examiner', () => {
  for (const type of TYPES)
    it(`is a whole one: ${type}`, () => {
      for (const length of [46, 281, 282, 537, 70_001]) {
        const picture = pictureOf(new Random(length, type), type, length)
        assert.equal(picture.length, length)
        assert.equal(pictureTypeOf(picture), type)
        const size = new PictureSize(type)
        size.read(picture)
        assert.ok(size.isWhole, `${length} bytes`)
      }
    })
})
