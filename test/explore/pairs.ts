/**
 * What must hold of both sides together, and what becomes of them if all that is under way is lost and
 * both owners send keys. Judged once for all states that differ in the names of their keys alone.
 */

import { equalBytes } from '../../src/protocol/bytes.ts'
import { arraysIn, secretsIn } from './graph.ts'
import { chainBegin } from './ideal.ts'
import { insideOf, type SessionInside, sessionsOf } from './inside.ts'
import { checkErased, checkState, Violation } from './invariants.ts'
import { type Counts, renaming } from './names.ts'
import { type Body, type Op, other, type Peer, type Side } from './peer.ts'
import type { Local, Sides } from './side.ts'

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
  readonly counts: [Counts, Counts]

  constructor(sides: Sides, a: Standing, b: Standing) {
    this.#sides = sides
    this.peers = [sides.copyOf(a.peer), sides.copyOf(b.peer)]
    // what is under way is lost, and so is what was open: a copy of it would change no session
    for (const { exchange } of this.peers) insideOf(exchange).$openText = null
    this.counts = [[...a.counts], [...b.counts]]
  }

  standing(side: Side): Standing {
    const peer = this.peers[side]
    return { peer, counts: this.counts[side], core: this.#sides.coreOf(peer) }
  }

  do(side: Side, op: Op, message: number | Body = -1, answer: number | Body = -1) {
    const [peer, counts] = [this.peers[side], this.counts[side]]
    const { after, done } = this.#sides.run(side, peer, counts, op, message, answer)
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
    let { body } = this.do(side, 'send keys')
    for (let i = 0; body !== undefined; i++) {
      if (i === MOST_KEYS) throw new Violation('/send_keys has no end')
      const { body: answer, code } = this.do(other(side), 'take keys', body)
      const refusal: Body = { kind: 'answer', confirm: null, code: code ?? null }
      body = answer
        ? this.do(side, 'take answer', answer).body
        : this.do(side, 'take refusal', body, refusal).body
    }
  }

  /** Sends a text, to one that has read what it had. Returns the code of its refusal, or null. */
  sendText(side: Side): string | null {
    this.readAll()
    const { body, code } = this.do(side, 'send text')
    if (body === undefined) return code ?? null
    const answer = {
      kind: 'text answer',
      code: this.do(other(side), 'take text', body).code ?? null,
    } as const
    this.do(side, 'take text answer', answer)
    return answer.code
  }

  readAll(): void {
    for (const side of SIDES)
      while (this.peers[side].exchange.waiting.length > 0) this.do(side, 'read')
  }
}

const LETTERS = ['A', 'B'] as const
const SIDES = [0, 1] as const

/** What `side` has, and where the other one has it. */
function standingOf(two: Two, side: Side): string {
  const own = two.session(side)
  if (own === null) return 'no session'
  const { $current, $candidate, $previous } = insideOf(two.peers[other(side)].exchange)
  const is = (session: SessionInside | null) => session !== null && equalBytes(session.id, own.id)
  if (is($current)) return 'the same'
  if (is($candidate)) return 'one that the other waits to see confirmed'
  return is($previous) ? 'one that the other has left' : 'one that the other does not have'
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
    let verdict = this.#verdicts.get(key)
    if (verdict === undefined) {
      checkSessions(a, b)
      verdict = this.#look(a, b)
      // before what comes of it is judged as well, which may be the same again
      this.#verdicts.set(key, verdict)
      for (const first of SIDES) this.#mend(a, b, first)
    }
    return verdict
  }

  /** Both send keys, `first` first: they are on one session then, a text goes each way, and all of this holds again. */
  #mend(a: Standing, b: Standing, first: Side): void {
    const two = new Two(this.#sides, a, b)
    const second = other(first)
    try {
      this.#erasing(two, () => two.sendKeys(first))
      // many pairs are the same from here on
      const key = `${second} ${keyOf(two.standing(0), two.standing(1))}`
      if (this.#mended.has(key)) return
      this.#mended.add(key)
      this.#erasing(two, () => {
        two.sendKeys(second)
        if (two.session(0) === null || two.isApart)
          throw new Violation('they are not on one session')
        two.readAll()
        for (const side of SIDES) {
          const code = two.sendText(side)
          if (code !== null) throw new Violation(`a text is refused as ${code}`)
          two.readAll()
        }
      })
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      const names = `${LETTERS[first]} and then ${LETTERS[second]}`
      throw new Violation(`${names} send keys, the rest is lost, and ${error.message}`)
    }
    this.judge(two.standing(0), two.standing(1))
  }

  /** Runs `steps`, and checks both sides then: of what each held before, nothing is left but what it holds. */
  #erasing(two: Two, steps: () => void): void {
    const held = two.peers.map(({ exchange }) => secretsIn(exchange, this.#sides.fixed))
    steps()
    for (const side of SIDES) {
      const reachable = arraysIn(two.peers[side].exchange, this.#sides.fixed)
      checkErased(held[side] ?? [], reachable)
      checkState(two.peers[side], this.#sides.fixed, reachable)
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
      return `${standingOf(two, side)} (its text: ${code ?? 'taken'})`
    }).sort()
    const codes = SIDES.map((side) => two.sendText(side))
    const isVisible = codes.some((code) => code === 'no_session' || code === 'unknown_session')
    if (two.isApart && !isVisible) throw new Violation('the two are apart, and nobody is told')
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
      if (one.party === two.party) throw new Violation('both are the same party')
      for (const [from, to] of [
        [one, two],
        [two, one],
      ] as const) {
        if (!equalBytes(from.confirm.tag, to.$peerTag))
          throw new Violation('the tags are not the same')
        if (from.$sending === null) continue
        for (const kind of ['messages', 'pictures'] as const) {
          const [sends, takes] = [from.$sending[kind], to.$receiving[kind]]
          if (chainBegin(sends.$chain) !== chainBegin(takes.$chain))
            throw new Violation('one sends with keys that the other does not receive with')
          if (takes.$next > sends.$next) throw new Violation('more was accepted than was sealed')
        }
      }
      if (one.$sending && two.$sending) {
        const [ours, theirs] = [one.$sending, two.$sending].map(({ messages }) =>
          chainBegin(messages.$chain),
        )
        if (ours === theirs) throw new Violation('both send with the same keys')
      }
    }
}
