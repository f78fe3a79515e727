/** The assignment, `src/classroom/exercise/README.md`: its commands run, its scripts can be read, and its options are those of the command. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { CLAUSES } from '../../src/classroom/exercise/clauses/all.ts'
import { writeStarter } from '../../src/classroom/exercise/starter/starter.ts'
import { sharedProcess } from '../helpers/command.ts'
import { documentAt, fences, root, shellLines } from '../helpers/documents.ts'
import { folderForAll } from '../helpers/files.ts'

const { text } = documentAt('src/classroom/exercise/README.md')
const at = folderForAll()
const run = sharedProcess()

/** The words of a line that a shell would give to node dist/main.js. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word)
  assert.deepEqual(words.splice(0, 2), ['node', 'dist/main.js'], line)
  return words
}

/** Runs a line of the README in `cwd`, with these words behind it. */
const type = (line: string | undefined, cwd: string, ...more: string[]) =>
  run([...wordsOf(line ?? ''), ...more], { cwd })

describe('the assignment', () => {
  const [starter, start, list, vectors, ...others] = shellLines(text, 'The assignment')

  it('has a command that writes a starter, and one that examines it', async () => {
    assert.equal(others.length, 0)
    const { code, output } = await type(starter, at())
    assert.equal(code, 0, output)
    const line = fs.readFileSync(at('my-peer', 'start'), 'utf8').trim()
    assert.deepEqual(wordsOf(start ?? ''), ['exercise', '--start', line])
    await writeStarter('javascript', at('other'))
    fs.symlinkSync(path.join(root, 'node_modules'), at('other', 'node_modules'))
    const other = start?.replace('python3 peer.py', 'node peer.js')
    const examined = await type(other, at('other'), '--only', 'keys/1,keys/4')
    assert.equal(examined.code, 0, examined.output + examined.errors)
  })

  it('has commands that list all clauses and print vectors', async () => {
    const { output } = await type(list, at())
    for (const { id } of CLAUSES.filter(({ suites }) => !suites)) assert.ok(output.includes(id), id)
    const { testGroups } = JSON.parse((await type(vectors, at())).output)
    assert.ok(testGroups.length > 3)
  })

  it('has every option of the command, and no other', async () => {
    const optionsIn = (text: string) => new Set(text.match(/--[a-z][a-z0-9-]*/g))
    const { output } = await run(['exercise', '--help'])
    const [, table = ''] = text.split('| option | |')
    const options = optionsIn(table.split('\n\n')[0] ?? '')
    const told = optionsIn(output.replace(/^.*--help.*$/gm, ''))
    assert.deepEqual([...options].sort(), [...told].sort())
  })

  it('names clauses that there are', () => {
    const ids = new Set(CLAUSES.map(({ id }) => id))
    for (const [, id = ''] of text.matchAll(/`([a-z]+\/\d+)`/g)) assert.ok(ids.has(id), id)
  })
})

describe('what a teacher pastes', () => {
  const noBash = spawnSync('bash', ['--version']).status === 0 ? false : 'there is no bash here'

  it('is a script that bash can read', { skip: noBash }, () => {
    const scripts = fences(text, 'bash')
    assert.equal(scripts.length, 3)
    for (const input of scripts) {
      const { status, stderr } = spawnSync('bash', ['-n'], { input, encoding: 'utf8' })
      assert.deepEqual([status, stderr], [0, ''])
    }
  })

  it('grades a class, a row a folder', async () => {
    const [line = '', ...others] = shellLines(text, 'For teachers')
    assert.equal(others.length, 0)
    for (const name of ['ana', 'ben']) {
      fs.mkdirSync(at(name))
      fs.writeFileSync(at(name, 'start'), 'node no-such-file.js {port} {peer} {curve} {state}\n')
    }
    const { output, errors } = await type(line, at())
    const [head = '', ...rows] = fs.readFileSync(at('class.csv'), 'utf8').trim().split('\r\n')
    const [told = ''] = /(?<=`--csv` writes)[^.]*/.exec(text) ?? []
    const columns = [...told.matchAll(/`(\w+)`/g)].map(([, column]) => column ?? '')
    assert.ok(columns.length > 8, output + errors)
    assert.deepEqual(
      head.split(',').filter((column) => !/^stage[2-5]$/.test(column)),
      columns,
    )
    assert.deepEqual(
      rows.map((row) => row.split(',')[0]),
      ['ana', 'ben'],
    )
  })
})
