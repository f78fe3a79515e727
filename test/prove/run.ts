/** Everything that is asked: each file for each suite, and each variant, with what has to come out. */

import os from 'node:os'
import {
  asking,
  edited,
  type Found,
  type Model,
  modelOf,
  prove,
  type Run,
  type Suite,
} from './model.ts'
import { PROPERTIES, type Property } from './properties.ts'
import { VARIANTS } from './variants.ts'

/** One query of one run of ProVerif. */
export interface Question {
  readonly query: string
  readonly words: string
  readonly kind: Property['kind']
  readonly expected: Found
}

/** One run of ProVerif. */
export interface Job {
  readonly about: 'the protocol' | 'broken on purpose' | 'left out, and not missed'
  readonly suite: Suite
  readonly model: Model
  readonly questions: readonly Question[]
}

/** All that there is to run, in the order of the table. */
export function jobs(): Job[] {
  const files = [...new Set(PROPERTIES.map(({ file }) => file))]
  const ofProtocol = (['classical', 'hybrid'] as const).flatMap((suite) =>
    files.flatMap((file): Job[] => {
      const questions = PROPERTIES.flatMap(
        ({ file: of, query, words, kind, expected: { [suite]: expected } }) =>
          of === file && expected !== undefined ? [{ query, words, kind, expected }] : [],
      )
      if (questions.length === 0) return []
      const model = asking(
        modelOf(file, suite),
        questions.map(({ query }) => query),
      )
      return [{ about: 'the protocol', suite, model, questions }]
    }),
  )
  const ofVariants = VARIANTS.map(
    ({ name, edits, file, queries, suite, expected }): Job => ({
      about: expected === 'false' ? 'broken on purpose' : 'left out, and not missed',
      suite,
      model: asking(edited(modelOf(file, suite), edits), queries),
      questions: queries.map((query) => ({
        query,
        words: `${name}: ${query}`,
        kind: 'proved',
        expected,
      })),
    }),
  )
  return [...ofProtocol, ...ofVariants]
}

/** Runs the jobs, as many at a time as there are processors, and yields them in their order. */
export async function* runs(proverif: string, all: readonly Job[]): AsyncGenerator<[Job, Run]> {
  const started: Promise<Run>[] = []
  const queue = [...all.entries()]
  const settle: ((run: Promise<Run>) => void)[] = []
  for (const i of all.keys())
    started[i] = new Promise((resolve) => {
      settle[i] = resolve
    })
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [i, { model }] = next
      const run = prove(proverif, model)
      settle[i]?.(run)
      await run.catch(() => undefined)
    }
  }
  for (let i = 0; i < os.availableParallelism(); i++) void work()
  for (const [i, job] of all.entries()) {
    const run = await started[i]
    if (run !== undefined) yield [job, run]
  }
}

/** Whether ProVerif found what was expected of every question. */
export function isAsExpected({ questions }: Job, { results }: Pick<Run, 'results'>): boolean {
  return questions.every(({ query, expected }) => results.get(query) === expected)
}
