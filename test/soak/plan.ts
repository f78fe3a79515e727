/** What happens in a run, drawn from its seed: the owners' steps, the faults between the peers, the restarts. */

import fc from 'fast-check'
import type { Side } from './ledger.ts'
import { FAULT_KINDS } from './proxy.ts'

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never
export type Step = Drawn<typeof step>

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

const step = fc.oneof(
  taking(3, 'send_keys', {}),
  taking(12, 'send_msg', { length: textLength(16_000), asForm: fc.boolean() }),
  taking(5, 'decrypt_msg', {}),
  taking(3, 'send_image', {
    length: pictureLength,
    type: fc.constantFrom('image/png', 'image/jpeg', 'image/webp', 'image/gif'),
  }),
  taking(2, 'show', {}),
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

const fault = fc.record({
  kind: fc.oneof(
    weighted(60, fc.constant('passed' as const)),
    weighted(38, fc.constantFrom(...FAULT_KINDS.filter((kind) => kind !== 'stalled'))),
    weighted(1, fc.constant('stalled' as const)),
  ),
  // now and then longer than a peer waits for an answer
  ms: fc.oneof(weighted(40, fc.nat(400)), weighted(1, fc.integer({ min: 4_000, max: 7_000 }))),
  share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
})

const restart = fc.record({
  // how long it runs before, and how long it is down, in ms
  after: fc.integer({ min: 500, max: 6_000 }),
  down: fc.oneof(fc.constant(0), fc.nat(1_500)),
  how: fc.constantFrom('kill', 'stop'),
  // which of the sides that may be restarted
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
