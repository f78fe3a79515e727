/** The table of `check`: a row for each pair, the worst first, as wide as the terminal. */

import {
  type Entry,
  type Group,
  type Row,
  STANDINGS,
  type Standing,
} from '../classroom/transcript/pairs.ts'
import { Columns, columnsHere } from '../terminal/layout.ts'
import { marks, writesPlainly } from '../terminal/output.ts'
import { beside, columnsOf, laidOut } from '../terminal/rows.ts'
import { ours, type Said, said } from '../terminal/said.ts'
import type { Way } from '../wirelog/events.ts'
import { CheckWords, type Found, filesIn } from './checkWords.ts'

/** Up to so many files, there is a row for each, and all is said of it. */
const FEW_FILES = 2
/** With less room beside the other columns, or if most of them are longer, names stand above. */
const MIN_NAME = 12
const INDENT = 4
const GAP = 2
/** Stands before the files of a row behind the first. */
const PLUS = '+ '

const SIGNS: Readonly<Record<Standing, string>> = {
  bad: '✗',
  shared: '✗',
  unmet: '✗',
  differs: '·',
  cut: '✓',
  good: '✓',
}

const EXPLAINED: Readonly<Record<Group, string | null>> = {
  bad: null,
  shared: 'The same is in more than one of these files, and they do not say who copied from whom.',
  unmet: 'Nothing is wrong with them, and something that is required is missing.',
  'same identity':
    'Nothing is wrong with them, but the long-term key of one is that of another row too. Either one peer was run again, or a machine was copied with its folder .duet, which holds that key: remove .duet from the copy, and it makes its own.',
  good: null,
}

/** The whole of it, in lines. `isAll`: a row for each file, with every remark; else a row for each pair. */
export function asTable(found: Found, isAll: boolean): string[] {
  const { rows } = found
  const entries = rows.flatMap((row) => row.entries)
  const isFew = entries.length <= FEW_FILES
  const words = new CheckWords(found, isFew ? '' : commonFolder(entries))
  const table = new Table(rows, words, isAll || isFew)
  const lines = table.head()
  for (const [i, row] of rows.entries()) {
    const before = rows[i - 1]
    if (!isFew && row.group !== before?.group)
      lines.push(...(before ? [''] : []), ...headingOf(row.group, rows))
    lines.push(...table.linesOf(row))
  }
  for (const [head, ...more] of words.ofClass())
    lines.push('', ...sentence(head, 0), ...more.flatMap((text) => sentence(text, INDENT)))
  return [...lines, '', summaryOf(entries)]
}

/** A sentence in rows. */
function sentence(text: Said, indent: number): string[] {
  const rows = laidOut(text, beside(indent, columnsHere(), marks()))
  return rows.map((row, i) => (i === 0 ? ' '.repeat(indent) + row : row))
}

function headingOf(group: Group, rows: readonly Row[]): string[] {
  const own = rows.filter((row) => row.group === group)
  const sized = (size: number) => own.filter(({ entries }) => entries.length === size).length
  const counts = [
    [sized(2), 'pair', 'pairs'],
    [sized(1), 'single file', 'single files'],
    [own.length - sized(2) - sized(1), 'larger group', 'larger groups'],
  ] as const
  const text = counts.flatMap(([n, one, more]) => (n === 0 ? [] : `${n} ${n === 1 ? one : more}`))
  const why = EXPLAINED[group]
  return [`${group} (${text.join(', ')})`, ...(why === null ? [] : sentence(ours(why), INDENT))]
}

function summaryOf(entries: readonly Entry[]): string {
  const count = (is: (entry: Entry) => boolean) => entries.filter(is).length
  const counts = STANDINGS.map((one) => [count(({ standing }) => standing === one), one] as const)
  const text = counts.flatMap(([n, one]) => (n === 0 ? [] : `${n} ${one}`)).join(', ')
  const sharing = count(({ sameIdentity }) => sameIdentity.length > 0)
  const shared = sharing === 0 ? '' : `; ${sharing} with the identity of another`
  return `${filesIn(entries.length)}: ${text}${shared}`
}

const TITLES = ['curve', 'session', 'messages', 'pictures', 'verdict'] as const

/** What is on one line of the table, and what stands below it. */
interface Line {
  /** In rows. */
  readonly names: readonly string[]
  /** The other columns. */
  readonly cells: readonly string[]
  readonly below: readonly Said[]
}

/** Names beside the other columns, or above them. */
class Table {
  readonly #words: CheckWords
  readonly #isByFile: boolean
  readonly #isOnly: boolean
  /** How wide names may be. */
  readonly #room: number
  readonly #isAbove: boolean
  readonly #lines: ReadonlyMap<Row, readonly Line[]>
  readonly #columns: Columns

