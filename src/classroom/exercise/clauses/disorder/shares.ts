/** Disorder: shares that come again, in place of another one, too late, or with a confirmation of something else. */

import { bytesToHex, equalBytes } from '../../../../protocol/bytes.ts'
import type { Answer } from '../../call.ts'
import type { Clause } from '../../clause.ts'
import { type Ephemeral, ephemeralKeys } from '../../computation/keys.ts'
import type { Context } from '../../context.ts'
import { fieldsOf } from '../../forms.ts'
import { accepted } from '../../otherPeer.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import {
  answeredKeys,
  candidate,
  confirms,
  NOT_NEWEST,
  shows,
  someText,
  studentsKeys,
} from '../steps.ts'
import { NOT_READ, USUAL } from './usual.ts'

/** How many used shares a peer remembers at least. */
const REMEMBERED = 64

async function twice(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      '/send_keys, a share twice, then the share with its confirmation',
      'the same answer twice, then a session',
    )
  const { session, share, confirmed, answer } = await candidate(scene)
  const again = await scene.post('/wire/keys', share)
  const stale =
    'The same share is refused when it comes again. It replaces nothing, and is taken again.'
  if (!probes.taken('the same share again', again, { cause: stale })) return end()
  const cause =
    scene.suite.kem === null
      ? 'The private key is renewed, or another one taken, when the same share comes again.'
      : 'The same share again makes another candidate, with another ciphertext. It replaces nothing.'
  const isSame =
    JSON.stringify(fieldsOf(again.json)['confirm']) ===
    JSON.stringify(fieldsOf(answer.json)['confirm'])
  if (!probes.holds('the same confirmation', isSame, 'another one', { cause })) return end()
  const last = await scene.post('/wire/keys', confirmed)
  probes.taken('the share with its confirmation', last, { cause: stale })
  await shows(scene, probes, 'the session', session)
  end()
}

/** Whether what a key message or an answer confirms is the session of the student's keys with `ephemeral`. */
function isOf(
  scene: Scene,
  ephemeral: Ephemeral,
  message: Awaited<ReturnType<typeof studentsKeys>>,
) {
  return scene.agreement(ephemeral, message, 'examiner').isRight(message.confirm)
}

async function replaced(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'share A, share B, A again; /send_keys; share C; a text on the candidate of B',
      'A is stale; the candidate is of B, and then of C',
    )
  const [a, b, c] = [scene.freshKeys(), scene.freshKeys(), scene.freshKeys()]
  const send = ({ publicKey }: Ephemeral) => scene.post('/wire/keys', scene.keyForm(publicKey))
  probes.taken('share A', await send(a))
  if (!probes.taken('share B', await send(b))) return end()
  const again = await send(a)
  const firstStays = 'The first share stays. A new one replaces it.'
  if (scene.isTaken(again)) {
    // A is either the kept share still, or kept again: one more share tells.
    await send(c)
    const stays = isOf(scene, a, await studentsKeys(scene))
    const cause = stays
      ? firstStays
      : 'A share that was replaced is not remembered. It counts as used, and is refused as stale_keys.'
    probes.refused('share A again', 'stale_keys', again, { cause })
    return end()
  }
  probes.refused('share A again', 'stale_keys', again)
  const message = await studentsKeys(scene)
  const ofB = scene.agreement(b, message, 'examiner')
  const isOfB = ofB.isRight(message.confirm)
  const cause = isOf(scene, a, message) ? { cause: firstStays } : {}
  if (!probes.holds('the key message confirms the candidate of B', isOfB, 'it does not', cause))
    return end()
  const sent = await send(c)
  if (!probes.taken('share C', sent)) return end()
  const confirm = scene.confirmOf(fieldsOf(sent.json)['confirm'])
  const ofC = scene.agreement(c, { publicKey: message.publicKey, confirm }, 'examiner')
  const isStill = { cause: 'The first candidate stays. That of a new share replaces it.' }
  confirms(scene, probes, 'its answer confirms the candidate of C', sent, ofC, isStill)
  probes.refused(
    'a text on the candidate of B',
    'unknown_session',
    await scene.post('/wire/message', ofB.messageForm(someText(scene))),
    { cause: 'A candidate that was replaced stays. It is nobody’s any more.' },
  )
  if (probes.wrong.length > 0) return end()
  const confirmed = scene.keyForm(c.publicKey, ofC.confirmForm())
  probes.taken('the confirmation of C', await scene.post('/wire/keys', confirmed))
  await shows(scene, probes, 'the session of C', ofC)
  end()
}

