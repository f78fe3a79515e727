/** `exercise`: examines a student's own peer, prints what failed and why, and writes the reports that graders load. */

import { randomInt } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import { buildFailure, notBuilt, starterFor, userIds } from '../classroom/exercise/build.ts'
import { blankReport, type Choice, chosen } from '../classroom/exercise/chosen.ts'
import { asCsv, type ClassRow, examineClass } from '../classroom/exercise/classRun.ts'
import type { Report, Row } from '../classroom/exercise/clause.ts'
import { isFull, pointsOfAll, rounded } from '../classroom/exercise/points.ts'
import { asFormat, replaceFile, type Wanted } from '../classroom/exercise/report/files.ts'
import { asSummary, errorLines, withoutCommands } from '../classroom/exercise/report/github.ts'
import {
  forStudents,
  nameOf,
  onOneLine,
  sentenceOf,
  withoutCauses,
} from '../classroom/exercise/report/plain.ts'
import { pointsIn } from '../classroom/exercise/report/stages.ts'
import { textOf } from '../classroom/exercise/report/text.ts'
import { examine } from '../classroom/exercise/run.ts'
import { type Language, writeStarter } from '../classroom/exercise/starter/starter.ts'
import { starterOf } from '../classroom/exercise/student.ts'
import { vectors } from '../classroom/exercise/vectors.ts'
import { wordsOf } from '../classroom/exercise/words.ts'
import { programWords } from '../disk/programName.ts'
import { orStateError } from '../state/files.ts'
import { Columns, table } from '../terminal/layout.ts'
import { columns, hasColours, print } from '../terminal/output.ts'
import { DRAWN } from '../terminal/printable.ts'
import { progressLine } from '../terminal/progress.ts'
import { cut, laidOut, wrap } from '../terminal/rows.ts'
import { type Colour, paint } from '../terminal/safe.ts'
import { said } from '../terminal/said.ts'
import { quoted } from './shellWord.ts'

/** Wide enough for every line but values and commands. */
const WIDTH = 80
/** How often the line of progress is written anew. */
const PROGRESS_MS = 1000
const SEEDS = 2 ** 31
/** Seconds that a start may take, a run, and the run of one folder of a class. */
const READY = 10
const LIMIT = 540
const CLASS_LIMIT = 120
/** Peers at the same time, where there are two processors or more; of one folder, beside those of three others. */
const JOBS = 4
const CLASS_JOBS = 2

/** The options of `exercise`; wrong ones were refused before. */
export interface ExerciseOptions extends Choice {
  readonly start?: string
  /** An origin on this machine. */
  readonly attach?: string
  readonly port?: number
  readonly list?: true
  readonly seed?: number
  readonly json?: string
  readonly junit?: string
  readonly gradescope?: string
  readonly classroom50?: string
  readonly user?: string
  readonly first?: true
  readonly build?: string
  /** In seconds. */
  readonly ready?: number
  readonly limit?: number
  readonly jobs?: number
  readonly causes: boolean
  readonly hold?: readonly string[]
  readonly exitZero?: true
  readonly github?: true
}

const FORMATS = ['json', 'junit', 'gradescope', 'classroom50'] as const

/**
 * Examines a peer, and prints or writes the reports. Returns the exit code: 0 if every graded clause passes, or with
 * `exitZero`.
 * @throws StateError for a report that can't be written, and a user that is not there
 */
export async function exercise(options: ExerciseOptions, version: string): Promise<number> {
  if (options.list) return list(options)
  const seed = options.seed ?? randomInt(SEEDS)
  const subject = options.start ?? options.attach ?? ''
  const blank = blankReport(options, { seed, version, subject })
  const wanted: Wanted[] = FORMATS.flatMap((format) => {
    const file = options[format]
    return file === undefined ? [] : [{ format, file }]
  })
  const held = new Set(options.hold)
  const write = (report: Report, formats: readonly Wanted[] = wanted) => {
    for (const { format, file } of formats)
      if (file !== '-') orStateError(file, () => replaceFile(file, asFormat(format, report, held)))
  }
  write(blank)
  const live = wanted.filter(({ format }) => format === 'gradescope')
  const report = await withProgress(blank.rows, (tell) =>
    examined(options, blank, (now) => {
      tell(now.rows)
      write(now, live)
    }),
  )
  write(report)
  const toOutput = wanted.find(({ file }) => file === '-')
  const isForGithub = options.github ?? process.env['GITHUB_ACTIONS'] === 'true'
  if (isForGithub) appendSummary(forStudents(report))
  if (toOutput !== undefined) print(asFormat(toOutput.format, report, held).trimEnd())
  else printText(forStudents(report), options, isForGithub)
  return options.exitZero || isFull(report.rows) ? 0 : 1
}

