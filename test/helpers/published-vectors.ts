/** What `src/protocol/vectors.json` has to hold, computed by the independent peer. */

import assert from 'node:assert/strict'
import { independentExample } from '../independent/example.ts'
import { keyForm } from '../independent/forms.ts'
import { INDEPENDENT_SUITES, type Suite } from '../independent/suites.ts'
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

export interface PublishedGroup {
  readonly type: 'DuetExchange' | 'DuetKeyMessage'
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

/** `given`: for each suite, by its name, the private keys, seeds, m, texts and picture of its example. */
export function publishedVectors(given: Readonly<Record<string, Values>>) {
  let tcId = 0
  const groups = INDEPENDENT_SUITES.flatMap((suite): PublishedGroup[] => {
    const values = independentExample(suite, given[suite.name] ?? assert.fail(suite.name))
    const example = { comment: 'two parties', flags: ['Exchange'], ...values, result: 'valid' }
    return [
      { type: 'DuetExchange', curve: suite.name, tests: [{ tcId: ++tcId, ...example }] },
      {
        type: 'DuetKeyMessage',
        curve: suite.name,
        tests: keyMessages(suite, values).map((test) => ({ tcId: ++tcId, ...test })),
      },
    ] as PublishedGroup[]
  })
  return {
    algorithm: 'duet/2',
    schema: 'duet_vectors_v1',
    numberOfTests: tcId,
    header: [
      'Values of the protocol duet/2, in the form of the vectors of C2SP/wycheproof.',
      'DuetExchange: private keys and all that follows from them. The names are those of the specification; bytes are hex.',
      'DuetKeyMessage: the body of a request to /wire/keys, for a peer that has no session, and the code that refuses it.',
    ],
    notes: {
      Exchange: EXCHANGE,
      ...Object.fromEntries(Object.values(NOTES).map(({ flag, ...note }) => [flag, note])),
    },
    testGroups: groups,
  }
}

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
    if (suite !== INDEPENDENT_SUITES[0] && code !== 'bad_point') return []
    if (suite.kem && !hasBadKey(body)) return []
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const flag = NOTES[code]?.flag ?? assert.fail(code)
    return [{ comment, flags: [flag], body: text, result: 'invalid', code }]
  })
  return [valid, ...refused]
}