/** Sends `count` shares, one after another. Returns their forms. */
async function manyShares(scene: Scene, probes: Probes, count: number) {
  const identity = scene.identity.publicKey
  const forms = Array.from({ length: count }, () =>
    scene.keyForm(ephemeralKeys(scene.random, scene.suite).publicKey, null, identity),
  )
  for (const [i, form] of forms.entries()) {
    const answer = await scene.post('/wire/keys', form)
    if (!probes.taken(`share ${i + 1}`, answer)) return null
  }
  return forms
}

async function remembered(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      `${REMEMBERED + 1} shares, one after another; some of them again; an agreement; its share again`,
      'stale_keys for each that was replaced or promoted',
      causeOfForgotten,
    )
  const forms = await manyShares(scene, probes, REMEMBERED + 1)
  if (forms === null) return end()
  for (const before of [1, 32, 63, 64]) {
    const answer = await scene.post('/wire/keys', forms[REMEMBERED - before] ?? {})
    probes.refused(`the share ${before} before`, 'stale_keys', answer)
  }
  const message = await studentsKeys(scene)
  const ephemeral = scene.freshKeys(message.publicKey)
  const session = scene.agreement(ephemeral, { publicKey: message.publicKey }, 'student')
  const confirmed = scene.keyForm(ephemeral.publicKey, session.confirmForm())
  if (probes.taken('an agreement', await scene.post('/wire/keys', confirmed))) {
    await shows(scene, probes, 'its session', session)
    const again = await scene.post('/wire/keys', scene.keyForm(ephemeral.publicKey))
    probes.refused('the share of the agreement again', 'stale_keys', again)
  }
  end()
}

function causeOfForgotten(wrong: readonly string[]): string | null {
  const forgotten = wrong.filter((name) => name.endsWith('before'))
  const isPromoted = wrong.includes('the share of the agreement again')
  if (forgotten.length + Number(isPromoted) < wrong.length) return null
  if (isPromoted)
    return forgotten.length > 0
      ? 'No used share is remembered.'
      : 'Only shares that were replaced are remembered, and not those that were promoted.'
  if (forgotten.length === 4)
    return 'Only shares that were promoted are remembered, and not those that were replaced.'
  return `Fewer than ${REMEMBERED} used shares are remembered: ${forgotten[0]} is not.`
}

async function oneMore(context: Context): Promise<void> {
  const scene = await context.shared()
  const probes = new Probes(scene)
  const forms = await manyShares(scene, probes, REMEMBERED + 2)
  if (forms !== null) {
    const answer = await scene.post('/wire/keys', forms[0] ?? {})
    context.note(`the used share ${REMEMBERED + 1} before is ${took(scene, answer)}`)
  }
  probes.end(`${REMEMBERED + 2} shares, then the first again`, 'either')
}

function took(scene: Scene, answer: Answer): string {
  return scene.isTaken(answer) ? 'taken' : `refused (${outcomeOf(answer)})`
}

