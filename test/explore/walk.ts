/** The walk: every state within the bounds, breadth first, so that the first way to anything is a shortest one. */

import type { Exchange } from '../../src/protocol/exchange.ts'
import { Columns } from './columns.ts'
import { Fingerprints } from './fingerprints.ts'
import { Violation } from './invariants.ts'
import { Pairs, type Verdict } from './pairs.ts'
import type { Local, Sides } from './side.ts'
import {
  ANYTHING,
  type Bounds,
  NOTHING,
  type State,
  type Step,
  type Used,
  World,
  type Worst,
} from './world.ts'

const DOS = [
  'send keys',
  'send text',
  'send picture',
  'read',
  'expire',
  'restart',
  'deliver',
  'lose',
  'give up',
  'replay',
  'reflect',
] as const satisfies readonly Step['do'][]

/** A way in which the two can be apart while nothing is under way. */
export interface Disagreement {
  readonly what: string
  /** The first state that was found so, and so one with a shortest way to it. */
  readonly state: number
  states: number
}

export interface Found {
  readonly what: string
  /** The shortest way to it. */
  readonly steps: readonly Step[]
}

export interface Progress {
  readonly states: number
  readonly steps: number
  readonly depth: number
  /** States of the last depth that was begun. */
  readonly width: number
}

export class Walk {
  readonly world: World
  readonly pairs: Pairs
  readonly disagreements = new Map<string, Disagreement>()
  /** How many states there are after so many troubles. */
  readonly byTroubles: number[]
  steps = 0
  depth = 0
  /** States in which nothing is under way. */
  quiet = 0
  /** How each two peers stand. */
  readonly #verdicts = new Map<number, Verdict>()
  readonly #seen = new Fingerprints()
  readonly #states = new Columns(7)
  readonly #sequence = new Int32Array(4096)
  #length = 0
  /** The place of each fresh secret in the state that is being named, and in which naming it was set. */
  #names = new Int32Array(1024)
  #namedIn = new Int32Array(1024)
  #naming = 0
  #named = 0

  constructor(sides: Sides, bounds: Bounds) {
    this.world = new World(sides, bounds)
    this.pairs = new Pairs(sides)
    this.byTroubles = Array(bounds.troubles + 1).fill(0)
  }

  get states(): number {
    return this.#states.length
  }

  /**
   * Walks until there is no new state, or something is found that must not be. `maxDepth`: how far at most.
   * `progress` is told of each depth that is begun.
   */
  run(maxDepth: number, progress: (progress: Progress) => void = () => {}): Found | null {
    let step: Step | null = null
    let at = -1
    try {
      this.#add(this.world.begin(), -1, null)
      let end = this.#states.length
      for (let i = 0; i < this.#states.length; i++) {
        if (i === end) {
          end = this.#states.length
          this.depth++
          progress({ states: end, steps: this.steps, depth: this.depth, width: end - i })
        }
        if (this.depth === maxDepth) break
        at = i
        step = null
        const state = this.#state(i)
        for (step of this.world.stepsFrom(state)) {
          this.steps++
          this.#add(this.world.take(state, step).state, i, step)
        }
      }
      return null
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      const way = at < 0 ? [] : this.wayTo(at)
      return { what: error.message, steps: step ? [...way, step] : way }
    }
  }

  /** The two exchanges in a state. */
  peersIn(state: number): [Exchange, Exchange] {
    const [a, b] = this.#state(state).peers.map((id) => this.world.sides.local(id).peer.exchange)
    if (a === undefined || b === undefined) throw new Error(`There is no state ${state}.`)
    return [a, b]
  }

  /** A shortest way to a state. */
  wayTo(state: number): Step[] {
    const steps: Step[] = []
    for (let at = state; ; ) {
      const [, , , , , parent = -1, packed = 0] = this.#states.at(at)
      if (parent < 0) return steps.reverse()
      const what = DOS[packed >>> 27]
      const argument = packed & (2 ** 27 - 1)
      if (what === undefined) throw new Error('There is no such step.')
      steps.push(
        isOfItem(what) ? { do: what, item: argument } : { do: what, side: argument === 0 ? 0 : 1 },
      )
      at = parent
    }
  }

