/** What a peer keeps: two PEM files for each curve, the owner's alone, and never silently replaced. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { CURVES, KeyPair, P256, X25519 } from '../src/protocol/curves.ts'
import { StateError } from '../src/state/files.ts'
import { openMemory } from '../src/state/memory.ts'
import { encodePrivateKey, encodePublicKey } from '../src/state/pem.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-state-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

/** Permissions as octal digits. */
const mode = (file: string) => (fs.statSync(file).mode & 0o777).toString(8)

for (const curve of Object.values(CURVES))
  describe(`the state on ${curve.name}`, () => {
    const files = (dir: string) => ({
      identity: path.join(dir, `identity.${curve.name}.pem`),
      peer: path.join(dir, `peer.${curve.name}.pem`),
    })

    it('is the same identity and the same known peer at the next opening', () => {
      const dir = path.join(folder, '.duet', '5000')
      const first = openMemory(dir, curve)
      assert.equal(first.knownIdentity, null)
      const known = new KeyPair(curve).publicKey
      first.remember(known)
      const second = openMemory(dir, curve)
      assert.deepEqual(second.identity.publicKey, first.identity.publicKey)
      assert.deepEqual(second.identity.exportPrivateKey(), first.identity.exportPrivateKey())
      assert.deepEqual(second.knownIdentity, known)
    })

    it("is the owner's alone, hidden from git, and nothing else lies beside it", () => {
      const dir = path.join(folder, '.duet', '5000')
      openMemory(dir, curve).remember(new KeyPair(curve).publicKey)
      const { identity, peer } = files(dir)
      assert.deepEqual([mode(dir), mode(identity), mode(peer)], ['700', '600', '600'])
      assert.equal(fs.readFileSync(path.join(folder, '.duet', '.gitignore'), 'utf8'), '*\n')
      assert.deepEqual(fs.readdirSync(dir).sort(), [path.basename(identity), path.basename(peer)])
      execFileSync('git', ['init', '--quiet', folder])
      const status = execFileSync('git', ['-C', folder, 'status', '--porcelain'])
      assert.equal(status.toString(), '')
    })

    it('is not remembered before somebody says so', () => {
      openMemory(folder, curve)
      assert.equal(fs.existsSync(files(folder).peer), false)
    })

    it('never replaces a known peer', () => {
      const memory = openMemory(folder, curve)
      const known = new KeyPair(curve).publicKey
      memory.remember(known)
      assert.throws(() => memory.remember(new KeyPair(curve).publicKey), { code: 'EEXIST' })
      assert.deepEqual(openMemory(folder, curve).knownIdentity, known)
    })

    it('sweeps what a killed run left half written', () => {
      const { identity } = files(folder)
      fs.writeFileSync(`${identity}.tmp`, '-----BEGIN PRIV')
      openMemory(folder, curve)
      assert.deepEqual(fs.readdirSync(folder), [path.basename(identity)])
    })

    const other = curve === X25519 ? P256 : X25519
    const damages: [string, (file: string) => void, RegExp][] = [
      ['empty', (file) => fs.truncateSync(file), /not a PEM key/],
      ['cut', (file) => fs.truncateSync(file, 60), /not a PEM key/],
      ['too long', (file) => fs.appendFileSync(file, 'x'.repeat(5000)), /too long/],
      [
        'a key of the other curve',
        (file) =>
          fs.writeFileSync(
            file,
            file.includes('identity')
              ? encodePrivateKey(new KeyPair(other))
              : encodePublicKey(new KeyPair(other)),
          ),
        new RegExp(`not a key of ${curve.name}`),
      ],
      ['open to others', (file) => fs.chmodSync(file, 0o644), /Others can read it.*chmod 600/],
      [
        'a link',
        (file) => {
          fs.renameSync(file, `${file}.moved`)
          fs.symlinkSync(`${file}.moved`, file)
        },
        /It is a link/,
      ],
      [
        'a directory',
        (file) => {
          fs.rmSync(file)
          fs.mkdirSync(file, { mode: 0o700 })
        },
        /not a file/,
      ],
    ]
    for (const which of ['identity', 'peer'] as const)
      for (const [how, damage, says] of damages)
        it(`refuses the ${which} file that is ${how} with one line that names it, and leaves it`, () => {
          openMemory(folder, curve).remember(new KeyPair(curve).publicKey)
          const file = files(folder)[which]
          damage(file)
          const left = () => (fs.statSync(file).isFile() ? fs.readFileSync(file, 'latin1') : null)
          const before = left()
          assert.throws(
            () => openMemory(folder, curve),
            (error) => {
              assert.ok(error instanceof StateError)
              assert.ok(error.message.startsWith(`${file}: `), error.message)
              assert.match(error.message, says)
              assert.equal(error.message.includes('\n'), false)
              return true
            },
          )
          assert.equal(left(), before)
        })

    it('refuses a known peer in any other form of the same key', () => {
      openMemory(folder, curve).remember(new KeyPair(curve).publicKey)
      const file = files(folder).peer
      fs.writeFileSync(file, `a comment\n${fs.readFileSync(file, 'utf8')}`)
      assert.throws(() => openMemory(folder, curve), StateError)
      fs.writeFileSync(file, encodePrivateKey(new KeyPair(curve)))
      assert.throws(() => openMemory(folder, curve), StateError)
    })

    it('says which folder it is when that can not be used', () => {
      const file = path.join(folder, 'file')
      fs.writeFileSync(file, '')
      assert.throws(() => openMemory(path.join(file, '5000'), curve), {
        message: `${path.join(file, '5000')}: It can't be used (ENOTDIR).`,
      })
    })
  })