async function nothingNew(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'shares whose `confirm` names a session that nobody has, and the previous session',
      'they are taken as shares without `confirm`',
    )
  const cause =
    'A share is refused since its `confirm` names a session that your peer does not have, or the previous one. That says nothing new, and the share is taken without it.'
  const unknown = () => {
    const { random } = scene
    return { session: bytesToHex(random.bytes(16)), tag: bytesToHex(random.bytes(32)) }
  }
  if (scene.suite.kem === null) {
    // With a KEM this one is refused while there is a private key: that is a clause of its own.
    const { publicKey } = await studentsKeys(scene)
    const ephemeral = scene.freshKeys(publicKey)
    const form = scene.keyForm(ephemeral.publicKey, unknown())
    const answer = await scene.post('/wire/keys', form)
    if (probes.taken('a session that nobody has, after /send_keys', answer, { cause })) {
      const session = scene.agreement(ephemeral, { publicKey }, 'student')
      confirms(scene, probes, 'its answer confirms the candidate', answer, session)
    }
    await shows(scene, probes, 'no session', null)
  }
  const previous = await scene.agree()
  const alone = scene.keyForm(scene.freshKeys().publicKey, unknown())
  probes.taken('a session that nobody has', await scene.post('/wire/keys', alone), { cause })
  await shows(scene, probes, 'the session that there was', previous)
  if (probes.wrong.length > 0) return end()
  const current = await scene.agree()
  const ephemeral = scene.freshKeys()
  const form = scene.keyForm(ephemeral.publicKey, previous.confirmForm())
  const answer = await scene.post('/wire/keys', form)
  if (!probes.taken('the previous session', answer, { cause })) return end()
  confirms(scene, probes, 'its answer confirms the current session', answer, current)
  await shows(scene, probes, 'the current session', current)
  const { step, session } = await answeredKeys(scene, ephemeral, (one) =>
    accepted({ accepted: true, confirm: one.confirmForm() }),
  )
  probes.holds('/send_keys, with that share', step.status < 400, outcomeOf(step))
  await shows(scene, probes, 'a session with that share', session)
  end()
}

async function newShare(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      "a candidate; its right confirmation in a key message with a new share; /send_keys, answered with the new session's confirmation",
      'the candidate is promoted, and the new share is kept for the next keys',
    )
  const { session, message } = await candidate(scene)
  const ephemeral = scene.freshKeys()
  const form = scene.keyForm(ephemeral.publicKey, session.confirmForm())
  const answer = await scene.post('/wire/keys', form)
  if (!probes.taken('the confirmation with a new share', answer)) return end()
  const confirm = scene.confirmOf(fieldsOf(answer.json)['confirm'])
  const erased = scene.agreement(ephemeral, { publicKey: message.publicKey, confirm }, 'student')
  const isErased = confirm !== null && equalBytes(confirm.session, erased.id)
  const isKept =
    'A candidate is derived with the new share from a private key that should be gone: promotion erases it.'
  confirms(scene, probes, 'its answer confirms the promoted session', answer, session, {
    ...(isErased ? { cause: isKept } : {}),
  })
  await shows(scene, probes, 'the candidate is promoted', session)
  if (probes.wrong.length > 0) return end()
  scene.promoted(session)
  const next = await answeredKeys(scene, ephemeral, (one) =>
    accepted({ accepted: true, confirm: one.confirmForm() }),
  )
  const isRight = next.session.isRight(next.message.confirm)
  const isDropped = session.isRight(next.message.confirm)
  const got = isDropped ? 'that of the session before' : 'another one, or none'
  const dropped = 'The new share is dropped. It is kept for the next keys that are sent.'
  const cause = isDropped ? { cause: (await scene.isOn(next.session)) ? NOT_NEWEST : dropped } : {}
  if (
    probes.holds('the next key message has a confirmation with the new share', isRight, got, cause)
  )
    await shows(scene, probes, 'the session with the new share', next.session, { cause: NOT_READ })
  end()
}

async function ownKeysBack(context: Context): Promise<void> {
  const { scene, session: previous } = await context.agreed()
  const current = await scene.agree()
  const probes = new Probes(scene)
  const cause =
    'Only the present key is looked at. The public keys of the current and the previous session are its own, too.'
  for (const [name, { material }] of Object.entries({ current, previous })) {
    const form = scene.keyForm(material.student.publicKey)
    const answer = await scene.post('/wire/keys', form)
    probes.refused(`that of the ${name} session`, 'reflection', answer, { cause })
  }
  const { publicKey } = scene.freshKeys()
  probes.taken('a genuine share', await scene.post('/wire/keys', scene.keyForm(publicKey)))
  probes.end('shares with the public keys of your peer, from two sessions', 'reflection')
}

