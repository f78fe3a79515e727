/** What happens in a run, drawn from its seed: the owners' steps, the faults between the peers, the restarts. */

import type { PictureType } from '../../src/protocol/stream.ts'
import type { Side } from './ledger.ts'
import { FAULT_KINDS, type Fault, type FaultKind } from './wire.ts'

export type Step = ReturnType<typeof drawStep>
/** What a run is about: all that peers do, on a wire with every fault, or texts, on a wire that loses them. */
export type Subject = 'all' | 'texts'

const CHUNK = 64 * 1024

/** How often of so many each step comes; with texts alone inboxes are full now and then. */
const STEPS = {
  all: {
    ...{ send_keys: 3, send_msg: 12, decrypt_msg: 5, show: 2 },
    ...{ send_image: 3, mail: 6, look: 2, listen: 1 },
  },
  texts: {
    send_keys: 3,
    send_msg: 150,
    decrypt_msg: 5,
    show: 2,
    send_image: 0,
    mail: 0,
    look: 0,
    listen: 0,
  },
}
const PICTURES: readonly PictureType[] = ['image/png', 'image/jpeg', 'image/webp', 'image/gif']
const PAGES = ['/', '/frequency', '/transcript', '/image', '/sealed_image']

const REQUESTS: readonly FaultKind[] = [
  ...(['dropped request', 'delayed request', 'given up, then late', 'cut request'] as const),
  ...(['reset at once', 'overtaken', 'doubled', 'replayed'] as const),
]
const ANSWERS: readonly FaultKind[] = ['dropped answer', 'delayed answer', 'cut answer']
const FREQUENT = FAULT_KINDS.filter((kind) => kind !== 'stalled')

/** Falls in the same way for the same seed. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** From 0 to less than 1. */
  next(): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** From 0 to less than `most`. */
  below(most: number): number {
    return Math.floor(this.next() * most)
  }

  pick<T>(...of: readonly T[]): T {
    return of[this.below(of.length)] as T
  }

  /** Once in so many times. */
  is(oneOf: number): boolean {
    return this.below(oneOf) === 0
  }

  weighted<T extends string>(weights: Readonly<Partial<Record<T, number>>>): T {
    const entries = Object.entries(weights) as [T, number][]
    return this.pick(...entries.flatMap(([what, weight]) => Array<T>(weight).fill(what)))
  }
}

export function drawStep(dice: Dice, subject: Subject) {
  return {
    do: dice.weighted(STEPS[subject]),
    side: dice.pick<Side>(0, 1),
    /** In ms. */
    pause: dice.below(60),
    // most texts are short
    textLength: dice.below(dice.is(9) ? 16_000 : 300),
    letterLength: dice.below(dice.is(9) ? 64_000 : 300),
    // most pictures are small, some about as long as chunks are, and a few long
    pictureLength: dice.pick(
      ...Array(4).fill(32 + dice.below(20_000)),
      ...Array(2).fill((1 + dice.below(8)) * CHUNK + 2 - dice.below(82)),
      CHUNK + dice.below(3 * 2 ** 20),
    ) as number,
    pictureType: dice.pick(...PICTURES),
    asForm: dice.is(2),
    isEqual: dice.is(3),
    // as long as they have not heard that it arrived, people do this
    turns: Array.from({ length: 1 + dice.below(6) }, () =>
      dice.pick('again', 'again', 'again', 'next', 'other'),
    ),
    isTwice: dice.is(2),
    page: dice.pick(...PAGES),
    listening: dice.below(2_000),
  }
}

/** Of a hundred requests 60 pass and one stalls; where texts are lost, 30 meet a fault, and 30 % of the answers to the others. */
function drawKind(dice: Dice, subject: Subject): FaultKind {
  const percent = dice.below(100)
  if (subject === 'all')
    return percent < 60 ? 'passed' : percent < 99 ? dice.pick(...FREQUENT) : 'stalled'
  return percent < 49 ? 'passed' : dice.pick(...(percent < 79 ? REQUESTS : ANSWERS))
}

export function drawFault(dice: Dice, subject: Subject): Fault {
  return {
    kind: drawKind(dice, subject),
    // now and then longer than a peer waits for an answer; for texts the clocks run 40 times as fast
    ms: dice.is(41) ? 4_000 + dice.below(3_000) : dice.below(subject === 'all' ? 400 : 200),
    share: dice.next(),
  }
}

export function drawRestart(dice: Dice, subject: Subject) {
  return {
    /** How long it runs before, and how long it is down, in ms. */
    after: 500 + dice.below(subject === 'all' ? 5_500 : 11_500),
    down: dice.is(2) ? 0 : dice.below(1_500),
    signal: dice.pick<'SIGKILL' | 'SIGTERM'>('SIGKILL', 'SIGTERM'),
    /** Which of the sides that may be restarted. */
    pick: dice.below(2),
    which: dice.pick<'peer' | 'watcher'>('peer', 'peer', 'watcher'),
  }
}
