/** The public side of a peer: what `/show` answers and the page shows. */

import { bytesToHex } from '../protocol/bytes.ts'
import type { Exchange } from '../protocol/exchange.ts'
import type { SealedMessage } from '../protocol/messages.ts'
import { safetyNumber } from '../protocol/safetyNumber.ts'
import type { Suite } from '../protocol/suites.ts'
import type { Comparison } from './comparison.ts'
import type { StoredPicture } from './contract.ts'

/** What a peer is, and what it has. */
interface Facts {
  readonly port: number
  readonly peerUrl: string
  readonly suite: Suite
  /** This peer's own. */
  readonly identity: Uint8Array
  readonly exchange: Exchange
  readonly comparison: Pick<Comparison, 'isDone'>
  /** The text that may have arrived, and that nobody acknowledged. */
  readonly inDoubt: SealedMessage | null
  /** The one that came last. */
  readonly picture: StoredPicture | null
}

/** All that a peer knows and anybody may know, bytes in hex; of messages that wait, how long they are. */
export function publicStateOf({
  port,
  peerUrl,
  suite,
  identity,
  exchange,
  comparison,
  inDoubt,
  picture,
}: Facts) {
  const { current, knownIdentity } = exchange
  const { curve } = suite
  const number = knownIdentity && safetyNumber(curve, identity, knownIdentity)
  const basePoint = bytesToHex(curve.basePoint)
  return {
    port,
    curve: suite.name,
    basePoint,
    publicKey: hexOrNull(exchange.publicKey),
    identity: bytesToHex(identity),
    safetyNumber: number,
    peer: {
      url: peerUrl,
      basePoint: exchange.peerPublicKey && basePoint,
      publicKey: hexOrNull(exchange.peerPublicKey),
      identity: hexOrNull(exchange.peerIdentity),
      known: exchange.wasKnown,
      compared: comparison.isDone(number),
    },
    session: current && {
      id: bytesToHex(current.id),
      sent: current.sent,
      received: current.received,
    },
    inDoubt: inDoubt && { session: bytesToHex(inDoubt.session), seq: inDoubt.seq },
    waiting: exchange.waiting.map(({ session, seq, ciphertext }) => ({
      session: bytesToHex(session),
      seq,
      bytes: ciphertext.length,
    })),
    image: picture && { bytes: picture.bytes, type: picture.type },
  }
}

function hexOrNull(bytes: Uint8Array | null): string | null {
  return bytes && bytesToHex(bytes)
}
