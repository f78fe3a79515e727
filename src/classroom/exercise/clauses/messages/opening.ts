/** Stage 3, how the student's peer opens texts: where it does not, all usual ways to seal them are tried. */

import { bytesToHex, utf8ToBytes } from '../../../../protocol/bytes.ts'
import type { Agreement } from '../../agreement.ts'
import { type Answer, NoAnswer } from '../../call.ts'
import type { Clause } from '../../clause.ts'
import type { Choices } from '../../computation/choices.ts'
import { type Computed, compute } from '../../computation/computed.ts'
import type { Memo } from '../../computation/schedule.ts'
import { deviating } from '../../computation/search.ts'
import { Failure } from '../../failure.ts'
import { outcomeOf } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import {
  aText,
  checkOpens,
  deliver,
  missingOf,
  oneMessage,
  sealed,
  shown,
  type Talk,
  talking,
  USUAL,
} from './texts.ts'

/** Requests in the search for the way in which a peer opens, and how long it may take. */
const MAX_PROBES = 400
const PROBE_MS = 10_000
/** The examiner's texts 0 to 3; after the third comes one of the student's. */
const TEXTS = 4
const BETWEEN = 3

async function messages4(talk: Talk): Promise<void> {
  const { context, scene, session } = talk
  const answers: Answer[] = []
  for (let seq = 0; seq < TEXTS; seq++) {
    if (seq === BETWEEN) {
      const text = aText(scene)
      const message = await oneMessage(scene, text)
      checkOpens(talk, message, text, 'three texts of the other peer, then /send_msg')
    }
    const text = aText(scene)
    const form = sealed(session, text)
    const answer = await deliver(talk, form)
    if (!scene.isTaken(answer)) throw await notTaken(talk, seq, answer)
    record(scene, session, text, form, true)
    answers.push(answer)
  }
  const other = answers.find((answer) => !isExact(answer))
  if (other !== undefined)
    throw new Failure(
      {
        did: 'four texts of the other peer, one of yours between the last two',
        wanted: '{"accepted":true,"missing":0}',
        got: shown(other.json),
        cause:
          missingOf(other) === undefined
            ? '`missing` is not in the answer.'
            : 'Your peer takes the text. The answer has exactly `accepted` (true) and `missing` (here 0).',
      },
      { isFollowed: true },
    )
  const { nonce, associatedData, direction, ...rest } = scene.ledger.choices
  const isOther = [
    nonce,
    associatedData,
    direction,
    rest.label,
    rest.source,
    rest.constants,
    rest.step,
    rest.seal,
  ]
  if (isOther.some((choice) => choice !== 'right')) context.note(AGREES_WITH_ITSELF)
}

const AGREES_WITH_ITSELF =
  'it opens what it seals itself, so two of your peers agree, and no other peer does'

function isExact({ json }: Answer): boolean {
  return JSON.stringify(Object.entries(json ?? {}).sort()) === '[["accepted",true],["missing",0]]'
}

function record(
  scene: Scene,
  { material, textsOfStudent: others }: Agreement,
  text: string,
  form: { seq: unknown; ciphertext: string },
  isTaken: boolean,
): void {
  scene.ledger.record({
    kind: 'text',
    from: 'examiner',
    material,
    seq: Number(form.seq),
    others,
    text: utf8ToBytes(text),
    ciphertext: new Uint8Array(Buffer.from(form.ciphertext, 'hex')),
    isTaken,
  })
}

/** Why the text `seq` was not taken: found out on a fresh start, where a refusal changes nothing. */
async function notTaken(talk: Talk, seq: number, answer: Answer): Promise<Failure> {
  const did = `text ${seq} of the other peer, sealed as the page says`
  const wanted = '201, {"accepted":true,"missing":0}'
  const got = outcomeOf(answer)
  const text = aText(talk.scene)
  const form = sealed(talk.session, text, seq)
  const values = [
    ['session', form.session],
    ['seq', `${seq}`],
    ['text', text],
    ['ciphertext', form.ciphertext],
  ] as const
  const { secretValues } = talk.session.computed
  const secrets = secretValues.filter(([name]) => name.startsWith('K("chain'))
  const search = await new Search(talk).whole()
  const { count, found } = search
  if (found.length === 0) {
    const cause = `None of the ${count} usual ways to seal it is taken either.`
    return new Failure({ did, wanted, got, cause, values, secrets })
  }
  search.record()
  const isOwn = found.some((choices) => search.sealsUnder(choices))
  return new Failure(
    {
      did,
      wanted,
      got: isOwn ? `${got}. But ${AGREES_WITH_ITSELF}.` : got,
      cause: null,
      values,
      secrets,
    },
    { layer: 3 },
  )
}

