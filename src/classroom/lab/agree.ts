/** Two sides of the protocol that agree without a wire. */

import type { Exchange } from '../../protocol/exchange.ts'
import type { KeyMessage } from '../../protocol/messages.ts'

/** /send_keys on `a`, then on `b`. Returns the key message of `b`, as an eavesdropper has it. */
export function exchangeKeys(a: Exchange, b: Exchange): KeyMessage {
  a.receiveAnswer(b.receiveKeys(a.startKeys()).confirm)
  const fromB = b.startKeys()
  b.receiveAnswer(a.receiveKeys(fromB).confirm)
  return fromB
}
