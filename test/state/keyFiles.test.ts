/** Keys in files that somebody names: OpenSSL's are mailbox keys as they are, and no file is trusted by its name. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { open, seal } from '../../src/mailbox/seal.ts'
import { CURVES, KeyPair, P256, X25519 } from '../../src/protocol/curves.ts'
import {
  readPrivateKey,
  readPublicKey,
  refuseOneKeyForBoth,
  writeKeyPair,
} from '../../src/state/keyFiles.ts'
import { encodePrivateKey, encodePublicKey } from '../../src/state/pem.ts'
import {
  failingWith,
  filesOpened,
  folderForEach,
  makePipe,
  modeOf,
  saysOf,
  systemError,
} from '../helpers/files.ts'
import { GENPKEY, noOpenssl, openssl } from '../helpers/openssl.ts'

const linux = process.platform === 'linux' ? false : 'only Linux tells which file is open'
const TEXT = Buffer.from('Meet me at noon')

const at = folderForEach()

describe('keys that OpenSSL made', { skip: noOpenssl }, () => {
  for (const [what, command] of [
    ...Object.entries(GENPKEY),
    ['P-256, SEC 1', 'ecparam -name prime256v1 -genkey'],
  ])
    it(`are mailbox keys (${what})`, async () => {
      const [privateFile, publicFile] = [at('private'), at('public')]
      openssl(`${command} -out ${privateFile}`)
      openssl(`pkey -in ${privateFile} -pubout -out ${publicFile}`)
      const sealed = await seal(readPublicKey(publicFile), TEXT)
      assert.deepEqual(Buffer.from(await open(readPrivateKey(privateFile), sealed)), TEXT)
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
  ['is a folder', (file) => fs.mkdirSync(file, { mode: 0o700 }), /It is not a file\.$/],
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
  const refused = (says: RegExp) =>
    assert.throws(() => readPrivateKey(file()), saysOf(file(), says))

  it('is refused with the way to close it where others can do anything with it, and else is read', () => {
    fs.writeFileSync(file(), encodePrivateKey(pair))
    for (const mode of [0o640, 0o604, 0o660, 0o620, 0o610, 0o644]) {
      fs.chmodSync(file(), mode)
      refused(new RegExp(`Others can read it\\. .* then: chmod 600 ${file()}$`))
    }
    for (const mode of [0o600, 0o400, 0o700]) {
      fs.chmodSync(file(), mode)
      assert.deepEqual(readPrivateKey(file(), P256).publicKey, pair.publicKey)
    }
    const says = saysOf(file(), /It is a key of P-256, and not a key of X25519/)
    assert.throws(() => readPrivateKey(file(), X25519), says)
  })

  it('that holds the public one is refused for that, whoever can read it, and the other way round', () => {
    fs.writeFileSync(file(), encodePublicKey(pair), { mode: 0o644 })
    refused(/It is a public key/)
    fs.writeFileSync(file(), encodePrivateKey(pair))
    assert.throws(() => readPublicKey(file()), saysOf(file(), /private key.*-pubout/))
  })

  it('that holds both is refused first for who can read it', () => {
    fs.writeFileSync(file(), encodePublicKey(pair) + encodePrivateKey(pair), { mode: 0o644 })
    refused(/Others can read it/)
    fs.chmodSync(file(), 0o600)
    refused(/more than a private key/)
  })
})

describe('the file of a key that is open already', { skip: linux }, () => {
  /** What is said of /dev/fd/N, where N is what `opened` is open as. */
  const saidOf = (opened: string) => {
    const fd = fs.openSync(opened, 'r')
    try {
      return readPrivateKey(`/dev/fd/${fd}`)
    } catch (error) {
      return (error as Error).message.replace(`/dev/fd/${fd}: `, '')
    } finally {
      fs.closeSync(fd)
    }
  }

  it('is one that others can not read, or a pipe with a key in it', async () => {
    written(encodePrivateKey(pair))(file())
    assert.deepEqual((saidOf(file()) as KeyPair).publicKey, pair.publicKey)
    fs.chmodSync(file(), 0o644)
    const others = /^Others can read it.*close the file that it comes from, with chmod 600\.$/
    assert.match(`${saidOf(file())}`, others)
    assert.equal(saidOf('/dev/null'), 'It is not a file, and no pipe either.')
    makePipe(at('pipe'))
    for (const [writes, says] of [
      [':', /^It is not a PEM key/],
      ['yes', /^It is too long/],
    ] as const) {
      const writer = spawn('sh', ['-c', `${writes} >"$0" 2>/dev/null`, at('pipe')])
      assert.match(`${saidOf(at('pipe'))}`, says)
      await once(writer, 'exit')
    }
    const closed = '/dev/fd/999'
    assert.throws(() => readPrivateKey(closed), saysOf(closed, /It is not open in this process/))
  })
})

