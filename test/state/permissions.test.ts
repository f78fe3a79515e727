/** A file system on which everyone can read every file, as exFAT, or Windows' own in WSL. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { describe, it, mock } from 'node:test'
import { KeyPair, X25519 } from '../../src/protocol/curves.ts'
import { encodePrivateKey } from '../../src/state/pem.ts'
import { refusal, withCommand } from '../helpers/command.ts'
import { folderForEach } from '../helpers/files.ts'

const at = folderForEach()
const disk = (...names: string[]) => at('disk', ...names)

/** Runs `use` while every file that is open says that everyone can read it. */
async function faked(use: () => Promise<void>): Promise<void> {
  fs.mkdirSync(disk())
  const { fstatSync } = fs
  const says = mock.method(fs, 'fstatSync', (fd: number) => {
    const stat = fstatSync(fd)
    stat.mode |= 0o077
    return stat
  })
  try {
    await use()
  } finally {
    says.mock.restore()
  }
}

/** Runs `use` while there is such a file system. */
async function mounted(use: () => Promise<void>, ...options: string[]): Promise<void> {
  const real = at('real')
  for (const folder of [disk(), real]) fs.mkdirSync(folder, { recursive: true })
  const args = ['--perms=0777', '--chmod-ignore', ...options, real, disk()]
  const { status, stderr } = spawnSync('bindfs', args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  try {
    await use()
  } finally {
    spawnSync('fusermount', ['-u', disk()])
  }
}

/** Why there is no such file system here, or false. */
const noBindfs =
  fs.existsSync('/dev/fuse') && spawnSync('bindfs', ['--version']).status === 0
    ? false
    : 'bindfs, or FUSE, is not here'

const files = () => fs.readdirSync(disk(), { recursive: true, encoding: 'utf8' })
const aKey = () => encodePrivateKey(new KeyPair(X25519))
const elsewhere = /such as that of your home folder/

for (const [what, withDisk, skip] of [
  ['a faked', faked, false],
  ['a real', mounted, noBindfs],
] as const)
  describe(`on ${what} file system without permissions`, { skip }, () => {
    it('no peer keeps a state, from its first start on, and it says what to do', () =>
      withDisk(async () => {
        const both = ['both', '--ports', '0,0', '--state', disk('state')]
        for (let start = 0; start < 2; start++) {
          const says = await refusal(both)
          assert.match(says, elsewhere)
          assert.match(says, /others can read every file.*--state DIR.*--no-state/)
          assert.deepEqual(
            files().filter((name) => /pem|tmp|running/.test(name)),
            [],
          )
        }
        // an earlier version has written one
        const [, port = ''] = /(\d+): On this/.exec(await refusal(both)) ?? []
        fs.writeFileSync(disk('state', port, 'identity.X25519.pem'), aKey(), { mode: 0o600 })
        const one = ['peer', '--port', '0', '--peer', 'http://127.0.0.1:9']
        assert.doesNotMatch(await refusal([...one, '--state', disk('state', port)]), /chmod/)
      }))

    it('keygen writes no key', () =>
      withDisk(async () => {
        assert.match(await refusal(['keygen', disk()]), elsewhere)
        assert.deepEqual(files(), [])
      }))

    it('no private key is taken, and chmod is not what helps', () =>
      withDisk(async () => {
        const key = disk('key.pem')
        fs.writeFileSync(key, aKey(), { mode: 0o600 })
        const peer = ['peer', '--port', '0', '--peer', 'http://127.0.0.1:9', '--no-state']
        for (const args of [
          [...peer, '--identity', key],
          ['watch', at('mail'), '--key', key],
        ]) {
          const says = await refusal(args)
          assert.match(says, elsewhere)
          assert.match(says, /chmod does not help/)
        }
        assert.deepEqual(files(), ['key.pem'])
      }))
  })

describe('a file system without permissions', { skip: noBindfs }, () => {
  it('is no place to write to, either, where it is mounted to be read only', () => {
    fs.mkdirSync(at('real'))
    fs.writeFileSync(at('real', 'key.pem'), aKey(), { mode: 0o600 })
    const key = ['--key', disk('key.pem')]
    const watch = async () => assert.match(await refusal(['watch', at('mail'), ...key]), elsewhere)
    return mounted(watch, '-r')
  })

  it('is a place to start from with --no-state', () =>
    mounted(async () => {
      await withCommand(['both', '--ports', '0,0', '--no-state'], { cwd: disk() }, async (both) => {
        await both.ports(2)
        both.kill()
        assert.equal(await both.ended, 0)
      })
      assert.deepEqual(files(), [])
    }))
})
