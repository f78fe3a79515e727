/** What a thief of all that a running program holds opens, and what she doesn't: and that her attempts are real. The lesson runs `lab forward-secrecy`. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exchangeKeys } from '../../src/classroom/lab/agree.ts'
import { step } from '../../src/classroom/lab/call.ts'
import {
  diffieHellman,
  firstChain,
  keyOfNumber,
  leakySuite,
  pseudorandomKey,
  type RecordedSession,
  sealedMessage,
} from '../../src/classroom/lab/keys.ts'
import { valuesIn } from '../../src/classroom/lab/memoryWalk.ts'
import { type OwnPeer, withOwnPair } from '../../src/classroom/lab/ownPair.ts'
import {
  exchangeRecorded,
  type OpenRecording,
  sendPictureRecorded,
  sendRecorded,
} from '../../src/classroom/lab/recorder.ts'
import { tryEverything } from '../../src/classroom/lab/theft.ts'
import { bytesToHex, concatBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import { MLKEM768 } from '../../src/protocol/kem.ts'
import { EphemeralKeys, SUITES, type Suite } from '../../src/protocol/suites.ts'

/** Everything that a thief of this peer's program has. */
const memoryOf = (...peers: OwnPeer[]) =>
  peers.flatMap(({ live }) => valuesIn(live).map(({ bytes }) => bytes))

/** For each message or picture of the recorded sessions whether `values` open it. */
const opens = (recorded: RecordedSession[], values: Uint8Array[]) =>
  tryEverything(recorded, values).texts.map((texts) => texts.map((text) => text !== null))

function withPair(
  suite: Suite,
  use: (a: OwnPeer, b: OwnPeer, recording: OpenRecording) => Promise<void>,
): Promise<void> {
  return withOwnPair(suite, async (a, b) => use(a, b, await exchangeRecorded(suite, a, b)))
}

/** The key that sealed what `recording` has at `index`, by the secrets of both programs. */
function keyOf(recording: OpenRecording, index: number, a: OwnPeer, b: OwnPeer): Uint8Array {
  const found = [...valuesIn(a.live), ...valuesIn(b.live)]
  const value = (name: string) => found.find(({ path }) => path.endsWith(name))?.bytes ?? null
  const [ecdh, kem] = [value('#current #ecdh'), value('#current #kemSecret')]
  const identities = found
    .filter(({ path }) => path.endsWith('identity #privateKey'))
    .map(({ bytes }) => new KeyPair(recording.suite.curve, bytes))
  const { se, es } = diffieHellman(recording, identities)
  const sealed = recording.sealed[index]
  assert.ok(ecdh && se && es && sealed)
  const prk = pseudorandomKey(recording, { kem, ee: ecdh, se, es })
  const keys = ([1, 2] as const).map((party) => ({
    party,
    key: keyOfNumber(firstChain(prk, party, sealed.of), sealed.number),
  }))
  const right = keys.find(({ party, key }) => sealed.open(key, party) !== null)
  assert.ok(right, 'the key that is looked for is the right one')
  return right.key
}

