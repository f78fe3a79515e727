/** What became of each mutant, kept from run to run: whatever has not changed since is not tried again. */

import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type { Mutant } from './sandbox.ts'
import { type Subject, WITHOUT } from './subjects.ts'
import type { Fate } from './trial.ts'

export type Result = Omit<Mutant, 'id'> & Fate

export interface FileRecord {
  /** The hash of the source, of what the tests share, and of what runs them. */
  readonly key: string
  /** The hash of each test file. */
  readonly tests: Readonly<{ [file: string]: string }>
  readonly results: readonly Result[]
}

export type Record = Map<string, FileRecord>

export function readRecord(file: string): Record {
  if (!fs.existsSync(file)) return new Map()
  return new Map(Object.entries(JSON.parse(fs.readFileSync(file, 'utf8'))))
}

export function writeRecord(file: string, record: Record): void {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(record), null, 1))
  fs.renameSync(`${file}.new`, file)
}

/** What a source file and its tests are at the moment, without a result. */
export function stateOf(root: string, { source, tests }: Subject): Omit<FileRecord, 'results'> {
  const helpers = fs
    .readdirSync(path.join(root, 'test/helpers'), { encoding: 'utf8' })
    .map((name) => `test/helpers/${name}`)
  const runner = ['property', 'suite', 'trial', 'worker'].map((name) => `test/mutants/${name}.ts`)
  const all = [source, ...helpers.sort(), ...runner, 'package-lock.json']
  return {
    key: hashOf(all.map((file) => hashOf([read(root, file)]))),
    tests: Object.fromEntries(
      tests.map((test) => [test, hashOf([read(root, `test/${test}`), String(WITHOUT[test])])]),
    ),
  }
}

const read = (root: string, file: string) => fs.readFileSync(path.join(root, file), 'utf8')

function hashOf(texts: readonly string[]): string {
  return crypto.createHash('sha256').update(texts.join('\0')).digest('hex')
}

/** The same for a mutant in two runs, as long as its line stays as it is. */
export function nameOf({ context, was, to, mutator }: Omit<Mutant, 'id'>): string {
  return JSON.stringify([context, was, to, mutator])
}
