/** The built program at a terminal of its own: what somebody types there, and what happens when its window is closed. */

import fs from 'node:fs'
import path from 'node:path'
import { type Command, MAIN, withCommand } from './command.ts'
import { until } from './until.ts'

/** Why it can't be had here, or false. */
export const noTerminal =
  process.platform === 'linux' && fs.existsSync('/usr/bin/script')
    ? false
    : 'a terminal is made by the script command of Linux'

export interface AtTerminal {
  readonly command: Command
  /** Sends a signal to the program alone. */
  kill(signal: NodeJS.Signals): void
  type(text: string): void
  /** Closes the window: the terminal is gone, and the system sends SIGHUP. */
  hangUp(): void
  /** The exit code of the program, once it has ended. */
  ended(): Promise<number>
}

/** Runs `ecdh-duet ARGS` at a terminal, in the folder `cwd`, beside `use`. */
export async function atTerminal(
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
  use: (terminal: AtTerminal) => Promise<void>,
): Promise<void> {
  // this shell outlives the terminal, to write down how the program ended; the one before it dies with the terminal,
  // which makes the system tell the others
  const line = 'trap "" HUP INT; rm -f exit-code; "$0" "$@"; echo $? > ended && mv ended exit-code'
  const words = ['sh', '-c', line, process.execPath, MAIN, ...args]
  const quoted = words.map((word) => `'${word}'`).join(' ')
  const program = ['/usr/bin/script', '-qec', `trap : INT; ${quoted}; exit`, '/dev/null']
  await withCommand([], { program, cwd, env: { NO_COLOR: '1', ...env }, open: true }, (command) => {
    const childOf = (pid: number) =>
      Number(fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])
    const file = path.join(cwd, 'exit-code')
    return use({
      command,
      kill: (signal) => process.kill([1, 2, 3].reduce(childOf, command.child.pid ?? 0), signal),
      type: (text) => command.child.stdin?.write(text),
      hangUp: () => command.child.kill('SIGKILL'),
      async ended() {
        // what the terminal showed last is here then
        await command.ended
        await until(() => fs.existsSync(file))
        return Number(fs.readFileSync(file, 'utf8'))
      },
    })
  })
}
