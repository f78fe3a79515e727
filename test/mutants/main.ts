/**
 * `make mutants`: would the tests notice? Every small change of the source that Stryker knows is made in turn,
 * and a test has to fail. ONLY=file or folder of src/ tries those alone.
 */

import path from 'node:path'
import { run } from './run.ts'

const { problems } = await run({
  root: path.resolve(import.meta.dirname, '../..'),
  only: process.env['ONLY'] || 'src',
  say: (text) => process.stdout.write(`${text}\n`),
})
process.exit(problems === 0 ? 0 : 1)
