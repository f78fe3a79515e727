/** One worker at a time, started again after each one that ended or was spoilt. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Measured, Order, Verdict } from './worker.ts'

const LOADER = path.resolve(import.meta.dirname, '../loader.js')
/** In ms: what a test waits for comes at once or, with many a mutant, never. */
const PATIENCE = '5000'
/** In MB: a mutant that keeps all it makes ends before the machine does. */
const MEMORY = 1024

/** `load`: the mutants that were come by meanwhile. */
interface Answers {
  load: string[]
  measure: Measured[]
  try: Verdict
}

export class Hand {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>

  /** `mutant`: awake from the start, so that what is computed once is computed with it. */
  constructor(sandbox: string, mutant?: string) {
    const { MUTANT: _, ...env } = process.env
    this.#child = fork(path.join(sandbox, 'test/mutants/worker.ts'), {
      cwd: sandbox,
      env: { PATIENCE_MS: PATIENCE, ...env, ...(mutant !== undefined && { MUTANT: mutant }) },
      execArgv: ['--import', LOADER, `--max-old-space-size=${MEMORY}`],
      stdio: ['ignore', 'ignore', mutant === undefined ? 'inherit' : 'ignore', 'ipc'],
      serialization: 'advanced',
    })
    this.#closed = once(this.#child, 'close')
  }

  /** The answer, or null if the process ended instead. */
  async ask<Do extends Order['do']>(order: Order & { do: Do }): Promise<Answers[Do] | null> {
    const answer = new Promise<Answers[Do]>((resolve) => {
      this.#child.once('message', (answer) => resolve(answer as Answers[Do]))
    })
    this.#child.send(order)
    return Promise.race([answer, this.#closed.then(() => null)])
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }
}
