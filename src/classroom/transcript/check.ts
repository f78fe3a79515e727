/** One transcript, checked without any secret: its form, every record, and what has to follow from the keys in it. */

import { createHash } from 'node:crypto'
import { type NamedFile, namedFile } from '../../disk/fileName.ts'
import { bytesToHex } from '../../protocol/bytes.ts'
import type { Way } from '../../wirelog/events.ts'
import type { WireRoute } from '../../wirelog/forms.ts'
import { FileError, type Finding, Findings } from './finding.ts'
import { parseTranscript, type Transcript } from './form.ts'
import { checkSealed, type Sealed, sealedIn, withoutCopies } from './numbers.ts'
import { jsonIn, readFile, saysToBeTranscript } from './read.ts'
import { hasTaken, type Records, recordsOf, type WireRecord } from './records.ts'
import { type Known, type Sessions, sessionsOf } from './sessions.ts'
import { checkState } from './state.ts'

/** A request that the other side took, or may have taken: enough to find it in another transcript. */
export interface Crossing {
  readonly n: number
  /** The number of its answer; its own if there is none. */
  readonly end: number
  readonly way: Way
  readonly route: WireRoute
  /** For people: `message 3`. */
  readonly what: string
  /** A peer sends one thing under each: its public key, or session, kind and number of a message or picture. */
  readonly place: string
  /** SHA-256 of route, length and bytes (of a picture those of its header), as hex. */
  readonly hash: string
  /** Null unless the answer was 201. */
  readonly answerHash: string | null
  /** The session that the answer to a key message confirms, or null. */
  readonly answerConfirms: string | null
  /** Whether it was taken: the answer was 201, or that it had come before. Otherwise it may have come all the same. */
  readonly accepted: boolean
  /** Whether it is a key message that came, and whose keys the other side never confirmed. */
  readonly mayBeAnybodys: boolean
  /** Of a message or a picture. */
  readonly sealed: { readonly session: string; readonly number: number } | null
}

