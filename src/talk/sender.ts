/** Runs the tasks of an outbox with a peer, one after another, until it is told to end. */

import { setTimeout as sleep } from 'node:timers/promises'
import { PeerError, type PeerEvent, TextError } from '../peer/contract.ts'
import type { Peer } from '../peer/peer.ts'
import { DuetError } from '../protocol/errors.ts'
import type { OpenText } from '../protocol/openText.ts'
import type { MovingWire } from './movingWire.ts'
import type { Outbox, Outcome, Task } from './outbox.ts'

/** Keys go out at most so often, in ms, since anybody who sends keys makes us send ours. */
const KEYS_APART_MS = 1000

/** How long, in ms, the other peer has to answer keys with its own, before ours go again. Half of it is left to chance. */
const KEYS_ANSWERED_MS = 6000

/** Why keys brought no session. */
export type KeysTrouble =
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** The other peer has not sent its keys yet. */
  | { readonly kind: 'waiting' }
  /** Its own code. */
  | { readonly kind: 'refused'; readonly code: string }

export class Sender {
  readonly #peer: Peer
  readonly #wire: MovingWire
  readonly #outbox: Outbox
  readonly #trouble: (trouble: KeysTrouble) => void
  #wake: () => void = () => {}
  /** Whether there may be something to do since the last look. */
  #isWoken = false
  #keysSent = Number.NEGATIVE_INFINITY
  /** The other peer's code, if it refused the last text for now. */
  #refusal: string | null = null
  /** The text that was left in doubt. */
  #open: OpenText | null = null
  #isEnded = false

  /** `trouble` is told each time when keys brought no session. */
  constructor(
    peer: Peer,
    wire: MovingWire,
    outbox: Outbox,
    trouble: (trouble: KeysTrouble) => void,
  ) {
    this.#peer = peer
    this.#wire = wire
    this.#outbox = outbox
    this.#trouble = trouble
  }

  /** To be called with each event of the peer. */
  heard(event: PeerEvent): void {
    if (event.type === 'keys received') {
      // unless this very message completes a session, which is told next, the other side waits for our keys
      this.#outbox.keysNeeded()
      queueMicrotask(() => this.wake())
    } else if (event.type === 'keys confirmed') {
      this.#wire.sessionOf(event.own)
      if (this.#wire.isConfirmed) this.#outbox.keysAgreed()
      this.wake()
    }
  }

  /** Whether so many texts wait unread at the other peer that it takes no more. */
  get isFull(): boolean {
    return this.#refusal === 'inbox_full'
  }

  /** There may be something to do. */
  wake(): void {
    this.#isWoken = true
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.wake()
  }

  async run(): Promise<void> {
    while (!this.#isEnded) {
      this.#isWoken = false
      const task = this.#outbox.next()
      const pause = task === null ? Number.POSITIVE_INFINITY : await this.#do(task)
      if (pause > 0 && !this.#isWoken) await this.#pause(pause)
    }
  }

  /** Returns how long to wait then, in ms. */
  async #do(task: NonNullable<Task>): Promise<number> {
    if (task.do === 'keys') return this.#sendKeys()
    this.#refusal = null
    this.#outbox.learn(
      task.do === 'text' ? await this.#sendText(task.line.text) : await this.#sendAgain(),
    )
    return this.#outbox.pause
  }

  async #sendKeys(): Promise<number> {
    const early = this.#keysSent + KEYS_APART_MS - performance.now()
    if (early > 0) {
      await sleep(early)
      // a session may have come about meanwhile
      if (this.#outbox.next()?.do !== 'keys') return 0
    }
    this.#keysSent = performance.now()
    try {
      const { session } = await this.#peer.sendKeys()
      if (session !== null) return 0
      this.#outbox.keysFailed()
      this.#trouble({ kind: 'waiting' })
      return KEYS_ANSWERED_MS * (0.5 + Math.random() / 2)
    } catch (error) {
      if (!(error instanceof DuetError)) throw error
      this.#outbox.keysFailed()
      this.#trouble(troubleOf(error))
      return this.#outbox.pause
    }
  }

  /** Sends a new text. A text of somebody else's that is in doubt, such as one that curl sent, is settled first. */
  async #sendText(text: Uint8Array): Promise<Outcome> {
    const other = this.#peer.textInDoubt
    if (other !== null) await this.#peer.sendMessage(undefined, other).catch(ifExpected)
    this.#open = null
    try {
      // a copy: it is erased
      await this.#peer.sendMessage(text.slice(), null)
      return 'arrived'
    } catch (error) {
      ifExpected(error)
      this.#noteRefusal(error)
      if (error instanceof TextError && !error.text.sealed) return 'not sent'
      const isInDoubt = error instanceof TextError && error.code === 'in_doubt'
      if (isInDoubt) this.#open = this.#peer.textInDoubt
      return outcomeOf(error, isInDoubt)
    }
  }

  /** Sends the text in doubt again, as the same bytes, unless a step or new keys have settled it meanwhile. */
  async #sendAgain(): Promise<Outcome> {
    const open = this.#open
    if (open === null) return 'unknown'
    try {
      if (open.fate === 'open') await this.#peer.sendMessage(undefined, open)
    } catch (error) {
      ifExpected(error)
      this.#noteRefusal(error)
      if (open.fate === 'open') return 'doubt'
      if (open.fate === 'refused') return outcomeOf(error, false)
    }
    return open.fate === 'arrived' ? 'arrived' : open.fate === 'refused' ? 'not sent' : 'unknown'
  }

  #noteRefusal(error: unknown): void {
    if (error instanceof TextError) this.#refusal = error.peerCode
  }

  #pause(ms: number): Promise<unknown> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    if (ms === Number.POSITIVE_INFINITY) return woken
    const over = new AbortController()
    const slept = sleep(ms, undefined, { signal: over.signal }).catch(() => {})
    return Promise.race([woken, slept]).finally(() => over.abort())
  }
}

/** @throws what is no refusal or failure that a peer knows */
function ifExpected(error: unknown): void {
  if (!(error instanceof DuetError)) throw error
}

function outcomeOf(error: unknown, isInDoubt: boolean): Outcome {
  if (isInDoubt) return 'doubt'
  const code: string = (error as DuetError).code
  if (code === 'maybe_read') return 'unknown'
  if (code === 'no_session' || code === 'rekey_required') return 'no keys'
  if (code === 'bad_text') return 'refused'
  return error instanceof PeerError && error.peerCode === 'unknown_session' ? 'no keys' : 'not sent'
}

function troubleOf(error: DuetError): KeysTrouble {
  const code = error instanceof PeerError ? error.peerCode : error.code
  return code === null ? { kind: 'unreachable', detail: error.message } : { kind: 'refused', code }
}
