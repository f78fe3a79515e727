/** The schedule of a run: which clause when, in how many processes, what waits for what, and what becomes of each. */

import type { Party } from '../../protocol/keySchedule.ts'
import type { SuiteName } from '../../protocol/suites.ts'
import { printable } from '../../terminal/printable.ts'
import type { Clause, Report, Result, Row } from './clause.ts'
import { CLAUSES, hashOfClauses } from './clauses/all.ts'
import { studentFirst } from './clauses/session.ts'
import type { Layer } from './computation/choices.ts'
import { Ledger } from './computation/ledger.ts'
import { Random } from './computation/random.ts'
import { Context } from './context.ts'
import { Failure, type FailureKind, type Finding } from './failure.ts'
import { Lane, type Lanes } from './lane.ts'
import { withPoints } from './points.ts'
import { type Attached, endedFailure, Starts } from './starts.ts'
import type { StartStudent } from './student.ts'
import { tellOrdersApart } from './tellApart.ts'

export interface ExamineOptions {
  readonly curve: SuiteName
  readonly seed: number
  /** The ids that are asked for, of clauses that this suite has. What they need runs as well, and is not reported. */
  readonly ids: readonly string[]
  /** As reports show it. */
  readonly subject: string
  readonly version: string
  /** How the peer is started; null with `attached`. */
  readonly start: StartStudent | null
  readonly attached: Attached | null
  /** Peers at the same time. */
  readonly jobs: number
  readonly readyMs: number
  readonly limitMs: number
  /** Ends at the first clause that fails, in the order in which a student builds. */
  readonly isFirstOnly: boolean
  /** Called with all rows as they stand whenever one has ended; causes may change until the end. */
  readonly onProgress?: (rows: readonly Row[]) => void
}

const CLAUSE_MS = 20_000
const SLOW_CLAUSE_MS = 30_000
/** The connections of a process break a moment before the system says that it ended. */
const ENDED_MS = 100

/**
 * These decide how the student computes, layer by layer: nothing of a layer begins before the ones above it are known, so
 * that a mistake in one is not counted in the next.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['session/1', 'session/3'],
  ['session/2', 'session/4'],
  ['messages/1', 'messages/2', 'pictures/1'],
  ['messages/3', 'pictures/2'],
  ['messages/4', 'pictures/3'],
  ['pictures/5'],
]

interface Outcome {
  readonly result: Result
  readonly finding: Finding | null
  readonly kind: FailureKind | null
  readonly layer: Layer | null
  readonly isFollowed: boolean
  readonly notes: readonly string[]
  readonly reason: string | null
  readonly seconds: number
}

const UNKNOWN: Outcome = {
  result: 'not run',
  finding: null,
  kind: null,
  layer: null,
  isFollowed: false,
  notes: [],
  reason: null,
  seconds: 0,
}

/** Which party a peer is that runs already: the examiner has one identity for it. */
const ATTACHED_PARTY = 1

/** A clause in one of its parties. */
class Task {
  readonly clause: Clause
  readonly party: Party | null
  /** The party in which it runs: where it does not matter, both come up. A peer that runs already has one only. */
  readonly role: Party
  readonly isAsked: boolean
  hasBegun = false
  isRepeated = false
  outcome: Outcome | null = null

  constructor(clause: Clause, party: Party | null, isAsked: boolean, isAttached: boolean) {
    const isEven = Number(clause.id.split('/')[1]) % 2 === 0
    this.clause = clause
    this.party = party
    this.role = party ?? (isEven && !isAttached ? 2 : ATTACHED_PARTY)
    this.isAsked = isAsked
  }

  get name(): string {
    return this.party === null ? this.clause.id : `${this.clause.id} party ${this.party}`
  }
}

/** Examines a peer. @throws only what is our own mistake: whatever the peer does ends in the report */
export async function examine(options: ExamineOptions): Promise<Report> {
  return new Run(options).whole()
}

class Run {
  readonly #options: ExamineOptions
  readonly #ledger: Ledger
  readonly #starts: Starts
  readonly #tasks: Task[]
  readonly #lanes: Lanes
  readonly #begun = performance.now()
  #isOver = false

