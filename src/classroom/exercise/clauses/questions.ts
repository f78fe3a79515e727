/** Many key messages in one clause: each is sent, weighed, and what went wrong is put into words. */

import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, type CallOptions, NoAnswer } from '../call.ts'
import { Failure, type FailureOptions } from '../failure.ts'
import { outcomeOf, type ProbeOptions, Probes } from '../probes.ts'
import type { Scene } from '../scene.ts'
import { endedFailure } from '../starts.ts'
import type { Running } from '../student.ts'

type Sent = Answer | NoAnswer

/**
 * What became of a message that should have been refused, or taken. `past`: the check that should have refused it let it pass, and
 * a later one refused it. `low status`: one below 400 that is none of success, or has a `code`. `crash`: the connection breaks, or a 5xx.
 * `no answer`: something else than a whole answer of HTTP.
 */
export type Outcome =
  | 'taken'
  | 'refused'
  | 'past'
  | 'other code'
  | 'no code'
  | 'low status'
  | 'crash'
  | 'no answer'
  | 'odd'

/**
 * The mistake of a peer in which a message goes wrong: a whole sentence, in which % stands for the names of all messages that
 * share it. By outcome where it tells only some; what holds of `taken` holds of `past`.
 */
export type Because = string | Partial<Record<Outcome, string>>

export interface Wrong {
  readonly what: string
  readonly outcome: Outcome
  /** Of the refusal, if there is one. */
  readonly code: string | null
  /** The clause may put a better one in its place. */
  because: string | null
}

export interface QuestionOptions extends Omit<ProbeOptions, 'cause'> {
  readonly because?: Because
  readonly headers?: CallOptions['headers']
  /** What the request may take, in milliseconds. */
  readonly ms?: number
  readonly call?: CallOptions
}

type Body = NonNullable<CallOptions['body']> | Readonly<Record<string, unknown>>

/** A process that breaks a connection since it ends has ended by then. */
const END_MS = 200
/** A peer whose connections break all the time does not end. */
const MAX_LOOKS = 10
const MAX_NAMES = 3

const GENERIC: Readonly<Record<Outcome, string | null>> = {
  taken: 'What has to be refused is taken: %.',
  refused: 'What has to be taken is refused: %.',
  past: 'It is refused, with another code than the page gives: %.',
  'other code': 'It is refused, with another code than the page gives: %.',
  'no code': 'A refusal is JSON with a `code`, and this one has none: %.',
  'low status': 'A refusal has a status of 400 or more, and this one has not: %.',
  crash: 'The request ends with an exception that your peer does not catch: %.',
  'no answer': 'What comes is no answer of HTTP, or a very long one: %.',
  odd: null,
}

/** The codes of a key message's table, in its order. */
const ROWS = [
  'bad_message',
  'bad_version',
  'curve_mismatch',
  'bad_encoding',
  'bad_base_point',
  'bad_point',
  'reflection',
  'identity_changed',
  'stale_keys',
  'confirm_failed',
]

export class Questions {
  readonly wrong: Wrong[]
  readonly #scene: Scene
  readonly #probes: Probes
  #looks = 0

  constructor(scene: Scene, whole?: Questions) {
    this.#scene = scene
    this.#probes = whole ? whole.#probes : new Probes(scene)
    this.wrong = whole?.wrong ?? []
  }

  /** Questions to another process, which count here. */
  beside(scene: Scene): Questions {
    return new Questions(scene, this)
  }

  /** `body` has to be refused as `code`. An object is sent as JSON, anything else as it is. @throws Failure if nothing comes */
  async refused(
    what: string,
    code: string,
    body: Body,
    options: QuestionOptions = {},
  ): Promise<Sent> {
    const sent = await this.#send(what, body, options)
    const count = this.#probes.wrong.length
    this.#probes.refused(what, code, sent, options)
    if (this.#probes.wrong.length > count)
      this.#add(what, sent, outcomeOfRefusal(sent, code), options)
    return sent
  }

  /** `body` has to be taken. @throws Failure if nothing comes */
  async taken(what: string, body: Body, options: QuestionOptions = {}): Promise<Sent> {
    const sent = await this.#send(what, body, options)
    if (!this.#probes.taken(what, sent)) {
      const outcome = outcomeIn(sent)
      this.#add(what, sent, outcome === 'other code' ? 'refused' : outcome, options)
    }
    return sent
  }

  /** Something genuine, at the end: what was refused has changed nothing. @throws Failure if nothing comes */
  async genuine(): Promise<void> {
    const others = this.wrong.length
    await this.taken('a genuine key message after all these', this.#scene.strangersForm(), {
      because: 'What is refused changes the state: a genuine key message is refused afterwards.',
    })
    const last = this.wrong.at(others)
    if (last && others > 0) last.because = ''
  }

