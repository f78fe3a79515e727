/** Texts of the other peer that have to be refused, each with the mistake of a peer that takes it. */

import { printable } from '../../../../terminal/printable.ts'
import type { Answer } from '../../call.ts'
import { Probes } from '../../probes.ts'
import { aText, deliver, sealed, type Talk } from './texts.ts'

interface RefuseOptions {
  /** What it is taken as by a peer that takes it: its `seq` as it is read, if it stands in JSON only. */
  readonly seq?: number
  /** Codes of HTTP that the specification allows. */
  readonly http?: readonly string[]
}

const STEPPED =
  'What is refused steps the chain, or changes something else: the genuine text after it is not taken. All has to stay as it was.'

export class Refusals {
  readonly probes: Probes
  readonly #talk: Talk
  /** By probe, the mistake for which it stands. */
  readonly #causes = new Map<string, string>()
  #isAnyTaken = false
  #isGenuineTaken = true

  constructor(talk: Talk) {
    this.#talk = talk
    this.probes = new Probes(talk.scene)
  }

  /** Codes that came wrong, or not at all, in some clause of this run. What builds on them says nothing new. */
  get missed(): Set<string> {
    const { memo } = this.#talk.scene.ledger
    const missed = memo.get('codes of messages') ?? new Set<string>()
    memo.set('codes of messages', missed)
    return missed as Set<string>
  }

  /** `form` has to be refused as `code`; `cause` is the mistake of a peer that takes it. @throws Failure without an answer */
  async refuse(
    what: string,
    code: string,
    form: object | string,
    cause: string,
    { seq, http = [] }: RefuseOptions = {},
  ): Promise<Answer> {
    const answer = await (seq === undefined
      ? deliver(this.#talk, form)
      : deliver(this.#talk, form, seq))
    const isTaken = this.#talk.scene.isTaken(answer)
    this.#isAnyTaken ||= isTaken
    const found = isTaken ? cause : causeOf(answer, code)
    this.#causes.set(what, found)
    if (answer.code !== code) this.missed.add(code)
    this.probes.refused(what, code, answer, { cause: found, http })
    return answer
  }

  /** A text that has to be taken, `form` or a new one: what is refused leaves all as it was. */
  async genuine(what = 'a genuine text', form?: object): Promise<void> {
    const { scene, session } = this.#talk
    const answer = await deliver(this.#talk, form ?? sealed(session, aText(scene)))
    this.#isGenuineTaken &&= this.probes.taken(what, answer)
  }

  /** The first probe that went wrong names the mistake. @throws Failure if any did */
  end(did: string, wanted: string): void {
    const isStepped = !this.#isGenuineTaken && !this.#isAnyTaken
    this.probes.end(
      did,
      wanted,
      ([first = '']) => (isStepped ? STEPPED : (this.#causes.get(first) ?? null)),
      { isFollowed: true },
    )
  }
}

/** Why an answer that takes nothing is not the refusal of the page. */
export function causeOf({ status, code: came }: Answer, code: string): string {
  if (status < 400)
    return 'It is not taken, and not refused either: a refusal has status 400 or more.'
  if (status === 500)
    return 'The request ends with an error of your program (500), and not with a refusal.'
  if (came === null) return 'It is refused, but not with a problem in JSON that has a `code`.'
  return `It is refused as \`${printable(came.slice(0, 40))}\`. The page says \`${code}\`.`
}
