/** Whether a terminal stays a terminal, whatever it is told. */

import assert from 'node:assert/strict'
import type { PeerEvent } from '../../src/peer/contract.ts'
import { createTerminal } from '../../src/terminal/terminal.ts'

/** Fails if `text` is not whole lines, with no character in them that controls a terminal. */
export function assertLines(text: string): void {
  assert.match(text, /^(?:[^\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+\n)+$/u)
}

/** How a row of a peer's begins: with its port, the time and a sign, or below these. */
const ROW = /^(?:5000 \d\d:\d\d:\d\d [→←·●✓✗] | {5})\S/

/** Fails if what the terminal tells of `events` is not that, or has a row that begins otherwise than all of them. */
export function assertPrintable(events: readonly PeerEvent[]): void {
  const write = (bytes: Buffer) => {
    const text = bytes.toString()
    assertLines(text)
    for (const line of text.trimEnd().split('\n')) assert.match(line, ROW)
  }
  const terminal = createTerminal({ output: { write }, showsSecrets: true })
  const report = terminal.reporter(5000)
  for (const event of events) {
    report(event)
    terminal.flush()
  }
}
