/** That the bench measures: a round of its quickest row. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'

const root = path.resolve(import.meta.dirname, '..')
const run = promisify(execFile)
const bench = (...args: string[]) =>
  run(process.execPath, ['--import', 'tsx', path.join('test', 'bench', 'run.ts'), ...args], {
    cwd: root,
  })

describe('the bench', () => {
  it('gives a figure beside its reference, for machines too', async () => {
    const { stdout } = await bench('--json', '--rounds', '1', '--only', 'receive')
    const { figures, machine, load, skipped } = JSON.parse(stdout)
    assert.deepEqual(
      figures.map(({ row }: { row: string }) => row),
      ['receive'],
    )
    for (const { ours, reference, compared } of figures)
      for (const spread of [ours, reference, compared]) {
        assert.ok(spread.median > 0)
        assert.equal(spread.samples.length, 1)
      }
    assert.deepEqual(skipped, {})
    assert.equal(machine.node, process.version)
    assert.equal(load.length, 2)
  })

  it('shows a table to people', async () => {
    const { stdout } = await bench('--rounds', '1', '--only', 'receive')
    assert.match(
      stdout,
      /^receiving sealed messages of 1 KiB +\d+ a second +\d+ a second +\d+\.\d\d /m,
    )
    assert.match(stdout, /^load average: /m)
  })

  it('says which rows there are to who asks for another', () =>
    assert.rejects(bench('--only', 'tea'), ({ code, stderr }) => {
      assert.equal(code, 2)
      assert.match(stderr, /^bench: --only exchange, messages, /)
      return true
    }))
})
