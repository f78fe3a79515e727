/** How a clause fails, and what that tells. */

import type { Layer } from './computation/choices.ts'

/** Whether the public keys stand in the order of the identities, or in the opposite one. */
export type Order = 'plain' | 'opposite'

/** What a failed clause tells. Texts are the examiner's own, except what `printable` made of the peer's. */
export interface Finding {
  /** What the examiner did, in words or as calls of the peer's steps. */
  readonly did: string
  readonly wanted: string
  readonly got: string
  /** A whole sentence that names the mistake; null where it is not known. */
  readonly cause: string | null
  /** Public values to compare line by line: name and value. */
  readonly values?: readonly (readonly [name: string, value: string])[]
  /** Throw-away secrets of this session (ikm, prk, K, …), which become text on the terminal only. */
  readonly secrets?: readonly (readonly [name: string, value: Uint8Array])[]
}

/** How a clause fails. `error`: no wrong answer, but none: the peer ended, hung or could not be started. */
export type FailureKind = 'wrong' | 'wrong code' | 'too slow' | 'error'

export interface FailureOptions {
  readonly kind?: FailureKind
  /** A value is wrong, and the ledger knows it: the cause comes from all that was observed of this layer in the run. */
  readonly layer?: Layer
  /** What builds on this clause can be judged all the same, since the examiner takes the mistake into account from here on. */
  readonly isFollowed?: boolean
}

/** What a clause's `run` throws. `wrong code` has half the points. */
export class Failure extends Error {
  readonly finding: Finding
  readonly kind: FailureKind
  readonly layer: Layer | null
  readonly isFollowed: boolean

  constructor(finding: Finding, options: FailureOptions = {}) {
    super(finding.got)
    this.finding = finding
    this.kind = options.kind ?? 'wrong'
    this.layer = options.layer ?? null
    this.isFollowed = options.isFollowed ?? false
  }
}
