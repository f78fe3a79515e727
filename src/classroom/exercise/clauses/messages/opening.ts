/** Stage 3, how the student's peer opens texts: where it does not, all usual ways to seal them are tried. */

import { utf8ToBytes } from '../../../../protocol/bytes.ts'
import type { Answer } from '../../call.ts'
import type { Clause } from '../../clause.ts'
import { type Choices, decisionsOf } from '../../computation/choices.ts'
import { Failure } from '../../failure.ts'
import { outcomeOf } from '../../probes.ts'
import { checkOpens } from './opens.ts'
import { BETWEEN, recordText, searched, TEXTS } from './probing.ts'
import {
  aText,
  deliver,
  missingOf,
  oneMessage,
  sealed,
  shown,
  type Talk,
  talking,
  USUAL,
} from './texts.ts'

/** What stands beside a pass that is one only since the student's mistake was taken into account. */
const AGREES_WITH_ITSELF =
  'it opens what it seals itself, so two of your peers agree, and no other peer does'

async function messages4(talk: Talk): Promise<void> {
  const { context, scene, session } = talk
  const answers: Answer[] = []
  let sent: Failure | null = null
  for (let seq = 0; seq < TEXTS; seq++) {
    if (seq === BETWEEN) {
      const text = aText(scene)
      const message = await oneMessage(scene, text)
      const did = 'three texts of the other peer, then /send_msg'
      await checkOpens(talk, message, text, did).catch((error: unknown) => {
        // A number that is one too many says nothing of what is opened.
        if (!(error instanceof Failure) || error.layer !== null) throw error
        sent = new Failure(error.finding, { isFollowed: true })
      })
    }
    const text = utf8ToBytes(aText(scene))
    const form = sealed(session, text)
    const answer = await deliver(talk, form)
    if (!scene.isTaken(answer)) throw await notTaken(talk, seq, answer)
    const ciphertext = new Uint8Array(Buffer.from(form.ciphertext, 'hex'))
    const others = session.textsOfStudent
    recordText(session, scene.ledger, { from: 'examiner', seq, text, ciphertext, others })
    answers.push(answer)
  }
  const other = answers.find((answer) => !isExact(answer))
  if (other !== undefined)
    throw new Failure(
      {
        did: 'four texts of the other peer, one of yours before the last',
        wanted: '201, {"accepted":true,"missing":0}',
        got: `${other.status}, ${shown(other.json)}`,
        cause: causeOfForm(other),
      },
      { isFollowed: true },
    )
  if (sent !== null) throw sent
  const { opens, ...choices } = scene.ledger.choices
  if (opens === undefined && !isRight(choices)) context.note(AGREES_WITH_ITSELF)
}

function isRight(choices: Choices): boolean {
  return decisionsOf(3).every((decision) => choices[decision] === 'right')
}

function isExact({ status, json }: Answer): boolean {
  const entries = Object.entries(json ?? {}).sort()
  return status === 201 && JSON.stringify(entries) === '[["accepted",true],["missing",0]]'
}

/** Why the answer to a text that was taken is not the one of the page. */
function causeOfForm(answer: Answer): string {
  if (answer.status !== 201) return `The answer has status ${answer.status}. It has to be 201.`
  if (missingOf(answer) === undefined) return '`missing` is not in the answer.'
  return missingOf(answer) === 0
    ? 'The answer has exactly `accepted` (true) and `missing`, and no other field.'
    : '`missing` is not 0 where no text is missing: it is seq minus the next one expected.'
}

/** Why the text `seq` was not taken: found out on a fresh start, where a refusal changes nothing. */
async function notTaken(talk: Talk, seq: number, answer: Answer): Promise<Failure> {
  const { session, scene } = talk
  const text = aText(scene)
  const form = sealed(session, text, seq)
  const finding = {
    did: `text ${seq} of the other peer, sealed as the page says`,
    wanted: '201, {"accepted":true,"missing":0}',
    got: outcomeOf(answer),
    values: [
      ['session', form.session],
      ['seq', `${seq}`],
      ['text', text],
      ['ciphertext', form.ciphertext],
    ],
    secrets: session.computed.secretValues.filter(([name]) => name.startsWith('K("chain')),
  } as const
  if (answer.code === 'replay' && seq === 0)
    return new Failure({
      ...finding,
      cause: 'Your peer expects another number first. `seq` counts from 0 in each direction.',
    })
  const search = await searched(talk)
  if (!search.hasFound) {
    const none = `None of ${search.count} usual ways to seal it is taken.`
    const isOther = answer.code !== null && answer.code !== 'decrypt_failed'
    const cause = isOther ? `It is refused, but not as \`decrypt_failed\`. ${none}` : none
    return new Failure({ ...finding, cause })
  }
  search.record()
  return new Failure({ ...finding, cause: null }, { layer: 3 })
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
