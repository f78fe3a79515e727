/**
 * Mallory, in the middle: two ordinary peers back to back. Each of them faces one of two honest
 * peers, its victim, and poses as the other one. What one of hers accepts goes on by the other
 * before it is answered, so that whatever the far end refuses travels back.
 */

import { createClient } from '../../../http/client.ts'
import { type Prepared, prepare } from '../../../launch.ts'
import { PeerError, type PeerEvent, type Receiver, TextError } from '../../../peer/contract.ts'
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
  /** The URLs of the two honest peers, on loopback addresses; her first peer faces the first. */
  readonly between: readonly [string, string]
  readonly suite: Suite
  readonly alteration?: Alteration | undefined
  readonly terminal: Terminal
}

/**
 * Her two peers, on their ports and not started yet. She keeps nothing: even her copies of pictures are gone when she ends.
 * @throws the system's error if a port can't be had
 */
export function prepareMallory(options: MalloryOptions): Promise<Prepared> {
  const { ports, between, suite, terminal } = options
  const sides: Side[] = []
  const passages = new Passages()
  const logs: Log[] = []
  return prepare({
    suite,
    plans: [
      { host: '127.0.0.1', port: ports[0], peerUrl: between[0] },
      { host: '127.0.0.1', port: ports[1], peerUrl: between[1] },
    ],
    openMemory: () => forgetful(suite.curve),
    showsSecrets: true,
    terminal: {
      reporter: (port) => (event) => sides.find((side) => side.port === port)?.hear(event),
    },
    inPlace: (peer, events) => {
      const index = sides.length === 0 ? 0 : 1
      const side = new Side(peer, events, passages, options, terminal)
      for (const other of sides) [side.across, other.across] = [other, side]
      sides.push(side)
      events.onRequest = (way, n) => passages.note(index, way, n, events)
      logs.push({ peer, events, victim: side.victim })
      return { receiver: side, front: front(index, logs, passages) }
    },
  })
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
  /** The peer that she faces, by its port. */
  readonly victim: string
  /** The victim's identity and public key, from its last key message. */
  #share: Share | null = null
  /** What the victim's terminal shows. */
  #safetyNumber: string | null = null
  /** What her peer has opened and she has not passed on yet, oldest first. */
  readonly #texts: Uint8Array[] = []
  /** The text that was passed on last, and the promise of its arrival. */
  #lastText: Uint8Array = new Uint8Array(0)
  #passedOn: Promise<void> = Promise.resolve()
  readonly #pictures: { path: string; name: string }[] = []
  readonly #explained = new Set<Point>()

  constructor(
    peer: Peer,
    events: Events,
    passages: Passages,
    { suite, alteration }: MalloryOptions,
    terminal: Terminal,
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
    this.victim = new URL(peer.peerUrl).port || '80'
  }

  async receiveKeys(body: unknown) {
    const answer = this.#takeKeys(body)
    this.#share = parseKeyMessage(this.suite, body).share
    this.#explain('keys')
    await this.across.#sendKeys(this.#share.identity)
    return answer
  }

  async receiveMessage(body: unknown) {
    try {
      const answer = this.#peer.receiveMessage(body)
      // this text is the only one that waits: both calls are synchronous
      this.#peer.decryptMessages()
      this.#explain('message')
      this.#passOn(this.#altered(taken(this.#texts)))
      await this.#passedOn
      return answer
    } catch (error) {
      if (!(error instanceof CopyError)) throw error
      // a copy comes because its sender had no answer: it gets one once the text has arrived at the far end
      const passedOn = this.#passedOn
      await passedOn.catch(() => {
        if (this.#passedOn === passedOn) this.#passOn(this.#lastText)
      })
      await this.#passedOn
      throw error
    }
  }

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
      const wire = createClient(this.#peer.peerUrl, this.suite, this.#events)
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

  /** Her peer erases what it has sent. */
  #passOn(text: Uint8Array): void {
    this.#lastText = text
    this.#passedOn = accepted(this.across.#peer.sendMessage(text.slice()))
    this.#passedOn.catch(() => {})
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

/** Somebody's public identity with a private key that does not belong to it: what can be claimed, and no more. */
class ClaimedIdentity extends KeyPair {
  override readonly publicKey: Uint8Array

  constructor(curve: Curve, publicKey: Uint8Array) {
    super(curve)
    this.publicKey = publicKey
  }
}

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
