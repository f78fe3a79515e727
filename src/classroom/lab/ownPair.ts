/** Two peers of the lab's own, with a tap before each. */

import { launchAll } from '../../launch.ts'
import type { Peer } from '../../peer/peer.ts'
import type { KeyPair } from '../../protocol/curves.ts'
import type { Suite } from '../../protocol/suites.ts'
import { forgetful } from '../../state/openMemory.ts'
import { openTap, type Tap } from './tap.ts'

/** A peer of the lab's own. */
export interface OwnPeer {
  readonly url: string
  /** On the way to it. */
  readonly tap: Tap
  /** All that its program holds, for a thief. */
  readonly live: Peer
}

/**
 * Runs two ordinary peers on free ports of 127.0.0.1 beside `use`, without terminals. Each has an identity of its own, or one
 * of those that are given.
 */
export async function withOwnPair<T>(
  suite: Suite,
  use: (a: OwnPeer, b: OwnPeer) => Promise<T>,
  identities: readonly KeyPair[] = [],
): Promise<T> {
  const taps = [await openTap(), await openTap()] as const
  try {
    const launched = await launchAll({
      suite,
      // what a sends goes by the tap before b
      plans: [taps[1], taps[0]].map(({ url }) => ({ host: '127.0.0.1', port: 0, via: url })),
      openMemory: (_port, i) => forgetful(suite.curve, identities[i]),
      terminal: { reporter: () => () => {} },
      showsSecrets: true,
    })
    try {
      const peers = taps.map((tap, i) => {
        tap.target = `http://127.0.0.1:${launched.ports[i]}`
        return { url: tap.target, tap, live: launched.peers[i] }
      }) as [OwnPeer, OwnPeer]
      return await use(...peers)
    } finally {
      await launched.close()
    }
  } finally {
    for (const tap of taps) tap.close()
  }
}
