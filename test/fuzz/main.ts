/**
 * `make fuzz`: every target in turn, for some minutes. A turn is a process of its own, so that a
 * crash or a hang is noticed like any other failure. ONLY and the SEED of a turn repeat it.
 */

import { spawnSync } from 'node:child_process'
import { environment } from '../helpers/environment.ts'
import { TARGETS } from './targets.ts'

/** How long a turn is, in ms, and at least. */
const TURN = 15_000
const SHORTEST = 1_000
/** How much longer it may take: it ends with the cases that it is in. */
const GRACE = 60_000

/** How often cases ended in each way. */
type Outcomes = Record<string, number>

const say = (text: string) => process.stdout.write(`${text}\n`)

/** In the process of a turn: tries one target, and prints how its cases ended. */
async function turn(name: string, firstSeed: number, ms: number): Promise<void> {
  const outcomes: Outcomes = {}
  const { cases = 0, fuzz } = TARGETS[name] ?? {}
  const tell = (outcome: string) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  const end = performance.now() + ms
  for (let seed = firstSeed; seed === firstSeed || performance.now() < end; seed++)
    await fuzz?.({ seed, numRuns: cases }, tell)
  // what a hostile server left open does not keep the process
  process.stdout.write(JSON.stringify(outcomes), () => process.exit())
}

/** Runs a turn to its end. The process ends with 1 if the turn fails. */
function take(name: string, seed: number, ms: number): Outcomes {
  const args = [...process.execArgv, import.meta.filename, name, `${seed}`, `${ms}`]
  const { status, signal, stdout } = spawnSync(process.execPath, args, {
    ...{ timeout: ms + GRACE, killSignal: 'SIGKILL' },
    ...{ stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
  })
  if (status === 0) return JSON.parse(stdout)
  if (signal === 'SIGKILL') say(`${name} hangs`)
  say(`\nFAILED. To see it again: make fuzz ONLY=${name} SEED=${seed}`)
  process.exit(1)
}

function main(): void {
  const { minutes, seed } = environment(10)
  const only = process.env['ONLY'] || null
  const names = Object.keys(TARGETS)
  const tried = names.filter((name) => only === null || name === only)
  if (tried.length === 0) {
    say(`There is no ${only}; there are ${names.join(', ')}.`)
    process.exit(2)
  }
  say(`make fuzz MINUTES=${minutes} SEED=${seed}`)
  const turns: [name: string, Outcomes][] = []
  const end = performance.now() + minutes * 60_000
  const left = () => end - performance.now()
  // a short run has all targets in its one round
  for (let round = 0; round === 0 || left() > 0; round++)
    for (const [i, name] of tried.entries()) {
      if (round > 0 && left() <= 0) break
      const ms = Math.max(Math.min(TURN, left() / (tried.length - i)), SHORTEST)
      // room for the seeds that a turn counts up
      turns.push([name, take(name, seed + round * 100_000, ms)])
    }
  for (const name of tried) {
    const total: Outcomes = {}
    for (const [, outcomes] of turns.filter(([tried]) => tried === name))
      for (const [outcome, times] of Object.entries(outcomes))
        total[outcome] = (total[outcome] ?? 0) + times
    const counts = Object.entries(total).sort(([, a], [, b]) => b - a)
    const sum = counts.reduce((sum, [, count]) => sum + count, 0)
    const list = counts.map(([outcome, count]) => `${outcome} ${count}`).join(', ')
    say(`\n${sum} cases of ${TARGETS[name]?.name}:\n  ${list}`)
  }
}

const [, , name, seed, ms] = process.argv
if (name === undefined) main()
else await turn(name, Number(seed), Number(ms))
