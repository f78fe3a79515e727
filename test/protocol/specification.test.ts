/** The worked examples of the specification, recomputed from the private keys in them. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import { encodeKeyMessage, encodeMessage, parseKeyMessage } from '../../src/protocol/messages.ts'
import { safetyNumber } from '../../src/protocol/safetyNumber.ts'
import { Session } from '../../src/protocol/session.ts'
import { PictureSealer } from '../../src/protocol/stream.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { fixedKeys } from '../helpers/fixed-suite.ts'
import {
  type PublishedChunk,
  type PublishedGroup,
  publishedVectors,
} from '../helpers/published-vectors.ts'
import { bodyValue } from '../helpers/refuses.ts'
import { INDEPENDENT_SUITES } from '../independent/suites.ts'

const at = (file: string) => new URL(`../../src/protocol/${file}`, import.meta.url)
const published = JSON.parse(fs.readFileSync(at('vectors.json'), 'utf8'))
const groups: readonly PublishedGroup[] = published.testGroups

/** The values of each of a suite's examples. */
function examplesOn(suite: string): Readonly<Record<string, string>>[] {
  const group = groups.find(({ type, curve }) => type === 'DuetExchange' && curve === suite)
  return (group ?? assert.fail(suite)).tests.map(
    ({ tcId, comment, flags, result, ...values }) => values as Record<string, string>,
  )
}

/** The first of them. */
const exampleOn = (suite: string) => examplesOn(suite)[0] ?? assert.fail(suite)

/** What the program makes of an example's private keys, texts and picture: all that leaves it, and what it shows. */
function programExample(suite: Suite, given: Readonly<Record<string, string>>) {
  const { curve, kem } = suite
  const text = (name: string) => given[name] ?? assert.fail(name)
  const bytes = (name: string) => hexToBytes(text(name))
  const keysOf = (party: number) => {
    const identity = new KeyPair(curve, bytes(`identityPrivateKey${party}`))
    const ephemeral = fixedKeys(suite, {
      privateKey: bytes(`ephemeralPrivateKey${party}`),
      ...(kem && { seed: bytes(`kemSeed${party}`), m: bytes('m') }),
    })
    const share = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
    return { identity, ephemeral, share }
  }
  const [one, two] = [keysOf(1), keysOf(2)]
  // party 2 makes the ciphertext
  const other = new Session(two.identity, two.ephemeral, one.share)
  const { confirm } = other
  const session = new Session(one.identity, one.ephemeral, two.share, confirm.ciphertext)
  session.promote()
  const [message0, message1] = [0, 1].map((n) => session.seal(utf8ToBytes(text(`text${n}`))))
  const picture = bytes('picture')
  const { header, key } = session.sealPicture()
  const metadata = { type: 'image/gif', bytes: picture.length, name: text('pictureName') } as const
  const sealer = new PictureSealer(header, key.slice(), metadata)
  const stream = [sealer.header, ...sealer.seal(picture), ...sealer.end()]
  const { ecdh, kem: kemSecret } = session.exportSharedSecrets()
  return {
    identity1: bytesToHex(one.share.identity),
    publicKey1: bytesToHex(one.share.publicKey),
    identity2: bytesToHex(two.share.identity),
    publicKey2: bytesToHex(two.share.publicKey),
    ...(confirm.ciphertext && { kemCiphertext: bytesToHex(confirm.ciphertext) }),
    ...(kemSecret && { kemSharedSecret: bytesToHex(kemSecret) }),
    session: bytesToHex(session.id),
    dhE1E2: bytesToHex(ecdh),
    tag1: bytesToHex(session.confirm.tag),
    tag2: bytesToHex(confirm.tag),
    keyMessage2: JSON.stringify(encodeKeyMessage(suite, { share: two.share, confirm })),
    message0: JSON.stringify(encodeMessage(message0 ?? assert.fail())),
    message1: JSON.stringify(encodeMessage(message1 ?? assert.fail())),
    pictureKey0: bytesToHex(key),
    stream: bytesToHex(concatBytes(...stream)),
    safetyNumber: safetyNumber(curve, one.share.identity, two.share.identity),
  }
}

