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

/** Runs `use` while every open file says that everyone can read it. */
async function faked(use: () => Promise<void>): Promise<void> {
  fs.mkdirSync(disk())
  const { fstatSync } = fs
  const says = mock.method(fs, 'fstatSync', (fd: number) => {
    const stat = fstatSync(fd)
    stat.mode |= 0o077
    return stat
  })
  await use().finally(() => says.mock.restore())
}

/** Runs `use` while there is such a file system. */
async function mounted(use: () => Promise<void>, ...options: string[]): Promise<void> {
  const real = at('real')
  for (const folder of [disk(), real]) fs.mkdirSync(folder, { recursive: true })
  const args = ['--perms=0777', '--chmod-ignore', ...options, real, disk()]
  const { status, stderr } = spawnSync('bindfs', args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  await use().finally(() => spawnSync('fusermount', ['-u', disk()]))
}

/** Why there is no such file system here, or false. */
const noBindfs =
  fs.existsSync('/dev/fuse') && spawnSync('bindfs', ['--version']).status === 0
    ? false
    : 'bindfs, or FUSE, is not here'

const files = () => fs.readdirSync(disk(), { recursive: true, encoding: 'utf8' })
const writeKey = (file: string) =>
  fs.writeFileSync(file, encodePrivateKey(new KeyPair(X25519)), { mode: 0o600 })
const PEER = ['peer', '--port', '0', '--peer', 'http://127.0.0.1:9']
const refuses = async (args: string[], ...says: RegExp[]) => {
  const line = await refusal(args)
  for (const each of [/such as that of your home folder/, ...says]) assert.match(line, each)
  return line
}

for (const [what, withDisk, skip] of [
  ['a faked', faked, false],
  ['a real', mounted, noBindfs],
] as const)
  describe(`on ${what} file system without permissions`, { skip }, () => {
    it('no peer keeps a state, from its first start on, and it says what to do', () =>
      withDisk(async () => {
        const state = ['--state', disk('state')]
        for (let start = 0; start < 2; start++) {
          await refuses([...PEER, ...state], /Others can read every file.*--state DIR.*--no-state/)
          assert.deepEqual(
            files().filter((name) => /pem|tmp|running/.test(name)),
            [],
          )
        }
        // an earlier version has written one
        writeKey(disk('state', 'identity.X25519.pem'))
        assert.doesNotMatch(await refusal([...PEER, ...state]), /chmod/)
      }))

    it('keygen writes no key', () =>
      withDisk(async () => {
        await refuses(['keygen', disk()])
        assert.deepEqual(files(), [])
      }))

    it('no private key is taken, and chmod is not what helps', () =>
      withDisk(async () => {
        const key = disk('key.pem')
        writeKey(key)
        for (const args of [
          [...PEER, '--no-state', '--identity', key],
          ['watch', at('mail'), '--key', key],
        ])
          await refuses(args, /chmod does not help/)
        assert.deepEqual(files(), ['key.pem'])
      }))
  })

describe('a file system without permissions', { skip: noBindfs }, () => {
  it('is no place to write to, either, where it is mounted to be read only', () => {
    fs.mkdirSync(at('real'))
    writeKey(at('real', 'key.pem'))
    const watch = ['watch', at('mail'), '--key', disk('key.pem')]
    return mounted(async () => void (await refuses(watch)), '-r')
  })

  it('is a place to start from with --no-state', () =>
    mounted(async () => {
      await withCommand(['both', '--ports', '0,0', '--no-state'], { cwd: disk() }, (both) =>
        both.ports(2),
      )
      assert.deepEqual(files(), [])
    }))
})
