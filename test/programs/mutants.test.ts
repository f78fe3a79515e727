/** `make mutants`, on a project of one line. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { folderForEach } from '../helpers/files.ts'
import { type Equivalent, equivalents } from '../mutants/equivalent.ts'
import { run } from '../mutants/run.ts'
import { ROOMS } from '../mutants/subjects.ts'

const project = path.resolve(import.meta.dirname, '../..')
const at = folderForEach()
const LINE = "export const nameOf = (age: number) => (age >= 18 ? 'adult' : 'child')"

const TEST = `import { equal } from 'node:assert/strict'
import { it } from 'node:test'
import { nameOf } from '../src/age.ts'
it('names ages', () => { equal(nameOf(3), 'child'); equal(nameOf(40), 'adult') })
`

beforeEach(() => {
  for (const name of ['node_modules', 'package.json', 'package-lock.json'])
    fs.symlinkSync(path.join(project, name), path.join(at(), name))
  for (const name of ['loader.js', 'helpers/types-away.js', 'mutants/setup.ts'])
    fs.cpSync(path.join(project, 'test', name), path.join(at(), 'test', name))
  fs.mkdirSync(path.join(at(), 'src'))
  fs.writeFileSync(path.join(at(), 'src/age.ts'), `${LINE}\n`)
  fs.writeFileSync(at('test/age.test.ts'), TEST)
  process.chdir(at())
})
afterEach(() => process.chdir(project))

async function mutants(explained: readonly Equivalent[] = []) {
  const said: string[] = []
  const rooms = [{ atLeast: 95, tests: { 'src/age.ts': ['test/age.test.ts'] } }]
  const problems = await run(rooms, explained, 'src', (text) => said.push(text))
  return { problems, said: said.join('\n') }
}

const BORDER = { file: 'src/age.ts', line: LINE }

describe('make mutants', () => {
  it('has tests and reasons for what there is', () => {
    const read = (file: string) => fs.readFileSync(path.join(project, file), 'utf8')
    for (const { tests } of ROOMS) for (const file of Object.entries(tests).flat(2)) read(file)
    for (const { file, line } of equivalents()) {
      const lines = read(file).split('\n')
      assert.ok(
        lines.some((one) => one.trim() === line),
        `${file}: ${line}`,
      )
    }
  })

  const slow = process.env['SLOW'] !== '1' && 'it starts Node forty times: SLOW=1 runs it'
  it('reports a change that no test notices unless it is explained, and too few that are noticed', {
    skip: slow,
  }, async () => {
    const first = await mutants()
    assert.match(first.said, /src\/age\.ts: 6 of 7 noticed/)
    assert.match(
      first.said,
      /src\/age\.ts:1 EqualityOperator\n- .+\n\+ age > 18\nEvery test passes/,
    )
    assert.match(first.said, /85\.7 % noticed, expected 95 %/)
    assert.equal(first.problems, 2)

    const explained = await mutants([{ ...BORDER, is: 'age > 18' }])
    assert.match(explained.said, /85\.7 % noticed, expected 95 %/)
    assert.equal(explained.problems, 1)
    const idle = await mutants([{ ...BORDER, is: 'age < 18' }])
    assert.match(idle.said, /is explained and does not survive\.\n- .+\n\+ age < 18/)
    assert.equal(idle.problems, 3)
  })
})
