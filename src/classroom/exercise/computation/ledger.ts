/** All that was seen of a student's peer in one run, and the choices that explain it. */

import {
  type Choices,
  deviationsOf,
  type Followed,
  type Layer,
  pick,
  RIGHT,
  rightIn,
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

/** Bodies of pictures that are longer are not looked at: the shorter ones tell the same. */
const LOOKED_AT_BYTES = 2 ** 20

/**
 * What was seen in one run. A clause records each observation, right ones too: they tell one mistake from another. What is
 * certain is followed once the layer has been seen whole: see `settle`.
 */
export class Ledger {
  /** What a peer does in its own way that is no computation, and is taken from then on. */
  readonly habits = { acceptedStatus: 201 }
  /** For clauses that share what they have seen. */
  readonly memo = new Map<string, unknown>()
  readonly #seen: Observation[] = []
  readonly #known = new Map<
    Layer,
    {
      readonly count: number
      readonly tags: number
      readonly under: string
      readonly fitting: readonly Followed[]
      readonly explanation: Explanation
    }
  >()
  #choices: Followed = RIGHT

  /** What clauses compute with: all that is certain and settled, and right where nothing is. The same object until it changes. */
  get choices(): Followed {
    return this.#choices
  }

  record(...seen: readonly Observation[]): void {
    for (const one of seen)
      if (one.kind !== 'picture' || one.body.length <= LOOKED_AT_BYTES) this.#seen.push(one)
  }

  /** The id of the session in a confirmation of the student's. */
  sawSession(material: Material, value: Uint8Array): void {
    this.record({ kind: 'session id', material, value })
  }

  /** The student's tag. */
  sawTag(material: Material, value: Uint8Array): void {
    this.record({ kind: 'tag', material, from: 'student', value, isTaken: true })
  }

  /**
   * Why `layer` is as it was seen in this run, under what is settled of the layers before it. It takes up to a second
   * where something is wrong and new, and next to nothing else.
   */
  explain(layer: Layer): Explanation {
    const seen = this.#seen.filter(({ kind }) => LAYERS[kind] === layer)
    const base = this.#baseOf(layer)
    const under = JSON.stringify(base)
    const tags = layer === 1 ? this.#seen.filter(({ kind }) => kind === 'tag') : []
    const before = this.#known.get(layer)
    const isKnown = before?.under === under
    if (isKnown && before.count === seen.length && before.tags === tags.length)
      return before.explanation
    const memos = new Map<Material, Memo>()
    const fits: Fits = (choices, of) =>
      of.every((one) => {
        const memo = memos.get(one.material) ?? new Map()
        memos.set(one.material, memo)
        return explains(choices, one, memo)
      })
    // What more mistakes would explain is not looked for while something with fewer does.
    const added = seen.slice(before?.count)
    let fitting = (isKnown ? before.fitting : []).filter((one) =>
      added.every((of) => fits(isTaken(of) ? (one.opens ?? one) : one, [of])),
    )
    if (fitting.length === 0 && !(isKnown && before.explanation.kind === 'none'))
      fitting = this.#search(layer, base, seen, fits)
    const explanation = explanationOf(layer, narrowed(fitting, tags, fits), seen)
    const counts = { count: seen.length, tags: tags.length }
    this.#known.set(layer, { ...counts, under, fitting, explanation })
    return explanation
  }

  /** The layers to `last` have been seen in all parties and orders: what is certain of them is in `choices` from now on. */
  settle(last: Layer): void {
    for (const layer of ([1, 2, 3, 4, 5] as const).filter((one) => one <= last)) {
      const { kind, candidates } = this.explain(layer)
      const [found] = candidates
      if (found && (kind === 'certain' || kind === 'right')) this.#follow(layer, found)
    }
  }

  /** What is said of the run as a whole. */
  remarks(): string[] {
    const { opens, ...choices } = this.#choices
    const names = [...new Set([...deviationsOf(choices), ...deviationsOf(opens ?? choices)])]
    if (names.length === 0) return []
    return [
      `Your peer computes in its own way: ${names.join(', ')}. Later clauses that pass do so with it.`,
    ]
  }

  #search(layer: Layer, base: Choices, seen: readonly Observation[], fits: Fits): Followed[] {
    const right = { ...base, ...rightIn(layer) }
    if (fits(right, seen)) return [right]
    // What is wrong comes first: it rules out most of what is tried.
    const ordered = seen
      .map((one) => ({ one, isRight: Number(fits(right, [one])) }))
      .sort((a, b) => a.isRight - b.isRight)
      .map(({ one }) => one)
    const suite = seen[0]?.material.suite
    if (suite === undefined) return [right]
    const search = (of: readonly Observation[]) =>
      withoutTwins(fewest(layer, suite, base, (choices) => fits(choices, of)))
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
    const base = { ...choices, ...rightIn(layer) }
    for (const later of [1, 2, 3, 4, 5] as const)
      if (later > layer) Object.assign(base, rightIn(later))
    return layer === 4 ? { ...base, ...chainsOfTexts(choices) } : base
  }

  #follow(layer: Layer, found: Followed): void {
    const { opens, ...choices } = this.#choices
    const areFilesSeen = this.#seen.some(({ kind }) => kind === 'picture')
    const files = (of: Choices) => (layer === 3 && !areFilesSeen ? chainsOfTexts(of) : {})
    const withFound = (old: Choices, of: Choices) => ({ ...old, ...pick(of, layer), ...files(of) })
    const taking = withFound(opens ?? choices, found.opens ?? found)
    const sending = withFound(choices, found)
    const changed: Followed = opens || found.opens ? { ...sending, opens: taking } : sending
    if (JSON.stringify(changed) !== JSON.stringify(this.#choices)) this.#choices = changed
  }
}

/** More transcripts than these that fit one session id are not looked at one by one. */
const LOOKED_AT = 8

/** Of several transcripts with one session id, such as one that is cut, those that explain the tags with the fewest mistakes. */
function narrowed(
  fitting: readonly Followed[],
  tags: readonly Observation[],
  fits: Fits,
): readonly Followed[] {
  const suite = tags[0]?.material.suite
  if (suite === undefined || fitting.length < 2 || fitting.length > LOOKED_AT) return fitting
  const counts = fitting.map((one) => {
    const [found] = fewest(2, suite, one, (choices) => fits(choices, tags), 1)
    return found ? deviationsOf(pick(found, 2)).length : Number.POSITIVE_INFINITY
  })
  const least = Math.min(...counts)
  return fitting.filter((_one, i) => counts[i] === least)
}

function isTaken(seen: Observation): boolean {
  return 'from' in seen && seen.from === 'examiner'
}

function explanationOf(
  layer: Layer,
  candidates: readonly Followed[],
  seen: readonly Observation[],
): Explanation {
  const [first] = candidates
  if (first === undefined)
    return { kind: 'none', candidates, names: [], sentence: sentenceOf(layer, []) }
  const namesOf = (choices: Choices) => deviationsOf(pick(choices, layer))
  const names = [...new Set([...namesOf(first), ...namesOf(first.opens ?? first)])]
  if (candidates.length === 1 && names.length === 0)
    return { kind: 'right', candidates, names, sentence: null }
  return {
    kind: candidates.length === 1 ? 'certain' : 'several',
    candidates,
    names,
    sentence: sentenceOf(layer, candidates) + (isAlone(layer, first, seen) ? TWO_AGREE : ''),
  }
}

const TWO_AGREE =
  ' It opens what it seals itself, so two of your peers agree, and no other peer does.'

/** Whether a mistake is the same in both directions, as far as both were seen. */
function isAlone(layer: Layer, { opens }: Followed, seen: readonly Observation[]): boolean {
  const isBoth = seen.some(isTaken) && !seen.every(isTaken)
  return (layer === 3 || layer === 4) && opens === undefined && isBoth
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

/** Names of one decision that are the same for all that was seen, and are said as one: the first goes before the others. */
const TWINS = [
  // HMAC hashes a key of more than 64 bytes.
  { decision: 'extract', names: ['extract-none', 'extract-hash'] },
  // The order is the same for most identities.
  { decision: 'zeros', names: ['safety-no-zeros', 'safety-no-zeros-sorted'] },
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
