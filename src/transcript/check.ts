/** One transcript, checked without any secret: its form, every record, and what has to follow from the keys in it. */

import { createHash } from 'node:crypto'
import type { Way, WireRoute } from '../http/events.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { FileError, type Finding, Findings } from './finding.ts'
import { parseTranscript, type Transcript } from './form.ts'
import { parseJson } from './json.ts'
import { type Sealed, sealedIn } from './numbers.ts'
import { readFile, textOf } from './read.ts'
import { recordsOf, type WireRecord } from './records.ts'
import { type Sessions, sessionsOf } from './sessions.ts'
import { checkState } from './state.ts'

/** What went over the wire and was taken, or may have been: enough to find it in another transcript. */
export interface Crossing {
  readonly n: number
  readonly way: Way
  readonly route: WireRoute
  /** In words: which it is. */
  readonly what: string
  /** SHA-256 of route, length and bytes (of a picture those of its header), as hex. */
  readonly hash: string
  readonly answerHash: string | null
  /** Whether it was taken: the answer was 201. If not, there was no answer, and nobody knows. */
  readonly accepted: boolean
  /** Whether it came with keys that the other side never confirmed: then it may be anybody's. */
  readonly mayBeAnybodys: boolean
}

/** Of a file that is a transcript, what is told of it and compared with others. */
export interface Facts {
  readonly run: string
  readonly port: number
  readonly curve: string
  readonly identity: string
  readonly peerIdentity: string | null
  /** The id of the session that it ends with, or null. */
  readonly session: string | null
  /** Taken ones: what was sent without an answer of 201 is not among them. */
  readonly messages: Readonly<Record<Way, number>>
  readonly pictures: Readonly<Record<Way, number>>
  readonly isCut: boolean
  /** Public keys (of an exchange, as hex) that this peer sent, and those that it took. */
  readonly keys: Readonly<Record<Way, ReadonlySet<string>>>
  /** Those of the keys that it took that the other side has confirmed. */
  readonly provenKeys: ReadonlySet<string>
  readonly crossings: readonly Crossing[]
}

export interface Checked {
  /** As it was named. */
  readonly file: string
  /** SHA-256 of the whole file, as hex; null if it could not be read. */
  readonly hash: string | null
  /** Null: it is no transcript. */
  readonly facts: Facts | null
  readonly wrong: readonly Finding[]
  readonly remarks: readonly string[]
}

/** Reads a file and checks it, whatever it is. */
export function checkFile(file: string): Checked {
  let hash: string | null = null
  try {
    const bytes = readFile(file)
    hash = sha256(bytes)
    const transcript = parseTranscript(parseJson(textOf(bytes)))
    const findings = new Findings()
    const facts = checkTranscript(transcript, findings)
    const { wrong, remarks } = findings
    return { file, hash, facts, wrong, remarks }
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    const { code, message: text } = error
    return { file, hash, facts: null, wrong: [{ code, record: null, text }], remarks: [] }
  }
}

function checkTranscript(
  transcript: ReturnType<typeof parseTranscript>,
  findings: Findings,
): Facts {
  const { suite } = transcript
  const { all: records, isCut, lacksKeys } = recordsOf(transcript, findings)
  const sessions = sessionsOf(suite, records, isCut || lacksKeys, findings)
  const sealed = sealedIn(records, sessions, isCut, findings)
  checkState(transcript, { records, isCut, sessions, sealed }, findings)
  return factsOf(transcript, records, sessions, sealed, isCut)
}

function factsOf(
  { run, state }: Transcript,
  records: readonly WireRecord[],
  { keys, provenKeys }: Sessions,
  sealed: readonly Sealed[],
  isCut: boolean,
): Facts {
  const taken = (kind: Sealed['kind'], way: Way) =>
    sealed.filter((each) => each.kind === kind && each.way === way && each.accepted).length
  const keysOf = (way: Way) =>
    new Set(keys.filter((each) => each.way === way).map(({ share }) => bytesToHex(share.publicKey)))
  return {
    run,
    port: state.port,
    curve: state.curve,
    identity: state.identity,
    peerIdentity: state.peer.identity,
    session: state.session?.id ?? null,
    messages: { sent: taken('message', 'sent'), received: taken('message', 'received') },
    pictures: { sent: taken('picture', 'sent'), received: taken('picture', 'received') },
    isCut,
    keys: { sent: keysOf('sent'), received: keysOf('received') },
    provenKeys,
    crossings: records.flatMap((record) => {
      const key = keys.find(({ way, n }) => way === 'received' && n === record.request.n)
      const mayBeAnybodys = key !== undefined && !provenKeys.has(bytesToHex(key.share.publicKey))
      return crossingOf(record, sealed, mayBeAnybodys)
    }),
  }
}

function crossingOf(
  record: WireRecord,
  sealed: readonly Sealed[],
  mayBeAnybodys: boolean,
): Crossing[] {
  const { request, answer, body, answerBody, accepted } = record
  const { n, way, route } = request
  const mayBeTaken = way === 'sent' && (answer === null || answer.status === null)
  if (!accepted && !mayBeTaken) return []
  const one = sealed.find((each) => each.n === n)
  return [
    {
      n,
      way,
      route,
      what: one === undefined ? 'a key message' : `${one.kind} ${one.number}`,
      hash: sha256(Buffer.from(`${route} ${request.bytes} `), body),
      answerHash: accepted ? sha256(answerBody) : null,
      accepted,
      mayBeAnybodys,
    },
  ]
}

function sha256(...parts: Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