async function erasedCandidate(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'a candidate; /send_keys; a text on that candidate, and its confirmation',
      'neither does anything: it went with its key',
    )
  const { session: old, ephemeral, confirmed } = await candidate(scene)
  const message = await studentsKeys(scene)
  const cause =
    'The old candidate stays. It is erased with its private key, when keys are sent again.'
  const text = await scene.post('/wire/message', old.messageForm(someText(scene)))
  if (!probes.refused('a text on the old candidate', 'unknown_session', text, { cause }))
    return end()
  const answer = await scene.post('/wire/keys', confirmed)
  const { kem } = scene.suite
  const what = 'the confirmation of the old candidate'
  if (kem === null) probes.taken(`${what}, as a share alone`, answer)
  else probes.refused(what, 'confirm_failed', answer)
  if (!(await shows(scene, probes, 'no session', null, { cause }))) return end()
  if (probes.wrong.length > 0) return end()
  const session = scene.agreement(ephemeral, message, 'examiner')
  const form = scene.keyForm(ephemeral.publicKey, session.confirmForm())
  probes.taken('the confirmation of the new candidate', await scene.post('/wire/keys', form))
  await shows(scene, probes, 'the session in the end', session)
  end()
}

export const SHARES: readonly Clause[] = [
  {
    ...USUAL,
    id: 'disorder/7',
    title: 'the same share again',
    sentence: 'The same share again replaces nothing.',
    parties: [1, 2],
    weight: 1,
    needs: ['session/5'],
    run: twice,
  },
  {
    ...USUAL,
    id: 'disorder/8',
    title: 'another share in place of the first',
    sentence: "The message's share replaces the kept one, which counts as used now.",
    weight: 1,
    needs: ['session/3', 'session/5', 'session/7'],
    run: replaced,
  },
  {
    ...USUAL,
    id: 'disorder/9',
    title: '64 used shares',
    section: 'Key message',
    sentence: 'the share is not among the last 64 that were promoted or replaced in this run',
    weight: 1,
    needs: ['keys/4'],
    run: remembered,
  },
  {
    ...USUAL,
    id: 'disorder/11',
    title: 'a confirmation that says nothing new',
    sentence:
      'A `confirm` that names the current session, the previous one, or one that step 2 does not give, says nothing new.',
    weight: 1,
    needs: ['session/8'],
    run: nothingNew,
  },
  {
    ...USUAL,
    id: 'disorder/12',
    title: 'a confirmation beside a new share',
    sentence:
      'If it is another one, keep it (step 3); since there is no private key any more, leave out step 2.',
    parties: [1, 2],
    weight: 1,
    needs: ['session/7', 'session/3'],
    run: newShare,
  },
  {
    ...USUAL,
    id: 'disorder/24',
    title: 'your public keys of two sessions come back',
    section: 'Key message',
    sentence:
      "neither of the two is one of the receiver's own: its identity, its present public key, those of its current and previous session",
    weight: 1,
    start: 'agreed',
    needs: ['session/8', 'keys/14'],
    run: ownKeysBack,
  },
  {
    ...USUAL,
    id: 'disorder/25',
    title: 'a candidate whose key was replaced',
    sentence: 'The one before is erased with its candidate, and the slot is cleared.',
    weight: 1,
    needs: ['session/5', 'session/7'],
    run: erasedCandidate,
  },
  {
    ...USUAL,
    id: 'disorder/31',
    title: 'the used share 65 before',
    section: 'Key message',
    sentence: 'the share is not among the last 64 that were promoted or replaced in this run',
    weight: 0,
    start: 'shared',
    needsStart: true,
    needs: ['keys/4'],
    run: oneMore,
  },
]
