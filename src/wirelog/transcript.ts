/** What leaves the log: the public side of a peer, and all public data of a run. */

import type { Peer } from '../peer/peer.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { HEADER_BYTES, MAGIC_BYTES } from '../protocol/stream.ts'
import type { Events } from './ring.ts'

/** What a transcript says of itself; the fields are in `src/page/README.md`. */
export const TRANSCRIPT = { format: 'ecdh-duet transcript', version: 2 } as const

/** The public side of a peer, as a transcript has it. */
export function stateOf(
  peer: Pick<Peer, 'publicState'>,
  { sealedHead }: { sealedHead: Uint8Array | null },
) {
  const { image, ...state } = peer.publicState()
  // session and number of its stream, if that came in this run: others for each picture
  const sealed = sealedHead && bytesToHex(sealedHead.subarray(MAGIC_BYTES, HEADER_BYTES))
  return { ...state, image: image && { ...image, sealed } }
}

/** What the page has of a peer: its public side, and which keys of an exchange under way are there. */
export function pageStateOf(
  peer: Pick<Peer, 'publicState' | 'exchangeState'>,
  events: { sealedHead: Uint8Array | null },
) {
  return { ...stateOf(peer, events), exchange: peer.exchangeState }
}

/** All public data of this run, as it is handed in. */
export function transcriptOf(peer: Pick<Peer, 'publicState'>, events: Events) {
  const { run, begun, dropped, from, kept } = events
  const state = stateOf(peer, events)
  return { ...TRANSCRIPT, run, begun, state, forms: events.forms(), dropped, from, events: kept }
}
