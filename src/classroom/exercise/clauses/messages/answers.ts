/** Stage 3, what the student's peer does with its text once that is answered, or is not: no key seals twice. */

import { bytesToHex, utf8ToBytes } from '../../../../protocol/bytes.ts'
import type { Clause } from '../../clause.ts'
import { accepted, type Reply, refusal } from '../../otherPeer.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { Scene, WireMessage } from '../../scene.ts'
import { alone, aText, opensTo, shown, type Talk, USUAL } from './texts.ts'

/** What the other peer may answer that settles nothing. */
const UNSETTLED: readonly (readonly [what: string, reply: Reply])[] = [
  ['429', refusal('inbox_full', 429)],
  ['a connection that closes without an answer', 'close'],
  ['500 with HTML', { status: 500, body: '<h1>Internal Server Error</h1>', type: 'text/html' }],
  ['accepted: false', accepted({ accepted: false, missing: 0 })],
  ['status 200', { status: 200, body: { accepted: true, missing: 0 } }],
]

/** Copies after the first are refused, so that who sends some need not try all of them. */
function once(reply: Reply): () => Reply {
  let count = 0
  return () => (count++ === 0 ? reply : refusal('inbox_full'))
}

/** Two ciphertexts under one number of one session. */
function sealedTwice(all: readonly WireMessage[]): readonly [WireMessage, WireMessage] | null {
  const first = new Map<string, WireMessage>()
  for (const one of all) {
    const place = `${bytesToHex(one.session)} ${one.seq}`
    const before = first.get(place)
    if (before && !Buffer.from(before.ciphertext).equals(one.ciphertext)) return [before, one]
    if (!before) first.set(place, one)
  }
  return null
}

async function messages17({ scene, session }: Talk): Promise<void> {
  const probes = new Probes(scene)
  const all: WireMessage[] = []
  let twice: readonly [WireMessage, WireMessage] | null = null
  for (const [what, reply] of UNSETTLED) {
    const before = await scene.sendText(aText(scene), once(reply))
    all.push(...before.messages)
    const text = aText(scene)
    const after: WireMessage[] = []
    // A peer may tell of the text before once, and seal nothing then.
    for (let tries = 0; tries < 2 && !hasNew(after, all); tries++)
      after.push(...(await scene.sendText(text, usual)).messages)
    const used = Math.max(-1, ...all.map(({ seq }) => seq))
    const isThere = after.some((one) => one.seq > used && opensTo(session, one, utf8ToBytes(text)))
    all.push(...after)
    twice ??= sealedTwice(all)
    const cause =
      'One key sealed two texts: they have the same `seq`. Whoever sees both learns of both.'
    const got = twice === null ? '' : `seq ${twice[0].seq} came with two ciphertexts`
    if (probes.holds(`no seq with two ciphertexts, after ${what}`, twice === null, got, { cause }))
      probes.holds(
        `the next text has a new seq, after ${what}`,
        isThere,
        `seq ${shown(after.map(({ seq }) => seq).join(', ') || 'none')}`,
      )
    else break
  }
  const values = twice?.map(
    (one, i) => [`ciphertext ${i + 1}`, bytesToHex(one.ciphertext)] as const,
  )
  probes.end(
    '/send_msg; the other peer does not take it. Then /send_msg with another text',
    'the next text under the next seq',
    undefined,
    { values },
  )
}

/** Whether one of `messages` has another number than all `before`. */
function hasNew(messages: readonly WireMessage[], before: readonly WireMessage[]): boolean {
  return messages.some(({ seq }) => before.every((one) => one.seq !== seq))
}

function usual(): Reply {
  return accepted({ accepted: true, missing: 0 })
}

async function messages18({ scene, session }: Talk): Promise<void> {
  const probes = new Probes(scene)
  const text = aText(scene)
  let count = 0
  const first = await scene.sendText(text, () => (count++ === 0 ? 'close' : usual()))
  const next = await scene.sendText(aText(scene), usual)
  const copies = [...first.messages, ...next.messages].filter((one) =>
    opensTo(session, one, utf8ToBytes(text)),
  )
  const numbers = [...new Set(copies.map(({ seq }) => seq))]
  probes.holds('it came', numbers.length > 0, 'it did not')
  probes.holds('under one seq', numbers.length < 2, `it came under seq ${numbers.join(' and ')}`, {
    cause:
      'A text whose answer was lost is sealed again under the next seq. The other one reads it twice.',
  })
  const twice = sealedTwice(copies)
  probes.holds('as the same bytes', twice === null, `seq ${twice?.[0].seq}: others`, {
    cause: 'One key sealed twice: a text that is sent again has to be the same bytes.',
  })
  probes.end(
    '/send_msg; the other peer takes the text and closes without an answer',
    'the text under one seq, once or as the same bytes again',
  )
}

/** What the first answer takes. */
const ANSWER_MS = 1_200

