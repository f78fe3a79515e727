/** `check`: transcripts that were handed in, as a table for a teacher or as JSON for a script. */

import { checkFile } from '../classroom/transcript/check.ts'
import { compare, type Report } from '../classroom/transcript/compare.ts'
import { type Cell, Columns, columnsHere } from '../terminal/layout.ts'
import { marks, print, printJson, writesPlainly } from '../terminal/output.ts'
import { beside, columnsOf, laidOut } from '../terminal/rows.ts'
import { quoting, said } from '../terminal/said.ts'

const VERDICTS = ['good', 'cut', 'bad', 'copy'] as const
/** `cut`: good as far as it goes, and its beginning is not in it any more. */
type Verdict = (typeof VERDICTS)[number]

/** More would only fill the screen; --json has all. */
const MAX_SENTENCES = 5
const MAX_NAME = 30
const MIN_NAME = 12
/** What the other columns take, with the gaps. */
const OTHERS = 57
const INDENT = '    '

/**
 * Checks `files` one by one and with one another, and prints what it found. Returns the exit code: 1 if any of
 * them is not good.
 */
export async function check(files: readonly string[], { json }: { json?: true }): Promise<number> {
  const reports = compare(files.map(checkFile))
  if (json) printJson(reports.map(asJson))
  else for (const line of asTable(reports)) print(line)
  return reports.every(({ wrong }) => wrong.length === 0) ? 0 : 1
}

function verdictOf({ wrong, facts }: Report): Verdict {
  if (wrong.length === 0) return facts?.isCut ? 'cut' : 'good'
  return wrong.every(({ code }) => code === 'copy' || code === 'shared_key') ? 'copy' : 'bad'
}

function asJson(report: Report) {
  const { file, facts, wrong, remarks, pairs } = report
  const { run, port, curve, session, messages, pictures } = facts ?? {}
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
  }
}

function asTable(reports: readonly Report[]): string[] {
  const files = reports.map(({ file }) => file)
  const room = Math.max(MIN_NAME, columnsHere(MAX_NAME + OTHERS) - OTHERS)
  const names = files.map((file) =>
    laidOut(said`${file}`, { width: room, taken: 0, indent: 0, marks: marks() }),
  )
  const width = names.flat().reduce((most, name) => Math.max(most, columnsOf(name)), 4)
  const widths = [width, 14, 8, 9, 9, 7]
  const titles = ['file', 'curve', 'session', 'messages', 'pictures', 'verdict']
  const cells = reports.map((report, i) => cellsOf(report, names[i] ?? []))
  const columns = new Columns(widths, titles, cells)
  const rows = reports.flatMap((report, i) => [
    ...columns.row(cells[i] ?? []),
    ...sentencesOf(report, files),
  ])
  return [...columns.head(), ...rows, '', summaryOf(reports)]
}

function cellsOf(report: Report, name: Cell): Cell[] {
  const { facts } = report
  const verdict = verdictOf(report)
  const counts = ({ sent, received }: { sent: number; received: number }) =>
    writesPlainly() ? `${sent} sent, ${received} received` : `→${sent} ←${received}`
  return [
    name,
    facts?.curve ?? '-',
    facts?.session?.slice(0, 8) ?? '-',
    facts ? counts(facts.messages) : '-',
    facts ? counts(facts.pictures) : '-',
    writesPlainly() ? verdict : `${report.wrong.length === 0 ? '✓' : '✗'} ${verdict}`,
  ]
}

function sentencesOf({ wrong, remarks }: Report, files: readonly string[]): string[] {
  const sentences = wrong
    .slice(0, MAX_SENTENCES)
    .map(({ record, text }) => (record === null ? text : `record ${record}: ${text}`))
  const more = wrong.length - sentences.length
  if (more > 0) sentences.push(`… and ${more} more; --json has them all.`)
  sentences.push(...remarks.map((text) => `(${text})`))
  const width = columnsHere()
  return sentences.flatMap((text) =>
    laidOut(quoting(text, files), beside(INDENT.length, width, marks())).map((row, i) =>
      i === 0 ? INDENT + row : row,
    ),
  )
}

function summaryOf(reports: readonly Report[]): string {
  const counts = VERDICTS.map((verdict) => ({
    verdict,
    count: reports.filter((report) => verdictOf(report) === verdict).length,
  })).filter(({ count }) => count > 0)
  const total = `${reports.length} file${reports.length === 1 ? '' : 's'}`
  return `${total}: ${counts.map(({ verdict, count }) => `${count} ${verdict}`).join(', ')}`
}
