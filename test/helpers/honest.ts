/**
 * Two honest peers, a network that loses, delays and repeats, and strangers who reach both: the state machine, the ring
 * and the forms as the program has them, without sockets and with quick keys. What comes of it is transcripts.
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { commandsOf } from '../../src/http/nextCommands.ts'
import { encodeProblem, problemOf } from '../../src/http/problems.ts'
import { publicStateOf } from '../../src/peer/publicState.ts'
import { concatBytes, randomBytes, u64, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import type { Share } from '../../src/protocol/keySchedule.ts'
import {
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  type KeyMessage,
  parseAnswer,
  parseKeyMessage,
  parseMessage,
  type SealedMessage,
} from '../../src/protocol/messages.ts'
import { parseHeader, streamBytes } from '../../src/protocol/stream.ts'
import { EphemeralKeys, type Suite } from '../../src/protocol/suites.ts'
import type { WireRoute } from '../../src/wirelog/forms.ts'
import { Events, type Pending } from '../../src/wirelog/ring.ts'
import { pageStateOf, transcriptOf } from '../../src/wirelog/transcript.ts'
import { restarted } from './exchanges.ts'
import { quick } from './quick-suites.ts'

type Side = 0 | 1
const SIDES = [0, 1] as const

/** How often each kind of step comes beside the others. */
const WEIGHTS = {
  'send keys': 6,
  'send a text': 5,
  'send a picture': 2,
  read: 1,
  show: 1,
  deliver: 16,
  settle: 2,
  agree: 3,
  talk: 1,
  // a network that loses, answers late and repeats
  'lose one': 2,
  'give up on one': 2,
  copy: 1,
  replay: 2,
  // anybody who reaches a peer
  strangers: 3,
  nonsense: 1,
  // what happens to a peer
  restart: 1,
  'an hour': 1,
  'take a transcript': 1,
}
type Kind = keyof typeof WEIGHTS
export interface Step {
  readonly do: Kind
  readonly side: Side
  /** Chooses among what is under way, or how often. */
  readonly pick: number
}

/** What happens in a run. `resends`: a text that nobody answered is sent again as it was sealed, and not sealed anew. */
export const runs = fc.record({
  resends: fc.boolean(),
  steps: fc.array(
    fc.record({
      do: fc.oneof(
        ...(Object.entries(WEIGHTS) as [Kind, number][]).map(([kind, weight]) => ({
          weight,
          arbitrary: fc.constant(kind),
        })),
      ),
      side: fc.constantFrom<Side>(0, 1),
      pick: fc.nat({ max: 999 }),
    }),
    { minLength: 5, maxLength: 60, size: 'max' },
  ),
})

/**
 * The transcripts of a run: of each peer that was started anew, and last of both. Its hours go by at once. `look` sees both
 * after each step. Runs with the same `seed` have the same keys.
 */
export function honestRun(
  suite: Suite,
  steps: readonly Step[],
  resends = true,
  look: (peers: readonly Seen[]) => void = () => {},
  seed = 1_000n,
): string[] {
  const { now } = Date
  try {
    const run = new HonestRun(suite, resends, seed)
    Date.now = () => now() + run.hours * 3_600_000
    for (const step of steps) {
      run.take(step)
      look(run.seen())
    }
    return run.transcripts()
  } finally {
    Date.now = now
  }
}

/** A peer, and what its page has of it. */
export interface Seen {
  readonly exchange: Exchange
  readonly events: Events
  readonly state: ReturnType<typeof pageStateOf>
}

interface Peer {
  exchange: Exchange
  events: Events
  /** The key message that is under way. */
  keys: KeyMessage | null
  /** The text that was sealed and not settled, and whether a copy with somebody who waits for its answer is under way. */
  text: { readonly body: string; readonly message: SealedMessage; waits: boolean } | null
  sendsPicture: boolean
  picture: { readonly bytes: number } | null
}

/** Who waits for an answer: a peer in one of its runs. */
interface Caller {
  readonly side: Side
  readonly events: Events
  readonly pending: Pending
}

interface Request {
  readonly route: WireRoute
  readonly to: Side
  /** Whose words they are: what comes back to its own sender does not open. */
  readonly by: Side | null
  /** JSON; of a picture its header. */
  readonly body: string | Uint8Array
  /** Of a picture: its own. */
  readonly bytes: number
  /** A copy has nobody. */
  caller: Caller | null
  /** Of a picture that has begun to arrive: what accepts it, in the run that it came in. */
  arriving?: {
    readonly events: Events
    readonly pending: Pending
    accept(): boolean
  }
}

interface Reply {
  readonly caller: Caller
  readonly route: WireRoute
  readonly status: number
  readonly text: string
}

const BURST = 24
const CROWD = 45

