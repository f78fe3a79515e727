/** What a peer keeps: two PEM files for each curve, the owner's alone, and never silently replaced. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { bytesToHex } from '../../src/protocol/bytes.ts'
import { CURVES, KeyPair, P256, X25519 } from '../../src/protocol/curves.ts'
import { SUITES, type SuiteName } from '../../src/protocol/suites.ts'
import { StateError } from '../../src/state/files.ts'
import { forgetful, hasMet, openMemory } from '../../src/state/openMemory.ts'
import { decodePublicKey, encodePrivateKey, encodePublicKey } from '../../src/state/pem.ts'
import { folderForEach, modeOf } from '../helpers/files.ts'
import { agree, withPeers } from '../helpers/with-peers.ts'

const at = folderForEach()

for (const curve of Object.values(CURVES))
  describe(`the state on ${curve.name}`, () => {
    const files = (dir: string) => ({
      identity: path.join(dir, `identity.${curve.name}.pem`),
      peer: path.join(dir, `peer.${curve.name}.pem`),
    })

    it('is the same identity and the same known peer at the next opening', () => {
      const dir = at('.duet', '5000')
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
      const dir = at('.duet', '5000')
      openMemory(dir, curve).remember(new KeyPair(curve).publicKey)
      const { identity, peer } = files(dir)
      assert.deepEqual([dir, identity, peer].map(modeOf), ['700', '600', '600'])
      assert.equal(fs.readFileSync(at('.duet', '.gitignore'), 'utf8'), '*\n')
      assert.deepEqual(fs.readdirSync(dir).sort(), [path.basename(identity), path.basename(peer)])
      execFileSync('git', ['init', '--quiet', at()])
      const status = execFileSync('git', ['-C', at(), 'status', '--porcelain'])
      assert.equal(status.toString(), '')
    })

    it('is not remembered before somebody says so', () => {
      openMemory(at(), curve)
      assert.equal(fs.existsSync(files(at()).peer), false)
    })

    it('says where it is, what keeps an identity that was given, and how a peer is forgotten', () => {
      const { place, toForget } = openMemory(at(), curve)
      assert.equal(place, `kept in ${at()}`)
      assert.match(toForget, /^stop this peer, remove .+, and start it again\.$/)
      assert.ok(toForget.includes(files(at()).peer))
      const given = new KeyPair(curve)
      const memory = openMemory(at(), curve, given)
      assert.equal(memory.identity, given)
      assert.equal(memory.place, `by --identity; the rest is kept in ${at()}`)
      assert.deepEqual(fs.readdirSync(at()), [path.basename(files(at()).identity)])
    })

    it('keeps pictures in a folder of their own', async () => {
      const draft = await openMemory(at(), curve).pictures.create()
      const all = fs.readdirSync(at(), { recursive: true, encoding: 'utf8' }).sort()
      await draft.discard()
      assert.deepEqual(all.slice(0, -1), [path.basename(files(at()).identity), 'pictures'])
      assert.match(all.at(-1) ?? '', /^pictures\/incoming-/)
    })

    it('has met another peer once one is remembered, and looking makes nothing', () => {
      const dir = at('none')
      assert.equal(hasMet(dir, curve), false)
      assert.equal(fs.existsSync(dir), false)
      openMemory(dir, curve).remember(new KeyPair(curve).publicKey)
      assert.equal(hasMet(dir, curve), true)
    })

    it('says what to do about a damaged file', () => {
      openMemory(at(), curve).remember(new KeyPair(curve).publicKey)
      for (const [file, rest] of [
        [files(at()).peer, 'and this peer meets the other one anew.'],
        [files(at()).identity, 'and the other side has to forget the old identity.'],
      ] as const) {
        fs.truncateSync(file)
        const end = ` Put it back from a copy; or remove it, ${rest}`
        assert.throws(
          () => openMemory(at(), curve),
          (error: Error) => error.message.startsWith(`${file}: `) && error.message.endsWith(end),
        )
        fs.rmSync(file)
      }
    })

    it('never replaces a known peer', () => {
      const memory = openMemory(at(), curve)
      const known = new KeyPair(curve).publicKey
      memory.remember(known)
      assert.throws(() => memory.remember(new KeyPair(curve).publicKey), { code: 'EEXIST' })
      assert.deepEqual(openMemory(at(), curve).knownIdentity, known)
    })

    it('sweeps what a killed run left half written', () => {
      const { identity } = files(at())
      fs.writeFileSync(`${identity}.tmp`, '-----BEGIN PRIV')
      openMemory(at(), curve)
      assert.deepEqual(fs.readdirSync(at()), [path.basename(identity)])
    })

    const other = curve === X25519 ? P256 : X25519
    const damages: [string, (file: string) => void, RegExp][] = [
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
    ]
    for (const which of ['identity', 'peer'] as const)
      for (const [how, damage, says] of damages)
        it(`refuses the ${which} file that is ${how} with one line that names it, and leaves it`, () => {
          openMemory(at(), curve).remember(new KeyPair(curve).publicKey)
          const file = files(at())[which]
          damage(file)
          const before = fs.readFileSync(file, 'utf8')
          assert.throws(
            () => openMemory(at(), curve),
            (error) => {
              assert.ok(error instanceof StateError)
              assert.ok(error.message.startsWith(`${file}: `), error.message)
              assert.match(error.message, says)
              assert.equal(error.message.includes('\n'), false)
              return true
            },
          )
          assert.equal(fs.readFileSync(file, 'utf8'), before)
        })

    it('refuses a known peer in any other form of the same key', () => {
      openMemory(at(), curve).remember(new KeyPair(curve).publicKey)
      const file = files(at()).peer
      fs.writeFileSync(file, `a comment\n${fs.readFileSync(file, 'utf8')}`)
      assert.throws(() => openMemory(at(), curve), StateError)
      fs.writeFileSync(file, encodePrivateKey(new KeyPair(curve)))
      assert.throws(() => openMemory(at(), curve), StateError)
    })

    it('says which folder it is when that can not be used', () => {
      const file = at('file')
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

interface Shown {
  curve: string
  identity: string
  publicKey: string | null
  safetyNumber: string | null
  peer: { identity: string | null; known: boolean }
}

describe('the state on X25519MLKEM768', () => {
  /** Two peers on a suite, each with its state, and what both show before and after they exchanged keys. */
  async function exchange(name: SuiteName): Promise<{ before: Shown[]; after: Shown[] }> {
    const states = ['a', 'b'].map((state) => at(state)).values()
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

  for (const [first, second] of [
    ['X25519MLKEM768', 'X25519'],
    ['X25519', 'X25519MLKEM768'],
  ] as const)
    it(`is that of X25519: files, known peer and safety number are the same (${first}, then ${second})`, async () => {
      const { before, after } = await exchange(first)
      for (const { safetyNumber } of before) assert.equal(safetyNumber, null)
      for (const each of after) {
        assert.deepEqual([each.curve, each.identity.length, each.peer.known], [first, 64, false])
        assert.equal(each.publicKey?.length, first === 'X25519' ? 64 : 2432)
        assert.match(each.safetyNumber ?? '', /^\d{5}( \d{5}){11}$/)
        assert.equal(each.safetyNumber, after[0]?.safetyNumber)
      }
      for (const [i, state] of ['a', 'b'].entries()) {
        const files = fs.readdirSync(at(state)).filter((name) => /pem/.test(name))
        assert.deepEqual(files.sort(), ['identity.X25519.pem', 'peer.X25519.pem'])
        const known = fs.readFileSync(at(state, 'peer.X25519.pem'), 'utf8')
        assert.equal(bytesToHex(decodePublicKey(known).publicKey), after[1 - i]?.identity)
        const { identity } = openMemory(at(state), X25519)
        assert.equal(bytesToHex(identity.publicKey), after[i]?.identity)
      }
      const again = await exchange(second)
      for (const [i, each] of [...again.before, ...again.after].entries()) {
        const { identity, safetyNumber } = after[i % 2] as Shown
        assert.deepEqual([each.curve, each.identity], [second, identity])
        assert.deepEqual([each.safetyNumber, each.peer.known], [safetyNumber, true])
      }
    })
})
