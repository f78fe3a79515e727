/** Has Stryker try the mutants of one file after another, and holds what survives to what is explained. */

import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { Stryker } from '@stryker-mutator/core'
import type { Equivalent } from './equivalent.ts'
import type { Room } from './subjects.ts'

const FOLDER = '.mutants'

/** What the tests wait for comes at once or, with many a mutant, never. In ms. */
const PATIENCE = '5000'

type Mutants = Awaited<ReturnType<Stryker['runMutationTest']>>
type Mutant = Mutants[number]
type Options = ConstructorParameters<typeof Stryker>[0]

/** Runs in the project's folder. Returns how many things are wrong. */
export async function run(
  rooms: readonly Room[],
  explained: readonly Equivalent[],
  only: string,
  say: (text: string) => void,
): Promise<number> {
  const isChosen = (file: string) => `${file}/`.startsWith(`${only.replace(/\/$/, '')}/`)
  const problems: string[] = []
  for (const { atLeast, tests } of rooms) {
    const files = Object.keys(tests).filter(isChosen)
    const counts = { mutants: 0, noticed: 0 }
    for (const file of files) {
      const mutants = await mutantsOf(file, tests[file] ?? [])
      const alive = mutants.filter((mutant) => !isNoticed(mutant))
      problems.push(...problemsOf(file, alive, explained))
      counts.mutants += mutants.length
      counts.noticed += mutants.length - alive.length
      say(`${file}: ${mutants.length - alive.length} of ${mutants.length} noticed`)
    }
    const score = (100 * counts.noticed) / counts.mutants
    if (files.length === Object.keys(tests).length && score < atLeast)
      problems.push(`${files.join(', ')}: ${score.toFixed(1)} % noticed, expected ${atLeast} %.`)
    if (files.length > 1) say(`${counts.noticed} of ${counts.mutants}: ${score.toFixed(1)} %\n`)
  }
  if (!rooms.some(({ tests }) => Object.keys(tests).some(isChosen)))
    throw new Error(`There is nothing to mutate in ${only}.`)
  for (const problem of problems) say(`\n${problem}`)
  return problems.length
}

/** What hangs is noticed, and so is what does not load. */
const isNoticed = ({ status }: Mutant) => ['Killed', 'Timeout', 'RuntimeError'].includes(status)

/** Tries again only what has changed since the last run. */
async function mutantsOf(file: string, tests: readonly string[]): Promise<Mutants> {
  const shared = fs.readdirSync('test/helpers').map((name) => `test/helpers/${name}`)
  // Stryker itself sees only when the source or a test has changed
  const folder = `${FOLDER}/${digestOf([...shared.sort(), 'test/mutants/setup.ts', 'package-lock.json'])}`
  const kept = `${folder}/${digestOf([file, ...tests])}.json`
  if (fs.existsSync(kept)) return JSON.parse(fs.readFileSync(kept, 'utf8'))
  process.env['PATIENCE_MS'] ??= PATIENCE
  const options = {
    mutate: [file],
    testRunner: 'tap',
    plugins: ['@stryker-mutator/tap-runner'],
    tap: { testFiles: [...tests], nodeArgs: NODE_ARGS, forceBail: true },
    concurrency: 2,
    // a busy machine is no endless loop
    timeoutMS: 15_000,
    timeoutFactor: 3,
    incremental: true,
    incrementalFile: `${folder}/${file.replaceAll('/', '-')}.json`,
    tempDirName: `${FOLDER}/sandbox`,
    ignorePatterns: [FOLDER],
    disableTypeChecks: false,
    // Stryker would read one with what TypeScript 7 does not have
    tsconfigFile: 'none',
    reporters: ['json'],
    jsonReporter: { fileName: `${FOLDER}/report.json` },
    logLevel: 'error' as NonNullable<Options['logLevel']>,
  }
  const mutants = await new Stryker(options).runMutationTest()
  fs.writeFileSync(kept, JSON.stringify(mutants))
  return mutants
}

function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const name of files) hash.update(`${name}\0`).update(fs.readFileSync(name))
  return hash.digest('hex').slice(0, 16)
}

const NODE_ARGS = [
  ...['--import', './test/loader.js', '--import', './test/mutants/setup.ts'],
  ...['--max-old-space-size=1024', '--test-reporter=tap'],
]

/** Survivors that nothing explains, and explanations of what does not survive. */
function problemsOf(
  file: string,
  alive: readonly Mutant[],
  explained: readonly Equivalent[],
): string[] {
  const lines = fs.readFileSync(file, 'utf8').split('\n')
  const survivors = alive.map(({ location: { start }, replacement = '', ...mutant }) => {
    const line = lines[start.line - 1]?.trim() ?? ''
    return { ...mutant, at: start.line, line, is: replacement.replaceAll(/\s+/g, ' ').trim() }
  })
  const ours = explained.filter((entry) => entry.file === file)
  const isIn = (
    list: readonly Omit<Equivalent, 'file'>[],
    { line, is }: Omit<Equivalent, 'file'>,
  ) => list.some((entry) => entry.line === line && entry.is === is)
  return [
    ...survivors
      .filter((survivor) => !isIn(ours, survivor))
      .map(
        ({ at, mutatorName, line, is, status }) =>
          `${file}:${at} ${mutatorName}\n- ${line}\n+ ${is}\n${
            status === 'NoCoverage' ? 'No test comes by it' : 'Every test passes'
          }: write one that fails, delete what makes no difference, or explain it in test/mutants/equivalent.ts.`,
      ),
    ...ours
      .filter((entry) => !isIn(survivors, entry))
      .map(
        ({ line, is }) => `${file}: This is explained and does not survive.\n- ${line}\n+ ${is}`,
      ),
  ]
}
