/** One peer of this process, whose other one is somewhere else. */

import type { Memory } from '../../src/contract.ts'
import { launch } from '../../src/launch.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { forgetful } from '../../src/state/memory.ts'
import { type KeptTerminal, keptTerminal } from './terminal.ts'

interface OnePeer {
  /** Where it listens, and where the other one does. */
  readonly ports: readonly [number, number]
  readonly suite?: Suite
  readonly memory?: Memory
}

/** Runs it beside `use`. */
export async function withOnePeer(
  { ports: [port, other], suite = SUITES.X25519, memory = forgetful(suite.curve) }: OnePeer,
  use: (terminal: KeptTerminal) => Promise<void>,
): Promise<void> {
  const kept = keptTerminal()
  const { close } = await launch({
    suite,
    plans: [{ host: '127.0.0.1', port, peerUrl: `http://127.0.0.1:${other}` }],
    openMemory: () => memory,
    terminal: kept.terminal,
    showsSecrets: true,
  })
  try {
    await use(kept)
  } finally {
    await close()
  }
}
