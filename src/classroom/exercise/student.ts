/** Starts a student's peer as a process of its own, and ends it with all that it started. */

import { type ChildProcess, spawn } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import fs from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { SuiteName } from '../../protocol/suites.ts'
import { Kept } from './kept.ts'

/** What a start is told, by the placeholders of its command. */
export interface StartArguments {
  readonly port: number
  /** The URL of the other peer, which the examiner plays. */
  readonly peer: string
  readonly curve: SuiteName
  /** A folder for what it keeps. */
  readonly state: string
}

/** A student's peer that was started. */
export interface Running {
  readonly stdout: Kept
  readonly stderr: Kept
  /** Null while it runs, else how it ended: "exit code 1", "SIGKILL", "ENOENT: no such file". */
  readonly ending: string | null
  /** Resolves once it has ended. */
  readonly ended: Promise<void>
  /** The process, where it is one. */
  readonly pid: number | null
  /** The folder in which it runs, where that is known. */
  readonly cwd?: string
  /** SIGTERM, three seconds, SIGKILL to all of its group. Resolves with whether it ended, with its children, in time. */
  stop(): Promise<boolean>
}

export type StartStudent = (start: StartArguments) => Running

/** How a command is run. `uid`, `gid`: as whom, if not as whoever runs the examiner. `home`: where HOME is to be, if not in ours. */
export interface CommandOptions {
  readonly cwd: string
  readonly uid?: number
  readonly gid?: number
  readonly hasOwnHome?: boolean
}

/** What a peer has to end after SIGTERM. */
const TERM_MS = 3_000
/** Between two looks whether a process group is empty. */
const GROUP_POLL_MS = 20

const IS_WINDOWS = process.platform === 'win32'
const PLACEHOLDERS = /\{(port|peer|curve|state)\}/g
/** Windows programs don't start without these. */
const WINDOWS_NEEDS = ['SYSTEMROOT', 'COMSPEC', 'PATHEXT', 'TEMP', 'TMP', 'USERPROFILE']

/** Names the state of a start in the environment of all that it starts, wherever that goes. */
const MARK = 'ECDH_DUET_STATE'

/** All that an examined program finds in its environment. */
function environmentOf(home: string, state: string): NodeJS.ProcessEnv {
  const { PATH, LANG, TMPDIR } = process.env
  const environment: NodeJS.ProcessEnv = { PATH, HOME: home, PYTHONUNBUFFERED: '1' }
  environment[MARK] = state
  environment['LANG'] = LANG ?? 'C.UTF-8'
  environment['TMPDIR'] = TMPDIR ?? tmpdir()
  for (const name of IS_WINDOWS ? WINDOWS_NEEDS : []) environment[name] = process.env[name]
  return environment
}

/** `words`: the command and its arguments, in which the placeholders are filled in. */
export function starterOf(words: readonly string[], options: CommandOptions): StartStudent {
  return (start) => {
    const values: Record<string, string> = { ...start, port: String(start.port) }
    const filled = words.map((word) =>
      word.replace(PLACEHOLDERS, (whole, name: string) => values[name] ?? whole),
    )
    const home = options.hasOwnHome ? start.state : (process.env['HOME'] ?? start.state)
    return new StudentProcess(filled, { ...options, home, state: start.state })
  }
}

/** Processes that have to end with this program, however it ends. */
const running = new Set<StudentProcess>()

function killAll(): void {
  for (const one of running) one.kill()
}

class StudentProcess implements Running {
  readonly stdout = new Kept()
  readonly stderr = new Kept()
  readonly ended: Promise<void>
  ending: string | null = null
  readonly cwd: string
  readonly #state: string
  readonly #child: ChildProcess

