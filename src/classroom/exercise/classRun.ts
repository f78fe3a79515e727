/**
 * `exercise class`: the peers of a class, one folder each. They are strangers' programs. A copy of each folder keeps them from
 * changing what was handed in by accident; it is no sandbox.
 */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { readAtMost, TO_READ_NO_LINK } from '../../disk/open.ts'
import { tellStack } from '../../terminal/output.ts'
import { csvOf } from '../csv.ts'
import type { Report } from './clause.ts'
import { pointsOfAll, rounded, stagesOf } from './points.ts'
import { onOneLine } from './report/plain.ts'
import { wordsOf } from './words.ts'

/** How many folders are examined at a time. */
const AT_A_TIME = 4
/** What a folder may have: with the packages of a JavaScript peer, tens of thousands of files. */
const MAX_FILES = 50_000
const MAX_FOLDER_BYTES = 512 * 1024 * 1024
/** The file that has the command. */
const START = 'start'
const MAX_START_BYTES = 4096

/** What became of one folder. */
export interface ClassRow {
  readonly folder: string
  readonly report: Report | null
  /** Why there is no report, or why the peer did not run. */
  readonly error: string | null
}

/** Examines a peer that `words` start in the folder `cwd`, which is a copy. `subject`: the line that has these words. */
export type ExamineCopy = (
  words: readonly string[],
  cwd: string,
  subject: string,
) => Promise<Report>

/** What is wrong with a folder, for its row. */
class FolderError extends Error {}

/**
 * Examines the peers in `folders`, four at a time. `onRow` is called as each one ends. Returns their rows in the order of the
 * folders. A folder without a command, too large, or unreadable has a row too.
 */
export async function examineClass(
  folders: readonly string[],
  examineCopy: ExamineCopy,
  onRow: (row: ClassRow) => void = () => {},
): Promise<ClassRow[]> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'ecdh-duet-class-'))
  const remove = () => fs.rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  // a signal ends the program in the middle
  process.once('exit', remove)
  const rows: ClassRow[] = []
  const waiting = [...folders.entries()]
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [i, folder] = next
      const row = await rowOf(folder, path.join(root, `${i}`), examineCopy)
      rows[i] = row
      onRow(row)
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, work))
  } finally {
    remove()
    process.off('exit', remove)
  }
  return rows
}

/** `copy`: the path of the copy, which is made and removed. */
async function rowOf(folder: string, copy: string, examineCopy: ExamineCopy): Promise<ClassRow> {
  try {
    const line = startOf(folder)
    const words = wordsOf(line)
    await copyFolder(folder, copy)
    const report = await examineCopy(words, copy, line)
    const dead = report.rows.find(({ kind }) => kind === 'error')
    return { folder, report, error: dead?.finding?.got ?? null }
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException
    const isTheirs =
      error instanceof FolderError || error instanceof SyntaxError || syscall !== undefined
    // a defect of ours: the other folders are examined all the same
    if (!isTheirs) tellStack(error)
    const said = isTheirs ? message : `a defect of the examiner: ${message}`
    return { folder, report: null, error: syscall === undefined ? said : `${code}: ${syscall}` }
  } finally {
    await fs.promises.rm(copy, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** The line in a folder's `start`. A link is not followed: what it points to would be shown. */
function startOf(folder: string): string {
  let fd: number
  try {
    fd = fs.openSync(path.join(folder, START), TO_READ_NO_LINK)
  } catch (error) {
    throw new FolderError(`no file ${START} (${(error as NodeJS.ErrnoException).code})`)
  }
  try {
    if (!fs.fstatSync(fd).isFile()) throw new FolderError(`${START} is no file`)
    const bytes = readAtMost(fd, MAX_START_BYTES + 1)
    const lines = bytes
      .toString('utf8')
      .replace(/\r?\n$/, '')
      .split(/\r?\n/)
    const [line = ''] = lines
    if (bytes.length > MAX_START_BYTES || lines.length > 1 || line.trim() === '')
      throw new FolderError(`${START} has to have one line, the command`)
    return line
  } finally {
    fs.closeSync(fd)
  }
}

/**
 * Copies files, folders, and links that stay inside. Links that lead out, sockets, pipes and devices are left out.
 * @throws FolderError for too much of it, or the system's errors
 */
async function copyFolder(from: string, to: string): Promise<void> {
  const root = await fs.promises.realpath(from)
  let files = 0
  let bytes = 0
  const inside = (target: string) => {
    const way = path.relative(root, target)
    return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way) ? way : null
  }
  const copy = async (way: string): Promise<void> => {
    await fs.promises.mkdir(path.join(to, way))
    for (const entry of await fs.promises.readdir(path.join(root, way), { withFileTypes: true })) {
      const own = path.join(way, entry.name)
      const [source, target] = [path.join(root, own), path.join(to, own)]
      if (++files > MAX_FILES) throw new FolderError(`more than ${MAX_FILES} files`)
      if (entry.isDirectory()) await copy(own)
      else if (entry.isFile()) {
        bytes += (await fs.promises.lstat(source)).size
        if (bytes > MAX_FOLDER_BYTES)
          throw new FolderError(`more than ${MAX_FOLDER_BYTES / 2 ** 20} MiB`)
        await fs.promises.copyFile(source, target, fs.constants.COPYFILE_FICLONE)
      } else if (entry.isSymbolicLink()) {
        const end = inside(await fs.promises.realpath(source).catch(() => os.tmpdir()))
        if (end !== null)
          await fs.promises.symlink(path.relative(path.dirname(target), path.join(to, end)), target)
      }
    }
  }
  await copy('')
}

const STAGES = [1, 2, 3, 4, 5, 6] as const

/** The rows as CSV (RFC 4180), for a spreadsheet. On a suite with a KEM `stage7` stands behind `stage6`. */
export function asCsv(rows: readonly ClassRow[]): string {
  const hasKem = rows.some(({ report }) => report?.rows.some(({ clause }) => clause.stage === 7))
  const stages = [...STAGES, ...(hasKem ? [7] : [])]
  const heads = [
    ...['folder', 'points', 'of', ...stages.map((stage) => `stage${stage}`)],
    ...['blocked', 'first_failed', 'seconds', 'error'],
  ]
  const lines = rows.map(({ folder, report, error }) => {
    if (report === null) return [folder, 0, '', ...stages.map(() => ''), '', '', '', error ?? '']
    const { points, of } = pointsOfAll(report.rows)
    const own = stagesOf(report.rows)
    return [
      ...[folder, rounded(points), of],
      ...stages.map((stage) => {
        const found = own.find((one) => one.stage === stage)
        return found === undefined ? '' : rounded(found.points)
      }),
      report.rows.filter(({ result }) => result === 'blocked').length,
      report.rows.find(({ result }) => result === 'fail')?.clause.id ?? '',
      rounded(report.seconds),
      error ?? '',
    ]
  })
  return csvOf(
    [heads, ...lines].map((cells) =>
      cells.map((cell) => (typeof cell === 'string' ? onOneLine(cell) : cell)),
    ),
  )
}
