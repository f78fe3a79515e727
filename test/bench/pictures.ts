/**
 * How fast and with how much memory a picture goes from disk to disk, beside a plain upload by the
 * same got, koa and disk in the same run. Sender and receiver are processes of their own in both.
 */

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { got } from 'got'
import { freePorts } from '../helpers/ports.ts'

const ROUNDS = 7
const MIB = 2 ** 20
const SIZES = [64, 256, 1024]
/** The size whose rate counts. */
const RATED = 256

type Kind = 'picture' | 'plain'
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const PLAIN = fileURLToPath(new URL('./plainUpload.mjs', import.meta.url))
/** Where the two kinds of receivers put their files, below `folder`. */
const RECEIVED = /^(?:picture-\d+\/pictures\/.*|plain-\d+\/\d+)\.png$/

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-bench-'))
const say = (text: string) => process.stdout.write(`${text}\n`)

function fileOf(mebibytes: number): string {
  const file = path.join(folder, `${mebibytes}.png`)
  const fd = fs.openSync(file, 'w')
  const piece = Buffer.alloc(MIB, 0x5a)
  for (let i = 0; i < mebibytes; i++) fs.writeSync(fd, piece)
  fs.writeSync(fd, Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 0, 8, 0)
  fs.closeSync(fd)
  return file
}

/** A receiver and a sender of one kind, each in its own process. */
class Pair {
  readonly #children: ChildProcess[] = []
  readonly #kind: Kind
  #sender = ''

  constructor(kind: Kind) {
    this.#kind = kind
  }

  async start(): Promise<void> {
    const [a = 0, b = 0] = await freePorts(2)
    this.#start(a, b)
    this.#start(b, a)
    this.#sender = `http://127.0.0.1:${b}`
    // until both listen
    const retry = { limit: 20, errorCodes: ['ECONNREFUSED'], statusCodes: [502], backoffLimit: 100 }
    for (const port of [a, b]) await got(`http://127.0.0.1:${port}/send_keys`, { retry })
  }

  #start(port: number, other: number): void {
    const state = path.join(folder, `${this.#kind}-${port}`)
    fs.mkdirSync(state, { mode: 0o700 })
    const args =
      this.#kind === 'plain'
        ? [PLAIN, port, other, state]
        : [
            MAIN,
            'peer',
            '--port',
            port,
            '--peer',
            `http://127.0.0.1:${other}`,
            '--state',
            state,
          ].concat('--image', path.join(state, 'current.png'), '--max-image', 2 ** 31)
    fs.symlinkSync(path.join(folder, 'current.png'), path.join(state, 'current.png'))
    const stdio: StdioOptions = ['ignore', 'ignore', 'inherit']
    this.#children.push(spawn(process.execPath, args.map(String), { stdio }))
  }

  /** Milliseconds for one file, from the request to send it to the sender's answer. */
  async send(file: string): Promise<number> {
    use(file)
    const begin = performance.now()
    await got(`${this.#sender}/send_image`, { retry: { limit: 0 } })
    const ms = performance.now() - begin
    for (const name of fs.readdirSync(folder, { recursive: true }).map(String))
      if (RECEIVED.test(name)) fs.rmSync(path.join(folder, name))
    return ms
  }

  /** The most memory that either process ever had, in bytes, by the system's account. */
  peak(): number {
    const peaks = this.#children.map(({ pid }) => {
      const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
    })
    return Math.max(...peaks)
  }

  stop(): void {
    for (const child of this.#children) child.kill()
  }
}

/** What the senders send from now on. */
function use(file: string): void {
  const current = path.join(folder, 'current.png')
  fs.rmSync(current, { force: true })
  fs.symlinkSync(file, current)
}

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

try {
  const file = fileOf(RATED)
  use(file)
  const [picture, plain] = [new Pair('picture'), new Pair('plain')]
  await Promise.all([picture.start(), plain.start()])
  for (const pair of [picture, plain]) await pair.send(file)
  const ratios: number[] = []
  const rates: number[][] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    const a = await picture.send(file)
    const b = await plain.send(file)
    ratios.push(b / a)
    rates[0]?.push((RATED * MIB) / a / 1000)
    rates[1]?.push((RATED * MIB) / b / 1000)
  }
  for (const pair of [picture, plain]) pair.stop()
  const [ours = [], theirs = []] = rates
  say(`${RATED} MiB, disk to disk, ${ROUNDS} rounds, medians`)
  say(`  picture ${median(ours).toFixed(0)} MB/s, plain upload ${median(theirs).toFixed(0)} MB/s`)
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)]
  say(
    `  ratio ${median(ratios).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}); aim: at least 0.85`,
  )
  fs.rmSync(file)

  say('peak memory of a process, MiB')
  for (const size of SIZES) {
    const file = fileOf(size)
    const peaks: number[] = []
    for (const kind of ['picture', 'plain'] as const) {
      use(file)
      const pair = new Pair(kind)
      await pair.start()
      await pair.send(file)
      peaks.push(pair.peak() / MIB)
      pair.stop()
    }
    const [a = 0, b = 0] = peaks
    say(
      `  at ${size} MiB: picture ${a.toFixed(0)}, plain upload ${b.toFixed(0)}; ${(a - b).toFixed(0)} more; aim: at most 32`,
    )
    fs.rmSync(file)
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
