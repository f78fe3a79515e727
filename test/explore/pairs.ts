/**
 * What must hold of both sides together, and what becomes of them if all that is under way is lost and
 * both owners send keys. Judged once for all states that differ in the names of their keys alone.
 */

import { equalBytes } from '../../src/protocol/bytes.ts'
import { arraysIn, copyOf, secretsIn } from './graph.ts'
import { chainBegin } from './ideal.ts'
import { insideOf, type SessionInside, sessionsOf } from './inside.ts'
import { checkErased, checkState, must, Violation } from './invariants.ts'
import { type Counts, renaming } from './names.ts'
import { type Body, type Op, other, type Peer, SIDES, type Side } from './peer.ts'
import type { Local, Sides } from './sides.ts'

/** How the two stand: where each one's session is with the other, and what a text would tell its sender. */
export interface Verdict {
  /** In words, or null if both are on one session or both on none. */
  readonly apart: string | null
  readonly haveSession: boolean
}

/** More key messages than this for one /send_keys would have no end. */
const MOST_KEYS = 4

/** What a verdict depends on. */
type Standing = Pick<Local, 'peer' | 'counts' | 'core'>

/** Both sides, as copies that may change. */
class Two {
  readonly #sides: Sides
  readonly peers: [Peer, Peer]
  readonly #counts: [Counts, Counts]

  constructor(sides: Sides, a: Standing, b: Standing) {
    this.#sides = sides
    this.peers = [copyOf(a.peer, sides.fixed), copyOf(b.peer, sides.fixed)]
    // what is under way is lost, and so is what was open: a copy of it would change no session
    for (const { exchange } of this.peers) insideOf(exchange).$openText = null
    this.#counts = [[...a.counts], [...b.counts]]
  }

  get standings(): [Standing, Standing] {
    const standing = (side: Side) => {
      const peer = this.peers[side]
      return { peer, counts: this.#counts[side], core: this.#sides.coreOf(peer) }
    }
    return [standing(0), standing(1)]
  }

  #do(side: Side, op: Op, taken?: Body, answer?: Body) {
    const [peer, counts] = [this.peers[side], this.#counts[side]]
    const { after, done } = this.#sides.run(side, peer, counts, op, taken, answer)
    this.peers[side] = after
    return done
  }

  session(side: Side): SessionInside | null {
    return insideOf(this.peers[side].exchange).$current
  }

  get isApart(): boolean {
    const [a, b] = [this.session(0), this.session(1)]
    return a === null || b === null ? a !== b : !equalBytes(a.id, b.id)
  }

  /** What `/send_keys` does: the message, and whatever the exchange wants to be sent after the answer. */
  sendKeys(side: Side): void {
    let { body } = this.#do(side, 'send keys')
    for (let i = 0; body !== undefined; i++) {
      must(i < MOST_KEYS, '/send_keys has no end')
      const { body: answer, code = null } = this.#do(other(side), 'take keys', body)
      body = answer
        ? this.#do(side, 'take answer', answer).body
        : this.#do(side, 'take refusal', body, { kind: 'answer', confirm: null, code }).body
    }
  }

  /** Sends a text, to one that has read what it had. Returns the code of its refusal, or null. */
  sendText(side: Side): string | null {
    this.readAll()
    const { body, code: refusal = null } = this.#do(side, 'send text')
    if (body === undefined) return refusal
    const { code = null } = this.#do(other(side), 'take text', body)
    this.#do(side, 'take text answer', { kind: 'text answer', code })
    return code
  }

  readAll(): void {
    for (const side of SIDES)
      while (this.peers[side].exchange.waiting.length > 0) this.#do(side, 'read')
  }

  /** What `side` has, and where the other one has it. */
  hasInWords(side: Side): string {
    const own = this.session(side)
    if (own === null) return 'no session'
    const { $current, $candidate, $previous } = insideOf(this.peers[other(side)].exchange)
    const is = (session: SessionInside | null) => session !== null && equalBytes(session.id, own.id)
    if (is($current)) return 'the same'
    if (is($candidate)) return 'one that the other waits to see confirmed'
    return is($previous) ? 'one that the other has left' : 'one that the other does not have'
  }
}

export class Pairs {
  readonly #sides: Sides
  readonly #verdicts = new Map<string, Verdict>()
  /** Which pairs, and who sends keys to them: what becomes of them was looked at. */
  readonly #mended = new Set<string>()

