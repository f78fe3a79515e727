/** Stage 2: a session, from the two shares to its confirmation. Here each value of the computation is pinned down. */

import { bytesToHex, equalBytes } from '../../../protocol/bytes.ts'
import type { Agreement, Confirm } from '../agreement.ts'
import type { Clause } from '../clause.ts'
import type { Choices } from '../computation/choices.ts'
import { hasOrder } from '../computation/keys.ts'
import type { Context } from '../context.ts'
import { Failure, type Order } from '../failure.ts'
import { fieldsOf } from '../forms.ts'
import { accepted } from '../otherPeer.ts'
import { outcomeOf, Probes } from '../probes.ts'
import type { Scene } from '../scene.ts'
import {
  type Candidate,
  candidate,
  confirms,
  DID,
  type First,
  noConfirm,
  shows,
  somePicture,
} from './steps.ts'

/** What one exchange with a fresh start showed. */
interface Observed {
  readonly order: Order
  readonly session: Agreement
  /** The student's confirmation. */
  readonly confirm: Confirm
  /** Whether the examiner's confirmation was taken, and /show has the session. */
  readonly isTaken: boolean
  readonly got: string
  /** In /show at the end. */
  readonly safetyNumber: string | null
  /** Under what the examiner's was computed. */
  readonly choices: Choices
}

const ORDERS: readonly Order[] = ['plain', 'opposite']
/** In two of a hundred runs the order of the public keys comes out wrong, where the examiner sends first. */
const MAX_TRIES = 5

/** The student sends first, then the examiner: its answer confirms the candidate. */
export async function studentFirst(scene: Scene): Promise<Observed> {
  const { messages } = await scene.sendKeys(() => accepted())
  const [message] = messages
  if (message === undefined) throw noConfirm('student', 'no key message')
  const ephemeral = scene.freshKeys(message.publicKey)
  const answer = await scene.post('/wire/keys', scene.keyForm(ephemeral.publicKey))
  const confirm = scene.confirmOf(fieldsOf(answer.json)['confirm'])
  if (!scene.isTaken(answer) || confirm === null) throw noConfirm('student', outcomeOf(answer))
  const session = scene.agreement(ephemeral, { publicKey: message.publicKey, confirm }, 'student')
  const choices = scene.ledger.choices
  const form = scene.keyForm(ephemeral.publicKey, session.confirmForm())
  const second = await scene.post('/wire/keys', form)
  const isTaken = (scene.isTaken(second) && (await scene.isOn(session))) || (await agrees(scene))
  const { safetyNumber } = await scene.show()
  const got = outcomeOf(second)
  return { order: scene.order, session, confirm, isTaken, got, safetyNumber, choices }
}

/** Whether a tag is taken that comes together with its share: that the same share is refused when it comes again is for session/7. */
async function agrees(scene: Scene): Promise<boolean> {
  try {
    return await scene.isOn(await scene.agree('student'))
  } catch (error) {
    if (error instanceof Failure) return false
    throw error
  }
}

/** The examiner sends first: the student's key message confirms the candidate, and the answer to it does so too. */
async function examinerFirst(scene: Scene): Promise<Observed | null> {
  const ephemeral = scene.freshKeys()
  const answer = await scene.post('/wire/keys', scene.keyForm(ephemeral.publicKey))
  if (!scene.isTaken(answer)) throw noConfirm('examiner', outcomeOf(answer))
  const choices = scene.ledger.choices
  let observed: { session: Agreement; confirm: Confirm; isInOrder: boolean } | null = null
  const { step } = await scene.sendKeys((message) => {
    const { confirm, publicKey } = message
    if (confirm === null) return accepted()
    const session = scene.agreement(ephemeral, message, 'examiner')
    observed ??= { session, confirm, isInOrder: hasOrder(scene, ephemeral, publicKey) }
    return accepted({ accepted: true, confirm: session.confirmForm() })
  })
  const seen = observed as { session: Agreement; confirm: Confirm; isInOrder: boolean } | null
  if (seen === null) throw noConfirm('examiner', `no confirm; /send_keys: ${outcomeOf(step)}`)
  if (!seen.isInOrder) return null
  const isTaken = step.status < 400 && (await scene.isOn(seen.session))
  const { safetyNumber } = await scene.show()
  const got = `/send_keys: ${outcomeOf(step)}`
  return { order: scene.order, ...seen, isTaken, got, safetyNumber, choices }
}