  constructor(options: ExamineOptions) {
    const { curve, start, attached, readyMs, seed } = options
    this.#options = options
    this.#ledger = new Ledger()
    this.#starts = new Starts({ curve, ledger: this.#ledger, start, attached, readyMs })
    this.#tasks = tasksOf(options)
    const lane = (label: string, party: Party) =>
      new Lane(
        () => this.#starts.open({ random: new Random(seed, label), party }),
        (scene) => this.#starts.close(scene),
      )
    const shared = lane('shared', 1)
    this.#lanes = {
      shared,
      idle: attached === null ? lane('idle', 1) : shared,
      agreed: { 1: lane('agreed 1', 1), 2: lane('agreed 2', 2) },
    }
  }

  async whole(): Promise<Report> {
    const { limitMs, isFirstOnly, jobs, attached } = this.#options
    const timer = setTimeout(() => this.#end(), limitMs)
    try {
      const workers = isFirstOnly || attached !== null ? 1 : jobs
      do await Promise.all(Array.from({ length: workers }, () => this.#work()))
      while (await this.#repeatSlow())
    } finally {
      clearTimeout(timer)
      this.#isOver = true
      await this.#starts.closeAll()
    }
    const { curve, seed, version, subject } = this.#options
    return {
      curve,
      seed,
      version,
      clauses: hashOfClauses(),
      rows: this.#rows(),
      seconds: this.#seconds(),
      subject,
      remarks: this.#ledger.remarks(),
    }
  }

  /** Takes tasks until there are none. */
  async #work(): Promise<void> {
    while (!this.#isOver) {
      const waiting = this.#tasks.filter((task) => !task.hasBegun)
      const ready = waiting.filter((task) => this.#isReady(task))
      const next = ready.find(({ clause }) => clause.isSlow) ?? ready[0]
      if (next === undefined) {
        if (waiting.length === 0) return
        await this.#nextEnd()
        continue
      }
      await this.#take(next)
    }
  }

  #ends: (() => void)[] = []

  /** Resolves once a task that runs has ended. */
  #nextEnd(): Promise<void> {
    return new Promise((resolve) => this.#ends.push(resolve))
  }

  async #take(task: Task): Promise<void> {
    task.hasBegun = true
    const outcome = this.#obstacleOf(task) ?? (await this.#runIn(task))
    const layer = this.#layerDoneWith(task)
    if (layer === 1 && this.#options.attached === null && !this.#isOver)
      await this.#tellOrdersApart()
    task.outcome = outcome
    if (layer !== null) this.#ledger.settle(layer)
    if (this.#options.isFirstOnly && task.isAsked && task.outcome.result === 'fail') this.#end()
    for (const wake of this.#ends.splice(0)) wake()
    this.#options.onProgress?.(this.#rows())
  }

  async #tellOrdersApart(): Promise<void> {
    await tellOrdersApart(this.#ledger, async ({ party, order, ...orders }) => {
      const random = new Random(this.#options.seed, 'orders')
      const scene = await this.#starts.open({ random, party, order, orders })
      try {
        const { session, confirm } = await studentFirst(scene)
        this.#ledger.sawSession(session.material, confirm.session)
        this.#ledger.sawTag(session.material, confirm.tag)
      } finally {
        await this.#starts.close(scene)
      }
    })
  }

  /** Ends the run early: what has not begun is not run. */
  #end(): void {
    this.#isOver = true
    for (const wake of this.#ends.splice(0)) wake()
    void this.#starts.closeAll()
  }

  #isReady(task: Task): boolean {
    const layer = LAYERS.findIndex((ids) => ids.includes(task.clause.id))
    const above = layer >= 0 ? layer : task.clause.stage === 1 ? 0 : LAYERS.length
    const isBelow = this.#tasks.every(
      (one) => one.outcome !== null || !LAYERS.slice(0, above).flat().includes(one.clause.id),
    )
    const needed = this.#needed(task)
    // One that shares a process would hold up a worker while it waits for its turn.
    const isFree = !this.#tasks.some(
      (one) =>
        one.hasBegun &&
        one.outcome === null &&
        laneOf(one) !== null &&
        laneOf(one) === laneOf(task),
    )
    return isBelow && isFree && needed.every((one) => one.outcome !== null)
  }

  /** The tasks that `task` builds on, in its party. */
  #needed(task: Task): Task[] {
    const ids = task.clause.needs.flatMap((id) => (id === 'agreement' ? AGREEMENT : [id]))
    return this.#tasks.filter(
      (one) =>
        ids.includes(one.clause.id) &&
        (task.party === null || one.party === null || one.party === task.party),
    )
  }

  /** Why it can't be run, if so. */
  #obstacleOf(task: Task): Outcome | null {
    const { attached } = this.#options
    if (attached !== null && (task.clause.start === 'own' || task.clause.needsStart))
      return { ...UNKNOWN, reason: 'it needs a peer that the examiner starts (--start)' }
    if (attached !== null && task.clause.start === 'agreed' && task.role !== ATTACHED_PARTY)
      return { ...UNKNOWN, reason: 'a peer that runs already has one party with the examiner' }
    const needed = this.#needed(task)
    const fails = needed.filter((one) => !this.#isSatisfied(one))
    const agreements = needed.filter(({ clause }) => AGREEMENT.includes(clause.id))
    const canAgree = agreements.some((one) => !fails.includes(one))
    const missing = fails.find(
      (one) =>
        !(task.clause.needs.includes('agreement') && AGREEMENT.includes(one.clause.id) && canAgree),
    )
    if (missing === undefined) return null
    // The one that failed is to be mended first.
    const reason = missing.outcome?.result === 'blocked' ? missing.outcome.reason : null
    return { ...UNKNOWN, result: 'blocked', reason: reason ?? `builds on ${missing.name}` }
  }

  /** Whether what builds on it can be judged. */
  #isSatisfied({ outcome }: Task): boolean {
    if (outcome === null) return false
    const { result, kind, layer, isFollowed } = outcome
    if (result === 'not run') return this.#options.attached !== null
    if (result === 'pass' || result === 'note' || kind === 'wrong code' || isFollowed) return true
    return layer !== null && this.#ledger.explain(layer).kind === 'certain'
  }

  async #runIn(task: Task): Promise<Outcome> {
    const lane = this.#laneFor(task)
    const outcome = await (lane === null ? this.#run(task) : lane.inTurn(() => this.#run(task)))
    // Nobody knows what a clause that failed has left behind.
    if (lane !== null && outcome.result === 'fail' && !this.#isOver) {
      await lane.replace()
      if (lane === this.#lanes.shared) await this.#lanes.idle.replace()
    }
    return outcome
  }

  #laneFor({ clause, role }: Task): Lane | null {
    if (clause.start === 'shared') return this.#lanes.shared
    return clause.start === 'agreed' ? this.#lanes.agreed[role] : null
  }

  async #run(task: Task): Promise<Outcome> {
    const { clause, role } = task
    const context = new Context({
      party: role,
      random: new Random(this.#options.seed, task.name),
      ledger: this.#ledger,
      starts: this.#starts,
      lanes: this.#lanes,
    })
    const begun = performance.now()
    let failure: Failure | null = null
    try {
      await withinLimit(clause.run(context), clause.isSlow ? SLOW_CLAUSE_MS : CLAUSE_MS)
    } catch (error) {
      if (this.#isOver) return { ...UNKNOWN, reason: 'the time was up (--limit)' }
      if (!(error instanceof Failure)) {
        // A mistake of ours costs this clause, and not the report.
        await context.end()
        return { ...UNKNOWN, reason: `the examiner could not judge it: ${printable(`${error}`)}` }
      }
      failure = error
    }
    if (failure?.kind === 'error') await context.ended(ENDED_MS)
    const ended = context.scenes.find(({ hasEndedByItself }) => hasEndedByItself)
    if (ended?.student)
      failure = endedFailure(
        ended.student,
        failure?.kind === 'error' ? failure.finding.did : clause.title,
      )
    await context.end()
    const seconds = (performance.now() - begun) / 1000
    const { notes } = context
    if (failure === null)
      return { ...UNKNOWN, result: clause.weight === 0 ? 'note' : 'pass', notes, seconds }
    const { finding, kind, layer, isFollowed } = failure
    if (clause.weight === 0)
      return { ...UNKNOWN, result: 'note', notes: [...notes, finding.got], finding, seconds }
    return { result: 'fail', finding, kind, layer, isFollowed, notes, reason: null, seconds }
  }

  /** The layer of the computation that is decided now that `task` has ended, if it was the last one of its layer. */
  #layerDoneWith(task: Task): Layer | null {
    const index = LAYERS.findIndex((ids) => ids.includes(task.clause.id))
    const ids = LAYERS[index] ?? []
    const isDone = this.#tasks.every(
      (one) => one === task || one.outcome !== null || !ids.includes(one.clause.id),
    )
    return index >= 0 && isDone ? ((index + 1) as Layer) : null
  }

  /**
   * What failed only because an answer took too long is run once more, alone. Returns whether any of it passes now: then what was
   * blocked by it is to be run.
   */
  async #repeatSlow(): Promise<boolean> {
    let hasPassed = false
    for (const task of this.#tasks) {
      if (this.#isOver || task.isRepeated || task.outcome?.kind !== 'too slow') continue
      task.isRepeated = true
      const again = await this.#runIn(task)
      const isPass = again.result === 'pass'
      task.outcome = { ...again, notes: isPass ? [...again.notes, 'slow'] : again.notes }
      hasPassed ||= isPass
    }
    for (const task of hasPassed ? this.#tasks : [])
      if (task.outcome?.result === 'blocked') {
        task.hasBegun = false
        task.outcome = null
      }
    return hasPassed
  }

  #rows(): Row[] {
    const asked = this.#tasks.filter(({ isAsked }) => isAsked)
    const rows = asked.map(({ clause, party, outcome }): Row => {
      const { result, finding, kind, layer, notes, reason, seconds } = outcome ?? UNKNOWN
      const cause = layer === null ? null : this.#ledger.explain(layer).sentence
      return {
        clause,
        party,
        result,
        finding: finding && { ...finding, cause: cause ?? finding.cause },
        kind,
        notes,
        reason: outcome === null ? 'the run ended before' : reason,
        seconds,
        points: 0,
        of: 0,
      }
    })
    return withPoints(rows, this.#options.attached !== null)
  }

  #seconds(): number {
    return (performance.now() - this.#begun) / 1000
  }
}

