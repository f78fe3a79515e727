/** What `make fuzz` calls a target, and what no case of any target may do. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { DuetError } from '../../src/protocol/errors.ts'
import { Clock } from '../helpers/clock.ts'
import type { Draw } from '../helpers/mutations.ts'

/** Is told how a case ended: "accepted", or a code. */
export type Tell = (outcome: string) => void
export interface Run {
  readonly seed: number
  readonly numRuns: number
  /** The first case that fails ends it, and no smaller one is looked for: to try each takes time, or they share a state. */
  readonly endOnFailure?: boolean
}

export interface Target {
  /** As a sentence's subject. */
  readonly name: string
  /** How many cases are tried in one run, or where there is little time. */
  readonly cases: number
  /** Tries the cases of a seed. @throws an error that has the seed and the case in it, if one is not as it should be */
  fuzz(run: Run, tell: Tell): Promise<void>
}

/** A target whose cases need nothing in common. `check` draws a case and tries it. */
export function target(
  name: string,
  cases: number,
  check: (draw: Draw, tell: Tell) => Promise<void>,
): Target {
  return { name, cases, fuzz: (run, tell) => hold(run, (draw) => check(draw, tell)) }
}

/** Tries cases that `check` draws. */
export const hold = (run: Run, check: (draw: Draw) => Promise<void>) =>
  fc.assert(fc.asyncProperty(fc.gen(), check), run)

/** Runs `use` with a folder of its own. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-fuzz-'))
  try {
    await use(folder)
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

/** Any longer is a hang, in ms. */
const HANG = 1_000

/** Begins a request. What it returns ends it. */
export type Begin = () => () => void

/**
 * Runs `use`, and fails if one of its requests hangs. Requests that run beside one
 * another may have to wait for one another, as pictures do: one hung if no other ended for so long either, but for `allowed` ms.
 */
export async function withoutHangs(
  use: (begin: Begin) => Promise<void>,
  allowed = 0,
): Promise<void> {
  const clock = new Clock()
  let sinceOther = clock.start()
  try {
    await use(() => {
      const passed = clock.start()
      return () => {
        const idle = Math.min(passed(), sinceOther()) - allowed
        assert.ok(idle <= HANG, `nothing happened for ${idle.toFixed()} ms`)
        assert.ok(
          clock.longestWork <= HANG,
          `${clock.longestWork.toFixed()} ms went by on one thing`,
        )
        sinceOther = clock.start()
      }
    })
  } finally {
    clock.stop()
  }
}

/** Runs what nothing runs beside. @throws AssertionError if it uses the processor for more than a second */
export async function promptly<T>(run: () => T | Promise<T>): Promise<T> {
  const begin = process.cpuUsage()
  try {
    return await run()
  } finally {
    const { user, system } = process.cpuUsage(begin)
    assert.ok((user + system) / 1000 <= HANG, 'it took more than a second')
  }
}

/** As `promptly`. Returns "accepted", or the code of the refusal. @throws any error that is no refusal */
export async function outcomeOf(run: () => unknown): Promise<string> {
  try {
    await promptly(run)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof DuetError)) throw error
    return error.code
  }
}