class HonestRun {
  /** That went by at once. */
  hours = 0
  readonly #suite: Suite
  readonly #resends: boolean
  readonly #peers: readonly [Peer, Peer]
  readonly #underWay: (Request | Reply)[] = []
  readonly #arrived: Request[] = []
  /** Those that have come somewhere. */
  readonly #shares: Share[] = []
  /** Session ids that somebody has seen on the wire. */
  readonly #ids: Uint8Array[] = [new Uint8Array(16)]
  readonly #ended: string[] = []
  readonly #early: [string | null, string | null] = [null, null]

  constructor(suite: Suite, resends: boolean, seed: bigint) {
    this.#suite = quick(suite, seed)
    this.#resends = resends
    const start = (): Peer => {
      const exchange = new Exchange(this.#suite, new KeyPair(this.#suite.curve))
      return { exchange, ...fresh(this.#suite), picture: null }
    }
    this.#peers = [start(), start()]
  }

  take({ do: kind, side, pick }: Step): void {
    const peer = this.#peers[side]
    const acts: Record<Kind, () => void> = {
      'send keys': () => this.#sendKeys(side),
      'send a text': () => this.#sendText(side),
      'send a picture': () => this.#sendPicture(side, pick),
      read: () => this.#read(side),
      show: () => {
        for (let i = 0; i < (pick % 9 === 0 ? 2 * CROWD : 1); i++) step(peer, '/show', 200)
      },
      deliver: () => this.#deliver(pick),
      settle: () => this.#settle(),
      agree: () => this.#agree(side),
      talk: () => this.#talk(pick % CROWD),
      'lose one': () => this.#lose(pick, false),
      'give up on one': () => this.#lose(pick, true),
      copy: () => {
        const requests = this.#underWay.filter((each): each is Request => 'to' in each)
        this.#again(requests[pick % Math.max(1, requests.length)])
      },
      replay: () => {
        const seen = this.#arrived[pick % Math.max(1, this.#arrived.length)]
        // now and then it comes back to whoever sent it
        this.#again(seen && pick % 7 === 3 ? { ...seen, to: other(seen.to) } : seen)
        if (this.#underWay.length > 0) this.#deliver(this.#underWay.length - 1)
      },
      strangers: () => {
        for (let i = 0; i < (pick % 3 === 0 ? BURST : 1); i++) this.#stranger(side, pick + i)
      },
      nonsense: () => {
        for (let i = 0; i < (pick % 5 === 0 ? 2 * CROWD : 1); i++) this.#bring(side, '{"v":1}')
      },
      restart: () => this.#restart(side),
      'an hour': () => {
        this.hours++
        for (const { exchange } of this.#peers) exchange.expire()
      },
      'take a transcript': () => {
        this.#early[side] = this.#transcript(side)
      },
    }
    acts[kind]()
    const { current } = peer.exchange
    if (current !== null) this.#ids.push(current.id)
  }

  /** The transcripts of all runs that ended, and then of both peers; one of these may have been taken earlier. */
  transcripts(): string[] {
    const last = SIDES.map((side) => this.#transcript(side))
    const early = this.#early[0] ?? this.#early[1]
    const [a = '', b = ''] = last
    if (early === null) return [...this.#ended, a, b]
    return [...this.#ended, ...(early === this.#early[0] ? [early, b] : [a, early])]
  }

  seen(): Seen[] {
    return SIDES.map((side) => {
      const { exchange, events } = this.#peers[side]
      const peer = { publicState: this.#publicState(side), exchangeState: exchange.state }
      return { exchange, events, state: pageStateOf(peer, events) }
    })
  }

  #transcript(side: Side): string {
    const publicState = this.#publicState(side)
    return JSON.stringify(transcriptOf({ publicState }, this.#peers[side].events))
  }

  #publicState(side: Side) {
    const { exchange, picture, text } = this.#peers[side]
    return () =>
      publicStateOf({
        port: 5000 + side,
        peerUrl: `http://127.0.0.1:${5001 - side}`,
        suite: this.#suite,
        identity: exchange.identity.publicKey,
        exchange,
        comparison: { isDone: (number) => (number === null ? null : false) },
        inDoubt: text?.waits === false ? text.message : null,
        picture: picture && { ...picture, path: '', type: 'image/png', received: new Date(0) },
      })
  }

  #sendKeys(side: Side): void {
    const peer = this.#peers[side]
    if (peer.keys !== null) return
    this.#ask(side, peer.exchange.startKeys())
    step(peer, '/send_keys', 201)
  }

  #ask(side: Side, message: KeyMessage): void {
    this.#peers[side].keys = message
    this.#send(side, '/wire/keys', JSON.stringify(encodeKeyMessage(this.#suite, message)))
  }

  #sendText(side: Side): void {
    const peer = this.#peers[side]
    if (peer.text?.waits) return
    if (peer.text === null || !this.#resends) {
      if (peer.exchange.current === null) return
      // by the session itself: an older peer seals the text anew
      const message = peer.exchange.current.seal(utf8ToBytes('a text'))
      const body = JSON.stringify(encodeMessage(message))
      peer.text = { body, message, waits: false }
    }
    peer.text.waits = true
    this.#send(side, '/wire/message', peer.text.body)
  }

  #sendPicture(side: Side, pick: number): void {
    const peer = this.#peers[side]
    if (peer.sendsPicture || peer.exchange.current === null) return
    const { header } = peer.exchange.sendPicture()
    const head = concatBytes(utf8ToBytes('DUET2'), header.session, u64(header.number))
    peer.sendsPicture = true
    this.#send(side, '/wire/image', head, 70_000 + pick)
  }

  #send(side: Side, route: WireRoute, body: string | Uint8Array, bytes = 0): void {
    const { events } = this.#peers[side]
    const pending =
      typeof body === 'string'
        ? events.request('sent', route, body)
        : events.picture('sent', body, lengthOf(bytes))
    const caller = { side, events, pending }
    this.#underWay.push({ route, to: other(side), by: side, body, bytes, caller })
  }

  #again(request: Request | undefined): void {
    if (request === undefined) return
    const { arriving: _, ...copy } = request
    this.#underWay.push({ ...copy, caller: null })
  }

  #deliver(pick: number): void {
    const [item] = this.#underWay.splice(pick % Math.max(1, this.#underWay.length), 1)
    if (item === undefined) return
    if ('to' in item) this.#arrive(item)
    else this.#answered(item)
  }

  #settle(): void {
    while (this.#underWay.length > 0) this.#deliver(0)
  }

  #agree(side: Side): void {
    for (const each of [side, other(side)]) {
      this.#settle()
      this.#sendKeys(each)
      this.#settle()
    }
  }

  #talk(texts: number): void {
    for (let i = 0; i < texts; i++)
      for (const side of SIDES) {
        this.#sendText(side)
        this.#settle()
        this.#read(other(side))
      }
  }

