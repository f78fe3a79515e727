/**
 * `make prove`: what ProVerif finds of every property of the protocol, and of protocols that are broken on purpose. Ends
 * with 1 if anything is not as expected. ONLY=query: that query alone, with the whole trace of an attack.
 */

import { type Found, isProVerif, queriesOf, traceIn } from './model.ts'
import type { Property } from './properties.ts'
import { jobs, runs } from './run.ts'

/** The attack that is shown with the table: how she reads what is said at first contact. */
const SHOWN = 'first-contact'
/** How much of a line of a trace is shown in the table. */
const COLUMNS = 110

/** What a result means: a query that denies what has to happen is there to be found false. */
function meaning(kind: Property['kind'], found: Found): string {
  if (found === 'unknown') return 'unknown'
  if (kind === 'reachable') return found === 'false' ? 'reached' : 'never'
  return found === 'true' ? 'proved' : 'attack'
}

const say = (text: string) => process.stdout.write(`${text}\n`)
const proverif = process.env['PROVERIF'] || 'proverif'
const only = process.env['ONLY'] || null

if (!isProVerif(proverif)) {
  process.stderr.write(
    `There is no ProVerif at ${proverif}: install it (opam install proverif, or build its sources with Debian's ocaml-nox), and say make prove PROVERIF=<where it is>.\n`,
  )
  process.exit(1)
}

const chosen = jobs(only)
if (chosen.length === 0) {
  process.stderr.write(`There is no query ${only}.\n`)
  process.exit(2)
}

let about = ''
let wrong = 0
let count = 0
let shown = ''
for await (const [job, run] of runs(proverif, chosen)) {
  if (job.about !== about) {
    about = job.about
    say(`\n${about}\n  expected  found    suite      seconds`)
  }
  let seconds = run.seconds.toFixed(1)
  for (const { query, words, kind, expected } of job.questions) {
    const found = run.results.get(query) ?? 'unknown'
    const mark = found === expected ? ' ' : '!'
    say(
      `${mark} ${meaning(kind, expected).padEnd(9)} ${meaning(kind, found).padEnd(8)} ${job.suite.padEnd(9)} ${seconds.padStart(8)}  ${words}`,
    )
    seconds = ''
    count++
    if (found !== expected) wrong++
    if (found === 'false' && (only !== null || query === SHOWN))
      shown ||= traceIn(run.output, queriesOf(job.model).get(query) ?? '')
  }
  const [error] = /^Error: .*$/m.exec(run.output) ?? []
  if (error) say(`  ${error}`)
}

if (shown !== '') {
  say(
    `\nA trace for ${only ?? SHOWN}${only ? '' : `, each line up to its ${COLUMNS}th column (all of it: ONLY=${SHOWN})`}:`,
  )
  for (const line of shown.split('\n').filter((line) => line !== ''))
    say(`  ${only === null && line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line}`)
}
say(
  wrong === 0
    ? `\nAll ${count} results are as expected.`
    : `\n${wrong} of ${count} results are not as expected.`,
)
process.exit(wrong === 0 ? 0 : 1)
