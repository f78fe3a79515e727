/** Stage 3, which texts of the other peer are refused, and as what. */

import { bytesToHex } from '../../../../protocol/bytes.ts'
import type { Answer } from '../../call.ts'
import type { Clause } from '../../clause.ts'
import { Probes } from '../../probes.ts'
import {
  aText,
  deliver,
  INBOX,
  LONGEST,
  missingOf,
  oneMessage,
  SEQ_END,
  sealed,
  shown,
  type Talk,
  talking,
  USUAL,
} from './texts.ts'

const CRASHES = 'The request ends with an error of your program (500), and not with a refusal.'

/** Why a probe went wrong: a crash is one, whatever was sent. */
function causeOf(answer: Answer, cause: string): { cause: string } {
  return { cause: answer.status === 500 ? CRASHES : cause }
}

/** Ends with something genuine, since what is refused leaves all as it was. */
async function endGenuine(talk: Talk, probes: Probes, what: string): Promise<void> {
  const answer = await deliver(talk, sealed(talk.session, aText(talk.scene)))
  probes.taken(what, answer, {
    cause:
      'What is refused changes something: the genuine text after it is not taken. The chain has to stay as it was.',
  })
}

/** The first of what went wrong names the mistake: each probe stands for one. */
function firstOf(causes: ReadonlyMap<string, string>): (wrong: readonly string[]) => string | null {
  return ([first = '']) => causes.get(first) ?? null
}

async function messages8(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const got: unknown[] = []
  const take = async (seq: number, missing: number) => {
    const answer = await deliver(talk, sealed(session, aText(scene), seq))
    const value = missingOf(answer)
    if (!probes.taken(`seq ${seq}`, answer)) return
    got.push(value)
    probes.holds(`missing is ${missing} for seq ${seq}`, value === missing, shown(value))
  }
  await take(2, 2)
  const overtaken = await deliver(talk, sealed(session, aText(scene), 1))
  const isKept = !probes.refused('seq 1, which was overtaken', 'replay', overtaken)
  await take(3, 0)
  await take(7, 3)
  probes.end('seq 2, 1, 3 and 7', 'missing 2, `replay`, missing 0, missing 3', () => {
    if (isKept && scene.isTaken(overtaken))
      return 'A text that was overtaken is taken: its key is kept. Keys of the numbers in between are gone.'
    const said = got.join()
    if (said === '0,0,0') return '`missing` is always 0.'
    if (said === '3,1,4')
      return '`missing` counts from the last text accepted, not from the next one expected.'
    if (said === '2,2,5' || said === '2,0,0') return '`missing` is not that of this text alone.'
    return null
  })
}

async function messages9(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const first = sealed(session, aText(scene))
  probes.taken('a text', await deliver(talk, first))
  const again = await deliver(talk, first)
  const isRefused = probes.refused('the same text again', 'replay', again)
  await scene.decrypt()
  const afterwards = await deliver(talk, first)
  const isRefusedLater = probes.refused('once more, after /decrypt_msg', 'replay', afterwards)
  const second = sealed(session, aText(scene), 1)
  probes.taken('the next text', await deliver(talk, second))
  const older = await deliver(talk, first)
  const isOlderRefused = probes.refused('the first text again, after the next one', 'replay', older)
  probes.end('one text several times', '`replay`', () => {
    if (isRefused && !isRefusedLater)
      return 'A replay is told by the texts that wait only: once a text was read, it is taken again.'
    if (!isRefused && !isRefusedLater)
      return 'A text is taken again: nothing remembers the next number that is expected.'
    return isRefused && !isOlderRefused
      ? 'Only the last number is remembered: an older text is taken again.'
      : null
  })
}

