/** What load.ts makes visible inside an exchange. */

import { equalBytes } from '../../src/protocol/bytes.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Share } from '../../src/protocol/keySchedule.ts'
import type { Confirm } from '../../src/protocol/messages.ts'
import type { OpenText } from '../../src/protocol/openText.ts'
import type { Session } from '../../src/protocol/session.ts'

interface DirectionInside {
  readonly messages: { readonly $chain: Uint8Array; readonly $next: number }
  readonly pictures: { readonly $chain: Uint8Array; readonly $next: number }
}
export interface SessionInside extends Pick<Session, 'id' | 'own' | 'peer' | 'party' | 'confirm'> {
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
  readonly $slot: Confirm | undefined
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

export function isSameShare(a: Share | null, b: Share | null): boolean {
  if (a === null || b === null) return false
  return equalBytes(a.publicKey, b.publicKey) && equalBytes(a.identity, b.identity)
}