/** Builds the peer where that is asked for, and examines it. */
async function examined(
  options: ExerciseOptions,
  blank: Report,
  onProgress: (report: Report) => void,
): Promise<Report> {
  const shown = (report: Report) => (options.causes ? report : withoutCauses(report))
  const { curve, attach, port, start, build, user, ready = READY, limit = LIMIT } = options
  const begin = performance.now()
  const seconds = () => (performance.now() - begin) / 1000
  const how = { cwd: process.cwd(), ...(user !== undefined && userIds(user)) }
  if (build !== undefined) {
    const failure = await buildFailure(wordsOf(build), how, curve)
    if (failure !== null)
      return { ...blank, rows: notBuilt(blank.rows, failure), seconds: seconds() }
  }
  const { seed, version, subject } = blank
  const report = await examine({
    ...{ curve, seed, version, subject },
    ids: chosen(options).map(({ id }) => id),
    start: start === undefined ? null : starterFor(wordsOf(start), how),
    attached: attach === undefined || port === undefined ? null : { origin: attach, port },
    jobs: options.jobs ?? Math.min(JOBS, 2 * os.availableParallelism()),
    readyMs: ready * 1000,
    limitMs: limit * 1000,
    isFirstOnly: options.first === true,
    onProgress: (rows) => onProgress(shown({ ...blank, rows, seconds: seconds() })),
  })
  const { rows, remarks, ...rest } = shown(report)
  const isCut = seconds() >= limit && rows.some(({ result }) => result === 'not run')
  const timeUp = `The time was up after ${limit} seconds (--limit), before all of it was run.`
  return { ...rest, rows, remarks: isCut ? [...remarks, timeUp] : remarks }
}

/** Runs `run` with a line that says how far it is. `rows`: as they stand before. */
async function withProgress(
  rows: readonly Row[],
  run: (tell: (rows: readonly Row[]) => void) => Promise<Report>,
): Promise<Report> {
  const begin = performance.now()
  const line = progressLine()
  let now = rows
  const show = () => line.update(progressOf(now, (performance.now() - begin) / 1000))
  const timer = setInterval(show, PROGRESS_MS)
  try {
    return await run((rows) => {
      now = rows
      show()
    })
  } finally {
    clearInterval(timer)
    line.stop()
  }
}

/** `stage 2  41 of 128 done, 3 failed  12 s` */
function progressOf(rows: readonly Row[], seconds: number): string {
  const next = rows.find(({ result }) => result === 'not run')
  const done = rows.filter(({ result }) => result !== 'not run').length
  const failed = rows.filter(({ result }) => result === 'fail').length
  const stage = next === undefined ? '' : `stage ${next.clause.stage}  `
  const counts = `${done} of ${rows.length} done${failed > 0 ? `, ${failed} failed` : ''}`
  return `${stage}${counts}  ${Math.round(seconds)} s`
}

function printText(report: Report, options: ExerciseOptions, isForGithub: boolean): void {
  const lines = textOf(report, {
    width: columns(WIDTH),
    painted,
    again: (ids) => againWith(options, ids, report.seed),
  })
  print((isForGithub ? withoutCommands(lines) : lines).join('\n'))
  if (isForGithub) for (const line of errorLines(report)) print(line)
}

/** Adds to the summary of the step, if GitHub has named a file for it. */
function appendSummary(report: Report): void {
  const file = process.env['GITHUB_STEP_SUMMARY']
  if (file) orStateError(file, () => fs.appendFileSync(file, asSummary(report)))
}

