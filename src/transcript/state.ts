/** The state that a transcript ends with, against the records that led to it. */

import type { Way } from '../http/events.ts'
import { bytesToHex, equalBytes, hexToBytes } from '../protocol/bytes.ts'
import { DuetError } from '../protocol/errors.ts'
import { safetyNumber } from '../protocol/safetyNumber.ts'
import { HEADER_BYTES, MAGIC_BYTES } from '../protocol/stream.ts'
import { checkPublicKey, publicKeyBytes, type Suite } from '../protocol/suites.ts'
import type { Findings } from './finding.ts'
import type { State, Transcript } from './form.ts'
import type { Sealed } from './numbers.ts'
import type { WireRecord } from './records.ts'
import type { Sessions } from './sessions.ts'

interface Seen {
  readonly records: readonly WireRecord[]
  readonly isCut: boolean
  readonly sessions: Sessions
  readonly sealed: readonly Sealed[]
}

/** Checks that the state is the one that the records lead to. What does not hold goes to `findings`. */
export function checkState(
  { state, suite }: Transcript & { suite: Suite },
  seen: Seen,
  findings: Findings,
): void {
  checkPoints(state, suite, findings)
  checkKeys('sent', state.identity, state.publicKey, seen, findings)
  checkKeys('received', state.peer.identity, state.peer.publicKey, seen, findings)
  checkSafetyNumber(state, suite, findings)
  checkSession(state, seen, findings)
  checkWaiting(state, seen, findings)
  checkImage(state, seen, findings)
}

function checkPoints(
  { basePoint, publicKey, identity, peer }: State,
  suite: Suite,
  findings: Findings,
) {
  const { curve } = suite
  const wrong = (text: string) => findings.wrongWith('bad_keys', text)
  if (!equalBytes(hexToBytes(basePoint), curve.basePoint))
    wrong(`\`state.basePoint\` is not that of ${curve.name}.`)
  if (peer.basePoint !== (peer.publicKey && basePoint))
    wrong('`state.peer.basePoint` is not there exactly with the public key, or is another one.')
  const check = (name: string, key: string | null, look: (bytes: Uint8Array) => void) => {
    if (key === null) return
    try {
      look(hexToBytes(key))
    } catch (error) {
      if (!(error instanceof DuetError)) throw error
      wrong(`\`${name}\`: ${error.message}`)
    }
  }
  const checkIdentity = (bytes: Uint8Array) => curve.checkPoint(bytes)
  const checkKey = (bytes: Uint8Array) => {
    if (bytes.length !== publicKeyBytes(suite))
      throw new DuetError('bad_encoding', `It has ${bytes.length} bytes.`)
    checkPublicKey(suite, bytes)
  }
  check('state.identity', identity, checkIdentity)
  check('state.publicKey', publicKey, checkKey)
  check('state.peer.identity', peer.identity, checkIdentity)
  check('state.peer.publicKey', peer.publicKey, checkKey)
}

/** The keys of one side are those that it sent last. */
function checkKeys(
  way: Way,
  identity: string | null,
  publicKey: string | null,
  { sessions, isCut }: Seen,
  findings: Findings,
): void {
  const keys = sessions.keys.filter((each) => each.way === way)
  const last = keys.at(-1)
  const whose = way === 'sent' ? 'state' : 'state.peer'
  if (last === undefined) {
    if (publicKey !== null && !isCut)
      findings.wrongWith('bad_state', `\`${whose}.publicKey\` is in no key message.`)
    return
  }
  if (bytesToHex(last.share.publicKey) !== publicKey)
    findings.wrongWith(
      'bad_state',
      `\`${whose}.publicKey\` is not that of the last key message.`,
      last.n,
    )
  const others = keys.filter(({ share }) => bytesToHex(share.identity) !== identity)
  // before one was confirmed, anybody may have come with another
  const wrong = way === 'sent' ? others[0] : others.includes(last) ? last : undefined
  if (wrong !== undefined)
    findings.wrongWith(
      'bad_state',
      `\`${whose}.identity\` is not that of the key message.`,
      wrong.n,
    )
}

function checkSafetyNumber(state: State, { curve }: Suite, findings: Findings): void {
  const wrong = (text: string) => findings.wrongWith('bad_safety_number', text)
  if (state.safetyNumber === null) {
    if (state.session !== null) wrong('There is a session, and no safety number.')
    if (state.peer.known) wrong('The other peer is known, and there is no safety number.')
    return
  }
  if (state.peer.identity === null) {
    wrong('There is a safety number, and one identity only.')
    return
  }
  const number = safetyNumber(curve, hexToBytes(state.identity), hexToBytes(state.peer.identity))
  if (number !== state.safetyNumber) wrong('The safety number is not that of the two identities.')
}

function checkSession({ session }: State, seen: Seen, findings: Findings): void {
  const { sessions, sealed, isCut } = seen
  const wrong = (text: string) => findings.wrongWith('bad_session', text)
  const isProven = (id: string) =>
    sessions.proven.has(id) ||
    sealed.some((each) => each.way === 'received' && each.session === id && each.accepted)
  if (session === null) {
    const used = sealed.find(({ way }) => way === 'sent')
    if (used !== undefined)
      findings.wrongWith('bad_session', 'It was sent, and there is no session.', used.n)
    return
  }
  const { id } = session
  if (!sessions.known.has(id)) {
    if (isCut) findings.remark('the keys of its session are not in it, so its id is not checked')
    else wrong('The session is not that of the keys: no two shares in here give its id.')
    return
  }
  if (!isProven(id)) wrong('The session is one that the other side never confirmed.')
  const own = sealed.filter((each) => each.kind === 'message' && each.session === id)
  const sent = own.filter(({ way }) => way === 'sent').length
  const taken = own.length - sent
  if (session.sent !== sent || session.received !== taken)
    wrong(
      `It says that the session has ${session.sent} messages sent and ${session.received} received; the records have ${sent} and ${taken}.`,
    )
}

/** What waits is the end of what came. */
function checkWaiting({ waiting }: State, { sealed, isCut }: Seen, findings: Findings): void {
  const came = sealed.filter(({ kind, way }) => kind === 'message' && way === 'received')
  // what came before the cut may still wait
  const known = isCut ? waiting.slice(Math.max(0, waiting.length - came.length)) : waiting
  const end = came.slice(Math.max(0, came.length - known.length))
  const same = known.every(({ session, seq, bytes }, i) => {
    const one = end[i]
    return one?.session === session && one.number === seq && one.bytes === bytes
  })
  if (same) return
  findings.wrongWith('bad_state', '`state.waiting` is not the end of the messages that came.')
}

function checkImage({ image }: State, { records, sealed, isCut }: Seen, findings: Findings): void {
  const wrong = (text: string) => findings.wrongWith('bad_state', text)
  const came = sealed.filter(({ kind, way }) => kind === 'picture' && way === 'received')
  const answered = (n: number) => records.find(({ request }) => request.n === n)?.answer?.n ?? 0
  // the one whose answer came last, where two arrived at the same time
  const last = came.toSorted((one, two) => answered(one.n) - answered(two.n)).at(-1)
  if (last === undefined) {
    if (image?.sealed && !isCut) wrong('`state.image` came in this run, and no record has it.')
    return
  }
  const body = records.find(({ request }) => request.n === last.n)?.body ?? new Uint8Array(0)
  const sealedAs = bytesToHex(body.subarray(MAGIC_BYTES, HEADER_BYTES))
  if (image?.sealed !== sealedAs || image.bytes !== last.bytes)
    wrong('`state.image` is not the picture that came last.')
}
