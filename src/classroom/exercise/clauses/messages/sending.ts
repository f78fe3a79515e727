/** Stage 3, what the student's peer sends: its form, its keys and numbers, and what follows from the answers to it. */

import { bytesToHex, utf8ToBytes } from '../../../../protocol/bytes.ts'
import type { Clause } from '../../clause.ts'
import { accepted, type Reply, refusal } from '../../otherPeer.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { Scene, WireMessage } from '../../scene.ts'
import {
  aText,
  checkOpens,
  deliver,
  LONGEST,
  oneMessage,
  opensTo,
  sealed,
  shown,
  type Talk,
  talking,
  USUAL,
} from './texts.ts'

async function messages1(talk: Talk): Promise<void> {
  const { scene, session } = talk
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
    )
    probes.holds('/send_msg answers below 400', step.status < 400, outcomeOf(step))
    if (message === undefined) break
    seen.push(message)
    lookAt(talk, message, text, probes)
    // A peer with one counter for both directions counts this one.
    if (i === 0) isOneTaken = scene.isTaken(await deliver(talk, sealed(session, aText(scene))))
  }
  const numbers = seen.map(({ fields }) => fields['seq'])
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
  checkOpens(talk, await oneMessage(talk.scene, text), text, '/send_msg')
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
    checkOpens(talk, message, texts[i + 1] ?? '', '/send_msg three times')
}

/** By what the owner asks, and whether it has to go out as it is. */
async function sendLong({ scene, session }: Talk, probes: Probes): Promise<void> {
  const right: readonly (readonly [what: string, text: string])[] = [
    ['a text that begins with U+FEFF', `\u{feff}${aText(scene)}`],
    ['a text of 16,384 bytes', 'm'.repeat(LONGEST)],
    ['a text in four scripts', 'ab Ωж 語 𐍈'],
    ['a text with blanks and line feeds at its ends', ' \n a\n \n'],
  ]
  for (const [what, text] of right) {
    const { step, messages } = await scene.sendText(text)
    const [message] = messages
    const name = `/send_msg with ${what}`
    if (message === undefined) {
      probes.holds(name, false, `nothing came; /send_msg: ${outcomeOf(step)}`)
      continue
    }
    const opened = session.open(message)
    const isSame = opened !== null && Buffer.from(text).equals(opened)
    const got = opened === null ? 'it does not open' : `a text of ${opened.length} bytes came`
    probes.holds(name, isSame, got, { cause: causeOfOther(text, opened) })
  }
  const wrong: readonly (readonly [what: string, text: string | Uint8Array, cause: string])[] = [
    ['16,385 bytes', 'm'.repeat(LONGEST + 1), 'A text of more than 16,384 bytes is sent.'],
    [
      '16,386 bytes in 5,462 characters',
      '語'.repeat(5_462),
      'It counts characters, not the bytes of UTF-8.',
    ],
    [
      'bytes that are no UTF-8',
      Uint8Array.of(0x61, 0xff, 0xfe, 0x62),
      'What is no UTF-8 is sent, or replaced by something else. It has to be refused.',
    ],
  ]
  for (const [what, text, cause] of wrong) {
    const { step, messages } = await scene.sendText(text)
    for (const message of messages) session.open(message)
    const options = { cause }
    const name = `/send_msg with ${what}`
    probes.holds(name, messages.length === 0, 'it was sent', options)
    probes.holds(`${name} answers 400 or more`, step.status >= 400, outcomeOf(step))
  }
}

function causeOfOther(text: string, opened: Uint8Array | null): string {
  const got = opened === null ? null : Buffer.from(opened).toString('utf8')
  if (got === null) return 'It does not open, and shorter texts do.'
  if (text.startsWith(got) || text.endsWith(got)) {
    if (text.startsWith('\u{feff}')) return 'A U+FEFF at the beginning is dropped.'
    return 'A text is cut: it does not go out as it came.'
  }
  if (text.trim() === got.trim()) return 'Blanks or line feeds at the ends of a text are dropped.'
  return got.includes('\u{fffd}') || got.includes('?')
    ? 'Some characters are replaced: the body is not read as UTF-8.'
    : 'The text is another one than in the body of /send_msg.'
}