describe('a new pair of key files', () => {
  const [privateFile, publicFile] = [
    () => at('key.private.pem'),
    () => at('key.public.pem'),
  ] as const

  for (const curve of Object.values(CURVES))
    it(`is read back as it was on ${curve.name}, and is no identity of a peer with a mailbox`, () => {
      const pair = new KeyPair(curve)
      const { privateFile, publicFile } = writeKeyPair(at(), pair)
      assert.deepEqual(readPrivateKey(privateFile).exportPrivateKey(), pair.exportPrivateKey())
      const mailboxKey = readPublicKey(publicFile)
      assert.deepEqual(mailboxKey, { curve, publicKey: pair.publicKey })
      const message = /^The mailbox key is the identity.*npx ecdh-duet keygen/
      assert.throws(() => refuseOneKeyForBoth(pair, mailboxKey), { message })
      for (const other of Object.values(CURVES))
        assert.doesNotThrow(() => refuseOneKeyForBoth(pair, new KeyPair(other)))
    })

  it('is on the disk with its names, and so is its folder', { skip: linux }, (t) => {
    const synced: string[] = []
    const { fsyncSync } = fs
    t.mock.method(fs, 'fsyncSync', (fd: number) => {
      synced.push(fs.readlinkSync(`/proc/self/fd/${fd}`))
      fsyncSync(fd)
    })
    const keys = at('keys')
    const made = writeKeyPair(keys, pair)
    assert.deepEqual(synced, [at(), made.privateFile, made.publicFile, keys])
  })

  for (const [umask, modes] of [
    [0o000, ['600', '644']],
    [0o022, ['600', '644']],
    [0o077, ['600', '600']],
  ] as const)
    it(`leaves the private key to its owner under umask ${umask.toString(8)}`, () => {
      const before = process.umask(umask)
      writeKeyPair(at(), pair)
      process.umask(before)
      assert.deepEqual([privateFile(), publicFile()].map(modeOf), modes)
    })

  it('is kept from git where git could take it, and only there', () => {
    for (const dir of ['outside', 'inside/.git', 'broken/.git', 'broken/.gitignore'])
      fs.mkdirSync(at(dir), { recursive: true })
    const isIgnored = (dir: string) => writeKeyPair(at(dir), pair).ignored
    assert.deepEqual(['outside', 'inside'].map(isIgnored), [false, true])
    assert.equal(fs.readFileSync(at('inside', '.gitignore'), 'utf8'), '/key.private.pem\n')
    assert.deepEqual(fs.readdirSync(at('outside')), ['key.private.pem', 'key.public.pem'])
    const says = saysOf(at('broken', '.gitignore'), /EISDIR/)
    assert.throws(() => isIgnored('broken'), says)
    assert.deepEqual(fs.readdirSync(at('broken')), ['.git', '.gitignore'])
  })

  it('can be in a folder that somebody else makes at the same moment', (t) => {
    const { mkdirSync } = fs
    t.mock.method(fs, 'mkdirSync', (dir: string, options: fs.MakeDirectoryOptions) => {
      mkdirSync(dir, options)
      return mkdirSync(dir, options)
    })
    assert.doesNotThrow(() => writeKeyPair(at('a', 'b'), pair))
  })

  it('replaces nothing, whatever has one of its names, and then is not there at all', () => {
    const says = /: It is there already, and no key is overwritten; choose another folder\.$/
    for (const put of [
      written(''),
      (file: string) => fs.mkdirSync(file),
      (file: string) => fs.symlinkSync('nowhere', file),
    ])
      for (const file of [privateFile(), publicFile()]) {
        put(file)
        const before = fs.lstatSync(file)
        assert.throws(() => writeKeyPair(at(), pair), saysOf(file, says))
        assert.deepEqual(fs.readdirSync(at()), [path.basename(file)])
        assert.deepEqual(fs.lstatSync(file), before)
        fs.rmSync(file, { recursive: true })
      }
  })

  it('is not there in part when one of the two can not be written', (t) => {
    const { lstatSync } = fs
    // the public key's name comes into use after it was looked at
    t.mock.method(fs, 'lstatSync', (file: string) => {
      const found = lstatSync(file, { throwIfNoEntry: false })
      if (file === publicFile()) fs.mkdirSync(publicFile())
      return found
    })
    assert.throws(() => writeKeyPair(at(), pair), saysOf(publicFile(), /EEXIST/))
    assert.deepEqual(fs.readdirSync(at()), ['key.public.pem'])
  })

  it('leaves nothing, and no file open, where the disk fails, even if somebody removes what was begun', (t) => {
    const { opened, open } = filesOpened(t)
    const fails = () => {
      assert.throws(() => writeKeyPair(at(), pair), saysOf(privateFile(), /ENOSPC/))
      assert.deepEqual([fs.readdirSync(at()), open.size], [[], 0])
    }
    const { mock } = t.mock.method(fs, 'writeFileSync', failingWith('ENOSPC'))
    fails()
    assert.ok(opened.includes(privateFile()))
    mock.mockImplementation(() => {
      fs.rmSync(privateFile())
      throw systemError('ENOSPC')
    })
    fails()
  })
})
