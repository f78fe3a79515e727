/** All that was seen of a student's peer in one run, and the choices that explain it. */

import type { Suite } from '../../../protocol/suites.ts'
import {
  type Choices,
  decisionsOf,
  deviationsOf,
  type Followed,
  type Layer,
  RIGHT,
} from './choices.ts'
import type { Material } from './material.ts'
import { explains, LAYERS, type Observation } from './observations.ts'
import type { Memo } from './schedule.ts'
import { fewest } from './search.ts'
import { sentenceOf } from './sentences.ts'

/** Why a layer is as it was seen. */
export interface Explanation {
  /** `several`: more than one mistake explains all that was seen. `none`: nothing does that is known. */
  readonly kind: 'right' | 'certain' | 'several' | 'none'
  /** Those with the fewest mistakes. One if `certain`, and what is right if `right`. */
  readonly candidates: readonly Followed[]
  /** The names of what is wrong with the first of them in this layer: none if it is right. */
  readonly names: readonly string[]
  /** For the student. Null if all is right. */
  readonly sentence: string | null
}

type Fits = (choices: Choices, seen: readonly Observation[]) => boolean

/** What was seen in one run. A clause records each observation, right ones too: they tell one mistake from another. */
export class Ledger {
  readonly suite: Suite
  readonly #seen: Observation[] = []
  readonly #known = new Map<
    Layer,
    { readonly count: number; readonly under: string; readonly explanation: Explanation }
  >()
  #choices: Followed = RIGHT

  constructor(suite: Suite) {
    this.suite = suite
  }

  /** What later clauses compute with: all that is certain so far, and right where nothing is. */
  get choices(): Followed {
    return this.#choices
  }

  record(...seen: readonly Observation[]): void {
    this.#seen.push(...seen)
  }

  /**
   * Why `layer` is as it was seen in this run, under what is certain of the layers before it. If it is certain,
   * `choices` has it from now on. It takes up to a second where something is wrong, and next to nothing where all is right.
   */
  explain(layer: Layer): Explanation {
    const seen = this.#seen.filter(({ kind }) => LAYERS[kind] === layer)
    const base = this.#baseOf(layer)
    const under = JSON.stringify(base)
    const memos = new Map<Material, Memo>()
    const fits: Fits = (choices, of) =>
      of.every((one) => {
        const memo = memos.get(one.material) ?? new Map()
        memos.set(one.material, memo)
        return explains(choices, one, memo)
      })
    const before = this.#known.get(layer)
    let candidates: readonly Followed[] = []
    if (before?.under === under) {
      const added = seen.slice(before.count)
      if (added.length === 0 || before.explanation.kind === 'none') return before.explanation
      // What more mistakes would explain is not looked for while something with fewer does.
      candidates = before.explanation.candidates.filter((one) =>
        added.every((of) => fits(isTaken(of) ? (one.opens ?? one) : one, [of])),
      )
    }
    if (candidates.length === 0) candidates = this.#search(layer, base, seen, fits)
    const explanation = explanationOf(layer, candidates)
    this.#known.set(layer, { count: seen.length, under, explanation })
    const [found] = candidates
    if (found && candidates.length === 1) this.#follow(layer, found)
    return explanation
  }

  #search(layer: Layer, base: Choices, seen: readonly Observation[], fits: Fits): Followed[] {
    const right = { ...base, ...pick(RIGHT, layer) }
    if (fits(right, seen)) return [right]
    // What is wrong comes first: it rules out most of what is tried.
    const ordered = seen
      .map((one) => ({ one, isRight: Number(fits(right, [one])) }))
      .sort((a, b) => a.isRight - b.isRight)
      .map(({ one }) => one)
    const search = (of: readonly Observation[]) =>
      withoutTwins(fewest(layer, this.suite, base, (choices) => fits(choices, of)))
    const found = search(ordered)
    const takes = ordered.filter(isTaken)
    if (found.length > 0 || !takes.some((one) => 'isTaken' in one && one.isTaken)) return found
    const taking = search(takes)
    return search(ordered.filter((one) => !isTaken(one))).flatMap((sending) =>
      taking.map((opens) => ({ ...sending, opens })),
    )
  }

  /** What a layer is searched from: right in itself. Pictures have the chains of the texts until something else is known. */
  #baseOf(layer: Layer): Choices {
    const { opens: _, ...choices } = this.#choices
    const base = { ...choices, ...pick(RIGHT, layer) }
    for (const later of [1, 2, 3, 4, 5] as const)
      if (later > layer) Object.assign(base, pick(RIGHT, later))
    return layer === 4 ? { ...base, ...chainsOfTexts(choices) } : base
  }

  #follow(layer: Layer, found: Followed): void {
    const { opens, ...choices } = this.#choices
    const files = (of: Choices) => (layer === 3 && !this.#known.has(4) ? chainsOfTexts(of) : {})
    const withFound = (old: Choices, of: Choices) => ({ ...old, ...pick(of, layer), ...files(of) })
    this.#choices = withFound(choices, found)
    if (opens || found.opens)
      this.#choices = {
        ...this.#choices,
        opens: withFound(opens ?? choices, found.opens ?? found),
      }
  }
}

function isTaken(seen: Observation): boolean {
  return 'from' in seen && seen.from === 'examiner'
}

function explanationOf(layer: Layer, candidates: readonly Followed[]): Explanation {
  const [first] = candidates
  if (first === undefined)
    return { kind: 'none', candidates, names: [], sentence: sentenceOf(layer, []) }
  const namesOf = (choices: Choices) => deviationsOf(pick(choices, layer), pick(RIGHT, layer))
  const names = [...new Set([...namesOf(first), ...namesOf(first.opens ?? first)])]
  if (candidates.length === 1 && names.length === 0)
    return { kind: 'right', candidates, names, sentence: null }
  return {
    kind: candidates.length === 1 ? 'certain' : 'several',
    candidates,
    names,
    sentence: sentenceOf(layer, candidates),
  }
}

/** What a peer with one kind of chain does with its pictures. */
function chainsOfTexts({ direction, label, source, constants, step, seal }: Choices) {
  return {
    fileDirection: direction,
    // "files" for texts is no mistake of the chain itself
    fileLabel: label === 'chain-other-label' ? 'right' : label,
    fileSource: source,
    fileConstants: constants,
    fileStep: step,
    fileSeal: seal,
  } as const
}

/** The decisions of one layer, out of choices that have all of them. */
function pick(choices: Choices, layer: Layer): Choices {
  return Object.fromEntries(
    decisionsOf(layer).map((decision) => [decision, choices[decision]]),
  ) as Choices
}

/** Names of one decision that are the same for all that was seen, and are said as one: the first goes before the others. */
const TWINS = [
  // HMAC hashes a key of more than 64 bytes.
  { decision: 'extract', names: ['extract-none', 'extract-hash'] },
  // Only a picture of a megabyte tells these apart.
  { decision: 'chunk', names: ['chunk-whole', 'chunk-1048576', 'chunk-1000000'] },
] as const

function withoutTwins(found: readonly Choices[]): Choices[] {
  return TWINS.reduce<Choices[]>(
    (left, { decision, names }) => {
      const all: readonly string[] = names
      const rank = (choices: Choices) => all.indexOf(choices[decision])
      const rest = (choices: Choices) => JSON.stringify({ ...choices, [decision]: null })
      return left.filter(
        (one) =>
          rank(one) <= 0 ||
          !left.some(
            (other) => rank(other) >= 0 && rank(other) < rank(one) && rest(other) === rest(one),
          ),
      )
    },
    [...found],
  )
}
