/** What load.ts makes visible inside an exchange. */

import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Share } from '../../src/protocol/keySchedule.ts'
import type { Confirm } from '../../src/protocol/messages.ts'
import type { OpenText } from '../../src/protocol/openText.ts'

interface ChainInside {
  readonly $chain: Uint8Array
  readonly $next: number
}
export interface DirectionInside {
  readonly messages: ChainInside
  readonly pictures: ChainInside
}
export interface SessionInside {
  readonly id: Uint8Array
  readonly own: Share
  readonly peer: Share
  readonly party: 1 | 2
  readonly confirm: Confirm
  readonly $ecdh: Uint8Array
  readonly $kemSecret: Uint8Array | null
  readonly $peerTag: Uint8Array
  readonly $schedule: { readonly $prk: Uint8Array }
  readonly $sending: DirectionInside | null
  readonly $receiving: DirectionInside
  readonly $erased: boolean
}
export interface ExchangeInside {
  readonly $ephemeral: { readonly publicKey: Uint8Array } | null
  readonly $share: Share | null
  readonly $candidate: SessionInside | null
  readonly $current: SessionInside | null
  readonly $previous: SessionInside | null
  readonly $slot: Confirm | null
  readonly $stale: readonly Share[]
  readonly $knownIdentity: Uint8Array | null
  $openText: OpenText | null
}

/** The sessions that are held. */
export function sessionsOf({ $current, $candidate, $previous }: ExchangeInside): SessionInside[] {
  return [$current, $candidate, $previous].filter((session) => session !== null)
}

export function insideOf(exchange: Exchange): ExchangeInside {
  return exchange as unknown as ExchangeInside
}
