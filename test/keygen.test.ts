/** `keygen`: two files that OpenSSL reads, the private one its owner's alone, and nothing ever overwritten. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { CURVES, KeyPair } from '../src/protocol/curves.ts'
import { SUITES } from '../src/protocol/suites.ts'
import { writeKeyPair } from '../src/state/keyFiles.ts'
import { decodePrivateKey, fingerprint } from '../src/state/pem.ts'
import { runCommand } from './helpers/command.ts'
import { noOpenssl, openssl } from './helpers/openssl.ts'
import { sharedProcess } from './helpers/shared.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-keygen-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

const BOTH = ['key.private.pem', 'key.public.pem']
const read = (...names: string[]) => fs.readFileSync(path.join(folder, ...names), 'utf8')
const mode = (...names: string[]) =>
  (fs.statSync(path.join(folder, ...names)).mode & 0o777).toString(8)

const run = sharedProcess()

for (const [curve, suite] of Object.entries(SUITES))
  describe(`keygen --curve ${curve}`, () => {
    it(`writes a pair of ${suite.curve.name} and says where, and prints nothing of the private key`, async () => {
      const { code, output, errors } = await run(['keygen', folder, '--curve', curve])
      const pair = decodePrivateKey(read('key.private.pem'))
      assert.deepEqual([code, errors, pair.curve], [0, '', suite.curve])
      assert.equal(
        output,
        `private key  ${path.join(folder, 'key.private.pem')}  (for nobody else)
public key   ${path.join(folder, 'key.public.pem')}  (for everyone)
fingerprint  ${fingerprint(pair)}
`,
      )
    })

    it('writes what OpenSSL reads as it is', { skip: noOpenssl }, async () => {
      await run(['keygen', folder, '--curve', curve])
      assert.equal(openssl('pkey', read('key.private.pem')), read('key.private.pem'))
      assert.equal(openssl('pkey -pubout', read('key.private.pem')), read('key.public.pem'))
      const text = openssl('pkey -pubin -text -noout', read('key.public.pem'))
      assert.match(text, curve === 'P-256' ? /NIST CURVE: P-256/ : /^X25519 Public-Key/)
    })
  })

describe('keygen', () => {
  const noGit = spawnSync('git', ['--version']).status === 0 ? false : 'needs git'

  it('inside a git repository keeps the private key out of it, and all else there as it was', {
    skip: noGit,
  }, async () => {
    execFileSync('git', ['init', '-q', folder])
    fs.mkdirSync(path.join(folder, 'mine'))
    const unknown = () =>
      execFileSync('git', ['-C', folder, 'status', '--short', '-uall'], { encoding: 'utf8' })
    for (const [dir, before, after] of [
      ['.', '*.log', '*.log\n/key.private.pem\n'],
      ['mine', null, '/key.private.pem\n'],
    ] as const) {
      const ignore = path.join(folder, dir, '.gitignore')
      if (before !== null) fs.writeFileSync(ignore, before)
      const { code, errors } = await run(['keygen', dir], { cwd: folder })
      assert.equal(code, 0)
      assert.match(errors, /\.gitignore keeps the private key out of git now\n$/)
      assert.equal(fs.readFileSync(ignore, 'utf8'), after)
    }
    assert.equal(unknown().includes('private'), false)
    assert.match(unknown(), /mine\/key\.public\.pem/)
    fs.rmSync(path.join(folder, 'mine', 'key.private.pem'))
    fs.rmSync(path.join(folder, 'mine', 'key.public.pem'))
    const again = await run(['keygen', 'mine'], { cwd: folder })
    assert.deepEqual([again.code, again.errors], [0, ''])
    assert.equal(read('mine', '.gitignore'), '/key.private.pem\n')
    const made = await run(['keygen', 'made'], { cwd: folder })
    assert.deepEqual([made.code, made.errors, read('made', '.gitignore')], [0, '', '*\n'])
  })

  it('looks where the folder is and not where a link to it is, and writes through no link', {
    skip: noGit || (process.platform === 'win32' && 'a link takes rights on Windows'),
  }, async () => {
    const [repository, out] = [path.join(folder, 'repository'), path.join(folder, 'out')]
    fs.mkdirSync(path.join(repository, 'sub'), { recursive: true })
    fs.mkdirSync(out)
    execFileSync('git', ['init', '-q', repository])
    fs.symlinkSync(path.join(repository, 'sub'), path.join(out, 'link'))
    assert.equal((await run(['keygen', path.join(out, 'link')])).code, 0)
    assert.equal(read('repository', 'sub', '.gitignore'), '/key.private.pem\n')
    const theirs = path.join(folder, 'theirs')
    fs.writeFileSync(theirs, 'mine')
    fs.mkdirSync(path.join(repository, 'linked'))
    fs.symlinkSync(theirs, path.join(repository, 'linked', '.gitignore'))
    const { code, errors } = await run(['keygen', path.join(repository, 'linked')])
    assert.equal(code, 1)
    assert.match(errors, /\.gitignore: It is a link, and git reads no such file\./)
    assert.equal(fs.readFileSync(theirs, 'utf8'), 'mine')
    assert.deepEqual(fs.readdirSync(path.join(repository, 'linked')), ['.gitignore'])
  })

  it('takes X25519 and the current folder unless it is told otherwise, and makes nothing else there', async () => {
    const { code, output } = await run(['keygen'], { cwd: folder })
    assert.equal(code, 0)
    assert.match(output, /^private key {2}key\.private\.pem /)
    assert.deepEqual(fs.readdirSync(folder).sort(), BOTH)
    assert.equal(decodePrivateKey(read('key.private.pem')).curve, CURVES.X25519)
  })

  it('makes a folder that is not there for its owner alone, and hides it from git', async () => {
    assert.equal((await run(['keygen', 'my/keys'], { cwd: folder })).code, 0)
    assert.deepEqual([mode('my'), mode('my', 'keys')], ['700', '700'])
    execFileSync('git', ['init', '--quiet', folder])
    const status = execFileSync('git', ['-C', folder, 'status', '--porcelain'])
    assert.equal(status.toString(), '')
  })

  for (const [umask, expected] of [
    [0o000, ['600', '644']],
    [0o022, ['600', '644']],
    [0o077, ['600', '600']],
  ] as const)
    it(`leaves the private key to its owner under umask ${umask.toString(8)}`, () => {
      const before = process.umask(umask)
      writeKeyPair(folder, new KeyPair(CURVES.X25519))
      process.umask(before)
      assert.deepEqual(
        BOTH.map((name) => mode(name)),
        expected,
      )
    })

  const inTheWay: [string, (file: string) => void][] = [
    ['a file', (file) => fs.writeFileSync(file, 'mine')],
    ['an empty file', (file) => fs.writeFileSync(file, '')],
    ['a folder', (file) => fs.mkdirSync(file)],
    ['a link that leads nowhere', (file) => fs.symlinkSync('elsewhere', file)],
  ]
  for (const name of BOTH)
    for (const [what, put] of inTheWay)
      it(`overwrites nothing where ${name} is ${what} already`, async () => {
        put(path.join(folder, name))
        const before = fs.lstatSync(path.join(folder, name))
        const { code, output, errors } = await run(['keygen', '.'], { cwd: folder })
        assert.deepEqual([code, output], [1, ''])
        assert.equal(
          errors,
          `ecdh-duet: ${name}: It is there already, and no key is overwritten; choose another folder.\n`,
        )
        assert.deepEqual(fs.readdirSync(folder), [name])
        assert.deepEqual(fs.lstatSync(path.join(folder, name)), before)
      })

  it('run three times at once in one folder makes one pair, whose halves belong together', async () => {
    const all = await Promise.all(Array.from({ length: 3 }, () => runCommand(['keygen', folder])))
    assert.deepEqual(all.map(({ code }) => code).sort(), [0, 1, 1])
    for (const { code, errors } of all)
      assert.match(errors, code === 0 ? /^$/ : /^ecdh-duet: [^\n]+\n$/)
    const made = all.find(({ code }) => code === 0)?.output ?? ''
    assert.ok(made.includes(fingerprint(decodePrivateKey(read('key.private.pem')))))
    assert.deepEqual(fs.readdirSync(folder).sort(), BOTH)
  })

  for (const [what, where] of [
    ['a file', 'file'],
    ['below a file', 'file/keys'],
    ['in a place where none can be made', '/proc/duet'],
  ] as const)
    it(`says in one line that a folder can not be used that is ${what}`, async () => {
      fs.writeFileSync(path.join(folder, 'file'), '')
      const { code, output, errors } = await run(['keygen', where], { cwd: folder })
      assert.deepEqual([code, output], [1, ''])
      assert.match(errors, /^ecdh-duet: [^\n]*can't be used \(E[A-Z]+\)\.\n$/)
      assert.deepEqual(fs.readdirSync(folder), ['file'])
    })

  for (const wrong of [
    ['keygen', ''],
    ['keygen', '.', 'more'],
    ['keygen', '--curve', 'P-384'],
    ['keygen', '--curve', 'ML-KEM-768'],
  ])
    it(`exits with 2 on ${JSON.stringify(wrong)}, and makes nothing`, async () => {
      const { code, output, errors } = await run(wrong, { cwd: folder })
      assert.deepEqual([code, output], [2, ''])
      assert.match(errors, /ecdh-duet/)
      assert.deepEqual(fs.readdirSync(folder), [])
    })
})
