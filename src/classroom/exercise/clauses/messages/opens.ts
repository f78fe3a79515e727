/** A text of the student's that has to open, and what is told where it does not. */

import {
  bytesToHex,
  concatBytes,
  equalBytes,
  u64,
  utf8ToBytes,
} from '../../../../protocol/bytes.ts'
import type { Agreement } from '../../agreement.ts'
import { openUnder } from '../../computation/aead.ts'
import { Failure } from '../../failure.ts'
import type { WireMessage } from '../../scene.ts'
import { recordText, tellApart } from './probing.ts'
import { opensTo, type Talk } from './texts.ts'

/** In the ledger's memo once the first message had seq 1. */
export const COUNTS_FROM_1 = 'seq counts from 1'

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
  const countsFrom1 = scene.ledger.memo.has(COUNTS_FROM_1)
  const cause = countsFrom1 ? causeOfCount(session, message, bytes) : null
  if (cause === null)
    recordText(session, scene.ledger, { from: 'student', seq, text: bytes, ciphertext, others })
  if (opensTo(session, message, bytes)) return
  if (cause === null) await tellApart(talk)
  const { computed } = session
  const { nonce, data } = rightPlace(session, seq)
  throw new Failure(
    {
      did: `${did}; your message ${seq} does not open`,
      wanted: 'a ciphertext under the key, nonce and associated data below',
      got: `ciphertext ${bytesToHex(ciphertext.subarray(0, 64))}`,
      cause,
      values: [
        ['text', text],
        ['nonce', bytesToHex(nonce)],
        ['associated data', bytesToHex(data)],
      ],
      secrets: [
        ...computed.secretValues.filter(([name]) => name.startsWith('K("chain')),
        [`key_${seq}`, computed.messageKey('student', seq, others)],
      ],
    },
    cause === null ? { layer: 3 } : {},
  )
}

/** What of a text is one too many in a peer that counts from 1, or null. */
function causeOfCount(
  session: Agreement,
  { seq, ciphertext }: WireMessage,
  text: Uint8Array,
): string | null {
  if (!Number.isSafeInteger(seq) || seq < 1) return null
  const { computed, nextText: others } = session
  const isIt = (opened: Uint8Array | null) => opened !== null && equalBytes(opened, text)
  if (isIt(computed.openMessage('student', seq, ciphertext, others))) return null
  if (isIt(computed.openMessage('student', seq - 1, ciphertext, others)))
    return `It opens as text ${seq - 1}: \`seq\` on the wire is one too many. It counts from 0.`
  const { nonce, data } = rightPlace(session, seq)
  const key = computed.messageKey('student', seq - 1, others)
  return isIt(openUnder('right', key, nonce, ciphertext, data))
    ? `It opens with key_${seq - 1} and the seq ${seq}: the first text has key_0 and \`seq\` 1. Both count from 0.`
    : null
}

/** Nonce and associated data of a text of the student's, as the page has them. */
function rightPlace(
  { computed, id }: Agreement,
  seq: number,
): { nonce: Uint8Array; data: Uint8Array } {
  const number = u64(Number.isSafeInteger(seq) && seq >= 0 ? seq : 0)
  const label = utf8ToBytes('duet/2 message')
  return {
    nonce: concatBytes(new Uint8Array(4), number),
    data: concatBytes(label, id, Uint8Array.of(computed.party), number),
  }
}