async function messages10(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const did = 'numbers far ahead, then seq 0 and seq 1,025'
  const wanted =
    '`too_far_ahead` or `rekey_required`; seq 0 and 1,024 beyond the next one are taken'
  const far = await deliver(talk, sealed(session, aText(scene), 1_100))
  const beyond = await deliver(talk, sealed(session, aText(scene), 1_025))
  probes.refused('1,100 beyond the next one', 'too_far_ahead', far, {
    cause:
      'There is no limit to how far ahead a number may be: one request makes your peer compute a million keys.',
  })
  probes.refused('1,025 beyond the next one', 'too_far_ahead', beyond, {
    cause:
      'The limit is wrong by a little: a number is at most 1,024 beyond the next one expected.',
  })
  // What was taken has moved the chain, and nothing more can be told.
  if (scene.isTaken(far) || scene.isTaken(beyond)) probes.end(did, wanted, () => null)
  const form = sealed(session, aText(scene))
  const numbers: readonly (readonly [what: string, seq: number, code: string])[] = [
    ['seq 2^20', SEQ_END, 'rekey_required'],
    ['seq 2^20 - 1', SEQ_END - 1, 'too_far_ahead'],
    ['seq 2^53 - 1', Number.MAX_SAFE_INTEGER, 'rekey_required'],
  ]
  for (const [what, seq, code] of numbers) {
    const answer = await deliver(talk, { ...form, seq })
    const isSwapped = answer.code === 'too_far_ahead' && code === 'rekey_required'
    probes.refused(what, code, answer, {
      cause: isSwapped
        ? 'The row of `too_far_ahead` is checked before that of `rekey_required`.'
        : answer.code === 'decrypt_failed'
          ? 'It is computed before the number is looked at.'
          : 'A session carries 2^20 texts in each direction, and no more.',
    })
  }
  probes.taken('seq 0', await deliver(talk, sealed(session, aText(scene), 0)))
  const edge = await deliver(talk, sealed(session, aText(scene), 1_025))
  probes.taken('1,024 beyond the next one', edge, {
    cause: 'The limit is one too few: a number may be 1,024 beyond the next one expected.',
  })
  probes.end(did, wanted)
}

/** `hex` with one digit changed. */
function changed(hex: string, at: number): string {
  const digit = Number.parseInt(hex.at(at) ?? '0', 16) ^ 1
  const place = at < 0 ? hex.length + at : at
  return hex.slice(0, place) + digit.toString(16) + hex.slice(place + 1)
}

async function messages11(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const own = await oneMessage(scene, aText(scene))
  session.textsOfStudent = Math.max(session.textsOfStudent, own.seq + 1)
  const genuine = sealed(session, aText(scene))
  const { ciphertext, seq } = genuine
  const tag = 'The tag is not compared: a text that was changed on the way is taken.'
  const wrong: readonly (readonly [what: string, form: object, cause: string])[] = [
    ['first digit changed', { ...genuine, ciphertext: changed(ciphertext, 0) }, tag],
    ['last digit changed', { ...genuine, ciphertext: changed(ciphertext, -1) }, tag],
    ['one byte less', { ...genuine, ciphertext: ciphertext.slice(0, -2) }, tag],
    [
      'another seq',
      { ...genuine, seq: Number(seq) + 1 },
      'The seq decides neither the key nor the nonce: a text is taken under another number.',
    ],
    ['16 zero bytes', { ...genuine, ciphertext: '00'.repeat(16) }, tag],
    [
      'your own text sent back',
      { ...genuine, ciphertext: bytesToHex(own.ciphertext), seq: own.seq },
      'What your peer has sealed itself opens there too: anybody can send it back. Each direction has a chain of its own.',
    ],
  ]
  const causes = new Map<string, string>()
  for (const [what, form, cause] of wrong) {
    const answer = await deliver(talk, form)
    causes.set(what, causeOf(answer, cause).cause)
    probes.refused(what, 'decrypt_failed', answer, causeOf(answer, cause))
  }
  const last = 'the genuine text'
  causes.set(
    last,
    'A text that does not open steps the chain. Whatever is refused leaves it as it was.',
  )
  if (session.nextText === seq) probes.taken(last, await deliver(talk, genuine))
  else await endGenuine(talk, probes, last)
  probes.end(
    'a text that was changed on the way, in six ways; then the genuine one',
    '`decrypt_failed`, and the genuine one is taken',
    firstOf(causes),
  )
}

