/** Disorder: key messages that cross, and answers that are lost, late, broken, or somebody else's. */

import { equalBytes } from '../../../../protocol/bytes.ts'
import type { Agreement } from '../../agreement.ts'
import { type Answer, NoAnswer } from '../../call.ts'
import type { Clause } from '../../clause.ts'
import type { Context } from '../../context.ts'
import { accepted, type Reply, refusal } from '../../otherPeer.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import {
  answeredKeys,
  candidateOf,
  confirms,
  invite,
  noConfirm,
  sendsText,
  shows,
  someText,
  studentsKeys,
  takesText,
  WRONG_TAGS,
} from '../steps.ts'
import { NOT_READ, USUAL } from './usual.ts'

/** A peer that waits for an answer itself has to answer within this; it gives up on its own after five seconds. */
const MEANWHILE_MS = 3_500
const ONE_AT_A_TIME =
  'It serves one request at a time: while it waits for the other peer, it answers nobody, and two peers that call each other at once wait for each other.'
const LOCKED =
  'A lock is held while the other peer is asked: it answers /show, and the rest waits. Two peers that call each other at once wait for each other.'
const NOT_SAID = '/send_keys says that the keys were sent, though the other peer did not take them.'

/** A request to a peer that waits for the answer to its own. */
function meanwhile(scene: Scene, path: string, body?: object | string): Promise<Answer | NoAnswer> {
  const type = typeof body === 'string' ? 'text/plain' : 'application/json'
  return scene.attempt(path, {
    ms: MEANWHILE_MS,
    ...(body === undefined ? {} : { headers: { 'content-type': type } }),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

/** What holds a peer up that did not answer, while /show was asked too. */
function holdUp(show: Answer | NoAnswer | null): string {
  return show instanceof NoAnswer ? ONE_AT_A_TIME : LOCKED
}

async function crossing(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'before /send_keys has its answer, a share; then the answer with the confirmation',
      'the share is answered at once, and a session',
    )
  let sent: Answer | NoAnswer | null = null
  let show: Answer | NoAnswer | null = null
  let session: Agreement | null = null
  const { step } = await scene.sendKeys(async ({ publicKey }) => {
    if (sent !== null) return accepted()
    const ephemeral = scene.freshKeys(publicKey)
    const share = scene.keyForm(ephemeral.publicKey)
    const both = [meanwhile(scene, '/wire/keys', share), meanwhile(scene, '/show')] as const
    ;[sent, show] = await Promise.all(both)
    if (sent instanceof NoAnswer) return accepted()
    const confirm = scene.confirmOf((sent.json as { confirm?: unknown } | undefined)?.confirm)
    session = scene.agreement(ephemeral, { publicKey, confirm }, 'student')
    return accepted({ accepted: true, confirm: session.confirmForm() })
  })
  const seen = session as Agreement | null
  const answer = sent as Answer | NoAnswer | null
  if (answer === null) {
    probes.holds('a key message', false, 'none came')
    return end()
  }
  const isSlow = answer instanceof NoAnswer && answer.kind === 'slow'
  const held = isSlow ? { cause: holdUp(show) } : {}
  if (!probes.taken('the share that crosses', answer, held) || seen === null) return end()
  confirms(scene, probes, 'its answer confirms the candidate', answer as Answer, seen)
  probes.holds('/send_keys answers below 400', step.status < 400, outcomeOf(step))
  const isRight = probes.wrong.length === 0
  await shows(scene, probes, 'the session', seen, isRight ? { cause: NOT_READ } : {})
  end()
}

async function slot(context: Context): Promise<void> {
  const scene = await context.start()
  const { session, share, step } = await overtaken(scene)
  const probes = new Probes(scene)
  const cause =
    'There is no slot. A confirmation of a session that your peer does not have may have overtaken the share that it belongs to: it is kept until that share comes.'
  probes.holds('/send_keys answers below 400', step.status < 400, outcomeOf(step), { cause })
  await shows(scene, probes, 'no session before its share', null)
  const answer = await scene.post('/wire/keys', share)
  if (probes.taken('the share', answer)) {
    await shows(scene, probes, 'the session after its share', session, { cause })
    if (probes.wrong.length === 0)
      confirms(scene, probes, 'the answer to the share confirms it', answer, session, {
        cause: 'The newest session is not confirmed: without a candidate, that is the current one.',
      })
  }
  probes.end(
    '/send_keys, whose answer confirms a session; then the share of that session',
    'a session once the share is there',
  )
}

/** The student's keys, whose answer confirms the session with a share that was not sent yet. `tag`: in place of the right one. */
async function overtaken(scene: Scene, tag?: (session: Agreement) => Uint8Array) {
  let session: Agreement | null = null
  const ephemeral = scene.freshKeys()
  const { step, messages } = await scene.sendKeys((message) => {
    const { publicKey } = message
    session ??= scene.agreement(ephemeral, { publicKey }, 'student')
    return accepted({ accepted: true, confirm: session.confirmForm(tag?.(session)) })
  })
  const [message] = messages
  const seen = session as Agreement | null
  if (message === undefined || seen === null) throw noConfirm('student', 'no key message')
  return { session: seen, ephemeral, message, step, share: scene.keyForm(ephemeral.publicKey) }
}

async function otherSlot(context: Context): Promise<void> {
  const scene = await context.start()
  const { ephemeral } = await overtaken(scene)
  const probes = new Probes(scene)
  const { session, confirmed } = await candidateOf(scene, await studentsKeys(scene), ephemeral)
  const cause =
    'It remembers that a confirmation came, and not which one: that was of a session with the keys before.'
  if (await shows(scene, probes, 'no session', null, { cause })) {
    probes.taken('the right confirmation', await scene.post('/wire/keys', confirmed))
    await shows(scene, probes, 'the session in the end', session)
  }
  probes.end(
    '/send_keys, whose answer confirms a session; /send_keys again; then the share of that session',
    'no session: the confirmation was for other keys',
  )
}

async function wrongSlot(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const tags = WRONG_TAGS.filter(([name]) => name === 'zeros' || name.includes('own'))
  const did = '/send_keys, whose answer confirms a session with a wrong tag; then its share'
  const end = () => probes.end(did, 'the share is taken, and is no more than a candidate')
  for (const [name, of] of tags) {
    const tag = (session: Agreement) => of(session) ?? new Uint8Array(32)
    const { share, ephemeral, message } = await overtaken(scene, tag)
    const answer = await scene.post('/wire/keys', share)
    const refused =
      'A wrong tag that came before makes the share refused. It is ignored, and the share is taken as if nothing had come.'
    if (!probes.taken(`${name}: the share`, answer, { cause: refused })) return end()
    const cause = 'The tag in the slot is not compared.'
    if (!(await shows(scene, probes, `${name}: no new session`, scene.current, { cause })))
      return end()
    const { publicKey } = message
    const confirm = scene.confirmOf((answer.json as { confirm?: unknown }).confirm)
    const session = scene.agreement(ephemeral, { publicKey, confirm }, 'student')
    const confirmed = scene.keyForm(ephemeral.publicKey, session.confirmForm())
    probes.taken(`${name}: the right tag afterwards`, await scene.post('/wire/keys', confirmed))
    await shows(scene, probes, `${name}: the session in the end`, session)
    scene.promoted(session)
  }
  end()
}

async function keysStay(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const did = '/send_keys, which has no answer or a refusal; then a share with its confirmation'
  const end = () => probes.end(did, '/send_keys answers 400 or more; the share gives a session')
  const replies: [string, Reply][] = [
    ['no answer', 'close'],
    ['409', refusal('stale_keys', 409)],
    ['500', refusal('internal', 500)],
  ]
  for (const [name, reply] of replies) {
    const { step, messages } = await scene.sendKeys(() => reply)
    const [message] = messages
    if (!probes.holds(`${name}: a key message`, message !== undefined, 'none came') || !message)
      return end()
    probes.holds(`${name}: /send_keys answers 400 or more`, step.status >= 400, outcomeOf(step), {
      cause: NOT_SAID,
    })
    const ephemeral = scene.freshKeys(message.publicKey)
    const session = scene.agreement(ephemeral, { publicKey: message.publicKey }, 'student')
    const form = scene.keyForm(ephemeral.publicKey, session.confirmForm())
    const cause =
      'The private key is erased when keys are refused or have no answer. They may have arrived all the same, so it stays.'
    const isTaken = probes.taken(
      `${name}: the share with its confirmation`,
      await scene.post('/wire/keys', form),
      { cause },
    )
    if (!isTaken || !(await shows(scene, probes, `${name}: the session`, session, { cause })))
      return end()
    scene.promoted(session)
  }
  end()
}

async function twoAtOnce(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  let answeredAt: number | null = null
  scene.onKeys = async () => {
    if (answeredAt !== null) return accepted()
    await delay(1_000)
    answeredAt = performance.now()
    return accepted()
  }
  await Promise.all([scene.attempt('/send_keys'), scene.attempt('/send_keys')])
  const [first, ...later] = scene.other.since(0, '/wire/keys')
  probes.holds('a key message', first !== undefined, 'none came')
  const early = later.filter(({ at }) => answeredAt === null || at < answeredAt)
  const cause =
    'It sends at once: the second key message replaces the private key while the first one is under way.'
  probes.holds(
    'no second key message before the first answer',
    early.length === 0,
    `${early.length} came`,
    { cause },
  )
  if (probes.wrong.length === 0) await scene.agree()
  probes.end(
    '/send_keys twice at once; the first answer takes one second',
    'one key message after the other, or one only',
  )
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** The right confirmation, in answers that are no peer's. */
function brokenAnswers(confirm: object): [name: string, reply: Reply][] {
  const body = { accepted: true, confirm }
  const text = JSON.stringify(body)
  const upper = { ...confirm, ...('tag' in confirm && { tag: `${confirm.tag}`.toUpperCase() }) }
  return [
    ['status 200', { status: 200, body }],
    ['status 202', { status: 202, body }],
    ['one more field', accepted({ ...body, more: true })],
    ['one more field in confirm', accepted({ accepted: true, confirm: { ...confirm, more: 1 } })],
    ['accepted: false', accepted({ accepted: false, confirm })],
    ['a version', accepted({ v: 2, ...body })],
    ['upper-case hex', accepted({ accepted: true, confirm: upper })],
    ['a name twice', accepted(Buffer.from(text.replace('{', '{"accepted":true,')))],
    ['over 16 KiB', accepted(Buffer.from(`${text}${' '.repeat(17_000)}`))],
    ['cut', { status: 201, body, cutAt: text.length - 1 }],
    ['HTML', { status: 201, type: 'text/html', body: '<!doctype html><title>Accepted</title>' }],
    ['confirm: null', accepted({ accepted: true, confirm: null })],
  ]
}

async function foreignAnswers(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  let ephemeral = await invite(scene)
  const count = brokenAnswers({}).length
  for (let i = 0; i < count; i++) {
    let name = ''
    const { step, session } = await answeredKeys(scene, ephemeral, (one) => {
      const [[called, reply] = ['', 'close'] as const] = brokenAnswers(one.confirmForm()).slice(i)
      name = called
      return reply
    })
    const isRefused = step.status >= 400
    probes.holds(name, isRefused, `/send_keys: ${outcomeOf(step)}`)
    const isOn = await scene.isOn(session)
    if (isRefused) probes.holds(`${name}: no session`, !isOn, '/show has the session')
    if (!isOn) continue
    scene.promoted(session)
    ephemeral = await invite(scene)
  }
  const isWrong = probes.wrong.length > 0
  if (!isWrong) {
    const { step, session } = await answeredKeys(scene, ephemeral, (one) =>
      accepted({ accepted: true, confirm: one.confirmForm() }),
    )
    probes.holds('the right answer in the end', step.status < 400, outcomeOf(step))
    await shows(scene, probes, 'the session in the end', session)
  }
  probes.end(
    'a share; /send_keys, answered with the right confirmation in an answer that is no peer’s',
    '/send_keys answers 400 or more, and no session',
    causeOfForeign,
  )
}

function causeOfForeign(wrong: readonly string[]): string | null {
  const isStatus = (name: string) => name.startsWith('status')
  if (wrong.every(isStatus))
    return 'Any status below 300 counts. An answer is one only with status 201.'
  if (wrong.includes('the right answer in the end')) return null
  const what = wrong.some(isStatus) ? 'Neither the status nor the form' : 'Not all of the form'
  const names = new Set(wrong.map((name) => name.replace(': no session', '')))
  return `${what} of an answer is checked. What passes and must not: ${[...names].join(', ')}.`
}

async function redirects(context: Context): Promise<void> {
  const scene = await context.shared()
  const probes = new Probes(scene)
  const cause =
    'Redirects are followed: the HTTP library does it by default, and has to be told not to.'
  for (const status of [301, 302, 303, 307, 308]) {
    const count = scene.other.received.length
    const headers = { location: `${scene.other.origin}/elsewhere` }
    const { step } = await scene.sendKeys(() => ({ status, body: '', headers }))
    const called = scene.other.since(count, '/elsewhere').length
    probes.holds(`${status}: nobody calls the other place`, called === 0, 'it was called', {
      cause,
    })
    probes.holds(`${status}: /send_keys answers 400 or more`, step.status >= 400, outcomeOf(step), {
      cause: called > 0 ? cause : NOT_SAID,
    })
  }
  probes.end('/send_keys, answered with a redirect', 'it is not followed, and no answer of a peer')
}

/** Later than the five seconds after which a caller gives up. */
const LATE_MS = 6_500
const EARLIEST_MS = 4_000
const LATEST_MS = 6_400

async function lateAnswer(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const ephemeral = await invite(scene)
  let late: Promise<void> = Promise.resolve()
  const { step, session, message } = await answeredKeys(scene, ephemeral, async (one) => {
    late = delay(LATE_MS)
    await late
    return accepted({ accepted: true, confirm: one.confirmForm() })
  })
  const ms = performance.now() - message.received.at
  const isLate = ms > LATEST_MS
  probes.holds(
    '/send_keys gives up after 5 seconds',
    ms >= EARLIEST_MS && !isLate,
    `after ${(ms / 1000).toFixed(1)} seconds`,
  )
  if (probes.wrong.length === 0)
    probes.holds('/send_keys answers 400 or more', step.status >= 400, outcomeOf(step))
  await late
  await delay(300)
  const isLateCounted = { cause: 'The late answer counts. It has to be dropped.' }
  const isNone = await shows(
    scene,
    probes,
    'no session later',
    null,
    probes.wrong.length === 0 ? isLateCounted : {},
  )
  if (isNone && probes.wrong.length === 0) {
    const form = scene.keyForm(ephemeral.publicKey, session.confirmForm())
    probes.taken('the confirmation in a key message', await scene.post('/wire/keys', form))
    await shows(scene, probes, 'the session in the end', session)
  }
  probes.end(
    'a share; /send_keys, whose answer comes after 6.5 seconds',
    '/send_keys answers 400 or more after about 5 seconds, and no session',
    ([first]) => {
      if (first?.startsWith('/send_keys gives up') !== true) return null
      return isLate
        ? 'There is no limit for the answer, or a longer one than 5 seconds: the HTTP library has none by default.'
        : 'It gives up too early.'
    },
    // A machine that is busy makes five seconds longer.
    isLate ? { kind: 'too slow' } : {},
  )
}

async function lostAnswer(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'a share; /send_keys, whose answer is lost; then a text on that session; /send_msg',
      'the text is taken, and both are on the session',
    )
  const ephemeral = await invite(scene)
  const { step, session } = await answeredKeys(scene, ephemeral, () => 'close')
  probes.holds('/send_keys answers 400 or more', step.status >= 400, outcomeOf(step), {
    cause: NOT_SAID,
  })
  if (!(await shows(scene, probes, 'no session yet', null))) return end()
  const cause =
    'The candidate is dropped when no answer comes. The other side may have taken the keys, so it stays.'
  if (!(await takesText(scene, probes, 'a text on it', session, { cause }))) return end()
  await shows(scene, probes, 'the session', session)
  await sendsText(scene, probes, 'a text of yours', session)
  end()
}

async function textWaits(context: Context): Promise<void> {
  const scene = await context.start()
  const session = await scene.agree()
  const probes = new Probes(scene)
  let asked: Promise<readonly (Answer | NoAnswer)[]> | null = null
  await scene.sendText(someText(scene), async (message) => {
    if (equalBytes(message.session, session.id)) session.open(message)
    asked ??= Promise.all([
      meanwhile(scene, '/show'),
      meanwhile(scene, '/wire/message', session.messageForm(someText(scene))),
      meanwhile(scene, '/send_keys'),
    ])
    await asked
    return accepted({ accepted: true, missing: 0 })
  })
  const [show, text, keys] = (await (asked as Promise<readonly (Answer | NoAnswer)[]> | null)) ?? []
  if (show && text && keys) {
    const isAnswered = (one: Answer | NoAnswer) => !(one instanceof NoAnswer) && one.status < 400
    const slow = (one: Answer | NoAnswer) =>
      one instanceof NoAnswer && one.kind === 'slow' ? { cause: holdUp(show) } : {}
    probes.holds('/show', isAnswered(show), show, slow(show))
    probes.taken('a text of the other peer', text, slow(text))
    probes.holds('/send_keys', isAnswered(keys), keys, slow(keys))
  } else probes.holds('a message', false, 'none came')
  probes.end(
    '/send_msg; before it has its answer, /show, a text of the other peer, and /send_keys',
    'all three go through',
  )
}

export const ANSWERS: readonly Clause[] = [
  {
    ...USUAL,
    id: 'disorder/1',
    title: 'key messages that cross',
    section: 'duet/2',
    sentence: 'It has no roles: either side may start, and both may start at once.',
    parties: [1, 2],
    weight: 2,
    needs: ['session/2'],
    run: crossing,
  },
  {
    ...USUAL,
    id: 'disorder/2',
    title: 'a confirmation that overtakes its share',
    sentence:
      'names any other, the previous one too: it may have overtaken the key message that it belongs to, and is put into the slot, in place of what is there.',
    parties: [1, 2],
    weight: 2,
    needs: ['session/2'],
    run: slot,
  },
  {
    ...USUAL,
    id: 'disorder/3',
    title: 'a confirmation for keys that were replaced',
    sentence:
      "It is promoted in step 3 if the message's `confirm` names it, or else if the confirmation in the slot names it with the right tag (one with a wrong tag is ignored).",
    weight: 1,
    needs: ['disorder/2', 'session/7'],
    run: otherSlot,
  },
  {
    ...USUAL,
    id: 'disorder/4',
    title: 'a wrong tag that overtakes its share',
    sentence:
      "It is promoted in step 3 if the message's `confirm` names it, or else if the confirmation in the slot names it with the right tag (one with a wrong tag is ignored).",
    weight: 1,
    needs: ['disorder/2', 'session/7'],
    run: wrongSlot,
  },
  {
    ...USUAL,
    id: 'disorder/5',
    title: 'keys that were refused stay',
    sentence:
      'Keys that were refused, or had no answer, stay until then or until keys are sent again.',
    parties: [1, 2],
    weight: 1,
    needs: ['session/2'],
    run: keysStay,
  },
  {
    ...USUAL,
    id: 'disorder/6',
    title: 'one key message at a time',
    sentence:
      'It sends the key message, and waits for the answer (or gives up on it) before it sends keys again.',
    weight: 1,
    needs: ['keys/2'],
    run: twoAtOnce,
  },
  {
    ...USUAL,
    id: 'disorder/20',
    title: 'answers that are no peer’s',
    section: 'Transport',
    sentence:
      "One of another status, form or field than this page gives, or over 16 KiB, is not a peer's, and changes nothing.",
    weight: 2,
    needs: ['session/4'],
    run: foreignAnswers,
  },
  {
    ...USUAL,
    id: 'disorder/26',
    title: 'a text after a lost answer',
    sentence: 'A text each way brings them together, or at least one of the two is refused.',
    parties: [1, 2],
    weight: 1,
    needs: ['session/4', 'disorder/13'],
    run: lostAnswer,
  },
  {
    ...USUAL,
    id: 'disorder/28',
    title: 'redirects',
    section: 'Transport',
    sentence: 'Redirects are not followed.',
    weight: 1,
    start: 'shared',
    needs: ['keys/2'],
    run: redirects,
  },
  {
    ...USUAL,
    id: 'disorder/29',
    title: 'an answer after more than 5 seconds',
    section: 'Transport',
    sentence:
      'A caller gives up after 5 seconds (for a picture, after 5 in which nothing moves; for the copies of a text, see [below](#a-text-arrives-once)), and a later answer is dropped.',
    weight: 1,
    needs: ['session/4'],
    isSlow: true,
    run: lateAnswer,
  },
  {
    ...USUAL,
    id: 'disorder/30',
    title: 'other requests while a text waits',
    section: 'Messages',
    sentence:
      'No message is sealed before the one before it is [settled](#a-text-arrives-once); keys and pictures need not wait for it.',
    weight: 1,
    needs: ['messages/4'],
    run: textWaits,
  },
]
