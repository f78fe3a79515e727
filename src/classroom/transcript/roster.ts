/** The roster of a class, a CSV with a column `name`: whose files are there, and who handed in nothing. */

import fs from 'node:fs'
import { namedFile } from '../../disk/fileName.ts'
import { readAtMost, TO_READ } from '../../disk/open.ts'
import { parseCsv } from '../csv.ts'
import { RosterError } from './finding.ts'

const MAX_ROSTER_BYTES = 4 * 1024 * 1024
/** A university has as many, and a class some thirty. */
const MAX_NAMES = 50_000
const MAX_NAME = 200
/** So many words of a path may be one word of a name, and so many words of a name are tried from each of them on. */
const MAX_JOINED = 6
const COLUMN = 'name'
const SEPARATORS = [',', ';', '\t'] as const

/** What a roster says of the files. */
export interface Roll {
  /** The names of each file, in the order in which the files were given. */
  readonly namesOf: readonly (readonly string[])[]
  /** Each name once, in the order of the roster, and which of the files are its. */
  readonly people: readonly Person[]
}

export interface Person {
  readonly name: string
  /** How often it stands in the roster. */
  readonly times: number
  /** Places of files in what was given. */
  readonly files: readonly number[]
}

/**
 * The names in a roster, as they stand there, in their order.
 * @throws RosterError for a file that is not there, no CSV with that column, or too long
 */
export function readRoster(argument: string): string[] {
  const { path, name } = namedFile(argument)
  const fail = (text: string) => {
    throw new RosterError('bad_roster', `${name}: ${text}`)
  }
  const bytes = bytesOf(path, fail)
  if (bytes.length > MAX_ROSTER_BYTES) fail('It has more than 4 MiB, and no roster is that long.')
  if (bytes[0] === 0x50 && bytes[1] === 0x4b)
    fail('It is a workbook or an archive. In the spreadsheet, save the roster as CSV (UTF-8).')
  const text = textIn(bytes)
  const tables = SEPARATORS.map((separator) => parseCsv(withoutHint(text), separator))
  const column = (rows: readonly string[][]) =>
    (rows[0] ?? []).findIndex((cell) => cell.trim().toLowerCase() === COLUMN)
  const rows = tables.find((rows) => column(rows) !== -1) ?? []
  const at = column(rows)
  if (at === -1)
    fail('It has no column "name". The first line of a roster names its columns, one of them so.')
  const names = rows.slice(1).flatMap((row) => row[at]?.trim().replaceAll(/\s+/g, ' ') || [])
  if (names.length > MAX_NAMES) fail(`It has more than ${MAX_NAMES} names.`)
  if (names.some(({ length }) => length > MAX_NAME))
    fail(`One of its names has more than ${MAX_NAME} characters. Is a quote missing?`)
  const unread = names.find((name) => wordsOf(name).length === 0)
  if (unread !== undefined) fail('One of its names has neither a letter nor a digit in it.')
  return names
}

function bytesOf(path: fs.PathLike, fail: (text: string) => void): Buffer {
  let fd: number | undefined
  try {
    fd = fs.openSync(path, TO_READ)
    if (!fs.fstatSync(fd).isFile()) fail('It is not a file.')
    return readAtMost(fd, MAX_ROSTER_BYTES + 1)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof RosterError) throw error
    fail(code === 'ENOENT' ? 'There is no such file.' : `It can't be read (${code}).`)
    return Buffer.alloc(0)
  } finally {
    if (fd !== undefined) fs.closeSync(fd)
  }
}

/** As spreadsheets save it: UTF-8, UTF-16 with a byte order mark, or else what Windows has in Western Europe. */
function textIn(bytes: Buffer): string {
  const [first, second] = bytes
  const label =
    first === 0xff && second === 0xfe
      ? 'utf-16le'
      : first === 0xfe && second === 0xff
        ? 'utf-16be'
        : 'utf-8'
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** Excel writes and reads a first line `sep=;`. */
function withoutHint(text: string): string {
  return text.replace(/^"?sep=.?"?\r?\n/i, '')
}

/**
 * Finds each name in the places of the files. A name is found in one part of a path if all its words stand there, whole, in
 * any order, or joined: case, accents and what stands between the words do not count. Of names that are found in one part, one
 * whose words are all in another one too is not meant.
 */
export function callRoll(names: readonly string[], places: readonly string[]): Roll {
  const parts = partsOf(places)
  const byWord = new Map<string, Part[]>()
  for (const part of parts) for (const word of part.words) pushTo(byWord, word, part)
  const times = new Map<string, number>()
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1)
  for (const name of times.keys()) {
    const words = wordsOf(name)
    for (const part of partsWith(words, byWord)) part.found.push({ name, words })
  }
  const namesOf = places.map(() => new Set<string>())
  for (const { files, found } of parts)
    for (const { name } of found.filter((one) => !found.some((other) => isWithin(one, other))))
      for (const file of files) namesOf[file]?.add(name)
  const filesOf = new Map<string, number[]>()
  for (const [file, own] of namesOf.entries()) for (const name of own) pushTo(filesOf, name, file)
  return {
    namesOf: namesOf.map((own) => [...own]),
    people: [...times].map(([name, times]) => ({ name, times, files: filesOf.get(name) ?? [] })),
  }
}

