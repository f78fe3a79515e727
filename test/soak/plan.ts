/** What happens in a run, drawn from its seed: the owners' steps, the faults between the peers, the restarts. */

import fc from 'fast-check'
import type { PictureType } from '../../src/protocol/stream.ts'
import type { Side } from './ledger.ts'
import { FAULT_KINDS, type Fault } from './proxy.ts'

export type Step =
  | { do: 'send_keys' | 'show' | 'decrypt_msg'; side: Side; pause: number }
  | { do: 'send_msg'; side: Side; pause: number; length: number; asForm: boolean }
  | { do: 'send_image'; side: Side; pause: number; length: number; type: PictureType }
  | { do: 'mail'; side: Side; pause: number; length: number; how: 'once' | 'twice' | 'by command' }
  | { do: 'look'; side: Side; pause: number; path: string }
  | { do: 'listen'; side: Side; pause: number; ms: number }

export interface Restart {
  /** How long it runs before, and how long it is down, in ms. */
  readonly after: number
  readonly down: number
  readonly how: 'kill' | 'stop'
  /** Which of the sides that may be restarted, and which of its two programs. */
  readonly pick: number
  readonly which: 'peer' | 'watcher'
}

const CHUNK = 64 * 1024

const common = { side: fc.constantFrom<Side>(0, 1), pause: fc.nat(60) }

const textLength = fc.oneof(
  { weight: 8, arbitrary: fc.nat(300) },
  { weight: 1, arbitrary: fc.nat(16_000) },
)

/** Small ones, some about as long as chunks are, and a few long ones. */
const pictureLength = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 32, max: 20_000 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: -80, max: 2 }))
      .map(([chunks, more]) => chunks * CHUNK + more),
  },
  { weight: 1, arbitrary: fc.integer({ min: CHUNK, max: 3 * 2 ** 20 }) },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('send_keys' as const), ...common }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('send_msg' as const),
      ...common,
      length: textLength,
      asForm: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('decrypt_msg' as const), ...common }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('send_image' as const),
      ...common,
      length: pictureLength,
      type: fc.constantFrom<PictureType>('image/png', 'image/jpeg', 'image/webp', 'image/gif'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('show' as const), ...common }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('mail' as const),
      ...common,
      length: fc.oneof(
        { weight: 8, arbitrary: fc.nat(300) },
        { weight: 1, arbitrary: fc.nat(64_000) },
      ),
      how: fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom('once' as const, 'twice' as const) },
        { weight: 1, arbitrary: fc.constant('by command' as const) },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('look' as const),
      ...common,
      path: fc.constantFrom('/', '/frequency', '/transcript', '/image', '/sealed_image'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('listen' as const), ...common, ms: fc.nat(2_000) }),
  },
)

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.oneof(
    { weight: 60, arbitrary: fc.constant('passed' as const) },
    { weight: 38, arbitrary: fc.constantFrom(...FAULT_KINDS.filter((kind) => kind !== 'stalled')) },
    { weight: 1, arbitrary: fc.constant('stalled' as const) },
  ),
  // now and then longer than a peer waits for an answer
  ms: fc.oneof(
    { weight: 40, arbitrary: fc.nat(400) },
    { weight: 1, arbitrary: fc.integer({ min: 4_000, max: 7_000 }) },
  ),
  share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
})

const restart: fc.Arbitrary<Restart> = fc.record({
  after: fc.integer({ min: 500, max: 6_000 }),
  down: fc.oneof(fc.constant(0), fc.nat(1_500)),
  how: fc.constantFrom('kill', 'stop'),
  pick: fc.nat(1),
  which: fc.constantFrom('peer', 'peer', 'watcher'),
})

/** Without an end; the same for the same seed. */
function* drawn<T>(arbitrary: fc.Arbitrary<T>, seed: number): Generator<T, never> {
  for (let batch = 0; ; batch++)
    yield* fc.sample(arbitrary, { seed: seed + batch, numRuns: 1_000, unbiased: true })
}

/** Each one's part of the run with `seed`. */
export function planOf(seed: number) {
  // each has a range of seeds of its own
  const part = (i: number) => seed + i * 1_000_000
  return {
    steps: drawn(step, part(0)),
    faults: [drawn(fault, part(1)), drawn(fault, part(2))] as const,
    restarts: drawn(restart, part(3)),
  }
}
