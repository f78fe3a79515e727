/** Mistakes in what is computed of the two shares: the transcript, the pseudorandom key, and the tags. */

import crypto from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { ProgramPeer } from '../../independent/program.ts'
import { encodeShare, STEPS, u } from '../../independent/session.ts'
import {
  backwards,
  both,
  bytes,
  computed,
  hexOf,
  hmac,
  joined,
  lp,
  type Mistake,
  mistake,
  onCurve,
  sha256,
} from './planted.ts'

const TRANSCRIPT = both('session/1', 'session/3')
const TAGS = both('session/2', 'session/4')
const numberLess = (a: Buffer, b: Buffer) => backwards(a).compare(backwards(b)) < 0

/** Of what the two sides compute from their shares: the transcript, and the session's id. */
export const TRANSCRIPTS: readonly Mistake[] = [
  computed(
    'share-no-suite',
    { share: (suite, share) => encodeShare(suite, share).subarray(2) },
    {
      fails: TRANSCRIPT,
      cause: /suite/i,
    },
  ),
  computed(
    'share-key-first',
    { share: ({ id }, { identity, publicKey }) => joined(u(2, id), lp(publicKey), lp(identity)) },
    { fails: TRANSCRIPT, cause: /public key/i },
  ),
  computed(
    'share-hex',
    {
      share: ({ id }, { identity, publicKey }) =>
        joined(u(2, id), lp(hexOf(identity)), lp(hexOf(publicKey))),
    },
    { fails: TRANSCRIPT, cause: /hex/i },
  ),
  computed(
    'lengths-none in the shares',
    { share: ({ id }, { identity, publicKey }) => joined(u(2, id), identity, publicKey) },
    { fails: TRANSCRIPT, cause: /length/i },
  ),
  computed(
    'lengths-little-endian around s1 and s2',
    {
      transcript: (terms) =>
        sha256(
          bytes('duet/2 transcript'),
          ...terms.flatMap((term) => [backwards(u(2, term.length)), term]),
        ),
    },
    { fails: TRANSCRIPT, cause: /little-endian/i },
  ),
  computed(
    'lengths-none around s1 and s2',
    { transcript: (terms) => sha256(bytes('duet/2 transcript'), ...terms) },
    {
      fails: TRANSCRIPT,
      cause: /length/i,
    },
  ),
  computed(
    'transcript-no-label',
    { transcript: (terms) => sha256(...terms.map(lp)) },
    {
      fails: TRANSCRIPT,
      cause: /label|duet\/2 transcript/i,
    },
  ),
  computed(
    'transcript-hash',
    {
      transcript: (terms) =>
        crypto
          .createHash('sha512')
          .update(joined(bytes('duet/2 transcript'), ...terms.map(lp)))
          .digest()
          .subarray(0, 32),
    },
    { fails: TRANSCRIPT, cause: /SHA-?512/i },
  ),
  computed(
    'order-larger-first',
    { isFirst: (ours, others) => ours.compare(others) > 0 },
    {
      fails: TRANSCRIPT,
      cause: /larger|greater/i,
    },
  ),
  computed(
    'order-public-keys',
    { isFirst: (_ours, _others, own, theirs) => own.publicKey.compare(theirs.publicKey) < 0 },
    { fails: TRANSCRIPT, cause: /public key/i },
  ),
  computed(
    'order-little-endian',
    { isFirst: (_ours, _others, own, theirs) => numberLess(own.identity, theirs.identity) },
    { fails: TRANSCRIPT, cause: /little-endian/i },
  ),
  computed(
    'order-own-first: the shares are not sorted',
    { isFirst: () => true },
    {
      fails: ['session/1 party 2', 'session/3 party 2'],
      cause: /own/i,
    },
  ),
  computed(
    'order-other-first: the shares are not sorted',
    { isFirst: () => false },
    {
      fails: ['session/1 party 1', 'session/3 party 1'],
      cause: /other/i,
    },
  ),
  mistake(
    'order-sender-first: parties by who sent first',
    class extends ProgramPeer {
      #isSecond = false
      protected override readonly steps = { ...STEPS, isFirst: () => !this.#isSecond }
      override sendKeys(): Promise<void> {
        this.#isSecond = this.share !== null
        return super.sendKeys()
      }
    },
    { fails: ['session/1 party 2', 'session/3 party 1'], cause: /first/i },
  ),
  computed(
    'id-end',
    { id: (transcript) => transcript.subarray(16) },
    {
      fails: TRANSCRIPT,
      cause: /last|end|second half/i,
    },
  ),
  computed(
    'id-hash',
    { id: (transcript) => sha256(transcript).subarray(0, 16) },
    {
      fails: TRANSCRIPT,
      cause: /hash|SHA-?256/i,
    },
  ),
]

/** Of the pseudorandom key, what is expanded from it, and the tags. */
export const SCHEDULES: readonly Mistake[] = [
  computed(
    'ikm-ee-only: without the identities',
    { ikm: (_party, ee) => [ee] },
    {
      fails: TAGS,
      cause: /identit/i,
    },
  ),
  computed(
    'ikm-no-ee',
    { ikm: (party, _ee, ie, ei) => (party === 1 ? [ie, ei] : [ei, ie]) },
    {
      fails: TAGS,
      cause: /DH\(e1, e2\)/,
    },
  ),
  computed(
    'ikm-ee-last',
    { ikm: (party, ee, ie, ei) => (party === 1 ? [ie, ei, ee] : [ei, ie, ee]) },
    {
      fails: TAGS,
      cause: /last|end|behind/i,
    },
  ),
  computed(
    'ikm-swapped',
    { ikm: (party, ee, ie, ei) => (party === 1 ? [ee, ei, ie] : [ee, ie, ei]) },
    {
      fails: TAGS,
      cause: /DH\(e1, id2\)/,
    },
  ),
  computed(
    "ikm-own-first: party 2's order wrong",
    { ikm: (_party, ee, ie, ei) => [ee, ie, ei] },
    {
      fails: ['session/2 party 2', 'session/4 party 2'],
      cause: /own identity/i,
    },
  ),
  computed(
    "ikm-other-first: party 1's order wrong",
    { ikm: (_party, ee, ie, ei) => [ee, ei, ie] },
    {
      fails: ['session/2 party 1', 'session/4 party 1'],
      cause: /other/i,
    },
  ),
  computed(
    'ikm-sorted',
    { ikm: (_party, ...secrets) => secrets.toSorted(Buffer.compare) },
    {
      fails: TAGS,
      cause: /sort/i,
    },
  ),
  computed(
    'ikm-one-identity',
    { ikm: (party, ee, ie, ei) => [ee, party === 1 ? ie : ei] },
    {
      fails: TAGS,
      cause: /DH\(e1, id2\)|one identity|identit/i,
    },
  ),
  computed(
    'extract-swapped',
    { extract: (transcript, material) => hmac(material, transcript) },
    {
      fails: TAGS,
      cause: /swap|exchang|argument/i,
    },
  ),
  computed(
    'extract-no-salt',
    { extract: (_transcript, material) => hmac(Buffer.alloc(0), material) },
    {
      fails: TAGS,
      cause: /salt/i,
    },
  ),
  computed(
    'extract-label-salt',
    { extract: (_transcript, material) => hmac(bytes('duet/2 '), material) },
    {
      fails: TAGS,
      cause: /salt/i,
    },
  ),
  computed(
    'extract-none',
    { extract: (_transcript, material) => sha256(material) },
    {
      fails: TAGS,
      cause: /extract/i,
    },
  ),
  computed(
    'expand-no-counter',
    { expand: (prk, label) => hmac(prk, bytes(`duet/2 ${label}`)) },
    {
      fails: TAGS,
      cause: /counter|01/i,
    },
  ),
  computed(
    'expand-none: the same key for each label',
    // a copy for each, since chains are overwritten
    { expand: (prk) => Buffer.from(prk) },
    {
      fails: TAGS,
      cause: /expand/i,
    },
  ),
  computed(
    'info-no-prefix',
    { expand: (prk, label) => hmac(prk, bytes(`${label}\x01`)) },
    {
      fails: TAGS,
      cause: /duet\/2|prefix/i,
    },
  ),
  computed(
    'info-no-blank',
    { expand: (prk, label) => hmac(prk, bytes(`duet/2${label}\x01`)) },
    {
      fails: TAGS,
      cause: /blank|space/i,
    },
  ),
  computed(
    'info-swapped-with-salt',
    {
      extract: (_transcript, material) => material,
      expand: (material, label, transcript) =>
        hmac(hmac(bytes(`duet/2 ${label}`), material), transcript, u(1, 1)),
    },
    { fails: TAGS, cause: /salt/i },
  ),
  computed(
    'tag-swapped',
    { tag: (key, transcript) => hmac(transcript, key) },
    {
      fails: TAGS,
      cause: /swap|exchang|argument/i,
    },
  ),
  computed(
    'tag-over-id',
    { tag: (key, transcript) => hmac(key, transcript.subarray(0, 16)) },
    {
      fails: TAGS,
      cause: /session id|id/i,
    },
  ),
  computed(
    'tag-over-hex',
    { tag: (key, transcript) => hmac(key, hexOf(transcript)) },
    {
      fails: TAGS,
      cause: /hex/i,
    },
  ),
  computed(
    'tag-key: K itself is the tag',
    { tag: (key) => key },
    { fails: TAGS, cause: /key|K\(/ },
  ),
  computed(
    'tag-other-party: the tags swapped',
    {
      expand: (prk, label, transcript) => {
        const party = /^confirm (\d)$/.exec(label)?.[1]
        return STEPS.expand(prk, party ? `confirm ${3 - Number(party)}` : label, transcript)
      },
    },
    { fails: TAGS, cause: /other party|swap|exchang/i },
  ),
  computed(
    'parties-exchanged behind the transcript',
    { party: (party) => (party === 1 ? 2 : 1) },
    {
      fails: TAGS,
      cause: /part(y|ies)/i,
    },
  ),
  onCurve(
    'dh-compressed: 33 bytes',
    () => ({ dh: (privateKey, point) => Buffer.from(p256.getSharedSecret(privateKey, point)) }),
    { curve: 'P-256', fails: TAGS, cause: /33|compressed/i },
  ),
  onCurve(
    'dh-both: x and y',
    () => ({
      dh: (privateKey, point) =>
        Buffer.from(p256.getSharedSecret(privateKey, point, false)).subarray(1),
    }),
    { curve: 'P-256', fails: TAGS, cause: /y/i },
  ),
  onCurve('dh-hashed', ({ dh }) => ({ dh: (...keys) => sha256(dh(...keys)) }), {
    curve: 'P-256',
    fails: TAGS,
    cause: /SHA-?256|hash/i,
  }),
]
