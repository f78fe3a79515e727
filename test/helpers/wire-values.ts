/** Random values of each form on the wire. */

import fc from 'fast-check'
import type { Confirm, KeyMessage, SealedMessage } from '../../src/protocol/messages.ts'
import { publicKeyBytes, type Suite } from '../../src/protocol/suites.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const noNullPrototype = true

/** With a ciphertext and without, on a suite that has one. */
export const confirmsOn = ({ kem }: Suite): fc.Arbitrary<Confirm> =>
  fc.record(
    { session: bytes(16), tag: bytes(32), ...(kem && { ciphertext: bytes(kem.ciphertextBytes) }) },
    { requiredKeys: ['session', 'tag'], noNullPrototype },
  )

/** With a confirmation and without. */
export function keyMessagesOn(suite: Suite): fc.Arbitrary<KeyMessage> {
  const [identity, publicKey] = [bytes(suite.curve.pointBytes), bytes(publicKeyBytes(suite))]
  const share = fc.record({ identity, publicKey }, { noNullPrototype })
  return fc.record(
    { share, confirm: confirmsOn(suite) },
    { requiredKeys: ['share'], noNullPrototype },
  )
}

export const sealedMessages: fc.Arbitrary<SealedMessage> = fc.record(
  {
    session: bytes(16),
    seq: fc.maxSafeNat(),
    ciphertext: fc.uint8Array({ minLength: 16, maxLength: 300 }),
  },
  { noNullPrototype },
)
