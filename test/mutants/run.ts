/** A whole run: what changed since the last one is tried, all of it is reported. */

import fs from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { EQUIVALENT, type Equivalent } from './equivalent.ts'
import { type FileRecord, nameOf, type Result, readRecord, stateOf, writeRecord } from './record.ts'
import { isNoticed, summarize, table } from './report.ts'
import { type Mutant, makeSandbox } from './sandbox.ts'
import { SUBJECTS, type Subject } from './subjects.ts'
import { type Fate, fileOf, Trial } from './trial.ts'

type State = Omit<FileRecord, 'results'>

interface Options {
  /** The project's folder. */
  readonly root: string
  /** A file of the project, or a folder. */
  readonly only: string
  readonly say: (text: string) => void
  readonly subjects?: readonly Subject[]
  readonly explained?: readonly Equivalent[]
}

/** Returns how many things are wrong: survivors that nothing explains, scores that are too low. */
export async function run(options: Options): Promise<{ problems: number; tried: number }> {
  const { root, only, say, subjects = SUBJECTS, explained = EQUIVALENT } = options
  const folder = path.join(root, '.mutants')
  const recordFile = path.join(folder, 'record.json')
  const record = readRecord(recordFile)
  const chosen = subjects
    .filter(({ source }) => source === only || source.startsWith(`${only.replace(/\/$/, '')}/`))
    .map((subject) => ({ file: subject.source, subject, state: stateOf(root, subject) }))
  if (chosen.length === 0) throw new Error(`There is nothing to mutate in ${only}.`)

  const changed = chosen.filter(({ file, state }) => !isUpToDate(record.get(file), state))
  let tried = 0
  if (changed.length > 0) {
    const sandbox = path.join(folder, 'sandbox')
    const files = changed.map(({ file }) => file)
    const mutants = await makeSandbox(root, sandbox, files)
    /** Those that are under way, by the files of their tests. */
    const begun = new Map<string, Promise<Trial>>()
    const trialOf = (files: readonly string[]) => {
      const trial = begun.get(files.join()) ?? Trial.begin(sandbox, files)
      begun.set(files.join(), trial)
      return trial
    }
    try {
      for (const { file, subject, state } of changed) {
        const from = performance.now()
        const judge = new Judge(trialOf, subject, state, record.get(file))
        const results: Result[] = []
        for (const { id, ...mutant } of mutants.filter((mutant) => mutant.file === file))
          results.push({ ...mutant, ...(await judge.judge({ id, ...mutant })) })
        writeRecord(recordFile, record.set(file, { ...state, results }))
        tried += judge.tried
        const seconds = Math.round((performance.now() - from) / 1000)
        say(`${file}: tried ${judge.tried} of ${results.length} mutants in ${seconds} s`)
      }
    } finally {
      for (const trial of await Promise.allSettled(begun.values()))
        if (trial.status === 'fulfilled') await trial.value.end()
      fs.rmSync(sandbox, { recursive: true })
    }
  }

  const summaries = chosen.map(({ file, subject }) =>
    summarize(file, record.get(file)?.results ?? [], explained, subject.atLeast),
  )
  const problems = summaries.flatMap(({ problems }) => problems)
  for (const problem of problems) say(`\n${problem}`)
  say(`\n${table(summaries)}`)
  return { problems: problems.length, tried }
}

function isUpToDate(last: FileRecord | undefined, { key, tests }: State): boolean {
  return last?.key === key && isDeepStrictEqual(last.tests, tests)
}

type TrialOf = (files: readonly string[]) => Promise<Trial>

/** Judges the mutants of one file, and keeps of the last run what still holds. */
class Judge {
  tried = 0
  readonly #trialOf: TrialOf
  readonly #subject: Subject
  readonly #last: ReadonlyMap<string, Result>
  /** The test files that are not as they were. */
  readonly #changed: readonly string[]

  constructor(trialOf: TrialOf, subject: Subject, state: State, last: FileRecord | undefined) {
    this.#trialOf = trialOf
    this.#subject = subject
    this.#last = new Map(last?.results.map((result) => [nameOf(result), result]))
    this.#changed = subject.tests.filter(
      (test) => last?.key !== state.key || last.tests[test] !== state.tests[test],
    )
  }

  async judge(mutant: Mutant): Promise<Fate> {
    const last = this.#last.get(nameOf(mutant))
    const isNew = last === undefined || this.#changed.length === this.#subject.tests.length
    if (!isNew && last.by !== undefined && !this.#changed.includes(fileOf(last.by))) return last
    this.tried++
    if (isNew) return this.#try(mutant, this.#subject.tests, last)
    const fate = await this.#try(mutant, this.#changed, last)
    if (isNoticed(fate)) return fate
    // the tests that have not changed did not notice it before
    if (!isNoticed(last)) return fate.is === 'untested' ? last : fate
    return this.#try(mutant, this.#subject.tests, last)
  }

  async #try(mutant: Mutant, files: readonly string[], last: Result | undefined): Promise<Fate> {
    const trial = await this.#trialOf(files)
    return trial.judge(mutant, last?.by)
  }
}
