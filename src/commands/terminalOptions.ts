/** The options that say how a terminal shows things: `--plain`, and `--full` where there are public values. */

import type { Command } from 'commander'
import { writePlainly } from '../terminal/output.ts'

const PLAIN = ['both', 'peer', 'talk', 'mallory', 'watch', 'send', 'check', 'lab']
const FULL = ['both', 'peer', 'mallory']

/** Adds them to the commands of `program` that have them. */
export function addTerminalOptions(program: Command): void {
  for (const command of program.commands) {
    const name = command.name()
    if (FULL.includes(name))
      command.option('--full', 'show long keys and ciphertexts whole, not by their ends')
    if (!PLAIN.includes(name)) continue
    const leaves = command.commands.length > 0 ? command.commands : [command]
    for (const leaf of leaves)
      leaf
        .option('--plain', 'whole sentences without symbols: for screen readers and logs')
        .hook('preAction', (each) => writePlainly(each.opts<{ plain?: true }>().plain === true))
  }
}
