/** The runner of `make mutants`, on a project of three lines. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, it } from 'node:test'
import { folderForEach } from '../helpers/files.ts'
import type { Equivalent } from '../mutants/equivalent.ts'
import { run } from '../mutants/run.ts'

const project = path.resolve(import.meta.dirname, '../..')
const at = folderForEach()
let root: string

beforeEach(() => {
  root = at()
  for (const name of ['node_modules', 'package.json', 'package-lock.json', 'tsconfig.json'])
    fs.symlinkSync(path.join(project, name), path.join(root, name))
  fs.cpSync(path.join(project, 'test/mutants'), path.join(root, 'test/mutants'), {
    recursive: true,
  })
  fs.mkdirSync(path.join(root, 'test/helpers'))
  fs.mkdirSync(path.join(root, 'src'))
  fs.writeFileSync(path.join(root, 'src/age.ts'), AGE)
})

const AGE = `export const isAdult = (age: number) => age >= 18
export function nameOf(age: number) {
  return isAdult(age) ? 'adult' : 'child'
}
`

/** Writes the test, with these `ages` in it and the names that they have. */
function test(ages: Record<number, string>): void {
  const lines = Object.entries(ages).map(
    ([age, name]) => `  it('at ${age}', () => assert.equal(nameOf(${age}), '${name}'))`,
  )
  fs.writeFileSync(
    path.join(root, 'test/age.test.ts'),
    `import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nameOf } from '../src/age.ts'
describe('the name of an age', () => {
${lines.join('\n')}
})
`,
  )
}

async function mutants(explained: readonly Equivalent[] = []) {
  const said: string[] = []
  const { problems, tried } = await run({
    root,
    only: 'src',
    say: (text) => said.push(text),
    subjects: [{ source: 'src/age.ts', tests: ['age.test.ts'], atLeast: 95 }],
    explained,
  })
  return { problems, tried, said: said.join('\n') }
}

const BORDER = { file: 'src/age.ts', line: 'export const isAdult = (age: number) => age >= 18' }

describe('make mutants', () => {
  it('reports a change that no test notices until one does or it is explained, and tries again only what it has to', async () => {
    test({ 3: 'child', 40: 'adult' })
    const first = await mutants()
    assert.match(first.said, /src\/age\.ts:1 .+\n.+\n {4}age >= 18 → age > 18\n/)
    assert.match(first.said, /src\/age\.ts +8 +\d+ +\d+ +1 +0 +87\.5 %/)
    assert.deepEqual([first.problems, first.tried], [2, 8])

    const second = await mutants()
    assert.ok(first.said.endsWith(second.said), second.said)
    assert.deepEqual([second.problems, second.tried], [2, 0])

    const explained = await mutants([{ ...BORDER, is: 'age > 18' }])
    assert.equal(explained.problems, 1)
    assert.match(explained.said, /87\.5 % killed, expected 95 %/)
    const idle = await mutants([{ ...BORDER, is: 'age < 18' }])
    assert.match(idle.said, /with `age < 18` is explained .+ and does not survive/)

    test({ 3: 'child', 18: 'adult' })
    const third = await mutants()
    assert.match(third.said, /src\/age\.ts +8 +\d+ +\d+ +0 +0 +100\.0 %/)
    assert.equal(third.problems, 0)
  })

  it('says which test fails without any mutant', async () => {
    test({ 3: 'adult' })
    await assert.rejects(
      mutants(),
      /Without any mutant: age\.test\.ts: the name of an age › at 3 fails/,
    )
  })
})
