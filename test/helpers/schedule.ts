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
import type { Suite } from '../../src/protocol/suites.ts'
import { codeOfText, restarted, two } from './exchanges.ts'

export type Side = 0 | 1

/** One step of a schedule. `pick` chooses among what is under way, or among what ever was. */
export type Step =
  | { do: 'send keys' | 'send message' | 'read' | 'restart' | 'expire'; side: Side }
  | { do: 'deliver' | 'lose' | 'replay' | 'duplicate'; pick: number }

const side = fc.constantFrom<Side>(0, 1)
const pick = fc.nat({ max: 1_000 })

/** Steps on both sides, everything delivered sooner or later in any order. */
const orderly: fc.WeightedArbitrary<Step>[] = [
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send keys' as const), side }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('send message' as const), side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('read' as const), side }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), pick }) },
]
/** A copy of something that arrived before. */
const replays: fc.WeightedArbitrary<Step>[] = [
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), pick }) },
]
/** Loss, copies that overtake, restarts, an hour that goes by. */
const disorderly: fc.WeightedArbitrary<Step>[] = [
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('duplicate' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), side }) },
]

const schedule = (...kinds: fc.WeightedArbitrary<Step>[][]) =>
  fc.array(fc.oneof(...kinds.flat()), { maxLength: 60, size: 'max' })

export const withoutLoss = schedule(orderly)
export const withReplays = schedule(orderly, replays)
export const withEverything = schedule(orderly, replays, disorderly)

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
  #texts = 0

  constructor(suite: Suite) {
    const peer = (exchange: Exchange): Peer => ({
      exchange,
      run: 0,
      sentKeys: null,
      keysWanted: 0,
      messageUnderWay: false,
      accepted: [],
    })
    const [a, b] = two(suite)
    this.peers = [peer(a), peer(b)]
  }

  take(step: Step): void {
    switch (step.do) {
      case 'send keys':
        this.#peer(step.side).keysWanted++
        this.#startKeys(step.side)
        break
      case 'send message':
        this.#startMessage(step.side)
        break
      case 'read':
        this.read(step.side)
        break
      case 'restart':
        this.#restart(step.side)
        break
      case 'expire':
        this.#peer(step.side).exchange.expire()
        break
      case 'deliver':
        if (this.#underWay.length > 0) this.#deliver(this.#pull(step.pick))
        break
      case 'lose':
        if (this.#underWay.length > 0) this.#lose(this.#pull(step.pick))
        break
      case 'duplicate': {
        const requests = this.#underWay.filter((item) => item.kind !== 'answer')
        const original = requests[step.pick % Math.max(1, requests.length)]
        if (original) this.#underWay.push({ ...original, sender: null })
        break
      }
      case 'replay': {
        const original = this.#arrived[step.pick % Math.max(1, this.#arrived.length)]
        if (original) this.#deliver({ ...original, sender: null })
        break
      }
    }
  }

  /** Delivers what is under way, in the order that it was sent, until nothing is. */
  settle(): void {
    while (this.#underWay.length > 0) this.#deliver(this.#pull(0))
  }

  /** What `/send_keys` on both, one after the other, does. */
  sendKeysOnBoth(): void {
    for (const side of [0, 1] as const) {
      this.take({ do: 'send keys', side })
      this.settle()
    }
  }

  /** The ids of both current sessions, as hex. */
  sessions(): (string | null)[] {
    return this.peers.map(({ exchange }) => exchange.current && bytesToHex(exchange.current.id))
  }

  /** What `side` is told if it sends a text now: the code of a refusal, or null if it was taken. */
  codeOfText(side: Side): string | null {
    const receiver = this.#peer(other(side))
    const code = codeOfText(this.#peer(side).exchange, receiver.exchange)
    if (code === null) receiver.accepted.push('?')
    return code
  }

  /** Sends a text each way and reads it: the two can talk. */
  talk(): void {
    for (const side of [0, 1] as const) {
      this.read(side)
      this.read(other(side))
      this.take({ do: 'send message', side })
      this.settle()
      assert.equal(this.read(other(side)), 1)
    }
  }

  /** Reads all that waits, and holds it against what was accepted. Returns how many. */
  read(side: Side): number {
    const peer = this.#peer(side)
    assert.equal(peer.exchange.waiting.length, peer.accepted.length)
    const texts = peer.accepted.map(() => new TextDecoder().decode(peer.exchange.openOldest().text))
    assert.deepEqual(texts, peer.accepted)
    peer.accepted = []
    return texts.length
  }

  #peer(side: Side): Peer {
    return this.peers[side]
  }

  #startKeys(side: Side): void {
    const peer = this.#peer(side)
    if (peer.sentKeys !== null || peer.keysWanted === 0) return
    peer.keysWanted--
    this.#sendKeys(side, peer.exchange.startKeys())
  }

  #sendKeys(side: Side, body: KeyMessage): void {
    const peer = this.#peer(side)
    peer.sentKeys = body
    this.#underWay.push({ kind: 'keys', to: other(side), body, sender: { side, run: peer.run } })
  }

  #startMessage(side: Side): void {
    const peer = this.#peer(side)
    if (peer.messageUnderWay || peer.exchange.current === null) return
    const text = `text ${this.#texts++}`
    const body = peer.exchange.sendMessage(utf8ToBytes(text))
    const place = `${side} ${bytesToHex(body.session)} ${body.seq}`
    assert.ok(!this.#sealed.has(place), `sealed twice: ${place}`)
    this.#sealed.set(place, text)
    peer.messageUnderWay = true
    this.#underWay.push({ kind: 'message', to: other(side), body, sender: { side, run: peer.run } })
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
    const peer = this.#peer(item.to)
    try {
      if ('share' in item.body) {
        const { confirm } = peer.exchange.receiveKeys(item.body)
        return confirm ? { confirm } : {}
      }
      const { session, seq } = item.body
      peer.exchange.receiveMessage(item.body)
      const text = this.#sealed.get(`${other(item.to)} ${bytesToHex(session)} ${seq}`)
      assert.notEqual(text, undefined)
      peer.accepted.push(text ?? '')
      return {}
    } catch (error) {
      assert.ok(error instanceof DuetError, String(error))
      return { refused: error.code }
    }
  }

  #deliverAnswer({ to, of, refused, confirm }: Reply): void {
    const peer = this.#peer(to.side)
    if (peer.run !== to.run) return
    if (of === 'message') peer.messageUnderWay = false
    else {
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
    const peer = this.#peer(side)
    peer.run++
    peer.exchange = restarted(peer.exchange)
    peer.accepted = []
    peer.sentKeys = null
    peer.keysWanted = 0
    peer.messageUnderWay = false
  }

  #pull(pick: number): Request | Reply {
    const [item] = this.#underWay.splice(pick % this.#underWay.length, 1)
    if (item === undefined) throw new Error('nothing is under way')
    return item
  }
}

function other(side: Side): Side {
  return side === 0 ? 1 : 0
}