  /** Anything else that has to hold. */
  holds(what: string, isSo: boolean, got: string, because: string | null = null): boolean {
    if (!this.#probes.holds(what, isSo, got))
      this.wrong.push({ what, outcome: 'odd', code: null, because })
    return isSo
  }

  /** Ends the clause. @throws Failure if anything went wrong, with the causes of all that did */
  end(did: string, wanted: string, options: FailureOptions = {}): void {
    this.#probes.end(did, wanted, () => causeOf(this.wrong), options)
  }

  async #send(what: string, body: Body, options: QuestionOptions): Promise<Sent> {
    const { headers, ms } = options
    const sent = await this.#scene.attempt('/wire/keys', {
      method: 'POST',
      body: isPlain(body) ? JSON.stringify(body) : body,
      headers: { 'content-type': 'application/json', ...headers },
      ...(ms === undefined ? {} : { ms }),
      ...options.call,
    })
    if (!(sent instanceof NoAnswer) || options.mayBreak) return sent
    const { student } = this.#scene
    const mayHaveEnded = sent.kind === 'broken' || sent.kind === 'unreachable'
    if (mayHaveEnded && student !== null && this.#looks++ < MAX_LOOKS) {
      await Promise.race([student.ended, delay(END_MS)])
      if (student.ending !== null) throw endedBy(student, what)
    }
    if (sent.kind !== 'slow') return sent
    const { because = null } = options
    throw new Failure(
      {
        did: `POST /wire/keys: ${what}`,
        wanted: 'an answer',
        got: sent.message,
        cause: typeof because === 'string' ? because.replace('%', () => what) : null,
      },
      { kind: 'too slow' },
    )
  }

  #add(
    what: string,
    sent: Sent,
    outcome: Outcome,
    { because = null }: { because?: Because | null },
  ): void {
    const by = typeof because === 'string' ? { [outcome]: because } : because
    const sentence = by?.[outcome] ?? (outcome === 'past' ? by?.taken : undefined)
    const code = sent instanceof NoAnswer ? null : sent.code
    this.wrong.push({ what, outcome, code, because: sentence ?? null })
  }
}

/** The request that ended the process is the cause. */
function endedBy(student: Running, what: string): Failure {
  const { finding } = endedFailure(student, `POST /wire/keys: ${what}`)
  const cause = `Your peer ends when this comes: ${what}.`
  return new Failure({ ...finding, cause }, { kind: 'error' })
}

function isPlain(body: Body): body is Readonly<Record<string, unknown>> {
  return Object.getPrototypeOf(body) === Object.prototype
}

function outcomeIn(sent: Sent): Outcome {
  if (sent instanceof NoAnswer)
    return sent.kind === 'not HTTP' || sent.kind === 'too long' ? 'no answer' : 'crash'
  const { status, code } = sent
  if (status >= 500) return 'crash'
  if (status >= 400) return code === null ? 'no code' : 'other code'
  if (code !== null || status < 200 || status >= 300) return 'low status'
  return 'taken'
}

/** What became of a message that should have been refused as `code`. */
function outcomeOfRefusal(sent: Sent, code: string): Outcome {
  const outcome = outcomeIn(sent)
  if (outcome !== 'other code' || sent instanceof NoAnswer) return outcome
  return ROWS.includes(code) && ROWS.indexOf(sent.code ?? '') > ROWS.indexOf(code)
    ? 'past'
    : outcome
}

/** Each sentence once, with the names of what it stands for; '' says nothing. */
function causeOf(wrong: readonly Wrong[]): string | null {
  const names = new Map<string, string[]>()
  for (const { what, outcome, because } of wrong) {
    const sentence = because ?? GENERIC[outcome] ?? ''
    if (sentence !== '') names.set(sentence, [...(names.get(sentence) ?? []), what])
  }
  const sentences = [...names].map(([sentence, all]) => sentence.replace('%', () => listed(all)))
  return sentences.length === 0 ? null : sentences.join(' ')
}

/** Names, each once, and how many more there are. */
export function listed(names: readonly string[]): string {
  const all = [...new Set(names)]
  const more = all.length - MAX_NAMES
  return more > 0 ? `${all.slice(0, MAX_NAMES).join('; ')}; ${more} more` : all.join('; ')
}

/** What came, for a text of a clause's own. */
export function said(sent: Sent): string {
  return outcomeOf(sent)
}
