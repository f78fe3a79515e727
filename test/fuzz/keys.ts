/** Key files of all kinds and the folders that they lie in: a key of ours, or one line that says why not. */

import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { CURVES, type CurveName, KeyPair } from '../../src/protocol/curves.ts'
import { StateError } from '../../src/state/files.ts'
import { openMemory } from '../../src/state/openMemory.ts'
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
} from '../../src/state/pem.ts'
import { filesBelow } from '../helpers/leaks.ts'
import { type Draw, damaged, pick, seldom, textOf, weigh } from '../helpers/mutations.ts'
import { der, pem } from '../helpers/pem.ts'
import { inFolder, promptly, target } from './target.ts'

/** Keys as Node's OpenSSL writes them: ours in every form, and those of others. */
const KEYS = [
  generateKeyPairSync('x25519'),
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }),
  generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  generateKeyPairSync('ed25519'),
  generateKeyPairSync('x448'),
  generateKeyPairSync('rsa', { modulusLength: 1024 }),
].flatMap(({ privateKey, publicKey }) => {
  const text = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'spki', more: object = {}) =>
    key.export({ type, format: 'pem', ...more } as never).toString()
  return [
    text(privateKey, 'pkcs8'),
    text(publicKey, 'spki'),
    text(privateKey, 'pkcs8', { cipher: 'aes-128-cbc', passphrase: 'x' }),
    ...(privateKey.asymmetricKeyType === 'ec' ? [text(privateKey, 'sec1')] : []),
  ]
})

const LABELS = `PRIVATE KEY,PUBLIC KEY,EC PRIVATE KEY,EC PARAMETERS,RSA PRIVATE KEY,
  ENCRYPTED PRIVATE KEY,CERTIFICATE,X509 CRL,,private key`.split(/,\s*/)
const HEADERS = ['Proc-Type: 4,ENCRYPTED', 'DEK-Info: AES-128-CBC,00', 'x', '-----']

const LINE_ENDS = ['\n', '\r\n', '\r', '\n\n', ' \n', '\0\n', '']
const BETWEEN = ['\n', 'a comment\n', '\ufeff', ' ', '-----BEGIN ']

/** A PEM file, mostly with something wrong. */
function drawPem(draw: Draw): string {
  // our kinds more often: they come furthest
  const key = () => pick(draw, ...(seldom(draw, 4) ? KEYS : KEYS.slice(0, 8)))
  const labelled = () => {
    const text = key()
    const own = /BEGIN (.*?)-/.exec(text)?.[1] ?? ''
    const content = seldom(draw, 2) ? damaged(draw, der(text)) : der(text)
    return pem(seldom(draw, 2) ? pick(draw, ...LABELS) : own, content)
  }
  const either = () => (draw(fc.boolean) ? key() : labelled())
  const withHeader = (text: string) =>
    seldom(draw, 4) ? text.replace('-----\n', `-----\n${pick(draw, ...HEADERS)}\n\n`) : text
  const part = () => pick(draw, key(), labelled(), pick(draw, ...BETWEEN))
  return weigh(
    draw,
    [4, key],
    [6, labelled],
    [2, () => withHeader(either()).replaceAll('\n', pick(draw, ...LINE_ENDS))],
    [2, () => part() + part() + (draw(fc.boolean) ? part() : '')],
    [3, () => damaged(draw, Buffer.from(key())).toString('latin1')],
    [1, () => `${textOf(draw, 100)}`],
  )
}

