/** The transcripts of both sides of one run: what one sent, the other one received, to the byte and in that order. */

import { MAX_UNCONFIRMED, type Way, type WireRoute } from '../http/events.ts'
import type { Crossing, Facts } from './check.ts'

/** How many key messages that led to no session a transcript keeps, each with its answer. Older ones may be gone. */
const KEPT_KEYS = MAX_UNCONFIRMED / 2

const ROUTES: readonly WireRoute[] = ['/wire/keys', '/wire/message', '/wire/image']

interface Side {
  readonly facts: Facts
}

/** For each of the two, in their order: the record, and what to say with the name of the other's file. */
export interface Fault {
  readonly records: readonly [number | null, number | null]
  readonly texts: readonly [(other: string) => string, (other: string) => string]
}

export interface Meeting {
  readonly faults: readonly Fault[]
  /** How many requests are the same on both sides. */
  readonly same: number
  /** Of the sessions that they end with. `later`: one was taken after the other, and has another one since. */
  readonly sessions: 'same' | 'none' | 'later'
}

/** What the transcripts of two sides have in common, and where they differ. */
export function meetingOf({ facts: one }: Side, { facts: two }: Side): Meeting {
  const walks = ROUTES.flatMap((route) => [
    crossed(one, two, route),
    turned(crossed(two, one, route)),
  ])
  const faults = walks.flatMap(({ fault }) => fault ?? [])
  if (!areEachOthers(one, two))
    faults.push(both((other) => `Its identities are not those of ${other}, the other side.`))
  const isSame = one.session === two.session
  const ended = one.session !== null && two.session !== null && walks.every(({ atOnce }) => atOnce)
  if (!isSame && ended)
    faults.push(both((other) => `It ends with another session than ${other}, the other side.`))
  return {
    faults,
    same: walks.reduce((sum, { same }) => sum + same, 0),
    sessions: !isSame ? 'later' : one.session === null ? 'none' : 'same',
  }
}

/** Whether each has the identity that the other one takes it for. */
export function areEachOthers(one: Facts, two: Facts): boolean {
  const knows = ({ peerIdentity }: Facts, { identity }: Facts) =>
    peerIdentity === null || peerIdentity === identity
  return knows(one, two) && knows(two, one)
}

function both(text: (other: string) => string): Fault {
  return { records: [null, null], texts: [text, text] }
}

/** What came of walking along both. */
interface Walk {
  readonly fault: Fault | null
  readonly same: number
  /** Whether neither has anything behind the end of the other. */
  readonly atOnce: boolean
}

function turned({ fault, ...walk }: Walk): Walk {
  if (fault === null) return { ...walk, fault }
  const { records, texts } = fault
  return {
    ...walk,
    fault: { records: [records[1], records[0]], texts: [texts[1], texts[0]] },
  }
}

/**
 * What `from` sent on a route beside what `to` received there. Either may begin or end before the other: one was
 * started, cut or taken at another time. In between they are the same and in the same order, since each request
 * waits for the answer to the one before; but one without an answer may have come late or never, a key message
 * once more, from whoever has recorded it, and key messages of others in between. Of many key messages some that came
 * may not be kept.
 */
function crossed(from: Facts, to: Facts, route: WireRoute): Walk {
  const on = (facts: Facts, way: Way) =>
    facts.crossings.filter((each) => each.way === way && each.route === route)
  const sent = on(from, 'sent')
  const received = on(to, 'received')
  const placeOf = (hash: string) => received.findIndex((each) => each.hash === hash)
  const begin = sent.findIndex(({ accepted, hash }) => accepted && placeOf(hash) >= 0)
  let i = begin < 0 ? sent.length : begin
  let j = begin < 0 ? received.length : placeOf(sent[begin]?.hash ?? '')
  const mayLack = route === '/wire/keys' && received.length - j >= KEPT_KEYS
  const hashes = new Set(sent.map(({ hash }) => hash))
  /** What may be received wherever it comes. */
  const loose = new Set(sent.flatMap(({ accepted, hash }) => (accepted ? [] : [hash])))
  const before = [sent.slice(0, i), received.slice(0, j)].map((those) =>
    those.findLast(({ accepted, hash }) => accepted && !loose.has(hash)),
  )
  let same = 0
  while (i < sent.length && j < received.length) {
    const [mine, theirs] = [sent[i], received[j]]
    if (mine === undefined || theirs === undefined) break
    const mayBeGone = route === '/wire/keys' && received.length - j >= KEPT_KEYS
    if (!mine.accepted || (mayBeGone && placeOf(mine.hash) < 0)) i++
    else if (loose.has(theirs.hash)) j++
    // anybody may send keys
    else if (route === '/wire/keys' && !hashes.has(theirs.hash) && placeOf(mine.hash) > j) j++
    else if (mine.hash !== theirs.hash)
      return { fault: differing(mine, theirs), same, atOnce: false }
    else if (mine.answerHash !== theirs.answerHash)
      return { fault: differing(mine, theirs, 'answer to '), same, atOnce: false }
    else {
      loose.add(mine.hash)
      ;[i, j, same] = [i + 1, j + 1, same + 1]
    }
  }
  while (loose.has(received[j]?.hash ?? '')) j++
  const [mine, theirs] = before
  // at most one of the two was there earlier, unless one that came is not kept
  const fault = mine && theirs && !mayLack ? differing(mine, theirs) : null
  return { fault, same, atOnce: i >= sent.length && j >= received.length }
}

function differing(mine: Crossing, theirs: Crossing, part = ''): Fault {
  const sameOne = mine.what === theirs.what
  return {
    records: [mine.n, theirs.n],
    texts: [
      (other) =>
        sameOne
          ? `The ${part}${bare(mine.what)} is another one in ${other}, the other side (record ${theirs.n} there).`
          : `It sent ${mine.what} here, and ${other}, the other side, received ${theirs.what} (record ${theirs.n} there).`,
      (other) =>
        sameOne
          ? `The ${part}${bare(theirs.what)} is another one in ${other}, the other side (record ${mine.n} there).`
          : `It received ${theirs.what} here, and ${other}, the other side, sent ${mine.what} (record ${mine.n} there).`,
    ],
  }
}

function bare(what: string): string {
  return what.replace(/^a /, '')
}
