/** The report for a terminal: what failed, why, and how to run it again; then the points. */

import { wrap } from '../../../terminal/rows.ts'
import { type Colour, Secrets } from '../../../terminal/safe.ts'
import type { Report, Row } from '../clause.ts'
import { HALF, onOneLine, originOf, plain, sentenceOf } from './plain.ts'
import { stageTable } from './stages.ts'

/** Where the title begins, and where the texts under it do. */
const TITLE_COLUMN = 15
const TEXT_COLUMN = 17
/** Where it says in which party and with which seed, if the title leaves the place. */
const WHERE_COLUMN = 60

export interface TextOptions {
  readonly width: number
  /** Adds a colour, or none. */
  readonly painted: (text: string, colour: Colour) => string
  /** The command that runs these clauses again, for a shell. */
  readonly again: (ids: readonly string[]) => string
}

/** The keys of the examiner are thrown away: what follows from them may be shown. */
const secrets = new Secrets(true)

/** The lines of the report, at most `width` columns wide but for values and commands, which stay whole. */
export function textOf(report: Report, options: TextOptions): string[] {
  const lines: string[] = []
  for (const rows of together(report.rows)) {
    const [row, ...more] = rows
    if (row?.result !== 'fail') {
      if (row) lines.push(...shortLines(row, more, options))
    } else {
      if (lines.length > 0 && lines.at(-1) !== '') lines.push('')
      lines.push(...failure(report, row, options), '')
    }
  }
  if (lines.at(-1) !== '') lines.push('')
  lines.push(...stageTable(report.rows))
  for (const remark of report.remarks) lines.push('', ...wrap(onOneLine(remark), options.width))
  lines.push('', originOf(report))
  return lines
}

/** Rows that follow one another and were not run for one reason, or are blocked in one stage, are one group. */
function together(rows: readonly Row[]): Row[][] {
  const groups: Row[][] = []
  for (const row of rows) {
    const last = groups.at(-1)
    const before = last?.[0]
    const isAlike =
      row.result === before?.result &&
      (row.result === 'not run'
        ? row.reason === before.reason
        : row.result === 'blocked' && row.clause.stage === before.clause.stage)
    if (isAlike) last?.push(row)
    else groups.push([row])
  }
  return groups
}

const SIGNS = { pass: '✓', fail: '✗', blocked: '·', 'not run': '·', note: '·' } as const

/** One line, or more where there are notes or names. `others`: the rest of its group. */
function shortLines(row: Row, others: readonly Row[], { width, painted }: TextOptions): string[] {
  const { clause, party, result, notes, finding } = row
  const count = 1 + others.length
  const reason = count > 1 && result === 'blocked' ? reasonOf([row, ...others]) : row.reason
  const sign = SIGNS[result]
  const head = `${sign} ${count > 1 ? `${count} clauses` : clause.id}`.padEnd(TITLE_COLUMN)
  const own = party === null || count > 1 ? '' : `party ${party}: `
  // a note repeats what it found
  const remarks = [...new Set([...(result === 'note' ? [finding?.got ?? ''] : []), ...notes])]
    .filter((text) => text !== '')
    .map((text) => ` (${text})`)
  const text =
    result === 'pass' || result === 'note'
      ? clause.title + remarks.join('')
      : `${result}${reason === null ? '' : `: ${reason}`}`
  const [first = '', ...more] = wrap(onOneLine(own + text), width - TITLE_COLUMN)
  return [
    (result === 'pass' ? painted(head, 'bold') : head) + first,
    ...more.map((line) => ' '.repeat(TITLE_COLUMN) + line),
  ]
}

const BUILDS = 'builds on '

/** Which clauses are blocked, and on which they build. */
function reasonOf(rows: readonly Row[]): string {
  const reasons = rows.map(({ reason }) => (reason ?? '').replace(/ party [12]$/, ''))
  const isBuilt = reasons.every((reason) => reason.startsWith(BUILDS))
  const names = reasons.map((reason) => (isBuilt ? reason.slice(BUILDS.length) : reason))
  const all = [...new Set(names)].join(', ')
  const [first, last] = [rows[0]?.clause.id, rows.at(-1)?.clause.id]
  const range = first === last ? first : `${first} to ${last}`
  return `${range}${isBuilt ? (first === last ? ' builds on ' : ' build on ') : ': '}${all}`
}

function failure(report: Report, row: Row, options: TextOptions): string[] {
  const { clause, finding, kind, notes } = row
  const { width, painted, again } = options
  const text = (label: string, value: string | null | undefined) =>
    value ? labelled(label, value, width) : []
  return [
    ...headline(report, row, options),
    ...text('specification', sentenceOf(clause)),
    ...text('did', finding?.did),
    ...text('wanted', finding?.wanted),
    ...text('got', finding?.got),
    ...text('cause', finding?.cause),
    ...(kind === 'wrong code' ? text('points', HALF) : []),
    ...notes.flatMap((note) => text('note', note)),
    ...(finding?.values ?? []).map(([name, value]) => whole(onOneLine(name), onOneLine(value))),
    ...(finding?.secrets ?? []).map(([name, value]) =>
      painted(whole(`SECRET ${onOneLine(name)}`, secrets.hex(value).text), 'red'),
    ),
    whole('again', again([clause.id])),
  ]
}

function headline(
  { seed }: Report,
  { clause, party }: Row,
  { width, painted }: TextOptions,
): string[] {
  const head = `✗ ${clause.id}`.padEnd(TITLE_COLUMN)
  const where = `${party === null ? '' : `you are party ${party}, `}seed ${seed}`
  const titles = wrap(clause.title, width - TITLE_COLUMN)
  const last = ' '.repeat(TITLE_COLUMN) + (titles.pop() ?? '')
  const column = Math.min(WHERE_COLUMN, width - where.length)
  const fits = last.length + 2 <= column
  const lines = [
    ...titles.map((line) => ' '.repeat(TITLE_COLUMN) + line),
    ...(fits ? [last.padEnd(column) + where] : [last, ' '.repeat(Math.max(0, column)) + where]),
  ]
  const [first = '', ...more] = lines
  return [painted(head, 'red') + first.slice(TITLE_COLUMN), ...more]
}

/** Line ends of the text stay, so that the last lines of a process are lines. */
function labelled(label: string, text: string, width: number): string[] {
  const [first = '', ...more] = plain(text)
    .split('\n')
    .flatMap((line) => wrap(line, width - TEXT_COLUMN))
  return [
    `  ${label}`.padEnd(TEXT_COLUMN) + first,
    ...more.map((line) => (' '.repeat(TEXT_COLUMN) + line).trimEnd()),
  ]
}

/** A value on one line, to be compared or copied. */
function whole(label: string, value: string): string {
  return `${`  ${label}`.padEnd(TEXT_COLUMN - 1)} ${value}`
}
