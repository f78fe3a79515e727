/** What one agreement has, from which everything else is computed. */

import { p256 } from '@noble/curves/nist.js'
import type { KeyPair } from '../../../protocol/curves.ts'
import type { Share } from '../../../protocol/keySchedule.ts'
import { halvesOf, type Suite } from '../../../protocol/suites.ts'
import type { Ephemeral, ExaminerKeys } from './keys.ts'
import type { Random } from './random.ts'

export type Side = 'student' | 'examiner'

/** A ciphertext of the KEM, and what it carries. */
export interface KemPart {
  /** 1,088 bytes. */
  readonly ciphertext: Uint8Array
  /** 32 bytes. */
  readonly secret: Uint8Array
  readonly madeBy: Side
}

/** One agreement, as the examiner knows it. */
export interface Material {
  readonly suite: Suite
  readonly examiner: ExaminerKeys
  readonly student: Share
  /** Null on a suite without a KEM. */
  readonly kem: KemPart | null
  /** Whose keys went over the wire first. */
  readonly first: Side
}

/** The KEM's part of an agreement for which the examiner makes the ciphertext. Null without a KEM. @throws DuetError `bad_point` */
export function kemOfExaminer(random: Random, suite: Suite, publicKey: Uint8Array): KemPart | null {
  if (suite.kem === null) return null
  const { encapsulationKey } = halvesOf(suite, publicKey)
  const { ciphertext, sharedSecret } = suite.kem.encapsulate(encapsulationKey, random.bytes(32))
  return { ciphertext, secret: sharedSecret, madeBy: 'examiner' }
}

/** The KEM's part of an agreement for which the student's peer made `ciphertext` (1,088 bytes). */
export function kemOfStudent(ephemeral: Ephemeral, ciphertext: Uint8Array): KemPart {
  return { ciphertext, secret: ephemeral.decapsulate(ciphertext), madeBy: 'student' }
}

/** DHs as whole points where the curve has such: 04 ‖ x ‖ y on P-256, 32 bytes on X25519. */
export interface Points {
  /** Of the two fresh keys. */
  readonly ee: Uint8Array
  /** Of the student's identity and the examiner's fresh key. */
  readonly own: Uint8Array
  /** Of the examiner's identity and the student's fresh key. */
  readonly other: Uint8Array
  /** Of the two identities. */
  readonly identities: Uint8Array
}

const known = new WeakMap<Material, Points>()

/** The DHs of an agreement, computed once for each. @throws DuetError `bad_point` */
export function pointsOf(material: Material): Points {
  const { suite, examiner, student } = material
  const { point } = halvesOf(suite, student.publicKey)
  const points = known.get(material) ?? {
    ee: wholePoint(examiner.ephemeral.pair, point),
    own: wholePoint(examiner.ephemeral.pair, student.identity),
    other: wholePoint(examiner.identity, point),
    identities: wholePoint(examiner.identity, student.identity),
  }
  known.set(material, points)
  return points
}

/** Students take more of a point than its x, so all of it is needed on P-256. */
function wholePoint(pair: KeyPair, point: Uint8Array): Uint8Array {
  if (pair.curve.name === 'X25519') return pair.sharedSecret(point)
  pair.curve.checkPoint(point)
  return p256.getSharedSecret(pair.exportPrivateKey(), point, false)
}
