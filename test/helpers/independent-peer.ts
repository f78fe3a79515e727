/** A second duet/1, written from src/protocol/README.md alone, on Node's own modules. */

import { isUtf8 } from 'node:buffer'
import crypto from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Curve {
  readonly name: string
  readonly id: number
  readonly basePoint: Buffer
  publicKey(privateKey: Buffer): Buffer
  /** Throws on a point that OpenSSL doesn't take. */
  dh(privateKey: Buffer, point: Buffer): Buffer
  isBad(point: Buffer): boolean
}

export type KeyPair = Readonly<Record<'privateKey' | 'publicKey', Buffer>>
export type Share = Readonly<Record<'identity' | 'publicKey', Buffer>>
export type Confirm = Readonly<Record<'session' | 'tag', Buffer>>
export type Sealed = { readonly session: Buffer; readonly seq: number; readonly ciphertext: Buffer }
export type Moment = 'request out' | 'request in' | 'answer out' | 'answer in'
type Json = Record<string, unknown>

/** What was refused, here or by the other peer. */
export class Refusal extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

const SEQ_LIMIT = 2 ** 20
const MAX_WAITING = 32
const MAX_USED = 64
const MAX_TEXT = 16_384
const HOUR_MS = 3_600_000
const HOST = /^(localhost|[\d.]+|\[[\da-f:.]+\])(:\d+)?$/i
/** Refusals of what is well-formed and doesn't fit the receiver's state. */
const CONFLICTS =
  'curve_mismatch reflection identity_changed stale_keys confirm_failed unknown_session replay rekey_required'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const joined = (...parts: Buffer[]) => Buffer.concat(parts)
const sha = (name: string, data: Buffer) => crypto.createHash(name).update(data).digest()
const hmac = (key: Buffer, data: Buffer) => crypto.createHmac('sha256', key).update(data).digest()

function throws(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch {
    return true
  }
}

const PKCS8 = {
  type: 'pkcs8',
  format: 'der',
  head: bytes('302e020100300506032b656e04220420'),
} as const
const SPKI = { type: 'spki', format: 'der', head: bytes('302a300506032b656e032100') } as const
const PRIME_25519 = bytes(`7f${'ff'.repeat(30)}ed`)

const X25519: Curve = {
  name: 'X25519',
  id: 1,
  basePoint: bytes(`09${'00'.repeat(31)}`),
  publicKey: (privateKey) => X25519.dh(privateKey, X25519.basePoint),
  dh: (privateKey, point) =>
    crypto.diffieHellman({
      privateKey: crypto.createPrivateKey({ ...PKCS8, key: joined(PKCS8.head, privateKey) }),
      publicKey: crypto.createPublicKey({ ...SPKI, key: joined(SPKI.head, point) }),
    }),
  isBad: (point) =>
    Buffer.from(point).reverse().compare(PRIME_25519) >= 0 ||
    throws(() => X25519.dh(Buffer.alloc(32, 1), point)),
}

