/** Each mutant of some files before the tests of their subject, the quickest first, until one fails. */

import { Hand } from './hand.ts'
import type { Mutant } from './sandbox.ts'
import type { Measured } from './worker.ts'

/** What became of a mutant: `endless` is noticed as well, `untested` is one that no test comes by. */
export interface Fate {
  readonly is: 'killed' | 'endless' | 'survived' | 'untested'
  /** The test that noticed. */
  readonly by?: string
}

export class Trial {
  readonly #sandbox: string
  readonly #files: readonly string[]
  /** Without a single mutant awake: the tests, the quickest first, with what each comes by. */
  readonly #tests: readonly Measured[]
  /** The mutants that the files come by while they are loaded. */
  readonly #atLoad: readonly string[]
  #hand: Hand | null

  private constructor(
    sandbox: string,
    files: readonly string[],
    tests: readonly Measured[],
    atLoad: readonly string[],
    hand: Hand,
  ) {
    this.#sandbox = sandbox
    this.#files = files
    this.#tests = tests.toSorted((a, b) => a.cost - b.cost)
    this.#atLoad = atLoad
    this.#hand = hand
  }

  /** Runs the tests in `files` without a mutant. Throws if one fails. */
  static async begin(sandbox: string, files: readonly string[]): Promise<Trial> {
    const hand = new Hand(sandbox)
    try {
      const atLoad = await load(hand, files)
      const measured = await hand.ask({ do: 'measure' })
      const failed = measured?.find(({ failure }) => failure !== undefined)
      if (!measured || failed)
        throw new Error(`Without any mutant: ${failed?.id} fails. ${failed?.failure}`)
      return new Trial(sandbox, files, measured, atLoad, hand)
    } catch (error) {
      await hand.end()
      throw error
    }
  }

  async end(): Promise<void> {
    await this.#hand?.end()
    this.#hand = null
  }

  /** `suspect`: the test that killed it the last time, asked first. */
  async judge({ id }: Mutant, suspect?: string): Promise<Fate> {
    const first = this.#tests.filter((test) => test.id === suspect)
    const all = [...first, ...this.#tests.filter((test) => test.id !== suspect)]
    const covering = all.filter(({ hits }) => id in hits)
    const atLoad = this.#atLoad.includes(id)
    const warm = await this.#tryWarm(id, covering)
    if (warm !== null && !(warm.is === 'survived' && atLoad)) return warm
    // what is computed once, at the start or on the first call, is computed with the mutant in a process of its own
    const chosen = atLoad ? all : covering
    if (chosen.length === 0) return { is: 'untested' }
    return this.#tryFresh(id, chosen, atLoad)
  }

  /** In the process that has run other mutants before. Null if that says nothing. */
  async #tryWarm(mutant: string, covering: readonly Measured[]): Promise<Fate | null> {
    if (covering.length === 0) return null
    const tests = covering.map(({ id, cost, hits }) => ({ id, cost, hits: hits[mutant] ?? 0 }))
    for (let attempt = 0; attempt < 2; attempt++) {
      if (this.#hand === null) {
        this.#hand = new Hand(this.#sandbox)
        await load(this.#hand, this.#files)
      }
      const verdict = await this.#hand.ask({ do: 'try', mutant, tests })
      if (verdict?.is === 'survived') return verdict.once ? null : { is: 'survived' }
      if (verdict?.is === 'killed') return verdict
      await this.end()
      // no answer: it took too long, or the process broke down
      if (verdict === null) return { is: 'endless' }
      if (verdict.is === 'endless') return verdict
    }
    // it spoils whatever process it is in: the last word is spoken in one of its own
    return null
  }

  /** In a process that knows nothing else. Its files are loaded one by one. */
  async #tryFresh(mutant: string, chosen: readonly Measured[], all: boolean): Promise<Fate> {
    const files = [...new Set(chosen.map(({ id }) => fileOf(id)))]
    const hand = new Hand(this.#sandbox, mutant)
    try {
      for (const file of files) {
        const loaded = await hand.ask({ do: 'load', files: [file] })
        if (loaded === null) return { is: 'killed', by: `${file}: loads` }
        const tests = chosen
          .filter(({ id }) => fileOf(id) === file)
          .map(({ id, cost, hits }) => ({ id, cost, hits: hits[mutant] ?? (all ? 1e6 : 0) }))
        const verdict = await hand.ask({ do: 'try', mutant, tests })
        if (verdict === null) return { is: 'endless' }
        if (verdict.is === 'killed' || verdict.is === 'endless') return verdict
      }
      return { is: 'survived' }
    } finally {
      await hand.end()
    }
  }
}

export const fileOf = (id: string) => id.slice(0, id.indexOf(':'))

async function load(hand: Hand, files: readonly string[]): Promise<string[]> {
  const loaded = await hand.ask({ do: 'load', files })
  if (loaded === null) throw new Error('The tests do not load.')
  return loaded
}
