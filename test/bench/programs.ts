/**
 * The programs that are measured: processes of their own, in plain JavaScript, since a loader in
 * one of two would be measured too. Each is ended whatever happens.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { MAIN } from '../helpers/command.ts'
import { freePorts } from '../helpers/ports.ts'
import { Connection, STEPS } from './connection.ts'

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Running {
  readonly port: number
  readonly child: ChildProcess
}

/** Hands out programs to `use`, each with a folder of its own in `folder`, and ends them when it is done. */
export async function withPrograms<T>(
  folder: string,
  use: (programs: Programs) => Promise<T>,
): Promise<T> {
  const programs = new Programs(folder)
  try {
    return await use(programs)
  } finally {
    await programs.stop()
  }
}

export class Programs {
  readonly #children: ChildProcess[] = []
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Starts a peer of the built program on `port`, with its state in its folder. */
  peer(port: number, other: number, ...options: readonly string[]): Running {
    const peer = ['--port', `${port}`, '--peer', `http://127.0.0.1:${other}`]
    return this.#start(port, [MAIN, 'peer', ...peer, '--state', this.folderOf(port), ...options])
  }

  /** One process with two peers that forget who they met. */
  both([one, other]: readonly [number, number]): Running[] {
    const { child } = this.#start(one, [MAIN, 'both', '--ports', `${one},${other}`, '--no-state'])
    return [one, other].map((port) => ({ port, child }))
  }

  /** Node, and a port on which nothing answers. */
  node(port: number): Running {
    return this.#start(port, ['-e', `net.createServer().listen(${port}, '127.0.0.1')`])
  }

  /** Two peers that name each other, both answering. */
  async peers(...options: readonly string[]): Promise<[Running, Running]> {
    return this.#pair((port, other) => this.peer(port, other, ...options))
  }

  /** Starts `references/NAME.mjs PORT ARGS`. */
  reference(name: string, port: number, ...args: readonly string[]): Running {
    const file = fileURLToPath(new URL(`./references/${name}.mjs`, import.meta.url))
    return this.#start(port, [file, `${port}`, ...args])
  }

  /** Two processes of a reference, `NAME.mjs PORT OTHER_PORT FOLDER ARGS`, both answering. */
  async references(name: string, ...args: readonly string[]): Promise<[Running, Running]> {
    return this.#pair((port, other) => {
      const folder = this.folderOf(port)
      fs.mkdirSync(folder)
      return this.reference(name, port, `${other}`, folder, ...args)
    })
  }

  /** Where the program on `port` has its files. */
  folderOf(port: number): string {
    return path.join(this.#folder, `${port}`)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(end))
  }

  async #pair(start: (port: number, other: number) => Running): Promise<[Running, Running]> {
    const [a = 0, b = 0] = await freePorts(2)
    const pair: [Running, Running] = [start(a, b), start(b, a)]
    for (const one of pair) (await answering(one)).close()
    return pair
  }

  #start(port: number, args: readonly string[]): Running {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#children.push(child)
    running.add(child)
    const said = text(child.stderr)
    child.once('exit', async (code) => {
      running.delete(child)
      if (code !== null) process.stderr.write(`${args.join(' ')}\n${await said}`)
    })
    return { port, child }
  }
}

/** Waits until something listens on the program's port, and returns a connection to it. */
export async function answering({ port, child }: Running): Promise<Connection> {
  while (child.exitCode === null) {
    const connection = await Connection.to(port).catch(() => null)
    if (connection !== null) return connection
    await delay(1)
  }
  throw new Error('The program ended.')
}

/** A connection to each of two peers, which have keys then. */
export async function agreed([one, other]: readonly [Running, Running]) {
  const connections = [await answering(one), await answering(other)] as const
  for (const connection of connections) await connection.send(STEPS.sendKeys)
  return connections
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** MiB by the system's account (Linux): what a program has, and of what several have, its share. */
export function shareOf({ child }: Running): number {
  const maps = fs.readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB/m.exec(maps)?.[1]) / 1024
}

/** MiB by the system's account (Linux): what a program has in memory now, or the most that it ever had. */
export function memoryOf({ child }: Running, which: 'VmRSS' | 'VmHWM'): number {
  const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024
}
