/** A state of the whole: both peers, the wire, all that was ever sent, and what may still happen; and every step from it. */

import { checkTaken } from './invariants.ts'
import { other, type Side } from './peer.ts'
import type { Local, Outcome, Sides } from './side.ts'
import { Bags, type Item, Items } from './wire.ts'

/** How often each thing may happen, and how much at once. */
export interface Bounds {
  /** How often each side sends keys, texts, pictures. */
  readonly keys: number
  readonly texts: number
  readonly pictures: number
  /** Losses, replays, reflections, restarts and expiries, all together. */
  readonly troubles: number
  /** Requests and answers under way at once. */
  readonly underWay: number
}

export interface State {
  readonly peers: readonly [number, number]
  /** Numbers of bags. */
  readonly wire: number
  readonly history: number
  readonly used: Used
}

/** What has happened so far, of what is bounded. */
export interface Used {
  readonly keys: readonly [number, number]
  readonly texts: readonly [number, number]
  readonly pictures: readonly [number, number]
  readonly troubles: number
  /** The worst so far: nothing, or what arrived came once more, or anything. */
  readonly worst: Worst
}
export const NOTHING = 0
const REPLAYED = 1
export const ANYTHING = 2
type Worst = typeof NOTHING | typeof REPLAYED | typeof ANYTHING

export type Step =
  | { do: keyof typeof COUNTED | 'repeat text' | 'read' | 'expire' | 'restart'; side: Side }
  /**
   * `give up`: its sender waits no longer, and it is still under way. `replay`: a request comes once more; an answer,
   * in place of the one that its receiver waits for. `reflect`: the same, to whoever sent it.
   */
  | { do: 'deliver' | 'lose' | 'give up' | 'replay' | 'reflect'; item: number }

/** What a step did beside leading to a state, for those who tell of it. */
export interface Happened {
  readonly state: State
  /** What the peer that it concerned did. */
  readonly outcome: Outcome | null
}

function isAnswer(kind: Item['kind']): boolean {
  return kind === 'answer' || kind === 'text answer'
}

const COUNTED = { 'send keys': 'keys', 'send text': 'texts', 'send picture': 'pictures' } as const

const plus = (pair: readonly [number, number], side: Side): [number, number] =>
  side === 0 ? [pair[0] + 1, pair[1]] : [pair[0], pair[1] + 1]

export class World {
  readonly sides: Sides
  readonly items: Items
  readonly bags: Bags
  readonly bounds: Bounds

  constructor(sides: Sides, bounds: Bounds) {
    this.sides = sides
    this.bounds = bounds
    this.items = new Items((id) => sides.message(id))
    this.bags = new Bags(this.items)
  }

  begin(): State {
    const none = [0, 0] as const
    const used = { keys: none, texts: none, pictures: none, troubles: 0, worst: NOTHING } as const
    return { peers: [this.sides.begin(0), this.sides.begin(1)], wire: 0, history: 0, used }
  }

  local(state: State, side: Side): Local {
    return this.sides.local(state.peers[side])
  }

