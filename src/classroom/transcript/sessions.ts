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
  /** The number of the event that this peer's share came with first: sessions follow one another as these do. */
  readonly begun: number
  /** That of the later one of the two shares. */
  readonly agreed: number
}

export interface Sessions {
  /** In their order. */
  readonly keys: readonly Keys[]
  /** By id, as hex. */
  readonly known: ReadonlyMap<string, Known>
  /** Those for which a confirmation came from the other side, and the number of the event that it came with first. */
  readonly proven: ReadonlyMap<string, number>
  /** The other side's public keys, as hex, of those: all else that came may be anybody's. */
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

/** Something that is said about keys: at `n`, going `way`. A key message has a share, and an answer has none. */
interface Said {
  readonly n: number
  readonly at: number
  readonly way: Way
  readonly share?: Share
  readonly confirm?: Confirm | undefined
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
  const book = new SessionBook(suite)
  const keys: Keys[] = []
  for (const { n, at, way, share, confirm } of said) {
    if (share !== undefined) {
      keys.push({ n, at, way, share })
      book.take(n, way, share)
    }
    if (confirm !== undefined) book.note(n, way, confirm, share === undefined)
  }
  checkShares(suite, keys, mayLack, findings)
  const proven = new Map<string, number>()
  for (const { n, way, id, fault } of book.read()) {
    if (way === 'received' && !proven.has(id)) proven.set(id, n)
    if (fault !== null) findings.wrongWith('bad_session', fault, n)
    else if (way === 'sent' && !book.known.has(id) && !mayLack)
      findings.wrongWith('bad_session', 'It confirms a session that no keys in here give.', n)
  }
  const provenKeys = new Set([...proven.keys()].flatMap((id) => book.known.get(id)?.peer ?? []))
  const confirms = new Map(
    said.flatMap(({ n, confirm }) => (confirm ? [[n, bytesToHex(confirm.session)]] : [])),
  )
  return { keys, known: book.known, proven, provenKeys, named: book.named, confirms }
}

/** What a key message and its answer say: all that this peer says counts, and of the other side what was taken. */
function saidIn(suite: Suite, record: WireRecord, findings: Findings): Said[] {
  const { request, answer, body, accepted } = record
  const said: Said[] = []
  const { way, n } = request
  const at = Date.parse(request.at)
  try {
    if (way === 'sent' || accepted) {
      const { share, confirm } = parsedKeys(suite, body)
      said.push({ n, at, way, share, confirm })
    }
  } catch (error) {
    findings.wrongWith('bad_keys', wordsOf(error), n)
  }
  if (answer === null || !accepted || answer.form === null) return said
  try {
    const confirm = parseAnswer(suite, jsonOf(record.answerBody))
    said.push({ n: answer.n, at, way: answer.way, confirm })
  } catch (error) {
    findings.wrongWith('bad_keys', wordsOf(error), answer.n)
  }
  return said
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

function wordsOf(error: unknown): string {
  if (error instanceof DuetError) return error.message
  throw error
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

/** What a confirmation says, read once all keys are known. */
interface Reading {
  readonly n: number
  readonly way: Way
  readonly id: string
  readonly fault: string | null
}

interface Numbered {
  readonly n: number
  readonly share: Share
}
type Pair = readonly [own: Numbered, peer: Numbered]

/** Keeps the latest share of each side, as the peer did, and the sessions that two of them give. */
class SessionBook {
  readonly known = new Map<string, Known>()
  readonly #suite: Suite
  #own: Numbered | null = null
  #peer: Numbered | null = null
  #pairs: Pair[] = []
  readonly #confirms: { n: number; way: Way; id: string; confirm: Confirm; isAnswer: boolean }[] =
    []
  /** By session. */
  readonly #ciphertexts = new Map<string, Uint8Array>()
  /** The last confirmation that came before its keys, as one in an answer can. */
  #early: Confirm | null = null

  constructor(suite: Suite) {
    this.#suite = suite
  }

  take(n: number, way: Way, share: Share): void {
    if (way === 'sent') this.#own = { n, share }
    else this.#peer = { n, share }
    if (this.#own === null || this.#peer === null) return
    const pair: Pair = [this.#own, this.#peer]
    this.#pairs = [pair, ...this.#pairs].slice(0, PAIRS_TRIED)
    if (this.#suite.kem === null) this.#know(this.#idOf(pair, null), pair)
    else if (this.#early !== null) this.#learn(this.#early, [pair])
  }

  /**
   * `isAnswer`: it came in an answer. In a key message, which may be anybody's, a peer looks at a confirmation only if it
   * is of its candidate or of what takes the candidate's place, that is, of the last two pairs.
   */
  note(n: number, way: Way, confirm: Confirm, isAnswer: boolean): void {
    const id = bytesToHex(confirm.session)
    const isKnown = this.#learn(confirm, this.#pairs)
    const ciphertext = this.#ciphertexts.get(id) ?? null
    const isSeen =
      way === 'sent' ||
      isAnswer ||
      this.#pairs.slice(0, 2).some((pair) => this.#idOf(pair, ciphertext) === id)
    if (!isSeen) return
    this.#confirms.push({ n, way, id, confirm, isAnswer })
    if (!isKnown) this.#early = confirm
  }

  /** The sessions that this peer has confirmed, as hex. */
  get named(): ReadonlySet<string> {
    return new Set(this.#confirms.flatMap(({ way, id }) => (way === 'sent' ? [id] : [])))
  }

  /** One side has one tag for a session, and one of the two sides the ciphertext. */
  *read(): Generator<Reading> {
    const seen = new Map<string, Confirm>()
    const own = this.named
    for (const { n, way, id, confirm, isAnswer } of this.#confirms) {
      if (way === 'received') {
        // what is wrong in an answer, its receiver alone has seen, and refused
        if (isAnswer) yield { n, way, id, fault: null }
        // a peer confirms every session that it has
        if (isAnswer || !own.has(id)) continue
      }
      const { tag, ciphertext } = confirm
      const before = seen.get(`${way} ${id}`)
      const other = seen.get(`${way === 'sent' ? 'received' : 'sent'} ${id}`)
      const sameTag = [...seen].find(
        ([key, one]) => key !== `${way} ${id}` && equalBytes(one.tag, tag),
      )
      let fault: string | null = null
      if (sameTag !== undefined)
        fault =
          'Its confirmation has the tag of another one, for another session or of the other side.'
      else if (before !== undefined && !equalBytes(before.tag, tag))
        fault = 'Its confirmation has another tag than the one before for the same session.'
      else if (before !== undefined && !sameOrNone(before.ciphertext, ciphertext))
        fault = 'Its confirmation has another ciphertext than the one before for the same session.'
      else if (
        this.#suite.kem !== null &&
        this.known.has(id) &&
        other !== undefined &&
        (other.ciphertext === undefined) === (ciphertext === undefined)
      )
        fault = 'Its ciphertext is not there exactly if its sender made it.'
      seen.set(`${way} ${id}`, before ?? confirm)
      yield { n, way, id, fault }
    }
  }

  /** Whether the session that `confirm` names is known now. */
  #learn({ session, ciphertext }: Confirm, pairs: readonly Pair[]): boolean {
    const id = bytesToHex(session)
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

function sameOrNone(one: Uint8Array | undefined, two: Uint8Array | undefined): boolean {
  return one === undefined || two === undefined ? one === two : equalBytes(one, two)
}
