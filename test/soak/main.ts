/** `make soak`: runs peers over a faulty wire for some minutes, and says what happened. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { environment, environmentSuite, environmentTexts } from '../helpers/environment.ts'
import { memoryOf } from './memory.ts'
import { Soak } from './soak.ts'

const { minutes, seed } = environment(5)
const texts = environmentTexts()
const curve = environmentSuite()
/** How long each storm is, in ms. */
const STORM = texts === null ? Math.min(Math.max(minutes * 2_000, 2_000), 10_000) : 20_000

const say = (text: string) => process.stdout.write(`${text}\n`)

/** "what count, what count", the most frequent first. */
function listOf(counts: Iterable<readonly [string, number]>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  return sorted.map(([what, count]) => `${what} ${count}`).join(', ')
}

/** What was counted, a row for each of what stands before the colons. */
function table({ texts, parcels, counts }: Soak['scene']): void {
  for (const fate of texts.fates())
    counts.set(`messages: ${fate}`, 1 + (counts.get(`messages: ${fate}`) ?? 0))
  const rows = new Set([...counts.keys()].map((what) => what.slice(0, what.indexOf(':'))))
  for (const row of rows) {
    const ours = [...counts].filter(([what]) => what.startsWith(`${row}:`))
    say(`  ${row.padEnd(12)}${listOf(ours.map(([what, n]) => [what.slice(row.length + 2), n]))}`)
  }
  say(`  texts       ${listOf(Object.entries(texts.counts))}`)
  say(`  parcels     ${listOf(Object.entries(parcels.counts))}`)
}

say(
  `make soak ${texts === null ? `MINUTES=${minutes}` : `TEXTS=${texts}`} SEED=${seed} CURVE=${curve}`,
)
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-soak-'))
const soak = new Soak({ seed, curve, folder, texts })
const { scene } = soak
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => scene.fail(new Error(`It was ended by ${signal}.`)))
const time = () => `${soak.minute.toFixed(1).padStart(5)} minutes`
const progress = () =>
  say(`${time()}: ${scene.texts.counts.opened} texts, ${scene.parcels.counts.arrived} parcels`)
try {
  await Promise.race([soak.run(minutes, STORM, progress), scene.failed])
  table(scene)
  const memories = scene.programs.map(({ options, samples }) => ({
    ...options,
    ...memoryOf(samples),
  }))
  for (const { name, says } of memories) say(`  ${name}: ${says}`)
  const tooMuch = memories.filter(({ isTooMuch }) => isTooMuch)
  assert.deepEqual(
    tooMuch.map(({ name }) => name),
    [],
    'memory grows, or is too much',
  )
  say(`
Of every text it was told what became of it. What was told as arrived was opened once, unless it was
lost unread with its receiver; what may have arrived at most once; and what was refused never.
Every picture that was answered with 201 was whole on the disk, and nothing else was there. Every
letter that was stored was printed, once but for the one that a watcher was killed over.
/send_keys on both, once, always made a session. Descriptors and timers were let go. No secret was
found outside the terminals.`)
} catch (error) {
  say(
    `\nAfter ${time()}: FAILED with SEED=${seed}: ${error instanceof Error ? error.stack : error}`,
  )
  process.exitCode = 1
} finally {
  await scene.close()
  fs.rmSync(folder, { recursive: true, force: true })
}
// a step that nobody waits for any more may still be under way
process.exit()
