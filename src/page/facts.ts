/** What each side has, as far as it follows from the state of the peer and from what crossed: the stage shows nothing else. */

import type { Event, Way } from '../wirelog/events.ts'
import type { Model, WireRecord } from './model.ts'

/** `gone`: it was there, and was overwritten. */
export type Held = 'none' | 'held' | 'gone'

/** The newest exchange of keys. */
export interface Facts {
  /** This peer's fresh private key. Its public key is on the wire if it is, or was, there. */
  readonly own: Held
  /** Whether the other peer's public key is here. */
  readonly hasTheirs: boolean
  /** What became of this peer's key message at the other peer. */
  readonly arrival: 'none' | 'pending' | 'arrived' | 'refused' | 'unanswered'
  /** The private key behind the other peer's public key: gone once the other one has sealed or taken something, or said so. */
  readonly theirs: Held
  /** `computed`: here, and the other peer has not proved that it has the same. `proved`: it has. */
  readonly secret: 'none' | 'computed' | 'proved'
  /** Whether the other peer has denied the session since. */
  readonly isDenied: boolean
  /** Whose ciphertext of the KEM counts: this peer's if it was sent. */
  readonly ciphertext: Way | null
  /** Whether there is a session of an earlier exchange while these keys are under way. */
  readonly isRenewing: boolean
  /** The number of the next text that the other peer seals. */
  readonly nextReceived: number
}

export function factsOf({ state, events }: Model): Facts {
  const { exchange, session, publicKey, waiting } = state
  const isIdle = exchange === 'idle'
  const isProved = isIdle && session !== null
  const isOffered = exchange === 'offered' || exchange === 'agreed'
  const hasTheirs = exchange === 'invited' || exchange === 'agreed' || isProved
  const id = session?.id ?? null
  const own = isOffered ? 'held' : isIdle && publicKey !== null ? 'gone' : 'none'
  const secret = isProved ? 'proved' : exchange === 'agreed' ? 'computed' : 'none'

  const taken = new Set(
    events.flatMap((event) => (event.type === 'answer' && event.status === 201 ? event.to : [])),
  )
  let arrival: Facts['arrival'] = isProved ? 'arrived' : 'none'
  let hasPromoted = false
  let isDenied = false
  let ciphertext: Way | null = null
  let nextReceived = Math.max(
    session?.received ?? 0,
    ...waiting.flatMap((message) => (message.session === id ? message.seq + 1 : [])),
  )
  const requests = new Map<number, WireRecord>()

  for (const event of events) {
    if (event.type === 'step') continue
    if (event.type === 'request') requests.set(event.n, event)
    const request = event.type === 'answer' ? requests.get(event.to) : undefined
    const isOfKey = keyIn(request ?? event) === publicKey
    if (own !== 'none' && !isProved && isOfKey && event.way === (request ? 'received' : 'sent'))
      if (arrival !== 'arrived') arrival = arrivalAt(event)
    // anybody may name a session beside a ciphertext of her own: that is refused
    const isTaken = event.type === 'answer' || event.way === 'sent' || taken.has(event.n)
    if (isTaken && fieldIn(event, 'confirm.ciphertext') !== null) {
      const isOfOurs = fieldIn(event, 'confirm.session') === id
      const isOfCandidate = secret === 'computed' && event.way === 'sent' && !isOfOurs
      if (isOfCandidate || (isProved && isOfOurs)) ciphertext = event.way
    }
    if (id === null || sessionIn(request ?? event) !== id) continue
    if (event.type === 'answer') {
      if (event.way === 'sent') continue
      if (event.code === 'unknown_session') isDenied = true
      // a confirmation is taken by who has no such session as well, but not answered with the same one
      if (fieldIn(event, 'confirm.session') === id) hasPromoted = true
      continue
    }
    if (!taken.has(event.n)) continue
    const isSealed = event.form !== 'key message'
    // it seals on no session that it has not promoted, and what it takes on one promotes that
    if (isSealed) hasPromoted = true
    if (isSealed || event.way === 'received') isDenied = false
    const seq = fieldIn(event, 'seq')
    if (event.way === 'received' && seq !== null) nextReceived = Math.max(nextReceived, +seq + 1)
  }
  const theirs = !hasTheirs ? 'none' : isProved && hasPromoted ? 'gone' : 'held'
  const isRenewing = !isIdle && session !== null
  return {
    own,
    hasTheirs,
    arrival,
    theirs,
    secret,
    isDenied: isDenied && isProved,
    ciphertext,
    isRenewing,
    nextReceived,
  }
}

function arrivalAt(event: WireRecord): Facts['arrival'] {
  if (event.type === 'request') return 'pending'
  if (event.status === null) return 'unanswered'
  return event.status === 201 ? 'arrived' : 'refused'
}

/** A field of a record as it came, or null. */
function fieldIn(event: Event, name: string): string | null {
  const part = event.type === 'step' ? undefined : event.parts.find(({ field }) => field === name)
  return part === undefined ? null : 'text' in part ? part.text : part.hex
}

/** The public key of a key message, both halves of it, or null. */
function keyIn(event: WireRecord): string | null {
  const key = fieldIn(event, 'publicKey')
  return key === null ? null : key + (fieldIn(event, 'x25519') ?? '')
}

/** The session that a message or a picture was sealed for, or that a key message confirms. */
const sessionIn = (event: WireRecord) =>
  fieldIn(event, 'session') ?? fieldIn(event, 'confirm.session')
