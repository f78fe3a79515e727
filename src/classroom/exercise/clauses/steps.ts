/** Steps of an exchange that many clauses make, and what they look at after each. */

import { bytesToHex, equalBytes, utf8ToBytes } from '../../../protocol/bytes.ts'
import { printable } from '../../../terminal/printable.ts'
import type { Agreement } from '../agreement.ts'
import type { Answer } from '../call.ts'
import type { Ephemeral } from '../computation/keys.ts'
import { Failure } from '../failure.ts'
import { fieldsOf } from '../forms.ts'
import type { Reply } from '../otherPeer.ts'
import { outcomeOf, type ProbeOptions, type Probes } from '../probes.ts'
import type { KeyMessage, Scene, WireMessage } from '../scene.ts'

export type First = 'student' | 'examiner'
export type Form = Record<string, unknown>

export const DID: Readonly<Record<First, string>> = {
  student: '/send_keys, then a share without `confirm`',
  examiner: 'a share, then /send_keys',
}

/** With a candidate beside the current session. */
export const NOT_NEWEST =
  'It confirms the current session though there is a candidate. `confirm` is of the newest session: of the candidate, if there is one.'

export function noConfirm(first: First, got: string): Failure {
  const cause =
    first === 'examiner'
      ? 'There is no `confirm`: a peer that has the share of the other one derives a candidate when it sends keys.'
      : 'There is no `confirm`: a peer that has sent keys derives a candidate when the share of the other one comes.'
  return new Failure({ did: DID[first], wanted: 'a confirm with session and tag', got, cause })
}

/** A candidate of the student's that nobody confirmed yet. */
export interface Candidate {
  readonly session: Agreement
  readonly ephemeral: Ephemeral
  readonly message: KeyMessage
  /** The examiner's share alone, and with the right confirmation. */
  readonly share: Form
  readonly confirmed: Form
  /** To the share alone. */
  readonly answer: Answer
}

/** The student's next key message. @throws Failure if none comes */
export async function studentsKeys(scene: Scene): Promise<KeyMessage> {
  const { messages } = await scene.sendKeys(() => scene.acceptedKeys())
  const [message] = messages
  if (message === undefined) throw noConfirm('student', 'no key message')
  return message
}

/** The student's keys, then the examiner's share without `confirm`. @throws Failure if there is no candidate of the two */
export async function candidate(scene: Scene): Promise<Candidate> {
  return candidateOf(scene, await studentsKeys(scene))
}

/** What follows from a key message of the student's and a share that comes now. @throws Failure if there is no candidate of the two */
export async function candidateOf(
  scene: Scene,
  message: KeyMessage,
  ephemeral = scene.freshKeys(message.publicKey),
): Promise<Candidate> {
  const share = scene.keyForm(ephemeral.publicKey)
  const answer = await scene.post('/wire/keys', share)
  const confirm = scene.confirmOf(fieldsOf(answer.json)['confirm'])
  if (!scene.isTaken(answer) || confirm === null) throw noConfirm('student', outcomeOf(answer))
  const { publicKey } = message
  const session = scene.agreement(ephemeral, { publicKey, confirm }, 'student')
  if (!equalBytes(session.id, confirm.session))
    throw new Failure({
      did: DID.student,
      wanted: `confirm of the candidate, session ${bytesToHex(session.id)}`,
      got: `session ${bytesToHex(confirm.session)}`,
      cause: scene.current && equalBytes(confirm.session, scene.current.id) ? NOT_NEWEST : null,
    })
  const confirmed = scene.keyForm(ephemeral.publicKey, session.confirmForm())
  return { session, ephemeral, message, share, confirmed, answer }
}

/** A share of the examiner's alone, which the student's peer keeps. @throws Failure if it is refused */
export async function invite(scene: Scene): Promise<Ephemeral> {
  const ephemeral = scene.freshKeys()
  const answer = await scene.post('/wire/keys', scene.keyForm(ephemeral.publicKey))
  if (!scene.isTaken(answer))
    throw new Failure({
      did: 'a genuine share',
      wanted: 'it is taken',
      got: outcomeOf(answer),
      cause: null,
    })
  return ephemeral
}

/**
 * The student's keys to a share that it keeps, answered by `reply`, which is told the candidate of the two.
 * @throws Failure if no key message comes
 */
export async function answeredKeys(
  scene: Scene,
  ephemeral: Ephemeral,
  reply: (session: Agreement) => Reply | Promise<Reply>,
): Promise<{ step: Answer; session: Agreement; message: KeyMessage }> {
  let session: Agreement | null = null
  const { step, messages } = await scene.sendKeys((message) => {
    session ??= scene.agreement(ephemeral, message, 'examiner')
    return reply(session)
  })
  const [message] = messages
  if (session === null || message === undefined) throw noConfirm('examiner', 'no key message')
  return { step, session, message }
}

