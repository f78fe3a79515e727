/** Mail from A to B and from B to A, by the commands of its README. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, it } from 'node:test'
import { runCommand, withCommand } from '../helpers/command.ts'
import { commandsOf, documentAt, root, shellLines } from '../helpers/documents.ts'
import { folderForEach } from '../helpers/files.ts'
import { textsIn } from '../helpers/mail.ts'
import { freePorts } from '../helpers/ports.ts'
import { until } from '../helpers/until.ts'

const { text: readme } = documentAt('src/mailbox/README.md')

/** A checkout to work in, with nothing kept in it. */
const at = folderForEach()
beforeEach(() => {
  for (const name of ['Makefile', 'dist', 'src']) fs.symlinkSync(path.join(root, name), at(name))
})

const SHELL = ['sh', '-c']
/** Runs a line of a shell to its end; what it says on standard output, and on standard error. */
const run = async (line: string) => {
  const { code, output, errors } = await runCommand([line], { program: SHELL, cwd: at() })
  assert.equal(code, 0, errors)
  return [output, errors] as const
}

/** Runs a command until it has said `ready`, then `use` beside it, and ends it as Ctrl-C does. */
function beside(line: string, ready: RegExp, use: (output: () => string) => Promise<void>) {
  // a group of its own: all that a terminal's signal would reach
  const options = { program: SHELL, cwd: at(), group: true }
  return withCommand([line], options, async ({ until, output, kill, ended }) => {
    await until(ready)
    await use(output)
    kill('SIGINT')
    await ended
  })
}

const STARTED = /to begin/
const WATCHING = /watching/

describe('the README of mail', () => {
  const noMake = spawnSync('make', ['--version']).status === 0 ? false : 'there is no make here'
  // what is built is not built again beside other tests
  const MAKE = 'make --silent -o dist/main.js'
  const targets = commandsOf(readme)

  it('has the same make targets for B as for A', { skip: noMake }, async () => {
    const [serverA, watcherA, serverB, watcherB] = targets.map((line) => line.replace('make ', ''))
    const recipes = async (words: string) => (await run(`${MAKE} -n ${words}`))[0]
    const ofA = await recipes(`${serverA} ${watcherA}`)
    assert.match(ofA, /keygen .*--port "\$PORT_A" .*\/a\/mail.*watch .*\/a\/mail/s)
    const swapped = ofA
      .replaceAll(/(?<=\/)a\b/g, 'b')
      .replaceAll(/(?<=PORT_)[AB]/g, (letter) => (letter === 'A' ? 'B' : 'A'))
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
    const behind = shellLines(readme, 'The commands behind it').map((line) =>
      line.replaceAll(/500[01]/g, (port) => `${port === '5000' ? b : a}`),
    )
    assert.equal(behind.length, 4)
    const [keygen = '', serverB = '', watcherB = '', send = ''] = behind
    await run(keygen)
    await beside(serverA, STARTED, (storedByA) =>
      beside(watcherA, WATCHING, (readByA) =>
        beside(serverB, STARTED, (storedByB) =>
          beside(watcherB, WATCHING, async (readByB) => {
            for (const command of sending) {
              const [output] = await run(command)
              assert.equal(JSON.parse(output).stored, true)
            }
            const [, errors] = await run(send)
            assert.equal(errors, '', 'with the key in a file none is asked for')
            for (const [read, texts] of [
              [readByB, ['Meet me at noon', 'Meet me at noon']],
              [readByA, ['I will be there']],
            ] as const) {
              await until(() => textsIn(read()).length >= texts.length, read)
              assert.deepEqual(textsIn(read()), texts)
            }
            for (const stored of [storedByA, storedByB]) {
              assert.match(
                stored(),
                /← received mail, 63 bytes, sealed {2}from 127\.0\.0\.1\n +[0-9a-f]{64}\n/,
              )
              assert.doesNotMatch(stored(), /noon|there/)
            }
          }),
        ),
      ),
    )
  })
})
