/** Which sessions follow from the keys in a transcript, and whether the confirmations agree with them. */

import { bytesToHex, equalBytes } from '../../protocol/bytes.ts'
import { DuetError } from '../../protocol/errors.ts'
import { type Share, transcriptOf } from '../../protocol/keySchedule.ts'
import {
  type Confirm,
  type KeyMessage,
  parseAnswer,
  parseKeyMessage,
} from '../../protocol/messages.ts'
import { checkPublicKey, halvesOf, type Suite } from '../../protocol/suites.ts'
import type { Way } from '../../wirelog/events.ts'
import type { Findings } from './finding.ts'
import { jsonOf, type Records, type WireRecord } from './records.ts'

/** A key message that counts: this peer's own, or one of the other side that it took. */
export interface Keys {
  readonly way: Way
  readonly n: number
  /** In ms since 1970. */
  readonly at: number
  readonly share: Share
}

/** A session that follows from two shares in a transcript. Public keys are in hex. */
export interface Known {
  readonly own: string
  readonly peer: string
  /** The number of the event with this peer's share: sessions follow one another in this order. */
  readonly begun: number
  /** That of the later one of the two shares. */
  readonly agreed: number
}

export interface Sessions {
  /** In their order. */
  readonly keys: readonly Keys[]
  /** By id, as hex. */
  readonly known: ReadonlyMap<string, Known>
  /** The sessions that the other side has confirmed, and the number of the event with the first confirmation. */
  readonly proven: ReadonlyMap<string, number>
  /** The other side's public keys, as hex, of those sessions: all else that came may be anybody's. */
  readonly provenKeys: ReadonlySet<string>
  /** The sessions that this peer has confirmed. */
  readonly named: ReadonlySet<string>
  /** Which session each confirmation is of, by the number of its event. */
  readonly confirms: ReadonlyMap<number, string>
}

/** How many of the latest pairs of shares are tried for a ciphertext. It belongs to the latest one, unless requests crossed. */
const PAIRS_TRIED = 8

/** A private key that nobody confirmed is erased after so long. */
const UNCONFIRMED_MS = 60 * 60 * 1000

/**
 * Who made a confirmation: this peer; the other side, if it came in an answer to this peer's keys; or whoever sent
 * the key message that it came in, which may be anybody.
 */
type Source = 'own' | 'answer' | 'key message'

interface Confirmation {
  readonly n: number
  readonly source: Source
  /** Of its session, as hex. */
  readonly id: string
  readonly confirm: Confirm
}

/**
 * The keys in `records`, the sessions that they give, and which of those the other side has confirmed. What does not
 * hold goes to `findings`.
 */
export function sessionsOf(
  suite: Suite,
  { all, from, lacksKeys }: Records,
  findings: Findings,
): Sessions {
  const mayLack = from > 1 || lacksKeys
  const said = all
    .filter(({ request, whole }) => request.route === '/wire/keys' && whole)
    .flatMap((record) => saidIn(suite, record, findings))
    .sort((one, two) => one.n - two.n)
  const keys = said.filter((one): one is Keys => 'share' in one)
  checkShares(suite, keys, mayLack, findings)
  const book = new SessionBook(suite)
  for (const one of said) {
    if ('share' in one) book.take(one)
    else book.confirm(one)
  }
  const { known, confirmations } = book
  const named = new Set(confirmations.flatMap(({ source, id }) => (source === 'own' ? id : [])))
  // a peer confirms every session that it has: what else a key message confirms, it has not looked at
  const seen = confirmations.filter(({ source, id }) => source !== 'key message' || named.has(id))
  checkConfirmations(suite, known, seen, mayLack, findings)
  const proven = new Map<string, number>()
  for (const { n, source, id } of seen) if (source !== 'own' && !proven.has(id)) proven.set(id, n)
  return {
    keys,
    known,
    proven,
    provenKeys: new Set([...proven.keys()].flatMap((id) => known.get(id)?.peer ?? [])),
    named,
    confirms: new Map(said.flatMap((one) => ('share' in one ? [] : [[one.n, one.id]]))),
  }
}