  /** Every step that can be taken. */
  stepsFrom(state: State): Step[] {
    const { used } = state
    const { bounds } = this
    const under = this.bags.get(state.wire).items
    const steps: Step[] = []
    const isFull = under.length >= bounds.underWay
    const isTroubleLeft = used.troubles < bounds.troubles
    for (const side of [0, 1] as const) {
      const { hasSession, hasPrivateKey, waiting, nextText, isNew } = this.local(state, side)
      const waitsForPicture = under.some(
        ({ kind, isAwaited, to }) => kind === 'picture' && isAwaited && to !== side,
      )
      if (used.keys[side] < bounds.keys && !isFull && !this.#awaited(under, side))
        steps.push({ do: 'send keys', side })
      if (hasSession && !isFull) {
        if (used.texts[side] < bounds.texts) steps.push({ do: 'send text', side })
        if (nextText === 'copy') steps.push({ do: 'repeat text', side })
        if (used.pictures[side] < bounds.pictures && !waitsForPicture)
          steps.push({ do: 'send picture', side })
      }
      if (waiting > 0) steps.push({ do: 'read', side })
      if (isTroubleLeft && hasPrivateKey) steps.push({ do: 'expire', side })
      if (isTroubleLeft && !isNew) steps.push({ do: 'restart', side })
    }
    for (const [i, { id, kind, isAwaited }] of under.entries()) {
      if (under[i - 1]?.id === id) continue
      steps.push({ do: 'deliver', item: id })
      if (!isTroubleLeft || !isAwaited) continue
      steps.push({ do: 'lose', item: id })
      if (!isAnswer(kind)) steps.push({ do: 'give up', item: id })
    }
    if (isTroubleLeft)
      for (const { id, kind, to } of this.bags.get(state.history).items) {
        const takes = (side: Side) => kind !== 'answer' || this.#awaited(under, side)
        if (takes(to)) steps.push({ do: 'replay', item: id })
        if (takes(other(to))) steps.push({ do: 'reflect', item: id })
      }
    return steps
  }

  /** @throws Violation */
  take(state: State, step: Step): Happened {
    switch (step.do) {
      case 'send keys':
      case 'send text':
      case 'send picture':
        return this.#send(state, step.side, step.do)
      case 'repeat text': {
        const outcome = this.sides.step(state.peers[step.side], step.do)
        return { state: this.#goes(state, step.side, outcome), outcome }
      }
      case 'read': {
        const outcome = this.sides.step(state.peers[step.side], 'read')
        return { state: this.#put(state, step.side, outcome.after), outcome }
      }
      case 'expire': {
        const outcome = this.sides.step(state.peers[step.side], 'expire')
        return { state: this.#put(this.#trouble(state), step.side, outcome.after), outcome }
      }
      case 'restart':
        return this.#restart(state, step.side)
      case 'deliver':
        return this.#deliver(this.#pull(state, step.item), this.items.get(step.item))
      case 'lose': {
        const pulled = this.#pull(this.#trouble(state), step.item)
        return this.#missed(pulled, this.items.get(step.item))
      }
      case 'give up': {
        const pulled = this.#pull(this.#trouble(state), step.item)
        const wire = this.bags.with(pulled.wire, this.items.unawaited(step.item))
        return this.#missed({ ...pulled, wire }, this.items.get(step.item))
      }
      case 'replay':
        return this.#replay(state, this.items.get(step.item))
      case 'reflect': {
        const item = this.items.get(step.item)
        return this.#replay(state, { ...item, to: other(item.to) })
      }
    }
  }

  /** The key message of `side` that an answer is missing to, or null. */
  awaitedBy(state: State, side: Side): number | null {
    const item = this.#awaited(this.bags.get(state.wire).items, side)
    return item === undefined ? null : (item.of ?? item.message)
  }

  /** The key message of `side` that is under way, or the answer to it. */
  #awaited(under: readonly Item[], side: Side): Item | undefined {
    return under.find(
      ({ kind, to, isAwaited }) =>
        isAwaited && ((kind === 'keys' && to !== side) || (kind === 'answer' && to === side)),
    )
  }

  /** Whoever waits for an answer to a text, or for the answer that this is, gets none. */
  #missed(state: State, { kind, to }: Item): Happened {
    if (kind !== 'text' && kind !== 'text answer') return { state, outcome: null }
    const side = kind === 'text' ? other(to) : to
    const outcome = this.sides.step(state.peers[side], 'miss text answer')
    return { state: this.#put(state, side, outcome.after), outcome }
  }

  #put(state: State, side: Side, local: number): State {
    const peers: [number, number] = [...state.peers]
    peers[side] = local
    return { ...state, peers }
  }

  #pull(state: State, item: number): State {
    return { ...state, wire: this.bags.without(state.wire, item) }
  }

  #trouble(state: State, worst: Worst = ANYTHING): State {
    const { used } = state
    const troubles = used.troubles + 1
    // what was recorded matters as long as it can come again
    const history = troubles < this.bounds.troubles ? state.history : 0
    const worse = worst > used.worst ? worst : used.worst
    return { ...state, history, used: { ...used, troubles, worst: worse } }
  }

