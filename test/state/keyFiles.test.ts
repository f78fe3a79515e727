/** Keys in files that somebody names: OpenSSL's are mailbox keys as they are, and no file is trusted by its name. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { open, seal } from '../../src/mailbox/seal.ts'
import { CURVES, KeyPair, P256, X25519 } from '../../src/protocol/curves.ts'
import { StateError } from '../../src/state/files.ts'
import {
  readPrivateKey,
  readPublicKey,
  refuseOneKeyForBoth,
  writeKeyPair,
} from '../../src/state/keyFiles.ts'
import { encodePrivateKey, encodePublicKey } from '../../src/state/pem.ts'
import { failingWith, filesOpened, folderForEach, makePipe, systemError } from '../helpers/files.ts'
import { GENPKEY, noOpenssl, openssl } from '../helpers/openssl.ts'
import { independentOpen, independentSeal } from '../independent/hpke.ts'

const linux = process.platform === 'linux' ? false : 'only Linux tells which file is open'
const TEXT = Buffer.from('Meet me at noon')

const at = folderForEach()

/** One line that begins with the file's name. */
function saysOf(file: string, says: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StateError, `${error}`)
    assert.ok(error.message.startsWith(`${file}: `), error.message)
    assert.match(error.message, says)
    assert.equal(error.message.includes('\n'), false)
    return true
  }
}

describe('keys that OpenSSL made', { skip: noOpenssl }, () => {
  const made: [string, string][] = [
    ...Object.entries(GENPKEY),
    ['P-256, SEC 1', 'ecparam -name prime256v1 -genkey'],
  ]
  for (const [what, command] of made)
    it(`are mailbox keys (${what})`, async () => {
      const [privateFile, publicFile] = [at('private'), at('public')]
      openssl(`${command} -out ${privateFile}`)
      openssl(`pkey -in ${privateFile} -pubout -out ${publicFile}`)
      const sealed = await seal(readPublicKey(publicFile), TEXT)
      assert.deepEqual(Buffer.from(await open(readPrivateKey(privateFile), sealed)), TEXT)
      const read = (file: string) => fs.readFileSync(file, 'utf8')
      assert.deepEqual(independentOpen(read(privateFile), sealed), TEXT)
      const theirs = independentSeal(read(publicFile), TEXT).sealed
      assert.deepEqual(Buffer.from(await open(readPrivateKey(privateFile), theirs)), TEXT)
    })
})

const pair = new KeyPair(P256)
const file = () => at('key.pem')

const written = (content: string | Buffer) => (file: string) =>
  fs.writeFileSync(file, content, { mode: 0o600 })
/** What is in the place of a file: what makes it, and what is said of it. */
const places: [string, (file: string) => void, RegExp][] = [
  ['is not there', () => {}, /There is no such file/],
  ['is a link', (file) => fs.symlinkSync('elsewhere', file), /It is a link/],
  ['is a folder', (file) => fs.mkdirSync(file, { mode: 0o700 }), /not a file/],
  ['is a pipe that nobody writes to', makePipe, /not a file/],
  ['is empty', written(''), /not a PEM key/],
  ['is endless', written('x'.repeat(5000)), /too long/],
  ['is no text', written(Buffer.alloc(200, 0xff)), /not a PEM key/],
]

for (const [kind, read] of [
  ['private', readPrivateKey],
  ['public', readPublicKey],
] as const)
  describe(`the file of a ${kind} key`, () => {
    for (const [how, make, says] of places)
      it(`that ${how} is refused in one line with its name`, () => {
        make(file())
        assert.throws(() => read(file()), saysOf(file(), says))
      })

    it('that would be below a file is refused in one line with its name', () => {
      fs.writeFileSync(file(), '')
      const below = path.join(file(), 'key.pem')
      assert.throws(() => read(below), saysOf(below, /ENOTDIR/))
    })
  })

