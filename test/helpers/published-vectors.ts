/** What `src/protocol/vectors.json` has to hold, computed by the independent peer. */

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { independentExample } from '../independent/example.ts'
import { keyForm } from '../independent/forms.ts'
import { CHUNK, openChunk, safetyNumber, sealChunk, u } from '../independent/session.ts'
import { INDEPENDENT_SUITES, keyPair, type Suite } from '../independent/suites.ts'
import { badForms, type Refused } from './bad-input.ts'

type Values = Readonly<Record<string, string>>

export interface PublishedTest {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'invalid'
  /** Which code refuses it, if it is invalid. */
  readonly code?: string
  readonly [value: string]: unknown
}

/** A sealed chunk of a picture. */
export interface PublishedChunk {
  readonly nonce: string
  readonly bytes: number
  readonly sha256: string
  /** Its last 16 bytes. */
  readonly tag: string
}

export interface PublishedGroup {
  readonly type: 'DuetExchange' | 'DuetKeyMessage' | 'DuetSafetyNumber' | 'DuetPicture'
  readonly curve: string
  readonly tests: readonly PublishedTest[]
}

/** For each code that refuses a key message whatever the receiver's state is: what a peer without that check takes. */
const NOTES: Readonly<Record<string, { flag: string; bugType: string; description: string }>> = {
  bad_version: {
    flag: 'Version',
    bugType: 'BASIC',
    description: 'The message is of another version.',
  },
  bad_message: {
    flag: 'Form',
    bugType: 'MALLEABILITY',
    description: 'Two readers may take two different messages of it.',
  },
  curve_mismatch: {
    flag: 'Curve',
    bugType: 'BASIC',
    description: 'The sender was started with another suite.',
  },
  bad_encoding: {
    flag: 'Encoding',
    bugType: 'MALLEABILITY',
    description: 'The same bytes have a second form, or are of another length.',
  },
  bad_base_point: {
    flag: 'BasePoint',
    bugType: 'CONFIDENTIALITY',
    description: 'A receiver that computes with it computes in a group of the sender.',
  },
  bad_point: {
    flag: 'Point',
    bugType: 'CONFIDENTIALITY',
    description: 'Low order, not canonical, not on the curve, or no key of ML-KEM.',
  },
}

const EXCHANGE = {
  bugType: 'BASIC',
  description: 'Every value from the private keys to two messages and a picture of party 1.',
}

/** Flags of what is computed, by their names: what a peer gets wrong that fails there only. */
const COMPUTED = {
  OppositeOrder: {
    bugType: 'BASIC',
    description: 'The public keys are in the opposite order of the identities, which decide.',
  },
  LeadingZero: {
    bugType: 'BASIC',
    description: 'A group of the safety number begins with a zero.',
  },
  HalvesInOrder: {
    bugType: 'BASIC',
    description: 'The half of the smaller identity stands first.',
  },
  HalvesExchanged: {
    bugType: 'BASIC',
    description: 'The half of the larger identity stands first.',
  },
  FullLastChunk: {
    bugType: 'BASIC',
    description: 'The plaintext fills its last chunk, behind which no empty one follows.',
  },
  ManyChunks: {
    bugType: 'BASIC',
    description: 'More than one chunk: the counter goes up, and only the last one is marked.',
  },
}

