/** The files of a class as a teacher looks at them: by pairs, each with how it stands, the worst first. */

import type { Checked } from './check.ts'
import type { Report } from './compare.ts'

/** What scripts are told. `cut`: good as far as it goes, and its beginning is not in it any more. */
export type Verdict = 'good' | 'cut' | 'bad' | 'copy'

/** The worst come first. */
const VERDICT_ORDER = ['bad', 'shared', 'unmet', 'differs', 'cut', 'good'] as const
/**
 * What people are told. `shared`: nobody can say who copied from whom. `unmet`: good, and not what was required. `differs`: it is
 * good by itself, and another file differs that is not.
 */
export type Standing = (typeof VERDICT_ORDER)[number]
export const STANDINGS: readonly Standing[] = VERDICT_ORDER

const GROUPS = ['bad', 'shared', 'unmet', 'same identity', 'good'] as const
/** How rows are grouped, in this order. `same identity`: good, and a peer of another row has the same long-term key. */
export type Group = (typeof GROUPS)[number]

export function verdictOf({ wrong, facts }: Report): Verdict {
  if (wrong.length === 0) return facts?.isCut ? 'cut' : 'good'
  return wrong.every(({ code }) => code === 'copy' || code === 'shared_key') ? 'copy' : 'bad'
}

/** One file, and how it stands. */
export interface Entry {
  readonly report: Report
  readonly standing: Standing
  /** Whether it is a transcript and none of the other side is here. */
  readonly isAlone: boolean
  /** The files of other rows with the same long-term key. */
  readonly sameIdentity: readonly string[]
}

/** The files of one run, of both sides, with whatever shares something with them. */
export interface Row {
  readonly entries: readonly Entry[]
  /** By its worst. */
  readonly group: Group
}

/** `reports` in rows, grouped. `meets`: whether a file has what is required. */
export function rowsIn(reports: readonly Report[], meets: (report: Report) => boolean): Row[] {
  const byChecked = new Map(reports.map((report) => [report.alone, report]))
  const rows = new Map<Checked, Report[]>()
  const top = components(reports)
  for (const report of reports) {
    const row = rows.get(top(report.alone))
    if (row) row.push(report)
    else rows.set(top(report.alone), [report])
  }
  return [...rows.values()]
    .map((own): Row => {
      const files = new Set(own.map(({ file }) => file))
      const entries = own.map((report): Entry => {
        return {
          report,
          standing: standingOf(report, byChecked, meets),
          isAlone: report.facts !== null && !isPaired(report, byChecked),
          sameIdentity: report.sameIdentity.filter((file) => !files.has(file)),
        }
      })
      return { entries, group: groupOf(entries) }
    })
    .sort((one, two) => GROUPS.indexOf(one.group) - GROUPS.indexOf(two.group))
}

function groupOf(entries: readonly Entry[]): Group {
  const has = (standing: Standing) => entries.some((entry) => entry.standing === standing)
  const worst = (['bad', 'shared', 'unmet'] as const).find(has)
  const isShared = entries.some(({ sameIdentity }) => sameIdentity.length > 0)
  return worst ?? (isShared ? 'same identity' : 'good')
}

/** Returns which file stands for all that hang together with one. */
function components(reports: readonly Report[]): (file: Checked) => Checked {
  const above = new Map<Checked, Checked>()
  const top = (file: Checked): Checked => {
    let at = file
    for (let next = above.get(at); next !== undefined; next = above.get(at)) at = next
    if (at !== file) above.set(file, at)
    return at
  }
  for (const { alone, besides, sharers } of reports)
    for (const other of [...besides.map(({ other }) => other), ...sharers]) {
      const [one, two] = [top(alone), top(other)]
      if (one !== two) above.set(two, one)
    }
  return top
}

/** Whether a file of its other side is here. Of several that are the same run, only the first was looked at beside the others. */
function isPaired(
  { facts, besides, sharers }: Report,
  byChecked: ReadonlyMap<Checked, Report>,
): boolean {
  const ofSameRun = [...sharers].filter((other) => other.facts?.run === facts?.run)
  return besides.length > 0 || ofSameRun.some((other) => byChecked.get(other)?.besides.length)
}

function standingOf(
  report: Report,
  byChecked: ReadonlyMap<Checked, Report>,
  meets: (report: Report) => boolean,
): Standing {
  const verdict = verdictOf(report)
  if (verdict === 'copy') return 'shared'
  const blame = verdict === 'bad' ? blameOf(report, byChecked) : null
  if (blame === 'own') return 'bad'
  if (blame === 'other') return 'differs'
  if (!meets(report)) return 'unmet'
  return report.facts?.isCut ? 'cut' : 'good'
}

/**
 * Whose fault it is that a file is bad. If it only differs from files that pose as its other side while another one is the same as
 * it says: nobody's here (null). If it differs from one that is wrong by itself, that one is to be looked at.
 */
function blameOf(
  { alone, wrong, besides }: Report,
  byChecked: ReadonlyMap<Checked, Report>,
): 'own' | 'other' | null {
  if (alone.wrong.length > 0 || wrong.some(({ code }) => code !== 'bad_pair')) return 'own'
  const agreeing = new Set(besides.flatMap(({ other, wrong }) => (wrong.length === 0 ? other : [])))
  const differing = besides.filter(({ wrong }) => wrong.length > 0)
  const poses = ({ other }: { other: Checked }) =>
    [...(byChecked.get(other)?.sharers ?? [])].some((one) => agreeing.has(one))
  if (differing.every(poses)) return null
  return differing.every((beside) => poses(beside) || beside.other.wrong.length > 0)
    ? 'other'
    : 'own'
}
