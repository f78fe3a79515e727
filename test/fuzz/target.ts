/** What is fuzzed, for how long, and what no case may do. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { DuetError, type ProtocolCode } from '../../src/protocol/errors.ts'
import type { Clock } from '../helpers/clock.ts'

/** So many cases, or as many as there is time for, in ms. */
export type Limits = { readonly cases: number } | { readonly ms: number }

/** Is told how a case ended: "accepted", or a code. */
export type Tell = (outcome: string) => void

export interface Target {
  /** As a sentence's subject. */
  readonly name: string
  /** How many cases are tried where there is little time. */
  readonly cases: number
  /** Tries the cases of `seed`. @throws an error that names the seed and the case, if one is not as it should be */
  fuzz(seed: number, limits: Limits, tell: Tell): Promise<void>
}

/** How many cases come of one seed. */
const BATCH = 20

/** Checks the cases of `seed` and, if there is time for more, of those that follow it. */
export function hold<T>(
  seed: number,
  limits: Limits,
  cases: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(cases, check)
  return inBatches(seed, limits, BATCH, (seed, numRuns) => fc.assert(property, { seed, numRuns }))
}

/** Runs batches of at most `most` cases, each with a seed of its own, until there are enough. */
export async function inBatches(
  seed: number,
  limits: Limits,
  most: number,
  run: (seed: number, cases: number) => Promise<void> | void,
): Promise<void> {
  const begin = performance.now()
  for (let done = 0, i = 0; ; done += most, i++) {
    const left = 'cases' in limits ? limits.cases - done : most
    const isOver = 'ms' in limits && i > 0 && performance.now() - begin > limits.ms
    if (left <= 0 || isOver) return
    await run(seed + i, Math.min(left, most))
  }
}

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

/** Begins a case; what it returns ends it. @throws AssertionError if it hung, but for `allowed` ms */
export function begin(clock: Clock, allowed = 0): () => void {
  const passed = clock.start()
  return () => assertAwake(clock, passed() - allowed)
}

/**
 * The same for cases that run beside one another and may have to wait for one another, as pictures
 * do: one hung if no other ended for so long either.
 */
export function beginBeside(clock: Clock): () => () => void {
  let sinceOther = clock.start()
  return () => {
    const passed = clock.start()
    return () => {
      assertAwake(clock, Math.min(passed(), sinceOther()))
      sinceOther = clock.start()
    }
  }
}

function assertAwake({ longestWork }: Clock, idle: number): void {
  assert.ok(idle <= HANG, `nothing happened for ${idle.toFixed()} ms`)
  assert.ok(longestWork <= HANG, `${longestWork.toFixed()} ms went by on one thing`)
}

/** Runs a case that nothing runs beside. @throws AssertionError if it uses the processor for more than a second */
export async function promptly<T>(run: () => T | Promise<T>): Promise<T> {
  const begin = process.cpuUsage()
  try {
    return await run()
  } finally {
    const { user, system } = process.cpuUsage(begin)
    assert.ok((user + system) / 1000 <= HANG, 'it took more than a second')
  }
}

/** The code of a refusal. @throws what is no refusal: an unknown error */
export function codeOf(error: unknown): ProtocolCode {
  if (!(error instanceof DuetError)) throw error
  return error.code
}
