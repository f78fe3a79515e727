/**
 * `make mutants`: would the tests notice? Stryker makes every small change of the source in turn, and a test has to
 * fail. ONLY=file or folder tries those of src/ alone. Ends with 1 if a mutant survives that nothing explains or too
 * few of a room's are noticed, with 2 if it can't tell.
 */

import { equivalents } from './equivalent.ts'
import { run } from './run.ts'
import { ROOMS } from './subjects.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)
try {
  const problems = await run(ROOMS, equivalents(), process.env['ONLY'] || 'src', say)
  process.exit(problems === 0 ? 0 : 1)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(2)
}
