/**
 * Two exchanges and a network between them that delivers late, out of order, twice or not at
 * all. It keeps a model beside them (what was sealed, accepted, read) and checks it at each step.
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bytesToHex, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Confirm, KeyMessage, SealedMessage } from '../../src/protocol/messages.ts'
import type { Fate } from '../../src/protocol/openText.ts'
import type { Suite } from '../../src/protocol/suites.ts'
import { codeOfText, outcomeOf, restarted, two } from './exchanges.ts'

export type Side = 0 | 1

/** How often each kind of step comes beside the others: everything is delivered sooner or later in any order. */
const orderly = { 'send keys': 4, 'send message': 2, read: 1, deliver: 8 }
/** A copy of something that arrived before. */
const replays = { replay: 2 }
/** Loss, copies that overtake, restarts, an hour that goes by. */
const disorderly = { lose: 2, duplicate: 1, restart: 1, expire: 1 }

type Kind = keyof (typeof orderly & typeof replays & typeof disorderly)
/** One step of a schedule, on a side, or on what `pick` chooses among what is under way, or among what ever was. */
export type Step = { do: Kind; side: Side; pick: number }

function schedule(weights: Partial<Record<Kind, number>>): fc.Arbitrary<Step[]> {
  const kinds = (Object.entries(weights) as [Kind, number][]).map(([kind, weight]) => ({
    weight,
    arbitrary: fc.constant(kind),
  }))
  const side = fc.constantFrom<Side>(0, 1)
  const step = fc.record({ do: fc.oneof(...kinds), side, pick: fc.nat({ max: 1_000 }) })
  return fc.array(step, { maxLength: 60, size: 'max' })
}

export const withoutLoss = schedule(orderly)
export const withReplays = schedule({ ...orderly, ...replays })
export const withEverything = schedule({ ...orderly, ...replays, ...disorderly })

interface Peer {
  exchange: Exchange
  /** Counts restarts: an answer to a run that is over reaches nobody. */
  run: number
  /** The key message that is under way. */
  sentKeys: KeyMessage | null
  keysWanted: number
  messageUnderWay: boolean
  /** What the model says waits to be read, oldest first. */
  accepted: string[]
}

interface Request {
  kind: 'keys' | 'message'
  to: Side
  body: KeyMessage | SealedMessage
  /** Whoever waits for the answer; a copy has nobody. */
  sender: { side: Side; run: number } | null
}

interface Reply {
  kind: 'answer'
  to: { side: Side; run: number }
  of: 'keys' | 'message'
  /** A refused request has an answer too: its code, or null for none at all. */
  refused?: string | null
  confirm?: Confirm
}

export class World {
  readonly peers: [Peer, Peer]
  readonly #underWay: (Request | Reply)[] = []
  readonly #arrived: Request[] = []
  readonly #sealed = new Map<string, string>()
  readonly #taken = new Set<string>()
  /** What their senders were told of the texts. */
  readonly #told = new Map<string, Fate>()
  #texts = 0

  constructor(suite: Suite) {
    const [a, b] = two(suite)
    this.peers = [started(a, 0), started(b, 0)]
  }

  take({ do: kind, side, pick }: Step): void {
    const chosen = <T>(items: readonly T[]) => items[pick % Math.max(1, items.length)]
    const isEmpty = this.#underWay.length === 0
    const acts: Record<Kind, () => void> = {
      'send keys': () => this.#wantKeys(side),
      'send message': () => this.#startMessage(side),
      read: () => this.read(side),
      restart: () => this.#restart(side),
      expire: () => this.peers[side].exchange.expire(),
      deliver: () => isEmpty || this.#deliver(this.#pull(pick)),
      lose: () => isEmpty || this.#lose(this.#pull(pick)),
      duplicate: () => {
        const original = chosen(this.#underWay.filter((item) => item.kind !== 'answer'))
        if (original) this.#underWay.push({ ...original, sender: null })
      },
      replay: () => {
        const original = chosen(this.#arrived)
        if (original) this.#deliver({ ...original, sender: null })
      },
    }
    acts[kind]()
  }

  /** Delivers what is under way, in the order that it was sent, until nothing is. */
  settle(): void {
    while (this.#underWay.length > 0) this.#deliver(this.#pull(0))
  }

  /** What `/send_keys` on both, one after the other, does. */
  sendKeysOnBoth(): void {
    for (const side of [0, 1] as const) {
      this.#wantKeys(side)
      this.settle()
    }
  }

  /** The ids of both current sessions, as hex. */
  sessions(): (string | null)[] {
    return this.peers.map(({ exchange }) => exchange.current && bytesToHex(exchange.current.id))
  }

  /** What `side` is told if it sends a text now: the code of a refusal, or null if it was taken. */
  codeOfText(side: Side): string | null {
    const receiver = this.peers[other(side)]
    this.#repeat(side)
    const code = codeOfText(this.peers[side].exchange, receiver.exchange)
    if (code === null) receiver.accepted.push('?')
    return code
  }

  /** Sends a text each way and reads it: the two can talk. */
  talk(): void {
    for (const side of [0, 1] as const) {
      this.#repeat(side)
      this.read(side)
      this.read(other(side))
      this.#startMessage(side)
      this.settle()
      assert.equal(this.read(other(side)), 1)
    }
  }

  /** Reads all that waits, and holds it against what was accepted. Returns how many. */
  read(side: Side): number {
    const peer = this.peers[side]
    assert.equal(peer.exchange.waiting.length, peer.accepted.length)
    const texts = peer.accepted.map(() => new TextDecoder().decode(peer.exchange.openOldest().text))
    assert.deepEqual(texts, peer.accepted)
    peer.accepted = []
    return texts.length
  }

  #wantKeys(side: Side): void {
    this.peers[side].keysWanted++
    this.#startKeys(side)
  }

  #startKeys(side: Side): void {
    const peer = this.peers[side]
    if (peer.sentKeys !== null || peer.keysWanted === 0) return
    peer.keysWanted--
    this.#sendKeys(side, peer.exchange.startKeys())
  }

  #sendKeys(side: Side, body: KeyMessage): void {
    const peer = this.peers[side]
    peer.sentKeys = body
    this.#underWay.push({ kind: 'keys', to: other(side), body, sender: { side, run: peer.run } })
  }

