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

const common = { side: fc.constantFrom<Side>(0, 1), pause: fc.nat(60) }
type Taking<Do> = Step & { do: Do }
type More<Do> = Omit<Taking<Do>, 'do' | keyof typeof common>

/** A step with what it needs beside a side and a pause. */
const taking = <Do extends Step['do']>(
  what: Do,
  more: { [K in keyof More<Do>]: fc.Arbitrary<More<Do>[K]> },
) =>
  fc.record({ do: fc.constant(what), ...common, ...more }) as fc.Arbitrary<unknown> as fc.Arbitrary<
    Taking<Do>
  >

const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(3, taking('send_keys', {})),
  weighted(12, taking('send_msg', { length: textLength(16_000), asForm: fc.boolean() })),
  weighted(5, taking('decrypt_msg', {})),
  weighted(
    3,
    taking('send_image', {
      length: pictureLength,
      type: fc.constantFrom('image/png', 'image/jpeg', 'image/webp', 'image/gif'),
    }),
  ),
  weighted(2, taking('show', {})),
  weighted(
    6,
    taking('mail', {
      length: textLength(64_000),
      how: fc.oneof(
        weighted(20, fc.constantFrom('once', 'twice')),
        weighted(1, fc.constant('by command')),
      ),
    }),
  ),
  weighted(
    2,
    taking('look', {
      path: fc.constantFrom('/', '/frequency', '/transcript', '/image', '/sealed_image'),
    }),
  ),
  weighted(1, taking('listen', { ms: fc.nat(2_000) })),
)

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.oneof(
    weighted(60, fc.constant('passed' as const)),
    weighted(38, fc.constantFrom(...FAULT_KINDS.filter((kind) => kind !== 'stalled'))),
    weighted(1, fc.constant('stalled' as const)),
  ),
  // now and then longer than a peer waits for an answer
  ms: fc.oneof(weighted(40, fc.nat(400)), weighted(1, fc.integer({ min: 4_000, max: 7_000 }))),
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
