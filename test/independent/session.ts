/** What two shares give in duet/2: transcript, keys, chains, seals. */

import crypto from 'node:crypto'
import {
  type Curve,
  type Encapsulated,
  type Ephemeral,
  halves,
  type KeyPair,
  type Suite,
} from './suites.ts'

export type Share = Readonly<Record<'identity' | 'publicKey', Buffer>>
export interface Confirm {
  readonly session: Buffer
  readonly tag: Buffer
  readonly ciphertext?: Buffer | undefined
}
export type Sealed = { readonly session: Buffer; readonly seq: number; readonly ciphertext: Buffer }
export type Metadata = Readonly<Record<string, unknown>>

/** What was refused, here or by the other peer. */
export class Refusal extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

export const COUNT_LIMIT = 2 ** 20
export const CHUNK = 65_536
const TAG = 16

const joined = (...parts: Buffer[]) => Buffer.concat(parts)
const sha = (name: string, data: Buffer) => crypto.createHash(name).update(data).digest()
const hmac = (key: Buffer, data: Buffer) => crypto.createHmac('sha256', key).update(data).digest()

export function u(size: number, value: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex')
}

function lp(...parts: Buffer[]): Buffer {
  return joined(...parts.flatMap((part) => [u(2, part.length), part]))
}

export function encodeShare(suite: Suite, { identity, publicKey }: Share): Buffer {
  return joined(u(2, suite.id), lp(identity, publicKey))
}

/** What stands in the label of a chain: messages, or pictures. */
export type Kind = 'chain' | 'files'

/** What is computed on the way from two shares to a seal, each by itself: a test exchanges one for a student's mistake. */
export const STEPS = {
  share: encodeShare,
  /** Whether one's own share is s1. */
  isFirst: (ours: Buffer, others: Buffer, _own: Share, _theirs: Share): boolean =>
    ours.compare(others) < 0,
  /** `terms`: s1, s2, and the KEM's ciphertext. */
  transcript: (terms: readonly Buffer[]): Buffer =>
    sha('sha256', joined(Buffer.from('duet/2 transcript'), lp(...terms))),
  id: (transcript: Buffer): Buffer => transcript.subarray(0, 16),
  /** Which party one is, behind the transcript. */
  party: (party: 1 | 2): 1 | 2 => party,
  /** The DHs as they stand in ikm; `ie` is that of one's own identity, `ei` that of the other's. */
  ikm: (party: 1 | 2, ee: Buffer, ie: Buffer, ei: Buffer): Buffer[] =>
    party === 1 ? [ee, ie, ei] : [ee, ei, ie],
  extract: (transcript: Buffer, material: Buffer): Buffer => hmac(transcript, material),
  /** HKDF's expand, for which one block is always enough. */
  expand: (pseudorandomKey: Buffer, label: string, _transcript: Buffer): Buffer =>
    hmac(pseudorandomKey, Buffer.from(`duet/2 ${label}\x01`, 'latin1')),
  tag: (key: Buffer, transcript: Buffer): Buffer => hmac(key, transcript),
  /** The labels of the chains that this party sends and receives with. */
  directions: (kind: Kind, party: 1 | 2): [out: string, back: string] => [
    `${kind} ${party}>${3 - party}`,
    `${kind} ${3 - party}>${party}`,
  ],
  firstChain: (_kind: Kind, key: Buffer, _secrets: readonly Buffer[]): Buffer => key,
  chainKey: (_kind: Kind, chain: Buffer): Buffer => hmac(chain, u(1, 1)),
  nextChain: (_kind: Kind, chain: Buffer): Buffer => hmac(chain, u(1, 2)),
  nonce: (seq: number, _isOpening: boolean): Buffer => u(12, seq),
  data: (id: Buffer, sender: number, seq: number): Buffer =>
    joined(Buffer.from('duet/2 message'), id, u(1, sender), u(8, seq)),
  chunks: (plain: Buffer): Buffer[] =>
    Array.from({ length: Math.ceil(plain.length / CHUNK) }, (_, i) =>
      plain.subarray(i * CHUNK, (i + 1) * CHUNK),
    ),
  chunkNonce: (n: number, isLast: boolean): Buffer => joined(u(11, n), u(1, isLast ? 1 : 0)),
  metadata: (written: Buffer): Buffer => lp(written),
  /** The halves of the safety number, of which the first is one's own. */
  halves: (halves: readonly string[]): string[] => halves.toSorted(),
}
export type Steps = typeof STEPS

export function same(a: Share | null, b: Share | null): boolean {
  return !!a && !!b && a.identity.equals(b.identity) && a.publicKey.equals(b.publicKey)
}

/** T; `ciphertext` exactly if there is a KEM. */
export function transcriptOf(
  suite: Suite,
  own: Share,
  theirs: Share,
  ciphertext?: Buffer,
  steps: Steps = STEPS,
): Buffer {
  const [ours, others] = [steps.share(suite, own), steps.share(suite, theirs)]
  const shares = steps.isFirst(ours, others, own, theirs) ? [ours, others] : [others, ours]
  return steps.transcript(ciphertext ? [...shares, ciphertext] : shares)
}

