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
interface Holdings {
  /** Memory in bytes: by the system's account, and in use. */
  readonly rss: number
  readonly live: number
  /** What keeps it going, and its descriptors where the system tells them (Linux), in order. */
  readonly handles: string
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
  /** How many times as fast its clock runs. */
  readonly haste: number
  readonly onLine: (line: string) => void
  /** It was ended, and all its lines have come. */
  readonly onEnd: (isKilled: boolean) => void
  /** It ended by itself, or a line was not as it should be. */
  readonly onFailure: (error: unknown) => void
}

export class Program {
  /** How often it ended: the same number before and after means that it lived on. */
  life = 0
  isRunning = false
  readonly samples: Sample[] = []
  /** What it holds when it has nothing to do; null before that was looked at. */
  atRest: string | null = null
  readonly options: ProgramOptions
  #command: Command | undefined

  constructor(options: ProgramOptions) {
    this.options = options
  }

  /** Starts it, and waits until it is ready. */
  async start(): Promise<void> {
    const { name, args, ready, haste, onLine, onFailure } = this.options
    const node = ['--expose-gc', '--import', REPORT, ...(haste > 1 ? hasty(haste) : [])]
    const command = startCommand(args, { node, ipc: true })
    this.#command = command
    let rest = ''
    command.child.stdout?.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      try {
        for (const line of lines) {
          assert.doesNotMatch(line, /DEFECT/)
          onLine(line)
        }
      } catch (error) {
        onFailure(error)
      }
    })
    command.ended.then((how) => {
      if (command === this.#command)
        onFailure(new Error(`${name} ended by itself (${how}): ${command.errors()}`))
    })
    await command.until(ready)
    this.isRunning = true
  }

  /** As when the power goes, or as a person ends it. @throws AssertionError unless it ends in time then, and with 0 */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const command = this.#command
    this.#command = undefined
    this.isRunning = false
    const clock = new Clock()
    const passed = clock.start()
    let how: Awaited<NonNullable<typeof command>['ended']> | undefined
    try {
      command?.kill(signal)
      how = await command?.ended
    } finally {
      clock.stop()
    }
    this.life++
    assert.equal(command?.errors() ?? SAID, SAID, 'standard error')
    if (signal === 'SIGTERM') {
      assert.equal(how, 0, 'the exit code after SIGTERM')
      const took = `${this.options.name} took ${passed().toFixed()} ms to end after SIGTERM`
      assert.ok(passed() <= END_MS, took)
    }
    this.options.onEnd(signal === 'SIGKILL')
  }

  /** Collects its garbage first. */
  async holdings(): Promise<Holdings> {
    const child = this.#command?.child
    assert.ok(child?.pid)
    const told = once(child, 'message')
    child.send('report')
    const [{ rss, live, resources }] = await told
    return { rss, live, handles: [...resources, ...descriptorsOf(child.pid)].sort().join('\n') }
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