/** What a key message and its answer say: all that this peer says counts, and of the other side what was taken. */
function saidIn(
  suite: Suite,
  { request, answer, body, answerBody, accepted }: WireRecord,
  findings: Findings,
): (Keys | Confirmation)[] {
  const said: (Keys | Confirmation)[] = []
  const { way, n } = request
  const add = (n: number, source: Source, confirm: Confirm | undefined) => {
    if (confirm) said.push({ n, source, id: bytesToHex(confirm.session), confirm })
  }
  reportingTo(findings, n, () => {
    if (way === 'received' && !accepted) return
    const { share, confirm } = parsedKeys(suite, body)
    said.push({ n, at: Date.parse(request.at), way, share })
    add(n, way === 'sent' ? 'own' : 'key message', confirm)
  })
  if (answer !== null && accepted && answer.form !== null)
    reportingTo(findings, answer.n, () =>
      add(answer.n, way === 'sent' ? 'answer' : 'own', parseAnswer(suite, jsonOf(answerBody))),
    )
  return said
}

function reportingTo(findings: Findings, n: number, read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof DuetError)) throw error
    findings.wrongWith('bad_keys', error.message, n)
  }
}

/** @throws DuetError */
function parsedKeys(suite: Suite, body: Uint8Array): KeyMessage {
  const message = parseKeyMessage(suite, jsonOf(body))
  const { identity, publicKey } = message.share
  suite.curve.checkPoint(identity)
  checkPublicKey(suite, publicKey)
  if (equalBytes(identity, halvesOf(suite, publicKey).point))
    throw new DuetError('bad_point', 'The identity and the public key are the same point.')
  return message
}

/**
 * A key pair is made for one exchange, and each side has its own. Of what it receives a peer sees only so much: it
 * remembers the last used shares of the other side, key and identity together, and of its own keys those that still count.
 */
function checkShares(
  suite: Suite,
  keys: readonly Keys[],
  mayLack: boolean,
  findings: Findings,
): void {
  const last: Partial<Record<Way, { at: number; once: string; all: readonly string[] }>> = {}
  const used: Readonly<Record<Way, Set<string>>> = { sent: new Set(), received: new Set() }
  for (const { n, at, way, share } of keys) {
    const { encapsulationKey, point } = halvesOf(suite, share.publicKey)
    const all = [point, share.identity, encapsulationKey]
      .map(bytesToHex)
      .filter((key) => key !== '')
    const once = way === 'sent' ? bytesToHex(point) : all.join(' ')
    if (used[way].has(once) && last[way]?.once !== once && !(way === 'received' && mayLack))
      findings.wrongWith('bad_keys', 'Its public key was used before.', n)
    // an hour later its own key may be nobody's any more, and come back from anybody
    const present = last.sent && at - last.sent.at < UNCONFIRMED_MS ? last.sent.all : []
    const others = way === 'sent' ? used.received : new Set(present)
    if (all.some((key) => others.has(key)))
      findings.wrongWith('bad_keys', 'One of its keys is also one of the other side.', n)
    for (const key of [once, ...all]) used[way].add(key)
    last[way] = { at, once, all }
  }
}

/**
 * Each side has one tag for a session, and one of the two has the ciphertext. What is wrong in an answer, only its
 * receiver has seen, and refused.
 */