const P256: Curve = {
  name: 'P-256',
  id: 2,
  basePoint: bytes(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
      '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  ),
  publicKey: (privateKey) => p256(privateKey).getPublicKey(),
  dh: (privateKey, point) => p256(privateKey).computeSecret(point),
  isBad: (point) => point[0] !== 4 || throws(() => P256.dh(Buffer.alloc(32, 1), point)),
}

function p256(privateKey: Buffer): crypto.ECDH {
  const ecdh = crypto.createECDH('prime256v1')
  ecdh.setPrivateKey(privateKey)
  return ecdh
}

export const INDEPENDENT_CURVES: readonly Curve[] = [X25519, P256]

export function keyPair(curve: Curve, privateKey = crypto.randomBytes(32)): KeyPair {
  return { privateKey, publicKey: curve.publicKey(privateKey) }
}

function u(size: number, value: number): Buffer {
  return bytes(value.toString(16).padStart(2 * size, '0'))
}

function lp(...parts: Buffer[]): Buffer {
  return joined(...parts.flatMap((part) => [u(2, part.length), part]))
}

function encodeShare(curve: Curve, { identity, publicKey }: Share): Buffer {
  return joined(u(2, curve.id), lp(identity, publicKey))
}

function same(a: Share | null, b: Share | null): boolean {
  return !!a && !!b && a.identity.equals(b.identity) && a.publicKey.equals(b.publicKey)
}

/** What two shares and one side's private keys give. */
export class Session {
  readonly own: Share
  readonly theirs: Share
  readonly party: 1 | 2
  readonly shares: readonly [Buffer, Buffer]
  readonly transcript: Buffer
  readonly id: Buffer
  /** DH(e1, e2), DH(id1, e2), DH(e1, id2). */
  readonly secrets: readonly [Buffer, Buffer, Buffer]
  readonly pseudorandomKey: Buffer
  sent = 0
  expected = 0

  constructor(curve: Curve, identity: KeyPair, ephemeral: KeyPair, theirs: Share) {
    this.own = { identity: identity.publicKey, publicKey: ephemeral.publicKey }
    this.theirs = theirs
    const [ours, others] = [encodeShare(curve, this.own), encodeShare(curve, theirs)]
    this.party = ours.compare(others) < 0 ? 1 : 2
    this.shares = this.party === 1 ? [ours, others] : [others, ours]
    const label = Buffer.from('duet/1 transcript')
    this.transcript = sha('sha256', joined(label, lp(...this.shares)))
    this.id = this.transcript.subarray(0, 16)
    const ee = curve.dh(ephemeral.privateKey, theirs.publicKey)
    const ie = curve.dh(identity.privateKey, theirs.publicKey)
    const ei = curve.dh(ephemeral.privateKey, theirs.identity)
    this.secrets = this.party === 1 ? [ee, ie, ei] : [ee, ei, ie]
    this.pseudorandomKey = hmac(this.transcript, Buffer.concat(this.secrets))
  }

  /** K(label, n): HKDF's expand, for which one block is always enough. */
  key(label: string, n: number): Buffer {
    const info = Buffer.from(`duet/1 ${label}\x01`, 'latin1')
    return hmac(this.pseudorandomKey, info).subarray(0, n)
  }

  tag(party: number): Buffer {
    return hmac(this.key(`confirm ${party}`, 32), this.transcript)
  }

  get confirm(): Confirm {
    return { session: this.id, tag: this.tag(this.party) }
  }

  isRight({ tag }: Confirm): boolean {
    return crypto.timingSafeEqual(tag, this.tag(3 - this.party))
  }

  /** Key, nonce and associated data of a message. */
  parameters(party: number, seq: number): [Buffer, Buffer, Buffer] {
    const direction = `${party}>${3 - party}`
    const nonce = this.key(`iv ${direction}`, 12)
    for (const [i, byte] of u(12, seq).entries()) nonce[i] = (nonce[i] ?? 0) ^ byte
    const label = Buffer.from('duet/1 message')
    const data = joined(label, this.id, u(1, party), u(8, seq))
    return [this.key(`key ${direction}`, 32), nonce, data]
  }

  seal(text: Buffer): Sealed {
    if (this.sent >= SEQ_LIMIT) throw new Refusal('rekey_required')
    const seq = this.sent++
    const [key, nonce, data] = this.parameters(this.party, seq)
    const cipher = crypto.createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    cipher.setAAD(data, { plaintextLength: text.length })
    const ciphertext = joined(cipher.update(text), cipher.final(), cipher.getAuthTag())
    return { session: this.id, seq, ciphertext }
  }

  open({ seq, ciphertext }: Sealed): Buffer {
    const [key, nonce, data] = this.parameters(3 - this.party, seq)
    const cipher = crypto.createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    const end = ciphertext.length - 16
    cipher.setAAD(data, { plaintextLength: end }).setAuthTag(ciphertext.subarray(end))
    try {
      return joined(cipher.update(ciphertext.subarray(0, end)), cipher.final())
    } catch {
      throw new Refusal('decrypt_failed')
    }
  }
}

export function safetyNumber(curve: Curve, identities: readonly [Buffer, Buffer]): string {
  const halves = identities.map((identity) => {
    const label = Buffer.from('duet/1 safety number')
    const hash = sha('sha512', joined(label, u(2, curve.id), lp(identity)))
    const groups = [0, 5, 10, 15, 20, 25].map((at) => hash.readUIntBE(at, 5) % 100_000)
    return groups.map((group) => String(group).padStart(5, '0')).join(' ')
  })
  return halves.sort().join(' ')
}

const confirmForm = (confirm: Confirm | undefined) =>
  confirm && {
    confirm: { session: confirm.session.toString('hex'), tag: confirm.tag.toString('hex') },
  }

export function keyForm(curve: Curve, { identity, publicKey }: Share, confirm?: Confirm) {
  return {
    v: 1,
    curve: curve.name,
    basePoint: curve.basePoint.toString('hex'),
    identity: identity.toString('hex'),
    publicKey: publicKey.toString('hex'),
    ...confirmForm(confirm),
  }
}

export function messageForm({ session, seq, ciphertext }: Sealed) {
  return { v: 1, session: session.toString('hex'), seq, ciphertext: ciphertext.toString('hex') }
}

/** `value` as an object with exactly these fields; a type that ends with `?` is optional. */
function fields(value: unknown, types: Record<string, string>): Json {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject) throw new Refusal('bad_message')
  const object = value as Json
  const { v } = object
  if ('v' in types && typeof v === 'number' && v !== 1) throw new Refusal('bad_version')
  const isKnown = Object.keys(object).every((name) => Object.hasOwn(types, name))
  const isTyped = Object.entries(types).every(([name, type]) =>
    name in object ? type.startsWith(typeof object[name]) : type.endsWith('?'),
  )
  if (!isKnown || !isTyped) throw new Refusal('bad_message')
  return object
}

