/** How the program was called, so that what it says of its help can be typed. */

import path from 'node:path'
import type { Command } from 'commander'

/** `file`: what Node was started with. In the project's folder that is the program itself, else what npm put in place. */
export function calledAs(file = ''): string {
  const isPackage = file.split(path.sep).includes('node_modules')
  return path.basename(file) === 'main.js' && !isPackage ? 'node dist/main.js' : 'npx ecdh-duet'
}

/** After wrong usage each command names its own help, and `program`, called `name`, the list of them. */
export function nameHelp(program: Command, name = program.name()): void {
  const { length } = program.commands
  program.showHelpAfterError(
    `(${name} --help shows ${length > 0 ? 'the commands' : 'what it takes'})`,
  )
  for (const command of program.commands) nameHelp(command, `${name} ${command.name()}`)
}
