/** The search for the way in which a student's peer opens texts: the same text is sealed in all usual ways, until one is taken. */

import { bytesToHex, utf8ToBytes } from '../../../../protocol/bytes.ts'
import type { Agreement } from '../../agreement.ts'
import { NoAnswer } from '../../call.ts'
import type { Choices } from '../../computation/choices.ts'
import { type Computed, compute } from '../../computation/computed.ts'
import type { Ledger } from '../../computation/ledger.ts'
import type { Side } from '../../computation/material.ts'
import type { Memo } from '../../computation/schedule.ts'
import { deviating } from '../../computation/search.ts'
import { Failure } from '../../failure.ts'
import type { Scene } from '../../scene.ts'
import { aText, oneMessage, type Talk } from './texts.ts'

/** Requests of one search, and how long it may take. */
const MAX_PROBES = 400
const PROBE_MS = 8_000
/** The examiner's texts 0 to 3; before the last one come two of the student's. */
export const TEXTS = 4
export const BETWEEN = 3
const OWN_TEXTS = 2

interface SeenText {
  readonly from: Side
  readonly seq: number
  readonly text: Uint8Array
  readonly ciphertext: Uint8Array
  readonly others: number
}

/** A text of the student's, or one of the examiner's that was taken, goes to the ledger. */
export function recordText({ material }: Agreement, ledger: Ledger, seen: SeenText): void {
  ledger.record({ kind: 'text', material, isTaken: true, ...seen })
}

/** If several mistakes explain the texts so far, looks for more that tells them apart. */
export async function tellApart(talk: Talk): Promise<void> {
  if (talk.scene.ledger.explain(3).kind === 'several') (await searched(talk)).record()
}

/** The search, on a fresh start. */
export async function searched(talk: Talk): Promise<Search> {
  const search = new Search(talk)
  try {
    await search.run()
  } catch (error) {
    // What was found before is as true.
    if (!(error instanceof Failure)) throw error
  }
  return search
}

class Search {
  /** Requests. */
  count = 0
  readonly #talk: Talk
  readonly #until = performance.now() + PROBE_MS
  readonly #memo: Memo = new Map()
  #taken: (() => void)[] = []
  #own: (() => void)[] = []

  constructor(talk: Talk) {
    this.#talk = talk
  }

  /** Whether some of the examiner's texts were taken. */
  get hasFound(): boolean {
    return this.#taken.length > 0
  }

  /** What was seen goes to the ledger, but for what was refused: that has been ruled out. Nothing if no text was taken. */
  record(): void {
    if (this.hasFound) for (const add of [...this.#taken, ...this.#own]) add()
  }

  /** @throws Failure where the fresh start does not get as far */
  async run(): Promise<void> {
    const { context } = this.#talk
    const scene = await context.start()
    const session = await scene.agree()
    const { opens, ...base } = scene.ledger.choices
    let fitting: Choices[] = [0, 1, 2].flatMap((mistakes) => [
      ...deviating(3, scene.suite, opens ?? base, mistakes),
    ])
    for (let seq = 0; seq < TEXTS && fitting.length > 0; seq++) {
      for (let i = 0; seq === BETWEEN && i < OWN_TEXTS; i++) await this.#takeOwn(scene, session)
      fitting = await this.#step(scene, session, seq, fitting)
    }
    await context.stop(scene)
  }

  /** Those of `fitting` under which text `seq` is taken: all that give the same ciphertext. */
  async #step(
    scene: Scene,
    session: Agreement,
    seq: number,
    fitting: readonly Choices[],
  ): Promise<Choices[]> {
    const text = utf8ToBytes(aText(scene))
    const { textsOfStudent: others } = session
    const groups = new Map<string, Choices[]>()
    for (const choices of fitting) {
      const sealed = this.#computed(session, choices).sealMessage('examiner', seq, text, others)
      const key = bytesToHex(sealed)
      groups.set(key, [...(groups.get(key) ?? []), choices])
    }
    for (const [hex, group] of groups) {
      if (this.count >= MAX_PROBES || performance.now() > this.#until) break
      this.count++
      const answer = await scene.attempt('/wire/message', {
        method: 'POST',
        body: JSON.stringify({ v: 2, session: bytesToHex(session.id), seq, ciphertext: hex }),
        headers: { 'content-type': 'application/json' },
      })
      if (answer instanceof NoAnswer) break
      if (!scene.isTaken(answer)) continue
      const ciphertext = new Uint8Array(Buffer.from(hex, 'hex'))
      const seen = { from: 'examiner', seq, text, ciphertext, others } as const
      this.#taken.push(() => recordText(session, scene.ledger, seen))
      session.nextText = seq + 1
      return group
    }
    return []
  }

  async #takeOwn(scene: Scene, session: Agreement): Promise<void> {
    const text = aText(scene)
    const { seq, ciphertext } = await oneMessage(scene, text)
    const others = session.nextText
    const seen = { from: 'student', seq, text: utf8ToBytes(text), ciphertext, others } as const
    this.#own.push(() => recordText(session, scene.ledger, seen))
    session.textsOfStudent = Math.max(session.textsOfStudent, seq + 1)
  }

  #computed({ material }: Agreement, choices: Choices): Computed {
    return compute(material, choices, this.#memo)
  }
}
