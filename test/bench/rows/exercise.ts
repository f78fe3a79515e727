/** A whole examination of the program on X25519, four peers at the same time. */

import { CLAUSES } from '../../../src/classroom/exercise/clauses/all.ts'
import { examine } from '../../../src/classroom/exercise/run.ts'
import { type StartStudent, starterOf } from '../../../src/classroom/exercise/student.ts'
import { MAIN } from '../../helpers/command.ts'
import { figureOf, type Row } from '../measure.ts'

const WORDS = [MAIN, 'peer', '--port', '{port}', '--peer', '{peer}', '--state', '{state}']
/** A run takes half a minute, so that more of them than this are not worth their time. */
const MOST_ROUNDS = 3
const JOBS = 4

export const exercise: Row = async ({ rounds, folder }) => {
  const start = starterOf([process.execPath, ...WORDS], { cwd: folder })
  const ids = CLAUSES.filter(({ suites }) => suites === undefined).map(({ id }) => id)
  const [ours, reference]: [number[], number[]] = [[], []]
  for (let round = 0; round < Math.min(rounds, MOST_ROUNDS); round++) {
    let starts = 0
    const counted: StartStudent = (options) => {
      starts++
      return start(options)
    }
    ours.push(await examined(ids, counted))
    // keys/1 starts a peer and does little else.
    const begin = performance.now()
    let left = starts
    const work = async () => {
      while (left-- > 0) await examined(['keys/1'], start)
    }
    await Promise.all(Array.from({ length: JOBS }, work))
    reference.push(performance.now() - begin)
  }
  return [
    figureOf({
      what: 'the exercise, all stages',
      beside: 'as many starts of the same peer, four at a time',
      unit: 'ms',
      aim: { atMost: 3 },
      ours,
      reference,
    }),
  ]
}

/** How many milliseconds it takes. */
async function examined(ids: readonly string[], start: StartStudent): Promise<number> {
  const begin = performance.now()
  const report = await examine({
    ...{ curve: 'X25519', seed: 1, ids, subject: '', version: '', start, attached: null },
    ...{ jobs: JOBS, readyMs: 10_000, limitMs: 540_000, isFirstOnly: false },
  })
  const failed = report.rows.filter(({ result }) => result === 'fail' || result === 'blocked')
  if (failed.length > 0) throw new Error(`${failed[0]?.clause.id} failed: the figure says nothing.`)
  return performance.now() - begin
}
