/** Small files with keys in them: read with suspicion, written once and whole. And the folder that they are in. */

import fs from 'node:fs'
import path from 'node:path'
import { namedFile } from '../disk/fileName.ts'
import { readAtMost, TO_READ_NO_LINK, writeNew } from '../disk/open.ts'
import { newStamp } from '../disk/stamp.ts'
import { syncFolder } from '../disk/sync.ts'

/** A PEM of ours has some 200 bytes; with explicit parameters or a text beside it, a few more. */
const MAX_BYTES = 4096

/** What the owner has to put right: one line that begins with the file's name. */
export class StateError extends Error {
  override readonly name = 'StateError'
}

/**
 * The text of a file that nobody but its owner can read, or null if there is no such file. `check` may refuse the text
 * before its permissions are looked at.
 * @throws StateError for a file that others can read, a link, anything that is neither a file nor an open pipe, and a file
 *   that is too long; and what `check` throws
 */
export function readPrivate(file: string, check: (text: string) => void = () => {}): string | null {
  return read(file, (text, stat) => {
    check(text)
    // nobody else can read an open pipe
    if (stat.isFile() && isOpenToOthers(stat.mode)) throw new StateError(openToOthers(file))
  })
}

function openToOthers(file: string): string {
  const isOpen = `${file}: Others can read it`
  if (descriptorOf(file) !== null)
    return `${isOpen}. Look at who had it, then close the file that it comes from, with chmod 600.`
  return canBeClosed(file)
    ? `${isOpen}. Look at who had it, then: chmod 600 ${file}`
    : `${isOpen}, and chmod does not help on this file system. Look at who had it, and put it on another one, such as that of your home folder.`
}

/** Windows has no such permissions, and keeps others from a file by other means. */
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
 * Whether a file in an existing folder can be its owner's alone. On many file systems everyone can read every file (FAT,
 * exFAT, Windows' own in WSL), and whoever asks for something else gets no error.
 * @throws the system's errors where no file can be made
 */
export function keepsPermissions(dir: string): boolean {
  const probe = path.join(dir, `${newStamp()}.tmp`)
  const fd = fs.openSync(probe, 'wx', 0o600)
  try {
    return !isOpenToOthers(fs.fstatSync(fd).mode)
  } finally {
    fs.closeSync(fd)
    fs.rmSync(probe, { force: true })
  }
}

/**
 * The text of a file that others may read, or null if there is no such file.
 * @throws StateError for a link, anything that is no file, and a file that is too long
 */
export function readPublic(file: string): string | null {
  return read(file)
}

function read(
  file: string,
  check: (text: string, stat: fs.Stats) => void = () => {},
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
    const bytes = readAtMost(fd, MAX_BYTES + 1, readWhenReady)
    if (bytes.length > MAX_BYTES) throw new StateError(`${file}: It is too long.`)
    const text = textOf(bytes)
    check(text, stat)
    return text
  } finally {
    if (descriptor === null) fs.closeSync(fd)
  }
}

/** The descriptor that a name stands for: /dev/stdin, or /dev/fd/63 as a shell gives it for <(…). Null for any other name. */
function descriptorOf(file: string): number | null {
  const [, name] = /^\/(?:dev|proc\/self)\/(stdin|fd\/\d{1,6})$/.exec(path.resolve(file)) ?? []
  return name === undefined ? null : Number(name.replace(/stdin|fd\//, '') || 0)
}

/** Returns null if there is no such file. */
function open(file: string): number | null {
  try {
    return fs.openSync(namedFile(file).path, TO_READ_NO_LINK)
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

/** Waits for a pipe that is empty. Whoever shares it with us may have set O_NONBLOCK, so that the system does not wait. */
function readWhenReady(fd: number, into: Buffer): number {
  for (;;) {
    try {
      return fs.readSync(fd, into)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

/** Decodes UTF-8 or, as PowerShell writes it, UTF-16. A PEM begins with ASCII, so even without a byte order mark its zeros tell. */
function textOf(bytes: Buffer): string {
  const [first, second] = bytes
  const little = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0)
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0)
  return new TextDecoder(little ? 'utf-16le' : big ? 'utf-16be' : 'utf-8').decode(bytes)
}

/** Writes a file that is not there yet, whole or not at all, for its owner alone. */
export function writeOnce(file: string, text: string): void {
  const temporary = temporaryOf(file)
  writeNew(temporary, text, 0o600)
  try {
    placeAt(temporary, file)
  } finally {
    fs.rmSync(temporary, { force: true })
  }
  syncFolder(path.dirname(file))
}

/** Writes a file in place of the one that is there, if any: whole or not at all, for its owner alone. */
export function writeInPlace(file: string, text: string): void {
  const temporary = temporaryOf(file)
  writeNew(temporary, text, 0o600)
  try {
    fs.renameSync(temporary, file)
  } finally {
    fs.rmSync(temporary, { force: true })
  }
  syncFolder(path.dirname(file))
}

/** Unlike a rename, a link never replaces what is there, and neither does the copy where the file system has no links. */
function placeAt(temporary: string, file: string): void {
  try {
    fs.linkSync(temporary, file)
  } catch {
    fs.copyFileSync(temporary, file, fs.constants.COPYFILE_EXCL)
  }
}

/** Always the same name for a file, so that the next run can remove what a killed one left. */
export function temporaryOf(file: string): string {
  return `${file}.tmp`
}

/** Makes a folder that is not there, with those above it: for its owner alone, and with a `.gitignore` for all that is in it. */
export function makeDirectory(dir: string): void {
  if (fs.existsSync(dir)) return
  const parent = path.dirname(dir)
  const isTopmost = fs.existsSync(parent)
  makeDirectory(parent)
  // one by one: Node's own `recursive` never ends where the system says ENOENT for a parent that is there (/proc)
  try {
    fs.mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    // a server and a watcher that start together make the same folder
    if (!fs.existsSync(dir)) throw error
  }
  if (isTopmost) fs.writeFileSync(path.join(dir, '.gitignore'), '*\n')
  syncFolder(parent)
}

/**
 * Runs `use`, and turns its errors, the system's and those about the form of a key, into one line that begins with the
 * file's name. `remedy` is added where the form is wrong.
 * @throws StateError
 */
export function orStateError<T>(file: string, use: () => T, remedy = ''): T {
  try {
    return use()
  } catch (error) {
    if (error instanceof StateError) throw error
    const { code, message, path, dest } = error as NodeJS.ErrnoException & { dest?: string }
    // the name that is taken may be that of something in the folder that was asked for
    if (code === 'EEXIST')
      throw new StateError(`${dest ?? path ?? file}: Something else is there (EEXIST).`)
    const why = code?.startsWith('E') ? `It can't be used (${code}).` : message + remedy
    throw new StateError(`${file}: ${why}`)
  }
}
