/**
 * Mistakes as students make them, each planted in the independent peer, and what the examiner has to say of it.
 *
 * The rows and causes were written down from the tables of clauses and causes, before the examiner was tried on any of them.
 *
 * What nobody outside can see is not here: tags that are compared in a time which depends on them; private keys, chains and
 * message keys that are not overwritten; a base point that is compared and then used; keys from a poor source of random
 * numbers (only repetition shows); unconfirmed keys that outlast their hour; a slot that keeps what no later key follows from;
 * sealing beyond 2^20 messages or pictures; what happens on a full disk; a call of anybody but the other peer; a text or a
 * secret that is written outside of the state and the current folder; and a "peer" that starts the program itself and passes
 * everything on to it, which is right in all that can be asked.
 */

import { isUtf8 } from 'node:buffer'
import crypto from 'node:crypto'
import fs from 'node:fs'
import type http from 'node:http'
import path from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import type { SuiteName } from '../../src/protocol/suites.ts'
import { type Json, parse } from '../independent/forms.ts'
import { Peer } from '../independent/peer.ts'
import { type Came, ProgramPeer, type Start, tamed } from '../independent/program.ts'
import {
  Chain,
  type Confirm,
  encodeShare,
  Refusal,
  type Session,
  type Share,
  STEPS,
  type Steps,
  u,
} from '../independent/session.ts'
import { type Curve, type Ephemeral, halves, type Suite } from '../independent/suites.ts'

export interface Mistake {
  readonly name: string
  readonly curve: SuiteName
  /** The peer with the mistake. */
  readonly Kind: typeof ProgramPeer
  /** The rows that fail, each with a cause that has this in it; without a party, in each party that it is run in. */
  readonly fails: readonly string[]
  readonly cause: RegExp
  /** Clauses or rows that may fail or be blocked too, since they follow from it; `disorder/*` for a whole stage. */
  readonly also: readonly string[]
}

/** Rows of clauses that run in both parties. */
const both = (...ids: string[]) => ids.flatMap((id) => [`${id} party 1`, `${id} party 2`])

const TRANSCRIPT = both('session/1', 'session/3')
const TAGS = both('session/2', 'session/4')
/** These build on every refusal of a key message, and may meet one that the mistake is in. */
const REFUSALS = ['keys/16', 'keys/17']

const joined = (...parts: Buffer[]) => Buffer.concat(parts)
const bytes = (text: string) => Buffer.from(text)
const sha256 = (...parts: Buffer[]) =>
  crypto
    .createHash('sha256')
    .update(joined(...parts))
    .digest()
const hmac = (key: Buffer, ...parts: Buffer[]) =>
  crypto
    .createHmac('sha256', key)
    .update(joined(...parts))
    .digest()
const backwards = (part: Buffer) => Buffer.from(part).reverse()
const lp = (part: Buffer) => joined(u(2, part.length), part)

type Rest = { cause: RegExp; fails: readonly string[]; also?: readonly string[]; curve?: SuiteName }

function mistake(name: string, Kind: typeof ProgramPeer, rest: Rest): Mistake {
  return { curve: 'X25519', also: [], name, Kind, ...rest }
}

/** A step of the computation is another one. */
function computed(name: string, steps: Partial<Steps>, rest: Rest): Mistake {
  class Kind extends ProgramPeer {
    protected override readonly steps = { ...STEPS, ...steps }
  }
  return mistake(name, Kind, rest)
}

/**
 * What comes in JSON is changed before it is looked at, so that the peer takes more than it may. `form` is what it is in the
 * right reading, or null.
 */
function lenient(
  name: string,
  change: (text: string, form: Json | null) => string,
  rest: Rest,
): Mistake {
  const changed = (body: Buffer): Buffer => {
    let form: unknown = null
    try {
      form = parse(body)
    } catch {}
    const isObject = typeof form === 'object' && !Array.isArray(form)
    return isUtf8(body)
      ? bytes(change(body.toString(), isObject ? (form as Json | null) : null))
      : body
  }
  class Kind extends ProgramPeer {
    override receiveKeys(body: Buffer): Json {
      return super.receiveKeys(changed(body))
    }
    override receiveMessage(body: Buffer): Json {
      return super.receiveMessage(changed(body))
    }
    protected override async send(route: string, body: object): Promise<Came> {
      const came = await super.send(route, body)
      return { ...came, bytes: changed(came.bytes) }
    }
  }
  return mistake(name, Kind, rest)
}

/** Forms that are sent, changed. */
function sent(name: string, change: (form: Json, route: string) => Json, rest: Rest): Mistake {
  class Kind extends ProgramPeer {
    protected override send(route: string, body: object): Promise<Came> {
      return super.send(
        route,
        Buffer.isBuffer(body) ? body : change(structuredClone(body) as Json, route),
      )
    }
  }
  return mistake(name, Kind, rest)
}

/** The strings of a form, all but the curve's name, each in another form. */
function encoded(form: Json, encode: (text: string) => string): Json {
  const changed = Object.entries(form).map(([name, value]) => {
    if (typeof value === 'object' && value !== null) return [name, encoded(value as Json, encode)]
    return [name, typeof value === 'string' && name !== 'curve' ? encode(value) : value]
  })
  return Object.fromEntries(changed)
}

/** A suite with another curve. */
function onCurve(name: string, change: (curve: Curve) => Partial<Curve>, rest: Rest): Mistake {
  class Kind extends ProgramPeer {
    constructor(suite: Suite, start: Start) {
      const { curve } = suite
      super({ ...suite, curve: { ...curve, ...change(curve) } }, start)
    }
  }
  return mistake(name, Kind, rest)
}

/** Zeros where the point has low order, as libraries give that do not look. */
function lowOrderTaken(dh: Curve['dh']): Curve['dh'] {
  return (privateKey, point) => {
    try {
      return dh(privateKey, point)
    } catch {
      return Buffer.alloc(32)
    }
  }
}

