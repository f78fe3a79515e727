/** `make soak`: runs peers over a faulty wire for some minutes, and says what happened. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { environment } from '../helpers/environment.ts'
import { lineThrough } from './line.ts'
import { type Sample, Soak } from './soak.ts'

const { minutes: MINUTES, seed: SEED } = environment(5)
const CURVE = process.env['CURVE'] || 'X25519'

const MIB = 2 ** 20
/** How long each storm is, in ms. */
const STORM = Math.min(Math.max(MINUTES * 2_000, 2_000), 10_000)
/** How long, in minutes, a process is left to settle, and how long it has to be watched then. */
const SETTLING = 0.5
const WATCHED = 1
/** How fast memory may grow, in MiB a minute: what is in use, and what the system counts. */
const MAX_SLOPE = { live: 1, rss: 6 }

const say = (text: string) => process.stdout.write(`${text}\n`)
const row = (name: string, what: string) => say(`  ${name.padEnd(14)}${what}`)

async function run(soak: Soak): Promise<void> {
  await soak.start()
  for (let share = 0; share < 1; share = soak.minute / MINUTES) {
    // each process lives for almost half of the run, so that its memory can be followed
    await soak.storm(STORM, share < 0.45 ? [1] : share < 0.9 ? [0] : [0, 1])
    await soak.check()
    const { messages, pictures } = soak.ledger
    say(
      `  ${soak.minute.toFixed(1).padStart(5)} minutes: ${messages.arrived} messages, ${pictures.arrived} pictures`,
    )
  }
  await soak.end()
}

/** "total: what count, what count", the most frequent first. */
function listOf(counts: Iterable<readonly [string, number]>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  const total = sorted.reduce((sum, [, count]) => sum + count, 0)
  return `${total}: ${sorted.map(([what, count]) => `${what} ${count}`).join(', ')}`
}

function table({ faults, ledger, minute, restarts, rounds, steps }: Soak): void {
  say(`\n${rounds} rounds of storm and calm in ${minute.toFixed(1)} minutes`)
  for (const step of ['send_keys', 'send_msg', 'send_image', 'decrypt_msg', 'show']) {
    const ends = [...steps].filter(([what]) => what.startsWith(`${step} `))
    row(step, listOf(ends.map(([what, count]) => [what.slice(step.length + 1), count])))
  }
  row('requests', listOf(faults))
  row(
    'restarts',
    listOf([
      ['SIGKILL', restarts.kill],
      ['SIGTERM', restarts.stop],
    ]),
  )
  const { messages, pictures } = ledger
  row(
    'messages',
    `${messages.handed} handed in, ${messages.accepted} accepted, ${messages.arrived} opened, ${messages.lost} lost with their receiver`,
  )
  row(
    'pictures',
    `${pictures.handed} handed in, ${pictures.accepted} accepted, ${pictures.arrived} whole on the disk`,
  )
}

/** The samples of the longest life, without those of its first time. */
function settled(samples: readonly Sample[]): Sample[] {
  const lives = [...new Set(samples.map(({ life }) => life))]
  const byLife = lives.map((life) => samples.filter((sample) => sample.life === life))
  const [longest = []] = byLife.sort((one, two) => two.length - one.length)
  const from = (longest[0]?.minute ?? 0) + SETTLING
  return longest.filter(({ minute }) => minute > from)
}

/** Says how a process's memory went. Returns whether it grew beyond doubt: two standard errors. */
function grew(name: string, samples: readonly Sample[]): boolean {
  const [first, last] = [samples.at(0), samples.at(-1)]
  if (!first || !last || last.minute - first.minute < WATCHED) {
    row(`memory of ${name}`, 'no process lived long enough to say whether it grows')
    return false
  }
  const kinds = { live: 'in use', rss: 'resident' } as const
  const over = (Object.keys(kinds) as (keyof typeof kinds)[]).filter((kind) => {
    const line = lineThrough(samples.map((sample) => [sample.minute, sample[kind] / MIB]))
    const { slope, error } = line ?? { slope: 0, error: 0 }
    const [from, to] = [first, last].map((sample) => (sample[kind] / MIB).toFixed(1))
    const limit = MAX_SLOPE[kind]
    row(
      `memory of ${name}`,
      `${from} to ${to} MiB ${kinds[kind]}: ${slope.toFixed(2)} ± ${error.toFixed(2)} MiB a minute, at most ${limit} (${samples.length} calms)`,
    )
    return slope - 2 * error > limit
  })
  return over.length > 0
}

say(`make soak MINUTES=${MINUTES} SEED=${SEED} CURVE=${CURVE}`)
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-soak-'))
const soak = new Soak({ seed: SEED, curve: CURVE, folder })
const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => reject(new Error(signal)))
})
try {
  await Promise.race([run(soak), soak.failed, interrupted])
  table(soak)
  const grown = soak.peers.filter(({ name, samples }) => grew(name, settled(samples)))
  const slowest = Math.max(...soak.peers.map(({ program }) => program.slowestEnd))
  row('SIGTERM', `${slowest.toFixed()} ms until the slowest end`)
  assert.deepEqual(
    grown.map(({ name }) => name),
    [],
    'memory grows',
  )
  say(`
Every message that was answered with 201 was opened, unless its receiver ended first; none was
opened twice. Every picture that was answered with 201 was whole on the disk, and nothing else
was there. /send_keys on both, once, always made a session. Descriptors and timers were let go.
No secret was found outside the terminals.`)
} catch (error) {
  say(
    `\nFAILED after ${soak.minute.toFixed(1)} minutes with SEED=${SEED}: ${error instanceof Error ? error.stack : error}`,
  )
  process.exitCode = 1
} finally {
  await soak.close()
  fs.rmSync(folder, { recursive: true, force: true })
}
// a step that nobody waits for any more may still be under way
process.exit()
