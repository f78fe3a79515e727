/**
 * The transcripts of both sides of one run: what one side sent, the other side received, to the byte. There are honest
 * exceptions: a request or its answer may be lost, whoever has recorded a request may send a copy, anybody may send keys,
 * and either side may have been started, or its transcript taken, later than the other. Each rule here finds only what
 * none of these explains.
 */

import type { Crossing, Facts } from './check.ts'

/** For each of the two, in their order: the record, and what to say with the name of the other's file. */
export interface Fault {
  readonly records: readonly [number | null, number | null]
  readonly texts: readonly [(other: string) => string, (other: string) => string]
}

export interface PairReport {
  readonly faults: readonly Fault[]
  /** How many requests are the same on both sides. */
  readonly same: number
  /** How many key messages are on one side alone, and led to nothing: strangers, or a peer that was started anew, explain that. */
  readonly alone: number
  /** Of the sessions that they end with. `later`: one was taken after the other. `apart`: as the specification calls it. */
  readonly sessions: 'same' | 'none' | 'later' | 'apart'
}

/** What the transcripts of two sides have in common, and where they differ. */
export function comparePair(one: Facts, two: Facts): PairReport {
  const [out, back] = [new OneWay(one, two), new OneWay(two, one)]
  const faults = [...out.faults(), ...back.faults().map(turned)]
  if (!knows(one, two) || !knows(two, one)) {
    const text = (other: string) => `Its identities are not those of ${other}, the other side.`
    faults.push({ records: [null, null], texts: [text, text] })
  }
  let sessions: PairReport['sessions'] = 'later'
  if (one.session === two.session) sessions = one.session === null ? 'none' : 'same'
  else if (one.session !== null && two.session !== null && out.endTogether && back.endTogether)
    sessions = 'apart'
  return {
    faults,
    same: out.same + back.same,
    alone: out.alone + back.alone,
    sessions,
  }
}

/** Whether each has the identity that the other one takes it for, or was told that it has. */
export function areEachOthers(one: Facts, two: Facts): boolean {
  const takes = ({ peerIdentity }: Facts, { identity }: Facts) =>
    peerIdentity === null || peerIdentity === identity
  return takes(one, two) && takes(two, one)
}

/** An identity that was never confirmed may be anybody's. */
function knows({ knowsPeer, peerIdentity }: Facts, { identity }: Facts): boolean {
  return !knowsPeer || peerIdentity === identity
}

function turned({ records, texts }: Fault): Fault {
  return { records: [records[1], records[0]], texts: [texts[1], texts[0]] }
}

/** What `from` sent beside what `to` received. */
class OneWay {
  readonly #from: Facts
  readonly #to: Facts
  readonly #sent: readonly Crossing[]
  readonly #received: readonly Crossing[]
  readonly #sentAt: ReadonlyMap<string, readonly Crossing[]>
  readonly #receivedAt: ReadonlyMap<string, readonly Crossing[]>
  /** Of what was sent, what was received as it is. */
  readonly #met: readonly Crossing[]
  /** What `to` sent back, as `from` received it. Nobody else can have made it, so `to` was running before each. */
  readonly #back: readonly Crossing[]
  /** The last of these that `to` got the answer to: it was still running then. */
  readonly #lastAnswered: number

  constructor(from: Facts, to: Facts) {
    const on = (facts: Facts, way: Crossing['way']) =>
      facts.crossings.filter((each) => each.way === way)
    this.#from = from
    this.#to = to
    this.#sent = on(from, 'sent')
    this.#received = on(to, 'received')
    this.#sentAt = byPlace(this.#sent)
    this.#receivedAt = byPlace(this.#received)
    this.#met = this.#sent.filter((each) => this.#sameAs(each).length > 0)
    const back = on(to, 'sent')
    const sentBack = new Set(back.map(({ hash }) => hash))
    const answered = new Set(back.flatMap(({ accepted, hash }) => (accepted ? [hash] : [])))
    this.#back = on(from, 'received').filter(({ hash }) => sentBack.has(hash))
    // an earlier run of `from` may have answered a key, and this run got a copy of it
    this.#lastAnswered =
      this.#back.findLast(({ hash, sealed }) => sealed !== null && answered.has(hash))?.n ?? 0
  }

  /** How many requests are the same on both sides. */
  get same(): number {
    return new Set(this.#met.map(({ hash }) => hash)).size
  }

  /** How many key messages `from` sent and `to` answered that the transcript of `to` lacks, though it has something later. */
  get alone(): number {
    return this.#sent.filter(
      (each) =>
        each.accepted &&
        each.sealed === null &&
        this.#sameAs(each).length === 0 &&
        this.#goesOn(each),
    ).length
  }

