/** Everything that is asked: each file for each suite, and each variant, with what has to come out. */

import os from 'node:os'
import {
  asking,
  changed,
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
export interface Question extends Pick<Property, 'query' | 'words' | 'kind'> {
  readonly expected: Found
}

/** One run of ProVerif. */
export interface Job {
  readonly about: 'the protocol' | 'broken on purpose' | 'left out, and not missed'
  readonly suite: Suite
  readonly model: Model
  readonly questions: readonly Question[]
}

/** All that there is to run, in the order of the table. `only`: the query that alone is asked. */
export function jobs(only: string | null = null): Job[] {
  const files = [...new Set(PROPERTIES.map(({ file }) => file))]
  const ofProtocol = (['classical', 'hybrid'] as const).flatMap((suite) =>
    files.map((file): Job => {
      const questions = PROPERTIES.flatMap(({ expected: { [suite]: expected }, ...property }) =>
        property.file === file && expected ? [{ ...property, expected }] : [],
      )
      return { about: 'the protocol', suite, model: modelOf(file, suite), questions }
    }),
  )
  const ofVariants = VARIANTS.map(({ name, edits, file, queries, suite, expected }): Job => {
    const about = expected === 'false' ? 'broken on purpose' : 'left out, and not missed'
    const questions = queries.map((query) => {
      return { query, words: `${name}: ${query}`, kind: 'proved' as const, expected }
    })
    return { about, suite, model: changed(modelOf(file, suite), edits), questions }
  })
  return [...ofProtocol, ...ofVariants].flatMap((job) => {
    const questions = job.questions.filter(({ query }) => only === null || query === only)
    const names = questions.map(({ query }) => query)
    return names.length === 0 ? [] : [{ ...job, questions, model: asking(job.model, names) }]
  })
}

/** Runs the jobs, as many at a time as there are processors, and yields them in their order. */
export async function* runs(proverif: string, all: readonly Job[]): AsyncGenerator<[Job, Run]> {
  let free = os.availableParallelism()
  const waiting: (() => void)[] = []
  const started = all.map(async ({ model }) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await prove(proverif, model)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  })
  for (const [i, job] of all.entries()) {
    const run = await started[i]
    if (run) yield [job, run]
  }
}
