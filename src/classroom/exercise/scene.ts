/** One process of the student's and the examiner beside it: what clauses do with both. */

import type http from 'node:http'
import type { Readable } from 'node:stream'
import { bytesToHex } from '../../protocol/bytes.ts'
import type { KeyPair } from '../../protocol/curves.ts'
import type { Party } from '../../protocol/keySchedule.ts'
import {
  checkPublicKey,
  publicKeyBytes,
  SUITES,
  type Suite,
  type SuiteName,
} from '../../protocol/suites.ts'
import { printable } from '../../terminal/printable.ts'
import { Agreement, type Confirm } from './agreement.ts'
import { type Answer, type CallOptions, call, NoAnswer } from './call.ts'
import { encodingOf } from './computation/encodings.ts'
import { chooseEphemeral, type Ephemeral, ephemeralKeys, keyPair } from './computation/keys.ts'
import type { Ledger } from './computation/ledger.ts'
import { kemOfExaminer, kemOfStudent, type Side } from './computation/material.ts'
import type { Random } from './computation/random.ts'
import { Failure, type Order } from './failure.ts'
import { base64Of, bytesOf, fieldsOf, jsonOf, pointOf } from './forms.ts'
import { accepted, type OtherPeer, type Received, type Reply, refusal } from './otherPeer.ts'
import type { Running } from './student.ts'

/** A key message of the student's, read generously: what is wrong with its form is for keys/2 to say. */
export interface KeyMessage {
  readonly received: Received
  readonly body: Buffer
  readonly fields: Record<string, unknown>
  readonly identity: Uint8Array
  readonly publicKey: Uint8Array
  readonly confirm: Confirm | null
}

/** A sealed text of the student's, read generously: what is wrong with its form is for messages/1 to say. */
export interface WireMessage {
  readonly received: Received
  readonly body: Buffer
  readonly fields: Record<string, unknown>
  readonly session: Uint8Array
  readonly seq: number
  readonly ciphertext: Uint8Array
}

/** What /show says. */
export interface Shown {
  readonly identity: string | null
  readonly safetyNumber: string | null
  readonly session: string | null
}

/** How long one waits for a text on standard output before the peer is ended to see whether the text was held back. */
const PRINT_MS = 2_000
const BUFFERED = 'your output is buffered; flush it after each line'

type Route<Message> = (message: Message) => Reply | Promise<Reply>

export class Scene {
  readonly other: OtherPeer
  /** The folder for what it keeps; null with --attach. */
  readonly state: string | null
  readonly party: Party
  readonly order: Order
  readonly ledger: Ledger
  suite: Suite
  student: Running | null
  origin: string
  /** The first answer of /show. */
  shown: Answer
  /** Of /show; null where that has none that can be read. */
  studentIdentity: Uint8Array | null
  /** The examiner's. */
  identity: KeyPair
  current: Agreement | null = null
  previous: Agreement | null = null
  random: Random
  notes: string[] = []
  /** What answers the student's key messages, texts and pictures; each clause begins with the usual ones. */
  onKeys: Route<KeyMessage> = () => this.acceptedKeys()
  onMessage: Route<WireMessage> = () => accepted({ accepted: true, missing: 0 })
  onImage: Route<Received> = (received) => this.#acceptedPicture(received)
  #isStopped = false
  /** The student's peer has taken a share since its keys were last promoted. */
  #hasShare = false
  /** It had one when it was last asked to send keys. */
  #wasInvited = false
  #stranger: KeyPair | null = null

  constructor(options: {
    curve: SuiteName
    student: Running | null
    origin: string
    shown: Answer
    state: string | null
    other: OtherPeer
    party: Party
    order?: Order
    random: Random
    ledger: Ledger
  }) {
    const { curve, student, origin, shown, state, other, party, random, ledger } = options
    this.suite = SUITES[curve]
    this.student = student
    this.origin = origin
    this.shown = shown
    this.state = state
    this.other = other
    this.party = party
    this.order = options.order ?? 'plain'
    this.random = random
    this.ledger = ledger
    this.identity = keyPair(random, this.suite)
    this.studentIdentity = bytesOf(fieldsOf(shown.json)['identity'], this.suite.curve.pointBytes)
    other.handler = (received) => this.#reply(received)
  }