// the lesson shows what opens on which day: here, that the keys themselves are gone
describe('after a text was read', () => {
  const suites = process.env['SLOW'] === '1' ? Object.values(SUITES) : [SUITES.X25519]
  for (const suite of suites)
    it(`and a picture was received, no key that opens them is in either program, on ${suite.name}`, () =>
      withPair(suite, async (a, b, recording) => {
        await sendRecorded(recording, a, b, 'psst')
        await sendRecorded(recording, a, b, 'psst again')
        /** For each of the last `count` recorded, whether this peer's memory opens it, and whether its key is in there. */
        const foundIn = (peer: OwnPeer, count: number) => {
          const held = memoryOf(peer).map(bytesToHex)
          const [opened] = opens(
            [{ ...recording, sealed: recording.sealed.slice(-count) }],
            memoryOf(peer),
          )
          const from = recording.sealed.length - count
          const keys = Array.from({ length: count }, (_, i) => keyOf(recording, from + i, a, b))
          return [opened, keys.map((key) => held.includes(bytesToHex(key)))]
        }
        const [both, none] = [
          [true, true],
          [false, false],
        ]
        // while they wait, the receiver has their keys, and the sender has none any more
        assert.deepEqual(foundIn(b, 2), [both, both])
        assert.deepEqual(foundIn(a, 2), [none, none])
        await step(b.url, '/decrypt_msg')
        for (const peer of [a, b]) assert.deepEqual(foundIn(peer, 2), [none, none])

        const before = [memoryOf(a), memoryOf(b)]
        await sendPictureRecorded(recording, a, b)
        // the chains had it, and have stepped
        const picture = [{ ...recording, sealed: recording.sealed.slice(-1) }]
        for (const values of before) assert.deepEqual(opens(picture, values), [[true]])
        for (const peer of [a, b]) assert.deepEqual(foundIn(peer, 1), [[false], [false]])
      }))

  it('both programs open it by the secrets that /show prints, until the next exchange', () =>
    withPair(SUITES.X25519MLKEM768, async (a, b, recording) => {
      await sendRecorded(recording, a, b, 'psst')
      await step(b.url, '/decrypt_msg')
      assert.deepEqual(opens([recording], memoryOf(a, b)), [[true]])
      const shown = /#current #(ecdh|kemSecret)$/
      const hidden = [a, b].flatMap(({ live }) =>
        valuesIn(live).flatMap(({ path, bytes }) => (shown.test(path) ? [] : [bytes])),
      )
      assert.deepEqual(opens([recording], hidden), [[false]])
      const next = await exchangeRecorded(recording.suite, a, b)
      assert.deepEqual(opens([recording, next], memoryOf(a, b)), [[false], []])
    }))
})

describe('what was recorded', () => {
  for (const suite of Object.values(SUITES))
    it(`opens with no identity key, and would with the fresh private keys, on ${suite.name}`, () => {
      const { sessions, identities, fresh, kems, seeds } = recorded(suite, 2)
      const NONE = [
        [false, false],
        [false, false],
      ]
      const OF_FIRST = [[true, true], NONE[1]]
      assert.deepEqual(opens(sessions, identities), NONE)
      // one fresh private key of the first session: DH(e1, e2) is all that the identities lack
      const [first] = fresh
      assert.ok(first)
      const kemOfFirst = kems.slice(0, 1)
      const values = [...identities, first, ...kemOfFirst]
      assert.deepEqual(opens(sessions, values), OF_FIRST)
      const [texts = []] = tryEverything(sessions, values).texts
      for (const text of texts) assert.deepEqual(text, utf8ToBytes('session 0'))
      // --show-work prints those of both sides: they need no identity's
      assert.deepEqual(opens(sessions, [...fresh.slice(0, 2), ...kemOfFirst]), OF_FIRST)
      const { kem } = suite
      if (kem === null) return
      // without the KEM's secret, nothing is enough
      assert.deepEqual(opens(sessions, [...identities, ...fresh]), NONE)
      // its private key, kept as a seed or whole, would give that secret
      for (const keys of [seeds, seeds.map((seed) => kem.keyPair(seed).decapsulationKey)]) {
        assert.deepEqual(opens(sessions, [...identities, first, ...keys]), OF_FIRST)
        assert.deepEqual(opens(sessions, keys), NONE)
      }
    })
})

