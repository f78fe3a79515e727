/** `peer --announce`: tells the network that this peer is there. */

import type { Launched, PeerPlan } from '../launch.ts'
import { ownLabel } from '../nearby/labels.ts'
import { Nearby } from '../nearby/nearby.ts'
import { tell } from '../terminal/output.ts'

/** Announces a lone peer by `name`, or by the name of this machine, until it is closed. */
export function announcing(
  { peers: [peer] }: Launched,
  [plan]: readonly PeerPlan[],
  name: string | undefined,
): Nearby {
  if (peer === undefined || plan === undefined) throw new Error('There is one peer.')
  return new Nearby({
    announced: { label: ownLabel(name), port: peer.port, suite: peer.suite.name },
    host: plan.host,
    looks: false,
    failed: (code) => tell(`nobody can find this peer: there is no multicast here (${code})`),
  })
}
