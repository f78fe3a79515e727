/** `keygen`: what it prints, what OpenSSL and git make of its files. Which files it writes is in `keyFiles.test.ts`. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { CURVES } from '../../src/protocol/curves.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { decodePrivateKey, fingerprint } from '../../src/state/pem.ts'
import { refusal, runCommand, sharedProcess } from '../helpers/command.ts'
import { folderForEach, modeOf } from '../helpers/files.ts'
import { noOpenssl, openssl } from '../helpers/openssl.ts'

const at = folderForEach()
const run = sharedProcess()

const BOTH = ['key.private.pem', 'key.public.pem']
const namesIn = (...names: string[]) => fs.readdirSync(at(...names)).sort()
const read = (...names: string[]) => fs.readFileSync(at(...names), 'utf8')
const git = (...args: string[]) => execFileSync('git', ['-C', at(), ...args], { encoding: 'utf8' })
const noGit = spawnSync('git', ['--version']).status === 0 ? false : 'needs git'

describe('keygen', () => {
  for (const [curve, suite] of Object.entries(SUITES))
    it(`--curve ${curve} writes a pair of ${suite.curve.name} and says where, and prints nothing of the private key`, async () => {
      const { code, output, errors } = await run(['keygen', at(), '--curve', curve])
      const pair = decodePrivateKey(read('key.private.pem'))
      assert.deepEqual([code, errors, pair.curve], [0, '', suite.curve])
      assert.deepEqual(output.split('\n'), [
        `private key  ${at('key.private.pem')}  (for nobody else)`,
        `public key   ${at('key.public.pem')}  (for everyone)`,
        `fingerprint  ${fingerprint(pair)}`,
        '',
      ])
      if (noOpenssl) return
      assert.equal(openssl('pkey', read('key.private.pem')), read('key.private.pem'))
      assert.equal(openssl('pkey -pubout', read('key.private.pem')), read('key.public.pem'))
    })

  it('takes X25519 and the current folder unless it is told otherwise, and makes nothing else there', async () => {
    const { code, output } = await run(['keygen'], { cwd: at() })
    assert.equal(code, 0)
    assert.match(output, /^private key {2}key\.private\.pem /)
    assert.deepEqual(namesIn(), BOTH)
    assert.equal(decodePrivateKey(read('key.private.pem')).curve, CURVES.X25519)
  })

  it('inside a git repository keeps the private key out of it, and all else there as it was', {
    skip: noGit || (process.platform === 'win32' && 'a link takes rights on Windows'),
  }, async () => {
    git('init', '--quiet')
    fs.mkdirSync(at('mine'))
    fs.mkdirSync(at('sub'))
    fs.symlinkSync(at('sub'), at('link'))
    fs.writeFileSync(at('.gitignore'), '*.log')
    const keygen = async (dir: string, says: RegExp) => {
      const { code, errors } = await run(['keygen', dir], { cwd: at() })
      assert.equal(code, 0)
      assert.match(errors, says)
    }
    for (const dir of ['.', 'mine', 'link'])
      await keygen(dir, /\.gitignore keeps the private key out of git now\n$/)
    assert.equal(read('.gitignore'), '*.log\n/key.private.pem\n')
    for (const dir of ['mine', 'sub']) assert.equal(read(dir, '.gitignore'), '/key.private.pem\n')
    const unknown = git('status', '--short', '-uall')
    assert.equal(unknown.includes('private'), false)
    assert.match(unknown, /mine\/key\.public\.pem/)
    for (const name of BOTH) fs.rmSync(at('mine', name))
    await keygen('mine', /^$/)
    assert.equal(read('mine', '.gitignore'), '/key.private.pem\n')
    await keygen('made/keys', /^$/)
    assert.deepEqual([modeOf(at('made')), modeOf(at('made', 'keys'))], ['700', '700'])
    assert.equal(git('status', '--short', '-uall', 'made'), '')
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
