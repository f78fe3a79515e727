/** What is said of a command's help after wrong usage. */

import type { Command } from 'commander'

/** After wrong usage each command names its own help, and `program`, called `name`, the list of them. */
export function nameHelp(program: Command, name = program.name()): void {
  const { length } = program.commands
  program.showHelpAfterError(
    `(${name} --help shows ${length > 0 ? 'the commands' : 'what it takes'})`,
  )
  for (const command of program.commands) nameHelp(command, `${name} ${command.name()}`)
}
