/** What a peer keeps: two keys and a number for each curve, the owner's alone, and no key silently replaced. */

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
import { folderForEach, modeOf, saysOf } from '../helpers/files.ts'
import { agree, withPeers } from '../helpers/with-peers.ts'

const at = folderForEach()

for (const curve of Object.values(CURVES))
  describe(`the state on ${curve.name}`, () => {
    const [IDENTITY, PEER] = [`identity.${curve.name}.pem`, `peer.${curve.name}.pem`]
    const newKey = () => new KeyPair(curve).publicKey
    /** Opens the state, and has it know a peer. */
    const meet = (dir = at()) => {
      const memory = openMemory(dir, curve)
      memory.remember(newKey())
      return memory
    }

    it('is the same identity at the next opening, and a peer only if somebody said so', () => {
      const [first, known] = [openMemory(at(), curve), newKey()]
      assert.equal(first.knownIdentity, null)
      assert.deepEqual(fs.readdirSync(at()), [IDENTITY])
      first.remember(known)
      const second = openMemory(at(), curve)
      assert.deepEqual(second.identity.publicKey, first.identity.publicKey)
      assert.deepEqual(second.identity.exportPrivateKey(), first.identity.exportPrivateKey())
      assert.deepEqual(second.knownIdentity, known)
      assert.throws(() => second.remember(newKey()), { code: 'EEXIST' })
      assert.deepEqual(openMemory(at(), curve).knownIdentity, known)
    })

    it("is the owner's alone, hidden from git, and nothing else lies beside it", () => {
      const dir = at('.duet', '5000')
      assert.equal(hasMet(dir, curve), false)
      assert.deepEqual(fs.readdirSync(at()), [], 'to look makes nothing')
      meet(dir)
      assert.equal(hasMet(dir, curve), true)
      const files = [IDENTITY, PEER].map((name) => path.join(dir, name))
      assert.deepEqual([dir, ...files].map(modeOf), ['700', '600', '600'])
      assert.equal(fs.readFileSync(at('.duet', '.gitignore'), 'utf8'), '*\n')
      assert.deepEqual(fs.readdirSync(dir).sort(), [IDENTITY, PEER])
      execFileSync('git', ['init', '--quiet', at()])
      const status = execFileSync('git', ['-C', at(), 'status', '--porcelain'])
      assert.equal(status.toString(), '')
    })

    it('says where it is, what keeps an identity that was given, and how a peer is forgotten', () => {
      const { place, toForget } = openMemory(at(), curve)
      assert.equal(place, `kept in ${at()}`)
      assert.equal(toForget, `stop this peer, remove ${at(PEER)}, and start it again.`)
      const given = new KeyPair(curve)
      const memory = openMemory(at(), curve, given)
      assert.equal(memory.identity, given)
      assert.equal(memory.place, `by --identity; the rest is kept in ${at()}`)
    })

    it('keeps pictures in a folder of their own, and sweeps what a killed run left half written', async () => {
      fs.writeFileSync(at(`${IDENTITY}.tmp`), '-----BEGIN PRIV')
      const draft = await openMemory(at(), curve).pictures.create()
      const all = fs.readdirSync(at(), { recursive: true, encoding: 'utf8' }).sort()
      await draft.discard()
      assert.deepEqual(all.slice(0, -1), [IDENTITY, 'pictures'])
      assert.match(all.at(-1) ?? '', /^pictures\/incoming-/)
    })

    const other = new KeyPair(curve === X25519 ? P256 : X25519)
    const again = ' Put it back from a copy; or remove it, and'
    for (const [which, encode, remedy] of [
      [IDENTITY, encodePrivateKey, `${again} the other side has to forget the old identity.`],
      [PEER, encodePublicKey, `${again} this peer meets the other one anew.`],
    ] as const) {
      const damages: [string, (file: string) => void, RegExp][] = [
        ['empty', fs.truncateSync, new RegExp(`${remedy}$`)],
        [
          'a key of the other curve',
          (file) => fs.writeFileSync(file, encode(other)),
          new RegExp(`not a key of ${curve.name}`),
        ],
        ['open to others', (file) => fs.chmodSync(file, 0o644), /Others can read it.*chmod 600/],
      ]
      for (const [how, damage, says] of damages)
        it(`refuses ${which} that is ${how} with one line that names it, and leaves it`, () => {
          meet()
          damage(at(which))
          const before = fs.readFileSync(at(which), 'utf8')
          assert.throws(() => openMemory(at(), curve), saysOf(at(which), says))
          assert.equal(fs.readFileSync(at(which), 'utf8'), before)
        })
    }

    it('keeps the number that was compared last, refuses a file that holds none, and leaves that', () => {
      const file = at(`compared.${curve.name}.txt`)
      const number = Array(12).fill('01234').join(' ')
      openMemory(at(), curve).keepCompared(number.replaceAll('0', '9'))
      openMemory(at(), curve).keepCompared(number)
      assert.equal(openMemory(at(), curve).comparedNumber, number)
      assert.deepEqual([modeOf(file), fs.readFileSync(file, 'utf8')], ['600', `${number}\n`])
      assert.deepEqual(fs.readdirSync(at()).sort(), [path.basename(file), IDENTITY])
      for (const text of ['', number.slice(1), `${number} 01234`, `${number}\n${number}`, 'x']) {
        fs.writeFileSync(file, text)
        assert.throws(
          () => openMemory(at(), curve),
          saysOf(file, / It holds no safety number\. Remove it, and compare the number again\.$/),
        )
        assert.equal(fs.readFileSync(file, 'utf8'), text)
      }
      fs.writeFileSync(file, number)
      fs.chmodSync(file, 0o644)
      assert.throws(() => openMemory(at(), curve), saysOf(file, /Others can read it.*chmod 600/))
    })

    it('refuses a known peer in any other form of the same key', () => {
      meet()
      const known = fs.readFileSync(at(PEER), 'utf8')
      for (const text of [`a comment\n${known}`, encodePrivateKey(new KeyPair(curve))]) {
        fs.writeFileSync(at(PEER), text)
        assert.throws(() => openMemory(at(), curve), StateError)
      }
    })

    it('says which folder it is when that can not be used', () => {
      fs.writeFileSync(at('file'), '')
      const dir = at('file', '5000')
      assert.throws(() => openMemory(dir, curve), saysOf(dir, / It can't be used \(ENOTDIR\)\.$/))
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
  interface Shown {
    curve: string
    identity: string
    publicKey: string | null
    safetyNumber: string | null
    peer: { known: boolean }
  }
  /** What two peers on a suite, each with its state, show before and after they exchanged keys. */
  async function exchange(name: SuiteName): Promise<[before: Shown[], after: Shown[]]> {
    const states = ['a', 'b'].values()
    const suite = SUITES[name]
    const openNext = () => openMemory(at(states.next().value ?? ''), suite.curve)
    let shown: [Shown[], Shown[]] = [[], []]
    await withPeers({ suite, openMemory: openNext }, async (a, b) => {
      const show = async () => [(await a.call('/show')).json, (await b.call('/show')).json]
      const before = await show()
      await agree(a, b)
      shown = [before, await show()]
    })
    return shown
  }

  for (const [first, second] of [
    ['X25519MLKEM768', 'X25519'],
    ['X25519', 'X25519MLKEM768'],
  ] as const)
    it(`is that of X25519: files, known peer and safety number are the same (${first}, then ${second})`, async () => {
      const [before, after] = await exchange(first)
      for (const { safetyNumber } of before) assert.equal(safetyNumber, null)
      for (const [i, each] of after.entries()) {
        assert.deepEqual([each.curve, each.peer.known], [first, false])
        assert.equal(each.publicKey?.length, first === 'X25519' ? 64 : 2432)
        assert.match(each.safetyNumber ?? '', /^\d{5}( \d{5}){11}$/)
        assert.equal(each.safetyNumber, after[0]?.safetyNumber)
        const state = at(['a', 'b'][i] ?? '')
        const files = fs.readdirSync(state).filter((name) => /pem/.test(name))
        assert.deepEqual(files.sort(), ['identity.X25519.pem', 'peer.X25519.pem'])
        const known = fs.readFileSync(path.join(state, 'peer.X25519.pem'), 'utf8')
        assert.equal(bytesToHex(decodePublicKey(known).publicKey), after[1 - i]?.identity)
        const { identity } = openMemory(state, X25519)
        assert.equal(bytesToHex(identity.publicKey), each.identity)
      }
      for (const each of (await exchange(second)).flat()) {
        const { safetyNumber } = after.find(({ identity }) => identity === each.identity) as Shown
        assert.deepEqual(
          [each.curve, each.safetyNumber, each.peer.known],
          [second, safetyNumber, true],
        )
      }
    })
})
