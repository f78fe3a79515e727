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

export function same(a: Share | null, b: Share | null): boolean {
  return !!a && !!b && a.identity.equals(b.identity) && a.publicKey.equals(b.publicKey)
}

/** T of two shares in either order; `ciphertext` exactly if there is a KEM. */
export function transcriptOf(suite: Suite, a: Share, b: Share, ciphertext?: Buffer): Buffer {
  const shares = [encodeShare(suite, a), encodeShare(suite, b)].sort(Buffer.compare)
  const terms = ciphertext ? [...shares, ciphertext] : shares
  return sha('sha256', joined(Buffer.from('duet/2 transcript'), lp(...terms)))
}

/** Whether the confirmation's session is the one that two shares give, with its ciphertext. */
export function follows(suite: Suite, confirm: Confirm, a: Share, b: Share): boolean {
  const { session, ciphertext } = confirm
  if ((suite.kem !== null) !== (ciphertext !== undefined)) return false
  return transcriptOf(suite, a, b, ciphertext).subarray(0, 16).equals(session)
}

/** The keys of one direction. Those behind it are overwritten. */
export class Chain {
  #value: Buffer
  next = 0

  constructor(value: Buffer) {
    this.#value = value
  }

  /** A copy of chain_next. */
  get value(): Buffer {
    return Buffer.from(this.#value)
  }

  /** key_n and chain_(n+1), for an n that is not below the next one. Changes nothing. */
  ahead(n: number): { key: Buffer; chain: Buffer } {
    let chain = this.value
    for (let i = this.next; i < n; i++) {
      const after = hmac(chain, u(1, 2))
      chain.fill(0)
      chain = after
    }
    const found = { key: hmac(chain, u(1, 1)), chain: hmac(chain, u(1, 2)) }
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

  /** `given`: the other one's ciphertext, if it is theirs that counts; `m`: for an own one. */
  constructor(
    suite: Suite,
    identity: KeyPair,
    ephemeral: Ephemeral,
    theirs: Share,
    given?: Buffer,
    m = crypto.randomBytes(32),
  ) {
    const { curve } = suite
    this.suite = suite
    this.own = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
    this.theirs = theirs
    const [ours, others] = [encodeShare(suite, this.own), encodeShare(suite, theirs)]
    this.party = ours.compare(others) < 0 ? 1 : 2
    this.shares = this.party === 1 ? [ours, others] : [others, ours]
    const [theirKey, theirPoint] = halves(suite, theirs.publicKey)
    const kem = encapsulated(suite, ephemeral, theirKey, given, m)
    this.ciphertext = kem?.ciphertext ?? null
    this.madeCiphertext = kem !== null && given === undefined
    this.kemSecret = kem?.secret ?? null
    this.transcript = transcriptOf(suite, this.own, theirs, kem?.ciphertext)
    this.id = this.transcript.subarray(0, 16)
    const ee = curve.dh(ephemeral.point.privateKey, theirPoint)
    const ie = curve.dh(identity.privateKey, theirPoint)
    const ei = curve.dh(ephemeral.point.privateKey, theirs.identity)
    this.secrets = this.party === 1 ? [ee, ie, ei] : [ee, ei, ie]
    const material = [...(kem ? [kem.secret] : []), ...this.secrets]
    this.pseudorandomKey = hmac(this.transcript, joined(...material))
    this.messages = this.#chains('chain')
    this.files = this.#chains('files')
  }

  #chains(label: string): Record<'out' | 'in', Chain> {
    const other = 3 - this.party
    return {
      out: new Chain(this.key(`${label} ${this.party}>${other}`, 32)),
      in: new Chain(this.key(`${label} ${other}>${this.party}`, 32)),
    }
  }

  /** K(label, n): HKDF's expand, for which one block is always enough. */
  key(label: string, n: number): Buffer {
    const info = Buffer.from(`duet/2 ${label}\x01`, 'latin1')
    return hmac(this.pseudorandomKey, info).subarray(0, n)
  }

  tag(party: number): Buffer {
    return hmac(this.key(`confirm ${party}`, 32), this.transcript)
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
    const label = Buffer.from('duet/2 message')
    return [u(12, seq), joined(label, this.id, u(1, party), u(8, seq))]
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
    const plain = joined(lp(Buffer.from(JSON.stringify(metadata))), picture)
    const parts = [this.pictureHead(taken.number)]
    for (let at = 0; at < plain.length; at += CHUNK) {
      const chunk = plain.subarray(at, at + CHUNK)
      parts.push(sealChunk(taken.key, at / CHUNK, at + CHUNK >= plain.length, chunk))
    }
    taken.key.fill(0)
    return joined(...parts)
  }

  pictureHead(number: number): Buffer {
    return joined(Buffer.from('DUET2'), this.id, u(8, number))
  }
}

const NONE = Buffer.alloc(0)
const chunkNonce = (n: number, isLast: boolean) => joined(u(11, n), u(1, isLast ? 1 : 0))

export function sealChunk(key: Buffer, n: number, isLast: boolean, plain: Buffer): Buffer {
  return seal(key, chunkNonce(n, isLast), NONE, plain)
}

/** A chunk has a byte of plaintext at least. */
export function openChunk(key: Buffer, n: number, isLast: boolean, sealed: Buffer): Buffer {
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

export function safetyNumber(curve: Curve, identities: readonly [Buffer, Buffer]): string {
  const groups = identities.map((identity) => {
    const label = Buffer.from('duet/2 safety number')
    const hash = sha('sha512', joined(label, u(2, curve.id), lp(identity)))
    const numbers = [0, 5, 10, 15, 20, 25].map((at) => hash.readUIntBE(at, 5) % 100_000)
    return numbers.map((number) => String(number).padStart(5, '0')).join(' ')
  })
  return groups.sort().join(' ')
}