/** Whether the confirmation's session is the one that two shares give, with its ciphertext. */
export function follows(
  suite: Suite,
  { session, ciphertext }: Confirm,
  own: Share,
  theirs: Share,
  steps: Steps = STEPS,
): boolean {
  if ((suite.kem !== null) !== (ciphertext !== undefined)) return false
  return steps.id(transcriptOf(suite, own, theirs, ciphertext, steps)).equals(session)
}

/** The keys of one direction. Those behind it are overwritten. */
export class Chain {
  #value: Buffer
  next = 0
  readonly #kind: Kind
  readonly #steps: Steps

  constructor(value: Buffer, kind: Kind = 'chain', steps: Steps = STEPS) {
    this.#value = value
    this.#kind = kind
    this.#steps = steps
  }

  /** A copy of chain_next. */
  get value(): Buffer {
    return Buffer.from(this.#value)
  }

  /** key_n and chain_(n+1), for an n that is not below the next one. Changes nothing. */
  ahead(n: number): { key: Buffer; chain: Buffer } {
    let chain = this.value
    for (let i = this.next; i < n; i++) {
      const after = this.#steps.nextChain(this.#kind, chain)
      chain.fill(0)
      chain = after
    }
    const [kind, steps] = [this.#kind, this.#steps]
    const found = { key: steps.chainKey(kind, chain), chain: steps.nextChain(kind, chain) }
    chain.fill(0)
    return found
  }

  step(n: number, chain: Buffer): void {
    this.#value.fill(0)
    this.#value = chain
    this.next = n + 1
  }

  /** The next number, and its key. */
  take(): { number: number; key: Buffer } {
    const number = this.next
    if (number >= COUNT_LIMIT) throw new Refusal('rekey_required')
    const { key, chain } = this.ahead(number)
    this.step(number, chain)
    return { number, key }
  }
}

function seal(key: Buffer, nonce: Buffer, data: Buffer, plain: Buffer): Buffer {
  const cipher = crypto.createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG })
  cipher.setAAD(data, { plaintextLength: plain.length })
  return joined(cipher.update(plain), cipher.final(), cipher.getAuthTag())
}

function open(key: Buffer, nonce: Buffer, data: Buffer, sealed: Buffer): Buffer {
  const end = sealed.length - TAG
  if (end < 0) throw new Refusal('decrypt_failed')
  const cipher = crypto.createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG })
  cipher.setAAD(data, { plaintextLength: end }).setAuthTag(sealed.subarray(end))
  try {
    return joined(cipher.update(sealed.subarray(0, end)), cipher.final())
  } catch {
    throw new Refusal('decrypt_failed')
  }
}

/** What two shares, one side's private keys, and the ciphertext of either give. */
export class Session {
  readonly suite: Suite
  readonly own: Share
  readonly theirs: Share
  readonly party: 1 | 2
  readonly shares: readonly [Buffer, Buffer]
  readonly transcript: Buffer
  readonly id: Buffer
  readonly ciphertext: Buffer | null
  readonly madeCiphertext: boolean
  /** DH(e1, e2), DH(id1, e2), DH(e1, id2). */
  readonly secrets: readonly [Buffer, Buffer, Buffer]
  readonly kemSecret: Buffer | null
  readonly pseudorandomKey: Buffer
  readonly messages: Readonly<Record<'out' | 'in', Chain>>
  readonly files: Readonly<Record<'out' | 'in', Chain>>
  /** Whether it was ever promoted. */
  isConfirmed = false
  readonly #steps: Steps

  /** `given`: the other one's ciphertext, if it is theirs that counts; `m`: for an own one. */
  constructor(
    suite: Suite,
    identity: KeyPair,
    ephemeral: Ephemeral,
    theirs: Share,
    given?: Buffer,
    m = crypto.randomBytes(32),
    steps: Steps = STEPS,
  ) {
    const { curve } = suite
    this.suite = suite
    this.#steps = steps
    this.own = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
    this.theirs = theirs
    const [ours, others] = [steps.share(suite, this.own), steps.share(suite, theirs)]
    const isFirst = steps.isFirst(ours, others, this.own, theirs)
    this.shares = isFirst ? [ours, others] : [others, ours]
    this.party = steps.party(isFirst ? 1 : 2)
    const [theirKey, theirPoint] = halves(suite, theirs.publicKey)
    const kem = encapsulated(suite, ephemeral, theirKey, given, m)
    this.ciphertext = kem?.ciphertext ?? null
    this.madeCiphertext = kem !== null && given === undefined
    this.kemSecret = kem?.secret ?? null
    this.transcript = transcriptOf(suite, this.own, theirs, kem?.ciphertext, steps)
    this.id = steps.id(this.transcript)
    const ee = curve.dh(ephemeral.point.privateKey, theirPoint)
    const ie = curve.dh(identity.privateKey, theirPoint)
    const ei = curve.dh(ephemeral.point.privateKey, theirs.identity)
    this.secrets = this.party === 1 ? [ee, ie, ei] : [ee, ei, ie]
    const material = [...(kem ? [kem.secret] : []), ...steps.ikm(this.party, ee, ie, ei)]
    this.pseudorandomKey = steps.extract(this.transcript, joined(...material))
    this.messages = this.#chains('chain')
    this.files = this.#chains('files')
  }

