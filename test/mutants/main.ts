/**
 * `make mutants`: would the tests notice? Every small change of the source that Stryker knows is made in turn,
 * and a test has to fail. ONLY=file or folder tries those of src/ alone. Ends with 1 if a mutant survives that
 * nothing explains or too few of a file's are killed, with 2 if it can't tell.
 */

import path from 'node:path'
import { run } from './run.ts'

try {
  const { problems } = await run({
    root: path.resolve(import.meta.dirname, '../..'),
    only: process.env['ONLY'] || 'src',
    say: (text) => process.stdout.write(`${text}\n`),
  })
  process.exit(problems === 0 ? 0 : 1)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(2)
}
