/** How the student's peer opens pictures: where it refuses a right one, all usual ways to seal it are tried. */

import { bytesToHex } from '../../../../protocol/bytes.ts'
import { type Agreement, metadataOf, type Picture } from '../../agreement.ts'
import { NoAnswer } from '../../call.ts'
import type { Choices } from '../../computation/choices.ts'
import { type Computed, compute } from '../../computation/computed.ts'
import type { Memo } from '../../computation/schedule.ts'
import { deviating } from '../../computation/search.ts'
import type { Context } from '../../context.ts'
import type { Scene } from '../../scene.ts'
import { pictureOf } from './genuine.ts'
import { attempt, madeUp } from './sealed.ts'

/** Requests of one search, and how long it may take. */
const MAX_PROBES = 400
const PROBE_MS = 10_000
/** A picture of one chunk, one of three, and one behind a picture of the student's own. */
const LENGTHS = [46, 150_006, 46] as const
const BETWEEN = 2

export interface Probed {
  /** The choices under which the pictures were taken, as far as it got. */
  readonly found: readonly Choices[]
  readonly count: number
  /** Whether the student's own picture opens under one of them. */
  readonly opensOwn: boolean
}

/** Sends pictures sealed in all the usual ways, on a fresh start. What was taken goes into the ledger. @throws Failure */
export async function probeOpening(context: Context): Promise<Probed> {
  const scene = await context.start()
  const session = await scene.agree()
  const search = new Search(context, scene, session)
  const result = await search.whole()
  await context.stop(scene)
  return result
}

class Search {
  readonly #context: Context
  readonly #scene: Scene
  readonly #session: Agreement
  readonly #until = performance.now() + PROBE_MS
  readonly #memo: Memo = new Map()
  #count = 0

  constructor(context: Context, scene: Scene, session: Agreement) {
    this.#context = context
    this.#scene = scene
    this.#session = session
  }

  async whole(): Promise<Probed> {
    const { ledger } = this.#context
    const { opens, ...sends } = ledger.choices
    const base = opens ?? sends
    // What its own pictures look like is the likeliest.
    let fitting: Choices[] = [
      ...ledger.explain(4).candidates.map((one) => one.opens ?? one),
      ...[0, 1, 2].flatMap((count) => [...deviating(4, this.#scene.suite, base, count)]),
    ]
    let found: readonly Choices[] = []
    let own: { readonly content: Uint8Array; readonly body: Buffer } | null = null
    for (const [number, bytes] of LENGTHS.entries()) {
      if (number === BETWEEN) own = await this.#takeOwn()
      fitting = await this.#step(number, bytes, fitting)
      if (fitting.length === 0) break
      found = fitting
    }
    const opensOwn = found.some((choices) => own !== null && this.#opens(choices, own))
    return { found, count: this.#count, opensOwn }
  }

  /** Those of `fitting` under which a picture of `bytes` bytes is taken: all that give the same body. */
  async #step(number: number, bytes: number, fitting: readonly Choices[]): Promise<Choices[]> {
    const picture = madeUp(this.#context.random, 'image/gif', bytes)
    const { picturesOfStudent: others, material } = this.#session
    const tried = new Set<string>()
    for (const choices of fitting) {
      if (this.#count >= MAX_PROBES || performance.now() > this.#until) return []
      const body = this.#sealed(choices, number, picture)
      const name = nameOf(body)
      if (tried.has(name)) continue
      tried.add(name)
      this.#count++
      const answer = await attempt(this.#scene, body)
      if (answer instanceof NoAnswer) return []
      if (!this.#scene.isTaken(answer)) continue
      this.#session.nextPicture = number + 1
      const seen = { number, others, picture: picture.content, body, isTaken: true }
      this.#context.ledger.record({ kind: 'picture', from: 'examiner', material, ...seen })
      return fitting.filter((one) => nameOf(this.#sealed(one, number, picture)) === name)
    }
    return []
  }

  #sealed(choices: Choices, number: number, picture: Picture): Uint8Array {
    const { picturesOfStudent } = this.#session
    const computed = this.#computed(choices)
    const metadata = metadataOf(picture)
    return computed.sealPicture('examiner', number, metadata, picture.content, picturesOfStudent)
  }

  async #takeOwn(): Promise<{ content: Uint8Array; body: Buffer } | null> {
    const content = pictureOf(this.#context.random, 'image/gif', 46)
    const { bodies } = await this.#scene.sendPicture(content, 'image/gif')
    const [body] = bodies
    this.#session.picturesOfStudent++
    return body === undefined ? null : { content, body }
  }

  #opens(choices: Choices, { body }: { body: Buffer }): boolean {
    return this.#computed(choices).openPicture('student', 0, body, BETWEEN) !== null
  }

  #computed(choices: Choices): Computed {
    return compute(this.#session.material, choices, this.#memo)
  }
}

/** Bodies differ if their lengths, their first chunks or their ends do. */
function nameOf(body: Uint8Array): string {
  return `${body.length} ${bytesToHex(body.subarray(0, 128))} ${bytesToHex(body.subarray(-32))}`
}
