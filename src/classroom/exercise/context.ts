/** What a clause is given to run with: the student's peer in the state that it asks for, and its own part of the seed. */

import { setTimeout as delay } from 'node:timers/promises'
import type { Party } from '../../protocol/keySchedule.ts'
import type { Agreement } from './agreement.ts'
import type { Ledger } from './computation/ledger.ts'
import type { Random } from './computation/random.ts'
import type { Order } from './failure.ts'
import type { Lanes } from './lane.ts'
import type { Scene } from './scene.ts'
import type { SceneOptions, Starts } from './starts.ts'

export class Context {
  /** Which party the student's peer is; where a clause has none, one of the two, by the number of the clause. */
  readonly party: Party
  readonly random: Random
  readonly ledger: Ledger
  readonly notes: string[] = []
  readonly #starts: Starts
  readonly #lanes: Lanes
  readonly #own: Scene[] = []
  readonly #joined: Scene[] = []

  constructor(options: {
    party: Party
    random: Random
    ledger: Ledger
    starts: Starts
    lanes: Lanes
  }) {
    this.party = options.party
    this.random = options.random
    this.ledger = options.ledger
    this.#starts = options.starts
    this.#lanes = options.lanes
  }

  /** Says `text` beside the result. The same note stands once. */
  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text)
  }

  /** A fresh start, which ends with the clause. @throws Failure where it can't be started */
  async start(options: Partial<SceneOptions> & { order?: Order } = {}): Promise<Scene> {
    const { random = this.random } = options
    const scene = await this.#starts.open({ party: this.party, ...options, random })
    scene.use(random, this.notes)
    this.#own.push(scene)
    return scene
  }

  /** The same state and identities in another process. */
  restart(scene: Scene, options: Parameters<Starts['restart']>[1] = {}): Promise<void> {
    return this.#starts.restart(scene, options)
  }

  /** Ends what `start` started. Resolves with whether SIGTERM was enough. */
  stop(scene: Scene): Promise<boolean> {
    return this.#starts.close(scene)
  }

  /** The process in which the examiner stays a stranger. */
  async shared(): Promise<Scene> {
    return this.#join(await this.#lanes.shared.scene())
  }

  /** Another one of that kind, which nobody asks to send keys. With --attach there is none: it is the same. */
  async idle(): Promise<Scene> {
    return this.#join(await this.#lanes.idle.scene())
  }

  /** The process of `party` with an agreement that was just made, and an empty inbox. @throws Failure */
  async agreed(): Promise<{ scene: Scene; session: Agreement }> {
    const scene = this.#join(await this.#lanes.agreed[this.party].scene())
    return { scene, session: await scene.agree() }
  }

  /** Leaves what `start` started to a later clause, which takes it by `key`. */
  leave(key: string, scene: Scene): void {
    this.#own.splice(this.#own.indexOf(scene), 1)
    this.ledger.memo.set(key, scene)
  }

  /** What a clause before left, if it still runs. */
  take(key: string): Scene | null {
    const scene = this.ledger.memo.get(key) as Scene | undefined
    this.ledger.memo.delete(key)
    if (scene === undefined || scene.student?.ending != null) return null
    scene.use(this.random, this.notes)
    this.#own.push(scene)
    return scene
  }

  /** The processes that this clause used. */
  get scenes(): readonly Scene[] {
    return [...this.#own, ...this.#joined]
  }

  /** Resolves once a process that this clause used has ended, and at the latest after `ms` milliseconds. */
  async ended(ms: number): Promise<void> {
    const all = this.scenes.flatMap(({ student }) => (student === null ? [] : [student.ended]))
    await Promise.race([...all, delay(ms)])
  }

  /** Ends what this clause started. */
  async end(): Promise<void> {
    await Promise.all(this.#own.map((scene) => this.#starts.close(scene)))
  }

  #join(scene: Scene): Scene {
    scene.use(this.random, this.notes)
    this.#joined.push(scene)
    return scene
  }
}