describe('the file of a key in another encoding', () => {
  const utf16 = (text: string) => Buffer.from(text, 'utf16le')
  const encodings: [string, (text: string) => Buffer][] = [
    ['UTF-8 behind a mark', (text) => Buffer.from(`\ufeff${text}`)],
    ['UTF-16, as PowerShell writes it', (text) => utf16(`\ufeff${text}`)],
    ['UTF-16 in the other order', (text) => utf16(`\ufeff${text}`).swap16()],
    ['UTF-16 without a mark', utf16],
    ['UTF-16 in the other order without a mark', (text) => utf16(text).swap16()],
  ]
  for (const [encoding, encode] of encodings)
    it(`is read: ${encoding}`, () => {
      const bytes = (text: string) => encode(text.replaceAll('\n', '\r\n'))
      fs.writeFileSync(file(), bytes(encodePrivateKey(pair)), { mode: 0o600 })
      assert.deepEqual(readPrivateKey(file()).publicKey, pair.publicKey)
      fs.writeFileSync(file(), bytes(encodePublicKey(pair)))
      assert.deepEqual(readPublicKey(file()).publicKey, pair.publicKey)
    })
})

describe('the file of a private key', () => {
  it('is refused with the way to close it where others can do anything with it, and else is read', () => {
    fs.writeFileSync(file(), encodePrivateKey(pair))
    for (const mode of [0o640, 0o604, 0o660, 0o620, 0o610, 0o644]) {
      fs.chmodSync(file(), mode)
      assert.throws(() => readPrivateKey(file()), saysOf(file(), /Others can read it.*chmod 600/))
    }
    for (const mode of [0o600, 0o400, 0o700]) {
      fs.chmodSync(file(), mode)
      assert.deepEqual(readPrivateKey(file()).publicKey, pair.publicKey)
    }
  })

  it('that holds the public one is refused for that, whoever can read it, and the other way round', () => {
    fs.writeFileSync(file(), encodePublicKey(pair), { mode: 0o644 })
    assert.throws(() => readPrivateKey(file()), saysOf(file(), /It is a public key/))
    fs.writeFileSync(file(), encodePrivateKey(pair))
    assert.throws(() => readPublicKey(file()), saysOf(file(), /private key.*-pubout/))
  })

  it('that holds both is refused first for who can read it', () => {
    const both = encodePublicKey(pair) + encodePrivateKey(pair)
    fs.writeFileSync(file(), both, { mode: 0o644 })
    assert.throws(() => readPrivateKey(file()), saysOf(file(), /Others can read it/))
    fs.chmodSync(file(), 0o600)
    assert.throws(() => readPrivateKey(file()), saysOf(file(), /more than a private key/))
  })

  it('on another curve than the one asked for is refused, and on that one is read', () => {
    fs.writeFileSync(file(), encodePrivateKey(pair), { mode: 0o600 })
    assert.deepEqual(readPrivateKey(file(), P256).publicKey, pair.publicKey)
    const says = saysOf(file(), /It is a key of P-256, and not a key of X25519/)
    assert.throws(() => readPrivateKey(file(), X25519), says)
  })
})