  constructor(
    [command = '', ...args]: readonly string[],
    options: CommandOptions & { readonly home: string; readonly state: string },
  ) {
    const { cwd, uid, gid, home, state } = options
    this.cwd = cwd
    this.#state = state
    const viaShell = IS_WINDOWS && /\.cmd$/i.test(command)
    this.#child = spawn(
      viaShell ? 'cmd' : foundIn(cwd, command),
      viaShell ? ['/d', '/s', '/c', command, ...args] : args,
      {
        cwd,
        env: environmentOf(home, state),
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: !IS_WINDOWS,
        ...(uid === undefined ? {} : { uid }),
        ...(gid === undefined ? {} : { gid }),
      },
    )
    if (running.size === 0) process.once('exit', killAll)
    running.add(this)
    this.#child.stdout?.on('data', (chunk: Buffer) => this.stdout.write(chunk))
    this.#child.stderr?.on('data', (chunk: Buffer) => this.stderr.write(chunk))
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.ending ??= how
        resolve()
      }
      this.#child.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'))
      // not `close`: a grandchild may hold the pipes
      this.#child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  get pid(): number | null {
    return this.#child.pid ?? null
  }

  async stop(): Promise<boolean> {
    this.#signal('SIGTERM')
    const isInTime = await this.#isGone(TERM_MS)
    if (!isInTime) this.kill()
    if (this.pid !== null) await this.ended
    this.#forget()
    return isInTime
  }

  kill(): void {
    this.#signal('SIGKILL')
    this.#forget()
  }

  #forget(): void {
    running.delete(this)
    if (running.size === 0) process.off('exit', killAll)
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
    // A look at all processes at each end would take long on a machine with many: `Folders` has one for the whole run.
    if (this.pid !== null) endStrays(`${this.#state}\0`, this.pid)
  }

  /** Whether the process and its group end within `ms`. */
  async #isGone(ms: number): Promise<boolean> {
    const until = Date.now() + ms
    while (this.ending === null || this.#hasGroup()) {
      if (Date.now() > until) return false
      await new Promise((resolve) => setTimeout(resolve, GROUP_POLL_MS))
    }
    return true
  }

  #hasGroup(): boolean {
    return !IS_WINDOWS && this.#signal(0)
  }

  /** Returns whether there was anybody to get it. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child
    if (pid === undefined) return false
    try {
      if (IS_WINDOWS && signal !== 0)
        spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' })
      else process.kill(-pid, signal)
      return true
    } catch {
      return false
    }
  }
}

/** A command without a folder is looked for on PATH first, and then in `cwd`. */
function foundIn(cwd: string, command: string): string {
  if (command.includes('/') || command.includes(path.sep)) return path.resolve(cwd, command)
  return command
}

/**
 * Ports that starts before had, the oldest first. Until a student's peer listens, its port is free; the sockets tell another
 * examiner on this machine that it is promised.
 */
const taken = new Map<number, dgram.Socket | null>()
/** A class has more starts than there are ports: the oldest ones come again. */
const MAX_TAKEN = 1_000
/** Below the ports that systems hand out by themselves, so that no other connection takes one before the student's peer does. */
const FIRST_PORT = 21_000
const PORTS = 10_000

/** A port of 127.0.0.1 that nobody listens on and none of the last 1,000 starts had. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    if (taken.has(port)) continue
    taken.set(port, null)
    for (const [oldest, socket] of taken) {
      if (taken.size <= MAX_TAKEN) break
      socket?.close()
      taken.delete(oldest)
    }
    if ((await isPromised(port)) && (await isFree(port))) return port
  }
}

/** Takes the UDP port of the same number, which nobody needs. Returns false if another has it. */
async function isPromised(port: number): Promise<boolean> {
  const socket = dgram.createSocket('udp4').unref()
  socket.bind({ port, address: '127.0.0.1', exclusive: true })
  return once(socket, 'listening').then(
    () => taken.set(port, socket).size > 0,
    (error: NodeJS.ErrnoException) => {
      socket.close()
      return error.code !== 'EADDRINUSE'
    },
  )
}

/** Whether nobody listens on `port` of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  const server = net.createServer()
  server.listen(port, '127.0.0.1')
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  if (!isListening) return false
  server.close()
  await once(server, 'close')
  return true
}

/**
 * Ends what has left the group of a start. `states`: how the path of its state begins; `first`: the process to begin with.
 * Only Linux shows the environment of others.
 */
function endStrays(states: string, first = 0): void {
  if (process.platform !== 'linux') return
  for (const pid of fs.readdirSync('/proc').map(Number))
    try {
      if (
        pid > first &&
        fs.readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${MARK}=${states}`)
      )
        process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended, or is another user's.
    }
}

const REMOVE = { recursive: true, force: true, maxRetries: 3 } as const

/** Folders for what peers keep. All of them go with `remove`. */
export class Folders {
  readonly #root = fs.mkdtempSync(path.join(tmpdir(), 'ecdh-duet-exercise-'))
  readonly #removeNow = () => {
    endStrays(this.#root + path.sep)
    try {
      fs.rmSync(this.#root, REMOVE)
    } catch {
      // as with `remove`
    }
  }
  #count = 0

  constructor() {
    // a signal ends the program in the middle
    process.once('exit', this.#removeNow)
  }

  /** A fresh folder, which no other start had. */
  async fresh(): Promise<string> {
    const folder = path.join(this.#root, String(this.#count++), 'state')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return folder
  }

  /** What can't be removed stays: a peer may have closed a folder to us, or left a process that goes on to write. */
  async remove(): Promise<void> {
    process.off('exit', this.#removeNow)
    endStrays(this.#root + path.sep)
    await rm(this.#root, REMOVE).catch(() => {})
  }
}