/** Whether it is all as it should be. */
function isRight({ session, confirm, isTaken }: Observed): boolean {
  return isTaken && session.isRight(confirm)
}

/**
 * The exchange in both orders, at the same time. What was observed under the same choices is not done again. The student is first
 * in a fresh start; the examiner in the same one afterwards, as long as all is right, and in a fresh one where it is not.
 */
export async function observe(context: Context, first: First): Promise<readonly Observed[]> {
  const { ledger, party } = context
  const key = (side: First) => `${side} first, party ${party}`
  if (first === 'examiner')
    await (ledger.memo.get(key('student')) as Promise<void> | undefined)?.catch(() => {})
  const known = ledger.memo.get(`${key(first)}, seen`) as readonly Observed[] | undefined
  if (known?.every(({ choices }) => choices === ledger.choices)) return known
  const both = Promise.all(ORDERS.map((order) => observeIn(context, first, order)))
  if (first === 'student') ledger.memo.set(key('student'), both)
  const seen = await both
  const own = seen.map(({ own }) => own)
  const beside = seen.flatMap(({ beside }) => (beside === null ? [] : [beside]))
  for (const { session, confirm } of [...own, ...beside]) {
    ledger.sawSession(session.material, confirm.session)
    ledger.sawTag(session.material, confirm.tag)
  }
  ledger.memo.set(`${key(first)}, seen`, own)
  if (beside.length === ORDERS.length) ledger.memo.set(`${key('examiner')}, seen`, beside)
  return own
}

/** `beside`: the examiner first, after a student's first one; null unless it is right. */
async function observeIn(
  context: Context,
  first: First,
  order: Order,
): Promise<{ own: Observed; beside: Observed | null }> {
  const random = context.random.fork(`${first} first, ${order}`)
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const scene = await context.start({ order, zeroGroup: true, random })
    const own = await (first === 'student' ? studentFirst(scene) : examinerFirst(scene))
    const beside =
      own !== null && first === 'student' && isRight(own) ? await attempted(scene) : null
    await context.stop(scene)
    if (own !== null) return { own, beside }
  }
  throw new Error(`The order of the keys came out wrong ${MAX_TRIES} times.`)
}

async function attempted(scene: Scene): Promise<Observed | null> {
  try {
    const observed = await examinerFirst(scene)
    return observed !== null && isRight(observed) ? observed : null
  } catch (error) {
    if (error instanceof Failure) return null
    throw error
  }
}

/** @throws Failure where a session id is not the one that follows from the shares */
function checkIds(observed: readonly Observed[], first: First): void {
  const wrong = observed.find(({ session, confirm }) => !equalBytes(session.id, confirm.session))
  if (wrong === undefined) return
  const { session, confirm, order } = wrong
  throw new Failure(
    {
      did: `${DID[first]} (${order} order of the public keys)`,
      wanted: `session ${bytesToHex(session.id)}`,
      got: `session ${bytesToHex(confirm.session)}`,
      cause: null,
      values: session.computed.publicValues,
    },
    { layer: 1 },
  )
}