const AGREEMENT = ['session/2', 'session/4']
const FIRST = ['keys/1', 'keys/2', 'keys/3', 'keys/4']

/** What is asked for and what that needs, in the order in which it begins. */
function tasksOf({ ids, curve, isFirstOnly, attached }: ExamineOptions): Task[] {
  const wanted = new Set(ids)
  for (const id of wanted) {
    const needs = CLAUSES.find((one) => one.id === id)?.needs ?? []
    for (const need of needs.flatMap((one) => (one === 'agreement' ? AGREEMENT : [one])))
      wanted.add(need)
  }
  const clauses = CLAUSES.filter(
    ({ id, suites }) => wanted.has(id) && (suites === undefined || suites.includes(curve)),
  )
  const tasks = clauses.flatMap((clause) =>
    (clause.parties ?? [null]).map(
      (party) => new Task(clause, party, ids.includes(clause.id), attached !== null),
    ),
  )
  if (!isFirstOnly) return tasks
  const rank = ({ clause: { id, stage } }: Task) =>
    FIRST.includes(id) ? 0 : stage === 2 || stage === 3 ? stage - 1 : stage === 1 ? 3 : stage
  return tasks.sort((a, b) => rank(a) - rank(b))
}

/** The process that it shares with others, by name. */
function laneOf({ clause, role }: Task): string | null {
  if (clause.start === 'own') return null
  return clause.start === 'shared' ? 'shared' : `agreed ${role}`
}

/** @throws Failure `error` if it takes longer */
async function withinLimit(run: Promise<void>, ms: number): Promise<void> {
  // What the clause throws after its time is of no interest.
  run.catch(() => {})
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const got = `it took longer than ${ms / 1000} seconds`
      reject(
        new Failure(
          { did: 'the whole clause', wanted: 'its end', got, cause: null },
          { kind: 'too slow' },
        ),
      )
    }, ms)
  })
  try {
    await Promise.race([run, limit])
  } finally {
    clearTimeout(timer)
  }
}
