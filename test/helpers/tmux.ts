/** A real terminal, in tmux: what stands on it, row by row, and again after its size has changed. */

import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { until } from './until.ts'

/** A reason to skip, where there is none. */
export const noTmux = spawnSync('tmux', ['-V']).status === 0 ? false : 'there is no tmux here'

export interface Tmux {
  /** What stands on it by now, and what has scrolled away, without blanks at the ends of rows. */
  rows(): string[]
  /** Resolves with the rows once one of them has it. */
  shows(what: RegExp): Promise<string[]>
  /** Types `text`; a line feed is Enter. */
  type(text: string): void
  /** Presses a key by its tmux name, such as `C-c`. */
  press(key: string): void
  /** Pastes `text` as a terminal does, with marks around it if the program asked for them. */
  paste(text: string): void
  /** Where the cursor is: column and row of the screen, from 0. */
  cursor(): [column: number, row: number]
  /** What the screen shows now, without what has scrolled away. */
  screen(): string[]
  /** Resolves once the program can know of it: tmux takes its time to say so. */
  resize(columns: number): Promise<void>
}

/** Runs what follows, and says how it ended: tmux itself does not say so if it learns of both ends of a pane at once. */
const TELLS_ITS_END = ['sh', '-c', `trap : INT; "$@"; echo "ended with $?"; exec sleep 600`, 'sh']

/** Runs `program` on a terminal of its own, `columns` wide, beside `use`, and ends it. */
export async function withTmux(
  program: readonly string[],
  { columns, cwd = '.' }: { columns: number; cwd?: string },
  use: (tmux: Tmux) => Promise<void>,
): Promise<void> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-tmux-'))
  const config = path.join(dir, 'config')
  fs.writeFileSync(config, 'set -g history-limit 50000\n')
  const run = (...args: string[]) =>
    execFileSync('tmux', ['-u', '-f', config, '-S', path.join(dir, 'socket'), ...args], {
      encoding: 'utf8',
    })
  const rows = () => run('capture-pane', '-p', '-S', '-').split('\n')
  try {
    run(
      'new-session',
      '-d',
      '-x',
      `${columns}`,
      '-y',
      '50',
      '-c',
      cwd,
      '--',
      ...TELLS_ITS_END,
      ...program,
    )
    const tty = run('display-message', '-p', '#{pane_tty}').trim()
    await use({
      rows,
      async shows(what) {
        await until(
          () => rows().some((row) => what.test(row)),
          () => `${what} in\n${rows().join('\n').trimEnd()}`,
        )
        return rows()
      },
      type(text) {
        for (const [i, line] of text.split('\n').entries()) {
          if (i > 0) run('send-keys', 'Enter')
          if (line !== '') run('send-keys', '-l', '--', line)
        }
      },
      press: (key) => {
        run('send-keys', key)
      },
      paste(text) {
        const buffer = path.join(dir, 'buffer')
        fs.writeFileSync(buffer, text)
        run('load-buffer', buffer)
        run('paste-buffer', '-p', '-r')
      },
      cursor() {
        const [x = 0, y = 0] = run('display-message', '-p', '#{cursor_x} #{cursor_y}')
          .split(' ')
          .map(Number)
        return [x, y]
      },
      screen: () => run('capture-pane', '-p').split('\n'),
      async resize(columns) {
        run('resize-window', '-x', `${columns}`)
        const size = () =>
          spawnSync('sh', ['-c', 'stty size <"$0"', tty], { encoding: 'utf8' }).stdout
        await until(() => size().endsWith(` ${columns}\n`), size)
      },
    })
  } finally {
    run('kill-server')
    fs.rmSync(dir, { recursive: true })
  }
}