async function messages12(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const causes = new Map<string, string>()
  const zero = sealed(session, aText(scene), 0)
  const one = sealed(session, aText(scene), 1)
  const refuse = async (what: string, code: string, form: object | string, cause: string) => {
    const http = what === 'seq twice' ? ['bad_request'] : []
    const answer = await deliver(talk, form, null)
    // A peer that takes it has taken it as one of these numbers.
    if (scene.isTaken(answer)) session.nextText = form === withSeq(one, 'true') ? 2 : 1
    causes.set(what, causeOf(answer, cause).cause)
    probes.refused(what, code, answer, { ...causeOf(answer, cause), http })
  }
  const seqs: readonly (readonly [seq: string, cause: string])[] = [
    ['-0', '`seq` -0 counts as 0.'],
    ['-0.0', '`seq` -0.0 counts as 0.'],
    ['-1', 'A negative `seq` is not refused as what it is.'],
    ['0.5', 'A `seq` that is no integer is not refused as what it is.'],
    ['1e999', '`seq` 1e999, which no number can hold, is not refused as what it is.'],
    ['9007199254740992', '`seq` 2^53 is not refused as what it is: the largest one is 2^53 - 1.'],
    ['"0"', 'A text counts as `seq`. It is a number.'],
    ['true', '`seq` true counts as 1. It is no number in JSON.'],
    ['false', '`seq` false counts as 0. It is no number in JSON.'],
    ['null', '`seq` null is not refused as what it is.'],
    ['[]', '`seq` [] is not refused as what it is.'],
  ]
  for (const [seq, cause] of seqs)
    await refuse(`seq ${seq}`, 'bad_message', withSeq(seq === 'true' ? one : zero, seq), cause)
  const twice = JSON.stringify(zero).replace('"seq":0', '"seq":0,"seq":0')
  await refuse(
    'seq twice',
    'bad_message',
    twice,
    'A name that stands twice is no JSON here, and is taken.',
  )
  const { v, session: id, seq, ciphertext } = zero
  const more: readonly (readonly [what: string, form: object, cause: string, code?: string])[] = [
    ['no seq', { v, session: id, ciphertext }, 'A message without `seq` is not refused as that.'],
    ['no session', { v, seq, ciphertext }, 'A message without `session` is not refused as that.'],
    [
      'no ciphertext',
      { v, session: id, seq },
      'A message without `ciphertext` is not refused as that.',
    ],
    ['no v', { session: id, seq, ciphertext }, 'A message without `v` is not refused as that.'],
    ['v 1', { ...zero, v: 1 }, 'The version is not looked at.', 'bad_version'],
    ['v "2"', { ...zero, v: '2' }, 'A text counts as version. It is the number 2.'],
    ['one more field', { ...zero, more: 1 }, 'A message with one more field is taken.'],
    [
      'session a number',
      { ...zero, session: 7 },
      'A `session` that is no text is not refused as that.',
    ],
    [
      'ciphertext null',
      { ...zero, ciphertext: null },
      'A `ciphertext` that is no text is not refused as that.',
    ],
  ]
  for (const [what, form, cause, code = 'bad_message'] of more)
    await refuse(what, code, form, cause)
  await endGenuine(talk, probes, 'a genuine text')
  probes.end(
    'messages of other forms, then a genuine one',
    '`bad_message`, for v 1 `bad_version`',
    firstOf(causes),
  )
}

/** JSON with `seq` as it stands here. */
function withSeq(form: object, seq: string): string {
  return JSON.stringify({ ...form, seq: 'HERE' }).replace('"HERE"', seq)
}

