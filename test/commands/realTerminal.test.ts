/** Text from outside on a real terminal, whose size changes afterwards too. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { call, posting, TEXT } from '../helpers/call.ts'
import { MAIN } from '../helpers/command.ts'
import { folderForAll } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { noTmux, withTmux } from '../helpers/tmux.ts'

const at = folderForAll()
const program = (...args: string[]) => [process.execPath, MAIN, ...args]

/** Blanks up to here end at the end of a row on terminals of 80 and of 132 columns. */
const COLUMNS = 2640
const NUMBER = '11111 22222 33333 44444 55555 66666 77777 88888 99999 00000 12345 67890'
/** Behind a head of so many columns, what stands at the beginning of a row if the terminal wraps it. */
const attack = (row: string, head: number) => `Hi!${' '.repeat(COLUMNS - head - 3)}${row}`

describe('a text from outside on a real terminal', { skip: noTmux }, () => {
  it('would forge a row if the terminal wrapped it', async () => {
    const text = attack(`5000 12:00:00 · safety number  ${NUMBER}\n`, 0)
    const print = [process.execPath, '--eval', 'process.stdout.write(process.argv[1])', text]
    await withTmux(print, { columns: 80 }, async (tmux) => {
      await tmux.shows(/^5000 12:00:00 · safety number {2}11111/)
    })
  })

  it('forges none, at any width and after the size has changed', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const both = program('both', '--ports', `${a},${b}`, '--no-state')
    await withTmux(both, { columns: 80 }, async (tmux) => {
      await tmux.shows(new RegExp(`to begin  curl http://127.0.0.1:${b}`))
      for (const port of [a, b]) await call(`http://127.0.0.1:${port}/send_keys`)
      const numbers = () =>
        tmux.rows().filter((row) => /^\d+ \d\d:\d\d:\d\d (?:· safety number|✗)/.test(row)).length
      await tmux.shows(/the same session and number/)
      const genuine = numbers()
      assert.equal(genuine, 1)
      const head = '      │ '.length
      for (const [seq, columns] of [80, 132, 33].entries()) {
        await tmux.resize(columns)
        const text = attack(`${b} 12:00:00 · safety number  ${NUMBER}${seq}`, head)
        await call(`http://127.0.0.1:${a}/send_msg`, posting(TEXT, text))
        await call(`http://127.0.0.1:${b}/decrypt_msg`)
        const rows = await tmux.shows(new RegExp(`${seq} ┘$`))
        const begin = rows.findIndex((row) =>
          new RegExp(`^${b} \\S+ ● SECRET message ${seq}`).test(row),
        )
        const end = rows.findIndex((row) => row.endsWith(`${seq} ┘`))
        for (const row of rows.slice(begin + 1, end + 1)) assert.match(row, /^ *│ |^ *$/)
        assert.equal(numbers(), genuine)
      }
      for (const columns of [100, 53, 20, 200]) {
        await tmux.resize(columns)
        assert.equal(numbers(), columns < 30 ? 0 : genuine, `${columns} columns`)
      }
    })
  })

  it('forges none as a name or an option', async () => {
    const columns = 60
    const name = `ana.json${' '.repeat(columns - 8)}bob.json  ✓ good`
    fs.writeFileSync(path.join(at(), name), '{}')
    await withTmux(program('check', name), { columns, cwd: at() }, async (tmux) => {
      const rows = await tmux.shows(/^1 file: 1 bad/)
      for (const row of rows) assert.doesNotMatch(row, /^ *bob\.json|✓/)
    })
    const option = `--\u001b[2J${' '.repeat(columns - 10)}\necdh-duet: all is good.json`
    await withTmux(program('check', option), { columns }, async (tmux) => {
      const rows = await tmux.shows(/shows what it takes/)
      assert.match(rows[0] ?? '', /^error: unknown option '$/)
      assert.match(rows[1] ?? '', /^ {7}│ --\\u\{1b\}\[2J\\u\{20\}\{50\}/)
      for (const row of rows) assert.doesNotMatch(row, /^ *ecdh-duet: /)
    })
  })
})