  #startMessage(side: Side): void {
    const peer = this.peers[side]
    if (peer.messageUnderWay || peer.exchange.current === null) return
    const body = peer.exchange.openText === null ? this.#seal(side) : peer.exchange.repeatMessage()
    peer.messageUnderWay = true
    this.#underWay.push({ kind: 'message', to: other(side), body, sender: { side, run: peer.run } })
  }

  /** What is open goes once more, so that the next text may be sealed. */
  #repeat(side: Side): void {
    if (this.peers[side].exchange.openText === null) return
    this.#startMessage(side)
    this.settle()
  }

  #seal(side: Side): SealedMessage {
    const text = `text ${this.#texts++}`
    const body = this.peers[side].exchange.sendMessage(utf8ToBytes(text))
    const place = placeOf(side, body)
    assert.ok(!this.#sealed.has(place), `sealed twice: ${place}`)
    this.#sealed.set(place, text)
    return body
  }

  #deliver(item: Request | Reply): void {
    if (item.kind === 'answer') {
      this.#deliverAnswer(item)
      return
    }
    this.#arrived.push(item)
    const answer = this.#receive(item)
    if (item.sender !== null)
      this.#underWay.push({ kind: 'answer', to: item.sender, of: item.kind, ...answer })
  }

  #receive(item: Request): Pick<Reply, 'refused' | 'confirm'> {
    const peer = this.peers[item.to]
    try {
      if ('share' in item.body) {
        const { confirm } = peer.exchange.receiveKeys(item.body)
        return confirm ? { confirm } : {}
      }
      peer.exchange.receiveMessage(item.body)
      const place = placeOf(other(item.to), item.body)
      const text = this.#sealed.get(place)
      assert.notEqual(text, undefined)
      assert.ok(!this.#taken.has(place), `taken twice: ${text}`)
      assert.notEqual(this.#told.get(place), 'refused', `taken after it was refused: ${text}`)
      this.#taken.add(place)
      peer.accepted.push(text ?? '')
      return {}
    } catch (error) {
      assert.ok(error instanceof DuetError, String(error))
      return { refused: error.code }
    }
  }

  #deliverAnswer({ to, of, refused, confirm }: Reply): void {
    const peer = this.peers[to.side]
    if (peer.run !== to.run) return
    if (of === 'message') {
      peer.messageUnderWay = false
      const { openText } = peer.exchange
      if (openText === null) throw new Error('Nobody waits for this answer.')
      const fate = peer.exchange.messageAnswered(outcomeOf(refused))
      const place = placeOf(to.side, openText.message)
      this.#told.set(place, fate)
      if (fate === 'arrived') assert.ok(this.#taken.has(place), `not taken: ${place}`)
    } else {
      const sent = peer.sentKeys
      if (sent === null) throw new Error('Nobody waits for this answer.')
      const next =
        refused === undefined
          ? peer.exchange.receiveAnswer(confirm).again
          : peer.exchange.afterRefusal(sent, refused)
      peer.sentKeys = null
      if (next) this.#sendKeys(to.side, next)
      else this.#startKeys(to.side)
    }
  }

  /** Whoever waits for it gives up. */
  #lose(item: Request | Reply): void {
    const to = item.kind === 'answer' ? item.to : item.sender
    const of = item.kind === 'answer' ? item.of : item.kind
    if (to !== null) this.#deliverAnswer({ kind: 'answer', to, of, refused: null })
  }

  /** Its identity and the known peer stay; the rest is gone. */
  #restart(side: Side): void {
    const { exchange, run } = this.peers[side]
    this.peers[side] = started(restarted(exchange), run + 1)
  }

  #pull(pick: number): Request | Reply {
    const [item] = this.#underWay.splice(pick % this.#underWay.length, 1)
    if (item === undefined) throw new Error('nothing is under way')
    return item
  }
}

const placeOf = (from: Side, { session, seq }: SealedMessage) =>
  `${from} ${bytesToHex(session)} ${seq}`

const started = (exchange: Exchange, run: number): Peer => ({
  exchange,
  run,
  sentKeys: null,
  keysWanted: 0,
  messageUnderWay: false,
  accepted: [],
})

function other(side: Side): Side {
  return side === 0 ? 1 : 0
}
