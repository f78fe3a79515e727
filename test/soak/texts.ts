/** What was handed in to `/send_msg`, what its senders were told of it, and what its receivers' terminals showed. */

import assert from 'node:assert/strict'

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

interface Request {
  readonly from: Side
  readonly life: number
  readonly text: string | undefined
  /** The message in doubt that it is about, or null. */
  readonly repeats: Message | null
  /** Whether no other request to the same peer was under way with it. */
  isAlone: boolean
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
  /** By sender, session and number. */
  readonly #messages = new Map<string, Message>()
  readonly #underWay = new Set<Request>()
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

  /** A request goes out; without a text it is about what is in doubt. */
  asked(from: Side, life: number, text: string | undefined): Request {
    const inDoubt = this.#find(from, (one) => one.life === life && one.fate === 'in doubt')
    const isSame = text === undefined || text === inDoubt?.text
    const others = [...this.#underWay].filter((one) => one.from === from)
    for (const one of others) one.isAlone = false
    const repeats = isSame ? inDoubt : null
    const request = { from, life, text, repeats, isAlone: others.length === 0 }
    this.#underWay.add(request)
    return request
  }

  /** @throws AssertionError if that contradicts what was told before, or a text in doubt was sealed anew */
  told(request: Request, { code, session, seq, sealed = true }: Told): void {
    const { from, life, text, repeats, isAlone } = request
    this.#underWay.delete(request)
    if (!sealed || session === undefined) this.counts.refused++
    if (session === undefined || seq === undefined) return
    const message = this.#message(from, life, session, seq)
    if (sealed && text !== undefined) {
      assert.ok([undefined, text].includes(message.text), `message ${seq} is two texts`)
      message.text = text
    }
    // if others settled it meanwhile, this is another text of the same words
    const isAnew = sealed && isAlone && repeats !== null && message !== repeats
    assert.ok(!isAnew, `message ${repeats?.seq} was in doubt, and its text was sealed anew`)
    if (code === '201') {
      assert.ok(!message.isAcknowledged, `message ${seq} was told twice as arrived`)
      message.isAcknowledged = true
    }
    learn(message, FATES[code] ?? 'in doubt')
  }

  /** A request had no answer, since its peer ended. */
  unanswered(request: Request): void {
    const to = other(request.from)
    this.#underWay.delete(request)
    this.counts.unanswered++
    this.#wordsOf(request.text ?? this.standard(to), to).unanswered++
  }

  /** A sender's terminal says that a message in doubt arrived, or, with its session, that nobody can tell. */
  settled(from: Side, life: number, seq: number, session?: string): void {
    // none is sealed while one is in doubt: it is the last one with this number
    const last = this.#find(from, (one) => one.life === life && one.seq === seq)
    if (session !== undefined) learn(this.#message(from, life, session, seq), 'unknown')
    else if (last !== null) learn(last, 'arrived')
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
    const left = this.#find(from, (one) => one.life === life && one.fate === 'in doubt')
    assert.equal(left, null, `its sender ended without a word on message ${left?.seq}`)
  }

  /**
   * All that could arrive at `to` has arrived, and was read; its sender is in its `life`.
   * @throws AssertionError for a text that was opened more often than it may have arrived, for one that arrived and was
   * not opened, unless it was lost with its receiver, and for one of which nobody was told what became of it
   */
  settle(to: Side, life: number): void {
    const sent = new Map<string, Message[]>([...this.#words.keys()].map((text) => [text, []]))
    for (const message of this.#messages.values()) {
      if (message.from === to) continue
      if (message.fate === 'in doubt') {
        assert.notEqual(message.life, life, `nobody was told what became of message ${message.seq}`)
        message.fate = 'unknown'
      }
      const { text = this.standard(to) } = message
      this.#wordsOf(text, to)
      sent.set(text, [...(sent.get(text) ?? []), message])
    }
    let missing = 0
    for (const [text, messages] of sent) {
      const { to: on, opened, unanswered } = this.#wordsOf(text, to)
      if (on !== to) continue
      let excess = 0
      const seqs = [...messages.map(({ seq }) => seq), ...opened]
      for (const seq of new Set(seqs)) {
        const of = (fate: Fate) => messages.filter((one) => one.seq === seq && one.fate === fate)
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
    assert.ok(
      missing <= told,
      `${missing} texts arrived and were not opened; ${told} are told as lost`,
    )
    this.#mayBeLost[to] = 0
  }

  /** How many messages have come to each fate. */
  fates(): Map<string, number> {
    const fates = new Map<string, number>()
    for (const { fate } of this.#messages.values()) fates.set(fate, (fates.get(fate) ?? 0) + 1)
    return fates
  }

  #find(from: Side, is: (message: Message) => boolean): Message | null {
    return [...this.#messages.values()].findLast((one) => one.from === from && is(one)) ?? null
  }

  #message(from: Side, life: number, session: string, seq: number): Message {
    const key = `${from} ${session} ${seq}`
    const fresh: Message = { from, life, seq, fate: 'in doubt', isAcknowledged: false }
    const message = this.#messages.get(key) ?? fresh
    this.#messages.set(key, message)
    return message
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