  #record(state: State, item: number): State {
    if (state.used.troubles >= this.bounds.troubles) return state
    const recorded = this.items.unawaited(item)
    if (this.bags.has(state.history, recorded)) return state
    return { ...state, history: this.bags.with(state.history, recorded) }
  }

  #send(state: State, side: Side, op: keyof typeof COUNTED): Happened {
    const outcome = this.sides.step(state.peers[side], op)
    const what = COUNTED[op]
    // while a text is open, the next one is not sealed
    if (outcome.code !== null) return { state, outcome }
    const used = { ...state.used, [what]: plus(state.used[what], side) }
    return { state: this.#goes({ ...state, used }, side, outcome), outcome }
  }

  /** What `side` did, and what goes out of it as a request. */
  #goes(state: State, side: Side, { after, out }: Outcome): State {
    const next = this.#put(state, side, after)
    if (out === null) return next
    const item = this.items.keep(other(side), out, true)
    return this.#record({ ...next, wire: this.bags.with(next.wire, item) }, item)
  }

  #deliver(state: State, { kind, to, message, of, isAwaited }: Item): Happened {
    const local = state.peers[to]
    if (kind === 'text answer') {
      const outcome = this.sides.step(local, 'take text answer', message)
      return { state: this.#put(state, to, outcome.after), outcome }
    }
    if (kind === 'answer') {
      if (of === null) throw new Error('Nobody waits for this answer.')
      return this.#answered(state, to, message, of)
    }
    const op = `take ${kind}` as const
    const outcome = this.sides.step(local, op, message)
    const next = this.#put(state, to, outcome.after)
    if (kind === 'text' && outcome.code === null)
      checkTaken(this.sides.message(message).body, this.local(state, other(to)).peer)
    if (kind === 'picture' || !isAwaited) return { state: next, outcome }
    if (kind === 'text') {
      // nobody records it: that an answer is forged is beyond what a text's sender can know
      const answer = this.sides.keepMessage({ kind: 'text answer', code: outcome.code })
      const item = this.items.keep(other(to), answer, true)
      return { state: { ...next, wire: this.bags.with(next.wire, item) }, outcome }
    }
    const answer =
      outcome.out ?? this.sides.keepMessage({ kind: 'answer', confirm: null, code: outcome.code })
    const item = this.items.keep(other(to), answer, true, message)
    const wire = this.bags.with(next.wire, item)
    return { state: this.#record({ ...next, wire }, item), outcome }
  }

  #answered(state: State, to: Side, answer: number, of: number): Happened {
    const { body } = this.sides.message(answer)
    const isRefusal = body.kind === 'answer' && body.code !== null
    const outcome = isRefusal
      ? this.sides.step(state.peers[to], 'take refusal', of, answer)
      : this.sides.step(state.peers[to], 'take answer', answer)
    return { state: this.#goes(state, to, outcome), outcome }
  }

  #replay(state: State, item: Item): Happened {
    const { items } = this.bags.get(state.wire)
    if (item.kind !== 'answer') {
      const isUnderWay = items.some(({ to, message }) => to === item.to && message === item.message)
      return this.#deliver(this.#trouble(state, isUnderWay ? ANYTHING : REPLAYED), item)
    }
    const awaited = this.#awaited(items, item.to)
    if (awaited === undefined) throw new Error('Nobody waits for an answer.')
    let next = this.#pull(this.#trouble(state), awaited.id)
    if (awaited.kind === 'keys')
      next = { ...next, wire: this.bags.with(next.wire, this.items.unawaited(awaited.id)) }
    return this.#answered(next, item.to, item.message, awaited.of ?? awaited.message)
  }

  /** Its identity and the known peer stay. What it sent may still arrive, and what answers it reaches nobody. */
  #restart(state: State, side: Side): Happened {
    const outcome = this.sides.step(state.peers[side], 'restart')
    let next = this.#put(this.#trouble(state), side, outcome.after)
    for (const { id, kind, to, isAwaited } of this.bags.get(state.wire).items) {
      if (!isAwaited || isAnswer(kind) !== (to === side)) continue
      next = this.#pull(next, id)
      if (!isAnswer(kind))
        next = { ...next, wire: this.bags.with(next.wire, this.items.unawaited(id)) }
    }
    return { state: next, outcome }
  }
}
