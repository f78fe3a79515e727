/** Clauses that ask the same in many ways: what each probe has to come to, and what is told of those that do not. */

import { printable } from '../../terminal/printable.ts'
import { type Answer, NoAnswer } from './call.ts'
import { Failure, type FailureOptions, type Finding } from './failure.ts'
import type { Scene } from './scene.ts'

export interface ProbeOptions {
  /** The mistake of a peer in which this probe goes wrong: a whole sentence. */
  readonly cause?: string
  /** Codes of HTTP that the specification allows before its own checks, where the input is broken at that level. */
  readonly http?: readonly string[]
  /** The connection may break, since what is refused is still being sent. */
  readonly mayBreak?: boolean
}

interface Wrong {
  readonly what: string
  readonly got: string
  readonly cause: string | null
  readonly isWrongCode: boolean
  readonly isSlow: boolean
}

type Sent = Answer | NoAnswer

export class Probes {
  readonly #scene: Scene
  readonly #wrong: Wrong[] = []
  #count = 0

  constructor(scene: Scene) {
    this.#scene = scene
  }

  /** Names of the probes that went wrong, in order. */
  get wrong(): string[] {
    return this.#wrong.map(({ what }) => what)
  }

  /** The cause of the first probe that went wrong: where what follows from one mistake has other causes too. */
  get firstCause(): string | null {
    return this.#wrong[0]?.cause ?? null
  }

  /** `sent` has to be refused as `code`. Returns whether it was refused at all. */
  refused(what: string, code: string, sent: Sent, options: ProbeOptions = {}): boolean {
    this.#count++
    const { http = [], mayBreak = false } = options
    if (sent instanceof NoAnswer) {
      if (mayBreak && sent.kind === 'broken') {
        this.#scene.note('a connection broke while what is refused was still being sent')
        return true
      }
      this.#add(what, sent, options, false)
      return false
    }
    const isRefused = sent.status >= 400 && sent.code !== null
    if (isRefused && sent.code === code) return true
    if (isRefused && http.includes(sent.code ?? '')) {
      this.#scene.note(`${printable(sent.code ?? '')}: a code of HTTP, which the page allows`)
      return true
    }
    this.#add(what, sent, options, isRefused)
    return isRefused
  }

  /** `sent` has to be taken. */
  taken(what: string, sent: Sent, options: ProbeOptions = {}): boolean {
    this.#count++
    if (!(sent instanceof NoAnswer) && this.#scene.isTaken(sent)) return true
    this.#add(what, sent, options, false)
    return false
  }

  /** Anything else that has to hold. `got`: what was there in its place, printable where it is a text. */
  holds(what: string, isSo: boolean, got: string | Sent, options: ProbeOptions = {}): boolean {
    this.#count++
    if (!isSo) this.#add(what, got, options, false)
    return isSo
  }

  /**
   * Ends the clause. `causeOf` is told what went wrong, and names the mistake; by default it is the cause that all wrong probes
   * have in common.
   * @throws Failure if any probe went wrong
   */
  end(
    did: string,
    wanted: string,
    causeOf?: (wrong: readonly string[]) => string | null,
    { values, ...options }: FailureOptions & { values?: Finding['values'] } = {},
  ): void {
    const [first] = this.#wrong
    if (first === undefined) return
    const right = this.#count - this.#wrong.length
    const causes = new Set(this.#wrong.map(({ cause }) => cause))
    const common = causes.size === 1 ? first.cause : null
    const isOnlyCode = this.#wrong.every(({ isWrongCode }) => isWrongCode)
    throw new Failure(
      {
        did,
        wanted,
        got: `${right} of ${this.#count} probes are right. The first that is not: ${first.what}: ${first.got}`,
        cause:
          causeOf?.(this.wrong) ??
          common ??
          (isOnlyCode ? 'It is refused, with another code than the page gives.' : null),
        ...(values && { values }),
      },
      // What goes wrong after an answer that came too late may come of that alone.
      { kind: isOnlyCode ? 'wrong code' : first.isSlow ? 'too slow' : 'wrong', ...options },
    )
  }

  #add(
    what: string,
    sent: string | Sent,
    { cause = null }: { cause?: string | null },
    isWrongCode: boolean,
  ): void {
    const isSlow = sent instanceof NoAnswer && sent.kind === 'slow'
    const got = typeof sent === 'string' ? sent : outcomeOf(sent)
    this.#wrong.push({ what, got, cause, isWrongCode, isSlow })
  }
}

/** An answer in a few words: its status and its code. */
export function outcomeOf(sent: Sent): string {
  if (sent instanceof NoAnswer) return sent.message
  const { status, code, json } = sent
  if (code !== null) return `status ${status}, ${printable(code.slice(0, 80))}`
  return status >= 400 && json === undefined ? `status ${status}, and no JSON` : `status ${status}`
}
