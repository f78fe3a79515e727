/** The state that a transcript ends with, against the records that led to it. */

import { bytesToHex, equalBytes, hexToBytes } from '../../protocol/bytes.ts'
import { DuetError } from '../../protocol/errors.ts'
import { safetyNumber } from '../../protocol/safetyNumber.ts'
import { HEADER_BYTES, MAGIC_BYTES } from '../../protocol/stream.ts'
import { checkPublicKey, publicKeyBytes, type Suite } from '../../protocol/suites.ts'
import type { Way } from '../../wirelog/events.ts'
import type { Findings } from './finding.ts'
import type { State, Transcript } from './form.ts'
import type { Sealed } from './numbers.ts'
import type { Records } from './records.ts'
import type { Sessions } from './sessions.ts'

interface Seen {
  readonly records: Records
  readonly sessions: Sessions
  readonly sealed: readonly Sealed[]
}

/** Checks that the records lead to this state. What does not hold goes to `findings`. */
export function checkState({ state, suite }: Transcript, seen: Seen, findings: Findings): void {
  checkPoints(state, suite, findings)
  checkKeys('sent', state.identity, state.publicKey, seen, findings)
  checkKeys('received', state.peer.identity, state.peer.publicKey, seen, findings)
  checkSafetyNumber(state, suite, findings)
  checkSession(state, seen, findings)
  checkWaiting(state, seen, findings)
  checkInDoubt(state, seen, findings)
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
  { sessions, records }: Seen,
  findings: Findings,
): void {
  const keys = sessions.keys.filter((each) => each.way === way)
  const last = keys.at(-1)
  const whose = way === 'sent' ? 'state' : 'state.peer'
  if (last === undefined) {
    if (publicKey !== null && !records.mayLackSession)
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
  // before the other side was confirmed, anybody may have come with another identity
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
    if (state.peer.compared !== null)
      wrong('A safety number was compared or not, and there is none.')
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
  const { sessions, sealed, records } = seen
  const wrong = (text: string, n: number | null = null) =>
    findings.wrongWith('bad_session', text, n)
  if (session === null) {
    const used = sealed.find(({ way }) => way === 'sent')
    if (used !== undefined) wrong('It was sent, and there is no session.', used.n)
    return
  }
  const { id } = session
  const known = sessions.known.get(id)
  if (known === undefined) {
    if (records.mayLackSession)
      findings.remark('the keys of its session are not in it, so its id is not checked')
    else wrong('The session is not that of the keys: no two shares in here give its id.')
    return
  }
  const own = sealed.filter((each) => each.session === id)
  if (!sessions.proven.has(id) && !own.some(({ way }) => way === 'received'))
    wrong('The session is one that the other side never confirmed.')
  // a peer sends and takes on the present session or the one before; anything on a later session makes that the present one
  const later = sealed.find((each) => (sessions.known.get(each.session)?.begun ?? 0) > known.begun)
  if (later !== undefined) wrong('It is on a session after the one that this ends with.', later.n)
  for (const way of ['sent', 'received'] as const) {
    const messages = own.filter((each) => each.kind === 'message' && each.way === way)
    const newer = messages.filter(({ n }) => n >= records.from)
    const [first] = newer
    // the state also counts what gave way to newer events, and some of what was sent may not have arrived
    const isWhole = known.agreed >= records.from
    const most = isWhole ? messages.length : (first?.number ?? Infinity) + newer.length
    const least = way === 'sent' && first !== undefined ? most : messages.length
    if (session[way] < least || session[way] > most)
      wrong(
        `It says that the session has ${session[way]} messages ${way}; the records have ${messages.length}.`,
      )
  }
}

/** The messages that wait are the last ones that came. */
function checkWaiting({ waiting }: State, { sealed, records: { from } }: Seen, findings: Findings) {
  const came = sealed.filter(
    ({ kind, way, n }) => kind === 'message' && way === 'received' && n >= from,
  )
  // a message whose record gave way to newer events may still wait
  const known = from > 1 ? waiting.slice(Math.max(0, waiting.length - came.length)) : waiting
  const end = came.slice(Math.max(0, came.length - known.length))
  const same = known.every(({ session, seq, bytes }, i) => {
    const one = end[i]
    return one?.session === session && one.number === seq && one.bytes === bytes
  })
  if (same) return
  findings.wrongWith('bad_state', '`state.waiting` is not the end of the messages that came.')
}

/** The text that has no answer is the last one that was sent. */
function checkInDoubt({ inDoubt }: State, { sealed, records: { from } }: Seen, findings: Findings) {
  if (inDoubt === null) return
  const last = sealed.findLast(
    ({ kind, way, n }) => kind === 'message' && way === 'sent' && n >= from,
  )
  if (last === undefined && from > 1) return
  if (last?.session !== inDoubt.session || last.number !== inDoubt.seq || last.accepted)
    findings.wrongWith(
      'bad_state',
      '`state.inDoubt` is not a message that was sent last and not answered.',
    )
}

function checkImage({ image }: State, { records, sealed }: Seen, findings: Findings): void {
  const { all, from } = records
  if (records.lacksPicture) return
  const wrong = (text: string) => findings.wrongWith('bad_state', text)
  const came = sealed.filter(
    ({ kind, way, end }) => kind === 'picture' && way === 'received' && end >= from,
  )
  // of two that arrived at the same time, the one whose answer came last
  const last = came.toSorted((one, two) => one.end - two.end).at(-1)
  if (last === undefined) {
    if (image?.sealed && from === 1) wrong('`state.image` came in this run, and no record has it.')
    return
  }
  const body = all.find(({ request }) => request.n === last.n)?.body ?? new Uint8Array(0)
  const sealedAs = bytesToHex(body.subarray(MAGIC_BYTES, HEADER_BYTES))
  if (image?.sealed !== sealedAs || image.bytes !== last.bytes)
    wrong('`state.image` is not the picture that came last.')
}
