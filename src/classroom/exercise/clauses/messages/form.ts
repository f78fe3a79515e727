/** Stage 3, the form of the student's messages, and whether they open. */

import { bytesToHex, utf8ToBytes } from '../../../../protocol/bytes.ts'
import { NoAnswer } from '../../call.ts'
import type { Clause } from '../../clause.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { WireMessage } from '../../scene.ts'
import { COUNTS_FROM_1, checkOpens } from './opens.ts'
import { aText, oneMessage, sealed, shown, type Talk, talking, USUAL } from './texts.ts'

/** For a text between those that the clause is about. */
const BETWEEN_MS = 2_000

async function messages1(talk: Talk): Promise<void> {
  const { scene } = talk
  const probes = new Probes(scene)
  const seen: WireMessage[] = []
  let isOneTaken = false
  for (let i = 0; i < 3; i++) {
    const text = aText(scene)
    const { step, messages } = await scene.sendText(text)
    const [message] = messages
    probes.holds(
      `one message for text ${i}`,
      messages.length === 1,
      `${messages.length} came; /send_msg: ${outcomeOf(step)}`,
      messages.length > 1 ? { cause: 'More than one message leaves for one text.' } : {},
    )
    probes.holds('/send_msg answers below 400', step.status < 400, outcomeOf(step))
    if (message === undefined) break
    seen.push(message)
    lookAt(talk, message, text, probes)
    // A peer with one counter for both directions counts this one.
    if (i === 0) isOneTaken = await takesOne(talk)
  }
  const numbers = seen.map(({ fields }) => fields['seq'])
  if (numbers.join() === '1,2,3') scene.ledger.memo.set(COUNTS_FROM_1, true)
  probes.holds('seq is 0, 1, 2', numbers.join() === '0,1,2', shown(numbers.join(', ')), {
    ...causeOfNumbers(numbers, isOneTaken),
  })
  probes.end(
    '/send_msg three times, with a text of the other peer after the first',
    'messages with exactly the four fields, seq 0, 1 and 2',
    undefined,
    { isFollowed: seen.length === 3 && !seen.some(({ seq }) => !Number.isSafeInteger(seq)) },
  )
}

/** Whether a text of the examiner's is taken. If not, that is for messages/4 to say. */
async function takesOne({ scene, session }: Talk): Promise<boolean> {
  const answer = await scene.attempt('/wire/message', {
    method: 'POST',
    body: JSON.stringify(sealed(session, aText(scene))),
    headers: { 'content-type': 'application/json' },
    ms: BETWEEN_MS,
  })
  const isTaken = !(answer instanceof NoAnswer) && scene.isTaken(answer)
  if (isTaken) session.nextText++
  return isTaken
}

function causeOfNumbers(numbers: readonly unknown[], isOneTaken: boolean): { cause?: string } {
  const [first, second, third] = numbers.map(Number)
  if (numbers.length < 3) return {}
  if (first === 1 && second === 2 && third === 3)
    return { cause: '`seq` counts from 1. It counts from 0.' }
  if (isOneTaken && first === 0 && second === 2 && third === 3)
    return { cause: 'One counter numbers both directions. Each direction has its own `seq`.' }
  if (first === second && second === third)
    return { cause: '`seq` is the same for each text. It goes up by one with every text.' }
  return {}
}

/** The form of one message. */
function lookAt(
  { session }: Talk,
  { received, fields, ciphertext }: WireMessage,
  text: string,
  probes: Probes,
): void {
  const type = received.headers['content-type'] ?? 'none'
  const isJson = /^application\/json(?: *; *charset="?utf-8"?)?$/i.test(type)
  probes.holds('Content-Type', isJson, shown(type), {
    cause: 'The body is JSON: Content-Type is application/json.',
  })
  const { v, session: id, seq, ciphertext: hex, ...rest } = fields
  const others = Object.keys(rest)
  probes.holds('no other field', others.length === 0, shown(others.join(', ')), {
    cause: 'A message has more fields than the page gives.',
  })
  probes.holds('v is the number 2', v === 2, shown(v))
  probes.holds('seq is a number', typeof seq === 'number', shown(seq), {
    cause: '`seq` is a text. It has to be a number.',
  })
  const right = bytesToHex(session.id)
  const isUpper = typeof id === 'string' && id !== right && id.toLowerCase() === right
  probes.holds('session is that of /show', id === right, shown(id), {
    cause: isUpper
      ? 'The hex is in upper case. It has to be in lower case.'
      : '`session` is not the id of the current session.',
  })
  const isHex = typeof hex === 'string' && /^[0-9a-f]*$/.test(hex)
  probes.holds('ciphertext is lower-case hex', isHex, shown(hex), {
    cause:
      typeof hex === 'string' && /^[0-9a-fA-F]*$/.test(hex)
        ? 'The hex is in upper case. It has to be in lower case.'
        : '`ciphertext` is no hex. It has to be, and not base64.',
  })
  const more = ciphertext.length - utf8ToBytes(text).length
  const causes: Record<number, string> = {
    0: 'The ciphertext has no tag. The 16-byte tag stands at its end.',
    28: 'The ciphertext has 12 bytes too many: a nonce does not travel, since both sides know it.',
  }
  const cause = causes[more]
  probes.holds('ciphertext has 16 bytes more than the text', more === 16, `${more} bytes more`, {
    ...(cause === undefined ? {} : { cause }),
  })
}

async function messages2(talk: Talk): Promise<void> {
  const text = aText(talk.scene)
  await checkOpens(talk, await oneMessage(talk.scene, text), text, '/send_msg')
}

async function messages3(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const texts = [aText(scene), aText(scene), aText(scene)]
  const messages: WireMessage[] = []
  for (const text of texts) messages.push(await oneMessage(scene, text))
  const [first, ...later] = messages
  // The first one is for messages/2 to judge, but a chain that is shared has to know of it.
  if (first) session.open(first)
  for (const [i, message] of later.entries())
    await checkOpens(talk, message, texts[i + 1] ?? '', '/send_msg three times')
}

export const FORM: readonly Clause[] = [
  {
    ...USUAL,
    id: 'messages/1',
    title: 'the form of your messages',
    sentence:
      '`seq` counts from 0 in each session and direction, and goes up by one with every message that is sealed, whether it arrives or not.',
    weight: 1,
    needs: ['agreement'],
    run: talking(messages1),
  },
  {
    ...USUAL,
    id: 'messages/2',
    title: 'a text of yours opens',
    sentence:
      '`ciphertext` is the text sealed with ChaCha20-Poly1305 (RFC 8439 section 2.8), the 16-byte tag at its end',
    weight: 2,
    parties: [1, 2],
    needs: ['messages/1'],
    run: talking(messages2),
  },
  {
    ...USUAL,
    id: 'messages/3',
    title: 'so do the next ones',
    section: 'Keys',
    sentence: 'Each of the four chains gives a key for every number, from 0 on',
    weight: 2,
    parties: [1, 2],
    needs: ['messages/1'],
    run: talking(messages3),
  },
]