  constructor(sides: Sides) {
    this.#sides = sides
  }

  /** How many that differ in more than names were judged. */
  get judged(): number {
    return this.#verdicts.size
  }

  /** @throws Violation */
  judge(a: Standing, b: Standing): Verdict {
    const key = keyOf(a, b)
    const known = this.#verdicts.get(key)
    if (known) return known
    checkSessions(a, b)
    const verdict = this.#look(a, b)
    // before what comes of it is judged as well, which may be the same again
    this.#verdicts.set(key, verdict)
    for (const first of SIDES) this.#mend(a, b, first)
    return verdict
  }

  /** Both send keys, `first` first: they are on one session then, a text goes each way, and all of this holds again. */
  #mend(a: Standing, b: Standing, first: Side): void {
    const two = new Two(this.#sides, a, b)
    const second = other(first)
    try {
      this.#erasing(two, () => two.sendKeys(first))
      // many pairs are the same from here on
      const key = `${second} ${keyOf(...two.standings)}`
      if (this.#mended.has(key)) return
      this.#mended.add(key)
      this.#erasing(two, () => {
        two.sendKeys(second)
        must(two.session(0) !== null && !two.isApart, 'they are not on one session')
        for (const side of SIDES) {
          const code = two.sendText(side)
          must(code === null, `a text is refused as ${code}`)
        }
        two.readAll()
      })
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      const names = `${'AB'[first]} and then ${'AB'[second]}`
      throw new Violation(`${names} send keys, the rest is lost, and ${error.message}`)
    }
    this.judge(...two.standings)
  }

  /** Runs `steps`, and checks both sides then: of what each held before, nothing is left but what it holds. */
  #erasing(two: Two, steps: () => void): void {
    const { fixed } = this.#sides
    const held = two.peers.map(({ exchange }) => secretsIn(exchange, fixed))
    steps()
    for (const side of SIDES) {
      const reachable = arraysIn(two.peers[side].exchange, fixed)
      checkErased(held[side] ?? [], reachable)
      checkState(two.peers[side], fixed, reachable)
    }
  }

  /** Null if the two are together; else it must be visible to one who sends a text, or bring them together. */
  #look(a: Standing, b: Standing): Verdict {
    const two = new Two(this.#sides, a, b)
    const haveSession = two.session(0) !== null
    if (!two.isApart) return { apart: null, haveSession }
    // A and B apart are the same as B and A
    const each = SIDES.map((side) => {
      const code = new Two(this.#sides, a, b).sendText(side)
      return `${two.hasInWords(side)} (its text: ${code ?? 'taken'})`
    }).sort()
    const codes = SIDES.map((side) => two.sendText(side))
    const isVisible = codes.some((code) => code === 'no_session' || code === 'unknown_session')
    must(!two.isApart || isVisible, 'the two are apart, and nobody is told')
    const then = two.isApart ? '' : '; with a text each way they are together'
    return { apart: `one has ${each.join(', the other ')}${then}`, haveSession }
  }
}

function keyOf(a: Standing, b: Standing): string {
  const rename = renaming()
  return [a, b].map(({ core }) => `${core.shape} ${core.atoms.map(rename)}`).join(' ')
}

/** Sessions of one id are of two different parties, with the same chain for each direction, and one for each. */
function checkSessions(a: Standing, b: Standing): void {
  for (const one of sessionsOf(insideOf(a.peer.exchange)))
    for (const two of sessionsOf(insideOf(b.peer.exchange))) {
      if (!equalBytes(one.id, two.id)) continue
      must(one.party !== two.party, 'both are the same party')
      checkDirection(one, two)
      checkDirection(two, one)
      if (!one.$sending || !two.$sending) continue
      const [ours, theirs] = [one.$sending.messages, two.$sending.messages]
      must(chainBegin(ours.$chain) !== chainBegin(theirs.$chain), 'both send with the same keys')
    }
}

function checkDirection(from: SessionInside, to: SessionInside): void {
  must(equalBytes(from.confirm.tag, to.$peerTag), 'the tags are not the same')
  for (const kind of ['messages', 'pictures'] as const) {
    const [sends, takes] = [from.$sending?.[kind], to.$receiving[kind]]
    if (sends === undefined) continue
    const isOne = chainBegin(sends.$chain) === chainBegin(takes.$chain)
    must(isOne, 'one sends with keys that the other does not receive with')
    must(takes.$next <= sends.$next, 'more was accepted than was sealed')
  }
}