/** `given`: for each suite, by its name, the private keys, seeds, m, texts and picture of its example. */
export function publishedVectors(given: Readonly<Record<string, Values>>) {
  let tcId = 0
  const groups = INDEPENDENT_SUITES.flatMap((suite): PublishedGroup[] => {
    const values = independentExample(suite, given[suite.name] ?? assert.fail(suite.name))
    const group = (
      type: PublishedGroup['type'],
      tests: readonly Omit<PublishedTest, 'tcId'>[],
    ) => ({
      type,
      curve: suite.name,
      tests: tests.map((test) => ({ tcId: ++tcId, ...test }) as PublishedTest),
    })
    return [
      group('DuetExchange', exchanges(suite, values)),
      group('DuetKeyMessage', keyMessages(suite, values)),
      // the KEM has no part in the safety number, and the suite none in a picture
      ...(suite.kem ? [] : [group('DuetSafetyNumber', safetyNumbers(suite))]),
      ...(suite === INDEPENDENT_SUITES[0] ? [group('DuetPicture', pictures(values))] : []),
    ]
  })
  return {
    algorithm: 'duet/2',
    schema: 'duet_vectors_v1',
    numberOfTests: tcId,
    header: [
      'Values of the protocol duet/2, in the form of the vectors of C2SP/wycheproof.',
      'DuetExchange: private keys and all that follows from them. The names are those of the specification; bytes are hex.',
      'DuetKeyMessage: the body of a request to /wire/keys, for a peer that has no session, and the code that refuses it.',
      'DuetSafetyNumber: two identities, in either order, and their safety number.',
      'DuetPicture: a key, and each chunk sealed with it. The picture is pictureStart and then zeros, pictureBytes in all. Of a sealed chunk there are its length, its SHA-256 and its last 16 bytes.',
    ],
    notes: {
      Exchange: EXCHANGE,
      ...COMPUTED,
      ...Object.fromEntries(Object.values(NOTES).map(({ flag, ...note }) => [flag, note])),
    },
    testGroups: groups,
  }
}

/** The example, and one with the same keys in which the order of the public keys is the opposite one. */
function exchanges(suite: Suite, values: Values) {
  const texts = { text0: '', text1: '\ufeffζ, ж, 漢, 🙂' }
  const other = independentExample(suite, { ...exchanged(values), ...texts })
  for (const [{ publicKey1 = '', publicKey2 = '' }, isOpposite] of [
    [values, false],
    [other, true],
  ] as const)
    assert.equal(publicKey1 > publicKey2, isOpposite)
  return [
    { comment: 'two parties', flags: ['Exchange'], ...values, result: 'valid' as const },
    {
      comment: 'the other order of the public keys; an empty text, and one with a byte order mark',
      flags: ['Exchange', 'OppositeOrder'],
      ...other,
      result: 'valid' as const,
    },
  ]
}

/** The values, with each party's ephemeral keys given to the other one. */
function exchanged(values: Values): Values {
  const names = ['ephemeralPrivateKey', 'kemSeed'].filter((name) => `${name}1` in values)
  const swapped = names.flatMap((name) => [
    [`${name}1`, values[`${name}2`]],
    [`${name}2`, values[`${name}1`]],
  ])
  return { ...values, ...Object.fromEntries(swapped) }
}

/** Safety numbers with a group that begins with a zero, with the halves in the order of the identities and in the other one. */
function safetyNumbers({ name, curve }: Suite) {
  const numbered = Array.from({ length: 64 }, (_, i) => {
    const seed = crypto.createHash('sha256').update(`safety number ${name} ${i}`).digest()
    return keyPair(curve, seed).publicKey
  })
  const [first = assert.fail()] = numbered
  return (['HalvesInOrder', 'HalvesExchanged'] as const).map((flag) => {
    const [identity1, identity2] =
      numbered
        .slice(1)
        .map((other) => [first, other].sort(Buffer.compare) as [Buffer, Buffer])
        .find(([a, b]) => {
          const [number, half] = [safetyNumber(curve, [a, b]), safetyNumber(curve, [a, a])]
          const isInOrder = number.startsWith(half.slice(0, 35))
          return / 0/.test(number) && isInOrder === (flag === 'HalvesInOrder')
        }) ?? assert.fail(flag)
    return {
      comment: 'two identities',
      flags: [flag, 'LeadingZero'],
      identity1: identity1.toString('hex'),
      identity2: identity2.toString('hex'),
      safetyNumber: safetyNumber(curve, [identity1, identity2]),
      result: 'valid' as const,
    }
  })
}