/** Fails unless it is one sentence for people, with nothing of the key in it and nothing of OpenSSL's. */
function assertSentence(message: string, text: string): void {
  assert.match(message, /^[A-Z`][^\p{Cc}]{10,300}$/u)
  assert.doesNotMatch(message, /error:|routines|node:|0x/)
  for (const line of text.split(/\s+/))
    if (/^[\w+/=]{16,}$/.test(line)) assert.ok(!message.includes(line), 'a part of the key is told')
}

/** What a decoder makes of a text, or null if it refuses it in a sentence. */
async function decoded<T>(decode: (text: string) => T, text: string): Promise<T | null> {
  return promptly(() => {
    try {
      return decode(text)
    } catch (error) {
      const { name, message } = error as Error
      assert.match(name, /^(?:Duet)?Error$/)
      assertSentence(message, text)
      return null
    }
  })
}

export const pemTexts = target('PEM texts', 100, async (draw, tell) => {
  const text = drawPem(draw)
  const pair = await decoded(decodePrivateKey, text)
  const key = await decoded(decodePublicKey, text)
  tell(pair ? 'a private key' : key ? 'a public key' : 'no key')
  if (pair) {
    // OpenSSL reads the same key
    const { d, x } = createPrivateKey(text).export({ format: 'jwk' })
    const half = pair.curve.name === 'X25519' ? pair.publicKey : pair.publicKey.slice(1, 33)
    const written = [pair.exportPrivateKey(), half].map((b) => Buffer.from(b).toString('base64url'))
    assert.deepEqual(written, [d, x])
    assert.deepEqual(decodePrivateKey(encodePrivateKey(pair)).publicKey, pair.publicKey)
  }
  if (key) {
    key.curve.checkPoint(key.publicKey)
    assert.equal(encodePublicKey(key).trim(), text.replaceAll('\r\n', '\n').trim())
    createPublicKey(text)
  }
})

/** In place of CURVE stands that of the peer. */
const OTHER_NAMES =
  `key.CURVE.pem key.X25519.pem identity.CURVE identity.x25519.pem identity.X25519.pem
  identity.P-256.pem identity.CURVE.pem.tmp peer.CURVE peer.X25519.pem peer.P-256.pem
  peer.CURVE.pem.tmp pictures pictures/incoming-0123456789abcdef.tmp pictures/other.svg .gitignore
  pictures/2026-11-21T09-19-54-786Z-0123456789abcdef.png
  pictures/9999-99-99T99-99-99-999Z-0123456789abcdef.gif`.split(/\s+/)

const OURS = Object.values(CURVES).flatMap((curve) => {
  const pair = new KeyPair(curve)
  return [encodePrivateKey(pair), encodePublicKey(pair)]
})
const KINDS = ['folder', 'link to itself', 'link to nothing', 'link to a key'] as const

/** Puts something into a state folder. */
function put(draw: Draw, dir: string, curve: CurveName): void {
  const names = draw(fc.boolean) ? ['identity.CURVE.pem', 'peer.CURVE.pem'] : OTHER_NAMES
  const file = path.join(dir, pick(draw, ...names).replace('CURVE', curve))
  const kind = seldom(draw, 5) ? pick(draw, ...KINDS) : 'text'
  const text = weigh(
    draw,
    [3, () => pick(draw, ...OURS)],
    [6, () => drawPem(draw)],
    [1, () => drawPem(draw).repeat(30)],
  )
  const mode = seldom(draw, 7) ? pick(draw, 0o644, 0o660, 0o400, 0o700, 0o000, 0o4600) : 0o600
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    if (kind === 'folder') fs.mkdirSync(file)
    else if (kind === 'link to itself') fs.symlinkSync(file, file)
    else if (kind === 'link to nothing') fs.symlinkSync(path.join(dir, 'nothing'), file)
    else if (kind === 'link to a key') fs.symlinkSync(path.join(dir, 'key.X25519.pem'), file)
    else {
      fs.writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
      fs.chmodSync(file, mode)
    }
  } catch (error) {
    // something else is there already
    assert.match(String((error as NodeJS.ErrnoException).code), /^(?:EEXIST|ENOTDIR|ELOOP|ENOENT)$/)
  }
}

/** The key files of a folder with their content. */
const keyFilesIn = (dir: string) =>
  Object.entries(filesBelow(dir)).filter(([name]) => /^[^/]*\.pem$/.test(name))

export const stateFolders = target('state folders', 25, (draw, tell) =>
  inFolder(async (dir) => {
    const curve = pick(draw, ...Object.values(CURVES))
    for (let i = draw(fc.nat, 5); i > 0; i--) put(draw, dir, curve.name)
    const before = keyFilesIn(dir)
    try {
      const { identity, knownIdentity } = await promptly(() => openMemory(dir, curve))
      tell(knownIdentity === null ? 'opened' : 'opened, with a known peer')
      assert.equal(identity.curve, curve)
      if (knownIdentity) curve.checkPoint(knownIdentity)
      const again = openMemory(dir, curve)
      assert.deepEqual(again.identity.publicKey, identity.publicKey)
      assert.deepEqual(again.knownIdentity, knownIdentity)
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      tell('refused')
      assert.match(error.message, /^[^\p{Cc}]+: [A-Z`][^\p{Cc}]{10,300}$/u)
      assert.ok(error.message.startsWith(dir), error.message)
      const reason = error.message.slice(error.message.indexOf(': ') + 2)
      for (const [, text] of before) assertSentence(reason, text.toString('latin1'))
    }
    // what was there is as it was
    const after = new Map(keyFilesIn(dir))
    for (const [file, content] of before) assert.deepEqual(after.get(file), content, file)
  }),
)