async function messages7(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const right: readonly (readonly [what: string, text: string, cause: string])[] = [
    ['an empty text', '', 'An empty text is refused.'],
    ['a text that begins with U+FEFF', `\u{feff}${aText(scene)}`, 'A leading U+FEFF is refused.'],
    ['a text of 16,384 bytes', 'm'.repeat(LONGEST), 'The longest text is refused.'],
    ['a text in four scripts', 'ab Ωж 語 𐍈', 'A text that is no ASCII is refused.'],
    ['a text with a zero byte', 'a\0b', 'A zero byte in a text is refused.'],
  ]
  for (const [what, text, cause] of right)
    probes.taken(what, await deliver(talk, sealed(session, text)), { cause })
  const wrong: readonly (readonly [what: string, text: string, cause: string])[] = [
    ['a text of 16,385 bytes', 'm'.repeat(LONGEST + 1), 'A text of 16,385 bytes is taken.'],
    [
      'a text of 16,385 bytes in 8,193 characters',
      `m${'ж'.repeat(8_192)}`,
      'It counts characters, not the bytes of UTF-8.',
    ],
  ]
  for (const [what, text, cause] of wrong)
    probes.refused(what, 'bad_encoding', await deliver(talk, sealed(session, text)), { cause })
  await sendLong(talk, probes)
  probes.taken('a text afterwards', await deliver(talk, sealed(session, aText(scene))))
  probes.end('texts at the limits, each way', 'what is allowed goes through, byte for byte')
}

/** What the other peer may answer that settles nothing. */
const UNSETTLED: readonly (readonly [what: string, reply: Reply])[] = [
  ['429', refusal('inbox_full', 429)],
  ['a connection that closes without an answer', 'close'],
  ['500 with HTML', { status: 500, body: '<h1>Internal Server Error</h1>', type: 'text/html' }],
  ['accepted: false', accepted({ accepted: false, missing: 0 })],
  ['status 200', { status: 200, body: { accepted: true, missing: 0 } }],
]

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
    const before = await scene.sendText(aText(scene), () => reply)
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
  const all: WireMessage[] = []
  for (const what of ['the first time', 'once more']) {
    const text = aText(scene)
    let count = 0
    const first = await scene.sendText(text, () => (count++ === 0 ? 'close' : usual()))
    const next = await scene.sendText(aText(scene), usual)
    all.push(...first.messages, ...next.messages)
    const bytes = utf8ToBytes(text)
    const numbers = new Set(
      [...first.messages, ...next.messages]
        .filter((one) => opensTo(session, one, bytes))
        .map(({ seq }) => seq),
    )
    probes.holds(
      `the text under one seq, ${what}`,
      numbers.size === 1,
      numbers.size === 0 ? 'it did not come' : `it came under seq ${[...numbers].join(' and ')}`,
      numbers.size > 1
        ? {
            cause:
              'A text whose answer was lost is sealed again under the next seq. The other one reads it twice.',
          }
        : {},
    )
    const twice = sealedTwice(all)
    probes.holds('no seq with two ciphertexts', twice === null, `seq ${twice?.[0].seq}`, {
      cause: 'One key sealed twice: a text that is sent again has to be the same bytes.',
    })
  }
  probes.end(
    '/send_msg; the other peer takes the text and closes without an answer',
    'the text under one seq, once or as the same bytes again',
  )
}

/** What the first answer takes, and what may leave before it is the first text again. */
const ANSWER_MS = 1_200