/** What becomes of a message that is refused as `code`: it is taken all the same if `take` says so. */
function messageTaken(
  code: string,
  take: (message: { opens: boolean; seq: number; chain: Chain; behind: Buffer }) => boolean,
): typeof ProgramPeer {
  return class extends ProgramPeer {
    override receiveMessage(body: Buffer): Json {
      try {
        return super.receiveMessage(body)
      } catch (error) {
        const isIt = error instanceof Refusal && error.code === code
        const form = isIt ? (parse(body) as Json) : {}
        const session = [this.current, this.candidate, this.previous].find(
          (one) => one?.id.toString('hex') === form['session'],
        )
        if (!session) throw error
        const chain = session.messages.in
        const [seq, missing] = [Number(form['seq']), Math.max(0, Number(form['seq']) - chain.next)]
        // from the first key on, as if the chain were never overwritten
        const whole = new Chain(session.key(STEPS.directions('chain', session.party)[1], 32))
        const { key, chain: behind } = whole.ahead(seq)
        const ciphertext = Buffer.from(String(form['ciphertext']), 'hex')
        const message = { session: session.id, seq, ciphertext }
        const opens = !isThrowing(() => session.open(message, key))
        if (!take({ opens, seq, chain, behind })) throw error
        this.waiting.push({ session, message, key })
        return { accepted: true, missing }
      }
    }
  }
}

function isThrowing(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch {
    return true
  }
}

/** Whichever of the tags of a key message is not compared. */
function tagTaken(
  isIt: (peer: { candidate: Session | null; current: Session | null }, session: Session) => boolean,
) {
  return class extends ProgramPeer {
    protected override isRight(session: Session, confirm: Confirm): boolean {
      return isIt(this, session) || super.isRight(session, confirm)
    }
  }
}

const PRIME_25519 = Buffer.from(`7f${'ff'.repeat(30)}ed`, 'hex')
/** The names of all that crosses the wire in JSON. */
const FIELDS =
  'v curve basePoint identity publicKey confirm session seq ciphertext accepted missing bytes code'.split(
    ' ',
  )
const numberLess = (a: Buffer, b: Buffer) => backwards(a).compare(backwards(b)) < 0
const hexOf = (part: Buffer) => bytes(part.toString('hex'))

