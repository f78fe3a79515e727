/** `make soak`: runs peers over a faulty wire for some minutes, and says what happened. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { environment, environmentSuite, environmentTexts } from '../helpers/environment.ts'
import { lineThrough } from './line.ts'
import type { Sample } from './program.ts'
import { Soak } from './soak.ts'

const { minutes: MINUTES, seed: SEED } = environment(5)
const TEXTS = environmentTexts()
const CURVE = environmentSuite()

const MIB = 2 ** 20
/** How long each storm is, in ms. */
const STORM = TEXTS === null ? Math.min(Math.max(MINUTES * 2_000, 2_000), 10_000) : 20_000
/** How long, in minutes, a process is left to settle. */
const SETTLING = 0.5
/**
 * What is in use, and what the system counts, which also has what the engine freed and keeps: for
 * how many minutes it has to be watched, and by how many MiB a minute it may grow then.
 */
const MEMORY = {
  live: { name: 'in use', watched: 1, growth: 1 },
  rss: { name: 'resident', watched: 5, growth: 6 },
} as const
/** What is resident is never more, in MiB. */
const MOST = 192

const say = (text: string) => process.stdout.write(`${text}\n`)
const row = (name: string, what: string) => say(`  ${name.padEnd(14)}${what}`)

/** "total: what count, what count", the most frequent first. */
function listOf(counts: Iterable<readonly [string, number]>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  const total = sorted.reduce((sum, [, count]) => sum + count, 0)
  return `${total}: ${sorted.map(([what, count]) => `${what} ${count}`).join(', ')}`
}

function table({ minute, rounds, scene }: Soak): void {
  const { faults, ledger, restarts, steps } = scene
  say(`\n${rounds} rounds of storm and calm in ${minute.toFixed(1)} minutes`)
  for (const step of new Set([...steps.keys()].map((what) => what.split(' ')[0] ?? ''))) {
    const ends = [...steps].filter(([what]) => what.startsWith(`${step} `))
    row(step, listOf(ends.map(([what, count]) => [what.slice(step.length + 1), count])))
  }
  row('requests', listOf(faults))
  const { kill, stop } = restarts
  row('restarts', `${kill + stop}: SIGKILL ${kill}, SIGTERM ${stop}`)
  const { texts, pictures, mail } = ledger
  const { counts } = texts
  row(
    'texts',
    `${counts.handed} handed in, ${counts.opened} opened; ${counts.refused} times refused, ${counts.unanswered} without an answer`,
  )
  row('messages', `${listOf(texts.fates())}; ${scene.copies} more copies`)
  row(
    'pictures',
    `${pictures.handed} handed in, ${pictures.accepted} accepted, ${pictures.arrived} whole on the disk`,
  )
  row(
    'letters',
    `${mail.handed} handed in, ${mail.accepted} stored, ${mail.arrived} printed, ${mail.again} of them once more after a kill, ${mail.aside} changed ones set aside`,
  )
}

/** The samples of the longest life, without those of its first time, if there are later ones. */
function settled(samples: readonly Sample[]): Sample[] {
  const lives = [...new Set(samples.map(({ life }) => life))]
  const byLife = lives.map((life) => samples.filter((sample) => sample.life === life))
  const [longest = []] = byLife.sort((one, two) => two.length - one.length)
  const from = (longest[0]?.minute ?? 0) + SETTLING
  const later = longest.filter(({ minute }) => minute > from)
  return later.length > 0 ? later : longest.slice(-1)
}

/** Says how a process's memory went. Returns whether it grew beyond doubt (two standard errors), or is too much. */
function grew(name: string, samples: readonly Sample[]): boolean {
  const [first, last] = [samples.at(0), samples.at(-1)]
  const minutes = (last?.minute ?? 0) - (first?.minute ?? 0)
  let isOver = Math.max(...samples.map(({ rss }) => rss)) > MOST * MIB
  for (const kind of ['live', 'rss'] as const) {
    const { name: what, watched, growth } = MEMORY[kind]
    const [from, to] = [first, last].map((sample) => ((sample?.[kind] ?? 0) / MIB).toFixed(1))
    const line = lineThrough(samples.map((sample) => [sample.minute, sample[kind] / MIB]))
    if (line === null) {
      row(name, `${to} MiB ${what}`)
      continue
    }
    const isTelling = minutes >= watched
    const limit = isTelling ? `at most ${growth}` : `tells nothing before ${watched} minutes`
    const slope = `${line.slope.toFixed(2)} ± ${line.error.toFixed(2)} MiB a minute`
    row(name, `${from} to ${to} MiB ${what} in ${samples.length} calms: ${slope}, ${limit}`)
    isOver ||= isTelling && line.slope - 2 * line.error > growth
  }
  return isOver
}

say(
  `make soak ${TEXTS === null ? `MINUTES=${MINUTES}` : `TEXTS=${TEXTS}`} SEED=${SEED} CURVE=${CURVE}`,
)
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-soak-'))
const soak = new Soak({ seed: SEED, curve: CURVE, folder, texts: TEXTS })
const { scene } = soak
let interruption: string | null = null
const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      interruption = signal
      reject(new Error(signal))
    })
})
const progress = () => {
  const { texts, pictures, mail } = scene.ledger
  const time = soak.minute.toFixed(1).padStart(5)
  say(
    `${time} minutes: ${texts.counts.opened} texts, ${pictures.arrived} pictures, ${mail.arrived} letters`,
  )
}
try {
  await Promise.race([soak.run(MINUTES, STORM, progress), scene.failed, interrupted])
  table(soak)
  const watched = scene.peers.flatMap(({ name, peer, watcher }) => [
    { name: `peer ${name}`, samples: peer.samples },
    { name: `watcher ${name}`, samples: watcher.samples },
  ])
  const grown = watched.filter(({ name, samples }) => grew(name, settled(samples)))
  const slowest = Math.max(...scene.programs.map(({ slowestEnd }) => slowestEnd))
  row('SIGTERM', `${slowest.toFixed()} ms until the slowest end`)
  assert.deepEqual(
    grown.map(({ name }) => name),
    [],
    `memory grows, or is more than ${MOST} MiB`,
  )
  say(`
Of every text it was told what became of it. What was told as arrived was opened once, unless it was
lost unread with its receiver; what may have arrived at most once; and what was refused never.
Every picture that was answered with 201 was whole on the disk, and nothing else was there. Every
letter that was stored was printed, once but for the one that a watcher was killed over.
/send_keys on both, once, always made a session. Descriptors and timers were let go. No secret was
found outside the terminals.`)
} catch (error) {
  const what = error instanceof Error ? error.stack : error
  const how = interruption ?? `FAILED with SEED=${SEED}: ${what}`
  say(`\nAfter ${soak.minute.toFixed(1)} minutes: ${how}`)
  process.exitCode = 1
} finally {
  await scene.close()
  fs.rmSync(folder, { recursive: true, force: true })
}
// a step that nobody waits for any more may still be under way
process.exit()
