/** Every value of a worked example of `src/protocol/vectors.json`, computed from its private keys, seeds, m, texts and picture. */

import assert from 'node:assert/strict'
import { keyForm, messageForm } from './forms.ts'
import { openChunk, Session, type Share, safetyNumber } from './session.ts'
import { type Ephemeral, ephemeralKeys, type KeyPair, keyPair, type Suite } from './suites.ts'

/** The labels of what K gives, by the names of its values. */
const LABELS = {
  chain12: 'chain 1>2',
  chain21: 'chain 2>1',
  files12: 'files 1>2',
  files21: 'files 2>1',
  confirm1: 'confirm 1',
  confirm2: 'confirm 2',
}

type Given = Readonly<Record<string, string>>
type Values = Record<string, Buffer | string>
type Keys = { readonly identity: KeyPair; readonly ephemeral: Ephemeral }

const bytesIn = (given: Given, name: string) => Buffer.from(given[name] ?? '', 'hex')

/** `given`: the example's values, by their names. Returns each value, in the order of the file. */
export function independentExample(suite: Suite, given: Given): Record<string, string> {
  const keysOf = (i: number): Keys => ({
    identity: keyPair(suite.curve, bytesIn(given, `identityPrivateKey${i}`)),
    ephemeral: ephemeralKeys(
      suite,
      bytesIn(given, `ephemeralPrivateKey${i}`),
      bytesIn(given, `kemSeed${i}`),
    ),
  })
  const [one, two] = [keysOf(1), keysOf(2)]
  const share: Share = { identity: one.identity.publicKey, publicKey: one.ephemeral.publicKey }
  const m = suite.kem ? bytesIn(given, 'm') : undefined
  const other = new Session(suite, two.identity, two.ephemeral, share, undefined, m)
  const { ciphertext, kemSecret } = other
  const session = new Session(
    suite,
    one.identity,
    one.ephemeral,
    other.own,
    ciphertext ?? undefined,
  )
  assert.deepEqual([session.party, other.party], [1, 2])
  assert.deepEqual([session.id, session.pseudorandomKey], [other.id, other.pseudorandomKey])
  const values: Values = {
    ...partyValues(1, one, given),
    ...partyValues(2, two, given),
    ...(m &&
      ciphertext &&
      kemSecret && { m, kemCiphertext: ciphertext, kemSharedSecret: kemSecret }),
    s1: session.shares[0],
    s2: session.shares[1],
    transcript: session.transcript,
    session: session.id,
    dhE1E2: session.secrets[0],
    dhId1E2: session.secrets[1],
    dhE1Id2: session.secrets[2],
    prk: session.pseudorandomKey,
    ...Object.fromEntries(
      Object.entries(LABELS).map(([name, label]) => [name, session.key(label, 32)]),
    ),
    tag1: session.tag(1),
    tag2: session.tag(2),
    keyMessage2: JSON.stringify(keyForm(suite, other.own, other.confirm)),
    ...messageValues(session, other, given),
    ...pictureValues(session, other, given),
    safetyNumber: safetyNumber(suite.curve, [one.identity.publicKey, two.identity.publicKey]),
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : value.toString('hex'),
    ]),
  )
}

function partyValues(i: number, { identity, ephemeral }: Keys, given: Given): Values {
  return {
    [`identityPrivateKey${i}`]: identity.privateKey,
    [`identity${i}`]: identity.publicKey,
    [`ephemeralPrivateKey${i}`]: ephemeral.point.privateKey,
    ...(ephemeral.kem && {
      [`x25519PublicKey${i}`]: ephemeral.point.publicKey,
      [`kemSeed${i}`]: bytesIn(given, `kemSeed${i}`),
      [`encapsulationKey${i}`]: ephemeral.kem.publicKey,
    }),
    [`publicKey${i}`]: ephemeral.publicKey,
  }
}

/** Two messages of the chain from party 1, opened by party 2. */
function messageValues(session: Session, other: Session, given: Given): Values {
  const { out } = session.messages
  const values: Values = {}
  for (const seq of [0, 1]) {
    const text = given[`text${seq}`] ?? ''
    const [nonce, data] = session.parameters(1, seq)
    const { key } = out.ahead(seq)
    const chain = out.value
    const message = session.seal(Buffer.from(text))
    assert.equal(other.open(message, other.messages.in.ahead(seq).key).toString(), text)
    Object.assign(values, {
      [`text${seq}`]: text,
      [`chain${seq}`]: chain,
      [`key${seq}`]: key,
      [`nonce${seq}`]: nonce,
      [`associatedData${seq}`]: data,
      [`ciphertext${seq}`]: message.ciphertext,
      [`message${seq}`]: JSON.stringify(messageForm(message)),
    })
  }
  return { ...values, chain2: out.value }
}

/** The example's picture, which is one chunk, sealed by party 1. */
function pictureValues(session: Session, other: Session, given: Given): Values {
  const picture = bytesIn(given, 'picture')
  const pictureName = given['pictureName'] ?? ''
  const { key } = session.files.out.ahead(0)
  const metadata = { type: 'image/gif', bytes: picture.length, name: pictureName }
  const stream = session.sealPicture(metadata, picture)
  const plain = openChunk(other.files.in.ahead(0).key, 0, true, stream.subarray(29))
  assert.deepEqual(plain.subarray(-picture.length), picture)
  return { picture, pictureName, pictureKey0: key, stream }
}