/** The search for the choices under which the student's peer opens texts. */
class Search {
  /** Those that fit all that was taken. */
  found: Choices[] = []
  /** Requests. */
  count = 0
  readonly #talk: Talk
  readonly #until = performance.now() + PROBE_MS
  readonly #memo: Memo = new Map()
  #recorded: (() => void)[] = []
  #ownText: {
    readonly seq: number
    readonly text: string
    readonly ciphertext: Uint8Array
    others: number
  } | null = null
  #material: Agreement['material'] | null = null

  constructor(talk: Talk) {
    this.#talk = talk
  }

  async whole(): Promise<this> {
    const { context } = this.#talk
    const scene = await context.start()
    const session = await scene.agree()
    this.#material = session.material
    const { suite } = scene
    const { opens, ...base } = scene.ledger.choices
    let fitting: Choices[] = [0, 1, 2].flatMap((mistakes) => [
      ...deviating(3, suite, opens ?? base, mistakes),
    ])
    for (let seq = 0; seq < TEXTS; seq++) {
      if (seq === BETWEEN) await this.#takeOwn(scene, session)
      fitting = await this.#step(scene, session, seq, fitting)
      if (fitting.length === 0) break
      this.found = fitting
    }
    await context.stop(scene)
    return this
  }

  /** Into the ledger goes what was taken, and not what was refused: each refusal has been ruled out already. */
  record(): void {
    for (const add of this.#recorded) add()
  }

  /** Whether the student's own text opens under `choices`. */
  sealsUnder(choices: Choices): boolean {
    if (this.#ownText === null || this.#material === null) return false
    const { seq, ciphertext, others, text } = this.#ownText
    const opened = this.#computed(choices).openMessage('student', seq, ciphertext, others)
    return opened !== null && Buffer.from(text).equals(opened)
  }

  /** Those of `fitting` under which text `seq` is taken: all that give the same ciphertext. */
  async #step(
    scene: Scene,
    session: Agreement,
    seq: number,
    fitting: readonly Choices[],
  ): Promise<Choices[]> {
    const text = aText(scene)
    const { textsOfStudent: others } = session
    const groups = new Map<string, Choices[]>()
    for (const choices of fitting) {
      const bytes = this.#computed(choices).sealMessage('examiner', seq, utf8ToBytes(text), others)
      const key = bytesToHex(bytes)
      groups.set(key, [...(groups.get(key) ?? []), choices])
    }
    for (const [ciphertext, group] of groups) {
      if (this.count >= MAX_PROBES || performance.now() > this.#until) break
      this.count++
      const form = { v: 2, session: bytesToHex(session.id), seq, ciphertext }
      const answer = await scene.attempt('/wire/message', {
        method: 'POST',
        body: JSON.stringify(form),
        headers: { 'content-type': 'application/json' },
      })
      if (answer instanceof NoAnswer) break
      if (!scene.isTaken(answer)) continue
      this.#recorded.push(() => record(scene, session, text, form, true))
      session.nextText = seq + 1
      return group
    }
    return []
  }

  async #takeOwn(scene: Scene, session: Agreement): Promise<void> {
    const text = aText(scene)
    const { seq, ciphertext } = await oneMessage(scene, text)
    this.#ownText = { seq, text, ciphertext, others: session.nextText }
    session.textsOfStudent = Math.max(session.textsOfStudent, seq + 1)
  }

  #computed(choices: Choices): Computed {
    if (this.#material === null) throw new Error('There is no agreement yet.')
    return compute(this.#material, choices, this.#memo)
  }
}

export const OPENING: readonly Clause[] = [
  {
    ...USUAL,
    id: 'messages/4',
    title: 'your peer opens texts',
    sentence: 'The answer to an accepted one is 201 with `{ "accepted": true, "missing": n }`',
    weight: 2,
    parties: [1, 2],
    needs: ['agreement'],
    run: talking(messages4),
  },
]
