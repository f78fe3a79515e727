/**
 * Mallory, in the middle: two ordinary peers back to back. Each of them faces one of two honest
 * peers, its victim, and poses as the other one. What one of hers accepts goes on by the other
 * before it is answered, so that whatever the far end refuses travels back.
 */

import { createClient } from '../../../http/client.ts'
import { type Prepared, prepare } from '../../../launch.ts'
import {
  type MessageAccepted,
  PeerError,
  type PeerEvent,
  type Receiver,
  TextError,
  type Wire,
} from '../../../peer/contract.ts'
import type { Peer } from '../../../peer/peer.ts'
import { bytesToHex, utf8ToBytes } from '../../../protocol/bytes.ts'
import { type Curve, KeyPair } from '../../../protocol/curves.ts'
import { CopyError, DuetError } from '../../../protocol/errors.ts'
import { Exchange } from '../../../protocol/exchange.ts'
import type { Share } from '../../../protocol/keySchedule.ts'
import {
  type AnswerForm,
  encodeKeyMessage,
  MAX_TEXT_BYTES,
  parseKeyMessage,
} from '../../../protocol/messages.ts'
import type { Suite } from '../../../protocol/suites.ts'
import { forgetful } from '../../../state/openMemory.ts'
import { pictureFile } from '../../../state/pictureFile.ts'
import { safetyNumberValue } from '../../../terminal/lines.ts'
import { ends, isLong } from '../../../terminal/publicValue.ts'
import { Value } from '../../../terminal/said.ts'
import type { Narrator, Terminal } from '../../../terminal/terminal.ts'
import type { Events } from '../../../wirelog/ring.ts'
import { Consent } from './consent.ts'
import { front } from './front.ts'
import { type Log, Passages } from './passages.ts'
import { POINTS, type Point } from './says.ts'

/** A change that she makes to each text: every `from` becomes `to`. */
export interface Alteration {
  /** Not empty. */
  readonly from: string
  readonly to: string
}

export interface MalloryOptions {
  /** Where her two peers listen; 0: any free one. */
  readonly ports: readonly [number, number]
  /** The URLs of the two honest peers; her first peer faces the first. */
  readonly between: readonly [string, string]
  /** The private address of this machine at which two of its network reach her; without it, the two are on loopback addresses. */
  readonly listen?: string | undefined
  readonly suite: Suite
  readonly alteration?: Alteration | undefined
  /** Hers. */
  readonly terminal: Pick<Terminal, 'reporter' | 'narrator'>
}

/** How long, in ms, a step of hers on a network waits: both of its messages within the five seconds of whoever waits for her. */
const NETWORK_MS = 2_000

export interface Mallory extends Prepared {
  /** Tells the two who she was and how to forget her: on her terminal, and each in a text if it still has a session with her. */
  takeLeave(): Promise<void>
}

/**
 * Her two peers, on their ports and not started yet. She keeps nothing: even her copies of pictures are gone when she ends.
 * @throws the system's error if a port can't be had
 */
export async function prepareMallory(options: MalloryOptions): Promise<Mallory> {
  const { ports, between, listen: host = '127.0.0.1', suite } = options
  const isOnNetwork = options.listen !== undefined
  const sides: Side[] = []
  const passages = new Passages()
  const logs: Log[] = []
  const consents = isOnNetwork ? between.map((url) => new Consent(url)) : []
  const planOf = (i: 0 | 1) => {
    const [peerUrl, consent] = [between[i], consents[i]]
    const wire = consent && ((call: (url: string) => Wire) => consent.guarding(call(peerUrl)))
    return { host, port: ports[i], peerUrl, ...(wire && { wire }) }
  }
  const prepared = await prepare({
    suite,
    plans: [planOf(0), planOf(1)],
    timeout: isOnNetwork ? NETWORK_MS : undefined,
    openMemory: () => forgetful(suite.curve),
    showsSecrets: true,
    terminal: {
      reporter: (port) => (event) => sides.find((side) => side.port === port)?.hear(event),
    },
    inPlace: (peer, events) => {
      const index = sides.length === 0 ? 0 : 1
      const side = new Side(peer, events, passages, options, consents[index])
      for (const other of sides) [side.across, other.across] = [other, side]
      sides.push(side)
      events.onRequest = (way, n) => passages.note(index, way, n, events)
      logs.push({ peer, events, victim: side.victim })
      return { receiver: side, front: front(index, logs, passages, consents[index]) }
    },
  })
  return {
    ...prepared,
    takeLeave: async () => {
      await Promise.all(sides.map((side) => side.takeLeave()))
    },
  }
}

