/** Agreements beyond those of the clauses, where several ways to decide the parties fit all that was seen. */

import type { Choices } from './computation/choices.ts'
import type { IdentityWish } from './computation/keys.ts'
import type { Ledger } from './computation/ledger.ts'
import { Failure } from './failure.ts'

/** Orders in which one way to compare differs from all others. */
const ALONE: readonly (readonly [way: Choices['order'], wish: IdentityWish])[] = [
  [
    'order-public-keys',
    { party: 1, order: 'opposite', littleEndian: 'plain', signed: 'plain', text: 'plain' },
  ],
  ['order-little-endian', { party: 1, order: 'plain', littleEndian: 'opposite' }],
  ['order-signed', { party: 1, order: 'plain', signed: 'opposite' }],
  ['order-text', { party: 1, order: 'plain', text: 'opposite' }],
]

/** Makes up to four agreements, until one way to decide the parties is left. `observe` makes one and tells the ledger. */
export async function tellOrdersApart(
  ledger: Ledger,
  observe: (wish: IdentityWish) => Promise<void>,
): Promise<void> {
  for (const [way, wish] of ALONE) {
    const { kind, candidates } = ledger.explain(1)
    const ways = new Set(candidates.map(({ order }) => order))
    if (kind !== 'several' || ways.size === 1) return
    if (!ways.has(way)) continue
    try {
      await observe(wish)
    } catch (error) {
      // A peer that does not agree is what a clause says.
      if (!(error instanceof Failure)) throw error
    }
  }
}
