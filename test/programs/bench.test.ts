/** That the bench measures: a round of its quickest row. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { type Aim, figureOf } from '../bench/measure.ts'
import { linesOf } from '../bench/table.ts'

const root = path.resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

describe('the bench', () => {
  const slow = process.env['SLOW'] !== '1' && 'a round of one row takes seconds: SLOW=1 has it'
  it('gives a figure beside its reference, for machines too', { skip: slow }, async () => {
    const program = ['--import', './test/loader.js', 'test/bench/run.ts']
    const args = ['--json', '--rounds', '1', '--only', 'mail']
    const { stdout } = await run(process.execPath, [...program, ...args], { cwd: root })
    const { figures, machine, load, skipped } = JSON.parse(stdout)
    assert.deepEqual(new Set(figures.map(({ row }: { row: string }) => row)), new Set(['mail']))
    for (const { ours, reference, compared } of figures)
      for (const spread of [ours, reference, compared]) {
        assert.ok(spread.median > 0)
        assert.equal(spread.samples.length, 1)
      }
    assert.deepEqual(skipped, {})
    assert.equal(machine.node, process.version)
    assert.equal(load.length, 2)
  })

  it('shows a line to people, and says if its aim is missed', () => {
    const figure = (aim: Aim) =>
      figureOf({
        what: 'tea',
        beside: 'water',
        unit: 'ms',
        aim,
        ours: [3, 1, 2.2],
        reference: [2, 1, 2],
      })
    assert.match(
      linesOf(figure({ atMost: 1.15 })),
      /^tea +2\.20 ms +2\.00 ms +1\.10 +\(1\.00 to 1\.50\) {2}≤ 1\.15\n {2}beside water$/,
    )
    assert.match(linesOf(figure({ atLeast: 1.2 })), / {2}≥ 1\.2 {2}MISSED\n/)
    assert.match(linesOf(figure({ atMostOfIt: 2 })), / {2}≤ 2 ms {2}MISSED\n/)
    assert.match(
      linesOf(figure({ atMostMore: 0.1 })),
      / \+0 +\(\+0 to \+1\) {2}≤ \+0\.1 MiB {2}MISSED\n/,
    )
  })
})