async function messages13(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const causes = new Map<string, string>()
  const genuine = sealed(session, aText(scene))
  const { ciphertext, session: id } = genuine
  const reader = (which: string) =>
    `The reader of hex is more generous than the page: ${which} passes.`
  const length =
    'The length is not looked at before the rest: `ciphertext` has 16 to 16,400 bytes, `session` 16.'
  const wrong: readonly (readonly [what: string, change: object, cause: string])[] = [
    ['15 bytes', { ciphertext: ciphertext.slice(0, 30) }, length],
    ['an empty ciphertext', { ciphertext: '' }, length],
    ['16,401 bytes', { ciphertext: 'ab'.repeat(LONGEST + 17) }, length],
    ['ciphertext in upper case', { ciphertext: ciphertext.toUpperCase() }, reader('upper case')],
    [
      'an odd number of digits',
      { ciphertext: `${ciphertext}0` },
      reader('an odd number of digits'),
    ],
    ['a line feed behind the ciphertext', { ciphertext: `${ciphertext}\n` }, reader('a line feed')],
    ['a session of 15 bytes', { session: id.slice(2) }, length],
    ['a session of 17 bytes', { session: `${id}00` }, length],
    ['session in upper case', { session: id.toUpperCase() }, reader('upper case')],
  ]
  for (const [what, change, cause] of wrong) {
    const isSame = Object.entries(change).every(
      ([name, value]) => genuine[name as 'session'] === value,
    )
    if (isSame) continue
    const answer = await deliver(talk, { ...genuine, ...change })
    causes.set(what, causeOf(answer, cause).cause)
    probes.refused(what, 'bad_encoding', answer, causeOf(answer, cause))
  }
  await endGenuine(talk, probes, 'a genuine text')
  probes.end(
    'hex of other forms and lengths, then a genuine text',
    '`bad_encoding`',
    firstOf(causes),
  )
}

async function messages14(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const form = { ...sealed(session, aText(scene)), session: bytesToHex(scene.random.bytes(16)) }
  const answer = await deliver(talk, form)
  probes.refused(
    'another session',
    'unknown_session',
    answer,
    causeOf(
      answer,
      'The session is not looked at: a text of another one is opened with the keys of the current one.',
    ),
  )
  await endGenuine(talk, probes, 'a genuine text')
  probes.end('a text with the id of a session that nobody has', '`unknown_session`', ([first]) =>
    first === 'another session'
      ? causeOf(
          answer,
          'The session is not looked at: a text of another one is opened with the keys of the current one.',
        ).cause
      : null,
  )
}

/** Bytes that are no UTF-8 (RFC 3629 section 4), by what is wrong with them. */
const NO_UTF8: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ['ff fe', [0xff, 0xfe]],
  ['the over-long form c0 80', [0xc0, 0x80]],
  ['the surrogate ed a0 80', [0xed, 0xa0, 0x80]],
  ['f4 90 80 80, which is above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['a cut character', [0x61, 0xe8, 0xaa]],
  ['80', [0x80]],
]

async function messages16(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const taken: string[] = []
  let isCrash = false
  for (const [what, bytes] of NO_UTF8) {
    const answer = await deliver(talk, sealed(session, Uint8Array.from(bytes)))
    probes.refused(what, 'bad_text', answer)
    if (scene.isTaken(answer)) taken.push(what)
    isCrash ||= answer.status === 500
  }
  const last = 'a good text'
  const answer = await deliver(talk, sealed(session, aText(scene)))
  probes.taken(last, answer)
  probes.end('texts that are no UTF-8, then a good one', '`bad_text`; taken', (wrong) => {
    if (isCrash) return CRASHES
    if (taken.length === NO_UTF8.length)
      return 'What is no UTF-8 is taken. It has to be looked at when the text arrives, and refused.'
    if (taken.length > 0) return `Not all that is no UTF-8 is refused: ${taken.join(', ')}.`
    return wrong.join() === last
      ? 'A text that is refused as `bad_text` steps the chain. Whatever is refused leaves it as it was.'
      : null
  })
}