describe('a walk over the memory', () => {
  const key = (n: number) => new Uint8Array(32).fill(n)
  const numbersIn = (root: object) =>
    valuesIn(root)
      .filter(({ bytes }) => bytes.length === 32)
      .map(({ bytes }) => bytes[0] ?? 0)
      .sort((a, b) => a - b)

  it('finds what is private, in maps, sets, promises, views, buffers, rows of keys and hex', () => {
    const NAMELESS: unique symbol = Symbol('named by none')
    class Private {
      static readonly #ofTheClass = key(99)
      readonly #own = key(1)
      readonly #map = new Map<object, object>([[{ asKey: key(2) }, new Set([[key(3)]])]])
      readonly promise = Promise.resolve({ result: key(4) })
      readonly view = concatBytes(new Uint8Array(7), key(5), new Uint8Array(9)).subarray(7, 39)
      readonly buffer = Buffer.from(key(6))
      readonly words = new Uint32Array(key(7).buffer)
      readonly alone = key(8).buffer
      readonly row = concatBytes(key(9), key(10))
      readonly hex = bytesToHex(key(11))
      readonly [NAMELESS] = key(12)
      readonly proxied = new Proxy({ behind: key(13) }, {})
      self = this
      get called(): Uint8Array {
        throw new Error('nothing is called')
      }
      get #calledToo(): Uint8Array {
        throw new Error('nothing is called')
      }
      use() {
        return [Private.#ofTheClass, this.#own, this.#map, this.#calledToo]
      }
    }
    class Sub extends Private {
      readonly #own = key(14)
      useToo() {
        return this.#own
      }
    }
    assert.deepEqual(
      numbersIn({ deep: [null, { undefined, object: new Sub() }] }),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
    )
  })

  it('takes neither what was overwritten nor what has another length, and each value once', () => {
    const erased = key(1)
    erased.fill(0)
    const root = { erased, short: key(2).subarray(1), one: key(3), other: key(3), text: 'a' }
    const [found, ...more] = valuesIn(root)
    assert.deepEqual([found?.path, more], ['one', []])
    found?.bytes.fill(9)
    assert.equal(root.one[0], 3, 'what it found is a copy')
  })

  it('takes the private key of a KEM whole, and the seed of one, until both are erased', () => {
    const keys = new EphemeralKeys(SUITES.X25519MLKEM768)
    const long = () => valuesIn(keys).flatMap(({ bytes }) => (bytes.length > 32 ? [bytes] : []))
    const seed = keys.exportSeed()
    const [one, two, ...more] = long().sort((a, b) => a.length - b.length)
    assert.deepEqual([one, two?.length, more], [seed, 2400, []])
    keys.erase()
    assert.deepEqual(long(), [])
  })

  it('says so where there is too much to walk over', () => {
    assert.throws(() => valuesIn(Array.from({ length: 20_001 }, () => ({}))), /more than 20000/)
  })
})

/** Sessions of two sides whose private keys are copied as they are made, with a message each way. */
function recorded(suite: Suite, count: number) {
  const seeds: Uint8Array[] = []
  const kem = suite.kem && {
    ...MLKEM768,
    generateSeed() {
      const seed = MLKEM768.generateSeed()
      seeds.push(seed.slice())
      return seed
    },
  }
  const leaky = leakySuite({ ...suite, kem })
  const pairs = [new KeyPair(suite.curve), new KeyPair(suite.curve)] as const
  const [a, b] = [new Exchange(leaky.suite, pairs[0]), new Exchange(leaky.suite, pairs[1])]
  const kems: Uint8Array[] = []
  const sessions: RecordedSession[] = Array.from({ length: count }, (_, i) => {
    const { confirm } = exchangeKeys(a, b)
    const text = utf8ToBytes(`session ${i}`)
    if (a.current === null || b.current === null) throw new Error('no session')
    const { kem } = a.current.exportSharedSecrets()
    if (kem !== null) kems.push(kem)
    return {
      suite,
      shares: [a.current.own, b.current.own],
      ciphertext: confirm?.ciphertext ?? null,
      tags: [],
      sealed: [a.current, b.current].map((session) => sealedMessage(session.seal(text))),
    }
  })
  const privates = (all: readonly KeyPair[]) => all.map((pair) => pair.exportPrivateKey())
  return { sessions, identities: privates(pairs), fresh: privates(leaky.copies), kems, seeds }
}
