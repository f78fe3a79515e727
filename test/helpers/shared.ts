/** What the cases of a file share, since it costs more to start than to use: two peers, a process of the program. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { after } from 'node:test'
import type { CommandOptions } from './command.ts'

export { sharedPeers, sharedSession } from './with-peers.ts'

interface Run {
  code: number
  output: string
  errors: string
}

/**
 * As `runCommand`, one run after another in one process for all the cases of a file or a `describe`: for commands
 * that end by themselves, where a test is not about the process.
 */
export function sharedProcess(): (
  args: readonly string[],
  options?: Pick<CommandOptions, 'cwd' | 'input'>,
) => Promise<Run> {
  let child: ChildProcess | undefined
  after(() => child?.kill('SIGKILL'))
  return async (args, { cwd = process.cwd(), input = '' } = {}) => {
    const host = path.join(import.meta.dirname, 'commands.mjs')
    // in messages of this kind bytes stay bytes
    child ??= fork(host, { execArgv: [], serialization: 'advanced' })
    const answer = once(child, 'message', { signal: AbortSignal.timeout(60_000) })
    child.send({ args, cwd, input: input.length === 0 ? [] : [Buffer.from(input)] })
    return (await answer)[0] as Run
  }
}
