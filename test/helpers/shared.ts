/** What the cases of a file share, since it costs more to start than to use: two peers, a process of the program. */

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { after, before } from 'node:test'
import type { CommandOptions } from './command.ts'
import {
  agree,
  type PeersOptions,
  type StartedPeers,
  startPeers,
  type TestPeer,
} from './with-peers.ts'

type Use = (a: TestPeer, b: TestPeer) => Promise<void>

/**
 * As `withPeers`, with the same two peers for all the cases of a file or a `describe`. Their terminals show each
 * case what was said since it began; what went between them before stays. `begin` comes once, before the first case.
 */
export function sharedPeers(
  options: PeersOptions = {},
  begin: Use = async () => {},
): (use: Use) => Promise<void> {
  let started: StartedPeers | undefined
  before(async () => {
    started = await startPeers(options)
    await begin(...started.peers)
  })
  after(() => started?.close())
  return async (use) => {
    assert.ok(started)
    started.forget()
    await use(...started.peers)
  }
}

/** As `sharedPeers`, for peers that have agreed on keys; each case begins with empty inboxes. */
export function sharedSession(options: PeersOptions = {}): (use: Use) => Promise<void> {
  const withPeers = sharedPeers(options, agree)
  return async (use) => {
    await withPeers(async (...peers) => {
      for (const peer of peers) await peer.call('/decrypt_msg')
    })
    await withPeers(use)
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
