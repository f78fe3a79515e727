/** A soak: storms, with faults on the wire and restarts, and after each the calm in which everything is checked. */

import { setTimeout as sleep } from 'node:timers/promises'
import { check } from './check.ts'
import type { Side } from './ledger.ts'
import { planOf } from './plan.ts'
import { Scene, type SceneOptions, within } from './scene.ts'
import { take } from './work.ts'

/** Steps under way at once. */
const WIDTH = 4
/** Longer than steps that wait for one another take once the wire is whole, in ms. */
const LAST_STEPS = 60_000

export class Soak {
  readonly scene: Scene
  rounds = 0
  readonly #plan: ReturnType<typeof planOf>
  readonly #begin = performance.now()

  constructor(options: Omit<SceneOptions, 'faults'>) {
    this.#plan = planOf(options.seed)
    this.scene = new Scene({ ...options, faults: this.#plan.faults })
  }

  /** Minutes since the start. */
  get minute(): number {
    return (performance.now() - this.#begin) / 60_000
  }

  /** For about so many minutes, in storms of so many ms. @throws AssertionError at the first thing that is wrong */
  async run(minutes: number, storm: number, each: () => void): Promise<void> {
    await this.scene.start()
    for (let share = 0; share < 1; share = this.minute / minutes) {
      // each side lives for almost half of the run, so that its memory can be followed
      await this.#storm(storm, share < 0.45 ? [1] : share < 0.9 ? [0] : [0, 1])
      await check(this.scene, this.rounds++, () => this.minute)
      each()
    }
    for (const program of this.scene.programs) await program.stop()
  }

  async #storm(ms: number, restartable: readonly Side[]): Promise<void> {
    const end = performance.now() + ms
    const goesOn = () => performance.now() < end && !this.scene.isOver
    const steps = async () => {
      while (goesOn()) {
        const step = this.#plan.steps.next().value
        await take(this.scene, step)
        await sleep(step.pause)
      }
    }
    const restarts = async () => {
      while (goesOn()) {
        const { after, how, pick, which, down } = this.#plan.restarts.next().value
        await sleep(Math.min(after, Math.max(end - performance.now(), 0)))
        if (!goesOn()) return
        const program = this.scene.at(restartable[pick % restartable.length] ?? 0)[which]
        await program[how]()
        this.scene.restarts[how]++
        await sleep(down)
        await program.start()
      }
    }
    for (const { proxy } of this.scene.peers) proxy.storm()
    const working = Promise.all([...Array.from({ length: WIDTH }, steps), restarts()])
    await Promise.race([sleep(ms), working])
    await this.scene.calm()
    await within(LAST_STEPS, 'the end of the steps and restarts', working)
    // what the last of them sent has arrived too
    await this.scene.calm()
  }
}
