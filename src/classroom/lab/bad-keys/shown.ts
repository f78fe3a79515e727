/** What a peer's /show answers, as far as the attacks need it. */

import * as v from 'valibot'
import { PeerError } from '../../../peer/contract.ts'
import { bytesToHex, hexToBytes } from '../../../protocol/bytes.ts'
import { transcriptOf } from '../../../protocol/keySchedule.ts'
import { SUITE_NAMES, SUITES } from '../../../protocol/suites.ts'
import { fieldsOf, step } from '../call.ts'
import type { Target } from './attack.ts'

const Hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/))
const Shown = v.object({
  curve: v.picklist(SUITE_NAMES),
  publicKey: v.nullable(Hex),
  identity: Hex,
  peer: v.object({ url: v.string(), publicKey: v.nullable(Hex), identity: v.nullable(Hex) }),
  session: v.nullable(v.object({ id: Hex })),
  waiting: v.array(v.object({ session: Hex, seq: v.number(), ciphertext: Hex })),
})
const Transcript = v.object({
  events: v.array(
    v.object({
      parts: v.optional(
        v.array(v.object({ field: v.optional(v.string()), text: v.optional(v.string()) })),
        [],
      ),
    }),
  ),
})
export interface Shown extends v.InferOutput<typeof Shown> {
  /** Every ciphertext of the KEM in the transcript: /show does not say which of them belongs to the session. */
  readonly ciphertexts: readonly Uint8Array[]
}

/** @throws PeerError */
export async function shown(origin: string): Promise<Shown> {
  const result = v.safeParse(Shown, fieldsOf((await step(origin, '/show')).bytes))
  if (!result.success)
    throw new PeerError('peer_refused', `What answers at ${origin} is not a peer.`)
  const { kem } = SUITES[result.output.curve]
  return { ...result.output, ciphertexts: kem ? await ciphertextsOf(origin) : [] }
}

/** In key messages and in the answers to them, as the transcript has them. */
async function ciphertextsOf(origin: string): Promise<Uint8Array[]> {
  const result = v.safeParse(Transcript, fieldsOf((await step(origin, '/transcript')).bytes))
  const events = result.success ? result.output.events : []
  const texts = events.flatMap(({ parts }) =>
    parts.flatMap(({ field, text = '' }) => (field === 'confirm.ciphertext' ? [text] : [])),
  )
  return [...new Set(texts)].filter((text) => v.is(Hex, text)).map(hexToBytes)
}

/** Whether both have one session, and no newer keys: the id of a session follows from the keys that made it. */
export function isSettled(one: Shown, two: Shown): boolean {
  const id = one.session?.id
  return id !== undefined && id === two.session?.id && [one, two].every(isOfItsKeys)
}

/** Whether the keys of the last exchange give the session that it has. */
function isOfItsKeys({ curve, identity, publicKey, peer, session, ciphertexts }: Shown): boolean {
  if (!publicKey || !peer.publicKey || !peer.identity) return false
  const suite = SUITES[curve]
  const own = { identity: hexToBytes(identity), publicKey: hexToBytes(publicKey) }
  const other = { identity: hexToBytes(peer.identity), publicKey: hexToBytes(peer.publicKey) }
  const idWith = (ciphertext: Uint8Array | null) =>
    bytesToHex(transcriptOf(suite, own, other, ciphertext).sessionId)
  return (suite.kem ? ciphertexts : [null]).some((each) => idWith(each) === session?.id)
}

/** What there is to attack of a peer that is settled and has a message that waits. */
export function targetOf({ curve, identity, publicKey, peer, waiting }: Shown): Target {
  const message = waiting.at(-1)
  if (!publicKey || !peer.publicKey || !peer.identity || !message)
    throw new Error('There is nothing to attack.')
  return {
    suite: SUITES[curve],
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