async function messages19(talk: Talk): Promise<void> {
  const { scene } = talk
  const probes = new Probes(scene)
  const seen: { message: WireMessage; isEarly: boolean }[] = []
  let isAnswered = false
  scene.onMessage = async (message) => {
    const isFirst = seen.length === 0
    seen.push({ message, isEarly: !isAnswered && !isFirst })
    if (isFirst) {
      await new Promise((resolve) => setTimeout(resolve, ANSWER_MS))
      isAnswered = true
    }
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
  const other = seen.find(
    ({ message: { seq, ciphertext }, isEarly }) =>
      isEarly &&
      (seq !== first?.message.seq || !Buffer.from(ciphertext).equals(first.message.ciphertext)),
  )
  probes.holds(
    'no other message before the first answer',
    other === undefined,
    `seq ${other?.message.seq} came`,
    { cause: 'The next text is sent while the one before it has no answer yet.' },
  )
  const twice = sealedTwice(seen.map(({ message }) => message))
  probes.holds('no seq with two ciphertexts', twice === null, `seq ${twice?.[0].seq}`, {
    cause: 'Two steps at the same time sealed with one key: they have to wait for each other.',
  })
  probes.end('/send_msg three times at once', 'one message, and the next after its answer')
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

async function messages22({ scene }: Talk): Promise<void> {
  const probes = new Probes(scene)
  for (const [what, reply] of NO_ANSWERS) {
    const { step } = await scene.sendText(aText(scene), () => reply)
    probes.holds(`${what}: /send_msg answers 400 or more`, step.status >= 400, outcomeOf(step))
  }
  await settled(scene)
  probes.end(
    '/send_msg, answered with what is no answer of a peer',
    '/send_msg answers 400 or more each time',
    (wrong) => {
      if (wrong.length === NO_ANSWERS.length) return 'The answer is not looked at.'
      if (wrong.length === NO_ANSWERS.length - 1 && !wrong.some((one) => one.startsWith('500')))
        return 'Any status from 200 to 299 counts as taken. It is 201, with exactly `accepted` and `missing`.'
      if (wrong.length === 1)
        return `An answer counts as that of a peer though it is not: ${wrong[0]?.split(':')[0]}.`
      return 'The body of the answer is not looked at: it has exactly `accepted` (true) and `missing` (an integer from 0 on).'
    },
  )
}

/** Answers what is in doubt still, so that the peer can go on. */
async function settled(scene: Scene): Promise<void> {
  for (let tries = 0; tries < 3; tries++)
    if ((await scene.sendText(aText(scene), usual)).step.status < 400) return
}

export const SENDING: readonly Clause[] = [
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
  {
    ...USUAL,
    id: 'messages/7',
    title: 'long texts, empty ones, and all of UTF-8',
    sentence:
      'The text is UTF-8, at most 16,384 bytes, and may be empty; a leading U+FEFF belongs to it.',
    weight: 1,
    needs: ['messages/2', 'messages/4'],
    run: talking(messages7),
  },
  {
    ...USUAL,
    id: 'messages/17',
    title: 'no key seals twice, whatever is answered',
    section: 'Keys',
    sentence: 'A key seals once.',
    weight: 2,
    needs: ['messages/2'],
    run: talking(messages17),
  },
  {
    ...USUAL,
    id: 'messages/18',
    title: 'a text arrives once, also if its answer is lost',
    section: 'A text arrives once',
    sentence: 'What was sealed is sent again as the same bytes.',
    weight: 1,
    needs: ['messages/2'],
    run: talking(messages18),
  },
  {
    ...USUAL,
    id: 'messages/19',
    title: 'one text at a time',
    sentence: 'No message is sealed before the one before it is [settled](#a-text-arrives-once);',
    weight: 1,
    start: 'own',
    needs: ['messages/2'],
    isSlow: true,
    run: async (context) => {
      const scene = await context.start()
      await messages19({ context, scene, session: await scene.agree() })
    },
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
    run: talking(messages22),
  },
]
