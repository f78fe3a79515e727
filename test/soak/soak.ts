/** A soak: storms, with faults on the wire and restarts, and after each the calm in which everything is checked. */

import { setTimeout as sleep } from 'node:timers/promises'
import { check } from './check.ts'
import type { Side } from './ledger.ts'
import { Dice, drawRestart, drawStep, type Subject } from './plan.ts'
import { Scene, type SceneOptions, within } from './scene.ts'
import { take } from './steps.ts'

/** Steps under way at once. */
const WIDTH = 4
/** Longer than steps that wait for one another take once the wire is whole, in ms. */
const LAST_STEPS = 60_000

export class Soak {
  readonly scene: Scene
  readonly #texts: number | null
  readonly #subject: Subject
  readonly #steps: Dice
  readonly #restarts: Dice
  readonly #begin = performance.now()

  constructor(options: SceneOptions) {
    this.#texts = options.texts
    this.#subject = options.texts === null ? 'all' : 'texts'
    this.#steps = new Dice(options.seed)
    this.#restarts = new Dice(options.seed + 1)
    this.scene = new Scene(options)
  }

  /** Minutes since the start. */
  get minute(): number {
    return (performance.now() - this.#begin) / 60_000
  }

  /** What share of the run is over. */
  #share(minutes: number): number {
    if (this.#texts === null) return this.minute / minutes
    return this.scene.texts.counts.handed / this.#texts
  }

  /**
   * For about so many minutes or texts, in storms of so many ms; `each`: after each of them.
   * @throws AssertionError at the first thing that is wrong
   */
  async run(minutes: number, storm: number, each = () => {}): Promise<void> {
    await this.scene.start()
    let share = 0
    for (let round = 0; share < 1; round++) {
      // each side lives for almost half of the run, so that its memory can be followed
      await this.#storm(storm, share < 0.45 ? [1] : share < 0.9 ? [0] : [0, 1])
      await check(this.scene, round, () => this.minute)
      each()
      share = this.#share(minutes)
    }
    for (const program of this.scene.programs) await program.end('SIGTERM')
  }

  async #storm(ms: number, restartable: readonly Side[]): Promise<void> {
    const { scene } = this
    const end = performance.now() + ms
    const goesOn = () =>
      performance.now() < end && !scene.isOver && (this.#texts === null || this.#share(0) < 1)
    const work = async () => {
      while (goesOn()) {
        const step = drawStep(this.#steps, this.#subject)
        await take(scene, step)
        await sleep(step.pause)
      }
    }
    for (const { wire } of scene.peers) wire.storm()
    const steps = Promise.all(Array.from({ length: WIDTH }, work))
    const restarts = async () => {
      while (goesOn()) {
        const { after, signal, pick, which, down } = drawRestart(this.#restarts, this.#subject)
        await Promise.race([sleep(after, null, { ref: false }), steps])
        if (!goesOn()) return
        const program = scene.at(restartable[pick % restartable.length] ?? 0)[which]
        await program.end(signal)
        scene.count(`restarts: ${signal}`)
        await sleep(down)
        await program.start()
      }
    }
    const working = Promise.all([steps, restarts()])
    await Promise.race([sleep(ms, null, { ref: false }), working])
    await scene.calm()
    await within(LAST_STEPS, 'the end of the steps and restarts', working)
    // what the last of them sent has arrived too
    await scene.calm()
  }
}
