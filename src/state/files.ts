/** Small files with keys in them: read with suspicion, written once and whole. */

import fs from 'node:fs'
import path from 'node:path'
import { namedFile } from '../disk/fileName.ts'
import { newMark } from '../disk/mark.ts'
import { keepNames } from '../disk/system.ts'

/** A PEM of ours has some 200 bytes; with explicit parameters or a text beside it, a few more. */
const MAX_BYTES = 4096

/** What the owner has to look at: one line with the file's name. */
export class StateError extends Error {}

/**
 * The text of a file that is its owner's alone, or null if there is none. `look` may refuse a
 * text before it is asked who can read it.
 * @throws StateError for one that others can read, a link, what is neither a file nor a pipe that is open, and one too long;
 *   what `look` throws
 */
export function readOwn(file: string, look: (text: string) => void = () => {}): string | null {
  return read(file, (text, stat) => {
    look(text)
    // a pipe is nobody else's
    if (stat.isFile() && isOpenToOthers(stat.mode)) throw new StateError(openToOthers(file))
  })
}

/** What is said of a file that others can read. */
function openToOthers(file: string): string {
  const isOpen = `${file}: Others can read it`
  if (descriptorOf(file) !== null)
    return `${isOpen}. Look at who had it, then close the file that it comes from, with chmod 600.`
  return canBeClosed(file)
    ? `${isOpen}. Look at who had it, then: chmod 600 ${file}`
    : `${isOpen}, and chmod does not help on this file system. Look at who had it, and put it on another one, such as that of your home folder.`
}

/** Windows keeps others from a file by other means. */
function isOpenToOthers(mode: number): boolean {
  return process.platform !== 'win32' && (mode & 0o077) !== 0
}

/** Whether chmod can take from others a file that they can read. */
function canBeClosed(file: string): boolean {
  try {
    return keepsPermissions(path.dirname(file))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EROFS'
  }
}

/**
 * Whether a file in a folder that is there can be its owner's alone. Many file systems open all files to everyone (FAT,
 * exFAT, Windows' own in WSL), without an error for whoever asks for something else.
 * @throws the system's errors where no file can be made
 */
export function keepsPermissions(dir: string): boolean {
  const probe = path.join(dir, `${newMark()}.tmp`)
  const fd = fs.openSync(probe, 'wx', 0o600)
  try {
    return !isOpenToOthers(fs.fstatSync(fd).mode)
  } finally {
    fs.closeSync(fd)
    fs.rmSync(probe, { force: true })
  }
}

/**
 * The text of a file that others may read, or null if there is none.
 * @throws StateError for a link, what is no file, and one too long
 */
export function readPublic(file: string): string | null {
  return read(file)
}

function read(
  file: string,
  look: (text: string, stat: fs.Stats) => void = () => {},
): string | null {
  const descriptor = descriptorOf(file)
  const fd = descriptor ?? open(file)
  if (fd === null) return null
  try {
    const stat = statOf(fd, file)
    const isPipe = descriptor !== null && (stat.isFIFO() || stat.isSocket())
    if (!stat.isFile() && !isPipe)
      throw new StateError(
        `${file}: It is not a file${descriptor === null ? '' : ', and no pipe either'}.`,
      )
    const text = textOf(bytesOf(fd, file))
    look(text, stat)
    return text
  } finally {
    if (descriptor === null) fs.closeSync(fd)
  }
}

