/** Every value of a worked example, computed by the independent peer from its private keys, seeds, m, texts and picture. */

import assert from 'node:assert/strict'
import { keyForm, messageForm } from './independent-forms.ts'
import { openChunk, Session, type Share, safetyNumber } from './independent-session.ts'
import { ephemeralKeys, keyPair, type Suite } from './independent-suites.ts'

type Values = Record<string, Buffer | string>

/** `given`: the lines of the example, by their names. Returns each with its value, in the order of the document. */
export function independentExample(
  suite: Suite,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const { curve } = suite
  const bytes = (name: string) => Buffer.from(given[name] ?? '', 'hex')
  const keysOf = (i: number) => {
    const seed = suite.kem ? bytes(`KEM seed ${i}`) : Buffer.alloc(0)
    const ephemeral = ephemeralKeys(suite, bytes(`ephemeral private key ${i}`), seed)
    return { identity: keyPair(curve, bytes(`identity private key ${i}`)), ephemeral, seed }
  }
  const [one, two] = [keysOf(1), keysOf(2)]
  const shareOf = ({ identity, ephemeral }: typeof one): Share => ({
    identity: identity.publicKey,
    publicKey: ephemeral.publicKey,
  })
  const other = new Session(
    suite,
    two.identity,
    two.ephemeral,
    shareOf(one),
    undefined,
    suite.kem ? bytes('m') : undefined,
  )
  const { ciphertext } = other
  const session = new Session(
    suite,
    one.identity,
    one.ephemeral,
    other.own,
    ciphertext ?? undefined,
  )
  assert.deepEqual([session.party, other.party], [1, 2])
  assert.deepEqual([session.id, session.pseudorandomKey], [other.id, other.pseudorandomKey])
  const partyValues = (i: number, { identity, ephemeral, seed }: typeof one): Values => ({
    [`identity private key ${i}`]: identity.privateKey,
    [`identity ${i}`]: identity.publicKey,
    [`ephemeral private key ${i}`]: ephemeral.point.privateKey,
    ...(ephemeral.kem && {
      [`X25519 public key ${i}`]: ephemeral.point.publicKey,
      [`KEM seed ${i}`]: seed,
      [`encapsulation key ${i}`]: ephemeral.kem.publicKey,
    }),
    [`public key ${i}`]: ephemeral.publicKey,
  })
  const labels = ['chain 1>2', 'chain 2>1', 'files 1>2', 'files 2>1', 'confirm 1', 'confirm 2']
  const keys = labels.map((label) => [`K("${label}", 32)`, session.key(label, 32)])
  const kem = ciphertext &&
    session.kemSecret && { m: bytes('m'), ciphertext, 'ML-KEM shared secret': session.kemSecret }
  const values: Values = {
    ...partyValues(1, one),
    ...partyValues(2, two),
    ...kem,
    s1: session.shares[0],
    s2: session.shares[1],
    T: session.transcript,
    'session id': session.id,
    'DH(e1, e2)': session.secrets[0],
    'DH(id1, e2)': session.secrets[1],
    'DH(e1, id2)': session.secrets[2],
    'HKDF pseudorandom key': session.pseudorandomKey,
    ...Object.fromEntries(keys),
    'confirm tag of party 1': session.tag(1),
    'confirm tag of party 2': session.tag(2),
    'key message of party 2': JSON.stringify(keyForm(suite, other.own, other.confirm)),
    ...computedMessages(session, other, given),
    ...computedPicture(session, other, given),
    'safety number': safetyNumber(curve, [one.identity.publicKey, two.identity.publicKey]),
  }
  const hex = (value: Buffer | string) =>
    typeof value === 'string' ? value : value.toString('hex')
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, hex(value)]))
}

/** Two messages of the chain from party 1, opened by party 2. */
function computedMessages(
  session: Session,
  other: Session,
  given: Readonly<Record<string, string>>,
): Values {
  const [out, values]: [Session['messages']['out'], Values] = [session.messages.out, {}]
  for (const seq of [0, 1]) {
    const text = given[`text ${seq}`] ?? ''
    const [nonce, data] = session.parameters(1, seq)
    const { key } = out.ahead(seq)
    const chain = out.value
    const message = session.seal(Buffer.from(text))
    assert.equal(other.open(message, other.messages.in.ahead(seq).key).toString(), text)
    Object.assign(values, {
      [`text ${seq}`]: text,
      [`chain_${seq}`]: chain,
      [`key of message ${seq}`]: key,
      [`nonce of message ${seq}`]: nonce,
      [`associated data of message ${seq}`]: data,
      [`ciphertext ${seq}`]: message.ciphertext,
      [`message ${seq}`]: JSON.stringify(messageForm(message)),
    })
  }
  return { ...values, chain_2: out.value }
}

/** The example's picture, which is one chunk, sealed by party 1. */
function computedPicture(
  session: Session,
  other: Session,
  given: Readonly<Record<string, string>>,
): Values {
  const picture = Buffer.from(given['picture'] ?? '', 'hex')
  const name = given['picture name'] ?? ''
  const { key } = session.files.out.ahead(0)
  const metadata = { type: 'image/gif', bytes: picture.length, name }
  const stream = session.sealPicture(metadata, picture)
  const plain = openChunk(other.files.in.ahead(0).key, 0, true, stream.subarray(29))
  assert.deepEqual(plain.subarray(-picture.length), picture)
  return { picture, 'picture name': name, 'key of picture 0': key, stream }
}