/** @throws Failure where a tag is not the student's, or the examiner's right one is not taken */
function checkTags(observed: readonly Observed[], first: First): void {
  const wrong = observed.find(
    ({ session, confirm }) => !equalBytes(session.tagOf('student'), confirm.tag),
  )
  if (wrong !== undefined)
    throw new Failure(
      {
        did: `${DID[first]} (${wrong.order} order of the public keys)`,
        wanted: `tag ${bytesToHex(wrong.session.tagOf('student'))}`,
        got: `tag ${bytesToHex(wrong.confirm.tag)}`,
        cause: null,
        values: wrong.session.computed.publicValues,
        secrets: wrong.session.computed.secretValues,
      },
      { layer: 2 },
    )
  const refused = observed.find(({ isTaken }) => !isTaken)
  if (refused === undefined) return
  throw new Failure({
    did: `${DID[first]}, then the examiner's right confirmation`,
    wanted: 'it is taken, and /show has the session',
    got: refused.got,
    cause:
      first === 'examiner'
        ? 'Your tag is right. The confirmation in the answer to your key message is not taken.'
        : "Your tag is right. The examiner's right tag in a key message is not taken.",
    values: refused.session.computed.publicValues,
    secrets: refused.session.computed.secretValues,
  })
}

/** What session/5 leaves to session/7: the same process, and its candidate. */
const candidates = new WeakMap<Scene, Candidate>()

async function session5(context: Context): Promise<void> {
  const scene = await context.start()
  candidates.set(scene, await candidate(scene))
  const { session, safetyNumber } = await scene.show()
  const probes = new Probes(scene)
  const cause =
    'A candidate is promoted without a confirmation. Nobody has shown yet that it has the keys.'
  probes.holds('session in /show is null', session === null, `${session}`, { cause })
  probes.holds('safetyNumber in /show is null', safetyNumber === null, `${safetyNumber}`, { cause })
  probes.end(DID.student, 'no session before it is confirmed')
  context.leave(`candidate ${context.party}`, scene)
}

async function session6(context: Context): Promise<void> {
  const scene = await context.start()
  const { session } = await candidate(scene)
  const count = scene.other.received.length
  const text = await scene.sendText('a text without a session')
  const picture = await scene.sendPicture(somePicture(scene), 'image/png')
  const probes = new Probes(scene)
  const came = scene.other.since(count).filter(({ path }) => path !== '/wire/keys').length
  const isOnIt = text.messages.some((one) => equalBytes(one.session, session.id))
  const cause =
    'It sends on the candidate. Messages are sent on the current session and on no other.'
  probes.holds(
    'nothing reaches the other peer',
    came === 0,
    `${came} requests came`,
    isOnIt || picture.bodies.length > 0 ? { cause } : {},
  )
  const refused = { cause: 'A step that did not send anything has to answer 400 or more.' }
  for (const [name, { step }] of Object.entries({ '/send_msg': text, '/send_image': picture }))
    probes.holds(
      `${name} is refused`,
      step.status >= 400,
      outcomeOf(step),
      came > 0 ? { cause } : refused,
    )
  await shows(scene, probes, 'no session', null)
  probes.end('a candidate, then /send_msg and /send_image', 'both are refused, and nothing is sent')
}

async function session8(context: Context): Promise<void> {
  const { scene, session: first } = await context.agreed()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'three agreements: yours first, yours first, the other one first; then a share',
      'three different sessions, the newest one in /show and in the answer',
    )
  await shows(scene, probes, 'the first session', first)
  for (const side of ['student', 'examiner'] as const) {
    const which = side === 'student' ? 'the second' : 'the third'
    try {
      await scene.agree(side)
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'wrong') throw error
      const { did, got } = error.finding
      if (error.finding.cause !== null) throw error
      const cause = `A peer that has a session refuses ${which} agreement. Keys may be sent at any time, and give a new session.`
      probes.holds(`${which} agreement`, false, `${did}: ${got}`, { cause })
      return end()
    }
    const cause = 'The newest session is not the current one.'
    if (!(await shows(scene, probes, `${which} session`, scene.current, { cause }))) return end()
  }
  const { publicKey } = scene.freshKeys()
  const answer = await scene.post('/wire/keys', scene.keyForm(publicKey))
  probes.taken('one more share', answer)
  if (scene.current)
    confirms(scene, probes, 'its answer confirms the current session', answer, scene.current, {
      cause: 'The newest session is not confirmed: without a candidate, that is the current one.',
    })
  end()
}

