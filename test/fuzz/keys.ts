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
import { damages, seldom, weighted } from '../helpers/mutations.ts'
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

// our kinds more often: they come furthest
const key = weighted([3, fc.constantFrom(...KEYS.slice(0, 8))], [1, fc.constantFrom(...KEYS)])
const labelled = fc
  .tuple(key, seldom(2, fc.constantFrom(...LABELS)), seldom(2, damages))
  .map(([text, label = /BEGIN (.*?)-/.exec(text)?.[1] ?? '', damage]) =>
    pem(label, damage?.(der(text)) ?? der(text)),
  )
const lineEnd = fc.constantFrom('\n', '\r\n', '\r', '\n\n', ' \n', '\u0000\n', '')
const written = fc
  .tuple(fc.oneof(key, labelled), lineEnd, seldom(4, fc.constantFrom(...HEADERS)))
  .map(([text, lineEnd, header]) => {
    const begin = header === undefined ? '-----\n' : `-----\n${header}\n\n`
    return text.replace('-----\n', begin).replaceAll('\n', lineEnd)
  })
const between = fc.constantFrom('\n', 'a comment\n', '\ufeff', ' ', '-----BEGIN ')
const several = fc
  .array(fc.oneof(key, labelled, between), { minLength: 2, maxLength: 3 })
  .map((parts) => parts.join(''))
const damaged = fc
  .tuple(key, damages)
  .map(([text, damage]) => damage(Buffer.from(text)).toString('latin1'))

/** PEM files, mostly with something wrong. */
const pems = weighted(
  ...([
    [4, key],
    [6, labelled],
    [2, written],
    [2, several],
    [3, damaged],
  ] as const),
  [1, fc.string({ unit: 'binary', maxLength: 100 })],
)

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
      assertSentence((error as Error).message, text)
      return null
    }
  })
}

export const pemTexts = target('PEM texts', 100, pems, async (text, tell) => {
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

/** Something that lies in a state folder under a name. */
interface Entry {
  readonly name: string
  readonly kind: 'text' | 'folder' | 'link to itself' | 'link to nothing' | 'link to a key'
  readonly text: string
  readonly mode: number
}

/** In place of CURVE stands that of the peer. */
const OTHER_NAMES =
  `key.CURVE.pem key.X25519.pem identity.CURVE identity.x25519.pem identity.X25519.pem
  identity.P-256.pem identity.CURVE.pem.tmp peer.CURVE peer.X25519.pem peer.P-256.pem
  peer.CURVE.pem.tmp pictures pictures/incoming-0123456789abcdef.tmp pictures/other.svg .gitignore
  pictures/2026-11-21T09-19-54-786Z-0123456789abcdef.png
  pictures/9999-99-99T99-99-99-999Z-0123456789abcdef.gif`.split(/\s+/)

const ours = Object.values(CURVES).flatMap((curve) => {
  const pair = new KeyPair(curve)
  return [encodePrivateKey(pair), encodePublicKey(pair)]
})
const entry = fc.record<Entry>({
  name: fc.oneof(
    fc.constantFrom('identity.CURVE.pem', 'peer.CURVE.pem'),
    fc.constantFrom(...OTHER_NAMES),
  ),
  kind: weighted(
    [8, fc.constant('text')],
    [2, fc.constantFrom('folder', 'link to itself', 'link to nothing', 'link to a key')],
  ),
  text: weighted(
    ...([
      [3, fc.constantFrom(...ours)],
      [6, pems],
    ] as const),
    [1, pems.map((text) => text.repeat(30))],
  ),
  mode: weighted(
    [6, fc.constant(0o600)],
    [1, fc.constantFrom(0o644, 0o660, 0o400, 0o700, 0o000, 0o4600)],
  ),
})
const folder = fc.record({
  name: fc.constantFrom<CurveName>('X25519', 'P-256'),
  entries: fc.array(entry, { maxLength: 5 }),
})

function put(dir: string, curve: CurveName, { name, kind, text, mode }: Entry): void {
  const file = path.join(dir, name.replace('CURVE', curve))
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

export const stateFolders = target('state folders', 25, folder, ({ name, entries }, tell) =>
  inFolder(async (dir) => {
    const curve = CURVES[name]
    for (const entry of entries) put(dir, name, entry)
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
