/** The safety number that a student's peer shows. */

import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { bytesToHex, compareBytes, concatBytes, u16, utf8ToBytes } from '../../../protocol/bytes.ts'
import type { Curve } from '../../../protocol/curves.ts'
import type { Suite } from '../../../protocol/suites.ts'
import { type Choices, RIGHT } from './choices.ts'
import { withLength } from './lengths.ts'

/** Six groups of an identity, with a space between them. `suite`: the id that stands for the curve's in one variant. */
export function safetyHalf(
  curve: Curve,
  identity: Uint8Array,
  choices: Choices = RIGHT,
  suite = curve.id,
): string {
  const { safetyCurve, safetyHash, groups, safetyIdentity, safetyLengths } = choices
  const input = safetyIdentity === 'safety-hex' ? utf8ToBytes(bytesToHex(identity)) : identity
  const hash = (safetyHash === 'right' ? sha512 : sha256)(
    concatBytes(
      utf8ToBytes(safetyIdentity === 'safety-no-label' ? '' : 'duet/2 safety number'),
      safetyCurve === 'safety-no-curve'
        ? new Uint8Array(0)
        : u16(safetyCurve === 'right' ? curve.id : suite),
      withLength(safetyLengths, input),
    ),
  )
  return Array.from({ length: 6 }, (_, i) => {
    const bytes = hash.slice(5 * i, 5 * i + 5)
    if (groups === 'safety-little-endian') bytes.reverse()
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
    return String(value % 100_000).padStart(5, '0')
  }).join(' ')
}

/** Twelve groups, as `/show` of a student's peer gives them: its own identity and the other peer's. */
export function safetyNumberOf(
  { curve, id }: Suite,
  student: Uint8Array,
  examiner: Uint8Array,
  choices: Choices,
): string {
  const halfOf = (identity: Uint8Array) => {
    const half = safetyHalf(curve, identity, choices, id)
    return choices.zeros === 'safety-no-zeros-sorted' ? withoutZeros(half) : half
  }
  const [own, other] = [halfOf(student), halfOf(examiner)]
  const sorted = [own, other].sort()
  const halves = {
    right: sorted,
    'safety-larger-first': sorted.toReversed(),
    'safety-unsorted': [own, other],
    'safety-other-first': [other, own],
    'safety-by-identity': compareBytes(student, examiner) < 0 ? [own, other] : [other, own],
  }
  const number = halves[choices.halves].join(' ')
  return choices.zeros === 'right' ? number : withoutZeros(number)
}

/** Groups as numbers. */
function withoutZeros(groups: string): string {
  return groups.split(' ').map(Number).join(' ')
}