/** The command that runs some clauses once more, on the same peer and with the same seed. */
function againWith(options: ExerciseOptions, ids: readonly string[], seed: number): string {
  const { start, attach, port, curve, user, build, ready } = options
  const given = {
    '--start': start,
    '--attach': attach,
    '--port': port,
    '--curve': curve === 'X25519' ? undefined : curve,
    '--user': user,
    '--build': build,
    '--ready': ready,
    '--only': ids.join(','),
    '--seed': seed,
  }
  const words = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [name, `${value}`],
  )
  return quoted([...programWords(), 'exercise', ...words])
}

function painted(text: string, colour: Colour): string {
  return hasColours(process.stdout) ? paint(text, colour) : text
}

const LIST_WIDTHS = [11, 6, 59]

/** Every clause with its points and its sentence. Returns the exit code. */
function list(options: ExerciseOptions): number {
  const { rows } = blankReport(options, { seed: 0, version: '', subject: '' })
  const entries = chosen(options).map((clause) => {
    const own = rows.filter((row) => row.clause === clause)
    const points = rounded(own.reduce((all, { of }) => all + of, 0))
    return [clause.id, points === 0 ? 'note' : `${points}`, sentenceOf(clause)]
  })
  print(table(LIST_WIDTHS, ['clause', 'points', 'specification'], entries).join('\n'))
  return 0
}

/** Prints the published vectors. Returns the exit code. */
export function exerciseVectors(): number {
  print(vectors().trimEnd())
  return 0
}

/** Writes a starter into a folder. Returns the exit code. @throws StateError */
export async function exerciseStarter(language: Language, dir: string): Promise<number> {
  for (const file of await writeStarter(language, dir)) print(said`${file}`)
  return 0
}

/** The options of `exercise class`. */
export interface ClassOptions extends Choice {
  readonly csv?: string
  /** In seconds: for each start, and for each folder. */
  readonly ready?: number
  readonly limit?: number
}

const CLASS_WIDTHS = [32, 14, 30] as const

/**
 * Examines a peer in each folder. Returns the exit code: 0 if each of them has full marks.
 * @throws StateError for a file that can't be written
 */
export async function exerciseClass(
  folders: readonly string[],
  options: ClassOptions,
  version: string,
): Promise<number> {
  const { curve, csv, limit = CLASS_LIMIT, ready = READY } = options
  const seed = randomInt(SEEDS)
  const ids = chosen(options).map(({ id }) => id)
  const write = (rows: readonly ClassRow[]) => {
    if (csv !== undefined && csv !== '-') orStateError(csv, () => replaceFile(csv, asCsv(rows)))
  }
  write([])
  const columns = new Columns(CLASS_WIDTHS, ['folder', 'points', 'first failed'])
  if (csv !== '-') print(columns.head().join('\n'))
  const rows = await examineClass(
    folders,
    (words, cwd, subject) =>
      examine({
        ...{ curve, seed, version, subject, ids },
        start: starterOf(words, { cwd, hasOwnHome: true }),
        attached: null,
        jobs: CLASS_JOBS,
        readyMs: ready * 1000,
        limitMs: limit * 1000,
        isFirstOnly: false,
      }),
    (row) => {
      if (csv !== '-') print(lineOf(row, columns))
    },
  )
  write(rows)
  if (csv === '-') print(asCsv(rows).trimEnd())
  return rows.every(({ report }) => report !== null && isFull(report.rows)) ? 0 : 1
}

function lineOf({ folder, report, error }: ClassRow, columns: Columns): string {
  const failed = report?.rows.find(({ result }) => result === 'fail')
  const points = report === null ? '-' : pointsIn(pointsOfAll(report.rows))
  const why = error === null ? failed && nameOf(failed) : cut(onOneLine(error), 200)
  return columns
    .row([
      laidOut(said`${folder}`, { width: columns.width(0), taken: 0, indent: 0, marks: DRAWN }),
      points,
      wrap(why ?? '', columns.width(2)),
    ])
    .join('\n')
}