/** What a transcript says, as far as it is told or compared with others. */
export interface Facts {
  readonly run: string
  readonly port: number
  readonly curve: string
  readonly identity: string
  /** Confirmed, or claimed by the last key message that came. */
  readonly peerIdentity: string | null
  /** Whether it was confirmed. */
  readonly knowsPeer: boolean
  /** The id of the session that it ends with, or null. */
  readonly session: string | null
  /** How many were taken. */
  readonly messages: Readonly<Record<Way, number>>
  readonly pictures: Readonly<Record<Way, number>>
  /** How many messages its session has by its own count, which goes on where records give way; null without one. */
  readonly inSession: Readonly<Record<Way, number>> | null
  /** Whether its owner has compared the safety number, as it says; null if it does not say. */
  readonly compared: boolean | null
  readonly isCut: boolean
  /** The number of the first event since which none gave way to newer ones. */
  readonly from: number
  /** Whether key messages that nothing followed from may be missing. */
  readonly lacksKeys: boolean
  /** Public keys (of an exchange, as hex) that this peer sent, and those that it took. */
  readonly keys: Readonly<Record<Way, ReadonlySet<string>>>
  /** Those of the keys that it took that the other side has confirmed. */
  readonly provenKeys: ReadonlySet<string>
  /** Those of the keys that it took of sessions on which something was sent or taken. */
  readonly talkedKeys: ReadonlySet<string>
  /** The sessions that follow from its keys, by id. */
  readonly known: ReadonlyMap<string, Known>
  /** Those that it has confirmed. */
  readonly named: ReadonlySet<string>
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

/** Reads the file that an argument names and checks it, whatever it is. */
export function checkFile(argument: string): Checked {
  const file = namedFile(argument)
  const bytes = bytesOf(file)
  return bytes instanceof Uint8Array ? checkBytes(file.name, bytes) : bytes
}

/** The same with a file that lies in a folder; null if it does not even say to be a transcript. */
export function checkFound(file: NamedFile): Checked | null {
  const bytes = bytesOf(file)
  if (!(bytes instanceof Uint8Array)) return bytes
  return saysToBeTranscript(bytes) ? checkBytes(file.name, bytes) : null
}

/** What is in a file, or why it can't be read. */
function bytesOf({ path, name }: NamedFile): Uint8Array | Checked {
  try {
    return readFile(path, name)
  } catch (error) {
    return failed(name, null, error)
  }
}

function checkBytes(file: string, bytes: Uint8Array): Checked {
  const hash = sha256(bytes)
  try {
    const transcript = parseTranscript(jsonIn(bytes))
    const findings = new Findings()
    const facts = checkTranscript(transcript, findings)
    const { wrong, remarks } = findings
    return { file, hash, facts, wrong, remarks }
  } catch (error) {
    return failed(file, hash, error)
  }
}

function failed(file: string, hash: string | null, error: unknown): Checked {
  if (!(error instanceof FileError)) throw error
  const { code, message: text } = error
  return { file, hash, facts: null, wrong: [{ code, record: null, text }], remarks: [] }
}

function checkTranscript(transcript: Transcript, findings: Findings): Facts {
  const { suite, state } = transcript
  const records = recordsOf(transcript, findings)
  const sessions = sessionsOf(suite, records, findings)
  const all = sealedIn(records, findings)
  const sealed = withoutCopies(all)
  checkSealed(sealed, state.session?.id ?? null, records, sessions, findings)
  checkState(transcript, { records, sessions, sealed }, findings)
  const byRecord = new Map(all.map((each) => [each.record, each]))
  const crossings = records.all.flatMap(
    (record) => crossingOf(record, byRecord.get(record) ?? null, sessions) ?? [],
  )
  return factsOf(transcript, records, sessions, sealed, crossings)
}

function factsOf(
  { run, state }: Transcript,
  { from, mayLackSession, lacksKeys }: Records,
  { keys, known, provenKeys, named }: Sessions,
  sealed: readonly Sealed[],
  crossings: readonly Crossing[],
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
    knowsPeer: state.safetyNumber !== null,
    session: state.session?.id ?? null,
    messages: { sent: taken('message', 'sent'), received: taken('message', 'received') },
    pictures: { sent: taken('picture', 'sent'), received: taken('picture', 'received') },
    inSession: state.session && { sent: state.session.sent, received: state.session.received },
    compared: state.peer.compared,
    isCut: mayLackSession,
    from,
    lacksKeys,
    keys: { sent: keysOf('sent'), received: keysOf('received') },
    provenKeys,
    talkedKeys: new Set(
      sealed.flatMap(({ accepted, session }) => (accepted && known.get(session)?.peer) || []),
    ),
    known,
    named,
    crossings,
  }
}

/** Null for a record that counts for nothing: it is wrong, or this peer refused it. */
function crossingOf(
  record: WireRecord,
  sealed: Sealed | null,
  { keys, provenKeys, confirms }: Sessions,
): Crossing | null {
  const { request, answer, body, answerBody, accepted } = record
  const { n, way, route, bytes } = request
  const share = keys.find((each) => each.n === n)?.share
  if (sealed === null && share === undefined) return null
  const key = share ? bytesToHex(share.publicKey) : ''
  const what = sealed ? `${sealed.kind} ${sealed.number}` : 'a key message'
  return {
    n,
    end: answer?.n ?? n,
    way,
    route,
    what,
    place: sealed ? `${sealed.session} ${what}` : key,
    hash: sha256(Buffer.from(`${route} ${bytes} `), body),
    answerHash: accepted ? sha256(answerBody) : null,
    answerConfirms: confirms.get(answer?.n ?? 0) ?? null,
    accepted: hasTaken(record),
    mayBeAnybodys: sealed === null && way === 'received' && !provenKeys.has(key),
    sealed,
  }
}

function sha256(...parts: Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
