/** An attack: what is sent to a peer that has to refuse it, and what the peer has to answer. */

import type { SealedMessage } from '../../../protocol/messages.ts'
import type { Suite } from '../../../protocol/suites.ts'
import type { CallOptions } from '../call.ts'

/** A request to one of the wire routes. */
export interface WireRequest extends CallOptions {
  readonly path: string
}

export interface Attack {
  /** In words, for the table. */
  readonly sent: string
  /** What it would have won against a careless program. */
  readonly gain: string
  /** What each request has to come back with: a code, or "accepted" for what nobody touched. */
  readonly expected: string
  /** One after another. */
  readonly requests: readonly WireRequest[]
  /** To the peer that the traffic came from, and not to the one that it went to. */
  readonly back?: boolean
}

/** What anyone can know of a peer. Null is what it does not show, or does not have. */
export interface Target {
  readonly suite: Suite
  readonly identity: Uint8Array
  readonly publicKey: Uint8Array | null
  /** Its counterpart's, in the same session. */
  readonly peer: { readonly identity: Uint8Array; readonly publicKey: Uint8Array } | null
  /** The id of its session. */
  readonly session: Uint8Array | null
  /** The last message that it accepted. */
  readonly message: SealedMessage | null
}
