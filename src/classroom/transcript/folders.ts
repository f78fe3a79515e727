/** What was handed in: files that are named, and the transcripts below folders, as a learning platform gives them out. */

import fs from 'node:fs'
import { entryIn, type NamedFile, namedFile } from '../../disk/fileName.ts'
import { readAtMost, TO_READ_NO_LINK } from '../../disk/open.ts'
import { type Checked, checkFile, checkFound } from './check.ts'
import type { FileCode } from './finding.ts'
import { saysToBeTranscript } from './read.ts'

/** In all folders together: files and folders that are looked at, and transcripts. A class has some hundred. */
const MAX_ENTRIES = 50_000
const MAX_FOUND = 2000
/** Folders in one another. */
const MAX_FOLDERS = 64
/** A file that is not called .json is a transcript if its first bytes say so: as the program writes it, they do. */
const HEAD_BYTES = 4096

const ARCHIVE = /\.(?:zip|7z|rar|tar|t?gz|t?bz2|t?xz|zst)$/i
/** What programs keep for themselves, thousands of files at times. */
const NOT_HANDED_IN = new Set(['node_modules', '.git', '__MACOSX'])

/** One that is checked. */
export interface Submission {
  readonly checked: Checked
  /** Where a person's name may stand: the path as it was named, or below a folder that was named, with that folder's own name. */
  readonly place: string
}

/** All of it. Names are as they are shown. */
export interface HandedIn {
  readonly submissions: readonly Submission[]
  /** Files and links below the folders that are something else. */
  readonly ignored: number
  /** Of these, those that are called .json, and archives, which are not opened. */
  readonly otherJson: readonly string[]
  readonly archives: readonly string[]
}

/** Reads and checks what `args` name: of a file the file, of a folder each transcript below it. */
export function handedIn(args: readonly string[]): HandedIn {
  const search = new Search()
  for (const argument of args) search.add(argument)
  return search
}

class Search implements HandedIn {
  readonly submissions: Submission[] = []
  readonly otherJson: string[] = []
  readonly archives: string[] = []
  ignored = 0
  #entries = 0
  #found = 0
  /** The folders that were looked at: one that lies in another that is named too is looked at once. */
  readonly #seen = new Set<string>()

  add(argument: string): void {
    const named = namedFile(argument)
    const id = idOfFolder(named.path)
    if (id === null) {
      this.submissions.push({ checked: checkFile(argument), place: placeOfFile(named.name) })
      return
    }
    if (this.#seen.has(id)) return
    const count = this.submissions.length
    const name = withoutSlashes(named.name)
    this.#walk({ path: named.path, name }, name.length - lastOf(name).length, 1)
    if (this.submissions.length === count)
      this.#fail(name, 'unreadable', 'It is a folder, and no transcript is in it.')
  }

  /** `from`: where in the names of its files begins what is not above the folder that was named. */
  #walk(folder: NamedFile, from: number, depth: number): void {
    // of one whose path is too long the entries say why
    const id = idOfFolder(folder.path) ?? folder.name
    if (this.#seen.has(id)) return
    this.#seen.add(id)
    for (const entry of this.#entriesOf(folder)) {
      const file = entryIn(folder, entry.name)
      if (++this.#entries > MAX_ENTRIES || this.#found >= MAX_FOUND) {
        if (this.#isFull) return
        this.#isFull = true
        this.#fail(
          folder.name,
          'too_large',
          `From here on nothing was looked at: there are more than ${MAX_ENTRIES} files or ${MAX_FOUND} transcripts. Check the folders of the class one by one.`,
        )
        return
      }
      if (!entry.isDirectory()) {
        if (!entry.isFile() || !this.#take(file, from)) this.ignored++
      } else if (NOT_HANDED_IN.has(`${entry.name}`)) this.ignored++
      else if (depth < MAX_FOLDERS) this.#walk(file, from, depth + 1)
      else this.#fail(file.name, 'too_large', `It is the ${MAX_FOLDERS}th folder in another one.`)
    }
  }

  #isFull = false

  /** In the order of their names. */
  #entriesOf({ path, name }: NamedFile): fs.Dirent<Buffer>[] {
    try {
      const all = fs.readdirSync(path, { withFileTypes: true, encoding: 'buffer' })
      return all.sort((one, two) => Buffer.compare(one.name, two.name))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      this.#fail(name, 'unreadable', `It is a folder that can't be read (${code}).`)
      return []
    }
  }

  #take(file: NamedFile, from: number): boolean {
    if (ARCHIVE.test(file.name)) this.archives.push(file.name)
    const isJson = /\.json$/i.test(file.name)
    if (!isJson && !beginsAsTranscript(file)) return false
    const checked = checkFound(file)
    if (checked !== null) {
      this.#found++
      this.submissions.push({ checked, place: file.name.slice(from) })
    } else this.otherJson.push(file.name)
    return checked !== null
  }

  #fail(file: string, code: FileCode, text: string): void {
    const wrong = [{ code, record: null, text }]
    const checked = { file, hash: null, facts: null, wrong, remarks: [] }
    this.submissions.push({ checked, place: '' })
  }
}

/** Tells folders apart, whatever they are called; null for what is none, or is not there. */
function idOfFolder(path: fs.PathLike): string | null {
  try {
    const stat = fs.statSync(path, { bigint: true })
    return stat.isDirectory() ? `${stat.dev} ${stat.ino}` : null
  } catch {
    return null
  }
}

function beginsAsTranscript({ path }: NamedFile): boolean {
  let fd: number
  try {
    fd = fs.openSync(path, TO_READ_NO_LINK)
  } catch {
    return false
  }
  try {
    return fs.fstatSync(fd).isFile() && saysToBeTranscript(readAtMost(fd, HEAD_BYTES))
  } catch {
    return false
  } finally {
    fs.closeSync(fd)
  }
}

/** The last part of a path; of `.` and `..`, which name no one, nothing. */
function lastOf(name: string): string {
  const last = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
  return /^\.*$/.test(last) ? '' : last
}

/** What is above a file in a path from the root says whose machine it is, and not whose file. */
function placeOfFile(name: string): string {
  if (!/^(?:[\\/]|[A-Za-z]:)/.test(name)) return name
  return name.split(/[\\/]/).slice(-2).join('/')
}

/** A folder's name without the slashes at its end, unless it has nothing else. */
function withoutSlashes(name: string): string {
  let end = name.length
  while (end > 1 && '\\/'.includes(name.charAt(end - 1))) end--
  return name.slice(0, end)
}
