/** Stage 3, the longest texts and bodies, and all of UTF-8. */

import type { Clause } from '../../clause.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import { aText, deliver, LONGEST, sealed, type Talk, talking, USUAL } from './texts.ts'

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
    const name = `/send_msg with ${what}`
    if (probes.holds(name, messages.length === 0, 'it was sent', { cause }))
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
  probes.end(
    'texts at the limits, each way',
    'what is allowed goes through, byte for byte',
    () => probes.firstCause,
  )
}

/** The longest body. */
const BODY = 33_824

async function messages21(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const body = (bytes: number) => {
    const json = JSON.stringify(sealed(session, 'm'.repeat(LONGEST)))
    return json + ' '.repeat(bytes - json.length)
  }
  const seq = session.nextText
  const exact = await deliver(talk, body(BODY), seq)
  probes.taken('a body of 33,824 bytes', exact, {
    cause:
      'The limit is too small: the longest text needs it, with blanks it may be all of 33,824 bytes.',
  })
  const long = await scene.attempt('/wire/message', {
    method: 'POST',
    body: body(BODY + 1),
    headers: { 'content-type': 'application/json' },
  })
  const isRefused = probes.refused('a body of 33,825 bytes', 'too_large', long, {
    mayBreak: true,
    cause: 'There is no limit to the length of a body, or it is too large.',
  })
  if (isRefused)
    probes.taken('a text afterwards', await deliver(talk, sealed(session, aText(scene))))
  probes.end('bodies at the limit', '33,824 bytes are taken, one more is `too_large`')
}

export const LENGTHS: readonly Clause[] = [
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
    id: 'messages/21',
    title: 'the longest body',
    sentence: '`POST /wire/message`, a body of at most 33,824 bytes, exactly these fields',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages21),
  },
]