function confirmFields(value: unknown): Json {
  return fields(value, { session: 'string', tag: 'string' })
}

/** Bytes of a field; `most` is for those of no fixed length. */
function decode(value: unknown, length: number, most = length): Buffer {
  const hex = String(value)
  const isRight = /^(?:[0-9a-f]{2})*$/.test(hex)
  if (!isRight || hex.length < 2 * length || hex.length > 2 * most)
    throw new Refusal('bad_encoding')
  return bytes(hex)
}

function decodeConfirm(confirm: Json): Confirm {
  return { session: decode(confirm['session'], 16), tag: decode(confirm['tag'], 32) }
}

export class IndependentPeer {
  readonly curve: Curve
  readonly identity: KeyPair
  /** The other peer's base URL. */
  peerUrl = ''
  /** What may hold up a request or its answer, or lose it by throwing. */
  passing: (moment: Moment, path: string) => Promise<void> | void = () => {}
  known: Buffer | null = null
  current: Session | null = null
  #ephemeral: KeyPair | null = null
  #share: Share | null = null
  #candidate: Session | null = null
  #previous: Session | null = null
  #slot: Confirm | null = null
  #used: Share[] = []
  #waiting: [Session, Sealed][] = []
  #hour: NodeJS.Timeout | undefined
  #turns: Record<string, Promise<unknown>> = {}
  #server = http.createServer((request, response) => this.#serve(request, response))

  constructor(curve: Curve) {
    this.curve = curve
    this.identity = keyPair(curve)
  }

