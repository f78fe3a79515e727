/**
 * A second duet/2, written from `src/protocol/README.md` alone, on Node's own modules and the package mlkem. It shares
 * nothing with `src/`: what the program and it agree on is what the specification says.
 *
 *     suites.ts    the curves and ML-KEM-768
 *     session.ts   what two shares give: transcript, keys, chains, seals
 *     forms.ts     what crosses the wire: JSON, and a picture's stream
 *     peer.ts      what a peer keeps, and what it does with what its owner asks and what comes
 *     wire.ts      the same peer, listening, for tests that hold up and lose what passes
 *     program.ts   the same peer as a program, with its owner's steps and what it keeps
 *     example.ts   the worked examples of the specification
 *     hpke.ts      the sealed texts of a mailbox (RFC 9180), which need none of these
 */

import { isUtf8 } from 'node:buffer'
import {
  confirmFields,
  confirmForm,
  decode,
  decodeConfirm,
  fields,
  isBadPicture,
  type Json,
  keyForm,
  messageForm,
  ofAnswer,
  parse,
  piecesOf,
  readHead,
  readMetadata,
} from './forms.ts'
import {
  COUNT_LIMIT,
  type Confirm,
  follows,
  openChunk,
  Refusal,
  type Sealed,
  Session,
  type Share,
  STEPS,
  type Steps,
  safetyNumber,
  same,
} from './session.ts'
import {
  type Ephemeral,
  ephemeralKeys,
  halves,
  type KeyPair,
  keyPair,
  type Suite,
} from './suites.ts'

export type Picture = Readonly<{ type: string; name: string; content: Buffer }>

const AHEAD = 1_024
const MAX_WAITING = 32
const MAX_USED = 64
const MAX_TEXT = 16_384
const MESSAGE_LIMIT = 33_824
/** Up to here the body of a key message says which suite it is of. */
const KEYS_LIMIT = 8_192
const HOUR_MS = 3_600_000

/** The one of `sessions` that the confirmation names, or null. */
function named(confirm: Confirm | null | undefined, ...sessions: (Session | null)[]) {
  return sessions.find((one) => confirm && one?.id.equals(confirm.session)) ?? null
}

/** A message that waits, and the only key that opens it. */
type Waiting = { readonly session: Session; readonly message: Sealed; readonly key: Buffer }

export abstract class Peer {
  readonly suite: Suite
  readonly identity: KeyPair
  known: Buffer | null = null
  current: Session | null = null
  previous: Session | null = null
  candidate: Session | null = null
  /** The other's share, until a promotion. */
  share: Share | null = null
  readonly pictures: Buffer[] = []
  protected readonly steps: Steps = STEPS
  protected ephemeral: Ephemeral | null = null
  protected slot: Confirm | null = null
  protected waiting: Waiting[] = []
  #used: Share[] = []
  #hour: NodeJS.Timeout | undefined
  /** How many shares were replaced beside the ephemeral key pair. */
  #replaced = 0
  #turns: Record<string, Promise<unknown>> = {}

  constructor(suite: Suite, identity: KeyPair = keyPair(suite.curve)) {
    this.suite = suite
    this.identity = identity
  }

  /** The other peer's answer to what is sent to this route, if it is 201. Throws its refusal. */
  protected abstract post(path: string, body: object): Promise<unknown>

  /** Keeps a picture that was taken. */
  protected keep(_type: string, picture: Buffer, _name: string): void {
    this.pictures.push(picture)
  }

  /** Loses all that a program loses when it ends. */
  restart(): void {
    this.erase()
    this.current = this.previous = this.share = this.slot = null
    this.#used = []
    this.waiting = []
  }

