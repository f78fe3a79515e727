/** What was handed in, what its senders were told, and what arrived: every broken promise is noticed here. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { PictureType } from '../../src/protocol/stream.ts'
import { pictureOf } from '../helpers/pictures.ts'

export type Side = 0 | 1

export function other(side: Side): Side {
  return side === 0 ? 1 : 0
}

/** What a sender says of a message. `lost`: it arrived, and nobody had read it when its receiver ended. */
type Fate = 'in doubt' | 'arrived' | 'unknown' | 'lost'

/** What an answer tells; any other leaves the message in doubt. */
const FATES: Readonly<Record<string, Fate>> = {
  '201': 'arrived',
  already_sent: 'arrived',
  maybe_read: 'unknown',
}

interface Message {
  readonly from: Side
  /** The sender's life in which it was sealed. */
  readonly life: number
  readonly session: string
  readonly seq: number
  /** Undefined where nobody has claimed it: it was sealed for a request without a text. */
  text?: string
  fate: Fate
  /** Whether a request was told that it arrived. */
  isAcknowledged: boolean
}

/** A text, however often it was handed in. */
interface Words {
  readonly to: Side
  /** How many requests with it had no answer, since their peer ended: each may have been sealed. */
  unanswered: number
  /** The numbers under which the receiver's terminal showed it. */
  readonly opened: number[]
}

/** What an answer says: of which message, and whether that is the text of this request. */
export interface Told {
  readonly code: string
  readonly session?: string
  readonly seq?: number
  readonly sealed?: boolean
}

export class Texts {
  /** Stands in every text: what to look for where no text belongs. */
  readonly marker: string
  /** `refused`: how often somebody was told that a text was not sent. */
  readonly counts = { handed: 0, opened: 0, refused: 0, unanswered: 0 }
  readonly #words = new Map<string, Words>()
  readonly #messages: Message[] = []
  /** The last text to each side. */
  readonly #lastTo: string[] = []
  /** How many messages may have got lost unread with each receiver, since that was looked at. */
  readonly #mayBeLost: [number, number] = [0, 0]

  constructor(seed: number) {
    this.marker = `the fox of run ${seed} is in the henhouse`
  }

  /** `number` and about `length` bytes. */
  content(number: string, length: number): string {
    return `${number}: ${this.marker}${' 🦊'.repeat(length / 5)}`
  }

  /** A text of its own, or the one before once more. */
  text(to: Side, length: number, isEqual = false): string {
    const last = this.#lastTo[to]
    const text = isEqual && last ? last : this.content(`${this.counts.handed}`, length)
    this.counts.handed++
    this.#lastTo[to] = text
    this.#wordsOf(text, to)
    return text
  }

  /** What is sent to a side where nobody says what. */
  standard(to: Side): string {
    return this.content(`standard-${to}`, 0)
  }

  /**
   * A request was answered; it had no text if it was about what is in doubt.
   * @throws AssertionError if that contradicts what was told before
   */
  told(from: Side, life: number, text: string | undefined, answer: Told): void {
    const { code, session, seq, sealed = true } = answer
    if (!sealed || session === undefined) this.counts.refused++
    if (session === undefined || seq === undefined) return
    const message = this.#message(from, life, session, seq)
    if (sealed && text !== undefined) {
      assert.ok([undefined, text].includes(message.text), `message ${seq} is two texts`)
      message.text = text
    }
    if (code === '201') {
      assert.ok(!message.isAcknowledged, `message ${seq} was told twice as arrived`)
      message.isAcknowledged = true
    }
    learn(message, FATES[code] ?? 'in doubt')
  }

  /** A request had no answer, since its peer ended. */
  unanswered(from: Side, text: string | undefined): void {
    this.counts.unanswered++
    this.#wordsOf(text ?? this.standard(other(from)), other(from)).unanswered++
  }

