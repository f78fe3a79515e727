/** What a test waits for, and for how long. */

import { setTimeout as sleep } from 'node:timers/promises'

/** How long, in ms, a test waits for something before it fails. */
const PATIENCE_MS = Number(process.env['PATIENCE_MS'] ?? 60_000)

/** Waits until something holds, and fails if it is late. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: () => string = String,
): Promise<void> {
  const late = AbortSignal.timeout(PATIENCE_MS)
  while (!(await holds())) {
    if (late.aborted) throw new Error(`it never came to hold: ${what()}`)
    await sleep(10)
  }
}
