/** How far the walks go: a short one for `make test`, and those of `make explore`. */

import type { Bounds } from './world.ts'

export const KINDS = ['classical', 'hybrid'] as const
export type Kind = (typeof KINDS)[number]

/** For every test run, or with SLOW=1: nothing that goes wrong, then one thing. `DEEP` goes farther in each way. */
export const SHORT: Readonly<Record<Kind, readonly (Bounds & { slow?: true })[]>> = {
  classical: [
    { keys: 2, texts: 1, pictures: 0, troubles: 0, underWay: 2 },
    { keys: 2, texts: 0, pictures: 0, troubles: 1, underWay: 2 },
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
    { keys: 3, texts: 2, pictures: 0, troubles: 0, underWay: 4 },
    { keys: 3, texts: 1, pictures: 0, troubles: 1, underWay: 3 },
    { keys: 2, texts: 1, pictures: 1, troubles: 1, underWay: 3 },
    { keys: 2, texts: 1, pictures: 0, troubles: 3, underWay: 3 },
  ],
  hybrid: [
    { keys: 3, texts: 1, pictures: 0, troubles: 0, underWay: 4 },
    { keys: 3, texts: 0, pictures: 0, troubles: 1, underWay: 3 },
    { keys: 2, texts: 0, pictures: 1, troubles: 1, underWay: 3 },
    { keys: 2, texts: 1, pictures: 0, troubles: 2, underWay: 3 },
  ],
}

/** In a sentence. */
export function inWords({ keys, texts, pictures, troubles, underWay }: Bounds): string {
  const each = Object.entries({ keys, texts, pictures }).filter(([, count]) => count > 0)
  const sent = each.map(([what, count]) => `${what} ${count}`).join(', ')
  return `most a side sends: ${sent}; troubles ${troubles}; under way at once ${underWay}`
}