/** Of what the two sides compute from their shares: the transcript, and the session's id. */
const TRANSCRIPTS: readonly Mistake[] = [
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
const SCHEDULES: readonly Mistake[] = [
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
    { expand: (prk) => prk },
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

/** The nonce of messages, the same for sealing and opening. */
const nonce = (make: (seq: number) => Buffer): Partial<Steps> => ({ nonce: make })
/** Only the chains of messages; those of pictures stay right. */
const chainOf = (
  step: 'chainKey' | 'nextChain' | 'firstChain',
  make: (chain: Buffer) => Buffer,
): Partial<Steps> => ({
  [step]: (kind: 'chain' | 'files', chain: Buffer) =>
    kind === 'chain' ? make(chain) : step === 'firstChain' ? chain : STEPS[step](kind, chain),
})
const next = (chain: Buffer) => STEPS.nextChain('chain', chain)
const FIRST_MESSAGE = both('messages/2')
const LATER_MESSAGES = both('messages/3')

const MESSAGES: readonly Mistake[] = [
  computed(
    'chain-raw: the raw shared secret as a chain',
    { firstChain: (kind, key, [ee = key]) => (kind === 'chain' ? Buffer.from(ee) : key) },
    { fails: FIRST_MESSAGE, cause: /DH\(e1, e2\)|shared secret/i },
  ),
  computed(
    'direction-swapped',
    {
      directions: (kind, party) => {
        const [out, back] = STEPS.directions(kind, party)
        return kind === 'chain' ? [back, out] : [out, back]
      },
    },
    { fails: FIRST_MESSAGE, cause: /direction/i },
  ),
  computed(
    'direction-one: one chain for both directions',
    {
      directions: (kind, party) =>
        kind === 'chain' ? ['chain 1>2', 'chain 1>2'] : STEPS.directions(kind, party),
    },
    { fails: ['messages/2 party 2'], cause: /direction/i },
  ),
  computed(
    'chain-constants: 01 and 02 exchanged',
    {
      ...chainOf('chainKey', (chain) => hmac(chain, u(1, 2))),
      ...chainOf('nextChain', (chain) => hmac(chain, u(1, 1))),
    },
    { fails: FIRST_MESSAGE, cause: /0[12]/ },
  ),
  computed(
    'chain-stepped-first',
    chainOf('chainKey', (chain) => STEPS.chainKey('chain', next(chain))),
    { fails: FIRST_MESSAGE, cause: /step|from 1/i },
  ),
  computed('chain-never', chainOf('nextChain', Buffer.from), {
    fails: LATER_MESSAGES,
    cause: /step/i,
  }),
  computed(
    'chain-twice',
    chainOf('nextChain', (chain) => next(next(chain))),
    {
      fails: LATER_MESSAGES,
      cause: /twice/i,
    },
  ),
  computed(
    'nonce-little-endian',
    nonce((seq) => joined(u(4, 0), backwards(u(8, seq)))),
    {
      fails: LATER_MESSAGES,
      cause: /little-endian/i,
    },
  ),
  computed(
    'nonce-u64-first',
    nonce((seq) => joined(u(8, seq), u(4, 0))),
    {
      fails: LATER_MESSAGES,
      cause: /first|before|behind/i,
    },
  ),
  computed(
    'nonce-zero',
    nonce(() => u(12, 0)),
    { fails: LATER_MESSAGES, cause: /zero/i },
  ),
  computed(
    'nonce-from-1',
    nonce((seq) => u(12, seq + 1)),
    { fails: FIRST_MESSAGE, cause: /1/ },
  ),
  computed(
    'ad-none',
    { data: () => Buffer.alloc(0) },
    { fails: FIRST_MESSAGE, cause: /associated data/i },
  ),
  computed(
    'ad-no-label',
    { data: (id, party, seq) => joined(id, u(1, party), u(8, seq)) },
    {
      fails: FIRST_MESSAGE,
      cause: /label|duet\/2 message/i,
    },
  ),
  computed(
    'ad-no-party',
    { data: (id, _party, seq) => joined(bytes('duet/2 message'), id, u(8, seq)) },
    {
      fails: FIRST_MESSAGE,
      cause: /party/i,
    },
  ),
  computed(
    'ad-no-seq',
    { data: (id, party) => joined(bytes('duet/2 message'), id, u(1, party)) },
    {
      fails: FIRST_MESSAGE,
      cause: /seq/i,
    },
  ),
  computed(
    'ad-receiver',
    { data: (id, party, seq) => STEPS.data(id, 3 - party, seq) },
    {
      fails: FIRST_MESSAGE,
      cause: /receiver/i,
    },
  ),
  computed(
    'ad-id-hex',
    { data: (id, party, seq) => STEPS.data(hexOf(id), party, seq) },
    {
      fails: FIRST_MESSAGE,
      cause: /hex/i,
    },
  ),
  computed(
    'ad-seq-little-endian',
    {
      data: (id, party, seq) =>
        joined(bytes('duet/2 message'), id, u(1, party), backwards(u(8, seq))),
    },
    { fails: LATER_MESSAGES, cause: /little-endian/i },
  ),
  computed(
    'it seals right and opens with a little-endian nonce',
    {
      nonce: (seq, isOpening) =>
        isOpening ? joined(u(4, 0), backwards(u(8, seq))) : STEPS.nonce(seq, false),
    },
    { fails: both('messages/4'), cause: /little-endian|opens wrong/i },
  ),
]

const PICTURES: readonly Mistake[] = [
  computed(
    'file-no-last',
    { chunkNonce: (n) => joined(u(11, n), u(1, 0)) },
    {
      // without the mark, a stream that was cut is only too short
      fails: [...both('pictures/2'), 'pictures/9'],
      cause: /last/i,
    },
  ),
  computed(
    'file-last-always',
    { chunkNonce: (n) => joined(u(11, n), u(1, 1)) },
    {
      fails: [...both('pictures/3'), 'pictures/9'],
      cause: /last/i,
    },
  ),
  computed(
    'chunk-counter-little-endian',
    { chunkNonce: (n, isLast) => joined(backwards(u(11, n)), u(1, isLast ? 1 : 0)) },
    { fails: both('pictures/3'), cause: /little-endian/i },
  ),
  computed(
    'chunk-counter-from-1',
    { chunkNonce: (n, isLast) => joined(u(11, n + 1), u(1, isLast ? 1 : 0)) },
    { fails: both('pictures/2'), cause: /1/ },
  ),
  computed(
    'chunk-empty-last',
    {
      chunks: (plain) => {
        const chunks = STEPS.chunks(plain)
        return plain.length % 65_536 === 0 ? [...chunks, Buffer.alloc(0)] : chunks
      },
    },
    { fails: both('pictures/4'), cause: /empty/i },
  ),
  computed(
    'chain-other-label: pictures on the chains of messages',
    {
      directions: (_kind, party) => STEPS.directions('chain', party),
    },
    { fails: both('pictures/2'), cause: /chain/i },
  ),
  computed(
    'meta-no-length',
    { metadata: (written) => written },
    {
      fails: ['pictures/1'],
      cause: /length/i,
      also: ['pictures/*', 'disorder/14', 'disorder/27'],
    },
  ),
]

const SAFETY: readonly Mistake[] = [
  computed(
    'safety-unsorted: the own half first',
    { halves: (parts) => [...parts] },
    {
      fails: both('owner/1'),
      cause: /sort|order|own/i,
    },
  ),
  computed(
    'safety-no-zeros',
    {
      halves: (parts) => STEPS.halves(parts.map((half) => half.split(' ').map(Number).join(' '))),
    },
    { fails: both('owner/1'), cause: /zero/i },
  ),
]

const KEYS: readonly Mistake[] = [
  sent('upper-case hex', (form) => encoded(form, (text) => text.toUpperCase()), {
    fails: ['keys/2', 'messages/1'],
    cause: /upper/i,
  }),
  sent(
    'base64 in place of hex, in key messages',
    (form, route) =>
      route === '/wire/keys'
        ? encoded(form, (text) => Buffer.from(text, 'hex').toString('base64'))
        : form,
    { fails: ['keys/2'], cause: /base64/i },
  ),
  sent(
    'compressed points in key messages',
    (form, route) =>
      route === '/wire/keys'
        ? {
            ...form,
            publicKey: compressed(form['publicKey']),
            identity: compressed(form['identity']),
          }
        : form,
    { curve: 'P-256', fails: ['keys/2'], cause: /compressed/i },
  ),
  sent(
    'confirm: null in a key message',
    (form, route) =>
      route === '/wire/keys' && !form['confirm'] ? { ...form, confirm: null } : form,
    { fails: ['keys/2'], cause: /null/ },
  ),
  mistake(
    'status 200',
    class extends ProgramPeer {
      protected override async answer(request: http.IncomingMessage) {
        return { ...(await super.answer(request)), status: 200 }
      }
    },
    {
      // it is followed: what waits for a 201 later takes a 200 too
      fails: ['keys/4'],
      cause: /200/,
    },
  ),
  mistake(
    'one key pair for ever',
    class extends ProgramPeer {
      #pair: Ephemeral | undefined
      protected override newKeys(): Ephemeral {
        this.#pair ??= super.newKeys()
        return this.#pair
      }
    },
    // and so does a candidate come again, once its keys have been replaced by the same ones
    { fails: ['keys/3', 'disorder/25'], cause: /key pair|same|again|old/i },
  ),
  mistake(
    'content type compared as a whole',
    class extends ProgramPeer {
      protected override checkRequest(request: http.IncomingMessage): void {
        super.checkRequest(request)
        const isJson = ['/wire/keys', '/wire/message'].includes(request.url ?? '')
        if (isJson && request.headers['content-type'] !== 'application/json')
          throw new Refusal('unsupported_type')
      }
    },
    { fails: ['keys/5'], cause: /content.type|charset/i },
  ),
  lenient(
    'the last of two names counts',
    (text, form) =>
      form || isThrowing(() => JSON.parse(text)) ? text : JSON.stringify(JSON.parse(text)),
    {
      fails: ['keys/6', 'messages/12', 'messages/22', 'disorder/20'],
      cause: /twice|two names|last/i,
      also: REFUSALS,
    },
  ),
  lenient(
    'the version is not looked at',
    (text, form) =>
      typeof form?.['v'] === 'number' ? text.replace(/"v"\s*:\s*[^,}\s]+/, '"v":2') : text,
    {
      fails: ['keys/7', 'messages/12'],
      cause: /version|\bv\b/,
      also: [...REFUSALS, 'messages/20'],
    },
  ),
  lenient(
    'more fields pass',
    (text, form) => {
      const entries = Object.entries(form ?? {})
      const known = entries.filter(([field]) => FIELDS.includes(field))
      return known.length < entries.length ? JSON.stringify(Object.fromEntries(known)) : text
    },
    {
      fails: ['keys/8', 'messages/12', 'messages/22', 'disorder/20'],
      cause: /field/i,
      also: REFUSALS,
    },
  ),
  mistake(
    'null passes for absent',
    class extends ProgramPeer {
      override receiveKeys(body: Buffer): Json {
        const isNull = body.includes('"confirm":null')
        return super.receiveKeys(
          isNull ? bytes(body.toString().replace(',"confirm":null', '')) : body,
        )
      }
    },
    { fails: ['keys/8'], cause: /null/, also: REFUSALS },
  ),
  lenient(
    'upper-case hex is read',
    (text) => text.replace(/"[\dA-Fa-f]+"/g, (one) => one.toLowerCase()),
    { fails: ['keys/10', 'messages/13', 'disorder/20'], cause: /upper/i, also: REFUSALS },
  ),
  mistake(
    'the base point is not compared',
    class extends ProgramPeer {
      protected override checkPoints(_base: Buffer, identity: Buffer, publicKey: Buffer): void {
        super.checkPoints(this.suite.curve.basePoint, identity, publicKey)
      }
    },
    { fails: ['keys/11'], cause: /compare/i, also: REFUSALS },
  ),
  onCurve(
    'points of low order pass',
    ({ dh }) => ({
      dh: lowOrderTaken(dh),
      isBad: (point) => backwards(point).compare(PRIME_25519) >= 0,
    }),
    { fails: ['keys/12'], cause: /low order/i, also: REFUSALS },
  ),
  onCurve(
    'a second form of a point passes',
    ({ dh }) => ({ isBad: (point) => isThrowing(() => dh(Buffer.alloc(32, 1), point)) }),
    { fails: ['keys/12'], cause: /form|reduce/i, also: REFUSALS },
  ),
  mistake(
    'only the public key is checked',
    class extends ProgramPeer {
      constructor(suite: Suite, start: Start) {
        const { curve } = suite
        super({ ...suite, curve: { ...curve, dh: lowOrderTaken(curve.dh) } }, start)
      }
      protected override checkPoints(base: Buffer, identity: Buffer, publicKey: Buffer): void {
        if (identity.equals(publicKey)) throw new Refusal('bad_point')
        super.checkPoints(base, this.suite.curve.basePoint, publicKey)
      }
    },
    { fails: ['keys/12'], cause: /identity|public key/i, also: REFUSALS },
  ),
  mistake(
    'one point as both is taken',
    class extends ProgramPeer {
      protected override checkPoints(base: Buffer, identity: Buffer, publicKey: Buffer): void {
        const isOne = identity.equals(publicKey)
        super.checkPoints(base, isOne ? this.suite.curve.basePoint : identity, publicKey)
      }
    },
    { fails: ['keys/13'], cause: /compare|same/i, also: REFUSALS },
  ),
  mistake(
    'reflection is not looked at',
    class extends ProgramPeer {
      protected override checkReflection(): void {}
    },
    { fails: ['keys/14'], cause: /compare|own|look/i, also: [...REFUSALS, 'disorder/24'] },
  ),
  mistake(
    'reflection: like is compared with like only',
    class extends ProgramPeer {
      protected override checkReflection(identity: Buffer, publicKey: Buffer): void {
        const own = [this.ephemeral, this.current?.own, this.previous?.own]
        const isKey = own.some((one) => one?.publicKey.equals(publicKey))
        if (isKey || this.identity.publicKey.equals(identity)) throw new Refusal('reflection')
      }
    },
    { fails: ['keys/14'], cause: /like|identity|public key/i, also: [...REFUSALS, 'disorder/24'] },
  ),
  mistake(
    'the longest body is not limited',
    class extends ProgramPeer {
      protected override async read(request: http.IncomingMessage, limit: number) {
        if (!request.url?.startsWith('/wire/')) return super.read(request, limit)
        const body = await super.read(request, 1e12)
        // behind this limit there is one more
        return body.length > 4_096 ? bytes(body.toString().trim()) : body
      }
    },
    { fails: ['keys/15', 'messages/21'], cause: /limit|length|size/i, also: REFUSALS },
  ),
  lenient(
    'lengths are checked before the curve',
    (text, form) => {
      const isOther = typeof form?.['curve'] === 'string' && form['curve'] !== 'X25519'
      const isOfLength = String(form?.['publicKey']).length === 64
      return isOther && !isOfLength ? text.replace(String(form['curve']), 'X25519') : text
    },
    { fails: ['keys/9'], cause: /before the curve|length/i, also: REFUSALS },
  ),
]

function compressed(hex: unknown): string {
  return p256.Point.fromHex(String(hex)).toHex(true)
}

const SESSIONS: readonly Mistake[] = [
  mistake(
    'promoted without a confirmation',
    class extends ProgramPeer {
      override receiveKeys(body: Buffer): Json {
        const taken = super.receiveKeys(body)
        this.#promoteEarly()
        return taken
      }
      protected override post(route: string, body: object): Promise<unknown> {
        if (route === '/wire/keys') this.#promoteEarly()
        return super.post(route, body)
      }
      #promoteEarly(): void {
        const { candidate } = this
        if (!candidate) return
        this.candidate = null
        this.previous = this.current
        this.current = candidate
        candidate.isConfirmed = true
        this.known = candidate.theirs.identity
      }
    },
    {
      fails: both('session/5'),
      cause: /without|confirm/i,
      also: ['keys/16', 'session/*', 'messages/*', 'pictures/*', 'disorder/*'],
    },
  ),
  mistake(
    'confirmations in answers are not read',
    class extends ProgramPeer {
      protected override takeAnswer(): boolean {
        return false
      }
    },
    {
      fails: both('session/4'),
      cause: /answer/i,
      also: ['session/8', 'disorder/*'],
    },
  ),
  mistake(
    'no slot',
    class extends ProgramPeer {
      protected override takeAnswer(confirm: Confirm): boolean {
        const isToRepeat = super.takeAnswer(confirm)
        this.slot = null
        return isToRepeat
      }
    },
    { fails: both('disorder/2'), cause: /slot|answer|kept/i, also: ['disorder/3', 'disorder/4'] },
  ),
  mistake(
    'it remembers that a confirmation came, and not which',
    class extends ProgramPeer {
      #came = false
      protected override takeAnswer(confirm: Confirm): boolean {
        const isToRepeat = super.takeAnswer(confirm)
        this.#came ||= this.slot !== null
        return isToRepeat
      }
      protected override fromSlot(share: Share): Session | null {
        return this.#came ? this.derive(share) : null
      }
      protected override promote(candidate: Session): void {
        super.promote(candidate)
        this.#came = false
      }
    },
    { fails: ['disorder/3', 'disorder/4'], cause: /which|compare|tag/i },
  ),
  mistake(
    "the slot's tag is not compared",
    class extends ProgramPeer {
      protected override fromSlot(share: Share): Session | null {
        const session = this.slot && this.derive(share)
        return session?.id.equals(this.slot?.session ?? session.id) ? session : null
      }
    },
    { fails: ['disorder/4'], cause: /tag/i },
  ),
  mistake(
    'the private key is erased when no answer comes',
    class extends ProgramPeer {
      override async sendKeys(): Promise<void> {
        try {
          await super.sendKeys()
        } catch (error) {
          this.erase()
          throw error
        }
      }
    },
    {
      fails: both('disorder/5', 'disorder/19', 'disorder/26'),
      cause: /erase|drop|cost|no answer/i,
    },
  ),
  mistake(
    'keys are sent at once',
    class extends ProgramPeer {
      protected override inTurn<T>(route: string, run: () => Promise<T>): Promise<T> {
        return route === '/wire/keys' ? run() : super.inTurn(route, run)
      }
    },
    { fails: ['disorder/6'], cause: /at once|wait|while/i },
  ),
  mistake(
    'used shares are not remembered',
    class extends ProgramPeer {
      protected override checkUsed(): void {}
    },
    {
      fails: ['disorder/8', 'disorder/9', ...both('disorder/21')],
      cause: /remember|used|again/i,
      also: REFUSALS,
    },
  ),
  mistake(
    'the tag of a new session is not compared',
    tagTaken((peer, session) => session !== peer.candidate && session !== peer.current),
    { fails: both('disorder/10'), cause: /new/i },
  ),
  mistake(
    'the tag of the candidate is not compared',
    tagTaken((peer, session) => session === peer.candidate),
    { fails: both('disorder/10'), cause: /candidate/i },
  ),
  mistake(
    'the tag of the current session is not compared',
    tagTaken((peer, session) => session === peer.current),
    { fails: both('disorder/10'), cause: /current/i },
  ),
  mistake(
    'only the first half of a tag is compared',
    class extends ProgramPeer {
      protected override isRight(session: Session, { tag }: Confirm): boolean {
        return session
          .tag(3 - session.party)
          .subarray(0, 16)
          .equals(tag.subarray(0, 16))
      }
    },
    { fails: both('disorder/10'), cause: /part|half|whole/i },
  ),
  mistake(
    'the own tag passes too',
    class extends ProgramPeer {
      protected override isRight(session: Session, confirm: Confirm): boolean {
        return super.isRight(session, confirm) || session.tag(session.party).equals(confirm.tag)
      }
    },
    { fails: both('disorder/10'), cause: /own/i },
  ),
  mistake(
    'tags in answers are not compared',
    class extends ProgramPeer {
      protected override takeAnswer(confirm: Confirm): boolean {
        const { candidate, current } = this
        if (candidate?.id.equals(confirm.session)) this.promote(candidate)
        else if (!current?.id.equals(confirm.session)) return super.takeAnswer(confirm)
        return false
      }
    },
    { fails: both('disorder/19'), cause: /tag/i },
  ),
  mistake(
    'a text on the candidate does not promote it',
    class extends ProgramPeer {
      #isTaking = false
      override receiveMessage(body: Buffer): Json {
        this.#isTaking = true
        try {
          return super.receiveMessage(body)
        } finally {
          this.#isTaking = false
        }
      }
      protected override promote(candidate: Session): void {
        if (!this.#isTaking) super.promote(candidate)
      }
    },
    { fails: both('disorder/13'), cause: /promot/i, also: ['disorder/26'] },
  ),
  mistake(
    'the previous session is forgotten',
    class extends ProgramPeer {
      protected override promote(candidate: Session): void {
        super.promote(candidate)
        this.previous = null
      }
    },
    {
      fails: [...both('disorder/15'), 'disorder/24'],
      cause: /previous|present key/i,
      also: ['disorder/16', 'disorder/21'],
    },
  ),
  mistake(
    'a key message does not repeat the confirmation of the current session',
    class extends ProgramPeer {
      protected override send(route: string, body: object): Promise<Came> {
        const { confirm, ...rest } = body as Json
        const isOfCurrent = route === '/wire/keys' && confirm && !this.candidate
        return super.send(route, isOfCurrent ? rest : body)
      }
    },
    { fails: both('disorder/18'), cause: /confirm/i },
  ),
  mistake(
    'an identity is never compared',
    class extends ProgramPeer {
      protected override checkIdentity(): void {}
    },
    { fails: ['disorder/22', 'disorder/23'], cause: /identity|compare/i, also: ['keys/17'] },
  ),
  mistake(
    'a restart forgets the known identity',
    class extends ProgramPeer {
      constructor(suite: Suite, start: Start) {
        super(suite, start)
        this.known = null
      }
    },
    { fails: ['disorder/23'], cause: /forg[oe]t|known/i },
  ),
  mistake(
    'only the present key is a reflection',
    class extends ProgramPeer {
      protected override checkReflection(identity: Buffer, publicKey: Buffer): void {
        const own = [this.identity, this.ephemeral].map((one) => one?.publicKey)
        if (own.some((one) => one?.equals(identity) || one?.equals(publicKey)))
          throw new Refusal('reflection')
      }
    },
    { fails: ['disorder/24'], cause: /present|session/i },
  ),
  mistake(
    'a lock is held while the other peer is called',
    class extends ProgramPeer {
      #lock: Promise<unknown> = Promise.resolve()
      protected override async answer(request: http.IncomingMessage) {
        if (!request.url?.startsWith('/send_')) {
          await this.#lock
          return super.answer(request)
        }
        const reply = this.#lock.then(() => super.answer(request))
        this.#lock = reply.catch(() => {})
        return reply
      }
    },
    { fails: [...both('disorder/1'), 'disorder/30'], cause: /lock|one request at a time/i },
  ),
  mistake(
    'redirects are followed',
    class extends ProgramPeer {
      protected override async send(route: string, body: object): Promise<Came> {
        const came = await super.send(route, body)
        const { location } = came.headers
        if (came.status < 300 || came.status > 399 || !location) return came
        const { pathname } = new URL(location, this.start.peer)
        return super.send(pathname, body)
      }
    },
    { fails: ['disorder/28'], cause: /redirect|follow/i },
  ),
  mistake(
    'a late answer counts',
    class extends ProgramPeer {
      protected override readonly patienceMs = 60_000
      protected override async step(route: string, body: Buffer, type: string): Promise<Json> {
        let timer: NodeJS.Timeout | undefined
        const late = new Promise<never>((_resolve, reject) => {
          timer = setTimeout(() => reject(new Error('late')), 5_000)
        })
        const step = super.step(route, body, type)
        step.catch(() => {})
        return Promise.race([step, late]).finally(() => clearTimeout(timer))
      }
    },
    { fails: ['disorder/29'], cause: /late/i },
  ),
  mistake(
    'it waits for an answer without a limit',
    class extends ProgramPeer {
      protected override readonly patienceMs = 600_000
    },
    {
      fails: ['disorder/29', 'pictures/17'],
      cause: /limit/i,
      also: ['messages/*', 'disorder/*', 'pictures/*'],
    },
  ),
  mistake(
    'any 2xx counts as an answer',
    class extends ProgramPeer {
      protected override async send(route: string, body: object): Promise<Came> {
        const came = await super.send(route, body)
        return came.status >= 200 && came.status <= 299 ? { ...came, status: 201 } : came
      }
    },
    { fails: ['messages/22', 'disorder/20'], cause: /2xx|status|20[02]/i },
  ),
]

const TEXTS: readonly Mistake[] = [
  sent('seq as text', (form) => ('seq' in form ? { ...form, seq: String(form['seq']) } : form), {
    fails: ['messages/1'],
    cause: /text|string/i,
    also: ['messages/*', 'disorder/*', 'owner/*'],
  }),
  mistake(
    'the 33rd message is taken',
    class extends ProgramPeer {
      override receiveMessage(body: Buffer): Json {
        const before = this.waiting
        this.waiting = []
        try {
          return super.receiveMessage(body)
        } finally {
          this.waiting = [...before, ...this.waiting]
        }
      }
    },
    { fails: both('messages/15'), cause: /limit/i, also: ['messages/20'] },
  ),
  mistake(
    'replay is not noticed',
    messageTaken('replay', ({ opens }) => opens),
    {
      fails: ['messages/8', 'messages/9', ...both('disorder/21')],
      cause: /replay|again|twice|chain 0|every seq|overtaken|anew/i,
      also: ['messages/20'],
    },
  ),
  mistake(
    'bad UTF-8 is replaced',
    messageTaken('bad_text', ({ seq, chain, behind }) => {
      chain.step(seq, behind)
      return true
    }),
    { fails: ['messages/16'], cause: /UTF-8/, also: ['messages/20'] },
  ),
  mistake(
    'the chain is stepped by what is refused',
    messageTaken('decrypt_failed', ({ seq, chain, behind }) => {
      chain.step(seq, behind)
      return false
    }),
    { fails: both('messages/11'), cause: /step/i, also: ['messages/20'] },
  ),
  mistake(
    'a number may be 5,000 ahead',
    class extends ProgramPeer {
      protected override checkNumber(number: number, next: number): void {
        super.checkNumber(number, number > next && number < next + 5_000 ? number : next)
      }
    },
    { fails: ['messages/10', 'pictures/10'], cause: /limit|ahead|beyond/i, also: ['messages/20'] },
  ),
  mistake(
    'missing is always 0',
    class extends ProgramPeer {
      override receiveMessage(body: Buffer): Json {
        return { ...super.receiveMessage(body), missing: 0 }
      }
    },
    { fails: ['messages/8'], cause: /always 0/i },
  ),
  lenient('seq may be -0', (text) => text.replace(/"seq"\s*:\s*-0(?:\.0)?/, '"seq":0'), {
    fails: ['messages/12'],
    cause: /-0|−0/,
  }),
  mistake(
    'a byte order mark is dropped when a text is sent',
    class extends ProgramPeer {
      override sendMessage(text: string): Promise<number> {
        return super.sendMessage(text.replace(/^\ufeff/, ''))
      }
    },
    { fails: ['messages/7'], cause: /FEFF|byte order/i },
  ),
  mistake(
    'a text is printed when it arrives',
    class extends ProgramPeer {
      override receiveMessage(body: Buffer): Json {
        const taken = super.receiveMessage(body)
        const [last] = this.waiting.slice(-1)
        if (last) this.print(`> ${last.session.open(last.message, last.key).toString()}`)
        return taken
      }
    },
    { fails: ['messages/6'], cause: /arrive/i, also: ['messages/5', 'messages/15'] },
  ),
  mistake(
    'a key seals twice after a refusal',
    class extends ProgramPeer {
      override async sendMessage(text: string): Promise<number> {
        const chain = this.current?.messages.out
        const before = chain && { next: chain.next, value: chain.value }
        try {
          return await Peer.prototype.sendMessage.call(this, text)
        } catch (error) {
          if (chain && before) chain.step(before.next - 1, before.value)
          throw error
        }
      }
    },
    { fails: ['messages/17'], cause: /twice|two texts|one key/i },
  ),
  mistake(
    'what had no answer is sealed again under the next seq',
    class extends ProgramPeer {
      override async sendMessage(text: string): Promise<number> {
        try {
          return await Peer.prototype.sendMessage.call(this, text)
        } catch (error) {
          if (error instanceof Refusal || /not a peer/.test(String(error))) throw error
          return Peer.prototype.sendMessage.call(this, text)
        }
      }
    },
    { fails: ['messages/18'], cause: /next seq|again/i },
  ),
  mistake(
    'texts are sent at once',
    class extends ProgramPeer {
      override sendMessage(text: string): Promise<number> {
        return Peer.prototype.sendMessage.call(this, text)
      }
      protected override inTurn<T>(route: string, run: () => Promise<T>): Promise<T> {
        return route === '/wire/message' ? run() : super.inTurn(route, run)
      }
    },
    { fails: ['messages/19'], cause: /at once|wait|while/i },
  ),
]

const FILES: readonly Mistake[] = [
  mistake(
    "a picture's name is used as a path",
    class extends ProgramPeer {
      protected override keep(type: string, picture: Buffer, name: string): void {
        super.keep(type, picture, name)
        try {
          const file = path.join(this.start.state, 'pictures', name)
          fs.mkdirSync(path.dirname(file), { recursive: true })
          fs.writeFileSync(file, picture)
        } catch {
          // a name that no file can have
        }
      }
    },
    { fails: ['pictures/15'], cause: /path|name/i },
  ),
  mistake(
    'a picture is written before it is whole',
    class extends ProgramPeer {
      override async receivePicture(body: AsyncIterable<Buffer>): Promise<Json> {
        const file = path.join(this.start.state, `incoming-${crypto.randomUUID()}`)
        async function* kept() {
          for await (const part of body) {
            fs.appendFileSync(file, part)
            yield part
          }
        }
        const taken = await super.receivePicture(kept())
        fs.rmSync(file)
        return taken
      }
    },
    { fails: ['pictures/9', 'disorder/27'], cause: /written|leaves/i },
  ),
  mistake(
    'the type of a picture is that of its metadata',
    class extends ProgramPeer {
      protected override isBadPicture(_type: string, picture: Buffer): boolean {
        const types = ['image/png', 'image/jpeg', 'image/webp', 'image/gif']
        const real = types.find((one) => !super.isBadPicture(one, picture.subarray(0, 12)))
        return real !== undefined && super.isBadPicture(real, picture)
      }
    },
    { fails: ['pictures/12'], cause: /type|metadata/i },
  ),
  mistake(
    'the size of a picture is not looked at',
    class extends ProgramPeer {
      protected override isBadPicture(type: string, picture: Buffer): boolean {
        return super.isBadPicture(type, picture.subarray(0, 12))
      }
    },
    { fails: ['pictures/14'], cause: /look|size|pixel/i },
  ),
  mistake(
    'the number of a refused picture is used again',
    class extends ProgramPeer {
      override async sendPicture(picture: Parameters<Peer['sendPicture']>[0]): Promise<number> {
        const chain = this.current?.files.out
        const before = chain && { next: chain.next, value: chain.value }
        try {
          return await super.sendPicture(picture)
        } catch (error) {
          if (chain && before) chain.step(before.next - 1, before.value)
          throw error
        }
      }
    },
    { fails: ['pictures/7', 'pictures/16'], cause: /number/i },
  ),
  mistake(
    'pictures are sent at once',
    class extends ProgramPeer {
      protected override inTurn<T>(route: string, run: () => Promise<T>): Promise<T> {
        return route === '/wire/image' ? run() : super.inTurn(route, run)
      }
    },
    { fails: ['pictures/19'], cause: /at once|wait|while/i },
  ),
]

const OWNERS: readonly Mistake[] = [
  mistake(
    'the secret stands in /show',
    class extends ProgramPeer {
      protected override show(): Json {
        return { ...super.show(), sharedSecret: this.current?.secrets[0].toString('hex') ?? null }
      }
    },
    { fails: ['owner/2'], cause: /DH\(e1, e2\)|shared secret/i },
  ),
  mistake(
    'the texts stand in the answer of /decrypt_msg',
    class extends ProgramPeer {
      override readMessages(): string[] {
        this.#texts = super.readMessages()
        return this.#texts
      }
      #texts: string[] = []
      protected override async step(route: string, body: Buffer, type: string): Promise<Json> {
        const done = await super.step(route, body, type)
        return route === '/decrypt_msg' ? { ...done, texts: this.#texts } : done
      }
    },
    { fails: ['owner/2'], cause: /text/i },
  ),
  mistake(
    'the session is kept in a file, with its secret',
    class extends ProgramPeer {
      protected override promote(candidate: Session): void {
        super.promote(candidate)
        const file = path.join(this.start.state, 'session.json')
        fs.writeFileSync(file, JSON.stringify({ secret: candidate.secrets[0].toString('base64') }))
      }
    },
    { fails: ['owner/3'], cause: /DH\(e1, e2\)|shared secret/i },
  ),
  mistake(
    'a debug line with the secret on standard error',
    class extends ProgramPeer {
      protected override promote(candidate: Session): void {
        super.promote(candidate)
        this.start.stderr(`debug: shared secret ${candidate.secrets[0].toString('hex')}\n`)
      }
    },
    { fails: ['owner/4'], cause: /DH\(e1, e2\)|shared secret/i },
  ),
  mistake(
    'Host is not looked at',
    class extends ProgramPeer {
      protected override checkHost(): void {}
    },
    { fails: ['owner/5'], cause: /Host|look/ },
  ),
  mistake(
    'Host is compared by its beginning',
    class extends ProgramPeer {
      protected override checkHost(request: http.IncomingMessage): void {
        if (!/^(localhost|\[|\d+\.)/.test(request.headers.host ?? '')) super.checkHost(request)
      }
    },
    { fails: ['owner/5'], cause: /begin/i },
  ),
  mistake(
    'a page elsewhere may run a step',
    class extends ProgramPeer {
      protected override checkOrigin(): void {}
    },
    { fails: ['owner/6'], cause: /Origin|runs|step/ },
  ),
  mistake(
    'texts are printed as they are',
    class extends ProgramPeer {
      protected override print(line: string): void {
        this.start.stdout(`${line}\n`)
      }
    },
    { fails: ['owner/7'], cause: /as it is/i },
  ),
  mistake(
    'only ESC is replaced in a text',
    class extends ProgramPeer {
      protected override print(line: string): void {
        this.start.stdout(`${line.replaceAll('\x1b', '?')}\n`)
      }
    },
    { fails: ['owner/7'], cause: /ESC/ },
  ),
  mistake(
    'what the other peer answers is printed as it is',
    class extends ProgramPeer {
      protected override async send(route: string, body: object): Promise<Came> {
        const came = await super.send(route, body)
        if (came.status >= 400) this.start.stderr(`refused: ${titleOf(came.bytes)}\n`)
        return came
      }
    },
    { fails: ['owner/8'], cause: /as it is/i },
  ),
]

function titleOf(body: Buffer): string {
  try {
    return Object.values(parse(body) as Json).join(' ')
  } catch {
    return tamed(body.toString())
  }
}

const KEMS: readonly Mistake[] = [
  mistake(
    'an identity for each suite',
    class extends ProgramPeer {
      constructor(suite: Suite, start: Start) {
        super(suite, { ...start, state: path.join(start.state, suite.name) })
      }
    },
    { curve: 'X25519MLKEM768', fails: ['kem/2'], cause: /each suite|identity/i },
  ),
  mistake(
    'an encapsulation key is not checked',
    class extends ProgramPeer {
      constructor(suite: Suite, start: Start) {
        super({ ...suite, kem: suite.kem && { ...suite.kem, isBad: () => false } }, start)
      }
    },
    { curve: 'X25519MLKEM768', fails: ['kem/1'], cause: /check/i, also: [...REFUSALS, 'keys/12'] },
  ),
  mistake(
    'reflection: whole public keys are compared',
    class extends ProgramPeer {
      protected override checkReflection(identity: Buffer, publicKey: Buffer): void {
        const [, point] = halves(this.suite, publicKey)
        const own = [this.ephemeral, this.current?.own, this.previous?.own]
        const isKey = own.some((one) => one?.publicKey.equals(publicKey))
        const isIdentity = [identity, point].some((one) => this.identity.publicKey.equals(one))
        const isPoint = own.some(
          (one) => one && halves(this.suite, one.publicKey)[1].equals(identity),
        )
        if (isKey || isIdentity || isPoint) throw new Refusal('reflection')
      }
    },
    { curve: 'X25519MLKEM768', fails: ['kem/4'], cause: /whole|half/i, also: REFUSALS },
  ),
]

export const MISTAKES: readonly Mistake[] = [
  ...TRANSCRIPTS,
  ...SCHEDULES,
  ...MESSAGES,
  ...PICTURES,
  ...SAFETY,
  ...KEYS,
  ...SESSIONS,
  ...TEXTS,
  ...FILES,
  ...OWNERS,
  ...KEMS,
]
