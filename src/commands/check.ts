/** `check`: transcripts that were handed in, as a table for a teacher, as JSON for a script, as CSV for a spreadsheet. */

import { compare, type Report } from '../classroom/transcript/compare.ts'
import { handedIn } from '../classroom/transcript/folders.ts'
import { rowsIn, verdictOf } from '../classroom/transcript/pairs.ts'
import { metBy, type Requirement } from '../classroom/transcript/require.ts'
import { callRoll, type Person, readRoster } from '../classroom/transcript/roster.ts'
import { print, printJson } from '../terminal/output.ts'
import { csvIn, refuseToReplace, replaceCsv, type Told } from './checkCsv.ts'
import { asTable } from './checkTable.ts'

export interface CheckOptions {
  readonly all?: true
  readonly json?: true
  readonly require?: readonly Requirement[]
  readonly roster?: string
  /** A file, or `-` for standard output. */
  readonly csv?: string
}

/**
 * Checks files, and what is in folders, one by one and with one another, and prints what it found. Returns the exit code: 1 if
 * any of them is not good or has not what is required, or if somebody in the roster handed in nothing.
 * @throws RosterError StateError for a roster, and a table, that can't be used
 */
export async function check(args: readonly string[], options: CheckOptions): Promise<number> {
  const { require = [], roster, csv } = options
  const people = roster === undefined ? null : readRoster(roster)
  if (csv !== undefined) refuseToReplace(csv)
  const all = handedIn(args)
  const reports = compare(all.submissions.map(({ checked }) => checked))
  const met = new Map(reports.map((one) => [one, one.facts ? metBy(one.facts, require) : []]))
  const ofOne = (report: Report) => met.get(report) ?? []
  const rows = rowsIn(reports, (report) => ofOne(report).every(({ met }) => met))
  const roll =
    people &&
    callRoll(
      people,
      all.submissions.map(({ place }) => place),
    )
  const entries = new Map(rows.flatMap((row) => row.entries.map((entry) => [entry.report, entry])))
  const told = reports.flatMap((report, i): Told[] => {
    const entry = entries.get(report)
    return entry ? [{ entry, met: ofOne(report), names: roll?.namesOf[i] ?? null }] : []
  })
  const missing = (roll?.people ?? []).filter(({ files }) => files.length === 0)
  if (csv !== undefined) replaceCsv(csv, csvIn(told, missing))
  if (options.json) printJson([...told.map(asJson), ...missing.map(missingAsJson)])
  else if (csv !== '-')
    for (const line of asTable({ rows, handedIn: all, roll, metBy: ofOne }, options.all === true))
      print(line)
  const isGood = ({ entry: { report, standing } }: Told) =>
    report.wrong.length === 0 && standing !== 'unmet'
  return told.every(isGood) && missing.length === 0 ? 0 : 1
}

function asJson({ entry, met, names }: Told) {
  const { report, standing, isAlone } = entry
  const { file, facts, wrong, remarks, pairs, sameIdentity } = report
  const { run, port, curve, session, messages, pictures, compared } = facts ?? {}
  return {
    file,
    verdict: verdictOf(report),
    curve: curve ?? null,
    session: session ?? null,
    messages: messages ?? null,
    pictures: pictures ?? null,
    run: run ?? null,
    port: port ?? null,
    pairs,
    wrong,
    remarks,
    standing,
    alone: isAlone,
    sameIdentity,
    compared: compared ?? null,
    requirements: met,
    names,
  }
}

/** The same for a person of the roster who has no file. */
function missingAsJson({ name }: Person) {
  return {
    ...{ file: null, verdict: 'missing', curve: null, session: null, messages: null },
    ...{ pictures: null, run: null, port: null, pairs: [], wrong: [], remarks: [] },
    ...{ standing: 'missing', alone: false, sameIdentity: [], compared: null, requirements: [] },
    names: [name],
  }
}
