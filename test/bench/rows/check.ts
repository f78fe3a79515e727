/** `check` of the sixty transcripts of a class: the processor's time, which another program's work does not change. */

import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { classOf } from '../../helpers/class.ts'
import { MAIN } from '../../helpers/command.ts'
import { type Figure, figureOf, inTurn, type Row } from '../measure.ts'

const PAIRS = 30
const execute = promisify(execFile)
/** Prints at its end how long the processor worked, in ms. */
const COUNTS =
  "process.on('exit', () => { const { user, system } = process.cpuUsage(); process.stderr.write(String((user + system) / 1000)) })"

export const check: Row = async ({ rounds, folder }) => {
  const figures: Figure[] = []
  for (const [what, isLong, ms] of [
    ['check of 60 transcripts', false, 500],
    ['of 60 with 1,300 records behind each', true, 3000],
  ] as const) {
    const place = path.join(folder, `class-${isLong}`)
    for (const [i, pair] of classOf(PAIRS, { isLong }).entries()) {
      fs.mkdirSync(path.join(place, `${i}`), { recursive: true })
      for (const [side, text] of pair.entries())
        fs.writeFileSync(path.join(place, `${i}`, `${side}.json`), text)
    }
    const { ours } = await inTurn(rounds, { ours: () => msOf([MAIN, 'check', place]) })
    figures.push(
      figureOf({
        what,
        beside: "what it may take of the processor's time",
        unit: 'ms',
        aim: { atMost: 1 },
        ours,
        reference: ours.map(() => ms),
      }),
    )
  }
  return figures
}

async function msOf(args: readonly string[]): Promise<number> {
  const counts = `data:text/javascript,${encodeURIComponent(COUNTS)}`
  const { stderr } = await execute(process.execPath, ['--import', counts, ...args])
  return Number(stderr)
}
