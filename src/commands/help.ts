/** What stands in each command's help below its options, and on the line that follows wrong usage. */

import type { Command } from 'commander'
import { USUAL_COLUMNS } from '../terminal/output.ts'
import { MORE, type More } from './examples.ts'
import { lineToType } from './shellWord.ts'

/**
 * Gives `command` and all below it what `examples.ts` has, and after wrong usage the line that names the command's own help.
 * `path`: its names on the command line, without the program's.
 */
export function completeHelp(command: Command, path = ''): void {
  const more = MORE[path]
  if (more !== undefined) command.addHelpText('after', () => textOf(command, path, more))
  const what = command.commands.length > 0 ? 'the commands' : 'what it takes'
  command.showHelpAfterError(`(${lineToType('$ --help', path)} shows ${what})`)
  for (const below of command.commands) completeHelp(below, `${path} ${below.name()}`.trimStart())
}

function textOf(command: Command, path: string, { exits, note, examples }: More): string {
  const width = command.configureOutput().getOutHelpWidth?.() ?? USUAL_COLUMNS
  const sentence = `Exit code: ${exits}, 2 for wrong usage.`
  const wrapped = (text: string) => command.createHelp().boxWrap(text, width)
  const lines = examples.flatMap(([line, does]) => [`  ${lineToType(line, path)}`, `      ${does}`])
  const notes = note === undefined ? [] : ['', wrapped(note)]
  return ['', 'Examples:', ...lines, ...notes, '', wrapped(sentence)].join('\n')
}