async function messages20(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const first = sealed(session, aText(scene))
  probes.taken('a text', await deliver(talk, first))
  const next = sealed(session, aText(scene))
  const garbage = 'ab'.repeat(40)
  const stranger = bytesToHex(scene.random.bytes(16))
  const { seq: _, ...withoutSeq } = next
  const far = Number(next.seq) + 1_025
  const causes = new Map<string, string>()
  const refuse = async (above: string, below: string, form: object, when = '') => {
    const what = `\`${above}\` and \`${below}\` at once${when}`
    const answer = await deliver(talk, form)
    const isLower = answer.code === below
    causes.set(what, `The row of \`${below}\` is checked before that of \`${above}\`.`)
    if (!isLower) causes.delete(what)
    probes.refused(what, above, answer)
  }
  await refuse('bad_version', 'bad_message', { ...withoutSeq, v: 1 })
  await refuse('bad_message', 'bad_encoding', { ...next, seq: '0', ciphertext: 'AB' })
  await refuse('bad_encoding', 'unknown_session', { ...next, session: stranger, ciphertext: 'AB' })
  await refuse('unknown_session', 'rekey_required', { ...next, session: stranger, seq: SEQ_END })
  await refuse('rekey_required', 'too_far_ahead', { ...next, seq: SEQ_END })
  await refuse('replay', 'decrypt_failed', { ...first, ciphertext: garbage })
  await refuse('too_far_ahead', 'decrypt_failed', { ...next, seq: far, ciphertext: garbage })
  for (let count = 1; count < INBOX; count++)
    probes.taken('a text', await deliver(talk, sealed(session, aText(scene))))
  const full = sealed(session, aText(scene))
  const when = ', with 32 waiting'
  await refuse('unknown_session', 'inbox_full', { ...full, session: stranger }, when)
  await refuse('replay', 'inbox_full', first, when)
  await refuse('too_far_ahead', 'inbox_full', { ...full, seq: Number(full.seq) + 1_025 }, when)
  await refuse('inbox_full', 'decrypt_failed', { ...full, ciphertext: garbage }, when)
  await refuse('inbox_full', 'bad_text', sealed(session, Uint8Array.of(0xff)), when)
  await scene.decrypt()
  await endGenuine(talk, probes, 'a genuine text')
  probes.end('messages with two faults each', 'the code of the row above', firstOf(causes))
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
  probes.refused('a body of 33,825 bytes', 'too_large', long, {
    mayBreak: true,
    cause: 'There is no limit, or it is too large.',
  })
  const { nextText } = session
  probes.taken('a text afterwards', await deliver(talk, sealed(session, aText(scene), nextText)))
  probes.end('bodies at the limit', '33,824 bytes are taken, one more is `too_large`')
}

export const REFUSING: readonly Clause[] = [
  {
    ...USUAL,
    id: 'messages/8',
    title: 'gaps are counted, what was overtaken is gone',
    sentence:
      'the keys of the numbers in between are gone, and a message that was overtaken is refused as `replay`.',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages8),
  },
  {
    ...USUAL,
    id: 'messages/9',
    title: 'the same text again',
    sentence: '`seq` is not below the next one expected',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages9),
  },
  {
    ...USUAL,
    id: 'messages/10',
    title: 'numbers far ahead',
    sentence: '`seq` is at most 1,024 beyond it; until here nothing is computed',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages10),
  },
  {
    ...USUAL,
    id: 'messages/11',
    title: 'what was changed does not open',
    sentence: 'it opens',
    weight: 2,
    parties: [1, 2],
    needs: ['messages/4'],
    run: talking(messages11),
  },
  {
    ...USUAL,
    id: 'messages/12',
    title: 'version, fields and seq',
    sentence:
      'version and fields, as for a key message; `seq` is an integer from 0 to 2^53 - 1, not -0',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages12),
  },
  {
    ...USUAL,
    id: 'messages/13',
    title: 'hex and lengths',
    sentence: 'hex and lengths; `ciphertext` has 16 to 16,400 bytes',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages13),
  },
  {
    ...USUAL,
    id: 'messages/14',
    title: 'a text of another session',
    sentence: '`session` is the current, the candidate or the previous one',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages14),
  },
  {
    ...USUAL,
    id: 'messages/16',
    title: 'what is no UTF-8',
    sentence: 'the text is UTF-8',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages16),
  },
  {
    ...USUAL,
    id: 'messages/20',
    title: 'the order of the checks',
    sentence: 'The receiver checks in this order',
    weight: 1,
    needs: [
      'messages/8',
      'messages/9',
      'messages/10',
      'messages/11',
      'messages/12',
      'messages/13',
      'messages/14',
      'messages/15',
      'messages/16',
    ],
    run: talking(messages20),
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