/** Pictures whose plaintext is one chunk, fills one, fills two, and takes three. */
function pictures({ pictureKey0 = '', picture = '' }: Values) {
  const key = Buffer.from(pictureKey0, 'hex')
  const start = Buffer.from(picture, 'hex')
  const filling = (chunks: number) => {
    const metadata = JSON.stringify({ type: 'image/gif', bytes: chunks * CHUNK, name: 'dot.gif' })
    return chunks * CHUNK - 2 - metadata.length
  }
  // both lengths have five digits, or six
  return [
    { comment: 'one chunk', flags: [], bytes: 100 },
    { comment: 'a chunk that is full', flags: ['FullLastChunk'], bytes: filling(1) },
    { comment: 'two that are full', flags: ['FullLastChunk', 'ManyChunks'], bytes: filling(2) },
    { comment: 'three chunks', flags: ['ManyChunks'], bytes: 150_006 },
  ].map(({ comment, flags, bytes }) => {
    const metadata = Buffer.from(JSON.stringify({ type: 'image/gif', bytes, name: 'dot.gif' }))
    const rest = Buffer.alloc(bytes - start.length)
    const plain = Buffer.concat([u(2, metadata.length), metadata, start, rest])
    assert.equal(plain.length % CHUNK === 0, flags.includes('FullLastChunk'))
    const chunks = Array.from(
      { length: Math.ceil(plain.length / CHUNK) },
      (_, n): PublishedChunk => {
        const part = plain.subarray(n * CHUNK, (n + 1) * CHUNK)
        const isLast = (n + 1) * CHUNK >= plain.length
        const sealed = sealChunk(key, n, isLast, part)
        assert.deepEqual(openChunk(key, n, isLast, sealed), part)
        return {
          nonce: Buffer.concat([u(11, n), u(1, isLast ? 1 : 0)]).toString('hex'),
          bytes: sealed.length,
          sha256: crypto.createHash('sha256').update(sealed).digest('hex'),
          tag: sealed.subarray(-16).toString('hex'),
        }
      },
    )
    return {
      comment,
      flags,
      pictureKey: pictureKey0,
      metadata: metadata.toString(),
      pictureStart: picture,
      pictureBytes: bytes,
      chunks,
      result: 'valid' as const,
    }
  })
}

/** What depends on the curve: points, and how long their hex is. */
const OF_A_CURVE = ['bad_point', 'bad_encoding']

/**
 * Party 1's key message, and what a receiver has to refuse in its place. What has nothing to do with the suite is there
 * for the first one only, and on the suite with a KEM only what is about that.
 */
function keyMessages(suite: Suite, { identity1, publicKey1 }: Values) {
  const bytes = (hex = '') => Buffer.from(hex, 'hex')
  const form = keyForm(suite, { identity: bytes(identity1), publicKey: bytes(publicKey1) })
  const valid = { comment: 'a key message', flags: [], body: JSON.stringify(form), result: 'valid' }
  const point = form.publicKey.slice(-2 * suite.curve.basePoint.length)
  const hasBadKey = (body: unknown) =>
    (body as typeof form).publicKey.endsWith(point) &&
    (body as typeof form).identity === form.identity
  const refused = badForms(suite, form).flatMap(([code, comment, body]: Refused) => {
    // bytes that are no text have no place in JSON, and keys of other suites are random
    if (body instanceof Uint8Array || /^keys on/.test(comment)) return []
    if (suite !== INDEPENDENT_SUITES[0] && !OF_A_CURVE.includes(code)) return []
    if (suite.kem && (code !== 'bad_point' || !hasBadKey(body))) return []
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const flag = NOTES[code]?.flag ?? assert.fail(code)
    return [{ comment, flags: [flag], body: text, result: 'invalid', code }]
  })
  return [valid, ...refused]
}