  constructor(rows: readonly Row[], words: CheckWords, isByFile: boolean) {
    this.#words = words
    this.#isByFile = isByFile
    const entries = rows.flatMap((row) => row.entries)
    this.#isOnly = entries.length === 1
    const cells = entries.map(cellsOf)
    const widths = TITLES.map((title, i) =>
      cells.reduce((most, row) => Math.max(most, columnsOf(row[i] ?? '')), title.length),
    )
    const room = columnsHere() - widths.reduce((sum, width) => sum + GAP + width, 0)
    const long = entries.filter((entry) => laidOutIn(room, said`${words.nameOf(entry)}`).length > 1)
    this.#isAbove = !writesPlainly() && (room < MIN_NAME || 2 * long.length > entries.length)
    this.#room = this.#isAbove || writesPlainly() ? columnsHere() - GAP : room
    this.#lines = new Map(rows.map((row) => [row, this.#linesIn(row)]))
    const title = isByFile ? 'file' : 'files'
    const lines = [...this.#lines.values()].flat()
    const width = lines
      .flatMap(({ names }) => names.map(columnsOf))
      .reduce((most, one) => Math.max(most, one), title.length)
    this.#columns = this.#isAbove
      ? new Columns([0, ...widths], ['', ...TITLES])
      : new Columns(
          [width, ...widths],
          [title, ...TITLES],
          lines.map(({ names, cells }) => [names, ...cells]),
        )
  }

  head(): string[] {
    return [...(this.#isAbove ? [this.#isByFile ? 'file' : 'files'] : []), ...this.#columns.head()]
  }

  linesOf(row: Row): string[] {
    return (this.#lines.get(row) ?? []).flatMap(({ names, cells, below }) => [
      ...this.#shown(names, cells),
      ...below.flatMap((text) => sentence(text, INDENT)),
    ])
  }

  #shown(names: readonly string[], cells: readonly string[]): string[] {
    if (!this.#isAbove) return this.#columns.row([names, ...cells])
    const hasCells = cells.some((cell) => cell !== '')
    return [...names, ...(hasCells ? this.#columns.row(['', ...cells]) : [])]
  }

  #linesIn(row: Row): Line[] {
    const { entries } = row
    const cells = entries.map(cellsOf)
    if (this.#isByFile)
      return entries.map((entry, i) => {
        return {
          names: this.#nameOf(entry),
          cells: cells[i] ?? [],
          below: this.#words.ofFile(entry),
        }
      })
    const { each, together } = this.#words.ofRow(row)
    const [one, two, third] = entries
    const isPair = one !== undefined && two !== undefined && third === undefined
    if (isPair && areAlike(one, two) && each.flat().length === 0)
      return [{ names: this.#namesOf(one, two), cells: cells[0] ?? [], below: together }]
    return entries.map((entry, i) => {
      const below = [...(each[i] ?? []), ...(i === entries.length - 1 ? together : [])]
      return { names: this.#nameOf(entry, i > 0 ? PLUS : ''), cells: cells[i] ?? [], below }
    })
  }

  /** Both on one line where they fit. */
  #namesOf(one: Entry, two: Entry): string[] {
    const [name, other] = [one, two].map((entry) => this.#words.nameOf(entry))
    const both = this.#laidOut(said`${name ?? ''} + ${other ?? ''}`)
    if (both.length === 1) return both
    return [...this.#laidOut(said`${name ?? ''}`), ...this.#laidOut(said`${other ?? ''}`, PLUS)]
  }

  #nameOf(entry: Entry, before = ''): string[] {
    const behind = entry.isAlone && !this.#isOnly ? ' (alone)' : ''
    return this.#laidOut(said`${this.#words.nameOf(entry)}${ours(behind)}`, before)
  }

  #laidOut(text: Said, before = ''): string[] {
    const rows = laidOutIn(this.#room - before.length, text)
    return rows.map((row, i) => (i === 0 ? before : ' '.repeat(before.length)) + row)
  }
}

function laidOutIn(width: number, text: Said): string[] {
  return laidOut(text, { width, taken: 0, indent: 0, marks: marks() })
}

/** The folder that all of them are in, with the slash behind it. */
function commonFolder(entries: readonly Entry[]): string {
  const [first = '', ...more] = entries.map(({ report }) => report.file)
  const folderIn = (path: string) => path.slice(0, path.lastIndexOf('/') + 1)
  let folder = folderIn(first)
  for (const file of more) while (!file.startsWith(folder)) folder = folderIn(folder.slice(0, -1))
  return folder
}

/** What stands beside the name. */
function cellsOf({ report: { facts }, standing }: Entry): string[] {
  const counts = ({ sent, received }: Readonly<Record<Way, number>>) =>
    writesPlainly() ? `${sent} sent, ${received} received` : `→${sent} ←${received}`
  return [
    facts?.curve ?? '-',
    facts?.session?.slice(0, 8) ?? '-',
    facts ? counts(facts.messages) : '-',
    facts ? counts(facts.pictures) : '-',
    writesPlainly() ? standing : `${SIGNS[standing]} ${standing}`,
  ]
}

/** Whether one line says it of both: what one sent, the other one received. */
function areAlike(one: Entry, two: Entry): boolean {
  const [a, b] = [one.report.facts, two.report.facts]
  if (a === null || b === null) return false
  const mirrored = ['messages', 'pictures'] as const
  return (
    one.standing === two.standing &&
    a.curve === b.curve &&
    a.session === b.session &&
    mirrored.every((of) => a[of].sent === b[of].received && a[of].received === b[of].sent)
  )
}
