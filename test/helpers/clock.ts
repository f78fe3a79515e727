/** Time, on a machine that has other things to do too. */

const TICK = 50

/**
 * Tells waiting from a busy machine: what passes is the time in which this process could have
 * worked and had nothing to do.
 */
export class Clock {
  /** The longest time, in ms, that this process worked and let nothing else be done. */
  longestWork = 0
  #idle = 0
  readonly #timer: NodeJS.Timeout

  constructor() {
    let used = process.cpuUsage()
    this.#timer = setInterval(() => {
      const { user, system } = process.cpuUsage(used)
      const worked = (user + system) / 1000
      // a tick that comes late was the machine's affair, or work
      this.#idle += Math.max(0, TICK - worked)
      this.longestWork = Math.max(this.longestWork, worked)
      used = process.cpuUsage()
    }, TICK)
  }

  /** What it returns tells how much has passed since, in ms. */
  start(): () => number {
    const begin = this.#idle
    return () => this.#idle - begin
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