  /** Another clause begins. */
  use(random: Random, notes: string[]): void {
    this.random = random
    this.notes = notes
    this.other.handler = (received) => this.#reply(received)
    this.onKeys = () => this.acceptedKeys()
    this.onMessage = () => accepted({ accepted: true, missing: 0 })
    this.onImage = (received) => this.#acceptedPicture(received)
  }

  /** Another process on the same state. */
  restarted(student: Running | null, origin: string, shown: Answer, suite: Suite): void {
    this.student = student
    this.origin = origin
    this.shown = shown
    this.suite = suite
    this.current = this.previous = null
    this.#isStopped = this.#hasShare = this.#wasInvited = false
  }

  /** Whether its process has ended, and not by the examiner. */
  get hasEndedByItself(): boolean {
    return !this.#isStopped && this.student?.ending != null
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text)
  }

  // What the student's peer is asked.

  /**
   * One request to the student's peer; see call.ts.
   * @throws Failure where there is no answer
   */
  async call(path: string, options: CallOptions = {}): Promise<Answer> {
    try {
      return this.#answered(path, await call(this.origin + path, options))
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      const did = `${options.method ?? (options.body === undefined ? 'GET' : 'POST')} ${path}`
      const kind = error.kind === 'slow' ? 'too slow' : 'error'
      throw new Failure({ did, wanted: 'an answer', got: error.message, cause: null }, { kind })
    }
  }

  /** The answer, or what came in place of one. */
  async attempt(path: string, options: CallOptions = {}): Promise<Answer | NoAnswer> {
    try {
      return this.#answered(path, await call(this.origin + path, options))
    } catch (error) {
      if (error instanceof NoAnswer) return error
      throw error
    }
  }

  #answered(path: string, answer: Answer): Answer {
    if (path === '/wire/keys' && this.isTaken(answer)) this.#hasShare = true
    return answer
  }

  /** @throws Failure */
  async show(): Promise<Shown> {
    const answer = await this.call('/show')
    const { identity, safetyNumber, session } = fieldsOf(answer.json)
    const { id } = fieldsOf(session)
    const text = (value: unknown) => (typeof value === 'string' ? value : null)
    return { identity: text(identity), safetyNumber: text(safetyNumber), session: text(id) }
  }

  /** Whether /show has `session` as the current one. */
  async isOn(session: Agreement): Promise<boolean> {
    const shown = (await this.show()).session?.toLowerCase()
    return shown === bytesToHex(session.id)
  }

  /** `POST /wire/keys`, `/wire/message`; an object is sent as JSON, a text as it is. @throws Failure */
  post(
    path: string,
    body: object | string,
    headers: http.OutgoingHttpHeaders = {},
  ): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    return this.call(path, {
      method: 'POST',
      body: raw ? (body as string) : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  }

  /** `POST /wire/image`. @throws Failure */
  postPicture(body: Uint8Array | Readable, options: CallOptions = {}): Promise<Answer> {
    const headers = { 'content-type': 'application/octet-stream', ...options.headers }
    return this.call('/wire/image', { method: 'POST', body, ...options, headers })
  }

  /** Whether the answer to what was sent is that of one who takes it. */
  isTaken({ status }: Answer): boolean {
    return status === 201 || status === this.ledger.habits.acceptedStatus
  }

  /** `GET /send_keys`: its answer, and the key messages that came meanwhile. @throws Failure */
  async sendKeys(onKeys?: Route<KeyMessage>): Promise<{ step: Answer; messages: KeyMessage[] }> {
    if (onKeys) this.onKeys = onKeys
    const count = this.other.received.length
    this.#wasInvited = this.#hasShare
    const step = await this.call('/send_keys')
    const received = this.other.since(count, '/wire/keys')
    return { step, messages: await Promise.all(received.map((one) => this.keyMessage(one))) }
  }

  /** `POST /send_msg`: its answer, and the messages that came meanwhile. @throws Failure */
  async sendText(
    text: string | Uint8Array,
    onMessage?: Route<WireMessage>,
  ): Promise<{ step: Answer; messages: WireMessage[] }> {
    if (onMessage) this.onMessage = onMessage
    const count = this.other.received.length
    const headers = { 'content-type': 'text/plain; charset=utf-8' }
    const step = await this.call('/send_msg', { method: 'POST', body: text, headers })
    const received = this.other.since(count, '/wire/message')
    return { step, messages: await Promise.all(received.map((one) => this.wireMessage(one))) }
  }

  /** `POST /send_image`: its answer, and the bodies that came meanwhile. @throws Failure */
  async sendPicture(
    picture: Uint8Array,
    type: string,
    onImage?: Route<Received>,
  ): Promise<{ step: Answer; bodies: Buffer[]; received: Received[] }> {
    if (onImage) this.onImage = onImage
    const count = this.other.received.length
    const headers = { 'content-type': type }
    const step = await this.call('/send_image', { method: 'POST', body: picture, headers })
    const received = this.other.since(count, '/wire/image')
    const bodies = await Promise.all(received.map((one) => one.body().catch(() => Buffer.alloc(0))))
    return { step, bodies, received }
  }

  /** `GET /decrypt_msg`. @throws Failure */
  decrypt(): Promise<Answer> {
    return this.call('/decrypt_msg')
  }

  /** Where its standard output stands now: what comes later is `printed` after it. */
  get outputMark(): number {
    return this.student?.stdout.mark ?? 0
  }

  /**
   * Whether all of `texts` (UTF-8) come on standard output after `mark`. If not, ends the peer to see whether they were held
   * back, which is noted.
   */
  async prints(mark: number, texts: readonly string[]): Promise<boolean> {
    const { student } = this
    if (student === null) return false
    const hasAll = (bytes: Buffer) => texts.every((text) => bytes.includes(text))
    if (await student.stdout.waitFor(mark, hasAll, PRINT_MS)) return true
    await this.stop()
    if (!hasAll(student.stdout.since(mark))) return false
    this.note(BUFFERED)
    return true
  }

  /** Ends the process. */
  async stop(): Promise<boolean> {
    this.#isStopped = true
    return (await this.student?.stop()) ?? true
  }

  // What the examiner sends.

  /** A fresh key pair; with `beside`, the student's public key, it stands in the order of this scene. */
  freshKeys(beside: Uint8Array | null = null): Ephemeral {
    const { random, suite, party, order } = this
    const keys = chooseEphemeral(random, suite, { party, order, studentPublicKey: beside })
    return keys ?? ephemeralKeys(random, suite)
  }

  /** A key message of the examiner's. */
  keyForm(
    publicKey: Uint8Array,
    confirm: object | null = null,
    identity = this.identity.publicKey,
  ): Record<string, unknown> {
    return {
      v: 2,
      curve: this.suite.name,
      basePoint: bytesToHex(this.suite.curve.basePoint),
      identity: bytesToHex(identity),
      publicKey: bytesToHex(publicKey),
      ...(confirm === null ? {} : { confirm }),
    }
  }

  /**
   * A genuine key message of somebody whom nobody knows. It is one stranger for all clauses of this process: whoever promotes
   * without a confirmation knows that one from then on, and refuses any other.
   */
  strangersForm(): Record<string, unknown> {
    this.#stranger ??= keyPair(this.random, this.suite)
    const { publicKey } = ephemeralKeys(this.random, this.suite)
    return this.keyForm(publicKey, null, this.#stranger.publicKey)
  }

  /** What a peer answers to keys that it takes: with the confirmation of the current session. */
  acceptedKeys(): Reply {
    const confirm = this.current?.confirmForm()
    return accepted({ accepted: true, ...(confirm && { confirm }) })
  }

  // Agreements.

  /**
   * What the two shares give; nothing is sent. The student's `confirm` has the ciphertext where its peer made it; else the examiner
   * makes it. `first`: who sent keys first; a student's peer that kept a share from before was not.
   * @throws Failure where the student's keys are bad points
   */
  agreement(
    ephemeral: Ephemeral,
    student: { readonly publicKey: Uint8Array; readonly confirm?: Confirm | null },
    first: Side,
  ): Agreement {
    const { suite, identity, random, studentIdentity } = this
    if (studentIdentity === null) throw new Error('The peer has no identity.')
    const { publicKey, confirm } = student
    const ciphertext = confirm?.ciphertext
    try {
      suite.curve.checkPoint(studentIdentity)
      checkPublicKey(suite, publicKey)
    } catch {
      const cause = 'The identity or the public key of your peer is a bad point.'
      const wanted = 'two points of the curve, neither of low order'
      throw new Failure({ did: '/send_keys', wanted, got: 'another one', cause })
    }
    return new Agreement(this.ledger, {
      suite,
      examiner: { identity, ephemeral },
      student: { identity: studentIdentity, publicKey },
      kem: ciphertext
        ? kemOfStudent(ephemeral, ciphertext)
        : kemOfExaminer(random, suite, publicKey),
      first: this.#wasInvited ? 'examiner' : first,
    })
  }

  /** Both sides are on `session` from now on. */
  promoted(session: Agreement): void {
    this.previous = this.current
    this.current = session
    this.#hasShare = false
  }

  /** A session with the student's peer, made in this way, or else in any. @throws Failure */
  async agree(first?: Side): Promise<Agreement> {
    if (first !== undefined)
      return first === 'student' ? this.#agreeStudentFirst() : this.#agreeExaminerFirst()
    try {
      return await this.#agreeStudentFirst()
    } catch (error) {
      if (!(error instanceof Failure) || error.kind === 'error') throw error
      return this.#agreeExaminerFirst()
    }
  }

  /** The student's keys, then the examiner's share with its confirmation. */
  async #agreeStudentFirst(): Promise<Agreement> {
    const { messages } = await this.sendKeys(() => this.acceptedKeys())
    const message = messages.at(-1)
    if (message === undefined) throw noKeys()
    const ephemeral = this.freshKeys(message.publicKey)
    const session = this.agreement(ephemeral, { publicKey: message.publicKey }, 'student')
    const answer = await this.post(
      '/wire/keys',
      this.keyForm(ephemeral.publicKey, session.confirmForm()),
    )
    if (!this.isTaken(answer))
      throw notAgreed('/send_keys, then a share with its confirmation', answer)
    this.promoted(session)
    return session
  }

  /** The examiner's share, then the student's keys, whose answer carries the examiner's confirmation. */
  async #agreeExaminerFirst(): Promise<Agreement> {
    const ephemeral = this.freshKeys()
    const answer = await this.post('/wire/keys', this.keyForm(ephemeral.publicKey))
    if (!this.isTaken(answer)) throw notAgreed('a share', answer)
    let session: Agreement | null = null
    const { step } = await this.sendKeys((message) => {
      session ??= this.agreement(ephemeral, message, 'examiner')
      return accepted({ accepted: true, confirm: session.confirmForm() })
    })
    if (session === null) throw noKeys()
    if (step.status >= 400) throw notAgreed('a share, then /send_keys', step)
    this.promoted(session)
    return session
  }

  // What the student's peer sends.

  /** @throws Failure where its keys can't be read */
  async keyMessage(received: Received): Promise<KeyMessage> {
    const { body, fields } = await read(received)
    const { curve, kem } = this.suite
    const identity = pointOf(fields['identity'], curve)
    const publicKey =
      kem === null
        ? pointOf(fields['publicKey'], curve)
        : bytesOf(fields['publicKey'], publicKeyBytes(this.suite))
    if (identity === null || publicKey === null) {
      const [name, bytes] =
        identity === null
          ? (['identity', curve.pointBytes] as const)
          : (['publicKey', publicKeyBytes(this.suite)] as const)
      throw new Failure({
        did: '/send_keys',
        wanted: 'a key message with identity and publicKey in hex',
        got: printable(body.toString('utf8').slice(0, 300)),
        cause: `Bytes stand as lower-case hex, and \`${name}\` is ${encodingOf(fields[name], bytes)}.`,
      })
    }
    return {
      received,
      body,
      fields,
      identity,
      publicKey,
      confirm: this.confirmOf(fields['confirm']),
    }
  }

  /** A confirmation of the student's, read generously; null if there is none that can be read. */
  confirmOf(value: unknown): Confirm | null {
    const fields = fieldsOf(value)
    const session = bytesOf(fields['session'], 16)
    const tag = bytesOf(fields['tag'], 32)
    if (session === null || tag === null) return null
    const ciphertext = bytesOf(fields['ciphertext'], this.suite.kem?.ciphertextBytes ?? 0)
    return { session, tag, ciphertext: ciphertext?.length ? ciphertext : null }
  }

  /** @throws Failure where it can't be read */
  async wireMessage(received: Received): Promise<WireMessage> {
    const { body, fields } = await read(received)
    const session = bytesOf(fields['session'], 16)
    const ciphertext = bytesOf(fields['ciphertext']) ?? base64Of(fields['ciphertext'])
    const text = fields['seq']
    const seq = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : text
    if (session === null || ciphertext === null || typeof seq !== 'number')
      throw new Failure({
        did: '/send_msg',
        wanted: 'a message with session, seq and ciphertext',
        got: printable(body.toString('utf8').slice(0, 300)),
        cause: null,
      })
    return { received, body, fields, session, seq, ciphertext }
  }

  async #reply(received: Received): Promise<Reply> {
    const { path, method } = received
    if (method !== 'POST') return refusal('method_not_allowed', 405)
    if (path === '/wire/keys') return this.onKeys(await this.keyMessage(received))
    if (path === '/wire/message') return this.onMessage(await this.wireMessage(received))
    if (path === '/wire/image') return this.onImage(received)
    return refusal('not_found', 404)
  }

  /** 201 with the length that the metadata declare, as far as the picture opens. */
  async #acceptedPicture(received: Received): Promise<Reply> {
    const body = await received.body()
    return accepted({ accepted: true, bytes: this.current?.openPicture(body)?.content.length ?? 0 })
  }
}

/** @throws Failure where the body is not whole */
async function read(
  received: Received,
): Promise<{ body: Buffer; fields: Record<string, unknown> }> {
  const body = await received.body().catch(() => {
    const did = `your POST ${printable(received.path)}`
    const got = 'it broke off, or has more than 256 KiB'
    throw new Failure({ did, wanted: 'a whole body', got, cause: null })
  })
  return { body, fields: fieldsOf(jsonOf(body)) }
}

function noKeys(): Failure {
  return new Failure({
    did: '/send_keys',
    wanted: 'a POST to /wire/keys of the other peer',
    got: 'none came',
    cause: null,
  })
}

function notAgreed(did: string, { status, code }: Answer): Failure {
  const got = code === null ? `status ${status}` : `status ${status}, ${printable(code)}`
  const cause =
    code === 'identity_changed'
      ? 'Your peer knows another identity from before. Start it with a fresh state.'
      : null
  return new Failure({ did, wanted: 'a session', got, cause })
}
