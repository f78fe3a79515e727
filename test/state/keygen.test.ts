/** `keygen`: two files that OpenSSL reads, the private one its owner's alone, and nothing ever overwritten. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { CURVES, KeyPair } from '../../src/protocol/curves.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { writeKeyPair } from '../../src/state/keyFiles.ts'
import { decodePrivateKey, fingerprint } from '../../src/state/pem.ts'
import { refusal, runCommand } from '../helpers/command.ts'
import { folderForEach, modeOf } from '../helpers/files.ts'
import { noOpenssl, openssl } from '../helpers/openssl.ts'
import { sharedProcess } from '../helpers/shared.ts'

const at = folderForEach()
const run = sharedProcess()

const BOTH = ['key.private.pem', 'key.public.pem']
const namesIn = (...names: string[]) => fs.readdirSync(at(...names)).sort()
const read = (...names: string[]) => fs.readFileSync(at(...names), 'utf8')
const git = (...args: string[]) => execFileSync('git', ['-C', at(), ...args], { encoding: 'utf8' })
const noGit = spawnSync('git', ['--version']).status === 0 ? false : 'needs git'

for (const [curve, suite] of Object.entries(SUITES))
  describe(`keygen --curve ${curve}`, () => {
    it(`writes a pair of ${suite.curve.name} and says where, and prints nothing of the private key`, async () => {
      const { code, output, errors } = await run(['keygen', at(), '--curve', curve])
      const pair = decodePrivateKey(read('key.private.pem'))
      assert.deepEqual([code, errors, pair.curve], [0, '', suite.curve])
      assert.equal(
        output,
        `private key  ${at('key.private.pem')}  (for nobody else)
public key   ${at('key.public.pem')}  (for everyone)
fingerprint  ${fingerprint(pair)}
`,
      )
      if (noOpenssl) return
      assert.equal(openssl('pkey', read('key.private.pem')), read('key.private.pem'))
      assert.equal(openssl('pkey -pubout', read('key.private.pem')), read('key.public.pem'))
    })
  })

describe('keygen', () => {
  it('inside a git repository keeps the private key out of it, and all else there as it was', {
    skip: noGit,
  }, async () => {
    git('init', '--quiet')
    fs.mkdirSync(at('mine'))
    for (const [dir, before, after] of [
      ['.', '*.log', '*.log\n/key.private.pem\n'],
      ['mine', null, '/key.private.pem\n'],
    ] as const) {
      if (before !== null) fs.writeFileSync(at(dir, '.gitignore'), before)
      const { code, errors } = await run(['keygen', dir], { cwd: at() })
      assert.equal(code, 0)
      assert.match(errors, /\.gitignore keeps the private key out of git now\n$/)
      assert.equal(read(dir, '.gitignore'), after)
    }
    const unknown = git('status', '--short', '-uall')
    assert.equal(unknown.includes('private'), false)
    assert.match(unknown, /mine\/key\.public\.pem/)
    for (const name of BOTH) fs.rmSync(at('mine', name))
    const again = await run(['keygen', 'mine'], { cwd: at() })
    assert.deepEqual([again.code, again.errors], [0, ''])
    assert.equal(read('mine', '.gitignore'), '/key.private.pem\n')
    const made = await run(['keygen', 'made'], { cwd: at() })
    assert.deepEqual([made.code, made.errors, read('made', '.gitignore')], [0, '', '*\n'])
  })

  it('looks where the folder is and not where a link to it is', {
    skip: noGit || (process.platform === 'win32' && 'a link takes rights on Windows'),
  }, async () => {
    fs.mkdirSync(at('repository', 'sub'), { recursive: true })
    git('init', '--quiet', 'repository')
    fs.symlinkSync(at('repository', 'sub'), at('link'))
    assert.equal((await run(['keygen', at('link')])).code, 0)
    assert.equal(read('repository', 'sub', '.gitignore'), '/key.private.pem\n')
  })

  it('takes X25519 and the current folder unless it is told otherwise, and makes nothing else there', async () => {
    const { code, output } = await run(['keygen'], { cwd: at() })
    assert.equal(code, 0)
    assert.match(output, /^private key {2}key\.private\.pem /)
    assert.deepEqual(namesIn(), BOTH)
    assert.equal(decodePrivateKey(read('key.private.pem')).curve, CURVES.X25519)
  })

  it('makes a folder that is not there for its owner alone, and hides it from git', {
    skip: noGit,
  }, async () => {
    assert.equal((await run(['keygen', 'my/keys'], { cwd: at() })).code, 0)
    assert.deepEqual([modeOf(at('my')), modeOf(at('my', 'keys'))], ['700', '700'])
    git('init', '--quiet')
    assert.equal(git('status', '--porcelain'), '')
  })

  for (const [umask, expected] of [
    [0o000, ['600', '644']],
    [0o022, ['600', '644']],
    [0o077, ['600', '600']],
  ] as const)
    it(`leaves the private key to its owner under umask ${umask.toString(8)}`, () => {
      const before = process.umask(umask)
      writeKeyPair(at(), new KeyPair(CURVES.X25519))
      process.umask(before)
      assert.deepEqual(
        BOTH.map((name) => modeOf(at(name))),
        expected,
      )
    })

  it('overwrites nothing, whatever is there already', async () => {
    for (const put of [
      (file: string) => fs.writeFileSync(file, ''),
      (file: string) => fs.mkdirSync(file),
      (file: string) => fs.symlinkSync('elsewhere', file),
    ])
      for (const name of BOTH) {
        const dir = fs.mkdtempSync(at('keys-'))
        const file = path.join(dir, name)
        put(file)
        const before = fs.lstatSync(file)
        assert.equal(
          await refusal(['keygen', dir]),
          `${file}: It is there already, and no key is overwritten; choose another folder.`,
        )
        assert.deepEqual(fs.readdirSync(dir), [name])
        assert.deepEqual(fs.lstatSync(file), before)
      }
  })

  it('run twice at once in one folder makes one pair, whose halves belong together', async () => {
    const all = await Promise.all([1, 2].map(() => runCommand(['keygen', at()])))
    const [made, refused] = all.sort((one, two) => Number(one.code) - Number(two.code))
    assert.deepEqual([made?.code, made?.errors, refused?.code], [0, '', 1])
    assert.match(refused?.errors ?? '', /^ecdh-duet: [^\n]+\n$/)
    assert.ok(made?.output.includes(fingerprint(decodePrivateKey(read('key.private.pem')))))
    assert.deepEqual(namesIn(), BOTH)
  })

  it('says of a file, a place below one, and one where no folder can be made that it can not be used', async () => {
    fs.writeFileSync(at('file'), '')
    for (const where of [at('file'), at('file', 'keys'), '/proc/duet'])
      assert.match(await refusal(['keygen', where]), /can't be used \(E[A-Z]+\)\.$/)
    assert.deepEqual(namesIn(), ['file'])
  })
})
