/** What happens in a run, drawn from its seed: the owners' steps, the faults between the peers, the restarts. */

import fc from 'fast-check'
import { FAULT_KINDS, type Fault, type FaultKind } from './proxy.ts'
import type { Side } from './texts.ts'

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never
export type Step = Drawn<(typeof STEPS)['all']>
/** What a run is about: all that peers do, on a wire with every fault, or texts, on a wire that loses them. */
export type Subject = 'all' | 'texts'

const CHUNK = 64 * 1024

const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })
/** Lengths of texts: most of them short, one of nine up to `most`. */
const textLength = (most: number) => fc.oneof(weighted(8, fc.nat(300)), weighted(1, fc.nat(most)))

/** Small ones, some about as long as chunks are, and a few long ones. */
const pictureLength = fc.oneof(
  weighted(4, fc.integer({ min: 32, max: 20_000 })),
  weighted(
    2,
    fc
      .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: -80, max: 2 }))
      .map(([chunks, more]) => chunks * CHUNK + more),
  ),
  weighted(1, fc.integer({ min: CHUNK, max: 3 * 2 ** 20 })),
)

/** A step with what it needs beside a side and a pause in ms. */
const taking = <const Do, More>(
  weight: number,
  what: Do,
  more: { [K in keyof More]: fc.Arbitrary<More[K]> },
) => {
  const common = { do: fc.constant(what), side: fc.constantFrom<Side>(0, 1), pause: fc.nat(60) }
  const both = fc.tuple(fc.record(common), fc.record(more))
  return weighted(
    weight,
    both.map(([one, other]) => ({ ...one, ...other })),
  )
}

const keys = taking(3, 'send_keys', {})
const text = (weight: number) =>
  taking(weight, 'send_msg', {
    length: textLength(16_000),
    asForm: fc.boolean(),
    isEqual: fc.constantFrom(true, false, false),
    // as long as they have not heard that it arrived, people do this
    turns: fc.array(fc.constantFrom('again', 'again', 'again', 'next', 'other'), {
      ...{ minLength: 1, maxLength: 6 },
    }),
  })
const look = taking(2, 'show', {})

const everything = fc.oneof(
  keys,
  text(12),
  taking(5, 'decrypt_msg', {}),
  taking(3, 'send_image', {
    length: pictureLength,
    type: fc.constantFrom('image/png', 'image/jpeg', 'image/webp', 'image/gif'),
  }),
  look,
  taking(6, 'mail', {
    length: textLength(64_000),
    how: fc.oneof(
      weighted(20, fc.constantFrom('once', 'twice')),
      weighted(1, fc.constant('by command')),
    ),
  }),
  taking(2, 'look', {
    path: fc.constantFrom('/', '/frequency', '/transcript', '/image', '/sealed_image'),
  }),
  taking(1, 'listen', { ms: fc.nat(2_000) }),
)

/** Mostly texts, so that inboxes are full now and then. */
const STEPS = {
  all: everything,
  texts: fc.oneof(keys, text(150), taking(5, 'decrypt_msg', {}), look),
}

const passed = fc.constant<FaultKind>('passed')
/** 30 % of the requests meet a fault, and 30 % of the answers to the others. */
const lost = fc.oneof(
  weighted(49, passed),
  weighted(
    30,
    fc.constantFrom<FaultKind>(
      ...(['dropped request', 'delayed request', 'given up, then late', 'cut request'] as const),
      ...(['reset at once', 'overtaken', 'doubled', 'replayed'] as const),
    ),
  ),
  weighted(21, fc.constantFrom<FaultKind>('dropped answer', 'delayed answer', 'cut answer')),
)
const KINDS = {
  all: fc.oneof(
    weighted(60, passed),
    weighted(38, fc.constantFrom(...FAULT_KINDS.filter((kind) => kind !== 'stalled'))),
    weighted(1, fc.constant<FaultKind>('stalled')),
  ),
  texts: lost,
}

/** Times of each are in ms, of `texts` for clocks that run 40 times as fast. */
const DELAYS = { all: 400, texts: 200 }
const BETWEEN_RESTARTS = { all: 6_000, texts: 12_000 }

const fault = (subject: Subject) =>
  fc.record({
    kind: KINDS[subject],
    // now and then longer than a peer waits for an answer
    ms: fc.oneof(
      weighted(40, fc.nat(DELAYS[subject])),
      weighted(1, fc.integer({ min: 4_000, max: 7_000 })),
    ),
    share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })

const restart = (subject: Subject) =>
  fc.record({
    // how long it runs before, and how long it is down, in ms
    after: fc.integer({ min: 500, max: BETWEEN_RESTARTS[subject] }),
    down: fc.oneof(fc.constant(0), fc.nat(1_500)),
    how: fc.constantFrom('kill', 'stop'),
    // which of the sides that may be restarted
    pick: fc.nat(1),
    which: fc.constantFrom('peer', 'peer', 'watcher'),
  })

type Faults = Generator<Fault, never>

/** Without an end; the same for the same seed. */
function* drawn<T>(arbitrary: fc.Arbitrary<T>, seed: number): Generator<T, never> {
  for (let batch = 0; ; batch++)
    yield* fc.sample(arbitrary, { seed: seed + batch, numRuns: 1_000, unbiased: true })
}

/** Each one's part of the run with `seed`. */
export function planOf(seed: number, subject: Subject = 'all') {
  // each has a range of seeds of its own
  const part = (i: number) => seed + i * 1_000_000
  return {
    steps: drawn<Step>(STEPS[subject], part(0)),
    faults: [1, 2].map((i) => drawn(fault(subject), part(i))) as [Faults, Faults],
    restarts: drawn(restart(subject), part(3)),
  }
}
