/**
 * `make bench`: what the program takes, beside a reference that does the bare minimum of the same,
 * measured in turn in one run.
 *
 * --only NAME (again for more)   --rounds N (seven)   --json
 */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Figure, Row } from './measure.ts'
import { check } from './rows/check.ts'
import { exchange } from './rows/exchange.ts'
import { exercise } from './rows/exercise.ts'
import { idle } from './rows/idle.ts'
import { mail } from './rows/mail.ts'
import { memory } from './rows/memory.ts'
import { messages } from './rows/messages.ts'
import { peers } from './rows/peers.ts'
import { age, pictures } from './rows/pictures.ts'
import { receive } from './rows/receive.ts'
import { start } from './rows/start.ts'
import { uptime } from './rows/uptime.ts'
import { heading, linesOf } from './table.ts'

const ROWS: Readonly<Record<string, Row>> = {
  exchange,
  messages,
  receive,
  mail,
  pictures,
  age,
  start,
  peers,
  memory,
  idle,
  exercise,
  check,
  uptime,
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: Object.keys(ROWS) },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const unknown = values.only.find((name) => !Object.hasOwn(ROWS, name))
if (unknown !== undefined || !(rounds >= 1)) {
  process.stderr.write(`bench: --only ${Object.keys(ROWS).join(', ')}; --rounds from 1\n`)
  process.exit(2)
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-bench-'))
process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
// so that what was started and written goes with it
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const machine = {
  processor: os.cpus()[0]?.model ?? 'unknown',
  cores: os.cpus().length,
  memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  system: `${os.type()} ${os.release()}`,
  node: process.version,
}
const say = (text: string) => {
  if (!values.json) process.stdout.write(`${text}\n`)
}
const begun = new Date().toISOString()
const load = [loadNow()]
say(heading(machine, rounds, load[0] ?? 0))
const figures: (Figure & { row: string })[] = []
const skipped: Record<string, string> = {}
for (const name of values.only) {
  const measured = (await ROWS[name]?.({ rounds, folder })) ?? 'unknown'
  load.push(loadNow())
  if (typeof measured === 'string') {
    skipped[name] = measured
    say(`${name}: skipped, ${measured}`)
    continue
  }
  figures.push(...measured.map((figure) => ({ row: name, ...figure })))
  for (const figure of measured) say(linesOf(figure))
}
say(`\nload average: ${load.map((one) => one.toFixed(1)).join(', ')} (before, and after each)`)
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ begun, machine, load, rounds, figures, skipped }, null, 2)}\n`,
  )

function loadNow(): number {
  return os.loadavg()[0] ?? 0
}
