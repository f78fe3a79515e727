/** A soak: storms, with faults on the wire and restarts, and after each the calm in which everything is checked. */

import { setTimeout as sleep } from 'node:timers/promises'
import { check } from './check.ts'
import { planOf } from './plan.ts'
import { Scene, type SceneOptions, within } from './scene.ts'
import type { Side } from './texts.ts'
import { take } from './work.ts'

/** Steps under way at once. */
const WIDTH = 4
/** How many times as fast the peers' clocks run where texts are the end of it: a step waits for an eighth of a second. */
const HASTE = 40
/** Longer than steps that wait for one another take once the wire is whole, in ms. */
const LAST_STEPS = 60_000

export class Soak {
  readonly scene: Scene
  rounds = 0
  readonly #texts: number | null
  readonly #plan: ReturnType<typeof planOf>
  readonly #begin = performance.now()

  /** `texts`: how many are the end of it; null if that is the clock. */
  constructor(options: Omit<SceneOptions, 'faults' | 'haste'> & { texts: number | null }) {
    const { seed, texts } = options
    this.#texts = texts
    this.#plan = planOf(seed, texts === null ? 'all' : 'texts')
    const haste = texts === null ? 1 : HASTE
    this.scene = new Scene({ ...options, faults: this.#plan.faults, haste })
  }

  /** Minutes since the start. */
  get minute(): number {
    return (performance.now() - this.#begin) / 60_000
  }

  /** What share of the run is over. */
  #share(minutes: number): number {
    if (this.#texts === null) return this.minute / minutes
    return this.scene.ledger.texts.counts.handed / this.#texts
  }

  /** For about so many minutes or texts, in storms of so many ms. @throws AssertionError at the first thing that is wrong */
  async run(minutes: number, storm: number, each: () => void): Promise<void> {
    await this.scene.start()
    for (let share = 0; share < 1; share = this.#share(minutes)) {
      // each side lives for almost half of the run, so that its memory can be followed
      await this.#storm(storm, share < 0.45 ? [1] : share < 0.9 ? [0] : [0, 1])
      await check(this.scene, this.rounds++, () => this.minute)
      each()
    }
    for (const program of this.scene.programs) await program.stop()
  }

  async #storm(ms: number, restartable: readonly Side[]): Promise<void> {
    const end = performance.now() + ms
    const goesOn = () =>
      performance.now() < end && !this.scene.isOver && (this.#texts === null || this.#share(0) < 1)
    const work = async () => {
      while (goesOn()) {
        const step = this.#plan.steps.next().value
        await take(this.scene, step)
        await sleep(step.pause)
      }
    }
    const restarts = async () => {
      while (goesOn()) {
        const { after, how, pick, which, down } = this.#plan.restarts.next().value
        await Promise.race([sleep(after, null, { ref: false }), steps])
        if (!goesOn()) return
        const program = this.scene.at(restartable[pick % restartable.length] ?? 0)[which]
        await program[how]()
        this.scene.restarts[how]++
        await sleep(down)
        await program.start()
      }
    }
    for (const { proxy } of this.scene.peers) proxy.storm()
    const steps = Promise.all(Array.from({ length: WIDTH }, work))
    const working = Promise.all([steps, restarts()])
    await Promise.race([sleep(ms), working])
    await this.scene.calm()
    await within(LAST_STEPS, 'the end of the steps and restarts', working)
    // what the last of them sent has arrived too
    await this.scene.calm()
  }
}
