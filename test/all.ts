/**
 * `make test`: every `*.test.ts` of this folder, a process each, those that take longest first. Node itself takes them by
 * name, and then a processor waits at the end for the one that began last.
 */

import fs from 'node:fs'
import path from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const LONGEST_FIRST = ['peer', 'commands', 'lab', 'house', 'browser', 'programs']

const rank = (file: string) => {
  const at = LONGEST_FIRST.indexOf(path.basename(file, '.test.ts'))
  return at < 0 ? LONGEST_FIRST.length : at
}
const files = fs
  .readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => path.join(import.meta.dirname, file))
  .sort((a, b) => rank(a) - rank(b))

run({ files, concurrency: 8 })
  .on('test:fail', () => {
    process.exitCode = 1
  })
  // also where standard output is no terminal: its last lines are the tests that failed, with their errors
  .compose(new spec())
  .pipe(process.stdout)