  #arrive(request: Request): void {
    const { route, to, body, bytes, arriving } = request
    const peer = this.#peers[to]
    const { events, exchange } = peer
    if (arriving === undefined) this.#arrived.push({ ...request, caller: null })
    else if (arriving.events !== events) {
      // it broke off when its receiver was started anew
      if (request.caller) this.#failed(request.caller, route)
      return
    }
    const pending =
      arriving?.pending ??
      (typeof body === 'string'
        ? events.request('received', route, body)
        : events.picture('received', body, lengthOf(bytes)))
    const answer = (status: number, text: string) => {
      pending.answered(status, text)
      if (request.caller) this.#underWay.push({ caller: request.caller, route, status, text })
    }
    try {
      if (route === '/wire/keys') {
        const message = parseKeyMessage(this.#suite, JSON.parse(String(body)))
        this.#shares.push(message.share)
        const { confirm, completed } = exchange.receiveKeys(message)
        if (completed) this.#completed(peer)
        answer(201, `${JSON.stringify(encodeAnswer(confirm))}\n`)
      } else if (route === '/wire/message') {
        const { missing, completed } = exchange.receiveMessage(
          parseMessage(JSON.parse(String(body))),
        )
        if (completed) this.#completed(peer)
        answer(201, `${JSON.stringify({ accepted: true, missing })}\n`)
      } else if (arriving === undefined) {
        const begun = exchange.receivePicture(parseHeader(body as Uint8Array))
        this.#underWay.push({ ...request, arriving: { events, pending, ...begun } })
      } else {
        if (request.by === to) throw new DuetError('decrypt_failed', 'It does not open.')
        if (arriving.accept()) this.#completed(peer)
        peer.picture = { bytes }
        events.sealedHead = body as Uint8Array
        answer(201, `${JSON.stringify({ accepted: true, bytes })}\n`)
      }
    } catch (error) {
      assert.ok(error instanceof DuetError, String(error))
      const problem = problemFrom(error, route)
      answer(problem.status, encodeProblem(problem))
    }
  }

  #answered({ caller, route, status, text }: Reply): void {
    const { side, events, pending } = caller
    const peer = this.#peers[side]
    if (peer.events !== events) return
    pending.answered(status, text)
    const code = status === 201 ? null : JSON.parse(text).code
    if (route === '/wire/image') peer.sendsPicture = false
    else if (route === '/wire/message') {
      const settles = status === 201 || code === 'replay' || code === 'unknown_session'
      if (settles || !this.#resends) peer.text = null
      else if (peer.text) peer.text.waits = false
    } else {
      const sent = peer.keys
      assert.ok(sent)
      peer.keys = null
      const again =
        status === 201 ? this.#takeAnswer(peer, text) : peer.exchange.afterRefusal(sent, code)
      if (again) this.#ask(side, again)
    }
  }

