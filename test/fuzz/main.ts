/**
 * `make fuzz`: every target in turn, for some minutes. A turn is a process of its own, so that a
 * crash or a hang is noticed like anything else. With ONLY and the SEED of a turn, that turn again.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { environment } from '../helpers/environment.ts'
import { TARGETS } from './targets.ts'

const { minutes, seed } = environment(10)
/** How long a turn is, in ms, and at least. */
const TURN = 15_000
const SHORTEST = 1_000
/** How much longer it may take: it ends with the cases that it is in. */
const GRACE = 60_000

/** How often cases ended in each way. */
type Outcomes = Map<string, number>

const say = (text: string) => process.stdout.write(`${text}\n`)
const names = Object.keys(TARGETS)
const only = process.env['ONLY']
const isTurn = process.send !== undefined

function count(outcomes: Outcomes | undefined, outcome: string, times = 1): void {
  outcomes?.set(outcome, (outcomes.get(outcome) ?? 0) + times)
}

/** In the process of a turn: tries one target, and tells how often its cases ended in each way. */
async function turn(name: string): Promise<void> {
  // whoever started it is gone
  process.once('disconnect', () => process.exit(1))
  const outcomes: Outcomes = new Map()
  await TARGETS[name]?.fuzz(seed, { ms: minutes * 60_000 }, (outcome) => count(outcomes, outcome))
  // what it left open is nobody's concern once this has arrived
  process.send?.([...outcomes], () => process.exit())
}

/** Starts the process of a turn. Null if the turn fails. */
async function take(name: string, seed: number, ms: number): Promise<Outcomes | null> {
  const env = { ...process.env, ONLY: name, SEED: String(seed), MINUTES: String(ms / 60_000) }
  const child = fork(fileURLToPath(import.meta.url), { env })
  let outcomes: Outcomes | null = null
  child.once('message', (told) => {
    outcomes = new Map(told as [string, number][])
  })
  const hang = setTimeout(() => {
    say(`${name} hangs`)
    child.kill('SIGKILL')
  }, ms + GRACE)
  await once(child, 'close')
  clearTimeout(hang)
  return outcomes
}

async function main(): Promise<void> {
  const tried = only === undefined || only === '' ? names : names.filter((name) => name === only)
  if (tried.length === 0) {
    say(`There is no ${only}; there are ${names.join(', ')}.`)
    process.exit(2)
  }
  say(`make fuzz MINUTES=${minutes} SEED=${seed}`)
  const totals = new Map(tried.map((name): [string, Outcomes] => [name, new Map()]))
  const end = performance.now() + minutes * 60_000
  const left = () => end - performance.now()
  for (let round = 0; left() > 0; round++) {
    // room for those that a turn counts up
    const turnSeed = seed + round * 100_000
    for (const [i, name] of tried.entries()) {
      // a short run has all of them in its one round
      const ms = Math.max(Math.min(TURN, left() / (tried.length - i)), SHORTEST)
      if (round > 0 && left() <= 0) break
      const outcomes = await take(name, turnSeed, ms)
      if (outcomes === null) {
        say(`\nFAILED. To see it again: make fuzz ONLY=${name} SEED=${turnSeed}`)
        process.exit(1)
      }
      for (const [outcome, times] of outcomes) count(totals.get(name), outcome, times)
    }
  }
  for (const [name, outcomes] of totals) {
    const counts = [...outcomes].sort(([, a], [, b]) => b - a)
    const sum = counts.reduce((sum, [, count]) => sum + count, 0)
    const list = counts.map(([outcome, count]) => `${outcome} ${count}`).join(', ')
    say(`\n${sum} cases of ${TARGETS[name]?.name}:\n  ${list}`)
  }
}

await (isTurn ? turn(only ?? '') : main())
