/** What is done before a peer can be started: it is built, and its folders are given to the user that it runs as. */

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { SuiteName } from '../../protocol/suites.ts'
import { StateError } from '../../state/files.ts'
import { printable } from '../../terminal/printable.ts'
import type { Finding, Row } from './clause.ts'
import { type CommandOptions, Folders, type StartStudent, starterOf } from './student.ts'

/** What a build may take. */
const BUILD_MS = 300_000
/** How many of the last lines of each output are shown. */
const LAST_LINES = 10

/**
 * The ids of a user of this machine.
 * @throws StateError if there is none of this name
 */
export function userIds(name: string): { uid: number; gid: number } {
  const id = (option: string) =>
    Number(execFileSync('id', [option, '--', name], { encoding: 'utf8', stdio: 'pipe' }))
  try {
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    throw new StateError(`${name}: There is no such user here.`)
  }
}

/** Starts a peer; as another user, it gives the folder of its state to that user, who has it as home. */
export function starterFor(words: readonly string[], how: CommandOptions): StartStudent {
  const { uid, gid } = how
  if (uid === undefined || gid === undefined) return starterOf(words, how)
  const start = starterOf(words, { ...how, hasOwnHome: true })
  return (given) => {
    fs.chownSync(given.state, uid, gid)
    // the folders above it may be passed through, and not read
    for (const above of [path.dirname(given.state), path.dirname(path.dirname(given.state))])
      fs.chmodSync(above, 0o711)
    return start(given)
  }
}

/** Runs the command of `--build` to its end. Returns null if it went well. */
export async function buildFailure(
  words: readonly string[],
  how: CommandOptions,
  curve: SuiteName,
  limitMs = BUILD_MS,
): Promise<Finding | null> {
  const folders = new Folders()
  try {
    const state = await folders.fresh()
    const build = starterFor(words, how)({ port: 0, peer: 'http://127.0.0.1:0', curve, state })
    const timer = new AbortController()
    const limit = delay(limitMs, undefined, { signal: timer.signal }).catch(() => {})
    await Promise.race([build.ended, limit])
    timer.abort()
    const { ending } = build
    const lines = [...build.stdout.tail(LAST_LINES), ...build.stderr.tail(LAST_LINES)]
    await build.stop()
    if (ending === 'exit code 0') return null
    return {
      did: `--build ${printable(words.join(' '))}`,
      wanted: `exit code 0 within ${limitMs / 60_000} minutes`,
      got: ending ?? 'it still ran',
      cause: null,
      values: lines
        .filter((line) => line !== '')
        .map((line) => ['it printed', printable(line)] as const),
    }
  } finally {
    await folders.remove()
  }
}

/** The rows of a peer that could not be built: the first one fails, and the others are blocked. */
export function notBuilt(rows: readonly Row[], finding: Finding): Row[] {
  return rows.map((row, i) =>
    i === 0
      ? { ...row, result: 'fail', kind: 'error', reason: null, finding }
      : { ...row, result: 'blocked', reason: 'the build failed' },
  )
}