describe('the specification', () => {
  it('has vectors that the independent peer finds right in every value', () => {
    const given = INDEPENDENT_SUITES.map(({ name }) => [name, exampleOn(name)])
    assert.deepEqual(published, publishedVectors(Object.fromEntries(given)))
  })

  it('shows one example as the vectors have it', () => {
    const [, block = ''] =
      /\n```\n(identityPrivateKey1 [^`]+)\n```/.exec(fs.readFileSync(at('README.md'), 'utf8')) ?? []
    const shown = block.split('\n').map((line) => line.split(/ +(.*)/, 2) as [string, string])
    assert.ok(shown.length > 20)
    const example = exampleOn('X25519')
    for (const [name, value] of shown) assert.equal(value, example[name], name)
  })

  for (const suite of Object.values(SUITES)) {
    it(`has in the examples on ${suite.name} what the program makes of the same keys`, () => {
      for (const example of examplesOn(suite.name))
        assert.deepEqual({ ...example, ...programExample(suite, example) }, example)
    })

    it(`has key messages on ${suite.name} that the program takes or refuses as they say`, () => {
      const tests = groups.flatMap(({ type, curve, tests }) =>
        type === 'DuetKeyMessage' && curve === suite.name ? tests : [],
      )
      assert.ok(tests.length > 1)
      for (const { comment, body, code } of tests) {
        const exchange = new Exchange(suite, new KeyPair(suite.curve))
        assert.equal(
          codeOf(() => exchange.receiveKeys(parseKeyMessage(suite, bodyValue(body)))),
          code,
          comment,
        )
      }
    })
  }
})

describe('the vectors', () => {
  const testsOf = (wanted: PublishedGroup['type']) =>
    groups.flatMap(({ type, curve, tests }) =>
      type === wanted ? tests.map((test): Record<string, unknown> => ({ ...test, curve })) : [],
    )

  it('have the safety numbers that the program shows, whoever looks', () => {
    const tests = testsOf('DuetSafetyNumber')
    assert.equal(tests.length, 4)
    for (const test of tests) {
      const { curve } = SUITES[test['curve'] as keyof typeof SUITES]
      const one = hexToBytes(String(test['identity1']))
      const two = hexToBytes(String(test['identity2']))
      assert.equal(safetyNumber(curve, one, two), test['safetyNumber'])
      assert.equal(safetyNumber(curve, two, one), test['safetyNumber'])
    }
  })

  it('have the chunks that the program makes of the same pictures', () => {
    const tests = testsOf('DuetPicture')
    assert.deepEqual(
      tests.map((test) => (test['chunks'] as unknown[]).length),
      [1, 1, 2, 3],
    )
    for (const test of tests) {
      const picture = new Uint8Array(Number(test['pictureBytes']))
      picture.set(hexToBytes(String(test['pictureStart'])))
      const header = { session: new Uint8Array(16), number: 0 }
      const metadata = JSON.parse(String(test['metadata']))
      const sealer = new PictureSealer(header, hexToBytes(String(test['pictureKey'])), metadata)
      const sealed = concatBytes(...sealer.seal(picture), ...sealer.end())
      let at = 0
      for (const { bytes, ...wanted } of test['chunks'] as PublishedChunk[]) {
        const chunk = sealed.subarray(at, at + bytes)
        const tag = bytesToHex(chunk.subarray(-16))
        assert.deepEqual({ nonce: wanted.nonce, sha256: bytesToHex(sha256(chunk)), tag }, wanted)
        at += bytes
      }
      assert.equal(at, sealed.length)
    }
  })
})

/** The code that `run` is refused with, or undefined. */
function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    assert.ok(error instanceof DuetError)
    return error.code
  }
}