/** What the two are called: by their ports on this machine, and on a network by their addresses, or both where one address has two. */
function namesOf(between: readonly [string, string], isOnNetwork: boolean): readonly string[] {
  const urls = between.map((url) => new URL(url))
  if (!isOnNetwork) return urls.map(({ port }) => port || '80')
  const isOneMachine = urls[0]?.hostname === urls[1]?.hostname
  return urls.map(({ host, hostname }) => (isOneMachine ? host : hostname))
}

/** One of her two peers, and what she does beside being one. */
class Side implements Receiver {
  /** Her other one. */
  across: Side = this
  readonly port: number
  readonly suite: Suite
  readonly maxImage: number
  readonly #peer: Peer
  readonly #events: Events
  readonly #passages: Passages
  readonly #alteration: Alteration | undefined
  readonly #report: (event: PeerEvent) => void
  readonly #narrator: Narrator
  /** The peer that she faces, and what it has agreed to: null on this machine. */
  readonly victim: string
  readonly #consent: Consent | null
  readonly #timeout: number | undefined
  /** Sends keys that wait until it has agreed. */
  #waiting: (() => Promise<void>) | null = null
  /** The victim's identity and public key, from its last key message. */
  #share: Share | null = null
  /** What the victim's terminal shows. */
  #safetyNumber: string | null = null
  /** What her peer has opened and she has not passed on yet, oldest first. */
  readonly #texts: Uint8Array[] = []
  /** The last key message that came, as JSON, and the last text, with what becomes of them at the far end. */
  #lastKeys: { readonly body: string; readonly answer: Promise<AnswerForm> } | null = null
  #lastText: PassedText | null = null
  readonly #pictures: { path: string; name: string }[] = []
  readonly #explained = new Set<Point>()

  constructor(
    peer: Peer,
    events: Events,
    passages: Passages,
    { suite, alteration, between, listen, terminal }: MalloryOptions,
    consent: Consent | undefined,
  ) {
    this.port = peer.port
    this.suite = suite
    this.maxImage = peer.maxImage
    this.#peer = peer
    this.#events = events
    this.#passages = passages
    this.#alteration = alteration
    this.#report = terminal.reporter(peer.port)
    this.#narrator = terminal.narrator(peer.port)
    const isOnNetwork = listen !== undefined
    const names = namesOf(between, isOnNetwork)
    this.victim = names[between.indexOf(peer.peerUrl)] ?? ''
    this.#consent = consent ?? null
    this.#timeout = isOnNetwork ? NETWORK_MS : undefined
  }

  /** A copy of a key message or a text gets the answer that its original got, and nothing goes on for it. */
  receiveKeys(body: unknown): Promise<AnswerForm> {
    const text = JSON.stringify(body)
    if (this.#lastKeys?.body === text) return this.#lastKeys.answer
    const answer = this.#exchangeKeys(body)
    this.#lastKeys = { body: text, answer }
    return answer
  }

  async #exchangeKeys(body: unknown): Promise<AnswerForm> {
    const { share } = parseKeyMessage(this.suite, body)
    this.#agree()
    // these were to come first, and a failure leaves them waiting
    await this.#waiting?.()
    this.#waiting = null
    const answer = this.#takeKeys(body)
    this.#share = share
    this.#explain('keys')
    await this.across.#passKeysOn(this.#share.identity)
    return answer
  }

  /** Keys have come from the address of her victim. */
  #agree(): void {
    if (this.#consent === null || this.#consent.isGiven) return
    this.#consent.isGiven = true
    this.#narrator.say('·', 'named her', `${this.victim} has sent keys here: now she calls it too.`)
  }

