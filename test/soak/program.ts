/** A program through all its lives: started, ended, killed and started again. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Clock } from '../helpers/clock.ts'
import { type Command, hasty, startCommand } from '../helpers/command.ts'

const REPORT = fileURLToPath(new URL('./report.mjs', import.meta.url))

/** How long a program may take to end after SIGTERM, in ms, where the machine has time for it. */
const END_MS = 1_000

/** All that a program may say on standard error. */
const SAID = 'ecdh-duet: secrets go to standard output, which is not a terminal\n'

/** What a process holds once garbage is collected. */
export interface Holdings {
  /** Memory in bytes, by the system's account. */
  readonly rss: number
  /** Bytes in use. */
  readonly live: number
  /** What keeps it going, and its descriptors where the system tells them (Linux): a list in order. */
  readonly handles: readonly string[]
}

/** What it held in a calm. */
export interface Sample extends Holdings {
  readonly life: number
  readonly minute: number
}

export interface ProgramOptions {
  /** What it is, for people. */
  readonly name: string
  readonly args: readonly string[]
  /** Its terminal says so once it is ready. */
  readonly ready: RegExp
  /** Is handed each line of its terminal. */
  readonly onLine: (line: string) => void
  /** It was ended, and all its lines have come. */
  readonly onEnd: (isKilled: boolean) => void
  /** How many times as fast its clock runs; as everybody's if there is none. */
  readonly haste?: number
  /** It ended, and nobody had asked for it. */
  readonly onCrash: (error: Error) => void
}

export class Program {
  /** How often it ended: the same number before and after means that it lived on. */
  life = 0
  /** The slowest end after SIGTERM so far, in ms. */
  slowestEnd = 0
  isRunning = false
  readonly samples: Sample[] = []
  /** What it holds when it has nothing to do; null before that was looked at. */
  atRest: readonly string[] | null = null
  readonly #options: ProgramOptions
  #command: Command | undefined

  constructor(options: ProgramOptions) {
    this.#options = options
  }

  /** Starts it, and waits until it is ready. */
  async start(): Promise<void> {
    const { name, args, ready, onLine, onCrash, haste = 1 } = this.#options
    const command = startCommand(args, {
      node: ['--expose-gc', '--import', REPORT, ...(haste > 1 ? hasty(haste) : [])],
      ipc: true,
    })
    this.#command = command
    let line = ''
    command.child.stdout?.on('data', (text: string) => {
      const lines = (line + text).split('\n')
      line = lines.pop() ?? ''
      for (const line of lines) onLine(line)
    })
    command.ended.then((how) => {
      if (command === this.#command)
        onCrash(new Error(`${name} ended by itself (${how}): ${command.errors()}`))
    })
    await command.until(ready)
    this.isRunning = true
  }

  /** SIGKILL, as when the power goes. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
    this.#options.onEnd(true)
  }

  /** SIGTERM. @throws AssertionError unless it ends in time and with 0 */
  async stop(): Promise<void> {
    const begin = performance.now()
    const clock = new Clock()
    const passed = clock.start()
    const how = await this.#end('SIGTERM').finally(() => clock.stop())
    this.slowestEnd = Math.max(this.slowestEnd, performance.now() - begin)
    assert.equal(how, 0, 'the exit code after SIGTERM')
    this.#options.onEnd(false)
    const { name } = this.#options
    assert.ok(passed() <= END_MS, `${name} took ${passed().toFixed()} ms to end after SIGTERM`)
  }

  /** Collects its garbage first. */
  async holdings(): Promise<Holdings> {
    const child = this.#command?.child
    assert.ok(child?.pid)
    const told = once(child, 'message') as Promise<
      [Omit<Holdings, 'handles'> & { resources: string[] }]
    >
    child.send('report')
    const [{ rss, live, resources }] = await told
    return { rss, live, handles: [...resources, ...descriptorsOf(child.pid)].sort() }
  }

  async #end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | undefined> {
    const command = this.#command
    this.#command = undefined
    this.isRunning = false
    command?.kill(signal)
    const how = await command?.ended
    this.life++
    assert.equal(command?.errors() ?? SAID, SAID, 'standard error')
    return how
  }
}

/** Files by their name; sockets, pipes and the like by their kind. */
function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  if (!fs.existsSync(folder)) return []
  return fs.readdirSync(folder).flatMap((fd) => {
    try {
      return [fs.readlinkSync(`${folder}/${fd}`).replace(/:\[\d+\]$/, '')]
    } catch {
      // closed since
      return []
    }
  })
}