  /** A sender's terminal says that a message in doubt arrived, or, with its session, that nobody can tell. */
  settled(from: Side, life: number, seq: number, session?: string): void {
    // none is sealed while one is in doubt: it is the last one with this number
    const isIt = (one: Message) => one.from === from && one.life === life && one.seq === seq
    const last = this.#messages.findLast(isIt)
    if (session !== undefined) learn(this.#message(from, life, session, seq), 'unknown')
    else if (last) learn(last, 'arrived')
  }

  /** A terminal shows `text` under a number. @throws AssertionError if nobody sent it there */
  opened(on: Side, seq: number, text: string): void {
    const what = text.split(':', 1)[0]
    assert.ok(this.#words.has(text) || text === this.standard(on), `${what} is nobody's text`)
    const { to, opened } = this.#wordsOf(text, on)
    assert.equal(on, to, `${what} came to its sender`)
    opened.push(seq)
    this.counts.opened++
  }

  /** A receiver ended: by what it says so many messages are lost unread, or Infinity if it could say nothing. */
  lost(to: Side, messages: number): void {
    this.#mayBeLost[to] += messages
  }

  /** A sender ended, and its terminal has said all that it will say. @throws AssertionError if something is in doubt still */
  saidAll(from: Side, life: number): void {
    const left = this.#messages.findLast(
      (one) => one.from === from && one.life === life && one.fate === 'in doubt',
    )
    assert.ok(!left, `its sender ended without a word on message ${left?.seq}`)
  }

  /**
   * All that could arrive at `to` has arrived, and was read; its sender is in its `life`.
   * @throws AssertionError for a text that was opened more often than it may have arrived, for one that arrived and was
   * not opened, unless it was lost with its receiver, and for one of which nobody was told what became of it
   */
  settle(to: Side, life: number): void {
    const messages = this.#messages.filter(({ from }) => from !== to)
    for (const message of messages) {
      if (message.fate !== 'in doubt') continue
      assert.notEqual(message.life, life, `nobody was told what became of message ${message.seq}`)
      message.fate = 'unknown'
    }
    this.#wordsOf(this.standard(to), to)
    const byText = new Map<string, Message[]>()
    for (const message of messages) {
      const { text = this.standard(to) } = message
      byText.set(text, [...(byText.get(text) ?? []), message])
    }
    let missing = 0
    for (const [text, { to: on, opened, unanswered }] of this.#words) {
      if (on !== to) continue
      const sent = byText.get(text) ?? []
      let excess = 0
      for (const seq of new Set([...sent.map(({ seq }) => seq), ...opened])) {
        const of = (fate: Fate) => sent.filter((one) => one.seq === seq && one.fate === fate)
        const times = opened.filter((one) => one === seq).length
        excess += Math.max(0, times - of('arrived').length - of('unknown').length)
        for (const message of of('arrived').slice(times)) {
          message.fate = 'lost'
          missing++
        }
      }
      const what = text.split(':', 1)[0]
      assert.ok(excess <= unanswered, `${what} was opened more often than it may have arrived`)
    }
    const told = this.#mayBeLost[to]
    const left = `${missing} texts arrived and were not opened; ${told} are told as lost`
    assert.ok(missing <= told, left)
    this.#mayBeLost[to] = 0
  }

  /** How many messages have come to each fate. */
  fates(): string[] {
    return this.#messages.map(({ fate }) => fate)
  }

  #message(from: Side, life: number, session: string, seq: number): Message {
    const isIt = (one: Message) => one.from === from && one.session === session && one.seq === seq
    const known = this.#messages.findLast(isIt)
    if (known) return known
    const fresh: Message = { from, life, session, seq, fate: 'in doubt', isAcknowledged: false }
    this.#messages.push(fresh)
    return fresh
  }

  #wordsOf(text: string, to: Side): Words {
    const words = this.#words.get(text) ?? { to, unanswered: 0, opened: [] }
    this.#words.set(text, words)
    return words
  }
}

/** @throws AssertionError if that contradicts what was told before */
function learn(message: Message, fate: Fate): void {
  // an answer may be overtaken by what the terminal says
  if (fate === 'in doubt') return
  const { seq, fate: before } = message
  const isNews = ['in doubt', fate].includes(before)
  assert.ok(isNews, `message ${seq} was told as ${before}, then as ${fate}`)
  message.fate = fate
}

/** A letter or a picture. */
interface Parcel {
  readonly kind: 'letter' | 'picture'
  readonly to: Side
  wasAccepted: boolean
  hasArrived: boolean
}

/** Letters to mailboxes and pictures, each of its own content. */
export class Parcels {
  readonly counts = { letters: 0, pictures: 0, arrived: 0, again: 0, 'set aside': 0 }
  /** By its digest. */
  readonly #parcels = new Map<string, Parcel>()
  /** The ids of letters as they were sealed. */
  readonly #sealed = new Set<string>()

  handIn(kind: Parcel['kind'], to: Side, content: string | Uint8Array): void {
    this.counts[`${kind}s`]++
    this.#parcels.set(digest(content), { kind, to, wasAccepted: false, hasArrived: false })
  }

  picture(to: Side, type: PictureType, length: number): Uint8Array {
    const bytes = Buffer.from(pictureOf(type, Math.max(length, 32)))
    // behind what each format needs to be whole
    bytes.writeUIntBE(this.counts.pictures, 24, 6)
    this.handIn('picture', to, bytes)
    return bytes
  }

  /** Whoever handed it in was told 201, and may be told so again of a letter. */
  accept(content: string | Uint8Array): void {
    const parcel = this.#parcels.get(digest(content))
    assert.ok(parcel)
    parcel.wasAccepted = true
  }

  /** A letter was sealed to bytes with this id. */
  sealed(id: string): void {
    this.#sealed.add(id)
  }

  /** A watcher has set bytes with this id aside. @throws AssertionError if somebody sealed them so */
  setAside(id: string): void {
    assert.ok(!this.#sealed.has(id), 'a letter was set aside as it was sealed')
    this.counts['set aside']++
  }

  /** A watcher printed it, or it is kept as a picture. `mayRepeat`: its watcher was killed since it printed this one. */
  arrive(on: Side, content: string | Uint8Array, mayRepeat = false): void {
    const parcel = this.#parcels.get(digest(content))
    const what = typeof content === 'string' ? content.split(':', 1)[0] : 'a picture'
    assert.ok(parcel, `${what} is nothing that anybody sent`)
    assert.equal(on, parcel.to, `${what} came to its sender`)
    assert.ok(mayRepeat || !parcel.hasArrived, `${what} came twice`)
    this.counts[parcel.hasArrived ? 'again' : 'arrived']++
    parcel.hasArrived = true
  }

  /** How many were accepted for `to` and have not arrived. */
  missing(to: Side, kind: Parcel['kind']): number {
    const isMissing = (one: Parcel) => one.kind === kind && one.to === to && !one.hasArrived
    return [...this.#parcels.values()].filter((one) => one.wasAccepted && isMissing(one)).length
  }
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
