/** The line on a command's help that follows wrong usage. */

import type { Command } from 'commander'

/** Has each command name its own help after wrong usage, and `program`, which is called `name`, the list of commands. */
export function nameHelp(program: Command, name = program.name()): void {
  const { length } = program.commands
  program.showHelpAfterError(
    `(${name} --help shows ${length > 0 ? 'the commands' : 'what it takes'})`,
  )
  for (const command of program.commands) nameHelp(command, `${name} ${command.name()}`)
}
