/** The walk: every state within the bounds, breadth first, so that the first way to anything is a shortest one. */

import { hash } from 'node:crypto'
import type { Kind } from './bounds.ts'
import type { Form } from './graph.ts'
import { checkTexts, must, Violation } from './invariants.ts'
import type { Protocol } from './load.ts'
import { renaming } from './names.ts'
import { Pairs, type Verdict } from './pairs.ts'
import { SIDES } from './peer.ts'
import { Sides } from './sides.ts'
import { ANYTHING, type Bounds, type Call, NOTHING, type State, type Step, World } from './world.ts'

/** A state, and the step that led to it first. */
export interface Reached {
  readonly state: State
  readonly from: Reached | null
  readonly by: Step | null
}

/** A way in which the two can be apart while nothing is under way. */
export interface Disagreement {
  readonly what: string
  /** The first state that was found so, and so one with a shortest way to it. */
  readonly first: Reached
  states: number
}

export class Walk {
  readonly world: World
  readonly pairs: Pairs
  readonly reached: Reached[] = []
  readonly disagreements = new Map<string, Disagreement>()
  steps = 0
  depth = 0
  /** States in which nothing is under way. */
  quiet = 0
  /** How each two peers stand. */
  readonly #verdicts = new Map<number, Verdict>()
  /** The names of all states. */
  readonly #seen = new Set<string>()
  readonly #sequence = new Int32Array(4096)

  constructor(protocol: Protocol, kind: Kind, bounds: Bounds) {
    const sides = new Sides(protocol, kind === 'hybrid')
    this.world = new World(sides, bounds)
    this.pairs = new Pairs(sides)
  }

  /**
   * Walks until there is no new state, or something is found that must not be: returns that, with the shortest way to it,
   * or null. `progress` is called at each depth that is begun.
   */
  run(progress = (_: Walk) => {}): { what: string; way: string[] } | null {
    let from: Reached | null = null
    let by: Step | null = null
    try {
      this.#add(this.world.begin(), null, null)
      let end = this.reached.length
      // it grows while it is gone through
      for (const [i, reached] of this.reached.entries()) {
        if (i === end) {
          end = this.reached.length
          this.depth++
          progress(this)
        }
        from = reached
        by = null
        for (by of this.world.stepsFrom(from.state)) {
          this.steps++
          this.#add(this.world.take(from.state, by).state, from, by)
        }
      }
      return null
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      const way = from ? this.callsTo(from).map((call) => this.tell(call)) : []
      if (by && 'side' in by) way.push(`here: ${'AB'[by.side]} ${by.do}`)
      if (by && 'item' in by) way.push(`here: ${by.do} #${this.world.item(by.item).message}`)
      return { what: error.message, way }
    }
  }

  /** What the two peers do on a shortest way to a state. */
  callsTo(reached: Reached): Call[] {
    const calls: Call[] = []
    for (let { from, by } = reached; from && by; { from, by } = from) {
      const { call } = this.world.take(from.state, by)
      if (call) calls.push(call)
    }
    return calls.reverse()
  }

  /** A call in words: who does what with which message, and what goes out. */
  tell({ side, op, message, outcome: { out, code } }: Call): string {
    const body = message < 0 ? null : this.world.sides.message(message).body
    const taken =
      body?.kind === 'text answer' ? ` (${body.code ?? 'taken'})` : body && ` #${message}`
    const gives = code ? `: ${code}` : out === null ? '' : ` → #${out}`
    return `${'AB'[side]} ${op}${taken ?? ''}${gives}`
  }

  #add(state: State, from: Reached | null, by: Step | null): void {
    const known = this.#seen.size
    if (this.#seen.add(this.#nameOf(state)).size === known) return
    const reached = { state, from, by }
    this.reached.push(reached)
    this.#judge(reached)
  }

  #judge(reached: Reached): void {
    const { state } = reached
    const [a, b] = [this.world.local(state, 0), this.world.local(state, 1)]
    const pair = a.id * 2 ** 26 + b.id
    let verdict = this.#verdicts.get(pair)
    if (verdict === undefined) {
      checkTexts(a.peer, b.peer)
      checkTexts(b.peer, a.peer)
      verdict = this.pairs.judge(a, b)
      this.#verdicts.set(pair, verdict)
    }
    if (state.wire !== 0) return
    this.quiet++
    const { apart, haveSession } = verdict
    const { keys, worst } = state.used
    const haveSent = keys[0] === 1 && keys[1] === 1
    must(
      worst !== NOTHING || !haveSent || haveSession,
      'each sent keys once, nothing was lost, and there is no session',
    )
    if (apart === null) return
    must(worst === ANYTHING, `nothing was lost, and once nothing is under way ${apart}`)
    const known = this.disagreements.get(apart)
    if (known) known.states++
    else this.disagreements.set(apart, { what: apart, first: reached, states: 1 })
  }

  /** The same for states that differ in the names of their keys alone: a hash, since there are millions. */
  #nameOf(state: State): string {
    const rename = renaming()
    let length = 0
    const put = (value: number) => {
      this.#sequence[length++] = value
    }
    const putForm = ({ shape, atoms }: Form) => {
      put(shape)
      for (const atom of atoms) put(rename(atom))
    }
    const { keys, texts, pictures, troubles, worst } = state.used
    for (const count of [...keys, ...texts, ...pictures, troubles, worst]) put(count)
    for (const side of SIDES) putForm(this.world.local(state, side))
    for (const bag of [state.wire, state.history]) {
      const items = this.world.bag(bag)
      put(items.length)
      for (const item of items) putForm(item)
    }
    return hash('sha256', this.#sequence.subarray(0, length), 'binary')
  }
}
