/** A text of the student's that has to open, and what is told where it does not. */

import { bytesToHex, concatBytes, u64, utf8ToBytes } from '../../../../protocol/bytes.ts'
import { Failure } from '../../failure.ts'
import type { WireMessage } from '../../scene.ts'
import { recordText, tellApart } from './probing.ts'
import { opensTo, type Talk } from './texts.ts'

/**
 * A text of the student's has to open. What was seen goes to the ledger, right or not.
 * @throws Failure of layer 3
 */
export async function checkOpens(
  talk: Talk,
  message: WireMessage,
  text: string,
  did: string,
): Promise<void> {
  const { session, scene } = talk
  const { seq, ciphertext } = message
  const bytes = utf8ToBytes(text)
  const others = session.nextText
  recordText(session, scene.ledger, { from: 'student', seq, text: bytes, ciphertext, others })
  if (opensTo(session, message, bytes)) return
  await tellApart(talk)
  const { computed } = session
  const party = computed.party
  const number = u64(Number.isSafeInteger(seq) && seq >= 0 ? seq : 0)
  const label = utf8ToBytes('duet/2 message')
  throw new Failure(
    {
      did: `${did}; your message ${seq} does not open`,
      wanted: 'a ciphertext under the key, nonce and associated data below',
      got: `ciphertext ${bytesToHex(ciphertext.subarray(0, 64))}`,
      cause: null,
      values: [
        ['text', text],
        ['nonce', bytesToHex(concatBytes(new Uint8Array(4), number))],
        [
          'associated data',
          bytesToHex(concatBytes(label, session.id, Uint8Array.of(party), number)),
        ],
      ],
      secrets: [
        ...computed.secretValues.filter(([name]) => name.startsWith('K("chain')),
        [`key_${seq}`, computed.messageKey('student', seq, others)],
      ],
    },
    { layer: 3 },
  )
}