  /** All that a refusal has to leave as it is. */
  state(): unknown {
    const sessions = [this.candidate, this.current, this.previous].map((one) => {
      const chains = one && [one.messages.in, one.messages.out, one.files.in, one.files.out]
      return [one?.id, chains?.map(({ next, value }) => [next, value])]
    })
    return structuredClone([
      [this.known, this.ephemeral?.publicKey, this.share, this.slot, this.#used],
      [sessions, this.waiting.length, this.pictures],
    ])
  }

  sendKeys(): Promise<void> {
    return this.inTurn('/wire/keys', async () => {
      this.erase()
      this.slot = null
      this.ephemeral = this.newKeys()
      this.#hour = setTimeout(() => this.erase(), HOUR_MS).unref()
      if (this.share) this.candidate = this.derive(this.share)
      await this.#exchange(this.ephemeral, true)
    })
  }

  /** Sends the key message; `mayRepeat`: once more, if both made a ciphertext. */
  async #exchange(ephemeral: Ephemeral, mayRepeat: boolean): Promise<void> {
    const share = this.#ownShare(ephemeral)
    const confirm = this.#confirm
    let answer: Confirm | null
    try {
      answer = await this.#offer(share, confirm)
    } catch (error) {
      const isAboutConfirm = error instanceof Refusal && error.code === 'confirm_failed'
      if (!isAboutConfirm || !this.suite.kem || !confirm || this.ephemeral !== ephemeral)
        throw error
      answer = await this.#offer(share)
    }
    const isToRepeat = answer !== null && this.takeAnswer(answer)
    if (isToRepeat && mayRepeat) await this.#exchange(ephemeral, false)
  }

