/** Every value of a worked example, recomputed from its private keys and its text. */

import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, u64, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { type Curve, KeyPair } from '../../src/protocol/curves.ts'
import { encodeShare, transcriptOf } from '../../src/protocol/keySchedule.ts'
import { encodeKeyMessage, encodeMessage } from '../../src/protocol/messages.ts'
import { safetyNumber } from '../../src/protocol/safetyNumber.ts'
import { Session } from '../../src/protocol/session.ts'
import { PictureSealer } from '../../src/protocol/stream.ts'

/** What an example starts from; the rest follows. */
export const INPUTS = [
  'identity private key 1',
  'ephemeral private key 1',
  'identity private key 2',
  'ephemeral private key 2',
  'text',
  'picture',
  'picture name',
  'salt',
] as const

const LABELS: [string, number][] = [
  ['key 1>2', 32],
  ['key 2>1', 32],
  ['iv 1>2', 12],
  ['iv 2>1', 12],
  ['file 1>2', 32],
  ['file 2>1', 32],
  ['confirm 1', 32],
  ['confirm 2', 32],
]

/** The lines `name = value` of the example, in their order. */
export function workedExample(curve: Curve, inputs: Record<string, string>): [string, string][] {
  const input = (name: (typeof INPUTS)[number]) => inputs[name] ?? ''
  const pair = (name: (typeof INPUTS)[number]) => new KeyPair(curve, hexToBytes(input(name)))
  const [id1, e1] = [pair('identity private key 1'), pair('ephemeral private key 1')]
  const [id2, e2] = [pair('identity private key 2'), pair('ephemeral private key 2')]
  const one = { identity: id1.publicKey, publicKey: e1.publicKey }
  const two = { identity: id2.publicKey, publicKey: e2.publicKey }
  const { hash: T, sessionId } = transcriptOf(curve, one, two)
  const ee = e1.sharedSecret(two.publicKey)
  const se = id1.sharedSecret(two.publicKey)
  const es = e1.sharedSecret(two.identity)
  const ikm = concatBytes(ee, se, es)
  const prk = extract(sha256, ikm, T)
  const okm = ([label, length]: [string, number]): [string, string] => [
    `K("${label}", ${length})`,
    bytesToHex(expand(sha256, prk, utf8ToBytes(`duet/1 ${label}`), length)),
  ]
  const session1 = new Session(id1, e1, two)
  const session2 = new Session(id2, e2, one)
  const confirm = session2.confirm
  session1.promote()
  const message = session1.seal(utf8ToBytes(input('text')))
  const picture = hexToBytes(input('picture'))
  const header = { session: sessionId, salt: hexToBytes(input('salt')) }
  const key = session1.sealingKey(header.salt)
  const metadata = {
    type: 'image/gif',
    bytes: picture.length,
    name: input('picture name'),
  } as const
  const sealer = new PictureSealer(header, key.slice(), metadata)
  const chunks = [...sealer.seal(picture)]
  const iv = hexToBytes(okm(['iv 1>2', 12])[1])
  const nonce = iv.map((byte, i) => (i < 4 ? byte : byte ^ (u64(message.seq)[i - 4] ?? 0)))
  return [
    ['identity private key 1', input('identity private key 1')],
    ['identity 1', bytesToHex(one.identity)],
    ['ephemeral private key 1', input('ephemeral private key 1')],
    ['public key 1', bytesToHex(one.publicKey)],
    ['identity private key 2', input('identity private key 2')],
    ['identity 2', bytesToHex(two.identity)],
    ['ephemeral private key 2', input('ephemeral private key 2')],
    ['public key 2', bytesToHex(two.publicKey)],
    ['s1', bytesToHex(encodeShare(curve, one))],
    ['s2', bytesToHex(encodeShare(curve, two))],
    ['T', bytesToHex(T)],
    ['session id', bytesToHex(sessionId)],
    ['DH(e1, e2)', bytesToHex(ee)],
    ['DH(id1, e2)', bytesToHex(se)],
    ['DH(e1, id2)', bytesToHex(es)],
    ['HKDF pseudorandom key', bytesToHex(prk)],
    ...LABELS.map(okm),
    ['confirm tag of party 1', bytesToHex(session1.confirm.tag)],
    ['confirm tag of party 2', bytesToHex(session2.confirm.tag)],
    ['key message of party 2', JSON.stringify(encodeKeyMessage(curve, { share: two, confirm }))],
    ['text', input('text')],
    ['nonce', bytesToHex(nonce)],
    [
      'associated data',
      bytesToHex(concatBytes(utf8ToBytes('duet/1 message'), sessionId, Uint8Array.of(1), u64(0))),
    ],
    ['ciphertext', bytesToHex(message.ciphertext)],
    ['message', JSON.stringify(encodeMessage(message))],
    ['picture', input('picture')],
    ['picture name', input('picture name')],
    ['salt', input('salt')],
    ['stream key', bytesToHex(key)],
    ['stream', bytesToHex(concatBytes(sealer.header, ...chunks, ...sealer.end()))],
    ['safety number', safetyNumber(curve, one.identity, two.identity)],
  ]
}