  /** Whether each transcript has the last request in the other, so that neither was taken later. */
  get endTogether(): boolean {
    const [sent, received] = [this.#sent, this.#received].map((those) =>
      those.findLast(({ accepted, mayBeAnybodys }) => accepted && !mayBeAnybodys),
    )
    return (
      (sent === undefined || this.#sameAs(sent).length > 0) &&
      (received === undefined || this.#sentAt.has(received.place))
    )
  }

  faults(): Fault[] {
    const sent = [...this.#sentAt.values()].flatMap((all) =>
      all[0]?.sealed ? this.#faultOfSealed(all) : this.#faultOfKeys(all),
    )
    const received = this.#received.flatMap((each) => this.#faultOfReceived(each))
    return [...sent, ...received, ...this.#faultOfOrder()]
  }

  #sameAs({ place, hash }: Crossing): readonly Crossing[] {
    return (this.#receivedAt.get(place) ?? []).filter((each) => each.hash === hash)
  }

  /** One message or picture, sent once or, as it was sealed, more often. */
  #faultOfSealed(all: readonly Crossing[]): Fault[] {
    const [first] = all
    const [received] = this.#receivedAt.get(first?.place ?? '') ?? []
    const taken = all.find(({ accepted }) => accepted)
    if (first === undefined) return []
    if (received === undefined)
      return taken !== undefined && this.#shouldHave(taken) ? [missing(taken, 'sent')] : []
    if (all.every(({ hash }) => hash !== received.hash)) return [differing(first, received)]
    const answered = all.find(({ answerHash }) => answerHash !== null)
    return answered !== undefined && answered.answerHash !== received.answerHash
      ? [differing(answered, received, 'answer to ')]
      : []
  }

  /** Whether `to`, in this run, took this, and its transcript has to have it still. */
  #shouldHave(taken: Crossing): boolean {
    const { session = '', number = 0 } = taken.sealed ?? {}
    const known = this.#to.known.get(session)
    if (known === undefined || !this.#goesOn(taken)) return false
    return (
      known.agreed >= this.#to.from ||
      this.#received.some(
        ({ n, route, sealed }) =>
          n >= this.#to.from &&
          route === taken.route &&
          sealed?.session === session &&
          sealed.number < number,
      )
    )
  }

  /** Whether `to` was running when `from` got the answer to this: something went between the two after it. */
  #goesOn({ end }: Crossing): boolean {
    // the transcript may have lost the first copy of a message that was sent again, unless this one was taken
    const isFirst = (sent: Crossing) =>
      this.#sentAt.get(sent.place)?.[0] === sent &&
      (this.#from.from === 1 || sent.sealed === null || sent.answerHash !== null)
    return this.#lastAnswered > end || this.#met.some((sent) => sent.n > end && isFirst(sent))
  }

  /** The messages that carried one public key. */
  #faultOfKeys(all: readonly Crossing[]): Fault[] {
    const [other] = this.#receivedAt.get(all[0]?.place ?? '') ?? []
    return all
      .filter((sent) => sent.accepted && !this.#mayLack(sent))
      .flatMap((sent) => {
        const [same, ...copies] = this.#sameAs(sent)
        if (same === undefined && other === undefined && this.#isOwed(sent))
          return [missing(sent, 'sent')]
        if (!this.#tookIt(sent)) return []
        if (same === undefined) return [other ? differing(sent, other) : missing(sent, 'sent')]
        return [same, ...copies].some(({ answerHash }) => answerHash === sent.answerHash)
          ? []
          : [differing(sent, same, 'answer to ')]
      })
  }

  /** Whether `to` may have dropped a key message: of many, or one that came before what it has kept. */
  #mayLack({ n }: Crossing): boolean {
    const { lacksKeys, from } = this.#to
    const isKept = (each: Crossing) => (this.#sameAs(each)[0]?.n ?? 0) >= from
    // this came after whatever was answered before it was sent; without such a record it may have overtaken others
    const after = () =>
      this.#met.some(
        (each) => each.sealed !== null && each.accepted && each.end < n && isKept(each),
      )
    return lacksKeys || (from > 1 && !after())
  }

  /** Whether `to`, in the run that it is in, answered this before its transcript was taken. */
  #tookIt(sent: Crossing): boolean {
    if (!this.#goesOn(sent)) return false
    const answered = this.#from.known.get(sent.answerConfirms ?? '')
    return (
      (answered !== undefined && this.#to.keys.sent.has(answered.peer)) ||
      this.#back.some(({ n }) => n < sent.n) ||
      this.#met.some(({ sealed, n }) => sealed !== null && n < sent.n)
    )
  }

  /** Whether `to` has confirmed a session that this key gives: then it had the key. */
  #isOwed({ place }: Crossing): boolean {
    return [...this.#from.known].some(([id, { own }]) => own === place && this.#to.named.has(id))
  }

  /** What `to` has taken under its session's keys, nobody but `from` can have sent. */
  #faultOfReceived(received: Crossing): Fault[] {
    const { sealed, place, route } = received
    const known = sealed && this.#from.known.get(sealed.session)
    if (!known || known.agreed < this.#from.from || this.#sentAt.has(place)) return []
    const goesOn = this.#sent.some(
      (each) =>
        each.route === route &&
        (this.#from.known.get(each.sealed?.session ?? '')?.begun ?? 0) > known.begun,
    )
    return goesOn ? [turned(missing(received, 'received'))] : []
  }

  /** The first time that `to` has each key is in the order in which `from` sent them, one after another. */
  #faultOfOrder(): Fault[] {
    let last = 0
    for (const sent of this.#met) {
      if (sent.sealed !== null || !sent.accepted) continue
      if (this.#mayLack(sent) || !this.#tookIt(sent)) continue
      const [first] = this.#sameAs(sent)
      if (first === undefined) continue
      if (first.n < last) return [differing(sent, first)]
      last = first.n
    }
    return []
  }
}

function byPlace(crossings: readonly Crossing[]): Map<string, Crossing[]> {
  const places = new Map<string, Crossing[]>()
  for (const each of crossings) {
    const same = places.get(each.place)
    if (same) same.push(each)
    else places.set(each.place, [each])
  }
  return places
}

/** `way`: what happened to it in the first of the two. */
function missing({ n, what }: Crossing, way: 'sent' | 'received'): Fault {
  const undone = way === 'sent' ? 'received' : 'sent'
  return {
    records: [n, null],
    texts: [
      (other) => `It ${way} ${what} here, and ${other}, the other side, has not ${undone} it.`,
      (other) =>
        `${other}, the other side, ${way} ${what} (record ${n} there), and it is not in here.`,
    ],
  }
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