function pushTo<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** A word without accents, and with its umlauts written out as well. */
type Word = readonly [string, string]
const FORMS = [0, 1] as const

/** One part of a path. Many files may lie below one folder. */
interface Part {
  readonly files: number[]
  /** Its words in each form, and those that follow one another joined. */
  readonly words: ReadonlySet<string>
  readonly found: { readonly name: string; readonly words: readonly Word[] }[]
}

function partsOf(places: readonly string[]): Part[] {
  const parts = new Map<string, Part>()
  for (const [file, place] of places.entries()) {
    for (const text of new Set(asNamed(place).split(/[\\/]/))) {
      const part = parts.get(text) ?? { files: [], words: joinedIn(wordsOf(text)), found: [] }
      part.files.push(file)
      parts.set(text, part)
    }
  }
  // what all of them lie in says nothing of one
  return [...parts.values()].filter(({ files }) => files.length < places.length || files.length < 3)
}

/** A byte that is no UTF-8, as `fileName.ts` shows it, is most likely what Windows had there. */
function asNamed(place: string): string {
  return place.replaceAll(/\\x([89a-f][0-9a-f])/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function joinedIn(words: readonly Word[]): Set<string> {
  const all = new Set<string>()
  for (let from = 0; from < words.length; from++)
    for (const form of FORMS) {
      let joined = ''
      for (let at = from; at < Math.min(words.length, from + MAX_JOINED); at++) {
        joined += words[at]?.[form] ?? ''
        all.add(joined)
      }
    }
  return all
}

/** The parts that have all these words, or all of them as one, from whichever on. */
function partsWith(
  words: readonly Word[],
  byWord: ReadonlyMap<string, readonly Part[]>,
): Set<Part> {
  const having = (word: Word) => word.flatMap((form) => byWord.get(form) ?? [])
  const count = (word: Word) => word.reduce((sum, form) => sum + (byWord.get(form)?.length ?? 0), 0)
  const rarest = words.reduce((least, word) => (count(word) < count(least) ? word : least))
  const has = (part: Part) => words.every((word) => word.some((form) => part.words.has(form)))
  const found = new Set(having(rarest).filter(has))
  for (let from = 0; from < Math.min(words.length, MAX_JOINED); from++) {
    const turned = [...words.slice(from), ...words.slice(0, from)]
    for (const form of FORMS)
      for (const part of byWord.get(turned.map((word) => word[form]).join('')) ?? [])
        found.add(part)
  }
  return found
}

type Found = Part['found'][number]

/** Whether the words of a name are some of those of another, longer one. */
function isWithin(one: Found, other: Found): boolean {
  if (other.words.length <= one.words.length) return false
  const rest = other.words.map(([form]) => form)
  return one.words.every(([form]) => {
    const at = rest.indexOf(form)
    if (at !== -1) rest.splice(at, 1)
    return at !== -1
  })
}

/** Letters that have no accent to be taken off, and are written with two or with another one. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ŋ: 'n',
}
const WRITTEN_OUT: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  å: 'aa',
  ø: 'oe',
}

/** The words of a text. Digits are words of their own. */
function wordsOf(text: string): Word[] {
  const simple = text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/['’ʼ`´\p{Cf}]/gu, '')
  return (simple.match(/[\p{L}\p{M}]+|\p{N}+/gu) ?? []).map((word) => [
    bare(word),
    bare(word.replaceAll(/[äöüåø]/g, (letter) => WRITTEN_OUT[letter] ?? letter)),
  ])
}

function bare(word: string): string {
  return word
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll(/[ßæœøđðþłħıŋ]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFC')
}
