/** How far the walks go, a short one for `make test` and those of `make explore`, and what they find. */

import type { Bounds } from './world.ts'

export const KINDS = ['classical', 'hybrid'] as const
export type Kind = (typeof KINDS)[number]

/** For every test run, or with SLOW=1: nothing that goes wrong, then one thing. `DEEP` goes farther in each way. */
export const SHORT: Readonly<Record<Kind, readonly (Bounds & { slow?: true })[]>> = {
  classical: [
    { keys: 2, texts: 1, pictures: 0, troubles: 0, underWay: 2 },
    { keys: 2, texts: 0, pictures: 0, troubles: 1, underWay: 2 },
    { keys: 1, texts: 2, pictures: 0, troubles: 1, underWay: 2, slow: true },
    { keys: 2, texts: 1, pictures: 0, troubles: 0, underWay: 3, slow: true },
  ],
  hybrid: [
    { keys: 1, texts: 1, pictures: 0, troubles: 0, underWay: 4 },
    { keys: 1, texts: 1, pictures: 0, troubles: 1, underWay: 2 },
    { keys: 2, texts: 0, pictures: 0, troubles: 1, underWay: 2, slow: true },
  ],
}

/** What `make explore` does if it is not told otherwise. */
export const DEEP: Readonly<Record<Kind, readonly Bounds[]>> = {
  classical: [
    { keys: 3, texts: 1, pictures: 0, troubles: 0, underWay: 4 },
    { keys: 3, texts: 0, pictures: 0, troubles: 1, underWay: 3 },
    { keys: 2, texts: 0, pictures: 1, troubles: 1, underWay: 3 },
    { keys: 2, texts: 0, pictures: 0, troubles: 3, underWay: 3 },
    { keys: 2, texts: 1, pictures: 0, troubles: 2, underWay: 3 },
    { keys: 1, texts: 2, pictures: 0, troubles: 3, underWay: 2 },
  ],
  hybrid: [
    { keys: 3, texts: 1, pictures: 0, troubles: 0, underWay: 4 },
    { keys: 3, texts: 0, pictures: 0, troubles: 1, underWay: 3 },
    { keys: 2, texts: 0, pictures: 1, troubles: 1, underWay: 3 },
    { keys: 2, texts: 1, pictures: 0, troubles: 2, underWay: 3 },
    { keys: 1, texts: 2, pictures: 0, troubles: 2, underWay: 2 },
  ],
}

/** In a sentence. */
export function inWords({ keys, texts, pictures, troubles, underWay }: Bounds): string {
  const each = Object.entries({ keys, texts, pictures }).filter(([, count]) => count > 0)
  const sent = each.map(([what, count]) => `${what} ${count}`).join(', ')
  return `most a side sends: ${sent}; troubles ${troubles}; under way at once ${underWay}`
}

// The ways in which two peers can be apart while nothing is under way. `make explore` ends with 1 if it finds another one.

const NONE = 'no session (its text: no_session)'
const FOREIGN = 'one that the other does not have (its text: unknown_session)'
const LEFT = 'one that the other has left (its text: taken)'
const AHEAD = 'one that the other waits to see confirmed (its text: taken)'
const MEET = '; with a text each way they are together'

/** After one trouble: its short run in explore.test.ts finds exactly these. */
export const WAYS: readonly string[] = [
  `one has ${NONE}, the other ${FOREIGN}`,
  `one has ${NONE}, the other ${AHEAD}${MEET}`,
  `one has ${FOREIGN}, the other ${LEFT}`,
  `one has ${LEFT}, the other ${AHEAD}${MEET}`,
]

/** After more than one, or more keys. Each has a test of its own in exchange.test.ts. */
export const RARE_WAYS: readonly string[] = [
  `one has ${FOREIGN}, the other ${FOREIGN}`,
  `one has ${FOREIGN}, the other ${AHEAD}${MEET}`,
]
