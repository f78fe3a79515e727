/** A state of the whole: both peers, the wire, all that was ever sent, and what may still happen; and every step from it. */

import type { Form } from './graph.ts'
import { checkTaken } from './invariants.ts'
import { Kept, shapeNumber } from './names.ts'
import { type Body, type Op, other, SIDES, type Side } from './peer.ts'
import type { Local, Outcome, Sides } from './sides.ts'

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

/** A request or an answer, on its way or recorded. */
export interface Item extends Form {
  readonly id: number
  readonly kind: Body['kind']
  readonly to: Side
  readonly message: number
  /** An answer to keys that somebody waits for: the key message that it answers. */
  readonly of: number | null
  /** Whether somebody waits: for its answer, or for it. */
  readonly isAwaited: boolean
}

export interface State {
  readonly peers: readonly [number, number]
  /** Numbers of bags of items: what is under way, and all that ever was. */
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
  readonly worst: number
}
export const NOTHING = 0
const REPLAYED = 1
export const ANYTHING = 2

const COUNTED = { 'send keys': 'keys', 'send text': 'texts', 'send picture': 'pictures' } as const

export type Step =
  | { do: keyof typeof COUNTED | 'repeat text' | 'read' | 'expire' | 'restart'; side: Side }
  /**
   * `give up`: its sender waits no longer, and it is still under way. `replay`: a request comes once more; an answer,
   * in place of the one that its receiver waits for. `reflect`: the same, to whoever sent it.
   */
  | { do: 'deliver' | 'lose' | 'give up' | 'replay' | 'reflect'; item: number }

/** What one side did in a step, with the numbers of messages. */
export interface Call {
  readonly side: Side
  readonly op: Op
  readonly message: number
  /** What its message was refused with, or -1. */
  readonly answer: number
  readonly outcome: Outcome
}

/** A state, and the call that led to it; null if no peer noticed anything. */
interface Happened {
  readonly state: State
  readonly call: Call | null
}

const isAnswer = (kind: Item['kind']) => kind === 'answer' || kind === 'text answer'

export class World {
  readonly sides: Sides
  readonly bounds: Bounds
  readonly #items = new Kept<Item>()
  readonly #bags = new Kept<readonly Item[]>()

  constructor(sides: Sides, bounds: Bounds) {
    this.sides = sides
    this.bounds = bounds
    this.#bag([])
  }

  begin(): State {
    const none = [0, 0] as const
    const used = { keys: none, texts: none, pictures: none, troubles: 0, worst: NOTHING }
    return { peers: [this.sides.begin(0), this.sides.begin(1)], wire: 0, history: 0, used }
  }

  local(state: State, side: Side): Local {
    return this.sides.local(state.peers[side])
  }

  item(id: number): Item {
    return this.#items.get(id)
  }

  bag(id: number): readonly Item[] {
    return this.#bags.get(id)
  }