async function messages19(talk: Talk): Promise<void> {
  const { scene } = talk
  const probes = new Probes(scene)
  const seen: { message: WireMessage; isEarly: boolean }[] = []
  let isAnswered = false
  scene.onMessage = async (message) => {
    const isFirst = seen.length === 0
    seen.push({ message, isEarly: !isAnswered })
    if (isFirst) await new Promise((resolve) => setTimeout(resolve, ANSWER_MS))
    // A copy that is sent meanwhile may have its answer before.
    isAnswered = true
    return usual()
  }
  const headers = { 'content-type': 'text/plain; charset=utf-8' }
  await Promise.all(
    Array.from({ length: 3 }, () =>
      scene.attempt('/send_msg', { method: 'POST', body: aText(scene), headers }),
    ),
  )
  const [first] = seen
  probes.holds('a message', first !== undefined, 'none came')
  const isOther = ({ seq, ciphertext }: WireMessage) =>
    seq !== first?.message.seq || !Buffer.from(ciphertext).equals(first.message.ciphertext)
  const other = seen.find(({ message, isEarly }) => isEarly && isOther(message))
  probes.holds(
    'no other message before the first answer',
    other === undefined,
    `seq ${other?.message.seq} came`,
    {
      cause:
        'Texts are sent at once: the next one leaves while the one before it has no answer yet. It has to wait for that.',
    },
  )
  const twice = sealedTwice(seen.map(({ message }) => message))
  probes.holds('no seq with two ciphertexts', twice === null, `seq ${twice?.[0].seq}`, {
    cause: 'Two steps at the same time sealed with one key: they have to wait for each other.',
  })
  probes.end(
    '/send_msg three times at once',
    'one message, and the next after its answer',
    () => probes.firstCause,
  )
}

/** Answers of which none is that of a peer that takes a text. `any`: whoever looks at the first digit of the status takes it. */
const NO_ANSWERS: readonly (readonly [what: string, reply: Reply])[] = [
  ['status 200', { status: 200, body: { accepted: true, missing: 0 } }],
  ['accepted: false', accepted({ accepted: false, missing: 0 })],
  ['one more field', accepted({ accepted: true, missing: 0, more: 1 })],
  ['no missing', accepted({ accepted: true })],
  ['missing -1', accepted({ accepted: true, missing: -1 })],
  ['missing 0.5', accepted({ accepted: true, missing: 0.5 })],
  ['a name twice', { status: 201, body: '{"accepted":true,"accepted":true,"missing":0}' }],
  ['HTML', { status: 201, body: '<p>Created</p>', type: 'text/html' }],
  ['17 kB', { status: 201, body: `{"accepted":true,"missing":0}${' '.repeat(17_000)}` }],
  ['500', { status: 500, body: { accepted: true, missing: 0 } }],
]

async function messages22({ context, scene }: Talk): Promise<void> {
  const probes = new Probes(scene)
  // A peer that sends copies takes a second for each, so they are shared out.
  const second = await context.start()
  await second.agree()
  const answerAll = async (on: Scene, rest: number) => {
    for (const [what, reply] of NO_ANSWERS.filter((_, i) => i % 2 === rest)) {
      const { step } = await on.sendText(aText(on), once(reply))
      probes.holds(`${what}: /send_msg answers 400 or more`, step.status >= 400, outcomeOf(step))
      await settled(on)
    }
  }
  await Promise.all([answerAll(scene, 0), answerAll(second, 1)])
  probes.end(
    '/send_msg, answered with what is no answer of a peer',
    '/send_msg answers 400 or more each time',
    (wrong) => causeOfTaken(wrong.map((one) => one.split(':')[0] ?? '')),
  )
}

function causeOfTaken(kinds: readonly string[]): string {
  if (kinds.includes('status 200') && kinds.includes('500')) return 'The answer is not looked at.'
  if (kinds.join() === 'status 200')
    return 'Any status from 200 to 299 (2xx) counts as taken. A text is taken where the status is 201.'
  if (kinds.join() === 'a name twice')
    return 'An answer in which a name stands twice counts: your reader of JSON takes the last of the two.'
  if (kinds.join() === '500') return 'The status is not looked at, only the body.'
  return kinds.length === 1
    ? `An answer counts as that of a peer though it is none: ${kinds[0]}.`
    : 'The body of the answer is not looked at whole: it has exactly `accepted` (true) and `missing` (an integer from 0 on), and at most 16 KiB.'
}

/** Answers what is in doubt still, so that the peer can go on. */
async function settled(scene: Scene): Promise<void> {
  for (let tries = 0; tries < 3; tries++)
    if ((await scene.sendText(aText(scene), usual)).step.status < 400) return
}

/** A peer that sends copies waits between them. */
const SLOW = { start: 'own', isSlow: true } as const

export const ANSWERS: readonly Clause[] = [
  {
    ...USUAL,
    id: 'messages/17',
    title: 'no key seals twice, whatever is answered',
    section: 'Keys',
    sentence: 'A key seals once.',
    weight: 2,
    needs: ['messages/2'],
    ...SLOW,
    run: alone(messages17),
  },
  {
    ...USUAL,
    id: 'messages/18',
    title: 'a text arrives once, also if its answer is lost',
    section: 'A text arrives once',
    sentence: 'What was sealed is sent again as the same bytes.',
    weight: 1,
    needs: ['messages/2'],
    ...SLOW,
    run: alone(messages18),
  },
  {
    ...USUAL,
    id: 'messages/19',
    title: 'one text at a time',
    sentence: 'No message is sealed before the one before it is [settled](#a-text-arrives-once);',
    weight: 1,
    needs: ['messages/2'],
    ...SLOW,
    run: alone(messages19),
  },
  {
    ...USUAL,
    id: 'messages/22',
    title: 'what is no answer of a peer',
    section: 'Transport',
    sentence:
      "One of another status, form or field than this page gives, or over 16 KiB, is not a peer's, and changes nothing.",
    weight: 1,
    needs: ['messages/2'],
    ...SLOW,
    run: alone(messages22),
  },
]
