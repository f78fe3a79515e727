/** Messages and pictures in a transcript: on sessions that it has the keys of, and with no gap in their numbers. */

import { bytesToHex, equalBytes } from '../../protocol/bytes.ts'
import { DuetError } from '../../protocol/errors.ts'
import { parseMessage, parseMessageAnswer } from '../../protocol/messages.ts'
import {
  maxStreamBytes,
  parseHeader,
  parseImageAnswer,
  streamBytes,
} from '../../protocol/stream.ts'
import type { Way } from '../../wirelog/events.ts'
import type { Findings } from './finding.ts'
import { hasTaken, jsonOf, type Records, type WireRecord } from './records.ts'
import type { Sessions } from './sessions.ts'

/** A message or a picture that counts: sent, whatever came of it, or received and taken. */
export interface Sealed {
  readonly record: WireRecord
  readonly kind: 'message' | 'picture'
  readonly way: Way
  readonly n: number
  /** The number of its answer; its own if there is none. */
  readonly end: number
  /** Session id, as hex. */
  readonly session: string
  readonly number: number
  /** Whether the other side has it: an answer was 201, or said that it had come before. */
  accepted: boolean
  /** Of a message the length of its ciphertext, of a picture that was taken its own, in bytes. */
  readonly bytes: number | null
  /** How many before it the receiver says it misses; of a picture nobody says it. */
  readonly missing: number | null
}

/** A session carries so many in each direction. */
const MOST = 2 ** 20

/** In the order of their requests. What is wrong with one goes to `findings`. */
export function sealedIn({ all }: Records, findings: Findings): Sealed[] {
  return all.flatMap((record) => {
    const { n, way, bytes } = record.request
    if (!record.whole || (way === 'received' && !record.accepted)) return []
    const wrong = (text: string) => findings.wrongWith('bad_record', text, n)
    try {
      const sealed = sealedOf(record)
      if (sealed?.kind === 'picture' && !isPictureLength(bytes, sealed.bytes))
        wrong(`No picture of ${sealed.bytes} bytes is that long once it is sealed.`)
      return sealed ?? []
    } catch (error) {
      if (!(error instanceof DuetError)) throw error
      wrong(error.message)
      return []
    }
  })
}

/**
 * The message or picture that a record is; null for keys.
 * @throws DuetError
 */
function sealedOf(record: WireRecord): Sealed | null {
  const { request, answer, body, answerBody, accepted } = record
  const { route, way, n } = request
  const isAnswered = accepted && answer?.form !== null
  const common = { record, way, n, end: answer?.n ?? n, accepted: hasTaken(record) }
  if (route === '/wire/keys') return null
  if (route === '/wire/message') {
    const { session, seq: number, ciphertext } = parseMessage(jsonOf(body))
    const missing = isAnswered ? parseMessageAnswer(jsonOf(answerBody)).missing : null
    const bytes = ciphertext.length
    return { ...common, kind: 'message', session: bytesToHex(session), number, bytes, missing }
  }
  const { session, number } = parseHeader(body)
  const bytes = isAnswered ? parseImageAnswer(jsonOf(answerBody)).bytes : null
  return { ...common, kind: 'picture', session: bytesToHex(session), number, bytes, missing: null }
}

/** Whether a stream of this length can carry a picture of this length, as far as the two are known. */
function isPictureLength(stream: number | null, picture: number | null): boolean {
  if (stream === null || picture === null) return true
  const shortest = streamBytes({ type: 'image/png', bytes: picture, name: '' })
  return shortest <= stream && stream <= maxStreamBytes(picture)
}

/** The same, with a message that was sent more than once, as it was sealed, as one. */
export function withoutCopies(all: readonly Sealed[]): Sealed[] {
  /** Messages that were sent: where in `once`, by session and number. */
  const sent = new Map<string, number>()
  const once: Sealed[] = []
  for (const sealed of all) {
    const place = `${sealed.kind} ${sealed.way} ${sealed.session} ${sealed.number}`
    const before = once[sent.get(place) ?? -1]
    if (before && equalBytes(before.record.body, sealed.record.body))
      before.accepted ||= sealed.accepted
    else {
      if (sealed.kind === 'message' && sealed.way === 'sent') sent.set(place, once.length)
      once.push({ ...sealed })
    }
  }
  return once
}

/**
 * Checks which sessions they are on, and their numbers there. `session`: the id of the one that the transcript ends
 * with, or null.
 */
