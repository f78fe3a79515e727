/** Starts the student's peer for the clauses, or reaches the one that runs already, and puts the examiner beside it. */

import type { KeyPair } from '../../protocol/curves.ts'
import { SUITES, type SuiteName } from '../../protocol/suites.ts'
import { printable } from '../../terminal/printable.ts'
import { type Answer, call, NoAnswer } from './call.ts'
import { chooseIdentity, type IdentityWish, keyPair } from './computation/keys.ts'
import type { Ledger } from './computation/ledger.ts'
import type { Random } from './computation/random.ts'
import { Failure, type FailureKind, type Order } from './failure.ts'
import { OtherPeer } from './otherPeer.ts'
import { Scene } from './scene.ts'
import {
  Folders,
  freePort,
  isFree,
  type Running,
  type StartArguments,
  type StartStudent,
} from './student.ts'

export interface SceneOptions {
  readonly random: Random
  /** Which party the student's peer is to be. */
  readonly party: 1 | 2
  readonly order?: Order
  /** The identity has a group that begins with 0 in its half of the safety number. */
  readonly zeroGroup?: boolean
  /** Orders of the identities that are not as `order`. */
  readonly orders?: Omit<IdentityWish, 'party' | 'order'>
  /** Another suite than that of the run. */
  readonly curve?: SuiteName
  /** A folder of a start before, in place of a fresh one. */
  readonly state?: string
}

/** A peer that runs already, and the port on which it looks for its other peer. */
export interface Attached {
  readonly origin: string
  readonly port: number
}

/** Between two looks whether a peer is ready. */
const READY_POLL_MS = 25
/** An identity of a student's may stand so near the end of an order that no other one fits: then it gets another one. */
const MAX_IDENTITIES = 4
/** Ports that a peer is started on where somebody else takes the one that was free. */
const MAX_PORTS = 3
const TAIL_LINES = 5

export class Starts {
  /** How often a peer was started. */
  count = 0
  readonly #curve: SuiteName
  readonly #ledger: Ledger
  readonly #start: StartStudent | null
  readonly #attached: Attached | null
  readonly #readyMs: number
  readonly #folders = new Folders()
  readonly #open = new Set<Scene>()
  /** The one that a peer that runs already looks for. */
  #attachedOther: Promise<OtherPeer> | null = null

  constructor(options: {
    curve: SuiteName
    ledger: Ledger
    start: StartStudent | null
    attached: Attached | null
    readyMs: number
  }) {
    this.#curve = options.curve
    this.#ledger = options.ledger
    this.#start = options.start
    this.#attached = options.attached
    this.#readyMs = options.readyMs
  }

