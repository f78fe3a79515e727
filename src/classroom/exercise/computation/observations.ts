/** What the examiner has seen of a student's peer, and whether some choices explain it. */

import { equalBytes } from '../../../protocol/bytes.ts'
import type { Choices, Layer } from './choices.ts'
import { type Computed, compute } from './computed.ts'
import type { Material, Side } from './material.ts'
import type { Memo } from './schedule.ts'

/** Something that one layer decides, in one agreement. */
export type Observation = { readonly material: Material } & (
  | {
      /** The id in a confirmation of the student's, or one that it knew in a message of the examiner's. */
      readonly kind: 'session id'
      readonly value: Uint8Array
    }
  | {
      /** `from` the student: its tag. `from` the examiner: one that the student's peer took, or did not. */
      readonly kind: 'tag'
      readonly from: Side
      readonly value: Uint8Array
      readonly isTaken: boolean
    }
  | {
      /** A text of the student's, or one of the examiner's and whether the student's peer could open it. */
      readonly kind: 'text'
      readonly from: Side
      readonly seq: number
      readonly others: number
      readonly text: Uint8Array
      readonly ciphertext: Uint8Array
      readonly isTaken: boolean
    }
  | {
      readonly kind: 'picture'
      readonly from: Side
      readonly number: number
      readonly others: number
      readonly picture: Uint8Array
      /** All of it, or of a long one as many chunks as are to be looked at with the end. */
      readonly body: Uint8Array
      readonly isTaken: boolean
    }
  | { readonly kind: 'safety number'; readonly value: string }
)

export const LAYERS: Readonly<Record<Observation['kind'], Layer>> = {
  'session id': 1,
  tag: 2,
  text: 3,
  picture: 4,
  'safety number': 5,
}

/** Whether a peer with `choices` would have done what was seen. `memo`: of this agreement, for all that is tried. */
export function explains(choices: Choices, seen: Observation, memo: Memo): boolean {
  const computed = compute(seen.material, choices, memo)
  switch (seen.kind) {
    case 'session id':
      return equalBytes(computed.sessionId, seen.value)
    case 'tag':
      return equalBytes(computed.tag(seen.from), seen.value) === seen.isTaken
    case 'text': {
      const opened = computed.openMessage(seen.from, seen.seq, seen.ciphertext, seen.others)
      return (opened !== null && equalBytes(opened, seen.text)) === seen.isTaken
    }
    case 'picture':
      return hasPicture(computed, seen) === seen.isTaken
    case 'safety number':
      return computed.safetyNumber === seen.value
  }
}

function hasPicture(computed: Computed, seen: Observation & { kind: 'picture' }): boolean {
  const opened = computed.openPicture(seen.from, seen.number, seen.body, seen.others)
  if (opened === null) return false
  const { plaintext } = opened
  const { length } = seen.picture
  return (
    plaintext.length > length &&
    equalBytes(plaintext.subarray(-length), seen.picture) &&
    isMetadata(computed.metadataIn(plaintext, length))
  )
}

/** A JSON object, and nothing before or behind it: else two ways to put its length before it would both do. */
function isMetadata(bytes: Uint8Array | null): boolean {
  return bytes !== null && bytes[0] === 0x7b && bytes.at(-1) === 0x7d
}
