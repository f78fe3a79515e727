/** What a peer's /show answers, as far as the attacks need it. */

import * as v from 'valibot'
import { PeerError } from '../../../peer/contract.ts'
import { bytesToHex, hexToBytes } from '../../../protocol/bytes.ts'
import { transcriptOf } from '../../../protocol/keySchedule.ts'
import { encodeKeyMessage } from '../../../protocol/messages.ts'
import { EphemeralKeys, SUITE_NAMES, SUITES, type Suite } from '../../../protocol/suites.ts'
import { call, fieldsOf, outcome, step } from '../call.ts'
import type { Target } from './attack.ts'

const Hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/))
/** What no peer has to show, and another program may show in a form of its own. */
const orNull = <T>(schema: v.GenericSchema<unknown, T>) => v.fallback(v.nullable(schema), null)
const Shown = v.object({
  identity: Hex,
  session: v.nullable(v.object({ id: v.pipe(Hex, v.length(32)) })),
  safetyNumber: v.nullable(v.string()),
  curve: orNull(v.picklist(SUITE_NAMES)),
  publicKey: orNull(Hex),
  peer: orNull(
    v.object({ url: v.string(), publicKey: v.nullable(Hex), identity: v.nullable(Hex) }),
  ),
  waiting: orNull(v.array(v.object({ session: Hex, seq: v.number(), ciphertext: Hex }))),
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
  readonly suite: Suite
  /** Every ciphertext of the KEM in the transcript: /show does not say which of them belongs to the session. */
  readonly ciphertexts: readonly Uint8Array[]
}

/** @throws PeerError */
export async function shown(origin: string): Promise<Shown> {
  const result = v.safeParse(Shown, fieldsOf((await step(origin, '/show')).bytes))
  const fields = result.success ? result.output : null
  const suite = fields && (await suiteOf(origin, fields.curve, fields.identity.length / 2))
  if (fields === null || !suite)
    throw new PeerError('peer_refused', `What answers at ${origin} is not a peer.`)
  return { ...fields, suite, ciphertexts: suite.kem ? await ciphertextsOf(origin) : [] }
}

/** The one that it names, else the one that it takes key messages of; null if there is none for identities of this length. */
async function suiteOf(
  origin: string,
  name: Shown['curve'],
  identityBytes: number,
): Promise<Suite | null> {
  const possible = Object.values(SUITES).filter(
    ({ curve }) => curve.basePoint.length === identityBytes,
  )
  if (name !== null) return possible.includes(SUITES[name]) ? SUITES[name] : null
  const [only = null, ...others] = possible
  if (others.length === 0) return only
  for (const suite of possible) {
    const { publicKey } = new EphemeralKeys(suite)
    const identity = suite.curve.basePoint
    const form = encodeKeyMessage(suite, { share: { identity, publicKey } })
    // refused as `bad_base_point` after the curve was compared, so it changes nothing
    const body = JSON.stringify({ ...form, basePoint: '00'.repeat(identityBytes) })
    if (outcome(await call(origin, '/wire/keys', { body })) !== 'curve_mismatch') return suite
  }
  return null
}

/** In key messages and in the answers to them, as the transcript has them. */
async function ciphertextsOf(origin: string): Promise<Uint8Array[]> {
  const result = v.safeParse(Transcript, fieldsOf((await call(origin, '/transcript')).bytes))
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
function isOfItsKeys({ suite, identity, publicKey, peer, session, ciphertexts }: Shown): boolean {
  if (!publicKey || !peer?.publicKey || !peer.identity) return false
  const own = { identity: hexToBytes(identity), publicKey: hexToBytes(publicKey) }
  const other = { identity: hexToBytes(peer.identity), publicKey: hexToBytes(peer.publicKey) }
  const idWith = (ciphertext: Uint8Array | null) =>
    bytesToHex(transcriptOf(suite, own, other, ciphertext).sessionId)
  return (suite.kem ? ciphertexts : [null]).some((each) => idWith(each) === session?.id)
}

/** What there is to attack of it. */
export function targetOf({ suite, identity, publicKey, peer, session, waiting }: Shown): Target {
  const message = waiting?.at(-1)
  return {
    suite,
    identity: hexToBytes(identity),
    publicKey: publicKey ? hexToBytes(publicKey) : null,
    peer:
      peer?.publicKey && peer.identity
        ? { identity: hexToBytes(peer.identity), publicKey: hexToBytes(peer.publicKey) }
        : null,
    session: session && hexToBytes(session.id),
    message: message
      ? {
          session: hexToBytes(message.session),
          seq: message.seq,
          ciphertext: hexToBytes(message.ciphertext),
        }
      : null,
  }
}
