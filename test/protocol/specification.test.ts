/** The worked examples of the specification, recomputed from the document itself. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { encodeKeyMessage, encodeMessage } from '../../src/protocol/messages.ts'
import { safetyNumber } from '../../src/protocol/safetyNumber.ts'
import { Session } from '../../src/protocol/session.ts'
import { PictureSealer } from '../../src/protocol/stream.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { fixedKeys } from '../helpers/fixed-suite.ts'
import { independentExample } from '../helpers/independent-example.ts'
import { INDEPENDENT_SUITES } from '../helpers/independent-suites.ts'

const document = fs.readFileSync(new URL('../../src/protocol/README.md', import.meta.url), 'utf8')

/** The lines `name = value` of the code block below the heading `### SUITE`. */
function exampleIn(suiteName: string): [string, string][] {
  const [, block = ''] = document.split(`\n### ${suiteName}\n\n\`\`\`\n`)
  const lines = block.slice(0, block.indexOf('\n```')).split('\n')
  return lines.map((line) => line.split(/ = (.*)/, 2) as [string, string])
}

/** What the program makes of an example's private keys, texts and picture: all that leaves it, and what it shows. */
function programExample(suite: Suite, given: Readonly<Record<string, string>>) {
  const { curve, kem } = suite
  const text = (name: string) => given[name] ?? assert.fail(name)
  const bytes = (name: string) => hexToBytes(text(name))
  const keysOf = (party: number) => {
    const identity = new KeyPair(curve, bytes(`identity private key ${party}`))
    const ephemeral = fixedKeys(suite, {
      privateKey: bytes(`ephemeral private key ${party}`),
      ...(kem && { seed: bytes(`KEM seed ${party}`), m: bytes('m') }),
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
  const [message0, message1] = [0, 1].map((n) => session.seal(utf8ToBytes(text(`text ${n}`))))
  const picture = bytes('picture')
  const { header, key } = session.sealPicture()
  const metadata = { type: 'image/gif', bytes: picture.length, name: text('picture name') } as const
  const sealer = new PictureSealer(header, key.slice(), metadata)
  const stream = [sealer.header, ...sealer.seal(picture), ...sealer.end()]
  const { ecdh, kem: kemSecret } = session.exportSharedSecrets()
  return {
    'identity 1': bytesToHex(one.share.identity),
    'public key 1': bytesToHex(one.share.publicKey),
    'identity 2': bytesToHex(two.share.identity),
    'public key 2': bytesToHex(two.share.publicKey),
    ...(confirm.ciphertext && { ciphertext: bytesToHex(confirm.ciphertext) }),
    ...(kemSecret && { 'ML-KEM shared secret': bytesToHex(kemSecret) }),
    'session id': bytesToHex(session.id),
    'DH(e1, e2)': bytesToHex(ecdh),
    'confirm tag of party 1': bytesToHex(session.confirm.tag),
    'confirm tag of party 2': bytesToHex(confirm.tag),
    'key message of party 2': JSON.stringify(
      encodeKeyMessage(suite, { share: two.share, confirm }),
    ),
    'message 0': JSON.stringify(encodeMessage(message0 ?? assert.fail())),
    'message 1': JSON.stringify(encodeMessage(message1 ?? assert.fail())),
    'key of picture 0': bytesToHex(key),
    stream: bytesToHex(concatBytes(...stream)),
    'safety number': safetyNumber(curve, one.share.identity, two.share.identity),
  }
}

describe('the specification', () => {
  for (const suite of INDEPENDENT_SUITES)
    it(`has a worked example on ${suite.name} that the independent peer finds right in every value`, () => {
      const written = exampleIn(suite.name)
      const computed = independentExample(suite, Object.fromEntries(written))
      assert.deepEqual(Object.entries(computed), written)
    })

  for (const suite of Object.values(SUITES))
    it(`has in the example on ${suite.name} what the program makes of the same keys`, () => {
      const written = Object.fromEntries(exampleIn(suite.name))
      const made = programExample(suite, written)
      assert.deepEqual({ ...written, ...made }, written)
    })
})
