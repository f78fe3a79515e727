/** Texts of a talk whose clock is fast: on a machine that has much else to do, one may be given up as nobody can tell. */

import type { Command } from './command.ts'

/** Says `text`, and the same with a number behind it, until one is told as arrived; returns that one. */
export async function arriving(
  command: Command,
  say: (line: string) => void,
  text: string,
): Promise<string> {
  for (let count = 1; ; count++) {
    const line = count === 1 ? text : `${text} ${count}`
    say(line)
    const told = `✓ {2}${line}\\n|\\? {2}${line}\\n.*Nobody can tell`
    if ((await command.until(new RegExp(told)))[0].startsWith('✓')) return line
  }
}
