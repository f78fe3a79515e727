/** What `make mutants` prints of the results. */

import type { Equivalent } from './equivalent.ts'
import type { Result } from './record.ts'
import type { Fate } from './trial.ts'

export const isNoticed = ({ is }: Fate) => is === 'killed' || is === 'endless'
const explains = ({ line, is }: Equivalent, result: Result) =>
  line === result.context && is === oneLine(result.to)

const COLUMNS = ['mutants', 'killed', 'endless', 'survived', 'explained'] as const
type Counts = Record<(typeof COLUMNS)[number], number>

/** The counts of one file, and what is wrong with it. */
export interface Summary {
  readonly file: string
  readonly counts: Counts
  readonly problems: readonly string[]
}

/** Of a hundred mutants how many are noticed; explained ones are not. */
function scoreOf({ mutants, survived }: Counts): number {
  return mutants === 0 ? 100 : (100 * (mutants - survived)) / mutants
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
  const survivors = alive.filter((result) => !ours.some((entry) => explains(entry, result)))
  const idle = ours.filter((entry) => !alive.some((result) => explains(entry, result)))
  const counts = {
    mutants: results.length,
    killed: count('killed'),
    endless: count('endless'),
    survived: alive.length,
    explained: alive.length - survivors.length,
  }
  const score = scoreOf(counts)
  const problems = [
    ...survivors.map(describeSurvivor),
    ...idle.map(
      ({ line, is }) =>
        `${file}: \`${line}\` with \`${is}\` is explained in test/mutants/equivalent.ts and does not survive: take the explanation out.`,
    ),
    ...(score < atLeast ? [`${file}: ${score.toFixed(1)} % killed, expected ${atLeast} %.`] : []),
  ]
  return { file, counts, problems }
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
  const sums = COLUMNS.map((column) => [
    column,
    summaries.reduce((sum, { counts }) => sum + counts[column], 0),
  ])
  const total = { file: 'all', counts: Object.fromEntries(sums) as Counts }
  const rows = [...summaries, total].map(({ file, counts }) => [
    file,
    ...COLUMNS.map((column) => `${counts[column]}`),
    `${scoreOf(counts).toFixed(1)} %`,
  ])
  const head = ['file', ...COLUMNS, 'score']
  const cells = [head, ...rows]
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  const padded = (cell: string, i: number) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)
  return cells.map((row) => row.map(padded).join('  ')).join('\n')
}