  #takeAnswer(peer: Peer, text: string): KeyMessage | undefined {
    const confirm = parseAnswer(this.#suite, JSON.parse(text))
    try {
      const { completed, again } = peer.exchange.receiveAnswer(confirm)
      if (completed) this.#completed(peer)
      return again
    } catch (error) {
      assert.ok(error instanceof DuetError, String(error))
      return undefined
    }
  }

  #failed({ side, events, pending }: Caller, route: WireRoute): void {
    const peer = this.#peers[side]
    if (peer.events !== events) return
    pending.failed('peer_timeout')
    if (route === '/wire/image') peer.sendsPicture = false
    else if (route === '/wire/keys') {
      const sent = peer.keys
      peer.keys = null
      if (sent) peer.exchange.afterRefusal(sent, null)
    } else if (!this.#resends) peer.text = null
    else if (peer.text) peer.text.waits = false
  }

  /** Whoever waits for it gives up. `late`: what was asked arrives all the same, some time. */
  #lose(pick: number, late: boolean): void {
    const [item] = this.#underWay.splice(pick % Math.max(1, this.#underWay.length), 1)
    if (item === undefined) return
    if (item.caller) this.#failed(item.caller, item.route)
    if (!('to' in item)) return
    if (late) this.#underWay.push({ ...item, caller: null })
    else if (item.arriving?.events === this.#peers[item.to].events) {
      const error = new DuetError('decrypt_failed', 'The picture broke off.')
      item.arriving.pending.answered(400, encodeProblem(problemFrom(error, item.route)))
    }
  }

  #completed({ exchange, events }: Peer): void {
    assert.ok(exchange.current)
    const { id, own, peer } = exchange.current
    events.confirmed({ session: id, own: own.publicKey, peer: peer.publicKey })
  }

  #read(side: Side): void {
    const peer = this.#peers[side]
    if (peer.exchange.waiting.length === 0) step(peer, '/decrypt_msg', 409, 'nothing_waiting')
    else {
      while (peer.exchange.waiting.length > 0) peer.exchange.openOldest()
      step(peer, '/decrypt_msg', 200)
    }
  }

  /** A key message from somebody else: in her own name or in the other peer's, with or without a confirmation of something. */
  #stranger(to: Side, pick: number): void {
    const hers = new EphemeralKeys(this.#suite)
    const { identity } = this.#peers[other(to)].exchange
    const herIdentity = new KeyPair(this.#suite.curve).publicKey
    const seen = this.#shares[pick % Math.max(1, this.#shares.length)]
    const share =
      pick % 5 === 0 && seen
        ? seen
        : { identity: pick % 4 === 0 ? herIdentity : identity.publicKey, publicKey: hers.publicKey }
    const session = this.#ids[(pick * 7) % this.#ids.length] ?? new Uint8Array(16)
    const made =
      pick % 2 === 0 ? this.#suite.kem?.encapsulate(hers.publicKey.subarray(0, 1184)) : null
    const ciphertext = made && { ciphertext: made.ciphertext }
    const confirm = { session, tag: randomBytes(32), ...ciphertext }
    const message = { share, ...(pick % 3 === 1 && { confirm }) }
    // as somebody else writes JSON
    const body = JSON.stringify(encodeKeyMessage(this.#suite, message), null, pick % 2)
    this.#bring(to, body)
  }

  /** Somebody else's body on the route of keys. */
  #bring(to: Side, body: string): void {
    this.#arrive({ route: '/wire/keys', to, by: null, body, bytes: 0, caller: null })
  }

  /** Its identity, the known peer and the last picture stay; the rest is gone. */
  #restart(side: Side): void {
    const peer = this.#peers[side]
    this.#ended.push(this.#transcript(side))
    this.#early[side] = null
    Object.assign(peer, { exchange: restarted(peer.exchange), ...fresh(this.#suite) })
  }
}

function problemFrom(error: DuetError, route: WireRoute) {
  const url = 'http://127.0.0.1:5000'
  return problemOf(error, commandsOf({ url, peerUrl: url }), route)
}

function fresh(suite: Suite) {
  return { events: new Events(suite), keys: null, text: null, sendsPicture: false }
}

function step({ events }: Peer, route: string, status: number, code: string | null = null): void {
  events.step({ route, method: 'GET', status, code, next: null })
}

/** The whole stream of a picture of `bytes`. */
function lengthOf(bytes: number): number {
  return streamBytes({ type: 'image/png', bytes, name: 'a name' })
}

function other(side: Side): Side {
  return side === 0 ? 1 : 0
}