function checkConfirmations(
  { kem }: Suite,
  known: ReadonlyMap<string, Known>,
  seen: readonly Confirmation[],
  mayLack: boolean,
  findings: Findings,
): void {
  /** The first one of each side for each session. */
  const firsts: Confirmation[] = []
  for (const one of seen.filter(({ source }) => source !== 'answer')) {
    const { n, source, id, confirm } = one
    const { tag, ciphertext } = confirm
    const wrong = (text: string) => findings.wrongWith('bad_session', text, n)
    const ofSession = firsts.filter((first) => first.id === id)
    const before = ofSession.find((first) => first.source === source)
    const other = ofSession.find((first) => first.source !== source)
    if (firsts.some((first) => first !== before && equalBytes(first.confirm.tag, tag)))
      wrong(
        'Its confirmation has the tag of another one, for another session or of the other side.',
      )
    else if (before && !equalBytes(before.confirm.tag, tag))
      wrong('Its confirmation has another tag than the one before for the same session.')
    else if (before && !sameOrNone(before.confirm.ciphertext, ciphertext))
      wrong('Its confirmation has another ciphertext than the one before for the same session.')
    else if (kem && known.has(id) && other && !other.confirm.ciphertext === !ciphertext)
      wrong('Its ciphertext is not there exactly if its sender made it.')
    else if (source === 'own' && !known.has(id) && !mayLack)
      wrong('It confirms a session that no keys in here give.')
    if (!before) firsts.push(one)
  }
}

function sameOrNone(one: Uint8Array | undefined, two: Uint8Array | undefined): boolean {
  return one && two ? equalBytes(one, two) : one === two
}

type Pair = readonly [own: Keys, peer: Keys]

/** Keeps the latest share of each side, as the peer did, and the sessions that two of them give. */
class SessionBook {
  readonly known = new Map<string, Known>()
  /** Those that the peer looked at. */
  readonly confirmations: Confirmation[] = []
  readonly #suite: Suite
  #own: Keys | null = null
  #peer: Keys | null = null
  #pairs: Pair[] = []
  /** By session. */
  readonly #ciphertexts = new Map<string, Uint8Array>()
  /** The last confirmation that came before its keys, as one in an answer can. */
  #early: Confirmation | null = null

  constructor(suite: Suite) {
    this.#suite = suite
  }

  take(keys: Keys): void {
    if (keys.way === 'sent') this.#own = keys
    else this.#peer = keys
    if (this.#own === null || this.#peer === null) return
    const pair: Pair = [this.#own, this.#peer]
    this.#pairs = [pair, ...this.#pairs].slice(0, PAIRS_TRIED)
    if (this.#suite.kem === null) this.#know(this.#idOf(pair, null), pair)
    else if (this.#early !== null) this.#learn(this.#early, [pair])
  }

  confirm(one: Confirmation): void {
    const { source, id } = one
    const isKnown = this.#learn(one, this.#pairs)
    const ciphertext = this.#ciphertexts.get(id) ?? null
    // of a key message a peer looks at the confirmation only if it is of its candidate, or of what takes its place
    const isLastOfAll = () =>
      this.#pairs.slice(0, 2).some((pair) => this.#idOf(pair, ciphertext) === id)
    if (source === 'key message' && !isLastOfAll()) return
    this.confirmations.push(one)
    if (!isKnown) this.#early = one
  }

  /** Whether the session of this confirmation is known now. */
  #learn({ id, confirm: { ciphertext } }: Confirmation, pairs: readonly Pair[]): boolean {
    if (this.known.has(id)) return true
    if (ciphertext === undefined) return false
    const pair = pairs.find((pair) => this.#idOf(pair, ciphertext) === id)
    if (pair === undefined) return false
    this.#know(id, pair)
    this.#ciphertexts.set(id, ciphertext)
    return true
  }

  #know(id: string, [own, peer]: Pair): void {
    if (this.known.has(id)) return
    this.known.set(id, {
      own: bytesToHex(own.share.publicKey),
      peer: bytesToHex(peer.share.publicKey),
      begun: own.n,
      agreed: Math.max(own.n, peer.n),
    })
  }

  #idOf([own, peer]: Pair, ciphertext: Uint8Array | null): string {
    return bytesToHex(transcriptOf(this.#suite, own.share, peer.share, ciphertext).sessionId)
  }
}
