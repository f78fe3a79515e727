/** What a peer keeps: two PEM files for each curve, the owner's alone, and never silently replaced. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { bytesToHex } from '../src/protocol/bytes.ts'
import { CURVES, KeyPair, P256, X25519 } from '../src/protocol/curves.ts'
import { SUITES, type SuiteName } from '../src/protocol/suites.ts'
import { StateError } from '../src/state/files.ts'
import { forgetful, hasMet, openMemory } from '../src/state/memory.ts'
import { decodePublicKey, encodePrivateKey, encodePublicKey } from '../src/state/pem.ts'
import { agree, withPeers } from './helpers/with-peers.ts'

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

    it('says where it is, what keeps an identity that was given, and how a peer is forgotten', () => {
      const { place, toForget } = openMemory(folder, curve)
      assert.equal(place, `kept in ${folder}`)
      assert.match(toForget, /^stop this peer, remove .+, and start it again\.$/)
      assert.ok(toForget.includes(files(folder).peer))
      const given = new KeyPair(curve)
      const memory = openMemory(folder, curve, given)
      assert.equal(memory.identity, given)
      assert.equal(memory.place, `by --identity; the rest is kept in ${folder}`)
      assert.deepEqual(fs.readdirSync(folder), [path.basename(files(folder).identity)])
    })

    it('keeps pictures in a folder of their own', async () => {
      const draft = await openMemory(folder, curve).pictures.create()
      const all = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
      await draft.discard()
      assert.deepEqual(all.slice(0, -1), [path.basename(files(folder).identity), 'pictures'])
      assert.match(all.at(-1) ?? '', /^pictures\/incoming-/)
    })

    it('has met another peer once one is remembered, and looking makes nothing', () => {
      const dir = path.join(folder, 'none')
      assert.equal(hasMet(dir, curve), false)
      assert.equal(fs.existsSync(dir), false)
      openMemory(dir, curve).remember(new KeyPair(curve).publicKey)
      assert.equal(hasMet(dir, curve), true)
    })

    it('says what to do about a damaged file', () => {
      openMemory(folder, curve).remember(new KeyPair(curve).publicKey)
      for (const [file, rest] of [
        [files(folder).peer, 'and this peer meets the other one anew.'],
        [files(folder).identity, 'and the other side has to forget the old identity.'],
      ] as const) {
        fs.truncateSync(file)
        const end = ` Put it back from a copy; or remove it, ${rest}`
        assert.throws(
          () => openMemory(folder, curve),
          (error: Error) => error.message.startsWith(`${file}: `) && error.message.endsWith(end),
        )
        fs.rmSync(file)
      }
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

describe('a peer without a state', () => {
  it('has a fresh identity each time, or the one it is given, and remembers nobody', () => {
    const [one, other] = [forgetful(X25519), forgetful(X25519)]
    assert.notDeepEqual(one.identity.publicKey, other.identity.publicKey)
    assert.equal(one.identity.curve, X25519)
    one.remember(other.identity.publicKey)
    assert.equal(one.knownIdentity, null)
    assert.deepEqual([one.place, one.toForget], ['kept nowhere', 'start this peer again.'])
    const given = new KeyPair(P256)
    const memory = forgetful(P256, given)
    assert.equal(memory.identity, given)
    assert.equal(memory.place, 'by --identity; the rest is kept nowhere')
  })
})

describe('the state on X25519MLKEM768', () => {
  const SUITE_OF_BOTH = ['X25519MLKEM768', 'X25519'] as const

  /** Two peers on a suite, each with its state, and what both show before and after they exchanged keys. */
  async function exchange(name: SuiteName): Promise<{ before: Shown[]; after: Shown[] }> {
    const states = ['a', 'b'].map((state) => path.join(folder, state)).values()
    const suite = SUITES[name]
    const result: { before: Shown[]; after: Shown[] } = { before: [], after: [] }
    const openNext = () => openMemory(states.next().value ?? '', suite.curve)
    await withPeers({ suite, openMemory: openNext }, async (a, b) => {
      const shown = async () => [(await a.call('/show')).json, (await b.call('/show')).json]
      result.before = await shown()
      await agree(a, b)
      result.after = await shown()
      assert.equal((await a.call('/send_msg')).status, 201)
      assert.equal((await b.call('/decrypt_msg')).status, 200)
    })
    return result
  }
  interface Shown {
    curve: string
    identity: string
    publicKey: string | null
    safetyNumber: string | null
    peer: { identity: string | null; known: boolean }
  }

  for (const order of [SUITE_OF_BOTH, SUITE_OF_BOTH.toReversed()])
    it(`is that of X25519: files, known peer and safety number are the same (${order.join(', then ')})`, async () => {
      const [first = 'X25519', second = 'X25519'] = order
      const { before, after } = await exchange(first)
      const [one, two] = after
      assert.ok(one && two)
      for (const each of before) assert.equal(each.safetyNumber, null)
      for (const each of after) {
        assert.equal(each.curve, first)
        assert.equal(each.identity.length, 64)
        assert.equal(each.publicKey?.length, first === 'X25519' ? 64 : 2432)
        assert.match(each.safetyNumber ?? '', /^\d{5}( \d{5}){11}$/)
        assert.equal(each.peer.known, false)
      }
      assert.equal(one.safetyNumber, two.safetyNumber)
      for (const [state, own, peer] of [
        ['a', one, two],
        ['b', two, one],
      ] as const) {
        const files = fs.readdirSync(path.join(folder, state)).filter((name) => /pem/.test(name))
        assert.deepEqual(files.sort(), ['identity.X25519.pem', 'peer.X25519.pem'])
        const known = fs.readFileSync(path.join(folder, state, 'peer.X25519.pem'), 'utf8')
        assert.equal(bytesToHex(decodePublicKey(known).publicKey), peer.identity)
        const { identity } = openMemory(path.join(folder, state), X25519)
        assert.equal(bytesToHex(identity.publicKey), own.identity)
      }

      const again = await exchange(second)
      for (const [i, each] of [...again.before, ...again.after].entries()) {
        assert.equal(each.curve, second)
        assert.equal(each.identity, after[i % 2]?.identity)
        assert.equal(each.safetyNumber, one.safetyNumber)
        assert.equal(each.peer.known, true)
      }
    })
})