/** The open file that a name stands for: /dev/stdin, or /dev/fd/63 as a shell gives it for <(…); null for any other name. */
function descriptorOf(file: string): number | null {
  const [, name] = /^\/(?:dev|proc\/self)\/(stdin|fd\/\d{1,6})$/.exec(path.resolve(file)) ?? []
  return name === undefined ? null : Number(name.replace(/stdin|fd\//, '') || 0)
}

/** Returns null if there is no such file. */
function open(file: string): number | null {
  try {
    return fs.openSync(
      namedFile(file).path,
      fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0),
    )
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new StateError(
      `${file}: ${code === 'ELOOP' ? 'It is a link; put the file itself there.' : `It can't be read (${code}).`}`,
    )
  }
}

function statOf(fd: number, file: string): fs.Stats {
  try {
    return fs.fstatSync(fd)
  } catch {
    throw new StateError(`${file}: It is not open in this process; npx passes on /dev/stdin alone.`)
  }
}

/** All that a file has; of a pipe what is written until its other end is closed. */
function bytesOf(fd: number, file: string): Buffer {
  const bytes = Buffer.alloc(MAX_BYTES + 1)
  let length = 0
  for (;;) {
    const more = readMore(fd, bytes.subarray(length))
    if (more === 0) return bytes.subarray(0, length)
    length += more
    if (length > MAX_BYTES) throw new StateError(`${file}: It is too long for a key.`)
  }
}

/** Waits where a pipe is empty and whoever shares it has made it one that does not wait. */
function readMore(fd: number, into: Buffer): number {
  for (;;) {
    try {
      return fs.readSync(fd, into)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

/** What a file says, in UTF-8 or, as PowerShell writes it, in UTF-16. A PEM begins with ASCII, so that without a mark its zeros tell. */
function textOf(bytes: Buffer): string {
  const [first, second] = bytes
  const little = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0)
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0)
  return new TextDecoder(little ? 'utf-16le' : big ? 'utf-16be' : 'utf-8').decode(bytes)
}

/** Writes a file that isn't there yet, whole or not at all, readable by its owner only. */
export function writeOnce(file: string, text: string): void {
  const temporary = temporaryOf(file)
  const fd = fs.openSync(temporary, 'wx', 0o600)
  try {
    fs.writeFileSync(fd, text)
    fs.fsyncSync(fd)
    placeAt(temporary, file)
  } finally {
    fs.closeSync(fd)
    fs.rmSync(temporary, { force: true })
  }
  keepNames(path.dirname(file))
}

/** A link, unlike a rename, never replaces what is there; nor does the copy where there are no links. */
function placeAt(temporary: string, file: string): void {
  try {
    fs.linkSync(temporary, file)
  } catch {
    fs.copyFileSync(temporary, file, fs.constants.COPYFILE_EXCL)
  }
}

/** Always the same name for a file, so that the next run removes what a killed one left. */
export function temporaryOf(file: string): string {
  return `${file}.tmp`
}

/**
 * Adds `lines` to the `.gitignore` of a folder that is there, as far as they are not in it; what it
 * says already stays. Adds nothing where a `*` keeps everything from git, in the folder or above it.
 * Returns whether it added something.
 * @throws StateError for a `.gitignore` that is a link; the system's errors
 */
export function keepFromGit(dir: string, lines: readonly string[]): boolean {
  // git looks where the folder is, whatever the name that leads there
  const folders = withThoseAbove(fs.realpathSync(dir))
  const inside = folders.slice(0, 1 + folders.findIndex(isRepository) || undefined)
  if (inside.some((folder) => keepsAll(ignoredIn(folder)))) return false
  const text = ignoredIn(dir)
  const all = linesOf(text)
  // a line with ! takes back what stands before it
  const there = all.slice(1 + all.findLastIndex((line) => line.startsWith('!')))
  const missing = lines.filter((line) => !there.includes(line))
  if (missing.length === 0) return false
  const gap = text === '' || text.endsWith('\n') ? '' : '\n'
  fs.appendFileSync(ignoreFile(dir), `${gap}${missing.join('\n')}\n`)
  return true
}

/** Whether git could take what is in a folder that is there: it, or one above it, has a `.git`. */
export function isInRepository(dir: string): boolean {
  return withThoseAbove(fs.realpathSync(dir)).some(isRepository)
}

const isRepository = (folder: string) => fs.existsSync(path.join(folder, '.git'))

/** A folder and those that it is in, the nearest first. */
function withThoseAbove(folder: string): string[] {
  const above = path.dirname(folder)
  return above === folder ? [folder] : [folder, ...withThoseAbove(above)]
}

const ignoreFile = (folder: string) => path.join(folder, '.gitignore')

/** @throws StateError for a link, which git does not follow, and which leads to somebody else's file */
function ignoredIn(folder: string): string {
  const file = ignoreFile(folder)
  if (fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new StateError(
      `${file}: It is a link, and git reads no such file. Put a file in its place.`,
    )
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
}

const linesOf = (text: string) => text.split('\n').map((line) => line.trimEnd())

function keepsAll(text: string): boolean {
  const lines = linesOf(text)
  return lines.includes('*') && !lines.some((line) => line.startsWith('!'))
}

/** Makes the folder if it isn't there: its owner's alone, and git never takes what is in it. */
export function makeDirectory(dir: string): void {
  if (fs.existsSync(dir)) return
  const parent = path.dirname(dir)
  const first = !fs.existsSync(parent)
  makeDirectory(parent)
  // one by one: Node's own `recursive` never ends where the system says ENOENT for a parent that is there (/proc)
  try {
    fs.mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    // a server and a watcher that start together make the same one
    if (!fs.existsSync(dir)) throw error
  }
  if (!first) fs.writeFileSync(path.join(dir, '.gitignore'), '*\n')
  keepNames(parent)
}

/**
 * Runs `use`. Errors of the system, and errors in the form of a key, become one line with the file's name; `remedy`
 * is added where the form is wrong.
 * @throws StateError
 */
export function naming<T>(file: string, use: () => T, remedy = ''): T {
  try {
    return use()
  } catch (error) {
    if (error instanceof StateError) throw error
    const { code, message, path, dest } = error as NodeJS.ErrnoException & { dest?: string }
    // what is in the way may be something in the folder that is asked for
    if (code === 'EEXIST')
      throw new StateError(`${dest ?? path ?? file}: Something else is there (EEXIST).`)
    const why = code?.startsWith('E') ? `It can't be used (${code}).` : message + remedy
    throw new StateError(`${file}: ${why}`)
  }
}