  #add(state: State, parent: number, step: Step | null): void {
    if (!this.#isNew(state)) return
    const { peers, wire, history, used } = state
    const packed =
      step === null ? 0 : (DOS.indexOf(step.do) << 27) | ('item' in step ? step.item : step.side)
    const row = [peers[0], peers[1], wire, history, pack(used), parent, packed]
    const id = this.#states.push(row)
    this.byTroubles[used.troubles] = (this.byTroubles[used.troubles] ?? 0) + 1
    this.#judge(state, id)
  }

  #judge(state: State, id: number): void {
    const [a, b] = [this.world.local(state, 0), this.world.local(state, 1)]
    const pair = a.id * 2 ** 26 + b.id
    let verdict = this.#verdicts.get(pair)
    if (verdict === undefined) {
      verdict = this.pairs.judge(a, b)
      this.#verdicts.set(pair, verdict)
    }
    if (state.wire !== this.world.bags.empty.id) return
    this.quiet++
    const { apart, haveSession } = verdict
    const { keys, worst } = state.used
    if (worst === NOTHING && keys[0] === 1 && keys[1] === 1 && !haveSession)
      throw new Violation('each sent keys once, nothing was lost, and there is no session')
    if (apart === null) return
    if (worst < ANYTHING)
      throw new Violation(`nothing was lost, and once nothing is under way ${apart}`)
    const known = this.disagreements.get(apart)
    if (known) known.states++
    else this.disagreements.set(apart, { what: apart, state: id, states: 1 })
  }

  #state(id: number): State {
    const [a = 0, b = 0, wire = 0, history = 0, used = 0] = this.#states.at(id)
    return { peers: [a, b], wire, history, used: unpack(used) }
  }

  /** Whether it is not one of those that were seen, by other names perhaps. */
  #isNew(state: State): boolean {
    this.#naming++
    this.#named = 0
    this.#length = 0
    this.#put(pack(state.used))
    this.#putForm(this.world.local(state, 0))
    this.#putForm(this.world.local(state, 1))
    this.#putBag(state.wire)
    this.#putBag(state.history)
    return this.#seen.add(this.#sequence, this.#length)
  }

  #put(value: number): void {
    this.#sequence[this.#length++] = value
  }

  #putForm({ shape, atoms }: Pick<Local, 'shape' | 'atoms'>): void {
    this.#put(shape)
    for (const atom of atoms) this.#put(this.#rename(atom))
  }

  #putBag(bag: number): void {
    const { items } = this.world.bags.get(bag)
    this.#put(items.length)
    for (const item of items) this.#putForm(item)
  }

  #rename(atom: number): number {
    if (atom >= this.#names.length) {
      const larger = () => new Int32Array(2 * atom)
      const [names, namedIn] = [larger(), larger()]
      names.set(this.#names)
      namedIn.set(this.#namedIn)
      this.#names = names
      this.#namedIn = namedIn
    }
    if (this.#namedIn[atom] !== this.#naming) {
      this.#namedIn[atom] = this.#naming
      this.#names[atom] = this.#named++
    }
    return this.#names[atom] ?? 0
  }
}

function isOfItem(what: Step['do']): what is Extract<Step, { item: number }>['do'] {
  return DOS.indexOf(what) >= DOS.indexOf('deliver')
}

/** Each count has four bits, the worst two. */
function pack({ keys, texts, pictures, troubles, worst }: Used): number {
  let packed: number = worst
  for (const [a, b] of [keys, texts, pictures]) packed = (packed << 8) | (a << 4) | b
  return (packed << 4) | troubles
}

function unpack(packed: number): Used {
  const count = (at: number) => (packed >>> (4 * at)) & 15
  return {
    worst: (packed >>> 28) as Worst,
    keys: [count(6), count(5)],
    texts: [count(4), count(3)],
    pictures: [count(2), count(1)],
    troubles: count(0),
  }
}