  /**
   * A peer that is ready, with an examiner beside it under an identity that makes the student's peer `party`.
   * @throws Failure `error` where it can't be started or is not ready in time
   */
  async open(options: SceneOptions): Promise<Scene> {
    const curve = options.curve ?? this.#curve
    for (let tries = 0; ; tries++) {
      const other = await this.#otherPeer()
      const begun = await this.#begin(other, curve, options.state).catch((error: unknown) => {
        this.#leave(other)
        throw error
      })
      const { student, origin, shown, state } = begun
      const scene = new Scene({
        ...options,
        curve,
        student,
        origin,
        shown,
        state,
        other,
        ledger: this.#ledger,
      })
      this.#open.add(scene)
      const identity = this.#identityFor(scene, options)
      if (identity !== null) {
        scene.identity = identity
        return scene
      }
      await this.close(scene)
      if (tries + 1 === MAX_IDENTITIES || options.state !== undefined || this.#start === null)
        throw failure({
          did: `look for an identity that makes it party ${options.party}`,
          wanted: 'one that fits',
          got: 'none: its identity stands at the end of the order',
          cause: 'Give the peer a fresh state, and with that another identity.',
          lines: [],
        })
    }
  }

  /** Ends the process of `scene` and starts another one on what it kept. The examiner keeps its identity and its port. */
  async restart(scene: Scene, { curve = this.#curve }: { curve?: SuiteName } = {}): Promise<void> {
    await scene.stop()
    const { student, origin, shown } = await this.#begin(
      scene.other,
      curve,
      scene.state ?? undefined,
    )
    scene.restarted(student, origin, shown, SUITES[curve])
  }

  /** Ends the process. Resolves with whether SIGTERM was enough. */
  async close(scene: Scene): Promise<boolean> {
    this.#open.delete(scene)
    const isInTime = await scene.stop()
    this.#leave(scene.other)
    return isInTime
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((scene) => this.close(scene)))
    ;(await this.#attachedOther)?.close()
    await this.#folders.remove()
  }

  #otherPeer(): Promise<OtherPeer> {
    if (this.#attached === null) return OtherPeer.listen()
    this.#attachedOther ??= OtherPeer.listen(this.#attached.port)
    return this.#attachedOther
  }

  #leave(other: OtherPeer): void {
    if (this.#attached === null) other.close()
  }

  #identityFor(
    scene: Scene,
    { random, party, order = 'plain', orders = {}, zeroGroup = false }: SceneOptions,
  ): KeyPair | null {
    const { studentIdentity, suite } = scene
    if (studentIdentity === null) return keyPair(random, suite)
    return chooseIdentity(random, suite, studentIdentity, { party, order, zeroGroup, ...orders })
  }

  async #begin(
    other: OtherPeer,
    curve: SuiteName,
    kept: string | undefined,
  ): Promise<{ student: Running | null; origin: string; shown: Answer; state: string | null }> {
    if (this.#attached !== null) {
      const { origin } = this.#attached
      return { student: null, origin, shown: await this.#ready(origin, null), state: null }
    }
    const state = kept ?? (await this.#folders.fresh())
    for (let tries = 1; ; tries++) {
      const port = await freePort()
      this.count++
      const student = this.#startOn({ port, peer: other.origin, curve, state })
      const origin = `http://127.0.0.1:${port}`
      try {
        return { student, origin, shown: await this.#ready(origin, student), state }
      } catch (error) {
        const hasEnded = student.ending !== null
        await student.stop()
        // Another program, such as a second examiner, may have taken the port in the meantime.
        if (!hasEnded || tries === MAX_PORTS || (await isFree(port))) throw error
      }
    }
  }

  /** @throws Failure for a command that the system does not take, such as one with a file for a folder in its path */
  #startOn(start: StartArguments): Running {
    if (this.#start === null) throw new Error('There is no peer to start.')
    try {
      return this.#start(start)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const got = `the system does not take the command: ${printable(code ?? message)}`
      const wanted = 'a peer that runs until SIGTERM'
      throw new Failure({ did: 'start it', wanted, got, cause: null }, { kind: 'error' })
    }
  }

  /** The first answer to /show with status 200. */
  async #ready(origin: string, student: Running | null): Promise<Answer> {
    const until = performance.now() + this.#readyMs
    let last = 'nobody listens there'
    while (performance.now() < until) {
      if (student?.ending != null) throw endedFailure(student, 'start it')
      try {
        const left = Math.max(READY_POLL_MS, until - performance.now())
        const answer = await call(`${origin}/show`, { ms: left })
        if (answer.status === 200) return answer
        last = `/show answers ${answer.status}`
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error
        last = error.message
      }
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS))
    }
    const isElsewhere = await call(`${origin.replace('127.0.0.1', '[::1]')}/show`, {
      ms: 1_000,
    }).then(
      () => true,
      () => false,
    )
    throw failure(
      {
        did: student === null ? 'GET /show' : 'start it, and GET /show',
        wanted: `an answer with status 200 within ${this.#readyMs / 1000} seconds`,
        got: last,
        cause: isElsewhere
          ? 'It listens on ::1 only. It has to listen on 127.0.0.1, which is IPv4.'
          : null,
        lines: student === null ? [] : tailOf(student),
      },
      'too slow',
    )
  }
}

/** How a process that ended by itself fails a clause: with the last lines that it printed. */
export function endedFailure(student: Running, did: string): Failure {
  const how = student.ending ?? 'unknown'
  const cause = /^E[A-Z]+$/.test(how)
    ? `The command could not be started (${how}). Is the first word of --start a program on PATH or in this folder?`
    : null
  return failure({
    did,
    wanted: 'a peer that runs until SIGTERM',
    got: `it ended by itself: ${how}`,
    cause,
    lines: tailOf(student),
  })
}

function failure(
  {
    lines,
    ...rest
  }: { did: string; wanted: string; got: string; cause: string | null; lines: string[] },
  kind: FailureKind = 'error',
): Failure {
  return new Failure(
    { ...rest, values: lines.map((line) => ['it printed', line] as const) },
    { kind },
  )
}

/** The last lines of both outputs, printable. */
function tailOf({ stdout, stderr }: Running): string[] {
  return [...stdout.tail(TAIL_LINES), ...stderr.tail(TAIL_LINES)]
    .filter((line) => line !== '')
    .map((line) => printable(line.slice(0, 300)))
}