async function session7(context: Context): Promise<void> {
  const scene = context.take(`candidate ${context.party}`) ?? (await context.start())
  const { session, confirmed } = candidates.get(scene) ?? (await candidate(scene))
  const answer = await scene.post('/wire/keys', confirmed)
  const probes = new Probes(scene)
  probes.taken('the same share with the right confirmation', answer, {
    cause:
      answer.code === 'stale_keys'
        ? 'The same share is refused as used. It comes again, since its first copy had no `confirm`.'
        : 'A confirmation in a key message is not taken.',
  })
  const confirm = scene.confirmOf(fieldsOf(answer.json)['confirm'])
  const isNamed = confirm !== null && equalBytes(confirm.session, session.id)
  probes.holds(
    'the answer confirms this session',
    isNamed,
    confirm === null ? 'no confirm' : bytesToHex(confirm.session),
  )
  probes.holds('/show has the session', await scene.isOn(session), 'it has not', {
    cause:
      'Only a confirmation in an answer counts. One in a key message has to promote the candidate as well.',
  })
  probes.end(
    'a candidate, then the same share with the right confirmation',
    'the candidate is promoted',
  )
  scene.promoted(session)
  if (context.party === 1) context.leave('ends', scene)
}

const USUAL = { stage: 2, section: 'The exchange', start: 'own', parties: [1, 2] } as const

export const SESSION: readonly Clause[] = [
  {
    ...USUAL,
    id: 'session/1',
    title: 'T and session id, in an answer',
    section: 'Keys',
    sentence: 'session id = the first 16 bytes of T',
    weight: 6,
    needs: ['keys/2', 'keys/4'],
    run: async (context) => checkIds(await observe(context, 'student'), 'student'),
  },
  {
    ...USUAL,
    id: 'session/2',
    title: 'the confirm tags, yours and the other one',
    section: 'Keys',
    sentence:
      '**Confirm tag** of party i: HMAC(`K("confirm i", 32)`, T), 32 bytes, compared in constant time.',
    weight: 4,
    needs: ['session/1'],
    run: async (context) => checkTags(await observe(context, 'student'), 'student'),
  },
  {
    ...USUAL,
    id: 'session/3',
    title: 'T and session id, in your key message',
    sentence: "If it has the other's share, it derives a candidate.",
    weight: 4,
    needs: ['keys/2', 'keys/4'],
    run: async (context) => checkIds(await observe(context, 'examiner'), 'examiner'),
  },
  {
    ...USUAL,
    id: 'session/4',
    title: 'a confirmation in the answer to your keys',
    sentence:
      "**`confirm`**, in a key message and in an answer, is the confirmation of its sender's newest session",
    weight: 4,
    needs: ['session/3'],
    run: async (context) => checkTags(await observe(context, 'examiner'), 'examiner'),
  },
  {
    ...USUAL,
    id: 'session/5',
    title: 'no session before it is confirmed',
    sentence: 'a **candidate** session: derived from these two, not yet confirmed;',
    weight: 2,
    needs: ['session/2'],
    run: session5,
  },
  {
    ...USUAL,
    id: 'session/6',
    title: 'nothing is sent on a candidate',
    sentence: 'a **current** session: confirmed; messages are sent on it and on no other;',
    weight: 1,
    parties: null,
    needs: ['session/5'],
    run: session6,
  },
  {
    ...USUAL,
    id: 'session/7',
    title: 'a confirmation in a key message promotes',
    sentence: 'If its `confirm` names the candidate, the candidate is promoted.',
    weight: 2,
    needs: ['session/5'],
    run: session7,
  },
  {
    ...USUAL,
    id: 'session/8',
    title: 'a second and a third session',
    sentence:
      '**Promotion**: the previous session is dropped, the current one becomes the previous one, the candidate the current one.',
    weight: 2,
    start: 'agreed',
    needs: ['session/2', 'session/4'],
    run: session8,
  },
]