  /** Listens on a free port. */
  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): Promise<void> {
    this.restart()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** Loses all that a program loses when it ends. */
  restart(): void {
    this.#erase()
    this.current = this.#previous = this.#share = this.#slot = null
    this.#used = []
    this.#waiting = []
  }

  sendKeys(): Promise<void> {
    return this.#inTurn('/wire/keys', async () => {
      this.#erase()
      this.#slot = null
      this.#ephemeral = keyPair(this.curve)
      this.#hour = setTimeout(() => this.#erase(), HOUR_MS).unref()
      if (this.#share) this.#candidate = this.#derive(this.#share)
      const share = { identity: this.identity.publicKey, publicKey: this.#ephemeral.publicKey }
      const answer = await this.#post('/wire/keys', keyForm(this.curve, share, this.#confirm))
      const { accepted, confirm } = fields(answer, { accepted: 'boolean', confirm: 'object?' })
      if (accepted !== true) throw new Refusal('bad_message')
      if (confirm === undefined) return
      const taken = decodeConfirm(confirmFields(confirm))
      this.#check(taken, this.#candidate, this.current)
      if (!this.#take(taken)) this.#slot = taken
    })
  }

  /** Returns what the other side reports missing. */
  sendMessage(text: string): Promise<number> {
    return this.#inTurn('/wire/message', async () => {
      const plain = Buffer.from(text)
      if (!this.current) throw new Refusal('no_session')
      if (plain.length > MAX_TEXT) throw new Refusal('too_large')
      const answer = await this.#post('/wire/message', messageForm(this.current.seal(plain)))
      const { accepted, missing } = fields(answer, { accepted: 'boolean', missing: 'number' })
      if (accepted !== true) throw new Refusal('bad_message')
      return Number(missing)
    })
  }

  readMessages(): string[] {
    return this.#waiting.splice(0).map(([session, message]) => session.open(message).toString())
  }

  safetyNumber(): string {
    if (!this.known) throw new Refusal('no_session')
    return safetyNumber(this.curve, [this.identity.publicKey, this.known])
  }

  get #confirm(): Confirm | undefined {
    return (this.#candidate ?? this.current)?.confirm
  }

  #derive(share: Share): Session | null {
    return this.#ephemeral && new Session(this.curve, this.identity, this.#ephemeral, share)
  }

  #erase(): void {
    clearTimeout(this.#hour)
    this.#ephemeral = this.#candidate = null
  }

  #use(share: Share): void {
    this.#used = [...this.#used, share].slice(-MAX_USED)
  }

  #promote(candidate: Session): void {
    this.#previous = this.current
    this.current = candidate
    this.#erase()
    this.#share = this.#slot = null
    this.#use(candidate.theirs)
    this.known = candidate.theirs.identity
  }

  #check(confirm: Confirm, ...sessions: (Session | null)[]): void {
    for (const session of sessions)
      if (session?.id.equals(confirm.session) && !session.isRight(confirm))
        throw new Refusal('confirm_failed')
  }

  /** Takes a confirmation whose tag was checked; false if it names neither session. */
  #take({ session }: Confirm): boolean {
    const isCandidate = this.#candidate?.id.equals(session) ?? false
    if (isCandidate && this.#candidate) this.#promote(this.#candidate)
    return isCandidate || (this.current?.id.equals(session) ?? false)
  }

  #receiveKeys(value: unknown): Json {
    const form = fields(value, {
      v: 'number',
      curve: 'string',
      basePoint: 'string',
      identity: 'string',
      publicKey: 'string',
      confirm: 'object?',
    })
    const confirmation = form['confirm'] === undefined ? null : confirmFields(form['confirm'])
    const { curve } = this
    if (form['curve'] !== curve.name) throw new Refusal('curve_mismatch')
    const { length } = curve.basePoint
    const basePoint = decode(form['basePoint'], length)
    const identity = decode(form['identity'], length)
    const publicKey = decode(form['publicKey'], length)
    const confirm = confirmation && decodeConfirm(confirmation)
    if (!basePoint.equals(curve.basePoint)) throw new Refusal('bad_base_point')
    if (curve.isBad(identity) || curve.isBad(publicKey) || identity.equals(publicKey))
      throw new Refusal('bad_point')
    const own = [this.identity, this.#ephemeral, this.current?.own, this.#previous?.own]
    if (own.some((key) => key && [identity, publicKey].some((k) => k.equals(key.publicKey))))
      throw new Refusal('reflection')
    if (this.known && !this.known.equals(identity)) throw new Refusal('identity_changed')
    const share: Share = { identity, publicKey }
    if (this.#used.some((used) => same(used, share))) throw new Refusal('stale_keys')
    const before = this.#candidate
    if (confirm) this.#check(confirm, before, this.current, this.#derive(share))

    if (confirm) this.#take(confirm)
    const promoted = before !== null && before === this.current ? before.theirs : null
    if (!same(promoted, share)) this.#keep(share, confirm)
    return { accepted: true, ...confirmForm(this.#confirm) }
  }

  #keep(share: Share, confirm: Confirm | null): void {
    if (this.#share && !same(this.#share, share)) this.#use(this.#share)
    this.#share = share
    this.#candidate = this.#derive(share)
    if (confirm) this.#take(confirm)
    const slot = this.#slot
    if (slot && this.#candidate?.isRight(slot)) this.#take(slot)
  }

  #receiveMessage(value: unknown): Json {
    const types = { v: 'number', session: 'string', seq: 'number', ciphertext: 'string' }
    const form = fields(value, types)
    const seq = Number(form['seq'])
    if (!Number.isSafeInteger(seq) || seq < 0) throw new Refusal('bad_message')
    const id = decode(form['session'], 16)
    const message = { session: id, seq, ciphertext: decode(form['ciphertext'], 16, 16_400) }
    const sessions = [this.current, this.#candidate, this.#previous]
    const session = sessions.find((one) => one?.id.equals(id))
    if (!session) throw new Refusal('unknown_session')
    if (seq >= SEQ_LIMIT) throw new Refusal('rekey_required')
    if (seq < session.expected) throw new Refusal('replay')
    if (this.#waiting.length >= MAX_WAITING) throw new Refusal('inbox_full')
    if (!isUtf8(session.open(message))) throw new Refusal('bad_text')

    if (session === this.#candidate) this.#promote(session)
    const missing = seq - session.expected
    session.expected = seq + 1
    this.#waiting.push([session, message])
    return { accepted: true, missing }
  }

  /** One request at a time on each route. */
  #inTurn<T>(path: string, run: () => Promise<T>): Promise<T> {
    const turn = (this.#turns[path] ?? Promise.resolve()).then(run)
    this.#turns[path] = turn.catch(() => {})
    return turn
  }

  async #post(path: string, form: object): Promise<unknown> {
    await this.passing('request out', path)
    const response = await fetch(this.peerUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(form),
      redirect: 'error',
      signal: AbortSignal.timeout(5_000),
    })
    const answer = (await response.json()) as Json
    await this.passing('answer in', path)
    if (response.status !== 201) throw new Refusal(String(answer['code']))
    return answer
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { url = '', method, headers } = request
    let [status, type, answer]: [number, string, Json] = [201, 'application/json', {}]
    try {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const body = Buffer.concat(chunks)
      await this.passing('request in', url)
      const isKeys = url === '/wire/keys'
      const isRoute = method === 'POST' && (isKeys || url === '/wire/message')
      const isJson = /^application\/json(;|$)/i.test(headers['content-type'] ?? '')
      const isHost = HOST.test(headers.host ?? '')
      const isTooLong = body.length > (isKeys ? 4_096 : 40_000)
      const isPlain = isJson && !headers['content-encoding'] && isUtf8(body)
      if (!isRoute || !isHost || !isPlain || isTooLong) throw new Refusal('bad_message')
      answer = isKeys ? this.#receiveKeys(parse(body)) : this.#receiveMessage(parse(body))
      await this.passing('answer out', url)
    } catch (error) {
      if (!(error instanceof Refusal)) return void response.destroy()
      const { code } = error
      status = CONFLICTS.includes(code) ? 409 : code === 'inbox_full' ? 429 : 400
      type = 'application/problem+json'
      const detail = `This peer refused it: ${code}.`
      answer = { status, code, title: 'Refused', detail, next: 'Send keys on both sides.' }
    }
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(answer))
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new Refusal('bad_message')
  }
}
