/** Files that were handed in: read whole and bounded, whatever they are. */

import fs from 'node:fs'
import { orAlike } from '../../disk/fileName.ts'
import { readAtMost, TO_READ } from '../../disk/open.ts'
import { JsonError, type JsonFault, parseJson } from '../../protocol/json.ts'
import { TRANSCRIPT } from '../../wirelog/transcript.ts'
import { type FileCode, FileError } from './finding.ts'

/**
 * 200 events of some 36,000 bytes each, as the longest are, those that stay beside them, and what stands around them:
 * 8 MB. Twice that, for those that were indented anew.
 */
export const MAX_FILE_BYTES = 16 * 1024 * 1024
/** Objects, lists, names and commas: 200 events with their parts have some 10,000. */
const MAX_ITEMS = 100_000
/** A transcript has five levels. */
const MAX_DEPTH = 8

/**
 * The bytes of the file at `path`, which was given as `name`.
 * @throws FileError `unreadable` `too_large`
 */
export function readFile(path: fs.PathLike, name: string): Uint8Array {
  let fd: number
  try {
    fd = fs.openSync(path, TO_READ)
  } catch (error) {
    throw unreadable(error, name)
  }
  try {
    const stat = fs.fstatSync(fd)
    if (stat.isDirectory())
      throw new FileError('unreadable', 'It is a folder, and no transcript is in it.')
    if (!stat.isFile()) throw new FileError('unreadable', 'It is not a file.')
    const bytes = readAtMost(fd, MAX_FILE_BYTES + 1)
    if (bytes.length <= MAX_FILE_BYTES) return bytes
    throw new FileError(
      'too_large',
      `It has more than ${MAX_FILE_BYTES / 1024 / 1024} MiB, and no transcript is that long.`,
    )
  } catch (error) {
    throw error instanceof FileError ? error : unreadable(error, name)
  } finally {
    fs.closeSync(fd)
  }
}

function unreadable(error: unknown, name: string): FileError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return new FileError('unreadable', `There is no such file.${orAlike(name)}${orPattern(name)}`)
  return new FileError('unreadable', `It can't be read (${code}).`)
}

/** A shell looks for the files itself, unless the pattern stands between quotes; those of Windows never do. */
function orPattern(name: string): string {
  if (!/[*?[]/.test(name)) return ''
  if (process.platform === 'win32')
    return ' In PowerShell, name more than one so: (Get-Item *.json)'
  return ` If it stood between quotes, type it without them${isWord(name) ? `: ${name}` : '.'}`
}

/** Whether a shell takes it for what it is, or for the names that a pattern stands for. */
const isWord = (name: string) => /^[\w./:@%+,=*?-]+$/.test(name)

const MARK = TRANSCRIPT.format
/** As UTF-8 has it, and as PowerShell writes it. */
const MARKS = [
  Buffer.from(MARK),
  Buffer.from(MARK, 'utf16le'),
  Buffer.from(MARK, 'utf16le').swap16(),
]

/** Whether these bytes, the first of a file or all of them, have the words in them that each transcript has. */
export function saysToBeTranscript(bytes: Uint8Array): boolean {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return MARKS.some((mark) => all.includes(mark))
}

const JSON_FAULTS: Readonly<Record<JsonFault, [code: FileCode, text: string]>> = {
  syntax: ['not_json', 'It is not JSON, or its end is missing.'],
  depth: ['bad_form', 'It is nested deeper than a transcript is.'],
  items: ['bad_form', 'It has more in it than any transcript.'],
  'name twice': ['bad_form', 'The same name stands twice in one object'],
  'bad name': ['bad_form', 'There is a name that no transcript has'],
}

/**
 * The JSON value that a file's bytes hold.
 * @throws FileError `not_json` `bad_form`
 */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    // valibot leaves `__proto__` out of a record without a word
    const limits = { depth: MAX_DEPTH, items: MAX_ITEMS, badName: '__proto__' }
    return parseJson(textOf(bytes), limits)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    const [code, text] = JSON_FAULTS[error.fault]
    throw new FileError(code, error.line === null ? text : `${text} in line ${error.line}.`)
  }
}

/** @throws FileError `not_json` for what is not UTF-8, or has a byte order mark */
function textOf(bytes: Uint8Array): string {
  const [first, second, third] = bytes
  if (first === undefined) throw new FileError('not_json', 'It is empty.')
  // PK: so begins every zip with something in it (APPNOTE.TXT, 4.3.7)
  if (first === 0x50 && second === 0x4b)
    throw new FileError('not_json', 'It is a zip. Unpack it, and check what was in it.')
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new FileError(
      'not_json',
      'It is in UTF-16, as > writes it in PowerShell. Save it by the link on the page, or with curl -o.',
    )
  if (first === 0xef && second === 0xbb && third === 0xbf)
    throw new FileError(
      'not_json',
      'It begins with a byte order mark: an editor has saved it again. Save it by the link on the page, or with curl -o.',
    )
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new FileError('not_json', 'It is not text in UTF-8.')
  }
}
