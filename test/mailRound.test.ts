/** Mail from A to B and from B to A, by the commands of its README. */

import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { textsIn, until } from './helpers/mail.ts'
import { freePorts } from './helpers/ports.ts'

const root = path.resolve(import.meta.dirname, '..')
const readme = fs.readFileSync(path.join(root, 'src/mailbox/README.md'), 'utf8')
const run = promisify(execFile)

/** A checkout to work in, with nothing kept in it. */
let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-round-'))
  for (const name of ['Makefile', 'dist', 'src'])
    fs.symlinkSync(path.join(root, name), path.join(folder, name))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

/** Runs a command until it has said `ready`, then `use` beside it, and ends it as Ctrl-C does. */
async function beside(
  command: string,
  ready: RegExp,
  use: (output: () => string) => Promise<void>,
): Promise<void> {
  // a group of its own: all that a terminal's signal would reach
  const child = spawn('sh', ['-c', command], { cwd: folder, detached: true })
  let text = ''
  const output = () => text
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (more) => {
      text += more
    })
  const closed = once(child, 'close')
  try {
    await until(() => ready.test(text), output)
    await use(output)
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT')
    await closed
  }
}

const STARTED = /to begin/
const WATCHING = /watching/

describe('the README of mail', () => {
  const noMake = spawnSync('make', ['--version']).status === 0 ? false : 'there is no make here'
  // what is built is not built again beside other tests
  const MAKE = 'make --silent -o dist/main.js'
  const lines = readme.split('\n').filter((line) => line.startsWith('    '))
  const targets = lines.map((line) => line.trim())

  it('has the same make targets for B as for A', { skip: noMake }, async () => {
    const [serverA, watcherA, serverB, watcherB] = targets.map((line) => line.replace('make ', ''))
    const recipes = async (words: string) =>
      (await run('sh', ['-c', `${MAKE} -n ${words}`], { cwd: folder })).stdout
    const ofA = await recipes(`${serverA} ${watcherA}`)
    assert.match(ofA, /keygen .*--port 5000 .*\/a\/mail.*watch .*\/a\/mail/s)
    const swapped = ofA
      .replaceAll(/(?<=\/)a\b/g, 'b')
      .replaceAll(/500[01]/g, (port) => (port === '5000' ? '5001' : '5000'))
    assert.equal(await recipes(`${serverB} ${watcherB}`), swapped)
  })

  it('sends a text each way: A has the make targets, and B the commands behind them', {
    skip: noMake,
  }, async () => {
    const [a, b] = await freePorts(2)
    const make = `${MAKE} PORT_A=${a} PORT_B=${b} `
    assert.equal(targets.length, 6)
    const [serverA = '', watcherA = '', , , ...sending] = targets.map((line) =>
      line.replace('make ', make),
    )
    const [, fence = ''] = /```sh\n([\s\S]*?)```/.exec(readme) ?? []
    const behind = fence
      .replaceAll(/500[01]/g, (port) => `${port === '5000' ? b : a}`)
      .trimEnd()
      .split('\n')
    assert.equal(behind.length, 4)
    const [keygen = '', serverB = '', watcherB = '', send = ''] = behind
    await run('sh', ['-c', keygen], { cwd: folder })
    await beside(serverA, STARTED, (storedByA) =>
      beside(watcherA, WATCHING, (readByA) =>
        beside(serverB, STARTED, (storedByB) =>
          beside(watcherB, WATCHING, async (readByB) => {
            for (const command of sending) {
              const { stdout } = await run('sh', ['-c', command], { cwd: folder })
              assert.equal(JSON.parse(stdout).stored, true)
            }
            const { stderr } = await run('sh', ['-c', send], { cwd: folder })
            assert.equal(stderr, '', 'with the key in a file none is asked for')
            for (const [read, texts] of [
              [readByB, ['Meet me at noon', 'Meet me at noon']],
              [readByA, ['I will be there']],
            ] as const) {
              await until(() => textsIn(read()).length >= texts.length, read)
              assert.deepEqual(textsIn(read()), texts)
            }
            for (const stored of [storedByA, storedByB]) {
              assert.match(stored(), /← {2}mail {18}[0-9a-f]{64} {2}63 bytes, sealed\n/)
              assert.doesNotMatch(stored(), /noon|there/)
            }
          }),
        ),
      ),
    )
  })
})
