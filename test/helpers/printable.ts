/** Whether a terminal stays a terminal, whatever it is told. */

import assert from 'node:assert/strict'
import type { PeerEvent } from '../../src/contract.ts'
import { createTerminal } from '../../src/terminal.ts'

/** Fails if a line of the terminal that tells `events` has a character in it that controls one. */
export function assertPrintable(events: readonly PeerEvent[]): void {
  const write = (text: string) =>
    assert.match(text, /^(?:5000 {2}[^\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*\n)+$/u)
  const report = createTerminal({ output: { write }, showsSecrets: true }).reporter(5000)
  for (const event of events) report(event)
}
