/**
 * Peers on a real terminal, from narrow to wide: what their owner sees of each step fits a screen, and no word is torn. Takes
 * some seconds, since tmux draws each width with peers of its own.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import stringWidth from 'string-width'
import { SUITE_NAMES } from '../../src/protocol/suites.ts'
import { call, posting, TEXT } from '../helpers/call.ts'
import { MAIN } from '../helpers/command.ts'
import { freePorts } from '../helpers/ports.ts'
import { noTmux, withTmux } from '../helpers/tmux.ts'
import { until } from '../helpers/until.ts'

const SCREEN_ROWS = 24
const TEXTS = '¿Mañana a las 12:30? 我们在图书馆见面，带上钥匙和地图，不要告诉任何人。 👍🏽 ok'

/** What a row of the program's begins with, drawn and plain. */
const HEAD = /^(?:Port )?\d+,? \d\d:\d\d:\d\d(?: [→←·●✓✗] |: )\S/u
/** A row that is below a head: indented, or a value or the rest of one. */
const BELOW = /^ {2,6}\S|^[0-9a-f]+$/u
const GROUPS = /^ +\d{5}(?: \d{5}){5}$/

/** Width, suite and options. The others are drawn by the same code. */
const DRAWN = [
  [60, 'X25519MLKEM768', ''],
  [80, 'P-256', '--plain'],
  [160, 'X25519', ''],
  ...(process.env['SLOW'] === '1'
    ? [60, 80, 100, 160].flatMap((width) => SUITE_NAMES.map((name) => [width, name, ''] as const))
    : []),
] as const

/** That these rows of a terminal, joined, are the sentences of the program, and no row is torn in a word. */
function assertWhole(rows: readonly string[], width: number): void {
  for (const row of rows) {
    if (row === '') continue
    // what the terminal has wrapped by itself begins at its left: nothing but values
    assert.match(row, new RegExp(`${HEAD.source}|${BELOW.source}`, 'u'))
    assert.ok(stringWidth(row) <= width, row)
  }
}

describe('peers on a real terminal', { skip: noTmux }, () => {
  for (const [width, suite, option] of DRAWN)
    it(`show each step whole, on ${width} columns, ${suite} ${option}`, async () => {
      const [a = 0, b = 0] = await freePorts(2)
      const isPlain = option === '--plain'
      const both = ['both', '--ports', `${a},${b}`, '--no-state', '--curve', suite].concat(
        isPlain ? option : [],
      )
      const program = [process.execPath, MAIN, ...both]
      await withTmux(program, { columns: width }, async (tmux) => {
        let before = 0
        const drawn = () => tmux.rows().join('\n').trimEnd().split('\n')
        /** What has come since the block before, once its rows without their blanks have `last`. */
        const block = async (last: RegExp) => {
          const rows = () => drawn().slice(before)
          await until(
            () => last.test(rows().join('').replaceAll(' ', '')),
            () => rows().join('\n'),
          )
          const all = rows()
          before += all.length
          assertWhole(all, width)
          assert.ok(all.filter(Boolean).length <= SCREEN_ROWS, all.join('\n'))
          return all
        }
        const step = (port: number, path: string, last: RegExp, text?: string) =>
          call(
            `http://127.0.0.1:${port}${path}`,
            text === undefined ? {} : posting(TEXT, text),
          ).then(() => block(last))
        await block(new RegExp(`tobegincurlhttp://127.0.0.1:${b}`))
        await step(a, '/send_keys', new RegExp(`${b}.*[Rr]eceivedpublickey`))
        const agreed = await step(b, '/send_keys', /thesamesessionandnumber/)
        assert.equal(agreed.filter((row) => GROUPS.test(row)).length, 2)
        const secrets = suite.includes('MLKEM') ? 2 : 1
        await step(a, '/show', new RegExp(`(?:SECRET.*?[0-9a-f]{64}.*?){${secrets}}`))
        await step(a, '/send_msg', /opensit\.$/, TEXTS)
        const opened = await step(b, '/decrypt_msg', /ok┘?$/)
        const mark = isPlain ? 'quoted: ' : '│ '
        const texts = opened.filter((row) => row.includes(mark))
        assert.ok(texts.length === opened.filter(Boolean).length - (texts[0] === opened[0] ? 0 : 1))
        const words = texts.map((row) => row.replace(/^.*?(?:│|quoted:) /, '').replace(/ ┘$/, ''))
        assert.equal(words.join('').replaceAll(' ', ''), TEXTS.replaceAll(' ', ''))
        if (isPlain) assert.doesNotMatch(tmux.rows().join('\n'), /[→←·●✓✗│┘…]/u)
        // the window becomes another one in between
        await tmux.resize(width - 10)
        before = drawn().length
        const wrapped = await step(a, '/decrypt_msg', /nothing_waiting/)
        for (const row of wrapped) assert.ok(stringWidth(row) <= width - 10, row)
      })
    })
})
