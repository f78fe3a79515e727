/** Every value of a worked example, recomputed from its private keys and its texts. */

import { expand, extract } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, u64, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { encodeShare, transcriptOf } from '../../src/protocol/keySchedule.ts'
import { encodeKeyMessage, encodeMessage } from '../../src/protocol/messages.ts'
import { safetyNumber } from '../../src/protocol/safetyNumber.ts'
import { Session } from '../../src/protocol/session.ts'
import { PictureSealer } from '../../src/protocol/stream.ts'
import { halvesOf, type Suite } from '../../src/protocol/suites.ts'
import { fixedKeys } from './fixed-suite.ts'

/** What an example starts from; the rest follows. */
export function inputsOf({ kem }: Suite): string[] {
  return [
    'identity private key 1',
    'ephemeral private key 1',
    'identity private key 2',
    'ephemeral private key 2',
    ...(kem ? ['KEM seed 1', 'KEM seed 2', 'm'] : []),
    'text 0',
    'text 1',
    'picture',
    'picture name',
  ]
}

const LABELS = ['chain 1>2', 'chain 2>1', 'files 1>2', 'files 2>1', 'confirm 1', 'confirm 2']

/** `values`: at least those of `inputsOf`. Returns each name with its value, in the order of the document. */
export function workedExample(
  suite: Suite,
  values: Readonly<Record<string, string>>,
): [string, string][] {
  const { curve, kem } = suite
  const input = (name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`An example needs: ${name}`)
    return value
  }
  const bytes = (name: string) => hexToBytes(input(name))
  const id1 = new KeyPair(curve, bytes('identity private key 1'))
  const id2 = new KeyPair(curve, bytes('identity private key 2'))
  const e1 = fixedKeys(suite, {
    privateKey: bytes('ephemeral private key 1'),
    seed: kem ? bytes('KEM seed 1') : undefined,
  })
  const e2 = fixedKeys(suite, {
    privateKey: bytes('ephemeral private key 2'),
    seed: kem ? bytes('KEM seed 2') : undefined,
    m: kem ? bytes('m') : undefined,
  })
  const one = { identity: id1.publicKey, publicKey: e1.publicKey }
  const two = { identity: id2.publicKey, publicKey: e2.publicKey }
  // party 2 makes the ciphertext
  const session2 = new Session(id2, e2, one)
  const { ciphertext = null } = session2.confirm
  const session1 = new Session(id1, e1, two, ciphertext)
  const { hash: T, sessionId } = transcriptOf(suite, one, two, ciphertext)
  const halves1 = halvesOf(suite, one.publicKey)
  const halves2 = halvesOf(suite, two.publicKey)
  const ee = e1.pair.sharedSecret(halves2.point)
  const se = id1.sharedSecret(halves2.point)
  const es = e1.pair.sharedSecret(two.identity)
  const kemSecret = ciphertext && e1.decapsulate(ciphertext)
  const prk = extract(sha256, concatBytes(kemSecret ?? new Uint8Array(0), ee, se, es), T)
  const K = (label: string) => expand(sha256, prk, utf8ToBytes(`duet/2 ${label}`), 32)
  const step = (chain: Uint8Array, constant: number) => hmac(sha256, chain, Uint8Array.of(constant))
  const chain = [K('chain 1>2')]
  for (let n = 0; n < 2; n++) chain.push(step(chain[n] ?? prk, 2))
  session1.promote()
  const messages = [0, 1].map((n) => session1.seal(utf8ToBytes(input(`text ${n}`))))
  const messageLines = messages.flatMap((message, n): [string, string][] => [
    [`text ${n}`, input(`text ${n}`)],
    [`chain_${n}`, bytesToHex(chain[n] ?? prk)],
    [`key of message ${n}`, bytesToHex(step(chain[n] ?? prk, 1))],
    [`nonce of message ${n}`, bytesToHex(concatBytes(new Uint8Array(4), u64(n)))],
    [
      `associated data of message ${n}`,
      bytesToHex(concatBytes(utf8ToBytes('duet/2 message'), sessionId, Uint8Array.of(1), u64(n))),
    ],
    [`ciphertext ${n}`, bytesToHex(message.ciphertext)],
    [`message ${n}`, JSON.stringify(encodeMessage(message))],
  ])
  const picture = hexToBytes(input('picture'))
  const { header, key } = session1.sealPicture()
  const sealer = new PictureSealer(header, key.slice(), {
    type: 'image/gif',
    bytes: picture.length,
    name: input('picture name'),
  })
  const chunks = [...sealer.seal(picture)]
  const confirm = session2.confirm
  const party = (
    n: 1 | 2,
    { identity, publicKey }: typeof one,
    { encapsulationKey, point }: typeof halves1,
  ): [string, string][] => [
    [`identity private key ${n}`, input(`identity private key ${n}`)],
    [`identity ${n}`, bytesToHex(identity)],
    [`ephemeral private key ${n}`, input(`ephemeral private key ${n}`)],
    ...(kem
      ? ([
          [`X25519 public key ${n}`, bytesToHex(point)],
          [`KEM seed ${n}`, input(`KEM seed ${n}`)],
          [`encapsulation key ${n}`, bytesToHex(encapsulationKey)],
        ] satisfies [string, string][])
      : []),
    [`public key ${n}`, bytesToHex(publicKey)],
  ]
  return [
    ...party(1, one, halves1),
    ...party(2, two, halves2),
    ...(ciphertext && kemSecret
      ? ([
          ['m', input('m')],
          ['ciphertext', bytesToHex(ciphertext)],
          ['ML-KEM shared secret', bytesToHex(kemSecret)],
        ] satisfies [string, string][])
      : []),
    ['s1', bytesToHex(encodeShare(suite, one))],
    ['s2', bytesToHex(encodeShare(suite, two))],
    ['T', bytesToHex(T)],
    ['session id', bytesToHex(sessionId)],
    ['DH(e1, e2)', bytesToHex(ee)],
    ['DH(id1, e2)', bytesToHex(se)],
    ['DH(e1, id2)', bytesToHex(es)],
    ['HKDF pseudorandom key', bytesToHex(prk)],
    ...LABELS.map((label): [string, string] => [`K("${label}", 32)`, bytesToHex(K(label))]),
    ['confirm tag of party 1', bytesToHex(session1.confirm.tag)],
    ['confirm tag of party 2', bytesToHex(session2.confirm.tag)],
    ['key message of party 2', JSON.stringify(encodeKeyMessage(suite, { share: two, confirm }))],
    ...messageLines,
    ['chain_2', bytesToHex(chain[2] ?? prk)],
    ['picture', input('picture')],
    ['picture name', input('picture name')],
    ['key of picture 0', bytesToHex(key)],
    ['stream', bytesToHex(concatBytes(sealer.header, ...chunks, ...sealer.end()))],
    ['safety number', safetyNumber(curve, one.identity, two.identity)],
  ]
}
