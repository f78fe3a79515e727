/** `check --csv`: the same as a table for a spreadsheet. */

import fs from 'node:fs'
import path from 'node:path'
import { csvOf } from '../classroom/csv.ts'
import type { Entry } from '../classroom/transcript/pairs.ts'
import type { Met } from '../classroom/transcript/require.ts'
import type { Person } from '../classroom/transcript/roster.ts'
import { readAtMost, TO_READ_NO_LINK, writeNew } from '../disk/open.ts'
import { newStamp } from '../disk/stamp.ts'
import { syncFolder } from '../disk/sync.ts'
import { orStateError, StateError } from '../state/files.ts'
import { print } from '../terminal/output.ts'
import { printable } from '../terminal/printable.ts'

const COLUMNS = [
  'file',
  'name',
  'curve',
  'session',
  'sent',
  'received',
  'pictures',
  'verdict',
  'why',
]
const FIRST_LINE = csvOf([COLUMNS])
/** More would make a cell that nobody reads; --json has all. */
const MAX_REASONS = 5
/** Names and marks are nobody else's business. */
const MODE = 0o600

/** One file with all that is told of it. */
export interface Told {
  readonly entry: Entry
  readonly met: readonly Met[]
  /** Whose it is, by the roster; null without one. */
  readonly names: readonly string[] | null
}

/** A row for each file, in the order in which they were given, and then for each of `missing`, who have none. */
export function csvIn(told: readonly Told[], missing: readonly Person[]): string {
  const rows = told.map((one) => {
    const { report, standing } = one.entry
    const { facts, file } = report
    const { messages, pictures } = facts ?? {}
    return [
      ...[file, one.names?.join('; ') ?? '', facts?.curve ?? '', facts?.session ?? ''],
      ...[messages?.sent ?? '', messages?.received ?? ''],
      ...[pictures ? pictures.sent + pictures.received : '', standing, whyOf(one)],
    ]
  })
  const absent = missing.map(({ name }) => ['', name, '', '', '', '', '', 'missing', 'no file'])
  const cells = [COLUMNS, ...rows, ...absent].map((row) =>
    row.map((cell) => (typeof cell === 'string' ? printable(cell) : cell)),
  )
  return csvOf(cells)
}

function whyOf({ entry: { report, standing, isAlone }, met }: Told): string {
  const { wrong, sameIdentity } = report
  const more = wrong.length - MAX_REASONS
  return [
    ...wrong
      .slice(0, MAX_REASONS)
      .map(({ record, text }) => (record === null ? text : `record ${record}: ${text}`)),
    ...(more > 0 ? [`And ${more} more.`] : []),
    ...(standing === 'differs' ? ['That file is wrong by itself.'] : []),
    ...met.filter(({ met }) => !met).map(({ require, has }) => `${require}: ${has}.`),
    ...met.filter(({ met, said }) => met && said).map(({ require, has }) => `${require}: ${has}.`),
    ...(isAlone ? ['No file of its other side is here.'] : []),
    ...(sameIdentity.length > 0 ? [`Its identity is that of ${sameIdentity[0]} too.`] : []),
  ].join(' ')
}

/** @throws StateError if something stands there that is no such table */
export function refuseToReplace(file: string): void {
  if (file === '-') return
  const refuse = (why: string) => {
    throw new StateError(
      `${file}: ${why} Name a file that is not there yet, or - for standard output.`,
    )
  }
  orStateError(file, () => {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false })
    if (stat === undefined) return
    if (!stat.isFile()) refuse('It is not a file.')
    if (stat.size > 0 && !isTable(file))
      refuse('It is there already, and no table of this command.')
  })
}

function isTable(file: string): boolean {
  const fd = fs.openSync(file, TO_READ_NO_LINK)
  try {
    return `${readAtMost(fd, FIRST_LINE.length)}` === FIRST_LINE
  } finally {
    fs.closeSync(fd)
  }
}

/** Writes it whole, in the place of an earlier table, or prints it. @throws StateError */
export function replaceCsv(file: string, text: string): void {
  if (file === '-') {
    print(text.trimEnd())
    return
  }
  const next = path.join(path.dirname(file), `.${newStamp()}`)
  orStateError(file, () => {
    writeNew(next, text, MODE)
    try {
      refuseToReplace(file)
      fs.renameSync(next, file)
    } finally {
      fs.rmSync(next, { force: true })
    }
    syncFolder(path.dirname(file))
  })
}
