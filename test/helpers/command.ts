/** The built program as a real child process, ended whatever happens. */

import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { after } from 'node:test'
import { CommanderError, type Command as Program } from 'commander'
import { DuetError } from '../../src/protocol/errors.ts'
import { StateError } from '../../src/state/files.ts'

/** The built program. */
export const MAIN = path.resolve(import.meta.dirname, '../../dist/main.js')
const LIMIT_MS = 60_000

/** Options of Node's with which the program's timers, and its clock of `performance`, run `times` as fast. */
export const hasty = (times: number): readonly string[] => {
  const program = `
    import { syncBuiltinESMExports } from 'node:module'
    import timers from 'node:timers/promises'
    const { setTimeout, performance: { now } } = globalThis
    globalThis.setTimeout = (act, ms, ...with_) => setTimeout(act, ms / ${times}, ...with_)
    const sleep = timers.setTimeout
    timers.setTimeout = (ms, ...with_) => sleep(ms / ${times}, ...with_)
    performance.now = () => now.call(performance) * ${times}
    syncBuiltinESMExports()`
  return ['--import', `data:text/javascript,${encodeURIComponent(program)}`]
}

/** Options of Node's with which the program's intervals take a hundred times as long: those that end slow requests. */
export const PATIENT: readonly string[] = [
  '--import',
  'data:text/javascript,const { setInterval } = globalThis; globalThis.setInterval = (act, ms, ...with_) => setInterval(act, ms * 100, ...with_)',
]

export type Command = ReturnType<typeof watch>

export interface CommandOptions {
  cwd?: string
  env?: Record<string, string>
  /** Options of Node's own. */
  node?: readonly string[]
  /** What is started in place of the built program: another way to it. */
  program?: readonly string[]
  /** With a channel for messages, to what Node's options load. */
  ipc?: boolean
  /** In a process group of its own, which signals go to as a whole, as those of Ctrl-C do. */
  group?: boolean
  /** What it reads on standard input; nothing by default. */
  input?: string | Uint8Array
  /** Leaves standard input open, for whoever writes to it. */
  open?: true
}

/** Starts `ecdh-duet ARGS`; whoever calls this ends it. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): Command {
  const { cwd, env, node = [], ipc = false, group = false, input, open } = options
  const built = [process.execPath, ...node, MAIN]
  const [program = '', ...words] = [...(options.program ?? built), ...args]
  const stdin = input === undefined && !open ? 'ignore' : 'pipe'
  const child = spawn(program, words, {
    cwd,
    env: { ...process.env, ...env },
    detached: group,
    stdio: [stdin, 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  })
  // it may end before it has read everything
  child.stdin?.on('error', () => {})
  if (!open) child.stdin?.end(input)
  return watch(child, group)
}

/** Runs `ecdh-duet ARGS` beside `use`, and kills it at the end if it still runs. */
export async function withCommand<T>(
  args: readonly string[],
  options: CommandOptions,
  use: (command: Command) => Promise<T>,
): Promise<T> {
  const command = startCommand(args, options)
  try {
    return await use(command)
  } finally {
    command.kill('SIGKILL')
    await command.ended
  }
}

/** Runs `ecdh-duet ARGS` to its end. */
export function runCommand(args: readonly string[], options: CommandOptions = {}) {
  return withCommand(args, options, async (command) => {
    const code = await command.ended
    return { code, output: command.output(), errors: command.errors() }
  })
}

/** Has the table of the commands run `ecdh-duet ARGS` in this process, and returns what ends it. */
async function ending(args: readonly string[], said = (_: string) => {}): Promise<unknown> {
  const { createProgram } = await import('../../src/commands/table.ts')
  const program = createProgram()
  for (const command of withAllBelow(program)) command.configureOutput({ writeErr: said })
  // what is not refused may have begun for good, and nothing else ends it here
  const late = setTimeout(() => {
    process.stderr.write(`${args.join(' ')} is not refused\n`)
    process.exit(1)
  }, LIMIT_MS / 6)
  const error = await program.parseAsync(args, { from: 'user' }).catch((error) => error)
  clearTimeout(late)
  return error
}

function withAllBelow(command: Program): Program[] {
  return [command, ...command.commands.flatMap(withAllBelow)]
}

/** The line that `ecdh-duet ARGS` ends with, since a file or a folder is not as it has to be. */
export async function refusal(args: readonly string[]): Promise<string> {
  const error = await ending(args)
  assert.ok(error instanceof StateError || error instanceof DuetError, String(error))
  assert.doesNotMatch(error.message, /\n/)
  return error.message
}

/** What is said of wrong usage as `ecdh-duet ARGS`. */
export async function usage(args: readonly string[]): Promise<string> {
  let text = ''
  const error = await ending(args, (more) => {
    text += more
  })
  assert.ok(error instanceof CommanderError && error.exitCode !== 0, String(error))
  return text
}

function watch(child: ChildProcess, group: boolean) {
  const said = new EventEmitter().setMaxListeners(0)
  const collect = (stream: Readable | null) => {
    let text = ''
    stream?.setEncoding('utf8').on('data', (more) => {
      text += more
      said.emit('more')
    })
    return () => text
  }
  const output = collect(child.stdout)
  const errors = collect(child.stderr)
  let isOver = false
  // 'close' comes when the process has ended and all its output is here; 'exit' may come before the last of it
  const ended: Promise<number | NodeJS.Signals> = once(child, 'close').then(([code, signal]) => {
    isOver = true
    said.emit('more')
    return code ?? signal
  })
  /** Waits until standard output matches, and fails with what it has if the program ends before. */
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const signal = AbortSignal.timeout(LIMIT_MS)
    for (;;) {
      const match = pattern.exec(output())
      if (match) return match
      const more = !isOver && (await once(said, 'more', { signal }).catch(() => null))
      if (!more) throw new Error(`never said ${pattern}; it said:\n${output()}\n${errors()}`)
    }
  }
  return {
    child,
    /** Standard output so far. */
    output,
    /** Standard error so far. */
    errors,
    until,
    /** The ports of the peers that are ready, in order; waits for `count` of them. */
    async ports(count: number): Promise<number[]> {
      const ready = '^(\\d+) \\S+ · ready[^\\n]*\\n'
      await until(new RegExp(`(?:${ready}[^]*?){${count}}`, 'm'))
      return [...output().matchAll(new RegExp(ready, 'gm'))].map((match) => Number(match[1]))
    },
    kill(signal: NodeJS.Signals = 'SIGTERM') {
      if (!group) return child.kill(signal)
      try {
        return process.kill(-(child.pid ?? Number.NaN), signal)
      } catch {
        return false // nobody is left in it
      }
    },
    /** Closes our end of its standard output, as `| head` does. */
    closeOutput: () => child.stdout?.destroy(),
    /** Exit code, or the signal that ended it. */
    ended,
  }
}

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
