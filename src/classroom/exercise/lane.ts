/** A process that clauses share, one after another. One that a clause broke is replaced before the next clause. */

import type { Party } from '../../protocol/keySchedule.ts'
import type { Scene } from './scene.ts'

/** The examiner is a stranger in `shared` and `idle`, which clauses take together; `agreed` is by the party of the student's. */
export interface Lanes {
  readonly shared: Lane
  readonly idle: Lane
  readonly agreed: Readonly<Record<Party, Lane>>
}

export class Lane {
  readonly #open: () => Promise<Scene>
  readonly #close: (scene: Scene) => Promise<unknown>
  #scene: Promise<Scene> | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(open: () => Promise<Scene>, close: (scene: Scene) => Promise<unknown>) {
    this.#open = open
    this.#close = close
  }

  /** Runs `body` after all that came before it in this lane. */
  inTurn<Value>(body: () => Promise<Value>): Promise<Value> {
    const result = this.#last.then(body)
    this.#last = result.catch(() => {})
    return result
  }

  /** The process, started if there is none that runs. @throws Failure */
  async scene(): Promise<Scene> {
    const there = await this.#scene?.catch(() => null)
    if (there && there.student?.ending == null) return there
    await this.replace()
    this.#scene = this.#open()
    return this.#scene
  }

  /** Ends the process; the next clause gets another one. */
  async replace(): Promise<void> {
    const scene = await this.#scene?.catch(() => null)
    this.#scene = null
    if (scene) await this.#close(scene)
  }
}