  /** Sends keys to the victim for those that came across, at once or when it has agreed. */
  async #passKeysOn(identity: Uint8Array): Promise<void> {
    if (this.#consent === null || this.#consent.isGiven) return this.#sendKeys(identity)
    this.#waiting = this.#passages.later(() => this.#sendKeys(identity))
    this.#narrator.say(
      '·',
      'waits',
      `until ${this.victim} has sent its keys: it may not know of her.`,
    )
  }

  async receiveMessage(body: unknown): Promise<MessageAccepted> {
    try {
      const answer = this.#peer.receiveMessage(body)
      // this text is the only one that waits: both calls are synchronous
      this.#peer.decryptMessages()
      this.#explain('message')
      const text = new PassedText(body, answer, this.#altered(taken(this.#texts)))
      this.#lastText = text
      return await text.passOn(this.#send)
    } catch (error) {
      if (!(error instanceof CopyError)) throw error
      // whoever has sealed another text since has been told what became of this one
      if (!this.#lastText?.isOf(body)) throw error
      this.#report({ type: 'copy received', seq: error.seq })
      return this.#lastText.passOn(this.#send)
    }
  }

  /** Her peer erases what it has sent. */
  readonly #send = (text: Uint8Array) => accepted(this.across.#peer.sendMessage(text.slice()))

  async receivePicture(stream: AsyncIterable<Uint8Array>) {
    const answer = await this.#peer.receivePicture(stream)
    const { path, name } = taken(this.#pictures)
    this.#explain('picture')
    const copy = await pictureFile(path)
    await accepted(this.across.#peer.sendPicture({ ...copy, name }))
    return answer
  }

  /** Shows what her peer reports on her terminal; of some events she says something else or nothing. */
  hear(event: PeerEvent): void {
    switch (event.type) {
      case 'ready':
        this.#narrator.say('·', 'ready', new Value(`${event.url}  ${event.curve}`))
        this.#narrator.say('·', 'Mallory', `To ${this.victim} this is ${this.across.victim}.`)
        if (this.#consent !== null)
          this.#narrator.say(
            '·',
            'nothing goes',
            `to ${this.victim} before it has sent keys here. Nobody else is let in.`,
          )
        return
      case 'keys confirmed':
        this.#agreed(event.session, event.safetyNumber)
        return
      case 'message received':
        return
      case 'message opened':
        this.#texts.push(event.SECRET.slice())
        break
      case 'picture received':
        this.#pictures.push({ path: event.path, name: event.picture.name })
        break
    }
    this.#report(event)
  }

  async takeLeave(): Promise<void> {
    const { victim } = this
    if (this.#safetyNumber === null) {
      this.#narrator.say(
        '·',
        'not known',
        `${victim} never had a session with her, and keeps nothing of her.`,
      )
      return
    }
    const peerFile = `.duet/${new URL(this.#peer.peerUrl).port || '80'}/peer.${this.suite.curve.name}.pem`
    if (this.#peer.hasSession) {
      const text = utf8ToBytes(farewell(this.across.victim, peerFile))
      await this.#peer.sendMessage(text).catch(() => {
        this.#narrator.say(
          '✗',
          'not told',
          `${victim} does not take the text that tells it of her.`,
        )
      })
    }
    this.#narrator.say('·', `to forget her, ${victim}`, toForget(peerFile))
  }

  #agreed(session: Uint8Array, safetyNumber: string): void {
    const isNew = safetyNumber !== this.#safetyNumber
    this.#safetyNumber = safetyNumber
    const text = `session ${bytesToHex(session)}  with ${this.victim}`
    this.#narrator.say('✓', 'keys agreed', text)
    // what the victim shows as its secret with the other one
    this.#peer.show()
    this.#explain('agreed')
    if (!isNew || this.across.#safetyNumber === null) return
    for (const side of [this.across, this])
      side.#narrator.say(
        '·',
        `safety number, ${side.victim}`,
        safetyNumberValue(side.#safetyNumber ?? ''),
      )
    this.#explain('numbers')
  }

  /**
   * Keys whose proof is of what she sent in the other's name, and not of her peer's own keys, she takes
   * without it: on a suite with a KEM her peer would refuse them, and the victim would hear of it.
   */
  #takeKeys(body: unknown): AnswerForm {
    try {
      return this.#peer.receiveKeys(body)
    } catch (error) {
      if (!(error instanceof DuetError) || error.code !== 'confirm_failed') throw error
      const { share } = parseKeyMessage(this.suite, body)
      return this.#peer.receiveKeys(encodeKeyMessage(this.suite, { share }))
    }
  }

  /** Sends her own keys to the victim, or, to one that knows better, keys in the name of `identity`. */
  async #sendKeys(identity: Uint8Array): Promise<void> {
    try {
      await accepted(this.#peer.sendKeys())
    } catch (error) {
      this.#refused(error, 'identity_changed')
      await this.#claim(identity)
    }
  }

  /** Sends a key message with an identity that is not hers, and with all the proof that this allows. */
  async #claim(identity: Uint8Array): Promise<void> {
    const exchange = new Exchange(this.suite, new ClaimedIdentity(this.suite.curve, identity))
    try {
      if (this.#share !== null) exchange.receiveKeys({ share: this.#share })
      const message = exchange.startKeys()
      const { publicKey } = message.share
      this.#narrator.say('→', 'sent public key', `in the name of ${this.across.victim}`)
      this.#narrator.say(
        '·',
        '',
        new Value(isLong(publicKey) ? ends(publicKey) : bytesToHex(publicKey)),
      )
      const wire = createClient(this.#peer.peerUrl, this.suite, this.#events, this.#timeout)
      await accepted(wire.keys(encodeKeyMessage(this.suite, message)))
      this.#explain('claimed')
    } catch (error) {
      this.#refused(error, 'confirm_failed')
    } finally {
      exchange.erase()
    }
  }

  /** The text that the other victim gets in place of the one that this victim sent. */
  #altered(text: Uint8Array): Uint8Array {
    const altered = alter(text, this.#alteration)
    if (altered !== null) {
      this.across.#narrator.saySecret('changed to', altered)
      this.#passages.alter()
    }
    return altered ?? text
  }

  /** Explains the refusal that she has to live with. @throws any other error */
  #refused(error: unknown, code: 'identity_changed' | 'confirm_failed'): void {
    if (!(error instanceof DuetError) || error.code !== code) throw error
    this.#narrator.say('✗', 'refused', `by ${this.victim}: ${code}`)
    this.#explain(code)
  }

  /** Says what she can and can't do now, and why: once for each point that she comes to. */
  #explain(point: Point): void {
    if (this.#explained.has(point)) return
    this.#explained.add(point)
    const { can, cannot } = POINTS[point]({
      victim: this.victim,
      far: this.across.victim,
      url: this.#peer.url,
    })
    this.#narrator.say('✓', 'Mallory can', can)
    if (cannot !== undefined) this.#narrator.say('✗', "Mallory can't", cannot)
  }
}

