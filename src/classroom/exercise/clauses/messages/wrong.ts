/** Stage 3, texts of the other peer that are not as the page has them. */

import { bytesToHex } from '../../../../protocol/bytes.ts'
import type { Clause } from '../../clause.ts'
import { Refusals } from './refusals.ts'
import { aText, LONGEST, oneMessage, sealed, type Talk, talking, USUAL } from './texts.ts'

/** What is sent, and the mistake of a peer that takes it. */
type Wrong = readonly [what: string, form: object, cause: string]

/** `hex` with one digit changed. */
function changed(hex: string, at: number): string {
  const digit = Number.parseInt(hex.at(at) ?? '0', 16) ^ 1
  const place = at < 0 ? hex.length + at : at
  return hex.slice(0, place) + digit.toString(16) + hex.slice(place + 1)
}

async function messages11(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const refusals = new Refusals(talk)
  const own = await oneMessage(scene, aText(scene))
  session.textsOfStudent = Math.max(session.textsOfStudent, own.seq + 1)
  const genuine = sealed(session, aText(scene))
  const { ciphertext, seq } = genuine
  const tag = 'The tag is not compared: a text that was changed on the way is taken.'
  const wrong: readonly Wrong[] = [
    ['first digit changed', { ...genuine, ciphertext: changed(ciphertext, 0) }, tag],
    ['last digit changed', { ...genuine, ciphertext: changed(ciphertext, -1) }, tag],
    ['one byte less', { ...genuine, ciphertext: ciphertext.slice(0, -2) }, tag],
    [
      'another seq',
      { ...genuine, seq: Number(seq) + 1 },
      'A text is taken under another number than it was sealed with.',
    ],
    ['16 zero bytes', { ...genuine, ciphertext: '00'.repeat(16) }, tag],
    [
      'your own text sent back',
      { ...genuine, ciphertext: bytesToHex(own.ciphertext), seq: own.seq },
      'What your peer has sealed itself opens there too: anybody can send it back. Each direction has a chain of its own.',
    ],
  ]
  for (const [what, form, cause] of wrong)
    await refusals.refuse(what, 'decrypt_failed', form, cause)
  await refusals.genuine('the genuine text', session.nextText === seq ? genuine : undefined)
  refusals.end(
    'a text that was changed on the way, in six ways; then the genuine one',
    '`decrypt_failed`, and the genuine one is taken',
  )
}

async function messages12(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const refusals = new Refusals(talk)
  const zero = sealed(session, aText(scene), 0)
  const one = sealed(session, aText(scene), 1)
  const seqs: readonly (readonly [seq: string, cause: string])[] = [
    ['-0', '`seq` -0 counts as 0.'],
    ['-0.0', '`seq` -0.0 counts as 0.'],
    ['-1', 'A negative `seq` is taken.'],
    ['0.5', 'A `seq` that is no integer is taken.'],
    ['1e999', '`seq` 1e999, which no number can hold, is taken.'],
    ['9007199254740992', '`seq` 2^53 is taken: the largest one is 2^53 - 1.'],
    ['"0"', 'A text counts as `seq`. It is a number.'],
    ['true', '`seq` true counts as 1. It is no number in JSON.'],
    ['false', '`seq` false counts as 0. It is no number in JSON.'],
    ['null', '`seq` null counts as 0.'],
    ['[]', '`seq` [] counts as 0.'],
  ]
  for (const [seq, cause] of seqs) {
    const number = seq === 'true' ? 1 : 0
    const json = withSeq(number === 1 ? one : zero, seq)
    await refusals.refuse(`seq ${seq}`, 'bad_message', json, cause, { seq: number })
  }
  const twice = JSON.stringify(zero).replace('"seq":0', '"seq":0,"seq":0')
  const ofTwice =
    'A name that stands twice is no JSON here, and is taken: the last of the two counts.'
  const options = { seq: 0, http: ['bad_request'] }
  await refusals.refuse('seq twice', 'bad_message', twice, ofTwice, options)
  const { v, session: id, seq, ciphertext } = zero
  const more: readonly Wrong[] = [
    ['no seq', { v, session: id, ciphertext }, 'A message without `seq` is taken.'],
    ['no session', { v, seq, ciphertext }, 'A message without `session` is taken.'],
    ['no ciphertext', { v, session: id, seq }, 'A message without `ciphertext` is taken.'],
    ['no v', { session: id, seq, ciphertext }, 'A message without `v` is taken.'],
    ['v "2"', { ...zero, v: '2' }, 'A text counts as version. It is the number 2.'],
    ['one more field', { ...zero, more: 1 }, 'A message with one more field is taken.'],
    ['session a number', { ...zero, session: 7 }, 'A `session` that is no text is taken.'],
    ['ciphertext null', { ...zero, ciphertext: null }, 'A `ciphertext` that is no text is taken.'],
  ]
  await refusals.refuse('v 1', 'bad_version', { ...zero, v: 1 }, 'The version is not looked at.')
  for (const [what, form, cause] of more)
    await refusals.refuse(what, 'bad_message', form, cause, { seq: 0 })
  await refusals.genuine()
  refusals.end(
    'messages of other forms, then a genuine one',
    '`bad_message`, for v 1 `bad_version`',
  )
}

/** JSON with `seq` as it stands here. */
function withSeq(form: object, seq: string): string {
  return JSON.stringify({ ...form, seq: 'HERE' }).replace('"HERE"', seq)
}

async function messages13(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const refusals = new Refusals(talk)
  const genuine = sealed(session, aText(scene))
  const { ciphertext, session: id } = genuine
  const reader = (which: string) =>
    `The reader of hex is more generous than the page: ${which} passes.`
  const length =
    'The length is not looked at: `ciphertext` has 16 to 16,400 bytes, `session` has 16.'
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
    const form = { ...genuine, ...change }
    // An id without a letter has no upper case.
    if (JSON.stringify(form) !== JSON.stringify(genuine))
      await refusals.refuse(what, 'bad_encoding', form, cause)
  }
  await refusals.genuine()
  refusals.end('hex of other forms and lengths, then a genuine text', '`bad_encoding`')
}

async function messages14(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const refusals = new Refusals(talk)
  const form = { ...sealed(session, aText(scene)), session: bytesToHex(scene.random.bytes(16)) }
  const cause =
    'The session is not looked at: a text of another one is opened with the keys of the current one.'
  await refusals.refuse('another session', 'unknown_session', form, cause)
  await refusals.genuine()
  refusals.end('a text with the id of a session that nobody has', '`unknown_session`')
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
  const refusals = new Refusals(talk)
  const did = 'texts that are no UTF-8, then a good one'
  const wanted = '`bad_text`; taken'
  const taken: string[] = []
  for (const [what, bytes] of NO_UTF8) {
    const form = sealed(session, Uint8Array.from(bytes))
    const cause = `Not all that is no UTF-8 is refused: ${what} passes.`
    if (scene.isTaken(await refusals.refuse(what, 'bad_text', form, cause))) taken.push(what)
  }
  await refusals.genuine('a good text')
  if (taken.length === NO_UTF8.length)
    refusals.probes.end(
      did,
      wanted,
      () =>
        'What is no UTF-8 is taken: it is replaced, or not looked at when the text arrives. It has to be refused.',
      { isFollowed: true },
    )
  refusals.end(did, wanted)
}

export const WRONG: readonly Clause[] = [
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
]