  #chains(kind: Kind): Record<'out' | 'in', Chain> {
    const steps = this.#steps
    const [out, back] = steps.directions(kind, this.party).map((label) => {
      const value = steps.firstChain(kind, this.key(label, 32), this.secrets)
      return new Chain(value, kind, steps)
    }) as [Chain, Chain]
    return { out, in: back }
  }

  /** K(label, n). */
  key(label: string, n: number): Buffer {
    return this.#steps.expand(this.pseudorandomKey, label, this.transcript).subarray(0, n)
  }

  tag(party: number): Buffer {
    return this.#steps.tag(this.key(`confirm ${party}`, 32), this.transcript)
  }

  get confirm(): Confirm {
    const ciphertext = this.madeCiphertext ? this.ciphertext : null
    return { session: this.id, tag: this.tag(this.party), ...(ciphertext && { ciphertext }) }
  }

  /** Whether the tag is the other party's, and the ciphertext that of its making, if it made one. */
  isRight({ tag, ciphertext }: Confirm): boolean {
    const made = this.madeCiphertext ? null : this.ciphertext
    const isTheirs = made && ciphertext ? made.equals(ciphertext) : !made && !ciphertext
    return crypto.timingSafeEqual(tag, this.tag(3 - this.party)) && isTheirs
  }

  /** Nonce and associated data of a message. */
  parameters(party: number, seq: number): [nonce: Buffer, data: Buffer] {
    const isOpening = party !== this.party
    return [this.#steps.nonce(seq, isOpening), this.#steps.data(this.id, party, seq)]
  }

  seal(text: Buffer): Sealed {
    const { number, key } = this.messages.out.take()
    return this.#sealed(number, key, text)
  }

  /** A message further on, and what the chain is, as it was. */
  sealAhead(seq: number, text: Buffer): Sealed {
    return this.#sealed(seq, this.messages.out.ahead(seq).key, text)
  }

  #sealed(seq: number, key: Buffer, text: Buffer): Sealed {
    const ciphertext = seal(key, ...this.parameters(this.party, seq), text)
    key.fill(0)
    return { session: this.id, seq, ciphertext }
  }

  open({ seq, ciphertext }: Sealed, key: Buffer): Buffer {
    return open(key, ...this.parameters(3 - this.party, seq), ciphertext)
  }

  /** The whole body of a picture; `number`: one further on, which leaves the chain as it was. */
  sealPicture(metadata: Metadata, picture: Buffer, number?: number): Buffer {
    const chain = this.files.out
    const taken = number === undefined ? chain.take() : { number, key: chain.ahead(number).key }
    const steps = this.#steps
    const plain = joined(steps.metadata(Buffer.from(JSON.stringify(metadata))), picture)
    const chunks = steps.chunks(plain)
    const sealed = chunks.map((chunk, i) =>
      sealChunk(taken.key, i, i === chunks.length - 1, chunk, steps),
    )
    taken.key.fill(0)
    return joined(this.pictureHead(taken.number), ...sealed)
  }

  pictureHead(number: number): Buffer {
    return joined(Buffer.from('DUET2'), this.id, u(8, number))
  }
}

const NONE = Buffer.alloc(0)

export function sealChunk(
  key: Buffer,
  n: number,
  isLast: boolean,
  plain: Buffer,
  { chunkNonce }: Steps = STEPS,
): Buffer {
  return seal(key, chunkNonce(n, isLast), NONE, plain)
}

/** A chunk has a byte of plaintext at least. */
export function openChunk(
  key: Buffer,
  n: number,
  isLast: boolean,
  sealed: Buffer,
  { chunkNonce }: Steps = STEPS,
): Buffer {
  const plain = open(key, chunkNonce(n, isLast), NONE, sealed)
  if (plain.length === 0) throw new Refusal('decrypt_failed')
  return plain
}

function encapsulated(
  { kem }: Suite,
  own: Ephemeral,
  theirs: Buffer | null,
  given: Buffer | undefined,
  m: Buffer,
): Encapsulated | null {
  if (!kem || !own.kem || !theirs) return null
  if (!given) return kem.encapsulate(theirs, m)
  return { ciphertext: given, secret: kem.decapsulate(own.kem.privateKey, given) }
}

/** `identities`: one's own first. */
export function safetyNumber(
  curve: Curve,
  identities: readonly [Buffer, Buffer],
  steps: Steps = STEPS,
): string {
  const groups = identities.map((identity) => {
    const label = Buffer.from('duet/2 safety number')
    const hash = sha('sha512', joined(label, u(2, curve.id), lp(identity)))
    const numbers = [0, 5, 10, 15, 20, 25].map((at) => hash.readUIntBE(at, 5) % 100_000)
    return numbers.map((number) => String(number).padStart(5, '0')).join(' ')
  })
  return steps.halves(groups).join(' ')
}