  async #offer(share: Share, confirm?: Confirm): Promise<Confirm | null> {
    const answer = await this.post('/wire/keys', keyForm(this.suite, share, confirm))
    return ofAnswer(answer, { confirm: 'object?' }, (form) =>
      form['confirm'] === undefined
        ? null
        : decodeConfirm(this.suite, confirmFields(form['confirm'])),
    )
  }

  /** Returns whether the key message has to be sent once more. */
  protected takeAnswer(confirm: Confirm): boolean {
    const candidate = this.candidate
    const session = named(confirm, candidate, this.current)
    if (session) {
      if (!session.isRight(confirm)) throw new Refusal('confirm_failed')
      if (session === candidate) this.promote(session)
    } else if (candidate && this.share && this.#isFollowing(confirm, this.share)) {
      if (candidate.party === 1) return false
      const taken = this.derive(this.share, confirm.ciphertext)
      if (!taken?.isRight(confirm)) throw new Refusal('confirm_failed')
      this.candidate = taken
      return true
    } else this.slot = confirm
    return false
  }

  /** Returns what the other side reports missing. */
  sendMessage(text: string): Promise<number> {
    return this.inTurn('/wire/message', async () => {
      const plain = Buffer.from(text)
      if (!this.current) throw new Refusal('no_session')
      if (plain.length > MAX_TEXT) throw new Refusal('too_large')
      const answer = await this.post('/wire/message', messageForm(this.current.seal(plain)))
      return ofAnswer(answer, { missing: 'number' }, ({ missing }) => {
        if (!Number.isSafeInteger(missing) || Number(missing) < 0) throw new Refusal('bad_message')
        return Number(missing)
      })
    })
  }

  /** Returns how many bytes the other side has of it. */
  sendPicture({ type, name, content }: Picture): Promise<number> {
    return this.inTurn('/wire/image', async () => {
      if (!this.current) throw new Refusal('no_session')
      const metadata = { type, bytes: content.length, name }
      const answer = await this.post('/wire/image', this.current.sealPicture(metadata, content))
      return ofAnswer(answer, { bytes: 'number' }, ({ bytes }) => Number(bytes))
    })
  }

  readMessages(): string[] {
    return this.waiting.splice(0).map(({ session, message, key }) => {
      const text = session.open(message, key).toString()
      key.fill(0)
      return text
    })
  }

  safetyNumber(): string {
    if (!this.known) throw new Refusal('no_session')
    return safetyNumber(this.suite.curve, [this.identity.publicKey, this.known], this.steps)
  }

  get #confirm(): Confirm | undefined {
    return (this.candidate ?? this.current)?.confirm
  }

  protected newKeys(): Ephemeral {
    return ephemeralKeys(this.suite)
  }

  #ownShare({ publicKey }: Ephemeral): Share {
    return { identity: this.identity.publicKey, publicKey }
  }

  protected derive(share: Share, ciphertext?: Buffer): Session | null {
    const { suite, identity } = this
    const { ephemeral, steps } = this
    return ephemeral && new Session(suite, identity, ephemeral, share, ciphertext, undefined, steps)
  }

  /** Whether it follows from the ephemeral key's share and `share`. */
  #isFollowing(confirm: Confirm, share: Share): boolean {
    const own = this.ephemeral && this.#ownShare(this.ephemeral)
    return own !== null && follows(this.suite, confirm, own, share, this.steps)
  }

  protected erase(): void {
    clearTimeout(this.#hour)
    this.#replaced = 0
    this.ephemeral = this.candidate = null
  }

  #use(share: Share): void {
    this.#used = [...this.#used, share].slice(-MAX_USED)
  }

  protected promote(candidate: Session): void {
    this.previous = this.current
    this.current = candidate
    candidate.isConfirmed = true
    this.erase()
    this.share = this.slot = null
    this.#use(candidate.theirs)
    this.known = candidate.theirs.identity
  }

  receiveKeys(body: Buffer): Json {
    if (body.length > this.suite.bodyLimit) this.#refuseLong(body)
    const [share, confirm, followed] = this.#checkKeys(parse(body))
    const candidate = this.candidate
    if (candidate && named(confirm, candidate)) {
      this.promote(candidate)
      if (!same(candidate.theirs, share)) this.keepShare(share)
    } else {
      const isKept = same(this.share, share)
      const taken = followed ?? (isKept ? null : this.fromSlot(share))
      if (!taken && !isKept) this.candidate = this.derive(share)
      this.keepShare(share)
      if (taken) this.promote(taken)
    }
    return { accepted: true, ...confirmForm(this.#confirm) }
  }

  #refuseLong(body: Buffer): never {
    const form = body.length > KEYS_LIMIT ? {} : (parse(body) as Json | null)
    const name = form?.['curve']
    const isOther = typeof name === 'string' && name !== this.suite.name
    throw new Refusal(isOther ? 'curve_mismatch' : 'too_large')
  }

  /** The checks on a key message in the order of the table; the session is that of step 2, if any. */
  #checkKeys(value: unknown): [share: Share, confirm: Confirm | null, followed: Session | null] {
    const form = fields(value, {
      v: 'number',
      curve: 'string',
      basePoint: 'string',
      identity: 'string',
      publicKey: 'string',
      confirm: 'object?',
    })
    const confirmation = form['confirm'] === undefined ? null : confirmFields(form['confirm'])
    const { suite } = this
    if (form['curve'] !== suite.name) throw new Refusal('curve_mismatch')
    const confirm = confirmation && decodeConfirm(suite, confirmation)
    const { length } = suite.curve.basePoint
    const basePoint = decode(form['basePoint'], length)
    const identity = decode(form['identity'], length)
    const publicKey = decode(form['publicKey'], suite.publicKeyLength)
    this.checkPoints(basePoint, identity, publicKey)
    this.checkReflection(identity, publicKey)
    this.checkIdentity(identity, confirm)
    const share: Share = { identity, publicKey }
    this.checkUsed(share)
    return [share, confirm, confirm && this.checkConfirm(confirm, share)]
  }

  protected checkPoints(basePoint: Buffer, identity: Buffer, publicKey: Buffer): void {
    const { curve, kem } = this.suite
    if (!basePoint.equals(curve.basePoint)) throw new Refusal('bad_base_point')
    const [key, point] = halves(this.suite, publicKey)
    const isBad = curve.isBad(identity) || curve.isBad(point) || (key && kem?.isBad(key))
    if (isBad || identity.equals(point)) throw new Refusal('bad_point')
  }

  protected checkReflection(identity: Buffer, publicKey: Buffer): void {
    const own = [this.ephemeral, this.current?.own, this.previous?.own]
    const ownHalves = own.flatMap((one) => (one ? halves(this.suite, one.publicKey) : []))
    const isOwn = (other: Buffer | null) =>
      other && [this.identity.publicKey, ...ownHalves].some((mine) => mine?.equals(other))
    if ([identity, ...halves(this.suite, publicKey)].some(isOwn)) throw new Refusal('reflection')
  }

  protected checkIdentity(identity: Buffer, confirm: Confirm | null): void {
    const { candidate } = this
    const confirmed = confirm && candidate && named(confirm, candidate)?.isRight(confirm)
    const known = this.known ?? (confirmed ? candidate.theirs.identity : null)
    if (known && !known.equals(identity)) throw new Refusal('identity_changed')
  }

  protected checkUsed(share: Share): void {
    if (this.#used.some((used) => same(used, share))) throw new Refusal('stale_keys')
  }

  /** Returns the session of step 2, if the confirmation names it. */
  protected checkConfirm(confirm: Confirm, share: Share): Session | null {
    const { candidate, suite } = this
    const session = named(confirm, candidate, this.current)
    const isFollowing = !session && this.#isFollowing(confirm, share)
    // as party 1 of the kept share it derives nothing, so that there is no tag to check
    const keepsOwn = same(this.share, share) && candidate?.party === 1
    const followed = isFollowing && !keepsOwn ? this.derive(share, confirm.ciphertext) : null
    const wrong = [session, followed].some((one) => one && !this.isRight(one, confirm))
    if (wrong) throw new Refusal('confirm_failed')
    const isUnknown = !session && !isFollowing && !named(confirm, this.previous)
    if (suite.kem && this.ephemeral && isUnknown) throw new Refusal('confirm_failed')
    return followed
  }

  /** Whether a key message confirms `session` with the right tag. */
  protected isRight(session: Session, confirm: Confirm): boolean {
    return session.isRight(confirm)
  }

  /** The session that the slot confirms, if it follows and its tag is right. */
  protected fromSlot(share: Share): Session | null {
    const slot = this.slot
    if (!slot || !this.#isFollowing(slot, share)) return null
    const session = this.derive(share, slot.ciphertext)
    return session?.isRight(slot) ? session : null
  }

  protected keepShare(share: Share): void {
    if (this.share && !same(this.share, share)) {
      this.#use(this.share)
      if (++this.#replaced >= MAX_USED) this.erase()
    }
    this.share = share
  }

  /** The checks on a number that stands outside a seal. */
  protected checkNumber(number: number, next: number): void {
    if (number >= COUNT_LIMIT) throw new Refusal('rekey_required')
    if (number < next) throw new Refusal('replay')
    if (number > next + AHEAD) throw new Refusal('too_far_ahead')
  }

  #sessionOf(id: Buffer): Session {
    const session = [this.current, this.candidate, this.previous].find((one) => one?.id.equals(id))
    if (!session) throw new Refusal('unknown_session')
    return session
  }

  receiveMessage(body: Buffer): Json {
    if (body.length > MESSAGE_LIMIT) throw new Refusal('too_large')
    const types = { v: 'number', session: 'string', seq: 'number', ciphertext: 'string' }
    const form = fields(parse(body), types)
    const seq = Number(form['seq'])
    if (!Number.isSafeInteger(seq) || seq < 0 || Object.is(seq, -0))
      throw new Refusal('bad_message')
    const id = decode(form['session'], 16)
    const message = { session: id, seq, ciphertext: decode(form['ciphertext'], 16, 16_400) }
    const session = this.#sessionOf(id)
    const chain = session.messages.in
    this.checkNumber(seq, chain.next)
    if (this.waiting.length >= MAX_WAITING) throw new Refusal('inbox_full')
    const { key, chain: behind } = chain.ahead(seq)
    if (!isUtf8(session.open(message, key))) throw new Refusal('bad_text')

    if (session === this.candidate) this.promote(session)
    const missing = seq - chain.next
    chain.step(seq, behind)
    this.waiting.push({ session, message, key })
    return { accepted: true, missing }
  }

  async receivePicture(body: AsyncIterable<Buffer>): Promise<Json> {
    const pieces = piecesOf(body)
    const { value: head } = await pieces.next()
    const { id, number } = readHead(head?.bytes)
    const session = this.#sessionOf(id)
    const chain = session.files.in
    this.checkNumber(number, chain.next)
    if (head?.isLast) throw new Refusal('decrypt_failed')
    const { key, chain: behind } = chain.ahead(number)
    let [type, name, declared, length] = ['', '', 0, 0]
    const parts: Buffer[] = []
    for await (const { bytes, isLast } of pieces) {
      let plain = openChunk(key, parts.length, isLast, bytes, this.steps)
      if (parts.length === 0) ({ type, name, declared, picture: plain } = readMetadata(plain))
      parts.push(plain)
      length += plain.length
      if (length > declared) throw new Refusal('bad_image')
    }
    const picture = Buffer.concat(parts)
    if (length !== declared || this.isBadPicture(type, picture)) throw new Refusal('bad_image')
    // it may have been overtaken while it came, or its session replaced before it was confirmed
    if (session !== this.candidate && !session.isConfirmed) throw new Refusal('unknown_session')
    if (number < chain.next) throw new Refusal('replay')
    if (session === this.candidate) this.promote(session)
    chain.step(number, behind)
    key.fill(0)
    this.keep(type, picture, name)
    return { accepted: true, bytes: picture.length }
  }

  protected isBadPicture(type: string, picture: Buffer): boolean {
    return isBadPicture(type, picture)
  }

  /** One request at a time on each route. */
  protected inTurn<T>(path: string, run: () => Promise<T>): Promise<T> {
    const turn = (this.#turns[path] ?? Promise.resolve()).then(run)
    this.#turns[path] = turn.catch(() => {})
    return turn
  }
}
