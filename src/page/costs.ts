/** What it takes to find a private key of the real curves. */

import type { SuiteName } from '../protocol/suites.ts'

/**
 * rho: log2 of 0.886 times the root of the group's order (safecurves.cr.yp.to/rho.html). years: at the rate of the EPFL's record of
 * 2009, 8.5 × 10^16 additions in 3.5 months; and at 10^9 times that rate, in units of 10^9.
 */
export const COSTS: Readonly<
  Record<
    SuiteName,
    { readonly rho: number; readonly years: readonly [number, string]; readonly faster: number }
  >
> = {
  X25519: { rho: 125.8, years: [2.5, '10²⁰'], faster: 250 },
  'P-256': { rho: 127.8, years: [1, '10²¹'], faster: 1000 },
  // of its X25519 half
  X25519MLKEM768: { rho: 125.8, years: [2.5, '10²⁰'], faster: 250 },
}
