/** What a peer's /show tells: all that is public of it. */

import * as v from 'valibot'
import { PeerError } from '../contract.ts'
import { bytesToHex, hexToBytes } from '../protocol/bytes.ts'
import { CURVES } from '../protocol/curves.ts'
import { transcriptOf } from '../protocol/keySchedule.ts'
import type { Target } from './attacks.ts'
import { jsonOf, step } from './call.ts'

const Hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/))
const Shown = v.object({
  curve: v.picklist(['X25519', 'P-256']),
  publicKey: v.nullable(Hex),
  identity: Hex,
  peer: v.object({ url: v.string(), publicKey: v.nullable(Hex), identity: v.nullable(Hex) }),
  session: v.nullable(v.object({ id: Hex })),
  waiting: v.array(v.object({ session: Hex, seq: v.number(), ciphertext: Hex })),
})
export type Shown = v.InferOutput<typeof Shown>

/** @throws PeerError */
export async function shown(origin: string): Promise<Shown> {
  const { body } = await step(origin, '/show')
  const result = v.safeParse(Shown, jsonOf(body))
  if (result.success) return result.output
  throw new PeerError('peer_refused', `What answers at ${origin} is not a peer.`)
}

/** Whether both are on one session and no exchange is under way: a session's id follows from the keys that made it. */
export function isSettled(one: Shown, two: Shown): boolean {
  const id = idOfKeys(one)
  return id !== null && id === idOfKeys(two) && one.session?.id === id && two.session?.id === id
}

/** The id of the session that the keys of the last exchange give, or null. */
function idOfKeys({ curve, identity, publicKey, peer }: Shown): string | null {
  if (!publicKey || !peer.publicKey || !peer.identity) return null
  const { sessionId } = transcriptOf(
    CURVES[curve],
    { identity: hexToBytes(identity), publicKey: hexToBytes(publicKey) },
    { identity: hexToBytes(peer.identity), publicKey: hexToBytes(peer.publicKey) },
  )
  return bytesToHex(sessionId)
}

/** What there is to attack of a peer that is settled and has a message that waits. */
export function targetOf({ curve, identity, publicKey, peer, waiting }: Shown): Target {
  const message = waiting.at(-1)
  if (!publicKey || !peer.publicKey || !peer.identity || !message)
    throw new Error('There is nothing to attack.')
  return {
    curve: CURVES[curve],
    identity: hexToBytes(identity),
    publicKey: hexToBytes(publicKey),
    peer: { identity: hexToBytes(peer.identity), publicKey: hexToBytes(peer.publicKey) },
    message: {
      session: hexToBytes(message.session),
      seq: message.seq,
      ciphertext: hexToBytes(message.ciphertext),
    },
  }
}
