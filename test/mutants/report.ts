/** What `make mutants` prints of the results. */

import type { Equivalent } from './equivalent.ts'
import type { Result } from './record.ts'
import type { Fate } from './trial.ts'

export const isNoticed = ({ is }: Fate) => is === 'killed' || is === 'endless'
const explains = ({ line, is }: Equivalent, result: Result) =>
  line === result.context && is === oneLine(result.to)

/** The counts of one file, and what is wrong with it. */
export interface Summary {
  readonly file: string
  readonly mutants: number
  readonly killed: number
  readonly endless: number
  readonly equivalent: number
  /** Of a hundred mutants, explained ones counted as not killed. */
  readonly score: number
  readonly problems: readonly string[]
}

export function summarize(
  file: string,
  results: readonly Result[],
  explained: readonly Equivalent[],
  atLeast: number,
): Summary {
  const count = (is: Result['is']) => results.filter((result) => result.is === is).length
  const ours = explained.filter((entry) => entry.file === file)
  const alive = results.filter((result) => !isNoticed(result))
  const [equivalent, survivors] = [
    alive.filter((result) => ours.some((entry) => explains(entry, result))),
    alive.filter((result) => !ours.some((entry) => explains(entry, result))),
  ]
  const noticed = results.length - alive.length
  const score = results.length === 0 ? 100 : (100 * noticed) / results.length
  return {
    file,
    mutants: results.length,
    killed: count('killed'),
    endless: count('endless'),
    equivalent: equivalent.length,
    score,
    problems: [
      ...survivors.map(describeSurvivor),
      ...ours
        .filter((entry) => !alive.some((result) => explains(entry, result)))
        .map(
          (entry) =>
            `${file}: \`${entry.line}\` with \`${entry.is}\` is explained in test/mutants/equivalent.ts and does not survive: take the explanation out.`,
        ),
      ...(score < atLeast ? [`${file}: ${score.toFixed(1)} % killed, expected ${atLeast} %.`] : []),
    ],
  }
}

function describeSurvivor({ file, line, context, was, to, mutator, is }: Result): string {
  const todo =
    is === 'untested'
      ? 'No test comes by it: write one, or delete the code.'
      : 'Every test passes: write one that fails, delete what makes no difference, or explain it in test/mutants/equivalent.ts.'
  return `${file}:${line} ${mutator}\n    ${context}\n    ${short(was)} → ${short(to)}\n    ${todo}`
}

/** A change that goes over lines, as one. */
function oneLine(code: string): string {
  return code.replaceAll(/\s+/g, ' ').trim()
}

function short(code: string): string {
  const line = oneLine(code)
  return line.length > 100 ? `${line.slice(0, 97)}…` : line
}

export function table(summaries: readonly Summary[]): string {
  const head = ['file', 'mutants', 'killed', 'endless', 'survived', 'explained', 'score']
  const sum = (what: 'mutants' | 'killed' | 'endless' | 'equivalent') =>
    summaries.reduce((sum, summary) => sum + summary[what], 0)
  const [mutants, killed, endless] = [sum('mutants'), sum('killed'), sum('endless')]
  const total = { file: 'all', mutants, killed, endless, equivalent: sum('equivalent') }
  const rows = [...summaries, total].map(({ file, mutants, killed, endless, equivalent }) => {
    const noticed = killed + endless
    const score = mutants === 0 ? '' : ((100 * noticed) / mutants).toFixed(1)
    return [file, mutants, killed, endless, mutants - noticed, equivalent, `${score} %`].map(String)
  })
  const cells = [head, ...rows]
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  const [first = 0, ...others] = widths
  return cells
    .map(([file = '', ...numbers]) =>
      [file.padEnd(first), ...numbers.map((cell, i) => cell.padStart(others[i] ?? 0))].join('  '),
    )
    .join('\n')
}
