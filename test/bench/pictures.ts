/**
 * How fast and with how much memory a picture goes from disk to disk, beside a plain upload by the
 * same got, koa and disk in the same run. Sender and receiver are processes of their own in both.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROUNDS = 7
const MIB = 2 ** 20
const SIZES = [64, 256, 1024]
/** The size whose rate counts. */
const RATED = 256

type Kind = 'picture' | 'plain'
/** Where the two kinds of receivers put their files, below `folder`. */
const RECEIVED = /^(?:picture-receive\/pictures\/.*|plain-receive\/\d+)\.png$/

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

/** The next message of a worker. */
async function told(child: ChildProcess): Promise<{ port?: number; ms?: number }> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('a worker has ended; what it said stands above')
  })
  const [message] = await Promise.race([once(child, 'message'), ended])
  return message
}

/** A receiver and a sender of one kind, each in its own process. */
class Pair {
  readonly #children: ChildProcess[] = []
  readonly #kind: Kind

  constructor(kind: Kind) {
    this.#kind = kind
  }

  async start(): Promise<void> {
    const worker = fileURLToPath(new URL('./pictureWorker.ts', import.meta.url))
    for (const role of ['receive', 'send']) {
      const child = fork(worker, [this.#kind, role, path.join(folder, `${this.#kind}-${role}`)])
      child.setMaxListeners(0)
      this.#children.push(child)
    }
    const ports = await Promise.all(this.#children.map(async (child) => (await told(child)).port))
    const met = this.#children.map((child) => told(child))
    for (const [i, child] of this.#children.entries()) child.send({ other: ports[1 - i] })
    await Promise.all(met)
  }

  /** Milliseconds for one file, from the request to send it to the receiver's answer. */
  async send(file: string): Promise<number> {
    const sender = this.#children[1] as ChildProcess
    const done = told(sender)
    sender.send({ file })
    const { ms = 0 } = await done
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

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

try {
  const file = fileOf(RATED)
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
