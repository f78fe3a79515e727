/** The line that somebody types at a real terminal while others talk. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { MAIN, withCommand } from '../helpers/command.ts'
import { folderForAll } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { atTerminal, noTerminal } from '../helpers/pseudo-terminal.ts'
import { noTmux, type Tmux, withTmux } from '../helpers/tmux.ts'
import { until } from '../helpers/until.ts'

const at = folderForAll()

const args = (port: number, peer: number, state: string) => [
  ...['talk', '--port', `${port}`, '--peer', `http://127.0.0.1:${peer}`, '--state', at(state)],
]

/** The rows of the screen from the typed line on, and whether the cursor stands in it behind `typed`. */
const typed = ({ screen }: Tmux) => {
  const rows = screen()
  const begin = rows.findIndex((row) => row.startsWith('>'))
  return rows.slice(begin).filter((row) => row !== '')
}

describe('a line that is typed', { skip: noTmux }, () => {
  it('stays whole while texts come, is a text if it was pasted, and the cursor keeps its place', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const program = [process.execPath, MAIN, ...args(a, b, 'a')]
    await withTmux(program, { columns: 80 }, (ana) =>
      withCommand(args(b, a, 'b'), { open: true }, async (bob) => {
        const say = (line: string) => bob.child.stdin?.write(`${line}\n`)
        await ana.shows(/Safety number/)
        ana.type(
          'Grüße, 語, and a line that is longer than the terminal is wide, so that it goes on',
        )
        for (let i = 0; i < 3; i++) ana.press('Left')
        for (let i = 0; i < 20; i++) say(`text ${i}`)
        await ana.shows(/text 19 ┘$/)
        const rows = [
          '> Grüße, 語, and a line that is longer than the terminal is wide, so that it go',
          '  es on',
        ]
        await until(
          () => isDeepStrictEqual([typed(ana), ana.cursor()[0]], [rows, 4]),
          () => ana.screen().join('\n'),
        )
        assert.equal(ana.rows().filter((row) => /← {2}other: │ text \d+ ┘$/.test(row)).length, 20)
        assert.equal(ana.rows().filter((row) => row.startsWith('> ')).length, 1)

        await ana.resize(40)
        say('narrow')
        await ana.shows(/narrow ┘$/)
        await until(
          () => typed(ana).length === 3,
          () => ana.screen().join('\n'),
        )
        await ana.resize(80)
        ana.press('C-c')
        await ana.shows(/^>$/)

        ana.paste('/quit')
        ana.press('Enter')
        await bob.until(/other: \/quit\n/)
        ana.type('my ')
        ana.paste('first line\nsecond \u001b[31m line\n/quit')
        await ana.shows(/^> my first line⏎second \\u\{1b\}\[31m line⏎\/quit$/)
        ana.press('Enter')
        await bob.until(/other: my first line\\nsecond \\u\{1b\}\[31m line\\n\/quit\n/)
        await ana.shows(/^\d\d:\d\d {2}✓ {2}my first line$/)
        ana.type('//two\n')
        await bob.until(/other: \/two\n/)
        ana.type('/nothing\n')
        await ana.shows(/There is no command \/nothing\./)
        ana.press('C-d')
        await ana.shows(/^ended with 0/)
      }),
    )
  })

  it('takes a picture and a number that are pasted behind a command', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const program = [process.execPath, MAIN, ...args(a, b, 'c')]
    await withTmux(program, { columns: 80 }, (ana) =>
      withCommand(args(b, a, 'd'), { open: true }, async (bob) => {
        await ana.shows(/Safety number/)
        const [number = ''] = await bob.until(/(?:\d{5} ){11}\d{5}/)
        ana.type('/compare ')
        ana.paste(number.replace('1', '2').replace(/\n/g, ' '))
        ana.press('Enter')
        await ana.shows(/THE NUMBERS DIFFER/)
        ana.type('/compare ')
        ana.paste(number)
        ana.press('Enter')
        await ana.shows(/The same number on both sides/)
        ana.type('/show\n')
        await ana.shows(/Safety number, which you have compared/)
        await ana.shows(/SECRET shared secret/)
        ana.type('/send ')
        ana.paste("'src/sample/curve.png'")
        ana.press('Enter')
        await ana.shows(/✓ {2}picture curve\.png/)
        await bob.until(/← {2}other: picture curve\.png/)
        ana.type('/send nothing.png\n')
        await ana.shows(/There is no picture "nothing\.png"/)
        // nobody is there, so that it is not lost without a word
        bob.kill('SIGKILL')
        await bob.ended
        ana.type('too late\n')
        await ana.shows(/^ {7}[…?] {2}too late$/)
        ana.press('C-c')
        await ana.shows(/1 text is not acknowledged yet/)
        ana.press('C-c')
        // it may have gone out on the connection that was open, before the end of that was known
        await ana.shows(/Not sent: 1 text\.|Nobody can tell whether the text with \? arrived\./)
        await ana.shows(/^ended with 1/)
      }),
    )
  })

  it('ends with its terminal, without a question', { skip: noTerminal }, async () => {
    const [a = 0, b = 0] = await freePorts(2)
    await atTerminal(args(a, b, 'e'), at(), {}, async (terminal) => {
      await terminal.command.until(/You are /)
      terminal.type('half a line')
      terminal.hangUp()
      assert.equal(await terminal.ended(), 0)
    })
  })
})