  /** Items, each as often as it is there, in the order of their shapes. Number 0 is the empty bag. */
  #bag(items: Item[]): number {
    items.sort((a, b) => a.shape - b.shape || a.id - b.id)
    return this.#bags.keep(items.map(({ id }) => id).join(), () => items)
  }

  #with(bag: number, item: Item): number {
    return this.#bag([...this.bag(bag), item])
  }

  #keep(to: Side, message: number, isAwaited: boolean, of: number | null = null): Item {
    const id = this.#items.keep(`${to} ${message} ${isAwaited} ${of}`, (id) => {
      const { body, shape, atoms } = this.sides.message(message)
      const question = of === null ? null : this.sides.message(of)
      return {
        ...{ id, kind: body.kind, to, message, of, isAwaited },
        shape: shapeNumber(`item ${to} ${isAwaited} ${shape} ${question?.shape}`),
        atoms: [...atoms, ...(question?.atoms ?? [])],
      }
    })
    return this.item(id)
  }

  /** The same as nobody waits for it. */
  #unawaited(item: Item): Item {
    return item.isAwaited ? this.#keep(item.to, item.message, false) : item
  }

  /** Every step that can be taken. */
  stepsFrom(state: State): Step[] {
    const { used } = state
    const { bounds } = this
    const under = this.bag(state.wire)
    const steps: Step[] = []
    const isFull = under.length >= bounds.underWay
    const isTroubleLeft = used.troubles < bounds.troubles
    for (const side of SIDES) {
      const { peer, isNew } = this.local(state, side)
      const { current, waiting, openText, state: has } = peer.exchange
      const waitsForPicture = under.some(
        ({ kind, isAwaited, to }) => kind === 'picture' && isAwaited && to !== side,
      )
      if (used.keys[side] < bounds.keys && !isFull && !this.#awaited(under, side))
        steps.push({ do: 'send keys', side })
      if (current !== null && !isFull) {
        if (used.texts[side] < bounds.texts) steps.push({ do: 'send text', side })
        if (openText?.isUnderWay === false) steps.push({ do: 'repeat text', side })
        if (used.pictures[side] < bounds.pictures && !waitsForPicture)
          steps.push({ do: 'send picture', side })
      }
      if (waiting.length > 0) steps.push({ do: 'read', side })
      if (isTroubleLeft && (has === 'offered' || has === 'agreed'))
        steps.push({ do: 'expire', side })
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
      for (const { id, kind, to } of this.bag(state.history)) {
        const takes = (side: Side) => kind !== 'answer' || this.#awaited(under, side)
        if (takes(to)) steps.push({ do: 'replay', item: id })
        if (takes(other(to))) steps.push({ do: 'reflect', item: id })
      }
    return steps
  }

  /** @throws Violation */
  take(state: State, step: Step): Happened {
    if ('side' in step) return this.#own(state, step.side, step.do)
    const item = this.item(step.item)
    if (step.do === 'replay') return this.#replay(state, item)
    if (step.do === 'reflect') return this.#replay(state, { ...item, to: other(item.to) })
    if (step.do === 'deliver') return this.#deliver(this.#pull(state, item), item)
    const pulled = this.#pull(this.#trouble(state), item)
    if (step.do === 'lose') return this.#missed(pulled, item)
    return this.#missed(this.#put(pulled, this.#unawaited(item)), item)
  }

  /** The key message of `side` that is under way, or the answer to it. */
  #awaited(under: readonly Item[], side: Side): Item | undefined {
    return under.find(
      ({ kind, to, isAwaited }) =>
        isAwaited && ((kind === 'keys' && to !== side) || (kind === 'answer' && to === side)),
    )
  }

  /** `side` calls its exchange. What goes out of that as a request is under way then. */
  #call(state: State, side: Side, op: Op, message = -1, answer = -1): Happened & { call: Call } {
    const outcome = this.sides.step(state.peers[side], op, message, answer)
    const [a, b] = state.peers
    const peers: State['peers'] = side === 0 ? [outcome.after, b] : [a, outcome.after]
    return { state: { ...state, peers }, call: { side, op, message, answer, outcome } }
  }

  #calling(state: State, side: Side, op: Op, message = -1, answer = -1): Happened {
    const { state: next, call } = this.#call(state, side, op, message, answer)
    const { out } = call.outcome
    if (out === null) return { state: next, call }
    const item = this.#keep(other(side), out, true)
    return { state: this.#record(this.#put(next, item), item), call }
  }

  #own(state: State, side: Side, what: Extract<Step, { side: Side }>['do']): Happened {
    if (what === 'restart') return this.#restart(state, side)
    if (what === 'expire') return this.#call(this.#trouble(state), side, what)
    if (what === 'read' || what === 'repeat text') return this.#calling(state, side, what)
    const happened = this.#calling(state, side, what)
    // while a text is open, the next one is not sealed
    if (happened.call?.outcome.code) return happened
    const counted = COUNTED[what]
    const [a, b] = state.used[counted]
    const used = { ...state.used, [counted]: side === 0 ? [a + 1, b] : [a, b + 1] }
    return { ...happened, state: { ...happened.state, used } }
  }

  /** Whoever waits for an answer to a text, or for the answer that this is, gets none. */
  #missed(state: State, { kind, to }: Item): Happened {
    if (kind !== 'text' && kind !== 'text answer') return { state, call: null }
    return this.#call(state, kind === 'text' ? other(to) : to, 'miss text answer')
  }

  #put(state: State, item: Item): State {
    return { ...state, wire: this.#with(state.wire, item) }
  }

  #pull(state: State, item: Item): State {
    const items = this.bag(state.wire)
    return { ...state, wire: this.#bag(items.toSpliced(items.indexOf(item), 1)) }
  }

  #trouble(state: State, worst = ANYTHING): State {
    const { used } = state
    const troubles = used.troubles + 1
    // what was recorded matters as long as it can come again
    const history = troubles < this.bounds.troubles ? state.history : 0
    return { ...state, history, used: { ...used, troubles, worst: Math.max(worst, used.worst) } }
  }

  #record(state: State, item: Item): State {
    if (state.used.troubles >= this.bounds.troubles) return state
    const recorded = this.#unawaited(item)
    if (this.bag(state.history).includes(recorded)) return state
    return { ...state, history: this.#with(state.history, recorded) }
  }

  #deliver(state: State, { kind, to, message, of, isAwaited }: Item): Happened {
    if (kind === 'text answer') return this.#call(state, to, 'take text answer', message)
    if (kind === 'answer') return this.#answered(state, to, message, of)
    const { state: next, call } = this.#call(state, to, `take ${kind}`, message)
    const { code, out } = call.outcome
    if (kind === 'text' && code === null)
      checkTaken(this.sides.message(message).body, this.local(state, other(to)).peer)
    if (kind === 'picture' || !isAwaited) return { state: next, call }
    if (kind === 'text') {
      // nobody records it: that an answer is forged is beyond what a text's sender can know
      const answer = this.sides.keepMessage({ kind: 'text answer', code })
      return { state: this.#put(next, this.#keep(other(to), answer, true)), call }
    }
    const answer = out ?? this.sides.keepMessage({ kind: 'answer', confirm: null, code })
    const item = this.#keep(other(to), answer, true, message)
    return { state: this.#record(this.#put(next, item), item), call }
  }

  #answered(state: State, to: Side, answer: number, of: number | null): Happened {
    if (of === null) throw new Error('Nobody waits for this answer.')
    const { body } = this.sides.message(answer)
    return body.kind === 'answer' && body.code !== null
      ? this.#calling(state, to, 'take refusal', of, answer)
      : this.#calling(state, to, 'take answer', answer)
  }

  #replay(state: State, item: Item): Happened {
    const items = this.bag(state.wire)
    if (item.kind !== 'answer') {
      const isUnderWay = items.some(({ to, message }) => to === item.to && message === item.message)
      return this.#deliver(this.#trouble(state, isUnderWay ? ANYTHING : REPLAYED), item)
    }
    const awaited = this.#awaited(items, item.to)
    if (awaited === undefined) throw new Error('Nobody waits for an answer.')
    const pulled = this.#pull(this.#trouble(state), awaited)
    const next = awaited.kind === 'keys' ? this.#put(pulled, this.#unawaited(awaited)) : pulled
    return this.#answered(next, item.to, item.message, awaited.of ?? awaited.message)
  }

  /** Its identity and the known peer stay. What it sent may still arrive, and what answers it reaches nobody. */
  #restart(state: State, side: Side): Happened {
    let { state: next, call } = this.#call(this.#trouble(state), side, 'restart')
    for (const item of this.bag(state.wire)) {
      if (!item.isAwaited || isAnswer(item.kind) !== (item.to === side)) continue
      next = this.#pull(next, item)
      if (!isAnswer(item.kind)) next = this.#put(next, this.#unawaited(item))
    }
    return { state: next, call }
  }
}