/** A text that came, and what she makes of it at the far end. */
class PassedText {
  readonly #body: string
  readonly #answer: MessageAccepted
  readonly #text: Uint8Array
  /** null: it is not on its way, and has not arrived. */
  #arrival: Promise<void> | null = null

  constructor(body: unknown, answer: MessageAccepted, text: Uint8Array) {
    this.#body = JSON.stringify(body)
    this.#answer = answer
    this.#text = text
  }

  isOf(body: unknown): boolean {
    return JSON.stringify(body) === this.#body
  }

  /** Waits until it has arrived, and sends it if it is not on its way. Returns what whoever sent it is answered. */
  async passOn(send: (text: Uint8Array) => Promise<void>): Promise<MessageAccepted> {
    this.#arrival ??= send(this.#text)
    const arrival = this.#arrival
    try {
      await arrival
    } catch (error) {
      // a copy that comes later is another attempt, as it is for an honest peer
      if (this.#arrival === arrival) this.#arrival = null
      throw error
    }
    return this.#answer
  }
}

/** Somebody's public identity with a private key that does not belong to it: what can be claimed, and no more. */
class ClaimedIdentity extends KeyPair {
  override readonly publicKey: Uint8Array

  constructor(curve: Curve, publicKey: Uint8Array) {
    super(curve)
    this.publicKey = publicKey
  }
}

const toForget = (peerFile: string) =>
  `End that peer with Ctrl-C. With --no-state nothing of her is left. Otherwise remove ${peerFile}, the file that has her identity, before you start it again.`

const farewell = (far: string, peerFile: string) =>
  `I was Mallory, an attacker of the lab, and not ${far}. I have read all that you two sent. To forget me: end this peer with Ctrl-C. With --no-state nothing of me is left. Otherwise remove ${peerFile} before you start it again.`

/**
 * Waits for what the far end says.
 * @throws DuetError with the far end's own code if it refused, so that the refusal is passed on as it is
 */
async function accepted(request: Promise<unknown>): Promise<void> {
  try {
    await request
  } catch (error) {
    const isText = error instanceof TextError
    if (!(isText || error instanceof PeerError)) throw error
    // what her own peer says of a text names her own session
    if (error.peerCode === null)
      throw isText
        ? new PeerError('peer_timeout', 'The peer behind this one does not answer.')
        : error
    throw new DuetError<string>(error.peerCode, 'The peer behind this one refused it.')
  }
}

/** The changed text, or null if nothing of it is to be changed or the change makes it too long for a message. */
function alter(text: Uint8Array, alteration: Alteration | undefined): Uint8Array | null {
  if (alteration === undefined) return null
  const before = new TextDecoder('utf-8', { ignoreBOM: true }).decode(text)
  const after = before.replaceAll(alteration.from, () => alteration.to)
  const bytes = utf8ToBytes(after)
  return after === before || bytes.length > MAX_TEXT_BYTES ? null : bytes
}

/** Takes the oldest text or picture that her peer has opened. */
function taken<T>(opened: T[]): T {
  const oldest = opened.shift()
  if (oldest === undefined) throw new Error('Her peer has opened nothing.')
  return oldest
}