describe('a new pair of key files', () => {
  for (const curve of Object.values(CURVES))
    it(`is read back as it was on ${curve.name}`, () => {
      const pair = new KeyPair(curve)
      const { privateFile, publicFile } = writeKeyPair(at(), pair)
      assert.deepEqual(readPrivateKey(privateFile).exportPrivateKey(), pair.exportPrivateKey())
      assert.deepEqual(readPublicKey(publicFile), { curve, publicKey: pair.publicKey })
    })

  it('is on the disk with its names, and so is its folder', { skip: linux }, (t) => {
    const synced: string[] = []
    const { fsyncSync } = fs
    t.mock.method(fs, 'fsyncSync', (fd: number) => {
      synced.push(fs.readlinkSync(`/proc/self/fd/${fd}`))
      fsyncSync(fd)
    })
    const keys = at('keys')
    const { privateFile, publicFile } = writeKeyPair(keys, new KeyPair(X25519))
    assert.deepEqual(synced, [path.dirname(keys), privateFile, publicFile, keys])
  })

  it('is kept from git where git could take it, and only there', () => {
    const keysIn = (dir: string) => writeKeyPair(dir, new KeyPair(X25519))
    for (const dir of ['outside', 'inside/.git']) fs.mkdirSync(at(dir), { recursive: true })
    assert.equal(keysIn(at('outside')).ignored, false)
    assert.equal(keysIn(at('inside')).ignored, true)
    assert.equal(fs.readFileSync(at('inside', '.gitignore'), 'utf8'), '/key.private.pem\n')
    assert.equal(fs.readdirSync(at('outside')).length, 2)
    assert.deepEqual(fs.readdirSync(at()), ['inside', 'outside'])
    const broken = at('inside', 'broken')
    fs.mkdirSync(path.join(broken, '.gitignore'), { recursive: true })
    assert.throws(() => keysIn(broken), saysOf(path.join(broken, '.gitignore'), /EISDIR/))
    assert.deepEqual(fs.readdirSync(broken), ['.gitignore'])
  })

  it('can be in a folder that somebody else makes at the same moment', (t) => {
    const { mkdirSync } = fs
    t.mock.method(fs, 'mkdirSync', (dir: string, options: fs.MakeDirectoryOptions) => {
      mkdirSync(dir, options)
      return mkdirSync(dir, options)
    })
    assert.doesNotThrow(() => writeKeyPair(at('a', 'b'), new KeyPair(X25519)))
  })

  it('is not there in part when one of the two can not be written', (t) => {
    const publicFile = at('key.public.pem')
    const { lstatSync } = fs
    // the public key's name comes into use after it was looked at
    t.mock.method(fs, 'lstatSync', (file: string) => {
      const found = lstatSync(file, { throwIfNoEntry: false })
      if (file === publicFile) fs.mkdirSync(publicFile)
      return found
    })
    assert.throws(() => writeKeyPair(at(), pair), saysOf(publicFile, /EEXIST/))
    assert.deepEqual(fs.readdirSync(at()), ['key.public.pem'])
  })
})

describe('a key file that can not be made', () => {
  it('for one that is there already is said in one line, and that one stays', () => {
    for (const name of ['key.private.pem', 'key.public.pem']) {
      const dir = at(name)
      fs.mkdirSync(dir)
      fs.symlinkSync('nowhere', path.join(dir, name))
      const says = /there already, and no key is overwritten; choose another/
      assert.throws(() => writeKeyPair(dir, pair), saysOf(path.join(dir, name), says))
      assert.deepEqual(fs.readdirSync(dir), [name])
    }
  })

  it('since the disk fails leaves nothing, and no file open', (t) => {
    const { opened, open } = filesOpened(t)
    t.mock.method(fs, 'writeFileSync', failingWith('ENOSPC'))
    const privateFile = at('key.private.pem')
    assert.throws(() => writeKeyPair(at(), pair), saysOf(privateFile, /ENOSPC/))
    assert.deepEqual(fs.readdirSync(at()), [])
    assert.ok(opened.includes(privateFile))
    assert.equal(open.size, 0)
  })

  it('since the disk fails is said so, though somebody else has removed what was begun', (t) => {
    const privateFile = at('key.private.pem')
    t.mock.method(fs, 'writeFileSync', () => {
      fs.rmSync(privateFile)
      throw systemError('ENOSPC')
    })
    assert.throws(() => writeKeyPair(at(), pair), saysOf(privateFile, /ENOSPC/))
  })
})

describe('one key as identity and for the mailbox', () => {
  for (const curve of Object.values(CURVES))
    it(`is refused on ${curve.name}, and another is not`, () => {
      const identity = new KeyPair(curve)
      const same = { curve, publicKey: identity.publicKey.slice() }
      const message = /^The mailbox key is the identity.*npx ecdh-duet keygen/
      assert.throws(() => refuseOneKeyForBoth(identity, same), { message })
      for (const other of Object.values(CURVES))
        assert.doesNotThrow(() => refuseOneKeyForBoth(identity, new KeyPair(other)))
    })
})
