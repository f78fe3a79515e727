/**
 * A process in the sandbox that holds test files and runs their tests, with a mutant awake or none. What it
 * is told comes as messages; each is answered before the next one comes.
 */

import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { WITHOUT } from './subjects.ts'
import { load, type Test, tests } from './suite.ts'

/** What the instrumented source looks at. */
interface Stryker {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: {
    static: Record<string, number>
    perTest: Record<string, Record<string, number>>
  }
}

/** A test, how long it takes, and how often it comes by each mutant. */
export interface Measured {
  readonly id: string
  /** In ms of processor time. */
  readonly cost: number
  readonly hits: Readonly<Record<string, number>>
  /** Why it failed without any mutant. */
  readonly failure?: string
}

/** A test for one mutant: `hits` says how often it comes by it when nothing is changed. */
export interface Chosen {
  readonly id: string
  readonly cost: number
  readonly hits: number
}

export type Order =
  | { do: 'load'; files: readonly string[] }
  | { do: 'measure' }
  | { do: 'try'; mutant: string; tests: readonly Chosen[] }

/**
 * `killed`: `by` fails with the mutant and passes without. `endless`: `by` comes by the mutant a hundred times as
 * often as without it. `spoilt`: `by` fails without the mutant as well, so something stayed behind in this process.
 */
export type Verdict =
  | { is: 'killed' | 'endless'; by: string }
  | { is: 'spoilt'; by: string }
  /** `once`: what the mutant changes was computed before, and not again with it. */
  | { is: 'survived'; once: boolean }

/** How many times as often a test may come by a mutant, and in any case. */
const ENDLESS = 100
const FEW = 10_000
/** How long a test may compute, in ms of processor time, and how many times as long as without a mutant. */
const LONGEST = 2_000
const TIMES = 10

const stryker: Stryker = {}
Object.assign(globalThis, { __stryker__: stryker })
// the text of a stack is read by nobody here, and takes longer than most tests
process.setSourceMapsEnabled(false)
Error.stackTraceLimit = 0

/** How many tests began and ended, so odd while one runs; and how long that one may take, 0 for ever. */
const clock = new Int32Array(new SharedArrayBuffer(8))
/** Ends the process when a test takes too much of the processor: nothing else gets out of an endless loop. */
const guard = new Worker(
  `const { workerData } = require('node:worker_threads')
  let turn = 0, from, at
  setInterval(() => {
    const now = Atomics.load(workerData.clock, 0)
    if (now !== turn) [turn, from, at] = [now, process.cpuUsage(), Date.now()]
    const { user, system } = process.cpuUsage(from), longest = Atomics.load(workerData.clock, 1)
    // a system call that waits for ever uses no processor
    const isLate = (user + system) / 1000 > longest || Date.now() - at > 120000 + 20 * longest
    if (longest > 0 && turn % 2 === 1 && isLate) process.kill(process.pid, 'SIGKILL')
  }, 500)`,
  { eval: true, workerData: { clock } },
)
guard.unref()

/** By its file and name, counted where two have the same. */
const named = new Map<string, Test>()

/** Whether the test passes; what it threw if it doesn't. */
async function run(id: string): Promise<{ passed: boolean; error?: unknown }> {
  Atomics.add(clock, 0, 1)
  try {
    await named.get(id)?.run()
    return { passed: true }
  } catch (error) {
    return { passed: false, error }
  } finally {
    Atomics.add(clock, 0, 1)
  }
}

/** Returns the mutants that were come by while the files were loaded. */
async function loadFiles(files: readonly string[]): Promise<string[]> {
  for (const file of files) await load(file, pathToFileURL(path.resolve('test', file)).href)
  named.clear()
  for (const test of tests) {
    const name = `${test.file}: ${test.name}`
    let id = name
    for (let n = 2; named.has(id); n++) id = `${name} (${n})`
    if (!WITHOUT[test.file]?.test(test.name)) named.set(id, test)
  }
  return Object.keys(stryker.mutantCoverage?.static ?? {})
}

async function measure(): Promise<Measured[]> {
  const measured: Measured[] = []
  for (const id of named.keys()) {
    stryker.currentTestId = id
    const from = process.cpuUsage()
    const { passed, error } = await run(id)
    const { user, system } = process.cpuUsage(from)
    measured.push({
      id,
      cost: (user + system) / 1000,
      hits: stryker.mutantCoverage?.perTest[id] ?? {},
      ...(!passed && { failure: String(error) }),
    })
  }
  stryker.currentTestId = undefined
  return measured
}

async function attempt(mutant: string, chosen: readonly Chosen[]): Promise<Verdict> {
  let once = false
  for (const { id, cost, hits } of chosen) {
    clock[1] = LONGEST + TIMES * cost
    stryker.activeMutant = mutant
    stryker.hitCount = 0
    stryker.hitLimit = ENDLESS * hits + FEW
    const { passed } = await run(id)
    const isEndless = stryker.hitCount > stryker.hitLimit
    if (hits > 0 && stryker.hitCount === 0) once = true
    if (passed) continue
    // a file that was loaded with the mutant awake keeps what it made of it
    if (process.env['MUTANT'] === undefined) {
      stryker.activeMutant = undefined
      if (!(await run(id)).passed) return { is: 'spoilt', by: id }
    }
    return { is: isEndless ? 'endless' : 'killed', by: id }
  }
  return { is: 'survived', once }
}

async function obey(order: Order): Promise<string[] | Measured[] | Verdict> {
  if (order.do === 'load') {
    stryker.activeMutant = process.env['MUTANT']
    return loadFiles(order.files)
  }
  if (order.do === 'measure') return measure()
  try {
    return await attempt(order.mutant, order.tests)
  } finally {
    stryker.activeMutant = undefined
  }
}

process.once('disconnect', () => process.exit(1))
process.on('message', async (order: Order) => {
  try {
    process.send?.(await obey(order))
  } catch (error) {
    // a file that does not load
    process.stderr.write(`${error}\n`)
    process.exit(1)
  }
})