/** /show has `session`, or none if that is null. */
export async function shows(
  scene: Scene,
  probes: Probes,
  what: string,
  session: Agreement | null,
  options: ProbeOptions = {},
): Promise<boolean> {
  const { session: shown } = await scene.show()
  const wanted = session === null ? null : bytesToHex(session.id)
  const got = shown === null ? 'it has none' : `it has ${printable(shown.slice(0, 64))}`
  return probes.holds(`${what}, in /show`, (shown?.toLowerCase() ?? null) === wanted, got, options)
}

/** What an answer confirms is `session`, with the student's tag. */
export function confirms(
  scene: Scene,
  probes: Probes,
  what: string,
  answer: Answer | KeyMessage,
  session: Agreement,
  options: ProbeOptions = {},
): boolean {
  const confirm =
    'confirm' in answer ? answer.confirm : scene.confirmOf(fieldsOf(answer.json)['confirm'])
  const isNamed = confirm !== null && equalBytes(confirm.session, session.id)
  const got =
    confirm === null
      ? 'no confirm'
      : isNamed
        ? `tag ${bytesToHex(confirm.tag)}`
        : `session ${bytesToHex(confirm.session)}`
  return probes.holds(what, session.isRight(confirm), got, options)
}

/** A text of the examiner's on `session`. */
export async function takesText(
  scene: Scene,
  probes: Probes,
  what: string,
  session: Agreement,
  options: ProbeOptions = {},
): Promise<boolean> {
  const answer = await scene.post('/wire/message', session.messageForm(someText(scene)))
  return probes.taken(what, answer, options)
}

/** `/send_msg`: the text comes on `session`, and opens. */
export async function sendsText(
  scene: Scene,
  probes: Probes,
  what: string,
  session: Agreement,
  options: ProbeOptions = {},
): Promise<WireMessage | null> {
  const text = someText(scene)
  const { step, messages } = await scene.sendText(text)
  const message = messages.at(-1)
  const none = `no message came; /send_msg: ${outcomeOf(step)}`
  if (message === undefined) {
    probes.holds(what, false, none, options)
    return null
  }
  const isHere = equalBytes(message.session, session.id)
  const got = `a message on session ${bytesToHex(message.session)}`
  if (!probes.holds(`${what}, on the session`, isHere, got, options)) return null
  const opened = session.open(message)
  const isRight = opened !== null && equalBytes(opened, utf8ToBytes(text))
  return probes.holds(`${what}, and opens`, isRight, 'it does not open') ? message : null
}

/** A text that no other clause sends. */
export function someText(scene: Scene): string {
  return `text ${bytesToHex(scene.random.bytes(6))}`
}

/** The bytes with one bit changed. */
function flipped(bytes: Uint8Array, index: number, mask: number): Uint8Array {
  const changed = bytes.slice()
  changed[index] = (changed[index] ?? 0) ^ mask
  return changed
}

/** What stands in place of the examiner's right tag, each with its name; undefined if the student takes it for the right one. */
export const WRONG_TAGS: readonly (readonly [
  name: string,
  of: (session: Agreement) => Uint8Array | undefined,
])[] = [
  ['last bit changed', (session) => flipped(session.tagOf('examiner'), 31, 0x01)],
  ['first bit changed', (session) => flipped(session.tagOf('examiner'), 0, 0x80)],
  ['zeros', () => new Uint8Array(32)],
  [
    "your peer's own tag",
    (session) => {
      const own = session.tagOf('student')
      return equalBytes(own, session.tagOf('examiner')) ? undefined : own
    },
  ],
]

/** What is not compared, where `taken` has the names of the wrong tags that passed. */
export function causeOfTags(taken: readonly string[], where: string): string {
  const has = (name: string) => taken.some((one) => one.includes(name))
  if (has('zeros')) return `The tag is not compared: ${where}.`
  if (has('own')) {
    if (!has('bit'))
      return `Your peer takes its own tag as the other one's: ${where}. The right tag is that of the other party.`
    return `The tag is not compared: ${where}.`
  }
  const end = has('last') ? (has('first') ? 'its middle' : 'its beginning') : 'its end'
  return `Only a part of the tag is compared, ${end}: ${where}.`
}

/** A PNG of `length` bytes, as far as its signature goes. */
export function somePicture({ random }: Scene, length = 600): Uint8Array {
  const picture = random.bytes(length)
  picture.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return picture
}
