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
import type { WireRoute } from '../../wirelog/forms.ts'
import type { Findings } from './finding.ts'
import { hasTaken, jsonOf, type Records, type WireRecord } from './records.ts'
import type { Sessions } from './sessions.ts'

/** A message or a picture that counts: sent, whatever came of it, or received and taken. */
export interface Sealed {
  readonly kind: 'message' | 'picture'
  readonly way: Way
  readonly n: number
  /** The number of its answer; its own if there is none. */
  readonly end: number
  /** Session id, as hex. */
  readonly session: string
  readonly number: number
  /** Whether the other side has it: an answer was 201, or said that it had come before. */
  readonly accepted: boolean
  /** Of a message the length of its ciphertext, of a picture that was taken its own, in bytes. */
  readonly bytes: number | null
  /** How many before it the receiver says it misses; of a picture nobody says it. */
  readonly missing: number | null
}

/** A session carries so many in each direction. */
const MOST = 2 ** 20

/** In their order. A message that was sent more than once, as it was sealed, is one. */
export function sealedIn(
  records: Records,
  session: string | null,
  sessions: Sessions,
  findings: Findings,
): Sealed[] {
  const all: Sealed[] = []
  /** By their place: where in `all`, and the bytes. */
  const sent = new Map<string, { i: number; body: Uint8Array }>()
  for (const record of records.all) {
    const { request, whole, accepted, body } = record
    if (request.route === '/wire/keys' || !whole || (request.way === 'received' && !accepted))
      continue
    try {
      const isMessage = request.route === '/wire/message'
      const one = isMessage ? messageOf(record) : pictureOf(record, findings)
      const place = `${one.session} ${one.number}`
      const before = isMessage && one.way === 'sent' ? sent.get(place) : undefined
      const first = before && equalBytes(before.body, body) ? all[before.i] : undefined
      if (before && first) all[before.i] = { ...first, accepted: first.accepted || one.accepted }
      else {
        if (isMessage && one.way === 'sent') sent.set(place, { i: all.length, body })
        all.push(one)
      }
    } catch (error) {
      if (!(error instanceof DuetError)) throw error
      findings.wrongWith('bad_record', error.message, request.n)
    }
  }
  checkSessions(all, lastLack(all, session, records, sessions), sessions, findings)
  for (const run of runsOf(all)) checkRun(run, records.from, sessions, findings)
  return all
}

/**
 * The last number of a record that may be on a session whose keys gave way to newer events: that was left before
 * the present one was confirmed. 0: no keys gave way.
 */
function lastLack(
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

/** Each is on a session that the keys give; and nobody sends on one that the other side has not proven to have. */
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
    // sealed before the present session, and only sent again after it
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

/** @throws DuetError */
function messageOf(record: WireRecord): Sealed {
  const { request, body, answerBody, accepted, answer } = record
  const { session, seq, ciphertext } = parseMessage(jsonOf(body))
  const isAnswered = accepted && answer?.form !== null
  return {
    kind: 'message',
    way: request.way,
    n: request.n,
    end: answer?.n ?? request.n,
    session: bytesToHex(session),
    number: seq,
    accepted: hasTaken(record),
    bytes: ciphertext.length,
    missing: isAnswered ? parseMessageAnswer(jsonOf(answerBody)).missing : null,
  }
}

/** @throws DuetError */
function pictureOf(
  { request, body, answerBody, accepted, answer }: WireRecord,
  findings: Findings,
): Sealed {
  const { session, number } = parseHeader(body)
  const isAnswered = accepted && answer?.form !== null
  const bytes = isAnswered ? parseImageAnswer(jsonOf(answerBody)).bytes : null
  const shortest = streamBytes({ type: 'image/png', bytes: bytes ?? 0, name: '' })
  if (
    bytes !== null &&
    request.bytes !== null &&
    (request.bytes < shortest || request.bytes > maxStreamBytes(bytes))
  )
    findings.wrongWith(
      'bad_record',
      `No picture of ${bytes} bytes is that long once it is sealed.`,
      request.n,
    )
  return {
    kind: 'picture',
    way: request.way,
    n: request.n,
    end: answer?.n ?? request.n,
    session: bytesToHex(session),
    number,
    accepted,
    bytes,
    missing: null,
  }
}

/** Which message or picture a body or header is, or null. */
export function placeOf(
  route: WireRoute,
  body: Uint8Array,
): { kind: Sealed['kind']; session: string; number: number } | null {
  try {
    if (route === '/wire/image') {
      const { session, number } = parseHeader(body)
      return { kind: 'picture', session: bytesToHex(session), number }
    }
    const { session, seq } = parseMessage(jsonOf(body))
    return { kind: 'message', session: bytesToHex(session), number: seq }
  } catch (error) {
    if (error instanceof DuetError) return null
    throw error
  }
}

/** Those of one kind, way and session together, as they were sent or taken: of two pictures that arrive at once either may be done first. */
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
 * What this peer sent is numbered without a gap, from 0 where all since the session's keys is in here. Of what it received
 * some may never have come: then its own answer has to say so.
 */
function checkRun(
  run: readonly Sealed[],
  from: number,
  sessions: Sessions,
  findings: Findings,
): void {
  const [first] = run
  if (first === undefined) return
  /** Where all that came since is in here. */
  let whole = sessions.known.get(first.session)?.agreed ?? 0
  let next = 0
  let lost = 0
  for (const { kind, way, n, number, missing } of run) {
    // between the two there may be what gave way to newer events
    const isKnown = whole >= from || n < from
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
    whole = n
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