export function checkSealed(
  all: readonly Sealed[],
  session: string | null,
  records: Records,
  sessions: Sessions,
  findings: Findings,
): void {
  checkSessions(all, lastWithoutKeys(all, session, records, sessions), sessions, findings)
  for (const run of runsOf(all)) checkRun(run, records.from, sessions, findings)
}

/**
 * Up to this event a record may be on an earlier session, whose keys gave way to newer events: the present session
 * was not confirmed before. 0: no keys gave way.
 */
function lastWithoutKeys(
  all: readonly Sealed[],
  session: string | null,
  { from, mayLackSession }: Records,
  { known, proven }: Sessions,
): number {
  if (from === 1) return 0
  const present = session === null ? undefined : known.get(session)
  if (session === null || present === undefined) return mayLackSession ? Infinity : 0
  const taken = all.find((each) => each.way === 'received' && each.session === session)
  const proof = Math.min(proven.get(session) ?? Infinity, taken?.end ?? Infinity)
  return Math.max(present.agreed, proof)
}

/** Each is on a session that follows from the keys, and a peer sends only on one that the other side has confirmed. */
function checkSessions(
  all: readonly Sealed[],
  lack: number,
  { known, proven }: Sessions,
  findings: Findings,
): void {
  for (const [i, { n, kind, way, session }] of all.entries()) {
    const before = all.slice(0, i)
    const isProven = () =>
      (proven.get(session) ?? n) < n ||
      before.some((each) => each.way === 'received' && each.session === session)
    // it was sealed on an earlier session, and sent again after the present one began
    const isRepeated = () =>
      lack > 0 &&
      kind === 'message' &&
      way === 'sent' &&
      !before.some((each) => each.kind === kind && each.way === way && known.has(each.session))
    if (!known.has(session)) {
      if (n > lack && !isRepeated())
        findings.wrongWith('bad_session', 'No keys in here give the session that it names.', n)
    } else if (way === 'sent' && !isProven())
      findings.wrongWith('bad_session', 'It was sent on a session that nothing confirms before.', n)
  }
}

/** Those of one kind, way and session, in the order in which they were sent or taken. Of two pictures that arrive at the same time either may be taken first. */
function runsOf(all: readonly Sealed[]): Sealed[][] {
  const runs = new Map<string, Sealed[]>()
  const when = ({ way, n, end }: Sealed) => (way === 'sent' ? n : end)
  for (const sealed of all.toSorted((one, two) => when(one) - when(two))) {
    const key = `${sealed.kind} ${sealed.way} ${sealed.session}`
    runs.set(key, [...(runs.get(key) ?? []), sealed])
  }
  return [...runs.values()]
}

/**
 * What this peer sent is numbered without a gap, and from 0 if no event since the session's keys is missing. Some of what
 * the other side sent may never have come: then this peer's own answer has to say so.
 */
function checkRun(
  run: readonly Sealed[],
  from: number,
  sessions: Sessions,
  findings: Findings,
): void {
  const [first] = run
  if (first === undefined) return
  /** The event before: the session's keys, then the message or picture before this one. */
  let last = sessions.known.get(first.session)?.agreed ?? 0
  let next = 0
  let lost = 0
  for (const { kind, way, n, number, missing } of run) {
    // some between the two may have given way to newer events
    const isKnown = last >= from || n < from
    const ahead = number - next
    if (number >= MOST) findings.wrongWith('bad_numbers', `No session has a ${kind} ${number}.`, n)
    else if (ahead < 0)
      findings.wrongWith(
        'bad_numbers',
        `It is ${kind} ${number} of its session, and ${kind} ${next - 1} came before it.`,
        n,
      )
    else if (way === 'sent' && isKnown && ahead > 0)
      findings.wrongWith(
        'bad_numbers',
        `It is ${kind} ${number}, and ${gap(kind, next, number)}.`,
        n,
      )
    else if (
      way === 'received' &&
      kind === 'message' &&
      (isKnown ? missing !== ahead : (missing ?? 0) > ahead)
    )
      findings.wrongWith(
        'bad_numbers',
        `It is message ${number}, ${ahead === 0 ? 'and none before it is missing' : gap(kind, next, number)}; its answer says that ${missing} are.`,
        n,
      )
    else if (way === 'received' && isKnown) lost += ahead
    next = number + 1
    last = n
  }
  if (lost > 0)
    findings.remark(
      `${lost} ${first.kind}${lost === 1 ? '' : 's'} of session ${first.session.slice(0, 8)} never came`,
    )
}

function gap(kind: string, from: number, to: number): string {
  return to - from === 1
    ? `${kind} ${from} is not in here`
    : `${kind}s ${from} to ${to - 1} are not in here`
}
