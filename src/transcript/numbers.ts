/** Messages and pictures in a transcript: on sessions that it has the keys of, and with no gap in their numbers. */

import type { Way } from '../http/events.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { DuetError } from '../protocol/errors.ts'
import { parseMessage, parseMessageAnswer } from '../protocol/messages.ts'
import { maxStreamBytes, parseHeader, parseImageAnswer, streamBytes } from '../protocol/stream.ts'
import type { Findings } from './finding.ts'
import { jsonOf, type WireRecord } from './records.ts'
import type { Sessions } from './sessions.ts'

/** A message or a picture that counts: sent, whatever came of it, or received and taken. */
export interface Sealed {
  readonly kind: 'message' | 'picture'
  readonly way: Way
  readonly n: number
  /** Session id, as hex. */
  readonly session: string
  readonly number: number
  /** Whether the answer was 201. */
  readonly accepted: boolean
  /** Of a message the length of its ciphertext, of a picture that was taken its own, in bytes. */
  readonly bytes: number | null
  /** How many before it the receiver says it misses; of a picture nobody says it. */
  readonly missing: number | null
}

/** A session carries so many in each direction. */
const MOST = 2 ** 20

/** In their order. */
export function sealedIn(
  records: readonly WireRecord[],
  sessions: Sessions,
  isCut: boolean,
  findings: Findings,
): Sealed[] {
  const all = records
    .filter(({ request, whole, accepted }) => whole && (request.way === 'sent' || accepted))
    .flatMap((record) => {
      try {
        if (record.request.route === '/wire/message') return [messageOf(record)]
        return record.request.route === '/wire/image' ? [pictureOf(record, findings)] : []
      } catch (error) {
        if (!(error instanceof DuetError)) throw error
        findings.wrongWith('bad_record', error.message, record.request.n)
        return []
      }
    })
  checkSessions(all, sessions, isCut, findings)
  for (const run of runsOf(all)) checkRun(run, sessions, findings)
  return all
}

/** Each is on a session that the keys give; and nobody sends on one that the other side has not proven to have. */
function checkSessions(
  all: readonly Sealed[],
  { known, proven }: Sessions,
  isCut: boolean,
  findings: Findings,
): void {
  for (const [i, { n, way, session }] of all.entries()) {
    const isProven = () =>
      (proven.get(session) ?? n) < n ||
      all.slice(0, i).some((each) => each.way === 'received' && each.session === session)
    if (!known.has(session)) {
      if (!isCut)
        findings.wrongWith('bad_session', 'No keys in here give the session that it names.', n)
    } else if (way === 'sent' && !isProven())
      findings.wrongWith('bad_session', 'It was sent on a session that nothing confirms before.', n)
  }
}

/** @throws DuetError */
function messageOf({ request, body, answerBody, accepted, answer }: WireRecord): Sealed {
  const { session, seq, ciphertext } = parseMessage(jsonOf(body))
  const isAnswered = accepted && answer?.form !== null
  return {
    kind: 'message',
    way: request.way,
    n: request.n,
    session: bytesToHex(session),
    number: seq,
    accepted,
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
    session: bytesToHex(session),
    number,
    accepted,
    bytes,
    missing: null,
  }
}

/** Those of one kind, way and session together. */
function runsOf(all: readonly Sealed[]): Sealed[][] {
  const runs = new Map<string, Sealed[]>()
  for (const sealed of all) {
    const key = `${sealed.kind} ${sealed.way} ${sealed.session}`
    runs.set(key, [...(runs.get(key) ?? []), sealed])
  }
  return [...runs.values()]
}

/**
 * What this peer sent is numbered without a gap, from 0 where the session's keys are in here. Of what it received
 * some may never have come: then its own answer has to say so.
 */
function checkRun(run: readonly Sealed[], sessions: Sessions, findings: Findings): void {
  const [first] = run
  if (first === undefined) return
  const fromTheFirst = sessions.known.has(first.session)
  let next = fromTheFirst ? 0 : null
  let lost = 0
  for (const { kind, way, n, number, missing } of run) {
    const ahead = next === null ? (missing ?? 0) : number - next
    if (number >= MOST) findings.wrongWith('bad_numbers', `No session has a ${kind} ${number}.`, n)
    else if (ahead < 0)
      findings.wrongWith(
        'bad_numbers',
        `It is ${kind} ${number} of its session, and ${kind} ${(next ?? 0) - 1} came before it.`,
        n,
      )
    else if (way === 'sent' && next !== null && ahead > 0)
      findings.wrongWith(
        'bad_numbers',
        `It is ${kind} ${number}, and ${gap(kind, next, number)}.`,
        n,
      )
    else if (way === 'received' && kind === 'message' && missing !== ahead)
      findings.wrongWith(
        'bad_numbers',
        `It is message ${number}, ${ahead === 0 ? 'and none before it is missing' : gap(kind, next ?? 0, number)}; its answer says that ${missing} are.`,
        n,
      )
    else if (way === 'received' && next !== null) lost += ahead
    next = number + 1
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
